//! The matcher against a slow one that was written apart from it: random playbooks, random alerts.

use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use quell_alert::{Alert, Product, Severity};
use quell_playbook::Matcher;
use quell_playbook::model::{AlertState, Playbook};
use serde_json::{Value, json};

use crate::fixtures::{alert, load_one, now};

/// A condition as the oracle sees it.
#[derive(Debug, Clone)]
enum Asked {
    Severity(&'static str, Severity),
    Technique(&'static str, Vec<&'static str>),
    Text(&'static str, &'static str, Vec<&'static str>),
    Product(Vec<&'static str>),
    Score(&'static str, i64),
    Exists(&'static str, bool),
    SomeType(&'static str),
    EveryType(&'static str),
    All(Vec<Asked>),
    Any(Vec<Asked>),
    None(Vec<Asked>),
}

#[derive(Debug, Clone)]
struct Written {
    all: Vec<Asked>,
    any: Vec<Asked>,
    none: Vec<Asked>,
    states: Vec<AlertState>,
    disabled: bool,
}

const TITLES: [&str; 5] =
    ["Suspected DCSync attack", "Ransomware behavior", "suspected ticket theft", "DCSYNC", ""];
const TYPES: [&str; 3] = ["PassTheTicketSecurityAlert", "passtheticketsecurityalert", "Other"];
const PROVIDERS: [&str; 3] =
    ["Azure Advanced Threat Protection", "azure advanced threat protection", "MDATP"];
const TECHNIQUES: [&str; 4] = ["T1003", "T1003.006", "T1558", "T1550.003"];
const WORDS: [&str; 5] = ["dcsync", "suspected", "Ransom", "ticket", "SUSPECTED DCSYNC ATTACK"];
const PRODUCTS: [&str; 3] = ["Microsoft Defender for Identity", "AATP", "MDATP"];
const SEVERITIES: [Severity; 4] = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High];
const STATES: [AlertState; 3] = [AlertState::New, AlertState::Updated, AlertState::Resolved];

fn asked() -> impl Strategy<Value = Asked> {
    let some = |from: &'static [&'static str]| proptest::sample::subsequence(from, 1..=from.len());
    let order =
        proptest::sample::select(vec!["is", "is_not", "at_least", "at_most", "more_than", "less_than"]);
    let leaf =
        prop_oneof![
            (order.clone(), proptest::sample::select(&SEVERITIES[..]))
                .prop_map(|(op, level)| Asked::Severity(op, level)),
            (proptest::sample::select(vec!["any_of", "none_of"]), some(&TECHNIQUES))
                .prop_map(|(op, of)| Asked::Technique(op, of)),
            (
                proptest::sample::select(vec!["is", "is_not", "contains", "starts_with", "ends_with"]),
                some(&WORDS)
            )
                .prop_map(|(op, of)| Asked::Text("alert.title", op, vec![of[0]])),
            (proptest::sample::select(vec!["any_of", "none_of"]), some(&TYPES))
                .prop_map(|(op, of)| Asked::Text("alert.type", op, of)),
            (proptest::sample::select(vec!["any_of", "none_of", "is"]), some(&PROVIDERS))
                .prop_map(|(op, of)| Asked::Text("alert.provider", op, of)),
            some(&PRODUCTS).prop_map(Asked::Product),
            (order, 60_i64..80).prop_map(|(op, score)| Asked::Score(op, score)),
            (
                proptest::sample::select(vec!["alert.link", "alert.type", "$.ExtendedProperties.Score"]),
                any::<bool>()
            )
                .prop_map(|(name, wanted)| Asked::Exists(name, wanted)),
            proptest::sample::select(vec!["account", "IP", "host"]).prop_map(Asked::SomeType),
            proptest::sample::select(vec!["account", "ip"]).prop_map(Asked::EveryType),
        ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let some = proptest::collection::vec(inner, 1..3);
        prop_oneof![
            some.clone().prop_map(Asked::All),
            some.clone().prop_map(Asked::Any),
            some.prop_map(Asked::None)
        ]
    })
}

fn written() -> impl Strategy<Value = Written> {
    let items = || proptest::collection::vec(asked(), 0..3);
    let states = proptest::sample::subsequence(&STATES[..], 1..=3);
    (items(), items(), items(), states, proptest::bool::weighted(0.1))
        .prop_filter("asks for something", |(all, any, none, ..)| {
            !(all.is_empty() && any.is_empty() && none.is_empty())
        })
        .prop_map(|(all, any, none, states, disabled)| Written { all, any, none, states, disabled })
}

fn changed_alert() -> impl Strategy<Value = Alert> {
    (
        proptest::sample::select(&TITLES[..]),
        proptest::option::of(proptest::sample::select(&TYPES[..])),
        proptest::option::of(proptest::sample::select(&PROVIDERS[..])),
        proptest::option::of(proptest::sample::select(&SEVERITIES[..])),
        proptest::sample::subsequence(&TECHNIQUES[..], 0..=3),
        proptest::sample::select(
            &["Microsoft Defender for Identity", "Microsoft Defender for Endpoint", "F5"][..],
        ),
        proptest::option::of(prop_oneof![
            (60_i64..80).prop_map(|n| json!(n)),
            (60_i64..80).prop_map(|n| json!(n.to_string())),
            Just(json!("high")),
            Just(Value::Null)
        ]),
        proptest::collection::vec(proptest::sample::select(&["account", "ip", "host"][..]), 0..3),
    )
        .prop_map(|(title, kind, provider, severity, techniques, product, score, types)| {
            let mut extended = serde_json::Map::new();
            if let Some(score) = score {
                extended.insert("Score".into(), score);
            }
            let entities: Vec<Value> = types.into_iter().map(|kind| json!({ "Type": kind })).collect();
            Alert {
                title: title.into(),
                alert_type: kind.map(str::to_owned),
                provider: provider.map(str::to_owned),
                severity,
                techniques: techniques.into_iter().map(str::to_owned).collect(),
                product: Product(product.into()),
                document: json!({ "ExtendedProperties": extended, "Entities": entities }),
                ..alert()
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_and_the_oracle_agree(
        books in proptest::collection::vec(written(), 1..6),
        alerts in proptest::collection::vec(changed_alert(), 1..6),
        state in proptest::sample::select(&STATES[..]),
    ) {
        let playbooks: Vec<Arc<Playbook>> = books.iter().enumerate().map(|(number, book)| playbook(number, book)).collect();
        let matcher = Matcher::new(playbooks);
        for alert in alerts {
            let expected: Vec<String> = books
                .iter()
                .enumerate()
                .filter(|(_, book)| !book.disabled && book.states.contains(&state) && oracle(book, &alert) == Some(true))
                .map(|(number, _)| name(number))
                .collect();
            let found: Vec<String> =
                matcher.matching(&alert, state, now()).iter().map(|playbook| playbook.name.0.clone()).collect();
            let explained: Vec<String> = matcher
                .explain(&alert, state, now())
                .iter()
                .filter(|explanation| explanation.matched)
                .map(|explanation| explanation.playbook.name.0.clone())
                .collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(&explained, &expected);
        }
    }
}

fn name(number: usize) -> String {
    format!("p{number}")
}

fn playbook(number: usize, book: &Written) -> Arc<Playbook> {
    let states: Vec<&str> = book.states.iter().map(|state| state.word()).collect();
    let mode = if book.disabled { "disabled" } else { "observe" };
    let mut text =
        format!("language: 1\nplaybook: {}\ntitle: Random\nmode: {mode}\nwhen:\n  alert:\n", name(number));
    let _ = writeln!(text, "    states: [{}]", states.join(", "));
    for (part, items) in [("all", &book.all), ("any", &book.any), ("none", &book.none)] {
        if !items.is_empty() {
            let _ = writeln!(text, "    {part}: [{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", "));
        }
    }
    text.push_str("for_each: account\nsteps:\n  - do: account.disable\n");
    let loaded = load_one(&format!("{}.yaml", name(number)), &text);
    assert!(loaded.is_usable(), "{text}\n{:?}", loaded.diagnostics);
    Arc::clone(&loaded.playbooks[0])
}

fn yaml(asked: &Asked) -> String {
    let list = |items: &[Asked]| items.iter().map(yaml).collect::<Vec<_>>().join(", ");
    let words =
        |words: &[&str]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    match asked {
        Asked::Severity(op, level) => format!("{{ alert.severity: {{ {op}: {} }} }}", level.as_str()),
        Asked::Technique(op, of) => format!("{{ alert.techniques: {{ {op}: [{}] }} }}", words(of)),
        Asked::Text(field, op @ ("any_of" | "none_of"), of) => {
            format!("{{ {field}: {{ {op}: [{}] }} }}", words(of))
        }
        Asked::Text(field, op, of) => format!("{{ {field}: {{ {op}: \"{}\" }} }}", of[0]),
        Asked::Product(of) => format!("{{ alert.product: {{ any_of: [{}] }} }}", words(of)),
        Asked::Score(op, score) => {
            format!("{{ \"$.ExtendedProperties.Score\": {{ as: integer, {op}: {score} }} }}")
        }
        Asked::Exists(name, wanted) => format!("{{ \"{name}\": {{ exists: {wanted} }} }}"),
        Asked::SomeType(word) => format!("{{ \"$.Entities[*].Type\": {{ is: {word}, some: true }} }}"),
        Asked::EveryType(word) => format!("{{ \"$.Entities[*].Type\": {{ is: {word}, every: true }} }}"),
        Asked::All(items) => format!("{{ all: [{}] }}", list(items)),
        Asked::Any(items) => format!("{{ any: [{}] }}", list(items)),
        Asked::None(items) => format!("{{ none: [{}] }}", list(items)),
    }
}

/// True, false, or nothing where nobody can say.
type Verdict = Option<bool>;

fn oracle(book: &Written, alert: &Alert) -> Verdict {
    let any = if book.any.is_empty() { Some(true) } else { any_of(&book.any, alert) };
    let none = any_of(&book.none, alert).map(|hit| !hit);
    both(both(all_of(&book.all, alert), any), none)
}

fn all_of(items: &[Asked], alert: &Alert) -> Verdict {
    items.iter().map(|item| judge(item, alert)).fold(Some(true), both)
}

fn any_of(items: &[Asked], alert: &Alert) -> Verdict {
    let not_all = items.iter().map(|item| judge(item, alert).map(|truth| !truth)).fold(Some(true), both);
    not_all.map(|truth| !truth)
}

fn both(one: Verdict, other: Verdict) -> Verdict {
    if one == Some(false) || other == Some(false) { Some(false) } else { Some(one? && other?) }
}

fn judge(asked: &Asked, alert: &Alert) -> Verdict {
    let score = &alert.document["ExtendedProperties"]["Score"];
    let types: Vec<&str> =
        alert.document["Entities"].as_array()?.iter().filter_map(|entity| entity["Type"].as_str()).collect();
    match asked {
        Asked::Severity(op, level) => alert.severity.map(|seen| ordered(op, seen as i64, *level as i64)),
        Asked::Technique(op, of) => {
            let hit = alert.techniques.iter().any(|seen| of.iter().any(|wanted| same(seen, wanted)));
            (!alert.techniques.is_empty()).then_some(hit == (*op == "any_of"))
        }
        Asked::Text(field, op, of) => {
            let seen = match *field {
                "alert.title" => Some(alert.title.as_str()),
                "alert.provider" => alert.provider.as_deref(),
                _ => alert.alert_type.as_deref(),
            };
            let seen = seen.filter(|seen| !seen.is_empty())?.to_lowercase();
            let wanted = of[0].to_lowercase();
            Some(match *op {
                "is" => seen == wanted,
                "is_not" => seen != wanted,
                "contains" => seen.contains(&wanted),
                "starts_with" => seen.starts_with(&wanted),
                "ends_with" => seen.ends_with(&wanted),
                op => of.iter().any(|wanted| same(&seen, wanted)) == (op == "any_of"),
            })
        }
        Asked::Product(of) => Some(of.iter().any(|wanted| alert.product.matches(wanted))),
        Asked::Score(op, wanted) => {
            let seen = score.as_i64().or_else(|| score.as_str()?.parse().ok())?;
            Some(ordered(op, seen, *wanted))
        }
        Asked::Exists(name, wanted) => {
            let there = match *name {
                "alert.link" => alert.link.is_some(),
                "alert.type" => alert.alert_type.is_some(),
                _ => !score.is_null(),
            };
            Some(there == *wanted)
        }
        Asked::SomeType(word) => (!types.is_empty()).then(|| types.iter().any(|seen| same(seen, word))),
        Asked::EveryType(word) => (!types.is_empty()).then(|| types.iter().all(|seen| same(seen, word))),
        Asked::All(items) => all_of(items, alert),
        Asked::Any(items) => any_of(items, alert),
        Asked::None(items) => any_of(items, alert).map(|hit| !hit),
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn ordered(op: &str, seen: i64, wanted: i64) -> bool {
    match op {
        "is" => seen == wanted,
        "is_not" => seen != wanted,
        "at_least" => seen >= wanted,
        "at_most" => seen <= wanted,
        "more_than" => seen > wanted,
        _ => seen < wanted,
    }
}
