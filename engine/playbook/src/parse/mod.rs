//! Bytes to a tree with places.
//!
//! Two readers read the same bytes. serde-saphyr gives the tree and its places; serde_yaml reads a second time, and a
//! file that the two understand differently is refused, as is every word that other readers of YAML take for
//! something else (`no`, `0123`, `1_000`): ambiguous YAML never reaches a playbook. What is no YAML at all gets our own
//! words, because that is the mistake that authors make first.

mod broken;
mod bytes;
mod node;
mod plain;
mod reader;
mod second;

use std::sync::Arc;

use crate::codes;
use crate::diagnostic::Diagnostic;

pub use bytes::is_forbidden;
pub(crate) use node::{Content, Entry, Node, Span};

/// What reading a file led to.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    /// Its text, as far as it is text.
    pub(crate) source: Arc<str>,
    /// The tree, as far as there is one.
    pub(crate) tree: Option<Node>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads a file.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Parsed {
    let source = match bytes::check(file, bytes) {
        Ok(text) => text,
        Err((text, refused)) => {
            return Parsed { source: text.into(), tree: None, diagnostics: vec![*refused] };
        }
    };
    let mut diagnostics = bytes::check_characters(file, source);
    let (tree, complaint) = reader::read(file, source);
    let broken = complaint.is_some();
    // A character that cannot be seen is what is wrong, whatever the reader makes of it.
    diagnostics.extend(complaint.filter(|_| diagnostics.is_empty()));
    if let Some(tree) = &tree {
        diagnostics.extend(plain::check(file, source, tree));
        if !broken && diagnostics.is_empty() {
            diagnostics.extend(second::compare(file, source, tree));
        }
        if tree.content == Content::Empty && !broken {
            let message = "the file is empty";
            diagnostics.push(
                Diagnostic::error(codes::EMPTY_FILE, crate::diagnostic::Place::top(file), message)
                    .help("a playbook starts with `language: 1`"),
            );
        }
    }
    let tree = tree.filter(|tree| tree.content != Content::Empty);
    Parsed { source: source.into(), tree, diagnostics }
}

#[cfg(test)]
mod tests;
