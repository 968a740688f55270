//! Files that were made to hurt: refused, quickly, in words.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::fixtures::load_files;
use crate::shipped::shipped;

fn refused(bytes: &[u8]) -> String {
    let before = Instant::now();
    let loaded = load_files(&[("example.yaml", bytes)]);
    assert!(before.elapsed() < Duration::from_secs(10), "took {:?}", before.elapsed());
    assert!(!loaded.is_usable());
    loaded.diagnostics[0].code.id.to_owned()
}

#[test]
fn bombs_are_refused() {
    let aliases = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        format!("{text}a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1)
    });
    assert_eq!(refused(aliases.as_bytes()), "PB0107");
    for sign in ["[", "{", "- ", "? ", "a: [", "[{"] {
        assert_eq!(refused(sign.repeat(60_000).as_bytes()), "PB0109", "{sign}");
    }
    assert_eq!(refused(&vec![b'a'; 10 * 1024 * 1024]), "PB0101");
    assert_eq!(refused(format!("x: [{}]", "y, ".repeat(60_000)).as_bytes()), "PB0109");
    let twice = load_files(&[("example.yaml", b"a: 1\nA: 2\na: 3\n")]);
    assert!(twice.diagnostics.iter().any(|found| found.code.id == "PB0105"));
    assert_eq!(refused(b"\xff\xfe\x00"), "PB0102");
    assert_eq!(refused(b"title: \xf0\x9f\n"), "PB0102");
    assert_eq!(refused(b"title: \"a\x07b\"\n"), "PB0113");
}

#[test]
fn a_pattern_cannot_eat_the_memory() {
    let text = "language: 1\nplaybook: example\ntitle: x\nwhen:\n  alert:\n    all:\n      - alert.title: { matches: \"(a{1000}){1000}\" }\nsteps:\n  - do: chat.post\n    with: { channel: a, text: b }\n";
    assert_eq!(refused(text.as_bytes()), "PB0409");
}

#[test]
fn a_file_cut_anywhere_is_refused_or_whole() {
    for file in shipped() {
        for at in (0..file.bytes.len()).step_by(7) {
            let loaded = load_files(&[(&file.name, &file.bytes[..at])]);
            assert!(loaded.playbooks.len() <= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        load_files(&[("example.yaml", &bytes)]);
    }

    #[test]
    fn no_text_of_yaml_signs_panics(text in "[a-c:\\-\\[\\]{}\"'|>#&*!%@` \n\t$.,?0-9]{0,120}") {
        load_files(&[("example.yaml", text.as_bytes())]);
    }

    #[test]
    fn no_odd_character_anywhere_panics(at in 0_usize..900, c in any::<char>()) {
        let file = &shipped()[0];
        let mut text = String::from_utf8(file.bytes.clone()).unwrap();
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert(at, c);
        let loaded = load_files(&[(&file.name, text.as_bytes())]);
        for diagnostic in &loaded.diagnostics {
            prop_assert!(diagnostic.place.start <= diagnostic.place.end);
            prop_assert!(diagnostic.place.end <= loaded.sources[&file.name].len());
        }
    }
}
