//! One way of writing a playbook: [`format()`] lays a file out again and changes nothing of what it says.
//!
//! Kept as they are: words, quotes, comments, blocks of text, collections in brackets that go over several lines.
//! Settled: the order of the keys at the top, an indentation of two, one space after a colon and a dash, brackets
//! spaced alike, one blank line between sections and at most one elsewhere, plain line ends.
//!
//! Invariant: what comes out is read again and must be the same tree with the same comments; and laid out once more it
//! must stay as it is. Where a file is so unusual that this fails, it is left alone, and whoever asked is told.

mod flow;
mod gap;
mod layout;
mod writer;

use crate::diagnostic::Diagnostic;
use crate::parse::{Content, Node, parse};

/// What laying a file out comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// The text as all files are laid out; the same as before where it was already.
    Settled(String),
    /// It is so unusual that it stays as it is.
    Unusual,
}

/// Lays a file out as all playbooks are. Other YAML files of a site keep the order of their keys.
///
/// # Errors
/// When it is no YAML, or YAML that can be understood in two ways: such a file is not touched.
pub fn format(name: &str, bytes: &[u8]) -> Result<Layout, Vec<Diagnostic>> {
    let (source, tree) = read(name, bytes)?;
    let formatted = laid_out(&source, &tree);
    let again = match read(name, formatted.as_bytes()) {
        Ok((again, other))
            if is_same(&tree, &other) && comments(&source, &tree) == comments(&again, &other) =>
        {
            laid_out(&again, &other)
        }
        _ => return Ok(Layout::Unusual),
    };
    Ok(if again == formatted { Layout::Settled(formatted) } else { Layout::Unusual })
}

fn read(name: &str, bytes: &[u8]) -> Result<(String, Node), Vec<Diagnostic>> {
    let parsed = parse(name, bytes);
    match parsed.tree {
        Some(tree) if parsed.diagnostics.is_empty() => Ok((parsed.source.to_string(), tree)),
        _ => Err(parsed.diagnostics),
    }
}

fn laid_out(source: &str, tree: &Node) -> String {
    let (chunks, rest) = writer::Writer::new(source).document(tree);
    layout::join(chunks, rest)
}

/// Whether two trees say the same: the order of the keys at the top is free, all else counts.
fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.content, &other.content) {
        (Content::Map(one), Content::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|entry| {
                    let same = other.iter().find(|other| other.key == entry.key);
                    same.is_some_and(|same| is_identical(&entry.value, &same.value))
                })
        }
        _ => is_identical(one, other),
    }
}

fn is_identical(one: &Node, other: &Node) -> bool {
    match (&one.content, &other.content) {
        (Content::List(one), Content::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_identical(one, other))
        }
        (Content::Map(one), Content::Map(other)) => {
            let same = |(one, other): (&crate::parse::Entry, &crate::parse::Entry)| {
                one.key == other.key && is_identical(&one.value, &other.value)
            };
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        (one, other) => one == other,
    }
}

/// The words of all comments, sorted: they may move with what they stand at.
fn comments(source: &str, tree: &Node) -> Vec<String> {
    let mut found = gap::comments_around(source, tree);
    found.sort();
    found
}

#[cfg(test)]
mod tests;
