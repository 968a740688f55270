//! What the reading of files takes and refuses. The exact words stand in the golden files of tests/playbook.

use super::*;

fn codes_of(text: &str) -> Vec<&'static str> {
    parse("x.yaml", text.as_bytes()).diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
}

#[test]
fn a_plain_file_gives_a_tree_with_places() {
    let source = "a: 1\nb:\n  - c: \"x y\"\n    d: [p, q]\n";
    let parsed = parse("x.yaml", source.as_bytes());
    assert_eq!(parsed.diagnostics, []);
    let tree = parsed.tree.unwrap();
    let list = tree.member("b").unwrap();
    assert_eq!(&source[list.span.clone()], "- c: \"x y\"\n    d: [p, q");
    let Content::List(members) = &list.content else { panic!("{list:?}") };
    assert_eq!(members[0].member("c").unwrap().text(), Some("x y"));
    assert_eq!(&source[members[0].member("c").unwrap().span.clone()], "\"x y\"");
}

#[test]
fn each_fault_has_its_code() {
    for (text, code) in [
        ("a: no\n", "PB0106"),
        ("a: 0123\n", "PB0106"),
        ("no: 1\n", "PB0106"),
        ("0x10: 1\n", "PB0106"),
        ("a: 1\na: 2\n", "PB0105"),
        ("a: &x 1\n", "PB0107"),
        ("a: !!str 1\n", "PB0107"),
        ("a: !foo\n  b: c\n", "PB0107"),
        ("%YAML 1.1\n---\na: b\n", "PB0107"),
        ("? a\n: b\n", "PB0107"),
        ("<<: {a: b}\n", "PB0107"),
        ("a: 1\n---\nb: 2\n", "PB0108"),
        ("", "PB0110"),
        ("# nothing\n", "PB0110"),
        ("text: {{ alert.title }}\n", "PB0111"),
        ("a: b\u{202e}c\n", "PB0113"),
        ("a:\n\tb: 1\n", "PB0103"),
        ("title:Foo\nb: c\n", "PB0104"),
        ("a: b: c\n", "PB0104"),
        ("a: \"x\nb: c\n", "PB0104"),
        ("a: [1, 2\nb: c\n", "PB0104"),
        ("a: @soc\n", "PB0104"),
        ("a: b\n  c: d\n", "PB0104"),
    ] {
        assert_eq!(codes_of(text), [code], "{text:?}");
    }
}

#[test]
fn hostile_files_are_refused_quickly() {
    let bomb = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        let before = format!("*a{}, ", n - 1).repeat(9);
        format!("{text}a{n}: &a{n} [{before}]\n")
    });
    assert_eq!(codes_of(&bomb), ["PB0107"]);
    assert_eq!(codes_of(&"a: [".repeat(60)), codes_of(&"a: [".repeat(60)));
    assert_eq!(codes_of(&format!("a: {}{}\n", "[".repeat(100), "]".repeat(100))), ["PB0109"]);
    assert_eq!(codes_of(&format!("a: [{}]\n", "x, ".repeat(30_000))), ["PB0109"]);
    assert_eq!(codes_of(&"a".repeat(10 * 1024 * 1024)), ["PB0101"]);
    let parsed = parse("x.yaml", b"title: caf\xe9\n");
    assert_eq!(parsed.diagnostics[0].code, codes::NOT_UTF8);
    assert_eq!((parsed.diagnostics[0].place.line, parsed.diagnostics[0].place.column), (1, 11));
}
