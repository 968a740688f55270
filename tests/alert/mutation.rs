//! No bytes make the decoder fail: samples cut at every byte, with bytes changed, with pieces of others in them.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use quell_alert::{Decoded, decode};

/// One sample of each form, small enough to be cut at every byte.
const SAMPLES: [&str; 16] = [
    "own/references-all-kinds.json",
    "own/accounts-all-kinds.json",
    "own/export-envelope-one-bad.json",
    "own/lines-mixed.jsonl",
    "own/xdr-evidence-only.json",
    "own/graph-incident.json",
    "own/graph-v1.json",
    "own/m365-incident.json",
    "own/mde-alert.json",
    "own/office-investigation.json",
    "own/sentinel-trigger-two-alerts.json",
    "own/sentinel-incident-dotted.json",
    "own/tables-answer.json",
    "own/extended-properties-folded-and-cut.json",
    "own/wrapped-text.json",
    "own/surrogates.json",
];

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("alert/samples").join(name)).unwrap()
}

/// Decodes, and holds what every answer must hold.
pub(crate) fn hold(message: &[u8]) {
    let decoded = decode(message);
    assert!(!decoded.is_empty(), "every message is answered");
    for one in decoded {
        match one {
            Decoded::Alert(alert) => {
                assert!(!alert.id.as_str().is_empty());
                assert!(alert.entities.persons().all(|account| !account.identifiers.is_empty()));
                assert!(!alert.version_key().is_empty());
            }
            Decoded::Passed { what, place } => assert!(!what.is_empty() && !place.is_empty()),
            Decoded::Refused(refusal) => {
                assert!(refusal.raw.len() <= message.len());
                assert!(!refusal.reason.is_empty() && !refusal.place.is_empty());
                let is_part = refusal.raw.is_empty()
                    || message.windows(refusal.raw.len()).any(|window| window == refusal.raw.as_slice());
                assert!(is_part, "a refused record keeps its own bytes");
            }
        }
    }
}

#[test]
fn cut_at_every_byte() {
    for name in SAMPLES {
        let message = read(name);
        for end in 0..message.len() {
            hold(&message[..end]);
        }
    }
}

#[test]
fn with_every_byte_replaced_by_a_sign() {
    for name in SAMPLES {
        let message = read(name);
        for (at, sign) in (0..message.len()).step_by(3).zip(b"{}[]\",:\\\0\xff0".iter().cycle()) {
            let mut changed = message.clone();
            changed[at] = *sign;
            hold(&changed);
        }
    }
}

#[test]
fn bombs_do_not_go_off() {
    let deep =
        |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let wrapped = format!(
        "{{\"Type\":\"SecurityAlert\",\"SystemAlertId\":\"1\",\"Entities\":{}}}",
        deep("[", "]", 120)
    );
    let mut folded = String::from("{}");
    for _ in 0..10 {
        folded = serde_json::json!({ "message": folded }).to_string();
    }
    let many = serde_json::json!({"Type": "SecurityAlert", "SystemAlertId": "1", "Entities": (0..20_000)
        .map(|n| serde_json::json!({"Type": "account", "Name": format!("u{n}"), "NTDomain": "C", "UPNSuffix": "x"}))
        .collect::<Vec<_>>()});
    let entities = |each: &dyn Fn(usize) -> serde_json::Value| {
        let list: Vec<_> = (0..10_000).map(each).collect();
        serde_json::json!({"Type": "SecurityAlert", "SystemAlertId": "1", "Entities": list}).to_string()
    };
    let references = entities(
        &|n| serde_json::json!({"$id": "1", "Type": "host", "HostName": n, "Account": {"$ref": "1"}}),
    );
    let contradictions = entities(
        &|n| serde_json::json!({"Type": "account", "UserPrincipalName": "a@x", "Sid": format!("S-1-5-21-1-2-3-{}", n + 1000)}),
    );
    let ids: Vec<_> = (0..100_000).map(|n| format!("T{:04}.{:03}", n % 10_000, n / 10_000)).collect();
    let techniques =
        serde_json::json!({"Type": "SecurityAlert", "SystemAlertId": "1", "Techniques": ids}).to_string();
    let held: Vec<_> =
        (0..5000).map(|n| serde_json::json!({"properties": {"systemAlertId": n.to_string()}})).collect();
    let incident = serde_json::json!({
        "objectSchemaType": "Incident", "object": {"name": "1", "properties": {"title": "x", "Alerts": held}},
    });
    let incident = incident.to_string();
    for message in [
        deep("[", "]", 200_000),
        deep("{\"a\":", "}", 200_000),
        deep("{\"records\":[", "]}", 5000),
        wrapped,
        folded,
        many.to_string(),
        "\\".repeat(100_000),
        "\"".repeat(100_000),
        "{\"records\":[".to_owned() + &"{},".repeat(50_000),
        "\n".repeat(100_000),
        "{\"records\":[".to_owned() + &"{x},\n".repeat(50_000),
        "CEF:0|Microsoft|Azure ATP|1|2|3|4|".to_owned() + &"a=".repeat(50_000),
        "CEF:0|Microsoft|Azure ATP|1|2|3|4|".to_owned() + &" a\\=".repeat(50_000),
        references,
        contradictions,
        techniques,
        incident,
    ] {
        assert!(!decode(message.as_bytes()).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(message in proptest::collection::vec(any::<u8>(), 0..400)) {
        hold(&message);
    }

    #[test]
    fn samples_with_wounds(
        which in 0..SAMPLES.len(), cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut message = read(SAMPLES[which]);
        for (at, byte) in cuts {
            if message.is_empty() {
                break;
            }
            let at = at.index(message.len());
            match byte % 4 {
                0 => message[at] = byte,
                1 => { message.remove(at); }
                2 => message.insert(at, byte),
                _ => message.truncate(at.max(1)),
            }
        }
        hold(&message);
    }
}
