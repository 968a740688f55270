//! [`Writer`]: a tree to lines, word by word, with the comments between them.

use super::flow;
use super::gap::{Gap, Line};
use super::layout::Chunk;
use crate::parse::{Content, Entry, Node, Span};

/// How far each level is indented.
const STEP: usize = 2;

/// Writes a tree again.
pub(super) struct Writer<'a> {
    source: &'a str,
    /// Where the word before ends.
    at: usize,
    lines: Vec<String>,
    chunks: Vec<Chunk>,
    /// The beginning of a line of a list that is not written yet: `  - `.
    dashes: Option<String>,
    /// For each collection that is open: the column at which it stood, and the indentation that it has now.
    levels: Vec<(usize, usize)>,
    /// The same, as it was at the last word.
    levels_before: Vec<(usize, usize)>,
    /// Whether the next word is the first in its collection.
    first: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source,
            at: 0,
            lines: Vec::new(),
            chunks: Vec::new(),
            dashes: None,
            levels: Vec::new(),
            levels_before: Vec::new(),
            first: true,
        }
    }

    /// The pieces at the top of a document, and the lines behind them all.
    pub(super) fn document(mut self, tree: &Node) -> (Vec<Chunk>, Vec<String>) {
        self.node(tree, 0, true);
        let end = Gap::read(self.source, self.at..self.source.len());
        self.trail(end.trailing);
        let (before, after) = self.shared(&end.own, 0);
        self.lines.extend(before);
        self.close_chunk();
        (self.chunks, after)
    }

    /// A collection or a word that begins a line of its own.
    fn node(&mut self, node: &Node, indent: usize, at_top: bool) {
        match (&node.content, flow::span(self.source, node)) {
            (Content::Map(entries), None) => self.map(entries, indent, at_top),
            (Content::List(members), None) => self.list(members, indent),
            (Content::Empty, _) => {
                let line = self.begin(indent);
                self.lines.push(line.trim_end().to_owned());
            }
            _ => {
                let gap = self.gap(&self.word(node));
                self.lead(&gap, indent, &self.word(node));
                let line = self.begin(indent);
                self.lines.push(line.trim_end().to_owned());
                self.value(node, indent, &gap);
            }
        }
    }

    fn map(&mut self, entries: &[Entry], indent: usize, at_top: bool) {
        let Some(first) = entries.first() else { return };
        self.levels.push((self.column(first.key_span.start), indent));
        for entry in entries {
            let gap = self.gap(&entry.key_span);
            if at_top {
                self.top_key(entry, &gap);
            } else {
                self.lead(&gap, indent, &entry.key_span);
            }
            self.entry(entry, indent);
        }
        self.levels.pop();
    }

    /// The comments above a key at the top go wherever it goes.
    fn top_key(&mut self, entry: &Entry, gap: &Gap<'_>) {
        self.trail(gap.trailing);
        let (before, mut leading) = match self.first {
            true => (Vec::new(), self.written(&gap.own, 0)),
            false => self.shared(&gap.own, self.column(entry.key_span.start)),
        };
        self.lines.extend(before);
        self.close_chunk();
        if let (true, Some(blank)) = (self.chunks.is_empty(), leading.iter().rposition(String::is_empty)) {
            // What stands above the first key with an empty line between is about the file.
            let head = leading.drain(..=blank).collect();
            self.chunks.push(Chunk { key: None, is_block: false, lines: head });
        }
        let is_block = matches!(entry.value.content, Content::Map(_) | Content::List(_));
        self.chunks.push(Chunk { key: Some(entry.key.clone()), is_block, lines: leading });
        self.first = false;
    }

    fn entry(&mut self, entry: &Entry, indent: usize) {
        let key = self.source.get(entry.key_span.clone()).unwrap_or_default();
        let is_block = matches!(entry.value.content, Content::Map(_) | Content::List(_))
            && flow::span(self.source, &entry.value).is_none();
        let line = self.begin(indent);
        if is_block {
            self.pass(&entry.key_span);
            self.lines.push(format!("{line}{key}:"));
            self.first = true;
            self.node(&entry.value, indent + STEP, false);
            return;
        }
        self.pass(&entry.key_span);
        let gap = match entry.value.content {
            Content::Empty => Gap::default(),
            _ => self.gap(&self.word(&entry.value)),
        };
        // Comments between a key and its word go above both: there is no place for them on one line.
        if gap.block.is_none() {
            let above = [gap.trailing.map(str::trim_start)].into_iter().flatten();
            let own = gap.own.iter().filter_map(|line| match line {
                Line::Comment { text, .. } => Some(*text),
                Line::Blank => None,
            });
            let margin = " ".repeat(line.len() - line.trim_start().len());
            self.lines.extend(above.chain(own).map(|text| format!("{margin}{text}")));
        }
        self.lines.push(format!("{line}{key}:"));
        self.value(&entry.value, indent, &gap);
    }

    fn list(&mut self, members: &[Node], indent: usize) {
        let Some(first) = members.first() else { return };
        self.levels.push((self.dash_column(first), indent));
        for member in members {
            let line = self.begin(indent);
            self.dashes = Some(format!("{line}- "));
            self.node(member, indent + STEP, false);
            self.first = false;
        }
        self.levels.pop();
    }

    /// A word behind what the last line holds.
    fn value(&mut self, node: &Node, indent: usize, gap: &Gap<'_>) {
        let span = self.word(node);
        if node.content == Content::Empty {
            return;
        }
        if let Some(head) = gap.block {
            self.append(head);
            self.trail(gap.trailing);
            self.block(&span, indent + STEP);
        } else if flow::span(self.source, node).is_some() && !self.text(&span).contains('\n') {
            self.append(&flow::one_line(self.source, node));
        } else {
            self.several(node, &span, indent + STEP);
        }
        self.pass(&span);
    }

    /// The lines of a block of text, moved as one.
    fn block(&mut self, span: &Span, indent: usize) {
        let old = self.column(span.start);
        for (number, line) in self.text(span).split('\n').enumerate() {
            let line = line.trim_end_matches('\r');
            let kept = line.len() - line.trim_start_matches(' ').len();
            let deeper = if number == 0 { 0 } else { kept.saturating_sub(old) };
            let words = line.trim_start_matches(' ');
            let margin = if words.is_empty() { 0 } else { indent + deeper };
            self.lines.push(format!("{}{words}", " ".repeat(margin)));
        }
    }

    /// A word, or a collection in brackets, that may go over several lines.
    fn several(&mut self, node: &Node, span: &Span, indent: usize) {
        let is_flow = flow::span(self.source, node).is_some();
        let old = self.entry_column(span.start);
        for (number, line) in self.text(span).split('\n').enumerate() {
            let line = line.trim_end_matches('\r');
            if number == 0 {
                self.append(if is_flow { line.trim_end() } else { line });
                continue;
            }
            let words = line.trim_start_matches([' ', '\t']);
            let shifted = (line.len() - words.len() + indent).saturating_sub(old + STEP);
            let least = if words.starts_with([']', '}']) { indent - STEP } else { indent };
            let margin = if is_flow { shifted.max(least) } else { indent };
            let words = if is_flow { words.trim_end() } else { words };
            let margin = if words.is_empty() { 0 } else { margin };
            self.lines.push(format!("{}{words}", " ".repeat(margin)));
        }
    }

    /// The comments and empty lines before a line.
    fn lead(&mut self, gap: &Gap<'_>, indent: usize, word: &Span) {
        self.trail(gap.trailing);
        let margin = self.dashes.as_ref().map_or(indent, |dashes| dashes.len() - dashes.trim_start().len());
        let lines = match self.first {
            true => {
                let mut lines = self.written(&gap.own, margin);
                let blanks = lines.iter().take_while(|line| line.is_empty()).count();
                lines.drain(..blanks);
                lines
            }
            false => {
                let (before, after) = self.shared(&gap.own, self.line_column(word.start));
                let after = after.into_iter().map(|line| indented(&line, margin));
                before.into_iter().chain(after).collect()
            }
        };
        self.first = false;
        self.lines.extend(lines);
    }

    /// Comments that stand deeper than the next line belong to what is before them.
    fn shared(&self, own: &[Line<'_>], column: usize) -> (Vec<String>, Vec<String>) {
        let deeper = |line: &Line<'_>| matches!(line, Line::Comment { column: at, .. } if *at > column);
        let cut = own.iter().rposition(deeper).map_or(0, |last| last + 1);
        let (before, after) = own.split_at(cut);
        let before = before.iter().map(|line| match line {
            Line::Blank => String::new(),
            Line::Comment { column, text } => {
                let level = self.levels_before.iter().rev().find(|(old, _)| old <= column);
                indented(text, level.map_or(0, |(_, indent)| *indent))
            }
        });
        (before.collect(), self.written(after, 0))
    }

    fn written(&self, lines: &[Line<'_>], margin: usize) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Blank => String::new(),
                Line::Comment { text, .. } => indented(text, margin),
            })
            .collect()
    }

    fn gap(&self, word: &Span) -> Gap<'a> {
        Gap::read(self.source, self.at..word.start.max(self.at))
    }

    fn pass(&mut self, word: &Span) {
        self.at = word.end;
        self.levels_before.clone_from(&self.levels);
    }

    fn begin(&mut self, indent: usize) -> String {
        self.dashes.take().unwrap_or_else(|| " ".repeat(indent))
    }

    fn append(&mut self, word: &str) {
        let Some(line) = self.lines.last_mut() else { return };
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }

    fn trail(&mut self, comment: Option<&str>) {
        if let (Some(comment), Some(line)) = (comment, self.lines.last_mut()) {
            if !comment.starts_with([' ', '\t']) {
                line.push(' ');
            }
            line.push_str(comment);
        }
    }

    fn close_chunk(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        match self.chunks.last_mut() {
            Some(chunk) => chunk.lines.extend(lines),
            None if lines.is_empty() => {}
            None => self.chunks.push(Chunk { key: None, is_block: true, lines }),
        }
    }

    fn word(&self, node: &Node) -> Span {
        flow::span(self.source, node).unwrap_or_else(|| node.span.clone())
    }

    fn text(&self, span: &Span) -> &'a str {
        self.source.get(span.clone()).unwrap_or_default()
    }

    fn line_before(&self, at: usize) -> &'a str {
        let text = self.source.get(..at).unwrap_or_default();
        &text[text.rfind('\n').map_or(0, |end| end + 1)..]
    }

    fn column(&self, at: usize) -> usize {
        self.line_before(at).chars().count()
    }

    /// Where the line begins on which a word stands.
    fn line_column(&self, at: usize) -> usize {
        let line = self.line_before(at);
        line.len() - line.trim_start_matches(' ').len()
    }

    /// Where what stands on that line begins, behind the dashes of its list.
    fn entry_column(&self, at: usize) -> usize {
        let line = self.line_before(at);
        line.len() - line.trim_start_matches([' ', '-']).len()
    }

    fn dash_column(&self, member: &Node) -> usize {
        self.line_column(first_word(member))
    }
}

fn first_word(node: &Node) -> usize {
    match &node.content {
        Content::Map(entries) => entries.first().map_or(node.span.start, |entry| entry.key_span.start),
        Content::List(members) => members.first().map_or(node.span.start, first_word),
        _ => node.span.start,
    }
}

fn indented(line: &str, margin: usize) -> String {
    if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(margin)) }
}
