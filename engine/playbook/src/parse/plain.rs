//! Words without quotes that readers of YAML do not agree on, and marks of YAML that playbooks do not have.

use super::{Content, Node, Span};
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};

/// All of them.
pub(super) fn check(file: &str, source: &str, tree: &Node) -> Vec<Diagnostic> {
    let mut scalars = Vec::new();
    collect(tree, &mut scalars);
    let mut found: Vec<Diagnostic> = scalars
        .iter()
        .filter_map(|span| {
            let word = source.get(span.clone())?;
            let other = misread(word)?;
            let message =
                format!("`{word}` without quotes means different things to different readers of YAML");
            let place = Place::of(file, source, span.start, span.end);
            Some(
                Diagnostic::error(codes::AMBIGUOUS, place, message)
                    .found(word)
                    .help(format!("{other}; put it in quotes if you mean the text: \"{word}\"")),
            )
        })
        .collect();
    found.extend(marks(file, source, &scalars));
    found
}

fn collect(node: &Node, scalars: &mut Vec<Span>) {
    match &node.content {
        Content::List(members) => members.iter().for_each(|member| collect(member, scalars)),
        Content::Map(entries) => {
            for entry in entries {
                // As a key it is a word of the language (`retry: { on: … }`), and both our readers take it for text.
                if entry.key != "on" {
                    scalars.push(entry.key_span.clone());
                }
                collect(&entry.value, scalars);
            }
        }
        _ => scalars.push(node.span.clone()),
    }
}

/// What else a word may mean, where readers do not agree.
fn misread(word: &str) -> Option<String> {
    if matches!(word, "" | "true" | "false") || word.starts_with(['"', '\'']) || is_usual_number(word) {
        return None;
    }
    let folded = word.to_ascii_lowercase();
    match folded.as_str() {
        "yes" | "no" | "on" | "off" | "y" | "n" => {
            return Some("some take it for true or false, which is written `true` or `false`".to_owned());
        }
        "true" | "false" => return Some(format!("write `{folded}` in small letters")),
        "null" | "~" => {
            return Some("some take it for no value at all: leave the line out if you mean that".to_owned());
        }
        ".inf" | "-.inf" | "+.inf" | ".nan" => {
            return Some("it is no number that can be compared".to_owned());
        }
        _ => {}
    }
    if is_date(word) {
        return Some("some take it for a date".to_owned());
    }
    looks_like_number(word).then(|| "some take it for a number, each for another one".to_owned())
}

/// A number that all readers agree on: `70`, `-3`, `0.5`.
fn is_usual_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = whole.len() <= 15;
    fits && is_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(is_digits)
}

/// Octal, hexadecimal, with signs, underscores, exponents, colons (base sixty): `0123`, `1_000`, `1e3`, `12:30:45`.
fn looks_like_number(word: &str) -> bool {
    let body = word.strip_prefix(['+', '-']).unwrap_or(word);
    let Some(first) = body.chars().next() else { return false };
    if let Some(rest) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        return !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit() || c == '_');
    }
    if let Some(rest) = body.strip_prefix("0o").or_else(|| body.strip_prefix("0b")) {
        return !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '_');
    }
    let starts =
        first.is_ascii_digit() || (first == '.' && body.chars().nth(1).is_some_and(|c| c.is_ascii_digit()));
    starts && is_digits_and_marks(body)
}

/// Digits, underscores, at most one point and one exponent; or groups of one or two digits between colons.
fn is_digits_and_marks(body: &str) -> bool {
    if body.contains(':') {
        let groups: Vec<&str> = body.split(':').collect();
        let group =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
        return groups.len() > 1 && groups.iter().all(|text| group(text));
    }
    let (number, exponent) = match body.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (body, None),
    };
    let points = number.matches('.').count();
    let digits = number.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    let exponent = exponent.is_none_or(|text| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    });
    points <= 1 && digits && exponent
}

fn is_date(word: &str) -> bool {
    let date = word.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3
        && parts[0].len() == 4
        && parts.iter().all(digits)
        && parts[1..].iter().all(|part| part.len() <= 2)
}

/// Anchors, aliases, tags and directives: whatever of them is left when all words and comments are taken away.
fn marks(file: &str, source: &str, scalars: &[Span]) -> Vec<Diagnostic> {
    let mut bare: Vec<u8> = source.as_bytes().to_vec();
    for span in scalars {
        if let Some(bytes) = bare.get_mut(span.clone()) {
            bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'.');
        }
    }
    let mut found = Vec::new();
    let mut in_comment = false;
    let mut taken_until = 0;
    for (at, byte) in bare.iter().enumerate() {
        in_comment = (in_comment || *byte == b'#') && *byte != b'\n';
        let starts_line = at == 0 || bare[at - 1] == b'\n';
        let what = match byte {
            _ if in_comment || at < taken_until => continue,
            b'!' => "tags are not part of the language",
            b'&' | b'*' => "anchors and aliases are not part of the language",
            b'%' if starts_line => "directives are not part of the language",
            b'?' if bare.get(at + 1).is_some_and(u8::is_ascii_whitespace) => {
                "a key with ? is not part of the language"
            }
            _ => continue,
        };
        let end = bare[at..].iter().position(|byte| byte.is_ascii_whitespace() || b",]}".contains(byte));
        taken_until = end.map_or(bare.len(), |length| at + length);
        let place = Place::of(file, source, at, taken_until);
        found.push(
            Diagnostic::error(codes::ANCHOR, place, what)
                .help("write the value where it is needed; repeat it if need be"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_readers_disagree_on_are_known() {
        for word in [
            "no",
            "Yes",
            "on",
            "OFF",
            "y",
            "N",
            "~",
            "null",
            "NULL",
            "True",
            "FALSE",
            "0123",
            "1_000",
            "1e3",
            "1E+3",
            "0x1F",
            "0o7",
            "0b1",
            "+1",
            ".5",
            "1.",
            "12:30",
            "12:30:45",
            "2001-01-01",
            "2001-1-1",
            ".inf",
            "-.INF",
            ".NaN",
            "00",
            "-01",
            "12345678901234567890",
            "2001-01-01T00:00:00Z",
        ] {
            assert!(misread(word).is_some(), "{word}");
        }
    }

    #[test]
    fn words_that_mean_one_thing_pass() {
        for word in [
            "true",
            "false",
            "0",
            "70",
            "-3",
            "0.5",
            "12.25",
            "T1003.006",
            "medium",
            "1h",
            "8h",
            "10.0.0.0/8",
            "a:b",
            "\"no\"",
            "'0123'",
            "none",
            "node",
            "S-1-5-21-1-2-3-500",
            "1.2.3.4",
            "fe80::1",
            "e3",
            "3com",
            "x1e3",
            "nan",
        ] {
            assert_eq!(misread(word), None, "{word}");
        }
    }
}
