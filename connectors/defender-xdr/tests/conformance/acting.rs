//! What the suite does not ask: which one is meant, and what is left alone.

use std::time::Duration;

use quell_action::{Effect, Failure, Restore};
use quell_kit::conformance::Vendor;
use serde_json::{Value, json};

use crate::vendor::{ALERT, INCIDENT, MERGED, Tenant};

#[tokio::test]
async fn an_incident_that_was_merged_leads_to_the_one_that_lives() {
    let tenant = Tenant::start(false).await;
    for named in [json!({ "incident": INCIDENT }), json!({ "incident": MERGED }), json!({ "alert": ALERT })] {
        let outcome = tenant.execute("defender_xdr.get_incident", named.clone()).await.unwrap();
        assert_eq!(outcome.output["incident"], INCIDENT, "{named}");
    }
    tenant.world.lock().incident()["redirectIncidentId"] = json!(INCIDENT);
    let itself = tenant.execute("defender_xdr.get_incident", json!({ "incident": INCIDENT })).await.unwrap();
    assert_eq!(itself.output["incident"], INCIDENT);
    tenant.world.lock().incident()["redirectIncidentId"] = json!(MERGED);
    let error =
        tenant.execute("defender_xdr.get_incident", json!({ "incident": INCIDENT })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "round and round");
}

#[tokio::test]
async fn what_is_not_known_is_not_acted_on() {
    let tenant = Tenant::start(false).await;
    for named in [json!({}), json!({ "incident": "1", "alert": ALERT }), json!({ "incident": "1/comments" })]
    {
        let error = tenant.execute("defender_xdr.get_incident", named.clone()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{named}");
    }
    let error =
        tenant.execute("defender_xdr.get_alert", json!({ "alert": "of-sentinel" })).await.unwrap_err();
    assert!(error.failure == Failure::NotFound && error.message.contains("alert.provider_id"), "{error}");
    tenant.world.lock().alerts[0]["incidentId"] = Value::Null;
    let error = tenant.execute("defender_xdr.get_incident", json!({ "alert": ALERT })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable { retry_after: Some(Duration::from_secs(30)) });
}

#[tokio::test]
async fn a_verdict_of_somebody_else_is_left_alone() {
    let tenant = Tenant::start(false).await;
    let close = json!({ "incident": INCIDENT, "classification": "true_positive" });
    for (verdict, taken) in
        [("falsePositive", false), ("InformationalExpectedActivity", false), ("unknown", true)]
    {
        {
            let mut world = tenant.world.lock();
            world.incident()["status"] = json!("resolved");
            world.incident()["classification"] = json!(verdict.replacen('I', "i", 1));
            world.as_printed = verdict.starts_with('I');
        }
        match tenant.execute("defender_xdr.close_incident", close.clone()).await {
            Ok(outcome) => assert!(taken && outcome.output["classification"] == "truePositive", "{verdict}"),
            Err(error) => assert!(!taken && error.failure == Failure::Rejected, "{verdict}: {error}"),
        }
    }
}

#[tokio::test]
async fn answers_that_write_words_with_a_capital_are_understood() {
    let tenant = Tenant::start(false).await;
    tenant.world.lock().as_printed = true;
    let close = json!({
        "incident": INCIDENT, "classification": "informational_expected_activity", "determination": "security_testing",
    });
    let outcome = tenant.execute("defender_xdr.close_incident", close.clone()).await.unwrap();
    assert_eq!(outcome.output["determination"], "securityTesting");
    let again = tenant.execute("defender_xdr.close_incident", close.clone()).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    let Effect::Changed { before, after } = outcome.effect else { panic!("{outcome:?}") };
    tenant.restore("defender_xdr.close_incident", Restore { params: close, before, after }).await.unwrap();
    let mut world = tenant.world.lock();
    assert_eq!(world.incident()["status"], "active");
    assert_eq!(world.incident()["classification"], "unknown");
}

#[tokio::test]
async fn tags_of_others_stay() {
    let tenant = Tenant::start(false).await;
    tenant.execute("defender_xdr.add_tag", json!({ "incident": INCIDENT, "tag": " new " })).await.unwrap();
    assert_eq!(tenant.world.lock().incident()["customTags"], json!(["vip", "new"]));
    tenant.execute("defender_xdr.remove_tag", json!({ "incident": INCIDENT, "tag": "VIP" })).await.unwrap();
    assert_eq!(tenant.world.lock().incident()["customTags"], json!(["new"]));
}

#[tokio::test]
async fn what_was_taken_and_does_not_show_is_uncertain() {
    let tenant = Tenant::start(false).await;
    tenant.world.lock().deaf = true;
    let rate = json!({ "incident": INCIDENT, "severity": "high" });
    let error = tenant.execute("defender_xdr.set_severity", rate).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain);
}

#[tokio::test]
async fn an_answer_about_another_one_is_not_believed() {
    let tenant = Tenant::start(false).await;
    let rate = json!({ "incident": INCIDENT, "severity": "high" });
    for (method, failure, changes) in [
        ("GET", Failure::Unavailable { retry_after: None }, 0),
        // It was sent: what it did is not known.
        ("PATCH", Failure::Uncertain, 1),
    ] {
        tenant.world.lock().strays = Some(method);
        let error = tenant.execute("defender_xdr.set_severity", rate.clone()).await.unwrap_err();
        assert_eq!((error.failure, tenant.world.lock().changes), (failure, changes), "{method}: {error}");
    }
}

#[tokio::test]
async fn an_undo_is_done_once_and_only_to_what_was_left_as_it_is() {
    let tenant = Tenant::start(false).await;
    let rate = json!({ "incident": INCIDENT, "severity": "high" });
    let outcome = tenant.execute("defender_xdr.set_severity", rate.clone()).await.unwrap();
    let Effect::Changed { before, after } = outcome.effect else { panic!("{outcome:?}") };
    let undo = async || {
        let restore = Restore { params: rate.clone(), before: before.clone(), after: after.clone() };
        tenant.restore("defender_xdr.set_severity", restore).await
    };
    tenant.world.lock().incident()["severity"] = json!("low");
    let error = undo().await.unwrap_err();
    assert!(error.failure == Failure::Rejected && error.message.contains("changed meanwhile"), "{error}");
    tenant.world.lock().incident()["severity"] = json!("high");
    tenant.world.lock().deaf = true;
    assert_eq!(undo().await.unwrap_err().failure, Failure::Uncertain);
    tenant.world.lock().deaf = false;
    assert!(matches!(undo().await.unwrap().effect, Effect::Changed { .. }));
    assert_eq!(undo().await.unwrap().effect, Effect::Unchanged);
    assert_eq!(tenant.world.lock().changes, 2);
}

#[tokio::test]
async fn a_comment_is_made_once_for_each_task() {
    let tenant = Tenant::start(false).await;
    for (message, effect) in [("one", true), ("one", false), ("two", true)] {
        let say = json!({ "alert": ALERT, "message": message });
        let outcome = tenant.execute("defender_xdr.add_alert_comment", say).await.unwrap();
        assert_eq!(outcome.effect != Effect::Unchanged, effect, "{message}");
    }
    let world = tenant.world.lock();
    let said: Vec<&str> = world.alerts[0]["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["comment"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with("one\n\n[quell defender_xdr.add_alert_comment"), "{}", said[0]);
}

/// It is found again by its mark, so that a lost answer is a case for another try and not for a person.
#[tokio::test]
async fn a_comment_whose_answer_got_lost_can_be_made_again() {
    let tenant = Tenant::start(false).await;
    let say = json!({ "alert": ALERT, "message": "one" });
    let lost = tenant.execute_at(Vendor::Cuts, "defender_xdr.add_alert_comment", say.clone()).await;
    assert_eq!(lost.unwrap_err().failure, Failure::Unavailable { retry_after: None });
    assert_eq!(tenant.world.lock().changes, 1);
    tenant.execute("defender_xdr.add_alert_comment", say).await.unwrap();
    assert_eq!(tenant.world.lock().changes, 1);
}

#[tokio::test]
async fn owners_have_principal_names() {
    let tenant = Tenant::start(false).await;
    let own = async |owner: &str| {
        tenant.execute("defender_xdr.set_owner", json!({ "incident": INCIDENT, "owner": owner })).await
    };
    own("soc@contoso.example").await.unwrap();
    assert_eq!(own("").await.unwrap().output["owner"], Value::Null);
    for wrong in ["soc", "@contoso.example", "soc@", "a b@contoso.example"] {
        assert_eq!(own(wrong).await.unwrap_err().failure, Failure::Rejected, "{wrong}");
    }
}

#[tokio::test]
async fn the_probe_reads_and_changes_nothing() {
    let tenant = Tenant::start(false).await;
    let report = tenant.with(Vendor::Answers).await.probe.probe().await;
    assert_eq!(report.problems, [] as [&str; 0]);
    assert!(report.system.unwrap().starts_with("tenant 11111111-2222"));
    assert_eq!(report.grants.len(), 13);
    let report = tenant.with(Vendor::Forbids).await.probe.probe().await;
    assert!(report.problems[0].contains("reading incidents"), "{:?}", report.problems);
    assert_eq!(tenant.world.lock().changes, 0);
}
