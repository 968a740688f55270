//! Texts, names, words, numbers and spans of time.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Check;
use crate::parse::{Content, Node};
use crate::{codes, duration, nearest};

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameForm {
    /// `contain-stolen-ticket`.
    Playbook,
    /// `cut_off`.
    Step,
}

impl Check<'_> {
    /// A text with something in it.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.content {
            Content::Text(text) if text.trim().is_empty() => self.empty(node, &format!("{what} is empty")),
            Content::Text(text) => Some(text.clone()),
            Content::Boolean(_) | Content::Integer(_) | Content::Number(_) => {
                let words = self.words(&node.span).to_owned();
                let message = format!("{what} is text, and this is {}", node.word());
                self.say(codes::NEEDS_QUOTES, &node.span, message, |d| {
                    d.help(format!("put it in quotes: \"{words}\""))
                });
                None
            }
            Content::Empty => self.empty(node, &format!("{what} is empty")),
            Content::List(_) | Content::Map(_) => self.misshapen(node, &format!("{what} is text"), "text"),
        }
    }

    /// A text for people, in which nothing is filled in.
    pub(super) fn text_for_people(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        if text.contains("{{") {
            let message = format!("{what} is shown as it stands: a template does nothing here");
            self.say(codes::BAD_TEMPLATE, &node.span, message, |d| {
                d.help("templates belong into the parameters under `with`")
            });
            return None;
        }
        Some(text)
    }

    /// A name in its form.
    pub(super) fn name(&mut self, node: &Node, what: &str, form: NameForm) -> Option<String> {
        let name = self.text(node, what)?;
        let joint = match form {
            NameForm::Playbook => '-',
            NameForm::Step => '_',
        };
        let good = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint);
        if good {
            return Some(name);
        }
        let mended = mended(&name, joint);
        self.say(codes::BAD_NAME, &node.span, format!("`{name}` is not written as {what} is"), |d| {
            d.expected(format!("small letters, digits and `{joint}`, beginning with a letter"))
                .nearest(mended)
        });
        None
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let word = self.text(node, what)?;
        if let Some((_, value)) = words.iter().find(|(known, _)| *known == word) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        self.unknown_word(node, what, &word, &known);
        None
    }

    /// Reports a word that is none of those known.
    pub(super) fn unknown_word(&mut self, node: &Node, what: &str, word: &str, known: &[&str]) {
        let nearest = nearest::one(word, known.iter().copied()).map(str::to_owned);
        self.say(codes::UNKNOWN_WORD, &node.span, format!("`{word}` is no word for {what}"), |d| {
            d.found(word).expected(format!("one of {}", known.join(", "))).nearest(nearest)
        });
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, node: &Node, what: &str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let Content::Integer(number) = node.content else {
            return self.misshapen(
                node,
                &format!("{what} is a whole number"),
                "a whole number, without quotes",
            );
        };
        if bounds.contains(&number) {
            return Some(number);
        }
        let expected = format!("{} to {}", bounds.start(), bounds.end());
        self.say(codes::OUT_OF_BOUNDS, &node.span, format!("{what} cannot be {number}"), |d| {
            d.expected(expected)
        });
        None
    }

    /// True or false.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.content {
            Content::Boolean(value) => Some(value),
            _ => self.misshapen(node, &format!("{what} is true or false"), "true or false, without quotes"),
        }
    }

    /// A span of time.
    pub(super) fn span(
        &mut self,
        node: &Node,
        what: &str,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let expected = "a whole number and a unit: 250ms, 90s, 15m, 8h, 7d";
        let text = match &node.content {
            Content::Text(text) => text.as_str(),
            Content::Integer(number) => {
                let message = format!("{what} has no unit");
                self.say(codes::DURATION, &node.span, message, |d| {
                    d.expected(expected).help(format!("write {number}s or {number}m"))
                });
                return None;
            }
            _ => return self.misshapen(node, &format!("{what} is a span of time"), expected),
        };
        let span = match duration::read(text) {
            Ok(span) => span,
            Err(wrong) => {
                self.say(codes::DURATION, &node.span, format!("{what} {wrong}"), |d| {
                    d.found(text).expected(expected)
                });
                return None;
            }
        };
        if bounds.contains(&span) {
            return Some(span);
        }
        let expected = format!("{} to {}", duration::write(*bounds.start()), duration::write(*bounds.end()));
        self.say(codes::OUT_OF_BOUNDS, &node.span, format!("{what} cannot be {text}"), |d| {
            d.expected(expected)
        });
        None
    }
}

/// The name as it would be written.
fn mended(name: &str, joint: char) -> Option<String> {
    let joined: String = name
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { joint })
        .collect();
    let trimmed = joined.trim_matches(joint);
    let trimmed = trimmed.trim_start_matches(|c: char| c.is_ascii_digit() || c == joint);
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
