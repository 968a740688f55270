//! [`Gap`]: what stands between two words of a file: comments and empty lines.

use crate::parse::{Content, Node, Span};

/// What stands between two words.
#[derive(Debug, Default)]
pub(super) struct Gap<'a> {
    /// A comment on the line of the word before, with the spaces in front of it.
    pub(super) trailing: Option<&'a str>,
    /// What has lines of its own.
    pub(super) own: Vec<Line<'a>>,
    /// The head of a block of text (`>-`), where the word after it is one.
    pub(super) block: Option<&'a str>,
}

/// A line without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// An empty one; several in a row count once.
    Blank,
    /// A comment, and the column at which it stands.
    Comment { column: usize, text: &'a str },
}

impl<'a> Gap<'a> {
    /// Reads what stands in these bytes. At the beginning of a file there is no word before.
    pub(super) fn read(source: &'a str, span: Span) -> Self {
        let at_top = span.start == 0;
        let text = source.get(span).unwrap_or_default();
        let mut gap = Self::default();
        let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let last = lines.len() - 1;
        for (number, line) in lines.into_iter().enumerate() {
            let (marks, comment) = split(line);
            if let Some(head) = block_head(marks) {
                gap.block = Some(head);
            }
            match comment {
                Some(_) if number == 0 && !at_top => {
                    let spaces = marks.len() - marks.trim_end().len();
                    gap.trailing = line.get(marks.len() - spaces..).map(str::trim_end);
                }
                Some(text) => {
                    gap.own.push(Line::Comment { column: marks.chars().count(), text: text.trim_end() });
                }
                // The last piece is the beginning of the line of the word that follows; a dash alone is no empty line.
                None if number != last && (number > 0 || at_top) && marks.trim().is_empty() => gap.blank(),
                None => {}
            }
        }
        gap
    }

    fn blank(&mut self) {
        if self.own.last() != Some(&Line::Blank) {
            self.own.push(Line::Blank);
        }
    }
}

/// The marks of a line between words, and the comment behind them.
fn split(line: &str) -> (&str, Option<&str>) {
    match line.find('#') {
        Some(at) => (&line[..at], Some(&line[at..])),
        None => (line, None),
    }
}

fn block_head(marks: &str) -> Option<&str> {
    let at = marks.find(['|', '>'])?;
    marks[at..].split_whitespace().next()
}

/// The words of every comment of a file.
pub(super) fn comments_around(source: &str, tree: &Node) -> Vec<String> {
    let mut words = Vec::new();
    collect(tree, &mut words);
    words.sort_by_key(|span| span.start);
    words.push(source.len()..source.len());
    let mut found = Vec::new();
    let mut from = 0;
    for span in words {
        let text = source.get(from..span.start).unwrap_or_default();
        found.extend(text.lines().filter_map(|line| split(line).1).map(|text| text.trim_end().to_owned()));
        from = span.end.max(from);
    }
    found
}

fn collect(node: &Node, words: &mut Vec<Span>) {
    match &node.content {
        Content::List(members) => members.iter().for_each(|member| collect(member, words)),
        Content::Map(entries) => {
            for entry in entries {
                words.push(entry.key_span.clone());
                collect(&entry.value, words);
            }
        }
        Content::Empty => {}
        _ => words.push(node.span.clone()),
    }
}
