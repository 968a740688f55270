//! The suite that every connector passes, and a mishap at every call.

use quell_defender_identity::DefenderIdentity;
use quell_kit::conformance::{check, check_positions, not_met_by_mishaps, not_played};

use crate::vendor::Sensor;

#[tokio::test]
async fn every_action_conforms() {
    let sensor = Sensor::start().await;
    let report = check(&sensor).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<DefenderIdentity>([&report]), [""; 0]);
    let two_states = |scenario: &String| scenario.contains("after somebody else changed it");
    assert!(report.left_out.iter().all(two_states), "left out: {:#?}", report.left_out);
    assert_eq!(sensor.cloud.contract().violations(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly() {
    let sensor = Sensor::start().await;
    let report = check_positions(&sensor).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_met_by_mishaps::<DefenderIdentity>([&report]), [""; 0]);
    assert!(report.played.len() >= 54, "{} mishaps", report.played.len());
    assert_eq!(sensor.cloud.contract().violations(), [] as [&str; 0]);
}
