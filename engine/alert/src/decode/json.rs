//! JSON text to a tree, with what real senders and real attackers put into it.

use serde_json::Value;

/// No record that a product sends is nested deeper than a dozen levels; what is deeper is an attack. The bound leaves
/// room below the 128 levels at which readers of the stored alert would refuse it.
pub(crate) const MOST_LEVELS: usize = 64;

/// A tree, and whether characters that are no Unicode had to be replaced to read it.
pub(crate) struct Parsed {
    pub(crate) value: Value,
    pub(crate) mended: bool,
}

/// Reads JSON. Bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD, since whoever can choose a file
/// name could otherwise make an alert unreadable.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, serde_json::Error> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(Parsed { value, mended: false }),
        Err(error) if error.is_syntax() => {
            let mended = mend(bytes).ok_or(error)?;
            serde_json::from_str(&mended).map(|value| Parsed { value, mended: true })
        }
        Err(error) => Err(error),
    }
}

/// How many levels of objects and arrays a tree has.
pub(crate) fn levels(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        Value::Array(elements) => 1 + elements.iter().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// The text with everything replaced that is no Unicode; nothing where that changes nothing.
fn mend(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut mended = String::with_capacity(text.len());
    let mut changed = matches!(text, std::borrow::Cow::Owned(_));
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (written, length) = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(Half::High), Some(Half::Low)) => (&escape[..12], 12),
            (Some(_), _) => ("\\ufffd", 6),
            (None, _) => {
                let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
                (&escape[..length], length)
            }
        };
        changed |= written.len() != length || (length == 6 && written == "\\ufffd");
        mended.push_str(written);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    changed.then_some(mended)
}

#[derive(PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// Which half of a pair an escape at the beginning of the text is.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn halves_of_pairs_and_bad_bytes_are_replaced() {
        for (text, value) in [
            (&br#"{"a":"x\ud83dy"}"#[..], json!({"a": "x\u{fffd}y"})),
            (br#"{"a":"\udc00\ud83d\ude00"}"#, json!({"a": "\u{fffd}\u{1f600}"})),
            (br#"{"a":"\\ud83d\ud83d"}"#, json!({"a": "\\ud83d\u{fffd}"})),
            (b"{\"a\":\"x\xffy\"}", json!({"a": "x\u{fffd}y"})),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed.value, value);
            assert!(parsed.mended);
        }
        assert!(!parse(br#"{"a":"\ud83d\ude00"}"#).unwrap().mended);
    }

    #[test]
    fn broken_json_stays_broken() {
        for text in [&b"{a:1}"[..], b"{\"a\":1,}", b"{\"a\":\"\\", b"{\"a\":\"\\u12", b"", b"\xff"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse("[".repeat(100_000).as_bytes()).is_err(), "no recursion without end");
    }

    #[test]
    fn levels_are_counted() {
        assert_eq!(levels(&json!(1)), 0);
        assert_eq!(levels(&json!({"a": [{"b": 1}], "c": 2})), 3);
    }
}
