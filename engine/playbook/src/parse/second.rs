//! The second reader: serde_yaml. Where it understands something else, the file is refused.

use serde_yaml::Value;

use super::{Content, Node, Span};
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};

/// Reads the text again and compares.
pub(super) fn compare(file: &str, source: &str, tree: &Node) -> Option<Diagnostic> {
    let at = |span: Span, message: &str| {
        let place = Place::of(file, source, span.start, span.end);
        Diagnostic::error(codes::READERS_DIFFER, place, message).help("put the value in quotes")
    };
    match serde_yaml::from_str::<Value>(source) {
        Ok(second) => {
            difference(tree, &second).map(|span| at(span, "two readers of YAML understand this differently"))
        }
        Err(error) => {
            let start = error.location().map_or(0, |location| location.index());
            Some(at(start..start, "one of two readers of YAML cannot read this"))
        }
    }
}

/// The first place where the two trees differ.
fn difference(first: &Node, second: &Value) -> Option<Span> {
    let same = match (&first.content, second) {
        (Content::Empty, Value::Null) => true,
        (Content::Boolean(first), Value::Bool(second)) => first == second,
        (Content::Integer(first), Value::Number(second)) => second.as_i64() == Some(*first),
        (Content::Number(first), Value::Number(second)) => second.as_f64() == Some(*first),
        (Content::Text(first), Value::String(second)) => first == second,
        (Content::List(first), Value::Sequence(second)) if first.len() == second.len() => {
            return first.iter().zip(second).find_map(|(first, second)| difference(first, second));
        }
        (Content::Map(first), Value::Mapping(second)) if first.len() == second.len() => {
            return first.iter().zip(second).find_map(|(first, (key, value))| {
                if key.as_str() != Some(first.key.as_str()) {
                    return Some(first.key_span.clone());
                }
                difference(&first.value, value)
            });
        }
        _ => false,
    };
    (!same).then(|| first.span.clone())
}
