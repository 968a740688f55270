//! The suite that every connector passes, and a mishap at every call; with the incident named, and with an alert of it.

use quell_kit::conformance::{Bench, Vendor, check, check_positions, not_met_by_mishaps, not_played};
use quell_sentinel::Sentinel;

use crate::vendor::Soc;
use crate::workspace::ALERT;

#[tokio::test]
async fn every_action_conforms() {
    let soc = Soc::start(false).await;
    let report = check(&soc).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<Sentinel>([&report]), [""; 0]);
    let cannot = |scenario: &String| {
        let third = ["add_tag", "remove_tag"].iter().any(|action| scenario.contains(action));
        third && scenario.contains("after somebody else changed it")
    };
    assert!(report.left_out.iter().all(cannot), "left out: {:#?}", report.left_out);
    assert_eq!(soc.cloud.contract().violations(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly() {
    let mut reports = Vec::new();
    for (by_alert, mishaps) in [(false, 300), (true, 100)] {
        let soc = Soc::start(by_alert).await;
        let report = check_positions(&soc).await;
        assert_eq!(report.verdict(), "");
        assert!(report.played.len() > mishaps, "{} mishaps", report.played.len());
        assert_eq!(soc.cloud.contract().violations(), [] as [&str; 0]);
        reports.push(report);
    }
    assert_eq!(not_met_by_mishaps::<Sentinel>(&reports), [""; 0]);
}

/// An operation that nothing uses is not described.
#[tokio::test]
async fn every_operation_of_the_contract_is_used() {
    let soc = Soc::start(true).await;
    for case in soc.cases() {
        soc.execute(case.action, case.params).await.unwrap();
    }
    let task = serde_json::json!({ "incident": "3177", "title": "t" });
    soc.execute("sentinel.add_task", task).await.unwrap();
    let connection = soc.with(Vendor::Answers).await;
    connection.probe.probe().await;
    soc.world.lock().gone = true;
    let by_alert = serde_json::json!({ "alert": ALERT, "tag": "y" });
    soc.execute("sentinel.add_tag", by_alert).await.unwrap_err();
    let (mut used, mut all) = (soc.cloud.contract().used(), soc.cloud.contract().operations());
    used.sort();
    all.sort();
    assert_eq!(used, all);
}
