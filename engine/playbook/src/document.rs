//! [`Document`]: any other YAML file of a site (its configuration, its exclusion list), read with the same care as a
//! playbook: places kept, ambiguity refused, unknown keys named.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::nearest;
use crate::parse::{Content, Node, Span, parse};

/// A YAML file that could be read.
#[derive(Debug, Clone)]
pub struct Document {
    file: String,
    source: Arc<str>,
    tree: Node,
}

/// Why a file could not be used, with its text for showing the lines.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// All that is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// Its text, as far as it is text.
    pub source: Arc<str>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no YAML, or YAML that can be understood in two ways.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Unreadable> {
        let parsed = parse(file, bytes);
        match parsed.tree {
            Some(tree) if !parsed.diagnostics.iter().any(Diagnostic::is_error) => {
                Ok(Self { file: file.to_owned(), source: parsed.source, tree })
            }
            _ => Err(Unreadable { diagnostics: parsed.diagnostics, source: parsed.source }),
        }
    }

    /// Its text.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// It as JSON, without the places.
    pub fn to_json(&self) -> Value {
        self.tree.to_json()
    }

    /// It as a value of a type.
    ///
    /// # Errors
    /// What does not fit, at its place, with the nearest right name.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T, Box<Diagnostic>> {
        self.to_typed_after(|_| ())
    }

    /// The same after a change to what is read, where something may be written in two ways.
    ///
    /// # Errors
    /// As [`Document::to_typed`].
    pub fn to_typed_after<T: DeserializeOwned>(
        &self,
        change: impl FnOnce(&mut Value),
    ) -> Result<T, Box<Diagnostic>> {
        let mut json = self.to_json();
        change(&mut json);
        serde_path_to_error::deserialize(json)
            .map_err(|error| Box::new(self.misfit(&error.path().to_string(), &error.inner().to_string())))
    }

    /// A complaint about what stands at a dotted place: `connectors.lab.folder`.
    pub fn complain(&self, place: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(codes::WRONG_SHAPE, self.place(&self.span_of(place)), message)
    }

    /// What serde says of what stands at a dotted place, with the nearest right name where a name is unknown.
    pub fn misfit(&self, place: &str, message: &str) -> Diagnostic {
        let Some((wrong, known)) = unknown_field(message) else {
            let place_named = if ["", "."].contains(&place) { String::new() } else { format!("{place}: ") };
            return self.complain(place, format!("{place_named}{message}"));
        };
        // The place may end with the unknown key itself, or with the map that it stands in.
        let (inside, key) = self.find(place);
        let span = match key.filter(|_| place.ends_with(wrong)).or_else(|| key_of(inside, wrong)) {
            Some(key) => key,
            None => inside.span.clone(),
        };
        let nearest = nearest::one(wrong, known.iter().copied()).map(str::to_owned);
        let at = self.place(&span);
        Diagnostic::error(codes::UNKNOWN_KEY, at, format!("there is no setting `{wrong}` here"))
            .found(wrong)
            .expected(known.join(", "))
            .nearest(nearest)
    }

    fn place(&self, span: &Span) -> Place {
        Place::of(&self.file, &self.source, span.start, span.end)
    }

    fn span_of(&self, place: &str) -> Span {
        let (node, key) = self.find(place);
        key.unwrap_or_else(|| node.span.clone())
    }

    /// The deepest piece on the way to a place, and where its key stands; members of lists have none.
    fn find(&self, place: &str) -> (&Node, Option<Span>) {
        let mut at = (&self.tree, None);
        let mut rest = place.trim_start_matches('.');
        while !rest.is_empty() && rest != "?" {
            let Some((node, key, tail)) = step(at.0, rest) else { break };
            at = (node, key);
            rest = tail.trim_start_matches('.');
        }
        at
    }
}

/// One step along a place: into a map by the longest key that fits (keys may hold dots), into a list by its number.
fn step<'a, 'p>(node: &'a Node, place: &'p str) -> Option<(&'a Node, Option<Span>, &'p str)> {
    match &node.content {
        Content::Map(entries) => entries
            .iter()
            .filter_map(|entry| {
                let tail = place.strip_prefix(entry.key.as_str())?;
                (tail.is_empty() || tail.starts_with(['.', '['])).then_some((entry, tail))
            })
            .max_by_key(|(entry, _)| entry.key.len())
            .map(|(entry, tail)| (&entry.value, Some(entry.key_span.clone()), tail)),
        Content::List(members) => {
            let (number, tail) = place.strip_prefix('[')?.split_once(']')?;
            Some((members.get(number.parse::<usize>().ok()?)?, None, tail))
        }
        _ => None,
    }
}

fn key_of(node: &Node, key: &str) -> Option<Span> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_span.clone())
}

/// Takes the names out of serde's words for an unknown field.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (wrong, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((wrong, known))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its reading is tested")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its reading is tested")]
        listen: u16,
    }

    fn misfit(text: &str) -> Diagnostic {
        *Document::read("site.yaml", text.as_bytes()).unwrap().to_typed::<Outer>().unwrap_err()
    }

    #[test]
    fn an_unknown_setting_is_named_where_it_stands() {
        let wrong = misfit("inner:\n  - listen: 1\n  - listne: 2\n");
        assert_eq!((wrong.place.line, wrong.place.column), (3, 5));
        assert_eq!(wrong.nearest.as_deref(), Some("listen"));
    }

    #[test]
    fn a_wrong_kind_is_named_where_it_stands() {
        let wrong = misfit("inner:\n  - listen: often\n");
        assert_eq!((wrong.place.line, wrong.place.column), (2, 5));
        assert!(wrong.message.contains("inner[0].listen"), "{}", wrong.message);
    }

    #[test]
    fn ambiguous_words_are_refused() {
        assert!(Document::read("site.yaml", b"inner: no\n").is_err());
    }
}
