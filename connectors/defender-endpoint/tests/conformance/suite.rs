//! The suite that every connector passes, and a mishap at every call.

use quell_defender_endpoint::DefenderEndpoint;
use quell_kit::conformance::{check, check_positions, not_met_by_mishaps, not_played};

use crate::vendor::Fleet;

#[tokio::test]
async fn every_action_conforms() {
    let fleet = Fleet::start().await;
    let report = check(&fleet).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<DefenderEndpoint>([&report]), [""; 0]);
    let cannot = |scenario: &String| {
        scenario.contains("after somebody else changed it")
            || scenario == "defender_endpoint.watch at defender_endpoint: the target is unknown"
    };
    assert!(report.left_out.iter().all(cannot), "left out: {:#?}", report.left_out);
    assert_eq!(fleet.cloud.contract().violations(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly() {
    let fleet = Fleet::start().await;
    let report = check_positions(&fleet).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_met_by_mishaps::<DefenderEndpoint>([&report]), [""; 0]);
    assert!(report.played.len() > 200, "{} mishaps", report.played.len());
    assert_eq!(fleet.cloud.contract().violations(), [] as [&str; 0]);
}
