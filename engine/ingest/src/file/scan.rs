//! Finds where a JSON object or array ends, without reading it as a value.
//!
//! It is fed piece by piece, so a document need not be in memory at once. It is as lenient as it can be:
//! whether the document is good JSON is decided later, by the decoder. Here it only matters that a good
//! document ends where it ends, and that a line which cannot belong to the document is noticed.

/// Follows one JSON object or array from its first byte to its last.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The brackets that are open.
    open: Vec<u8>,
    expects: Expects,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expects {
    #[default]
    Value,
    Key,
    Colon,
    CommaOrEnd,
    /// The rest of a text; whether that text is a key.
    Text {
        key: bool,
    },
    Escaped {
        key: bool,
    },
    /// The rest of a number or a word.
    Word,
}

/// What came of feeding some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fed {
    /// All bytes belong to the document, and it goes on.
    More,
    /// The document ended after this many bytes.
    Complete(usize),
    /// No JSON document can go on like that.
    Broken,
}

impl Scanner {
    /// Goes over more bytes of the document. After [`Fed::Broken`] it must not be fed again.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Fed {
        for (at, byte) in bytes.iter().enumerate() {
            if !self.step(*byte) {
                return Fed::Broken;
            }
            if self.open.is_empty() {
                return Fed::Complete(at + 1);
            }
        }
        Fed::More
    }

    /// Goes over one byte; `false` when it cannot follow.
    fn step(&mut self, byte: u8) -> bool {
        match self.expects {
            Expects::Text { key } => self.in_text(byte, key),
            Expects::Escaped { key } => {
                self.expects = Expects::Text { key };
                byte != b'\n'
            }
            Expects::Word if is_word(byte) => true,
            Expects::Word => {
                self.expects = Expects::CommaOrEnd;
                self.between(byte)
            }
            _ => self.between(byte),
        }
    }

    fn in_text(&mut self, byte: u8, key: bool) -> bool {
        match byte {
            b'"' => self.expects = if key { Expects::Colon } else { Expects::CommaOrEnd },
            b'\\' => self.expects = Expects::Escaped { key },
            // A text never holds a bare line end, so a missing quote shows at the end of its line.
            b'\n' => return false,
            _ => {}
        }
        true
    }

    fn between(&mut self, byte: u8) -> bool {
        match (byte, self.expects) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            // A closing bracket after a comma is a mistake that the decoder tells better.
            (b'}' | b']', expects) => {
                self.expects = Expects::CommaOrEnd;
                let opening = if byte == b'}' { b'{' } else { b'[' };
                return expects != Expects::Colon && self.open.pop() == Some(opening);
            }
            (b'{', Expects::Value) => {
                self.open.push(byte);
                self.expects = Expects::Key;
            }
            (b'[', Expects::Value) => self.open.push(byte),
            (b'"', Expects::Value) => self.expects = Expects::Text { key: false },
            (b'"', Expects::Key) => self.expects = Expects::Text { key: true },
            (b':', Expects::Colon) => self.expects = Expects::Value,
            (b',', Expects::CommaOrEnd) => {
                let in_object = self.open.last() == Some(&b'{');
                self.expects = if in_object { Expects::Key } else { Expects::Value };
            }
            (_, Expects::Value) if is_word(byte) => self.expects = Expects::Word,
            _ => return false,
        }
        true
    }
}

/// Whether a document begins with this byte.
pub(crate) fn begins_document(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_document_that_cannot_go_on_is_noticed_where_it_breaks() {
        for (good, bad) in [
            (&b"{\"a\": {\"b\": 1}\n"[..], b'{'),
            (b"{\"a\": 1,\n", b'{'),
            (b"{\"a\": \"open", b'\n'),
            (b"{", b'T'),
            (b"[1", b'}'),
            (b"{\"a\"", b'}'),
            (b"[", b':'),
        ] {
            let mut scanner = Scanner::default();
            assert_eq!(scanner.feed(good), Fed::More, "{}", String::from_utf8_lossy(good));
            assert_eq!(scanner.feed(&[bad]), Fed::Broken, "{}", String::from_utf8_lossy(good));
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        let tree = leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        });
        prop_oneof![
            tree.clone().prop_map(|value| json!([value])),
            tree.prop_map(|value| json!({ "k": value }))
        ]
    }

    proptest! {
        #[test]
        fn a_good_document_ends_where_it_ends(value in documents(), pretty: bool, piece in 1..20usize) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap();
            let followed = format!("{text}{{\"next\":1}}");
            let mut scanner = Scanner::default();
            let mut fed = 0;
            for bytes in followed.as_bytes().chunks(piece) {
                match scanner.feed(bytes) {
                    Fed::More => fed += bytes.len(),
                    Fed::Complete(more) => {
                        prop_assert_eq!(fed + more, text.len());
                        return Ok(());
                    }
                    Fed::Broken => prop_assert!(false, "broken: {}", text),
                }
            }
            prop_assert!(false, "no end: {}", text);
        }
    }
}
