//! What the other rooms rely on, said once in words.

use std::fs;
use std::path::Path;

use quell_alert::{AccountKind, Alert, Decoded, Part, Severity, Status, decode};
use serde_json::json;

fn own(name: &str) -> Vec<Decoded> {
    decode(&fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("alert/samples/own").join(name)).unwrap())
}

fn alerts(decoded: Vec<Decoded>) -> Vec<Alert> {
    let alert = |one| match one {
        Decoded::Alert(alert) => Some(*alert),
        _ => None,
    };
    decoded.into_iter().filter_map(alert).collect()
}

fn row(changes: serde_json::Value) -> Alert {
    let mut row = json!({
        "Type": "SecurityAlert", "SystemAlertId": "1", "AlertName": "x", "AlertSeverity": "High", "Status": "New",
        "TimeGenerated": "2026-03-03T08:00:00Z", "ProviderName": "MDATP", "Entities": "",
    });
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    alerts(decode(row.to_string().as_bytes())).pop().unwrap()
}

#[test]
fn a_bad_record_leaves_its_neighbours_alone() {
    let decoded = own("export-envelope-one-bad.json");
    let refused: Vec<_> = decoded.iter().filter(|one| matches!(one, Decoded::Refused(_))).collect();
    assert_eq!((decoded.len(), refused.len()), (4, 2));
    assert!(matches!(&decoded[3], Decoded::Alert(alert) if alert.title == "Unfamiliar sign-in properties"));
    let Decoded::Refused(refusal) = refused[0] else { unreachable!() };
    assert!(refusal.place.starts_with("$.records[1] line 1 column "), "{}", refusal.place);
    assert!(String::from_utf8_lossy(&refusal.raw).contains("SystemAlertId: "), "its own bytes, untouched");
}

#[test]
fn versions_of_one_alert_are_told_apart_and_duplicates_are_not() {
    let first = row(json!({}));
    let again = row(json!({"Description": "the sender sent it twice, with another description"}));
    assert_eq!(first.version_key(), again.version_key());
    for change in [
        json!({"TimeGenerated": "2026-03-03T08:00:00.0000001Z"}),
        json!({"Status": "Resolved"}),
        json!({"AlertSeverity": "Low"}),
    ] {
        let newer = row(change);
        assert_ne!(first.version_key(), newer.version_key());
        assert_eq!(first.same_detection_key(), newer.same_detection_key());
    }
    let elsewhere = row(json!({"ProviderName": "IPC"}));
    assert_ne!(first.same_detection_key(), elsewhere.same_detection_key(), "ids are unique within a product");
    let (one, two) = (json!({"TimeGenerated": null, "x": 1}), json!({"TimeGenerated": null, "x": 2}));
    assert_eq!(row(one.clone()).version_key(), row(one.clone()).version_key());
    assert_ne!(row(one).version_key(), row(two).version_key(), "without a time the content speaks");
}

#[test]
fn head_and_evidence_of_one_message_are_one_alert() {
    let joined = alerts(own("xdr-head-and-evidence.json"));
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0].part, None);
    assert_eq!(joined[0].severity, Some(Severity::High));
    assert_eq!(joined[0].entities.persons().count(), 1);
    let apart = alerts(own("xdr-evidence-only.json"));
    assert_eq!(
        apart.iter().map(|alert| alert.part.clone()).collect::<Vec<_>>(),
        [Some(Part::Evidence), Some(Part::Head)]
    );
    assert_ne!(apart[0].version_key(), apart[1].version_key());
}

#[test]
fn other_tables_are_passed_over_by_name() {
    for (file, count) in
        [("xdr-other-tables.json", 5), ("sentinel-entity-trigger.json", 1), ("office-ordinary.json", 1)]
    {
        let decoded = own(file);
        assert_eq!(decoded.len(), count, "{file}");
        assert!(decoded.iter().all(|one| matches!(one, Decoded::Passed { .. })), "{file}: {decoded:?}");
    }
}

#[test]
fn only_persons_are_gone_through_and_only_named_ones_are_acted_on() {
    let alert = alerts(own("accounts-all-kinds.json")).pop().unwrap();
    let kinds =
        |kind: AccountKind| alert.entities.accounts.iter().filter(|account| account.kind == kind).count();
    assert_eq!(kinds(AccountKind::System), 4, "SYSTEM, ADMIN, Administrator, krbtgt");
    assert_eq!(kinds(AccountKind::Machine), 1);
    assert_eq!(kinds(AccountKind::Local), 2);
    assert_eq!(kinds(AccountKind::Foreign), 1);
    let alice: Vec<_> =
        alert.entities.persons().filter(|account| account.upn() == Some("alice@contoso.example")).collect();
    assert_eq!(alice.len(), 1, "five mentions, one account");
    assert_eq!(alice[0].ad_guid(), Some("11111111-1111-4111-8111-000000001104"));
    let twins =
        alert.entities.persons().filter(|account| account.upn() == Some("alice2@contoso.example")).count();
    assert_eq!(twins, 3, "two SIDs under one name stay apart, and the bare name joins neither");
    let weak = alert.entities.persons().find(|account| account.key() == "name:alice").unwrap();
    assert!(!weak.is_actionable());
}

#[test]
fn no_two_entities_of_an_alert_share_a_key() {
    for file in [
        "accounts-all-kinds.json",
        "devices-all-kinds.json",
        "things-all-kinds.json",
        "references-all-kinds.json",
    ] {
        let alert = alerts(own(file)).pop().unwrap();
        let entities = &alert.entities;
        let mut keys: Vec<String> = entities.accounts.iter().map(|account| account.key()).collect();
        keys.extend(entities.devices.iter().map(|device| device.key()));
        keys.extend(entities.ips.iter().map(|ip| ip.key()));
        keys.extend(entities.urls.iter().map(|url| url.key()));
        keys.extend(entities.mailboxes.iter().map(|mailbox| mailbox.key()));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count, "{file}: {keys:?}");
    }
}

#[test]
fn places_lead_into_the_document() {
    let path = |place: &str| place.replace("$", "").replace(['[', '.'], "/").replace(']', "");
    for file in
        ["references-all-kinds.json", "sentinel-trigger.json", "office-investigation.json", "mde-alert.json"]
    {
        for alert in alerts(own(file)) {
            let accounts = alert.entities.accounts.iter().map(|account| &account.place);
            for place in accounts.chain(alert.entities.devices.iter().map(|device| &device.place)) {
                assert!(alert.document.pointer(&path(place)).is_some(), "{file}: {place}");
            }
        }
    }
}

#[test]
fn json_path_sees_unfolded_texts_and_resolved_references() {
    let alert = alerts(own("extended-properties-folded-and-cut.json")).swap_remove(0);
    let document = &alert.document;
    assert_eq!(document.pointer("/ExtendedProperties/Custom Details/field/0"), Some(&json!("value")));
    assert_eq!(document.pointer("/ExtendedProperties/Search Query/blade/q"), Some(&json!("x")));
    assert_eq!(document.pointer("/ExtendedProperties/Risk Score"), Some(&json!("85")));
    let alert = alerts(own("references-all-kinds.json")).pop().unwrap();
    assert_eq!(alert.document.pointer("/Entities/1/Name"), Some(&json!("deep.exe")), "a bare reference");
    assert_eq!(
        alert.document.pointer("/Entities/0/Host/HostName"),
        Some(&json!("wks-alice")),
        "a forward reference"
    );
}

#[test]
fn nothing_said_is_nothing_known() {
    let alert = row(
        json!({"AlertSeverity": "75", "Status": "", "ProviderName": "", "TimeGenerated": "0001-01-01T00:00:00"}),
    );
    assert_eq!(alert.severity, None);
    assert_eq!(alert.status, Status::Unknown);
    assert_eq!(alert.times.updated, None);
    assert!(!alert.product.is_known());
    assert!(alert.oddities.iter().any(|oddity| oddity.what.contains("75")));
}

#[test]
fn a_kept_document_is_the_same_alert_when_it_comes_in_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for samples in ["alert/samples/own", "alert/samples/published", "../examples/alerts"] {
        for entry in fs::read_dir(folder.join(samples)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "out" || end == "md") || path.is_dir() {
                continue;
            }
            for alert in alerts(decode(&fs::read(&path).unwrap())) {
                let again = alerts(decode(alert.document.to_string().as_bytes()));
                assert_eq!(again.len(), 1, "{}", path.display());
                let facts = |alert: &Alert| {
                    let accounts: Vec<String> = alert.entities.accounts.iter().map(|one| one.key()).collect();
                    let devices: Vec<String> = alert.entities.devices.iter().map(|one| one.key()).collect();
                    let words = (
                        alert.id.clone(),
                        alert.title.clone(),
                        alert.severity,
                        alert.status,
                        alert.product.clone(),
                    );
                    (
                        words,
                        alert.techniques.clone(),
                        alert.part.clone(),
                        alert.version_key(),
                        accounts,
                        devices,
                    )
                };
                assert_eq!(facts(&again[0]), facts(&alert), "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn a_computer_named_like_the_domain_makes_nobody_local() {
    let entities = |hosts: &[serde_json::Value]| {
        let mut all = vec![
            json!({"$id": "1", "Type": "account", "Name": "bob", "NTDomain": "CONTOSO", "Sid": "S-1-5-21-1-2-3-1105"}),
        ];
        all.extend_from_slice(hosts);
        row(json!({"Entities": all})).entities.accounts.remove(0)
    };
    let rogue = json!({"$id": "2", "Type": "host", "HostName": "CONTOSO"});
    let member = json!({"$id": "3", "Type": "host", "HostName": "wks1", "NTDomain": "CONTOSO"});
    let by_dns = json!({"$id": "3", "Type": "host", "HostName": "wks1", "DnsDomain": "contoso.example"});
    assert_eq!(entities(&[rogue.clone(), member]).kind, AccountKind::Person);
    assert_eq!(entities(&[rogue.clone(), by_dns]).kind, AccountKind::Person);
    assert_eq!(entities(&[rogue]).kind, AccountKind::Local, "nothing says that it is a domain");
}
