//! What is wrong with a file that is no YAML, in our own words: the reader says where it gave up, and that is often
//! after the mistake.

use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::{Content, Node, Span};
use crate::codes::{self, Code};
use crate::diagnostic::{Diagnostic, Place};

/// The mistake behind the reader's error. The tree is there where the file could be read all the same.
pub(super) fn explain(file: &str, source: &str, error: &Error, tree: Option<&Node>) -> Diagnostic {
    let at = position(source, error);
    let wrong = match error {
        Error::DuplicateMappingKey { .. } => return duplicate(file, source, at, tree),
        Error::MultipleDocuments { .. } => Wrong::new(
            codes::SEVERAL_DOCUMENTS,
            line_of(source, at.saturating_sub(1)),
            "a second document begins here",
            "write one playbook a file, without `---` between",
        ),
        Error::MergeKeyNotAllowed { .. } => Wrong::new(
            codes::ANCHOR,
            at..at + 2,
            "merge keys are not part of the language",
            "write the values where they are needed",
        ),
        Error::Budget { breach: BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. }, .. } => {
            Wrong::new(
                codes::ANCHOR,
                anchor_before(source, at),
                "anchors and aliases are not part of the language",
                "write the value where it is needed; repeat it if need be",
            )
        }
        Error::Budget { .. } => too_deep(at),
        // The reader has no word of its own for this one.
        other if other.to_string().contains("recursion limit") => too_deep(at),
        _ => broken(source, at),
    };
    let place = Place::of(file, source, wrong.span.start, wrong.span.end);
    Diagnostic::error(wrong.code, place, wrong.message).help(wrong.help)
}

/// What is wrong, and where.
struct Wrong {
    code: Code,
    span: Span,
    message: String,
    help: String,
}

impl Wrong {
    fn new(code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: help.into() }
    }

    fn yaml(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(codes::BROKEN, span, message, help)
    }
}

fn too_deep(at: usize) -> Wrong {
    Wrong::new(
        codes::TOO_DEEP,
        at..at + 1,
        "the file is nested too deeply, or has too many parts",
        "a playbook has at most 32 levels and 20000 parts",
    )
}

/// The second reader takes seconds for thousands of brackets, and is asked for a hint only.
const MOST_BRACKETS: usize = 500;

/// The likely mistake, looked for where the reader gave up and on the line before.
fn broken(source: &str, at: usize) -> Wrong {
    let brackets = source.bytes().filter(|byte| matches!(byte, b'[' | b'{')).take(MOST_BRACKETS).count();
    let second = (brackets < MOST_BRACKETS)
        .then(|| serde_yaml::from_str::<serde_yaml::Value>(source).err().map(|error| error.to_string()))
        .flatten();
    let second = second.as_deref().unwrap_or_default();
    let line = line_of(source, at);
    let before = line_before(source, &line);
    let after = line_after(source, &line);
    [&line, &before, &after]
        .into_iter()
        .find_map(|line| tab(source, line))
        .or_else(|| no_such_escape(source, second))
        .or_else(|| no_blank_after_colon(source, &before))
        .or_else(|| no_blank_after_colon(source, &line))
        .or_else(|| forbidden_start(source, at))
        .or_else(|| unclosed(source, second))
        .or_else(|| second_colon(source, &line))
        .or_else(|| no_blank_after_dash(source, &before))
        .or_else(|| indentation(source, &line, &before))
        .unwrap_or_else(|| {
            Wrong::yaml(
                at..at + 1,
                "this cannot be read as YAML",
                "check the indentation of this line and the one before, and whether quotes and brackets are closed",
            )
        })
}

fn tab(source: &str, line: &Span) -> Option<Wrong> {
    let text = &source[line.clone()];
    let indent = &text[..text.len() - text.trim_start_matches([' ', '\t']).len()];
    let tab = line.start + indent.find('\t')?;
    Some(Wrong::new(
        codes::TAB,
        tab..tab + 1,
        "a tab in the indentation",
        "YAML is indented with blanks only",
    ))
}

/// `title:Foo`.
fn no_blank_after_colon(source: &str, line: &Span) -> Option<Wrong> {
    let text = source[line.clone()].trim_start_matches([' ', '-']);
    let start = line.end - text.len();
    let colon = text.find(':')?;
    let (key, rest) = (&text[..colon], &text[colon + 1..]);
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let is_joined = rest.chars().next().is_some_and(|c| !c.is_whitespace() && c != ':' && c != '/');
    (is_key && is_joined).then(|| {
        let at = start + colon;
        Wrong::yaml(
            at..at + 1,
            "a blank is missing after the colon",
            format!("write `{key}: {}`", rest.trim()),
        )
    })
}

/// `"\d+"`, `"C:\Users"`: the second reader says where.
fn no_such_escape(source: &str, second: &str) -> Option<Wrong> {
    let is_escape = second.contains("escape character")
        || ["expected hexadecimal number", "Unicode character escape"]
            .iter()
            .any(|words| second.contains(words));
    let at = is_escape.then(|| opened_at(source, second, "at "))??;
    let line = line_of(source, at);
    // Where it wants a number, it has gone past the escape.
    let at = source[line.start..line.end.min(at + 1)].rfind('\\').map_or(at, |offset| line.start + offset);
    let shown: String = source[at..line.end].chars().take(2).collect();
    let help = "in double quotes, \\ starts an escape: write \\\\, or put the text into single quotes";
    let message = format!("there is no escape {shown} in double quotes");
    Some(Wrong::yaml(at..at + shown.len(), message, help))
}

/// A quote or a bracket that is never closed: the second reader says where it was opened.
fn unclosed(source: &str, second: &str) -> Option<Wrong> {
    let what = ["scanning a quoted scalar", "parsing a flow sequence", "parsing a flow mapping"]
        .into_iter()
        .find(|what| second.contains(what))?;
    let at = opened_at(source, second, &format!("{what} at "))?;
    let mark = source[at..].chars().next()?;
    let closing = match mark {
        '[' => ']',
        '{' => '}',
        quote => quote,
    };
    let is_closed_there = mark != closing && source[at..line_of(source, at).end].contains(closing);
    if is_closed_there {
        let message = format!("what stands between this {mark} and its {closing} cannot be read");
        let help = "a comma must stand between two entries, and a text with quotes in it needs the other kind of quotes \
                    around it: '… \"so\" …'";
        return Some(Wrong::yaml(at..at + 1, message, help));
    }
    Some(Wrong::yaml(at..at + 1, format!("the {mark} is never closed"), format!("close it with {closing}")))
}

/// Where `line 3 column 7` after these words is.
fn opened_at(source: &str, message: &str, words: &str) -> Option<usize> {
    let (_, place) = message.split_once(&format!("{words}line "))?;
    let (line, rest) = place.split_once(" column ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let (line, column): (usize, usize) = (line.parse().ok()?, digits.parse().ok()?);
    let start: usize = source.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let offset = source[start..].char_indices().nth(column.checked_sub(1)?).map(|(offset, _)| offset);
    offset.map(|offset| start + offset)
}

/// `channel: @soc`.
fn forbidden_start(source: &str, at: usize) -> Option<Wrong> {
    let first = source[at..].chars().next().filter(|c| "@`%".contains(*c))?;
    let length = source[at..].find([',', ']', '}', '\n']).unwrap_or(source.len() - at);
    let value = source[at..at + length].trim_end();
    let message = format!("a value that starts with {first} needs quotes");
    Some(Wrong::yaml(at..at + value.len(), message, format!("write \"{value}\"")))
}

/// `title: Disruption: part one`.
fn second_colon(source: &str, line: &Span) -> Option<Wrong> {
    let text = source[line.clone()].trim_end();
    let (key, value) = text.split_once(": ")?;
    let value = value.trim();
    let is_plain = !value.starts_with(['"', '\'', '[', '{', '|', '>', '#', '&', '*', '!']);
    let value_at = line.start + text.len() - value.len();
    let colon =
        value.find(": ").or_else(|| value.ends_with(':').then(|| value.len() - 1)).filter(|_| is_plain)?;
    let at = value_at + colon;
    let help = format!("put the value in quotes: {}: \"{value}\"", key.trim_start_matches([' ', '-']));
    Some(Wrong::yaml(at..at + 1, "a value with a colon in it needs quotes", help))
}

/// `-do: account.disable`.
fn no_blank_after_dash(source: &str, line: &Span) -> Option<Wrong> {
    let text = &source[line.clone()];
    let trimmed = text.trim_start();
    let rest =
        trimmed.strip_prefix('-').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let at = line.end - trimmed.len();
    Some(Wrong::yaml(at..at + 1, "a blank is missing after the dash", format!("write `- {}`", rest.trim())))
}

fn indentation(source: &str, line: &Span, before: &Span) -> Option<Wrong> {
    let own = indent(&source[line.clone()]);
    let above = indent(&source[before.clone()]);
    let at = line.start + own;
    if own > above {
        let help = format!(
            "this line begins in column {}, the one above in column {}: it is either part of it, and then the line \
             above must end with a colon, or it belongs in the same column",
            own + 1,
            above + 1
        );
        return Some(Wrong::yaml(at..line.end, "this line is indented too far", help));
    }
    let mut levels: Vec<usize> = Vec::new();
    for text in source[..line.start].lines().filter(|text| is_content(text)) {
        let level = indent(text);
        levels.retain(|open| *open < level);
        levels.push(level);
    }
    // Where nothing stands above it, another line is to blame.
    if levels.is_empty() || levels.contains(&own) {
        return None;
    }
    let columns: Vec<String> = levels.iter().map(|level| (level + 1).to_string()).collect();
    let help = format!(
        "this line begins in column {}; the lines above begin in column {}",
        own + 1,
        columns.join(", ")
    );
    Some(Wrong::yaml(at..line.end, "the indentation of this line matches nothing above it", help))
}

/// A key that stands twice, with the place of the first.
fn duplicate(file: &str, source: &str, at: usize, tree: Option<&Node>) -> Diagnostic {
    let length = source[at..].find([':', '\n']).unwrap_or(0);
    let key = source[at..at + length].trim_matches(['"', '\'', ' ']);
    let message = format!("the key `{key}` stands twice in the same map");
    let mut diagnostic =
        Diagnostic::error(codes::DUPLICATE_KEY, Place::of(file, source, at, at + length), message)
            .help("keep one of them; in a list of conditions, begin each with a dash");
    if let Some(first) = tree.and_then(|tree| first_of(tree, key, at)) {
        diagnostic =
            diagnostic.related(Place::of(file, source, first.start, first.end), "it stands here first");
    }
    diagnostic
}

/// The last place before this one where the key stands in a map that is still open there.
fn first_of(node: &Node, key: &str, before: usize) -> Option<Span> {
    let deeper = |children: Vec<&Node>| {
        children
            .into_iter()
            .filter(|child| child.span.start < before)
            .rev()
            .find_map(|child| first_of(child, key, before))
    };
    match &node.content {
        Content::List(members) => deeper(members.iter().collect()),
        Content::Map(entries) => {
            let own = entries.iter().find(|entry| entry.key == key && entry.key_span.start < before);
            deeper(entries.iter().map(|entry| &entry.value).collect())
                .or_else(|| own.map(|entry| entry.key_span.clone()))
        }
        _ => None,
    }
}

fn position(source: &str, error: &Error) -> usize {
    let Some(location) = error.location() else { return 0 };
    if let Some(at) = location.span().byte_offset().and_then(|at| usize::try_from(at).ok()) {
        return at.min(source.len());
    }
    let line = usize::try_from(location.line()).unwrap_or(1);
    let column = usize::try_from(location.column()).unwrap_or(1);
    let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let offset = source[start..]
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(source.len() - start, |(at, _)| at);
    start + offset
}

/// The anchor or alias around or before this place.
fn anchor_before(source: &str, at: usize) -> Span {
    let line = line_of(source, at);
    let start =
        source[line.start..at.max(line.start)].rfind(['&', '*']).map_or(at, |offset| line.start + offset);
    let length = source[start..].find(char::is_whitespace).unwrap_or(source.len() - start);
    start..start + length
}

/// The line around this place, without its line break.
fn line_of(source: &str, at: usize) -> Span {
    let at = at.min(source.len());
    let start = source[..at].rfind('\n').map_or(0, |found| found + 1);
    let end = source[at..].find('\n').map_or(source.len(), |found| at + found);
    start..end
}

/// The line before this one that says something.
fn line_before(source: &str, line: &Span) -> Span {
    let mut end = line.start;
    while end > 0 {
        let candidate = line_of(source, end - 1);
        if is_content(&source[candidate.clone()]) {
            return candidate;
        }
        end = candidate.start;
    }
    0..0
}

/// The line behind this one that says something.
fn line_after(source: &str, line: &Span) -> Span {
    let mut start = line.end + 1;
    while start < source.len() {
        let candidate = line_of(source, start);
        if is_content(&source[candidate.clone()]) {
            return candidate;
        }
        start = candidate.end + 1;
    }
    0..0
}

fn is_content(line: &str) -> bool {
    let text = line.trim_start();
    !text.is_empty() && !text.starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
