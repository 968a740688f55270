//! What has changed from one version of an alert to the next.

use quell_alert::{Alert, CHANGEABLE, Decoded, FieldValue, decode};
use serde_json::{Value, json};

fn alert(change: &Value) -> Alert {
    let mut record = json!({
        "SystemAlertId": "a-1", "ProductName": "Azure Advanced Threat Protection", "DisplayName": "Title",
        "AlertSeverity": "Low", "Status": "New", "Description": "d", "TimeGenerated": "2026-03-02T08:00:00Z",
        "Tactics": "Discovery", "Entities": [{ "Type": "account", "Name": "alice", "NTDomain": "CONTOSO" }],
    });
    let fields = record.as_object_mut().unwrap();
    fields.extend(change.as_object().unwrap().clone());
    match decode(&serde_json::to_vec(&record).unwrap()).remove(0) {
        Decoded::Alert(alert) => *alert,
        other => panic!("{other:?}"),
    }
}

fn changed(change: &Value) -> Vec<String> {
    let now = alert(change).since(&alert(&json!({})));
    match now.field("alert.changed") {
        Some(FieldValue::TextList(names)) => names.into_iter().map(Into::into).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_change_is_called_by_its_name() {
    for (change, names) in [
        (json!({}), &[][..]),
        (json!({ "AlertSeverity": "High" }), &["severity"]),
        (json!({ "Status": "Resolved" }), &["status"]),
        (json!({ "DisplayName": "Other", "AlertName": "Other" }), &["title"]),
        (json!({ "Description": "other" }), &["description"]),
        (json!({ "Tactics": "Discovery,Persistence" }), &["tactics"]),
        (json!({ "TimeGenerated": "2026-03-02T09:00:00Z" }), &[]),
        (json!({ "Entities": [{ "Type": "ip", "Address": "10.0.0.1" }] }), &["accounts", "ips"]),
    ] {
        assert_eq!(changed(&change), names, "{change}");
        assert!(names.iter().all(|name| CHANGEABLE.contains(name)));
    }
}

#[test]
fn the_first_version_has_changed_in_nothing_and_has_no_before() {
    let first = alert(&json!({}));
    assert_eq!(first.field("alert.changed"), Some(FieldValue::TextList(Vec::new())));
    for name in ["alert.before.title", "alert.before.severity", "alert.before.status"] {
        assert_eq!(first.field(name), None, "{name}");
    }
}

#[test]
fn what_it_was_before_is_known_and_is_no_part_of_the_version() {
    let (low, high) = (alert(&json!({})), alert(&json!({ "AlertSeverity": "High" })));
    let now = high.clone().since(&low);
    assert_eq!(now.field("alert.before.severity").unwrap().to_string(), "low");
    assert_eq!(now.field("alert.before.title").unwrap().to_string(), "Title");
    assert_eq!(now.version_key(), high.version_key());
    let back: Alert = serde_json::from_value(serde_json::to_value(&now).unwrap()).unwrap();
    assert_eq!(back, now);
}
