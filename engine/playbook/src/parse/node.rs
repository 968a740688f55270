//! [`Node`]: a piece of a file, with its place.

use std::ops::Range;

use serde_json::{Map, Value};

/// The bytes that something takes up in its file.
pub(crate) type Span = Range<usize>;

/// A piece of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) content: Content,
    /// Where it stands.
    pub(crate) span: Span,
}

/// What a piece of a file is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Nothing: `key:` and no more.
    Empty,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text, quoted or not.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// One line of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) key: String,
    /// Where the name stands.
    pub(crate) key_span: Span,
    /// Its value.
    pub(crate) value: Node,
}

impl Node {
    /// The word for what it is.
    pub(crate) fn word(&self) -> &'static str {
        match self.content {
            Content::Empty => "nothing",
            Content::Boolean(_) => "true or false",
            Content::Integer(_) => "a whole number",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// Its text, where it is text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value under this name, where it is a map that has it.
    pub(crate) fn member(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Empty => Value::Null,
            Content::Boolean(value) => Value::from(*value),
            Content::Integer(number) => Value::from(*number),
            Content::Number(number) => Value::from(*number),
            Content::Text(text) => Value::from(text.as_str()),
            Content::List(members) => members.iter().map(Node::to_json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// Widens the places of lists and maps, of which the reader gives only the beginning, to all that is in them.
    pub(crate) fn with_whole_spans(mut self) -> Self {
        let end = match &mut self.content {
            Content::List(members) => {
                for member in members.iter_mut() {
                    *member = std::mem::replace(member, Self::placeholder()).with_whole_spans();
                }
                members.last().map(|member| member.span.end)
            }
            Content::Map(entries) => {
                for entry in entries.iter_mut() {
                    entry.value = std::mem::replace(&mut entry.value, Self::placeholder()).with_whole_spans();
                }
                entries.last().map(|entry| entry.value.span.end.max(entry.key_span.end))
            }
            _ => None,
        };
        self.span.end = self.span.end.max(end.unwrap_or(0));
        self
    }

    fn placeholder() -> Self {
        Self { content: Content::Empty, span: 0..0 }
    }
}
