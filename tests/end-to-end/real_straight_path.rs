//! From an alert on a topic to a disabled account: exactly this one, once, recorded, and the offset committed.

use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, sign_in};
use serde_json::Value;

use crate::alert::{by_name, by_sid, dcsync};
use crate::site::{Site, assert_disabled, assert_untouched};

#[tokio::test]
async fn an_alert_disables_exactly_the_account_that_it_names() {
    let mut admin = Admin::new().await;
    let guilty = admin.person("q-e-guilty").await;
    // Whoever has a similar name is somebody else.
    let neighbour = admin.person("q-e-guilty2").await;
    assert_eq!(sign_in(&guilty.upn).await, None);
    let site = Site::new().await;
    let engine = site.engine().await;

    let alert = dcsync(by_name("CORP", "q-e-guilty"));
    let offset = site.produce(&alert).await;
    let record = site.finished(&alert).await;

    assert_disabled(&mut admin, &guilty).await;
    assert_eq!(audit::changes(&guilty, "userAccountControl"), 1);
    assert_eq!(audit::all_changes(&guilty), 1, "nothing else of the account was written");
    assert_untouched(&neighbour).await;
    site.until_committed(offset + 1).await;

    assert_eq!(record["summary"]["finish"], "contained");
    assert_eq!(record["summary"]["counts"]["changed"], 1);
    assert_eq!(
        entries(&record),
        ["created", "resolved", "expanded", "started", "succeeded", "lane_ended", "finished"]
    );
    let done = line(&record, "succeeded");
    assert_eq!(done["fulfilled"]["verification"], "seen", "{done}");
    let (before, after) = (&done["fulfilled"]["effect"]["before"], &done["fulfilled"]["effect"]["after"]);
    assert!(before.is_object() && before != after, "{done}");
    assert!(line(&record, "resolved").to_string().contains(&guilty.sid), "{record}");

    let id = record["summary"]["id"].as_str().unwrap();
    let told = site.quell(&["runs", "show", &id[..8]]).await.out;
    for words in
        ["q-e-guilty@example.com", "account.disable", "read back and seen", "the run ends: contained"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    engine.stop().await;
    // Without an engine the commands open the store themselves, and read the same.
    assert_eq!(site.ask(&["runs", "show", id]).await, record);
}

#[tokio::test]
async fn the_same_alert_is_decided_once_and_a_later_version_does_not_act_again() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-e-again").await;
    let site = Site::new().await;
    let engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    // Somebody has looked into it and let them in again: only a new decision could disable them.
    admin.set(&person, "userAccountControl", "512").await;

    site.produce(&alert).await;
    site.produce(&alert.later("InProgress")).await;
    let last = site.produce(&alert.later("Resolved")).await;
    site.until_committed(last + 1).await;
    // When the next alert is decided, everything before it is.
    let other = dcsync(by_name("CORP", "q-e-nobody"));
    site.produce(&other).await;
    site.finished(&other).await;

    assert_eq!(site.runs_of(&alert).await, [record["summary"].clone()]);
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);
    assert_eq!(sign_in(&person.upn).await, None);
    let (_, metrics) = engine.get("/metrics").await.unwrap();
    assert!(metrics.contains(r#"quell_records_total{result="repeated"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"quell_records_total{result="accepted"} 4"#), "{metrics}");

    // Nor does a restart decide it again.
    engine.stop().await;
    let engine = site.engine().await;
    let again = site.produce(&alert).await;
    site.until_committed(again + 1).await;
    assert_eq!(site.runs_of(&alert).await.len(), 1);
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);
    engine.stop().await;
}

#[tokio::test]
async fn an_account_that_was_disabled_before_is_left_as_it_was_and_stays_so_after_an_undo() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-e-before").await;
    admin.set(&person, "userAccountControl", "514").await;
    let site = Site::new().await;
    let engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    assert_eq!(record["summary"]["counts"]["unchanged"], 1, "{record}");
    let undone = site.quell(&["undo", record["summary"]["id"].as_str().unwrap()]).await;
    assert!(undone.out.contains("it was so before the run"), "{undone:?}");
    assert_eq!(audit::all_changes(&person), 0);
    assert_disabled(&mut admin, &person).await;
    engine.stop().await;
}

#[tokio::test]
async fn somebody_whom_the_directory_does_not_know_is_nobody_to_act_on() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let alert = dcsync(by_name("CORP", "nobody-of-this-name"));
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    assert_eq!(record["summary"]["counts"]["changed"], 0);
    assert!(!entries(&record).contains(&"started".to_owned()), "{record}");
    engine.stop().await;
}

/// What happened, in order.
pub fn entries(record: &Value) -> Vec<String> {
    let lines = record["lines"].as_array().unwrap();
    lines.iter().map(|line| line["entry"]["entry"].as_str().unwrap().to_owned()).collect()
}

/// The one entry of this kind.
pub fn line<'a>(record: &'a Value, kind: &str) -> &'a Value {
    let mut found = record["lines"].as_array().unwrap().iter().map(|line| &line["entry"]);
    found.find(|entry| entry["entry"] == kind).unwrap_or_else(|| panic!("no {kind} in {record:#}"))
}
