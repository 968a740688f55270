//! The suite that every connector passes, and a mishap at every call; with the incident named, and with an alert of it.

use quell_defender_xdr::DefenderXdr;
use quell_kit::conformance::{Bench, Vendor, check, check_positions, not_met_by_mishaps, not_played};

use crate::vendor::Tenant;

#[tokio::test]
async fn every_action_conforms() {
    let tenant = Tenant::start(false).await;
    let report = check(&tenant).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<DefenderXdr>([&report]), [""; 0]);
    let cannot = |scenario: &String| {
        let third = ["add_tag", "remove_tag"].iter().any(|action| scenario.contains(action));
        third && scenario.contains("after somebody else changed it")
    };
    assert!(report.left_out.iter().all(cannot), "left out: {:#?}", report.left_out);
    assert_eq!(tenant.cloud.contract().violations(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly() {
    let mut reports = Vec::new();
    for (by_alert, mishaps) in [(false, 300), (true, 60)] {
        let tenant = Tenant::start(by_alert).await;
        let report = check_positions(&tenant).await;
        assert_eq!(report.verdict(), "");
        assert!(report.played.len() > mishaps, "{} mishaps", report.played.len());
        assert_eq!(tenant.cloud.contract().violations(), [] as [&str; 0]);
        reports.push(report);
    }
    assert_eq!(not_met_by_mishaps::<DefenderXdr>(&reports), [""; 0]);
}

/// An operation that nothing uses is not described.
#[tokio::test]
async fn every_operation_of_the_contract_is_used() {
    let tenant = Tenant::start(false).await;
    for case in tenant.cases() {
        tenant.execute(case.action, case.params).await.unwrap();
    }
    tenant.with(Vendor::Answers).await.probe.probe().await;
    let (mut used, mut all) = (tenant.cloud.contract().used(), tenant.cloud.contract().operations());
    used.sort();
    all.sort();
    assert_eq!(used, all);
}
