//! How files are laid out. That nothing changes its meaning is held for every playbook in tests/playbook.

use super::*;

fn formatted(text: &str) -> String {
    match format("example.yaml", text.as_bytes()).unwrap() {
        Layout::Settled(text) => text,
        Layout::Unusual => panic!("left alone:\n{text}"),
    }
}

#[test]
fn what_is_crooked_becomes_straight() {
    let crooked = "# about the file\n\n\nlanguage:   1\nplaybook: example\nsteps:\n-   id:  a\n    do:   x.y   # why\n    with: {a: 1,b: [ 1,2 ], }\n\n\n\n    # of the next\n-   do: x.z\n# of `when`\nwhen:\n      # inside\n      alert:\n          all:\n          - alert.title: {is: a}\ntitle: >-\n     One\n       deeper\n     two\n# the end\n";
    let straight = "# about the file\n\nlanguage: 1\nplaybook: example\ntitle: >-\n  One\n    deeper\n  two\n\n# of `when`\nwhen:\n  # inside\n  alert:\n    all:\n      - alert.title: { is: a }\n\nsteps:\n  - id: a\n    do: x.y   # why\n    with: { a: 1, b: [1, 2] }\n\n    # of the next\n  - do: x.z\n# the end\n";
    let once = formatted(crooked);
    assert_eq!(once, straight, "\n{once}");
    assert_eq!(formatted(&once), once);
}

#[test]
fn what_is_straight_stays() {
    for text in [
        "a: 1\n",
        "- a\n- b: 1\n  c: [x, z]\n",
        "a:\n  - - 1\n    - 2\n  - b: \"x  y\"   # z\n",
        "a: \"one\n  two\"\nb: {}\nc: []\n",
        "- a: {\n    b: 1\n  }\n- { b: 1,\n    c: 2 }\n- - [1,\n      2]\n",
        "a:\n  any: [\n    one,   # first\n    two,\n  ]\nb: |\n  x\n\n\n  y\n",
    ] {
        assert_eq!(formatted(text), text);
    }
}

#[test]
fn order_is_only_settled_for_playbooks() {
    let text = "version: 1\nlanguage: 1\nexclusions: []\n";
    assert_eq!(formatted(text), text);
    let unknown = "title: x\nplaybook: example\nmine: 1\nlanguage: 1\n";
    assert_eq!(formatted(unknown), unknown, "a key that nobody knows");
}

#[test]
fn line_ends_tabs_behind_words_and_the_first_marks_go() {
    assert_eq!(formatted("\u{feff}a: 1  \r\nb:\r\n    c: x\r\n"), "a: 1\nb:\n  c: x\n");
    assert_eq!(formatted("a: # why\n    x\n"), "# why\na: x\n");
    assert_eq!(formatted("a: 1"), "a: 1\n");
}

#[test]
fn what_cannot_be_read_is_refused() {
    for text in ["a: [1\n", "a: 1\na: 2\n", "a: yes\n", "", "a: &x 1\n"] {
        assert!(format("example.yaml", text.as_bytes()).is_err(), "{text:?}");
    }
}
