//! Distinguished names, taken apart so that equal names compare equal however they are spelt.

use std::fmt;
use std::str::FromStr;

use crate::error::IdentifierError;
use crate::folding::fold;

/// A distinguished name: its parts, innermost first, folded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    /// Each part with its attributes sorted, since `CN=a+OU=b` and `OU=b+CN=a` are one name.
    parts: Vec<Vec<(String, String)>>,
}

impl DistinguishedName {
    /// Whether this name lies below another one, or is that one.
    pub fn is_under(&self, above: &Self) -> bool {
        self.parts.ends_with(&above.parts)
    }
}

impl FromStr for DistinguishedName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| IdentifierError::NotA { form: "distinguished name", text: text.to_owned() })
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for (second, (attribute, value)) in part.iter().enumerate() {
                if second > 0 {
                    f.write_str("+")?;
                }
                write!(f, "{attribute}={}", escape(value))?;
            }
        }
        Ok(())
    }
}

fn parse(text: &str) -> Option<DistinguishedName> {
    let mut parts = Vec::new();
    for part in split_unescaped(text, &[',', ';']) {
        let mut pairs = Vec::new();
        for pair in split_unescaped(part, &['+']) {
            let (attribute, value) = pair.split_once('=')?;
            let attribute = attribute.trim();
            let is_attribute = attribute.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
            if attribute.is_empty() || !is_attribute {
                return None;
            }
            pairs.push((attribute.to_ascii_lowercase(), fold(&unescape(value)?)));
        }
        pairs.sort();
        parts.push(pairs);
    }
    (!parts.is_empty()).then_some(DistinguishedName { parts })
}

/// Splits at separators that no backslash and no quotes protect.
fn split_unescaped<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let (mut pieces, mut start, mut escaped, mut quoted) = (Vec::new(), 0, false, false);
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        } else if !quoted && separators.contains(&character) {
            pieces.push(&text[start..at]);
            start = at + character.len_utf8();
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// Takes the escapes of a value away: `\,`, `\2C`, quotes; blanks at the ends count only where they are escaped.
fn unescape(value: &str) -> Option<String> {
    let value = value.trim_start();
    if let Some(quoted) = value.trim_end().strip_prefix('"') {
        return Some(quoted.strip_suffix('"')?.replace("\\\"", "\"").replace("\\\\", "\\"));
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut kept = 0;
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            if first != b' ' {
                kept = bytes.len();
            }
            continue;
        }
        let hex = rest.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match hex {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            None => {
                let (&next, after) = rest.split_first()?;
                bytes.push(next);
                rest = after;
            }
        }
        kept = bytes.len();
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).ok()
}

fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        let at_an_end = character == ' ' && (index == 0 || index == last);
        let needs_it = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=');
        if needs_it || at_an_end || (character == '#' && index == 0) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> DistinguishedName {
        text.parse().unwrap()
    }

    #[test]
    fn spelling_does_not_matter() {
        let plain = dn("CN=Smith\\, Alice,OU=Staff,DC=contoso,DC=example");
        for text in [
            "cn=smith\\2C alice, ou=STAFF, dc=Contoso, dc=example",
            "CN=\"Smith, Alice\",OU=Staff,DC=contoso,DC=example",
            "CN = Smith\\, Alice ,OU=Staff;DC=contoso,DC=example",
        ] {
            assert_eq!(dn(text), plain, "{text}");
        }
        assert_eq!(plain.to_string(), "cn=smith\\, alice,ou=staff,dc=contoso,dc=example");
        assert_eq!(dn(&plain.to_string()), plain);
    }

    #[test]
    fn different_names_stay_different() {
        assert_ne!(dn("CN=alice\\ ,DC=x"), dn("CN=alice,DC=x"));
        assert_ne!(dn("CN=a+OU=b,DC=x"), dn("CN=a,OU=b,DC=x"));
        assert_eq!(dn("CN=a+OU=b,DC=x"), dn("OU=b+CN=a,DC=x"));
    }

    #[test]
    fn a_name_lies_under_its_parents() {
        let user = dn("CN=alice,OU=Staff,DC=contoso,DC=example");
        assert!(user.is_under(&dn("OU=staff,DC=contoso,DC=example")));
        assert!(user.is_under(&user));
        assert!(!user.is_under(&dn("OU=aff,DC=contoso,DC=example")));
        assert!(!dn("DC=contoso,DC=example").is_under(&user));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "alice", "CN=a,b", "=a,DC=x", "CN=a\\", "CN=\"a,DC=x", "C N=a,DC=x"] {
            assert!(text.parse::<DistinguishedName>().is_err(), "{text}");
        }
    }
}
