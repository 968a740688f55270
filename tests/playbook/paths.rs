//! Paths against a second implementation: whatever our paths take, they find what it finds.

use proptest::prelude::*;
use quell_playbook::path::Path;
use serde_json::{Value, json};
use serde_json_path::JsonPath;

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        "[abc]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[abc]|x y|\\$id", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn segment() -> impl Strategy<Value = String> {
    let name = "[abc]";
    prop_oneof![
        name.prop_map(|name| format!(".{name}")),
        name.prop_map(|name| format!("['{name}']")),
        Just("['x y']".to_owned()),
        Just("[\"$id\"]".to_owned()),
        (-3_i64..4).prop_map(|index| format!("[{index}]")),
        Just("[*]".to_owned()),
        Just(".*".to_owned()),
        name.prop_map(|name| format!("..{name}")),
        Just("..*".to_owned()),
        (0_i64..3, -2_i64..4).prop_map(|(from, to)| format!("[{from}:{to}]")),
        (prop_oneof![Just(-2_i64), Just(-1), Just(1), Just(2)]).prop_map(|step| format!("[::{step}]")),
        Just("['a', 'b']".to_owned()),
        Just("[0, 'c']".to_owned()),
        filter().prop_map(|filter| format!("[?{filter}]")),
    ]
}

fn filter() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("@.a".to_owned()),
        Just("!@.b".to_owned()),
        Just("@.a.b".to_owned()),
        Just("@.a == 'a'".to_owned()),
        Just("@.b != 1".to_owned()),
        Just("@ > 0".to_owned()),
        Just("@.c <= 'b'".to_owned()),
        Just("@.a == $.a".to_owned()),
        Just("@.a == null".to_owned()),
        Just("@.a == true".to_owned()),
        Just("length(@.a) > 1".to_owned()),
        Just("length(@.b) == 0".to_owned()),
        Just("match(@.a, 'a.*')".to_owned()),
        Just("search(@.c, 'b')".to_owned()),
        Just("count(@.*) > 1".to_owned()),
        Just("@[0] == 1".to_owned()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} && {other}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            inner.prop_map(|one| format!("!({one})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths_find_what_the_second_implementation_finds(
        document in document(),
        segments in proptest::collection::vec(segment(), 1..4),
    ) {
        let text = format!("${}", segments.concat());
        let second = JsonPath::parse(&text).expect("the generator writes RFC 9535");
        if let Ok(path) = Path::parse(&text) {
            let expected: Vec<&Value> = second.query(&document).all();
            prop_assert_eq!(path.find(&document), expected, "{} in {}", text, document);
            if path.is_singular() {
                prop_assert!(path.find(&document).len() <= 1);
            }
        }
    }

    #[test]
    fn any_text_is_a_path_or_is_refused(text in "\\$[.\\[\\]a-c'\"@?*:,()!=<>&| $0-9-]{0,24}") {
        if let Err(error) = Path::parse(&text) {
            prop_assert!(error.offset <= text.len());
            prop_assert!(!error.what.is_empty());
        }
    }
}

#[test]
fn plain_text_is_never_a_path() {
    for text in ["", "a", "ExtendedProperties", " $.a", "$", "\u{a0}$.a"] {
        assert!(Path::parse(text).is_err(), "{text:?}");
    }
    assert!(Path::parse(&format!("$.{}", "a".repeat(2_000))).is_err());
    let deep = json!({ "a": { "a": { "a": 1 } } });
    assert_eq!(Path::parse("$.a.a.a").unwrap().find(&deep), [&json!(1)]);
}
