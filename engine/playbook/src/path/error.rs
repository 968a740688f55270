//! What is wrong with a path, in our own words.

use jsonpath_rust::parser::errors::JsonPathError;

/// What is wrong with a path, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    /// How many bytes into the path the trouble is.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl PathError {
    pub(super) fn new(offset: usize, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { offset, what: what.into(), help: Some(help.into()) }
    }
}

/// Longer paths are no paths.
const LONGEST: usize = 1_000;

/// What can be said of a path before it is parsed.
pub(super) fn check_text(text: &str) -> Result<(), PathError> {
    if !text.starts_with('$') {
        let what = "a JSONPath starts with $";
        let help =
            format!("write \"$.{}\"", text.trim_start().trim_start_matches('$').trim_start_matches('.'));
        return Err(PathError::new(0, what, help));
    }
    if text == "$" {
        return Err(PathError::new(
            0,
            "the path $ means the whole alert",
            "name a member: \"$.ExtendedProperties\"",
        ));
    }
    if text.len() > LONGEST {
        return Err(PathError::new(LONGEST, "the path is longer than 1000 bytes", "shorten it"));
    }
    if let Some((offset, name)) = dollar_name(text) {
        let what = format!("{name} needs quotes, because $ means the whole alert");
        return Err(PathError::new(offset, what, format!("write ['{name}'] in place of .{name}")));
    }
    if let Some(offset) = stray_blank(text) {
        return Err(PathError::new(
            offset,
            "there is a blank in the path where none belongs",
            "a name with a blank in it goes into brackets and quotes: $.a['Risk Score']",
        ));
    }
    Ok(())
}

/// The parser's complaint, in our words: its own name grammar rules.
pub(super) fn translate(text: &str, error: &JsonPathError) -> PathError {
    let offset = match error {
        JsonPathError::PestError(error) => column(&error.to_string()).unwrap_or(1) - 1,
        _ => 0,
    };
    let offset = text.char_indices().nth(offset).map_or(text.len(), |(offset, _)| offset);
    let rest: String = text[offset..].chars().take(12).collect();
    let what = if rest.is_empty() {
        "the path ends too early".to_owned()
    } else {
        format!("the path cannot be read from `{rest}` on")
    };
    let help = "paths look like $.ExtendedProperties['Risk Score'] or $.Entities[?@.Type == 'account'].Name";
    PathError::new(offset, what, help)
}

/// The column out of ` --> 1:5`, the only form in which the parser's error gives it without its own crate.
fn column(message: &str) -> Option<usize> {
    let (_, place) = message.split_once("--> ")?;
    let (_, column) = place.split_once(':')?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|column| *column > 0)
}

/// `.$id`, which is a syntax error that everybody makes: each Sentinel entity has a `$id`.
fn dollar_name(text: &str) -> Option<(usize, &str)> {
    let offset = text.find(".$")? + 1;
    let end = text[offset + 1..].find(|c: char| !c.is_alphanumeric() && c != '_');
    let name = &text[offset..end.map_or(text.len(), |end| offset + 1 + end)];
    (name.len() > 1).then_some((offset, name))
}

/// A blank between two segments, or between two words of a filter: the parser takes `$.a b` and drops the blank.
fn stray_blank(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    let mut depth = 0_usize;
    let mut previous = ' ';
    let mut blank_at = None;
    for (offset, c) in text.char_indices() {
        if let Some(open) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == open => quote = None,
                _ => {}
            }
            previous = c;
            continue;
        }
        if c.is_whitespace() {
            if depth == 0 {
                return Some(offset);
            }
            blank_at = blank_at.or(Some(offset));
            continue;
        }
        let joins_words = is_word(previous) && (is_word(c) || c == '.' || c == '[');
        if let (Some(at), true) = (blank_at, joins_words) {
            return Some(at);
        }
        blank_at = None;
        match c {
            '\'' | '"' => quote = Some(c),
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = c;
    }
    blank_at
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
