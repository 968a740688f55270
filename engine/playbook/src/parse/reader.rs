//! The first reader: serde-saphyr, which knows where everything stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Spanned};

use super::{Content, Entry, Node, Span, broken};
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};

/// Reads a text; what cannot be read is said in the diagnostic. A key that stands twice still gives a tree, with the
/// first of them, so that the other mistakes are found as well.
pub(super) fn read(file: &str, source: &str) -> (Option<Node>, Option<Diagnostic>) {
    match attempt(source, DuplicateKeyPolicy::Error) {
        Ok(raw) => shaped(file, source, raw),
        Err(error) => {
            let duplicate = matches!(error, serde_saphyr::Error::DuplicateMappingKey { .. });
            let tree = duplicate
                .then(|| attempt(source, DuplicateKeyPolicy::FirstWins).ok())
                .flatten()
                .and_then(|raw| shaped(file, source, raw).0);
            let diagnostic = broken::explain(file, source, &error, tree.as_ref());
            (tree, Some(diagnostic))
        }
    }
}

fn attempt(source: &str, duplicates: DuplicateKeyPolicy) -> Result<Spanned<Raw>, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        merge_keys: MergeKeyPolicy::Error,
        duplicate_keys: duplicates,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_anchors: 0, max_aliases: 0, max_nodes: 20_000, max_depth: 32 },
    };
    serde_saphyr::from_str_with_options(source, options)
}

fn shaped(file: &str, source: &str, raw: Spanned<Raw>) -> (Option<Node>, Option<Diagnostic>) {
    match shape(raw, source) {
        Ok(node) => (Some(node.with_whole_spans()), None),
        Err(wrong) => {
            let mut diagnostic = Diagnostic::error(
                wrong.code,
                Place::of(file, source, wrong.span.start, wrong.span.end),
                wrong.message,
            );
            diagnostic.help = Some(wrong.help.to_owned());
            (None, Some(diagnostic))
        }
    }
}

/// What YAML allows and playbooks do not.
struct Wrong {
    code: codes::Code,
    span: Span,
    message: &'static str,
    help: &'static str,
}

fn shape(raw: Spanned<Raw>, source: &str) -> Result<Node, Wrong> {
    let span = bytes_of(&raw.referenced, source);
    let content = match raw.value {
        Raw::Nothing => Content::Empty,
        Raw::Boolean(value) => Content::Boolean(value),
        Raw::Integer(number) => Content::Integer(number),
        Raw::Number(number) => Content::Number(number),
        Raw::Text(text) => Content::Text(text),
        Raw::List(members) => {
            Content::List(members.into_iter().map(|member| shape(member, source)).collect::<Result<_, _>>()?)
        }
        Raw::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let key_span = bytes_of(&key.referenced, source);
                Ok(Entry { key: key_text(key, source)?, key_span, value: shape(value, source)? })
            });
            Content::Map(entries.collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { content, span })
}

/// Keys are text. A map as a key is what `{{ name }}` without quotes turns into.
fn key_text(key: Spanned<Raw>, source: &str) -> Result<String, Wrong> {
    let span = bytes_of(&key.referenced, source);
    match key.value {
        Raw::Text(text) => Ok(text),
        Raw::Map(_) => Err(Wrong {
            code: codes::UNQUOTED_TEMPLATE,
            span: span.start.saturating_sub(1)..span.end.max(span.start + 1),
            message: "a text with {{ }} in it needs quotes",
            help: "put the whole text in quotes: \"{{ alert.title }}\"",
        }),
        Raw::List(_) => Err(Wrong {
            code: codes::BROKEN,
            span,
            message: "a list cannot be a key",
            help: "put it in quotes",
        }),
        // The check of plain words says more about these.
        _ => Ok(source.get(span).unwrap_or_default().to_owned()),
    }
}

fn bytes_of(location: &Location, source: &str) -> Span {
    let span = location.span();
    let read = |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok());
    let start = read(span.byte_offset()).unwrap_or(0).min(source.len());
    let end = start.saturating_add(read(span.byte_len()).unwrap_or(0)).min(source.len());
    // The place of a block of text ends with the line break before the next key: people mean the text.
    let length = source.get(start..end).map_or(0, |text| text.trim_end().len());
    start..start + length
}

enum Raw {
    Nothing,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Boolean(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(i64::try_from(number).map_or(Raw::Number(number as f64), Raw::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_element()? {
            members.push(member);
        }
        Ok(Raw::List(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Raw::Map(entries))
    }
}
