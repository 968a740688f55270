//! Collections in brackets: where they end, and how they are written on one line.

use crate::parse::{Content, Node, Span};

/// The bytes of a collection in brackets, closing bracket included; `None` where it is none.
pub(super) fn span(source: &str, node: &Node) -> Option<Span> {
    let open = source.as_bytes().get(node.span.start)?;
    let inner_end = match (&node.content, open) {
        (Content::List(members), b'[') => members.last().map(|member| end_of(source, member)),
        (Content::Map(entries), b'{') => {
            entries.last().map(|entry| end_of(source, &entry.value).max(entry.key_span.end))
        }
        _ => return None,
    };
    let from = inner_end.unwrap_or(node.span.start + 1);
    let mut in_comment = false;
    for (at, byte) in source.bytes().enumerate().skip(from) {
        match byte {
            b'\n' => in_comment = false,
            b'#' => in_comment = true,
            b']' | b'}' if !in_comment => return Some(node.span.start..at + 1),
            _ => {}
        }
    }
    None
}

fn end_of(source: &str, node: &Node) -> usize {
    span(source, node).map_or(node.span.end, |span| span.end)
}

/// It on one line: a space inside braces, none inside brackets, one after each comma.
pub(super) fn one_line(source: &str, node: &Node) -> String {
    let word = |span: &Span| source.get(span.clone()).unwrap_or_default().to_owned();
    match &node.content {
        Content::List(members) => {
            let members: Vec<String> = members.iter().map(|member| one_line(source, member)).collect();
            format!("[{}]", members.join(", "))
        }
        Content::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Content::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| match &entry.value.content {
                    Content::Empty => format!("{}:", word(&entry.key_span)),
                    _ => format!("{}: {}", word(&entry.key_span), one_line(source, &entry.value)),
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Content::Empty => String::new(),
        _ => word(&node.span),
    }
}
