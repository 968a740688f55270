//! How a template is read: pieces of text, and inserts of the one allowed form.

use super::filters;
use crate::model::Reference;

/// What is wrong with a template, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// How many bytes into the text the trouble is.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// One `{{ name.field | filter }}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Insert {
    /// How many bytes into the text the name is.
    pub(crate) offset: usize,
    /// The name.
    pub(crate) reference: Reference,
    /// The filters, in order.
    pub(crate) filters: Vec<String>,
    /// The columns and fields that its filters ask for.
    pub(crate) fields: Vec<String>,
    /// Whether its first filter says what stands there when the name has no value.
    pub(crate) has_default: bool,
}

/// Finds the inserts of a text.
pub(crate) fn scan(source: &str) -> Result<Vec<Insert>, TemplateError> {
    let mut inserts = Vec::new();
    let mut at = 0;
    while let Some(offset) = next_mark(source, at)? {
        let inside = offset + 2;
        let Some(length) = closing(&source[inside..]) else {
            return Err(trouble(
                offset,
                "{{ is not closed",
                if source[inside..].contains('(') && !source[inside..].contains(')') {
                    "the text ends within its ( ): in double quotes, write texts in single quotes: {{ … | join(', ') }}"
                } else {
                    "close it with }}, or write { once if you mean a brace"
                },
            ));
        };
        inserts.push(insert(source, inside, inside + length)?);
        at = inside + length + 2;
    }
    Ok(inserts)
}

/// The next `{{`; statements and comments are refused on the way.
fn next_mark(source: &str, from: usize) -> Result<Option<usize>, TemplateError> {
    let rest = &source[from..];
    for (mark, what) in
        [("{%", "{% … %} is not part of the language"), ("{#", "{# … #} is not part of the language")]
    {
        let before = rest.find("{{").unwrap_or(rest.len());
        if let Some(offset) = rest.find(mark).filter(|offset| *offset < before) {
            let help = "templates only insert values: {{ alert.title }}; decisions go into `if`";
            return Err(trouble(from + offset, what, help));
        }
    }
    Ok(rest.find("{{").map(|offset| from + offset))
}

/// Where the insert ends; a `}}` inside quotes does not end it.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if text[offset..].starts_with("}}") => return Some(offset),
            None => {}
        }
    }
    None
}

fn insert(source: &str, start: usize, end: usize) -> Result<Insert, TemplateError> {
    let mut reader = Reader { text: &source[..end], at: start };
    reader.blanks();
    let offset = reader.at;
    let name = reader.dotted();
    if name.is_empty() {
        return Err(trouble(
            offset,
            "a name in scope belongs here",
            "write {{ alert.title }} or {{ account.name }}",
        ));
    }
    let mut names: Vec<String> = Vec::new();
    let mut fields = Vec::new();
    let mut has_default = false;
    loop {
        reader.blanks();
        if reader.at == end {
            break;
        }
        if !reader.eat('|') {
            return Err(trouble(
                reader.at,
                "only a name and filters may stand in {{ }}",
                "no arithmetic, no calls: {{ name.field | filter }}",
            ));
        }
        reader.blanks();
        let filter_at = reader.at;
        let filter = reader.word();
        if names.last().is_some_and(|last| last == "table") {
            let what = "a table is finished: no filter comes after it";
            return Err(trouble(filter_at, what, "put `table` last"));
        }
        let argument_at = reader.at;
        let arguments = reader.arguments()?;
        if TAKES_ROWS.contains(&filter.as_str()) {
            fields.extend(listed(&source[argument_at..reader.at]));
        }
        filters::check(&filter, &arguments).map_err(|(what, help)| trouble(filter_at, what, help))?;
        has_default |= filter == "default" && names.is_empty();
        names.push(filter);
    }
    Ok(Insert { offset, reference: Reference(name), filters: names, fields, has_default })
}

/// Filters that look into the members of a list.
const TAKES_ROWS: [&str; 2] = ["map", "table"];

/// The names in `("a, b")`.
fn listed(arguments: &str) -> impl Iterator<Item = String> {
    let inside = arguments.trim_matches(|c| "()\"' ".contains(c));
    inside.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

impl Insert {
    /// Whether its first filter but `default` looks into the members of a list.
    pub(crate) fn takes_rows(&self) -> bool {
        let first = self.filters.iter().find(|filter| *filter != "default");
        first.is_some_and(|filter| TAKES_ROWS.contains(&filter.as_str()))
    }
}

/// The argument of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    Text,
    Number,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    fn blanks(&mut self) {
        self.take(char::is_whitespace);
    }

    fn word(&mut self) -> String {
        self.take(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn dotted(&mut self) -> String {
        self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, TemplateError> {
        let mut arguments = Vec::new();
        if !self.eat('(') {
            return Ok(arguments);
        }
        loop {
            self.blanks();
            if self.eat(')') {
                return Ok(arguments);
            }
            if !arguments.is_empty() && !self.eat(',') {
                break;
            }
            self.blanks();
            match self.peek() {
                Some(quote @ ('"' | '\'')) => {
                    self.quoted(quote);
                    arguments.push(Argument::Text);
                }
                Some(c) if c.is_ascii_digit() => {
                    self.take(|c| c.is_ascii_digit());
                    arguments.push(Argument::Number);
                }
                _ => break,
            }
        }
        Err(trouble(
            self.at,
            "a filter takes numbers and quoted texts only",
            "write truncate(80) or default(\"none\")",
        ))
    }

    fn quoted(&mut self, quote: char) {
        self.eat(quote);
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            if c == '\\' {
                self.at += self.peek().map_or(0, char::len_utf8);
            } else if c == quote {
                break;
            }
        }
    }
}

fn trouble(offset: usize, what: impl Into<String>, help: impl Into<String>) -> TemplateError {
    TemplateError { offset, what: what.into(), help: Some(help.into()) }
}
