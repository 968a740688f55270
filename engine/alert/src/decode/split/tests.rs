use super::*;

/// Each piece as its place and its text.
fn pieces(message: &str) -> Vec<(String, String)> {
    let text = |piece: Piece<'_>| (piece.place, String::from_utf8_lossy(piece.bytes).into_owned());
    split(message.as_bytes()).into_iter().map(text).collect()
}

fn texts(message: &str) -> Vec<String> {
    pieces(message).into_iter().map(|(_, text)| text).collect()
}

fn places(message: &str) -> Vec<String> {
    pieces(message).into_iter().map(|(place, _)| place).collect()
}

#[test]
fn an_envelope_is_opened() {
    let message = r#" {"records": [ {"a":1} , {"b":[2]} ] } "#;
    assert_eq!(texts(message), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
    assert_eq!(places(message), ["$.records[0]", "$.records[1]"]);
    assert_eq!(texts(r#"{"@odata.context":"x","value":[{"a":1}]}"#), [r#"{"a":1}"#]);
    assert_eq!(places(r#"[{"records":[{"a":1}]},{"b":2}]"#), ["$[0].records[0]", "$[1]"]);
}

#[test]
fn ordinary_records_stay_whole() {
    for message in [
        r#"{"a":1}"#,
        r#"{"id":"1","value":[{"a":1}]}"#,
        r#"{"records":"x"}"#,
        r#"{"value":[]}"#,
        "[]",
        "[1,2]",
        "{",
        "[",
        "{\"a\"",
        "{\"records\":",
        "",
        r#"x"records":[{"a":1}]"#,
        "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  }\n}",
    ] {
        assert_eq!(texts(message), [message], "{message}");
    }
}

#[test]
fn a_broken_record_does_not_take_its_neighbours_with_it() {
    let message = r#"{"records":[{"a":1},{b:2,},{"c":"]}"}]}"#;
    assert_eq!(texts(message), [r#"{"a":1}"#, "{b:2,}", r#"{"c":"]}"}"#]);
    assert_eq!(texts(r#"{"records":[{"a":1},{"b":2"#), [r#"{"a":1}"#, r#"{"b":2"#]);
    assert_eq!(texts(r#"[{"a":1}, oops, {"b":2}]"#), [r#"{"a":1}"#, "oops", r#"{"b":2}"#]);
}

#[test]
fn lines_are_records() {
    let message = "{\"a\":1}\r\n\n{\"b\":\"x\n{\"c\":3}\nCEF:0|x\n";
    assert_eq!(texts(message), ["{\"a\":1}", "{\"b\":\"x", "{\"c\":3}", "CEF:0|x"]);
    assert_eq!(places(message), ["line 1 $", "line 3 $", "line 4 $", "line 5 $"]);
    let broken_first = "{\"a\":\"x\n{\"b\":2}\n{\"c\":3}";
    assert_eq!(texts(broken_first), ["{\"a\":\"x", "{\"b\":2}", "{\"c\":3}"]);
    assert_eq!(places("CEF:0|x"), ["$"]);
}

#[test]
fn values_one_after_another_are_records() {
    assert_eq!(texts("{\"a\":1}{\"b\":2} [{\"c\":3}]"), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
    assert_eq!(texts("{\n \"a\":1\n}\n{\n \"b\":2\n}"), ["{\n \"a\":1\n}", "{\n \"b\":2\n}"]);
    assert_eq!(texts("{\"a\":1} junk"), ["{\"a\":1}", "junk"]);
}

#[test]
fn offsets_point_into_the_message() {
    let message = "\u{feff}\n[ {\"a\":1},\n {\"b\":2} ]";
    for piece in split(message.as_bytes()) {
        assert_eq!(&message.as_bytes()[piece.offset..piece.offset + piece.bytes.len()], piece.bytes);
    }
    let second = split(message.as_bytes()).pop().unwrap();
    let mut lines = Lines::default();
    assert_eq!(lines.at(message.as_bytes(), second.offset), (3, 2));
    assert_eq!(lines.at(message.as_bytes(), second.offset + 3), (3, 5));
}

#[test]
fn no_bytes_stop_it() {
    let alphabet = b"{}[]\",:\\a1 \n";
    let mut state = 7_u32;
    for _ in 0..20_000 {
        let mut message = Vec::new();
        for _ in 0..(state >> 8) % 24 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            message.push(alphabet[(state >> 16) as usize % alphabet.len()]);
        }
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let kept: usize = split(&message).iter().map(|piece| piece.bytes.len()).sum();
        assert!(kept <= message.len());
    }
}
