//! What the suite does not ask: what happens beside others, and what is left alone.

use quell_action::{Effect, Failure, InEffect, Restore};
use quell_kit::conformance::Vendor;
use serde_json::{Value, json};

use crate::vendor::Soc;
use crate::workspace::{INCIDENT, OTHER};

fn rated(severity: &str) -> Value {
    json!({ "incident": INCIDENT, "severity": severity })
}

#[tokio::test]
async fn a_change_of_somebody_else_is_never_written_over() {
    let soc = Soc::start(false).await;
    soc.world.lock().overtakes = 2;
    soc.execute("sentinel.set_severity", rated("high")).await.unwrap();
    assert_eq!(soc.world.lock().changes, 1);
    soc.world.lock().overtakes = 3;
    let error = soc.execute("sentinel.set_severity", rated("low")).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable { retry_after: None });
    assert_eq!(soc.world.lock().changes, 1, "nothing was written");
}

#[tokio::test]
async fn what_is_not_changed_is_written_back_as_it_was() {
    let soc = Soc::start(false).await;
    soc.world.lock().properties(INCIDENT)["owner"] = json!({ "objectId": "o-1", "assignedTo": "Somebody" });
    soc.execute("sentinel.add_tag", json!({ "incident": INCIDENT, "tag": "new" })).await.unwrap();
    let mut world = soc.world.lock();
    let own = world.properties(INCIDENT).clone();
    assert_eq!(own["labels"], json!([{ "labelName": "vip" }, { "labelName": "new" }]));
    assert_eq!((&own["description"], &own["severity"]), (&json!("as it was"), &json!("Medium")));
    assert_eq!((&own["owner"]["objectId"], &own["owner"]["assignedTo"]), (&json!("o-1"), &json!("Somebody")));
    assert_eq!(own["firstActivityTimeUtc"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_verdict_of_somebody_else_is_left_alone() {
    let soc = Soc::start(false).await;
    let close = json!({ "incident": INCIDENT, "classification": "true_positive" });
    for (verdict, taken) in [("FalsePositive", false), ("BenignPositive", false), ("Undetermined", true)] {
        {
            let mut world = soc.world.lock();
            world.properties(INCIDENT)["status"] = json!("Closed");
            world.properties(INCIDENT)["classification"] = json!(verdict);
        }
        let seen = soc.observe("sentinel.close_incident", close.clone()).await.unwrap();
        assert_eq!(seen.in_effect, InEffect::No);
        match soc.execute("sentinel.close_incident", close.clone()).await {
            Ok(outcome) => assert!(taken && outcome.output["classification"] == "TruePositive", "{verdict}"),
            Err(error) => assert!(!taken && error.failure == Failure::Rejected, "{verdict}: {error}"),
        }
    }
}

#[tokio::test]
async fn opening_again_takes_the_verdict_away_and_an_undo_brings_it_back() {
    let soc = Soc::start(false).await;
    let closing = json!({ "incident": INCIDENT, "classification": "benign_positive", "comment": " a test " });
    soc.execute("sentinel.close_incident", closing).await.unwrap();
    let closed = soc.world.lock().properties(INCIDENT).clone();
    assert_eq!(closed["classificationReason"], "SuspiciousButExpected");
    assert_eq!(closed["classificationComment"], "a test");
    let open = json!({ "incident": INCIDENT, "status": "active" });
    let outcome = soc.execute("sentinel.set_status", open.clone()).await.unwrap();
    assert_eq!(soc.world.lock().properties(INCIDENT).get("classification"), None);
    let Effect::Changed { before, after } = outcome.effect else { panic!("{outcome:?}") };
    soc.restore("sentinel.set_status", Restore { params: open, before, after }).await.unwrap();
    let mut world = soc.world.lock();
    for name in ["status", "classification", "classificationReason", "classificationComment"] {
        assert_eq!(world.properties(INCIDENT)[name], closed[name], "{name}");
    }
}

/// The alert may have moved to another incident: the one that was changed is put back.
#[tokio::test]
async fn an_undo_goes_to_the_incident_that_was_changed() {
    let soc = Soc::start(true).await;
    let params = json!({ "alert": crate::workspace::ALERT, "severity": "high" });
    let outcome = soc.execute("sentinel.set_severity", params.clone()).await.unwrap();
    let Effect::Changed { before, after } = outcome.effect else { panic!("{outcome:?}") };
    {
        let mut world = soc.world.lock();
        let moved = world.alerts.get_mut(INCIDENT).unwrap().pop().unwrap();
        world.alerts.get_mut(OTHER).unwrap().push(moved);
    }
    soc.restore("sentinel.set_severity", Restore { params, before, after }).await.unwrap();
    let mut world = soc.world.lock();
    assert_eq!(world.properties(INCIDENT)["severity"], "Medium");
    assert_eq!(world.properties(OTHER)["severity"], "Medium");
}

#[tokio::test]
async fn an_incident_that_is_deleted_meanwhile_does_not_rise_again() {
    let soc = Soc::start(false).await;
    soc.world.lock().gone = true;
    let error = soc.execute("sentinel.set_severity", rated("high")).await.unwrap_err();
    assert_eq!(error.failure, Failure::NotFound);
    let seen = soc.cloud.seen();
    let last = seen.last().unwrap();
    assert_eq!((last.method.as_str(), last.path.contains(INCIDENT)), ("DELETE", true));
}

#[tokio::test]
async fn what_was_taken_and_does_not_show_is_uncertain() {
    let soc = Soc::start(false).await;
    soc.world.lock().deaf = true;
    let error = soc.execute("sentinel.set_severity", rated("high")).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain);
}

#[tokio::test]
async fn an_undo_is_done_when_it_shows_and_not_before() {
    let soc = Soc::start(false).await;
    let outcome = soc.execute("sentinel.set_severity", rated("high")).await.unwrap();
    let Effect::Changed { before, after } = outcome.effect else { panic!("{outcome:?}") };
    let restore = || Restore { params: rated("high"), before: before.clone(), after: after.clone() };
    soc.world.lock().deaf = true;
    let error = soc.restore("sentinel.set_severity", restore()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
    // Somebody else writes twice just before.
    (soc.world.lock().deaf, soc.world.lock().overtakes) = (false, 2);
    let undone = soc.restore("sentinel.set_severity", restore()).await.unwrap();
    assert!(matches!(undone.effect, Effect::Changed { .. }), "{undone:?}");
    assert_eq!(soc.world.lock().properties(INCIDENT)["severity"], "Medium");
}

/// Without the mark of its version somebody else's change could be written over.
#[tokio::test]
async fn what_has_no_mark_of_its_version_is_not_written() {
    let soc = Soc::start(false).await;
    for etag in [json!(""), Value::Null] {
        soc.world.lock().incidents[0]["etag"] = etag;
        let error = soc.execute("sentinel.set_severity", rated("high")).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains("etag"), "{error}");
    }
    assert!(soc.cloud.seen().iter().all(|seen| seen.method != "PUT"));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_before_anything_is_asked() {
    let soc = Soc::start(false).await;
    let long = "x".repeat(201);
    for (action, params) in [
        ("sentinel.add_tag", json!({ "tag": " " })),
        ("sentinel.remove_tag", json!({ "tag": long })),
        ("sentinel.set_title", json!({ "title": " \n" })),
        ("sentinel.add_task", json!({ "title": " " })),
        ("sentinel.set_owner", json!({ "owner": "the soc" })),
        ("sentinel.close_incident", json!({ "classification": "false_positive" })),
    ] {
        let mut params = params;
        params["incident"] = json!(INCIDENT);
        let error = soc.execute(action, params.clone()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{action}: {error}");
        if action != "sentinel.add_task" {
            let error = soc.observe(action, params).await.unwrap_err();
            assert_eq!(error.failure, Failure::Rejected, "{action}: {error}");
        }
    }
    assert_eq!(soc.cloud.calls(), 0);
}

#[tokio::test]
async fn texts_are_cut_to_what_sentinel_takes() {
    let soc = Soc::start(false).await;
    let long = "ä".repeat(5000);
    let closing = json!({ "incident": INCIDENT, "classification": "true_positive", "comment": long });
    soc.execute("sentinel.close_incident", closing).await.unwrap();
    let task = json!({ "incident": INCIDENT, "title": long, "description": long });
    let task = soc.execute("sentinel.add_task", task).await.unwrap().external_id.unwrap();
    let mut world = soc.world.lock();
    let length = |text: &Value| text.as_str().unwrap().chars().count();
    assert_eq!(length(&world.properties(INCIDENT)["classificationComment"]), 2000);
    let task = &world.added[&("tasks".to_owned(), task)]["properties"];
    assert_eq!((length(&task["title"]), length(&task["description"])), (150, 3000));
}

/// Whether a comment is there already must be known: not that it may not be read, and not of another one.
#[tokio::test]
async fn a_comment_is_not_made_where_it_is_not_known_whether_it_is_there() {
    let soc = Soc::start(false).await;
    let say = json!({ "incident": INCIDENT, "message": "x" });
    let id = soc.execute("sentinel.add_comment", say.clone()).await.unwrap().external_id.unwrap();
    soc.world.lock().added.insert(("comments".into(), id), json!({ "name": "another" }));
    soc.execute("sentinel.add_comment", say.clone()).await.unwrap_err();
    soc.world.lock().refused = Some(("/comments/", 403));
    let error = soc.execute_as("another", "sentinel.add_comment", say).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden, "{error}");
    assert_eq!(soc.world.lock().changes, 1);
}

#[tokio::test]
async fn a_comment_is_made_once_for_each_task_and_its_text_is_no_markup() {
    let soc = Soc::start(false).await;
    let say = async |key: &str| {
        let params = json!({
            "incident": INCIDENT, "message": "<b>Contained</b>\nby", "details": { "Who": "a*b", "None": null },
            "link": "https://quell.example/runs/1",
        });
        soc.execute_as(key, "sentinel.add_comment", params).await.unwrap()
    };
    let (one, again, other) = (say("run/1").await, say("run/1").await, say("run/2").await);
    assert_eq!(again.effect, Effect::Unchanged);
    assert!(one.external_id == again.external_id && one.external_id != other.external_id);
    let world = soc.world.lock();
    assert_eq!(world.added.len(), 2);
    let id = one.output["comment"].as_str().unwrap().to_owned();
    let text = world.added[&("comments".to_owned(), id)]["properties"]["message"].as_str().unwrap();
    assert_eq!(
        text,
        "&#60;b&#62;Contained&#60;/b&#62;<br>by<br><br>Who: a&#42;b<br><br>https://quell.example/runs/1<br><br>Quell, run/1"
    );
}

#[tokio::test]
async fn an_incident_that_takes_no_more_comments_says_so() {
    let soc = Soc::start(false).await;
    soc.world.lock().full = true;
    let say = json!({ "incident": INCIDENT, "message": "x" });
    let error = soc.execute("sentinel.add_comment", say.clone()).await.unwrap_err();
    assert!(!error.message.contains("100 comments"), "{error}");
    soc.world.lock().properties(INCIDENT)["additionalData"]["commentsCount"] = json!(100);
    let error = soc.execute("sentinel.add_comment", say).await.unwrap_err();
    assert!(error.failure == Failure::Rejected && error.message.contains("add a tag"), "{error}");
}

#[tokio::test]
async fn owners_are_people_and_groups() {
    let soc = Soc::start(false).await;
    let own = async |owner: &str| {
        soc.execute("sentinel.set_owner", json!({ "incident": INCIDENT, "owner": owner })).await
    };
    let id = "00000000-0000-0000-0000-0000000000a1";
    assert_eq!(own(id).await.unwrap().output["owner"], id);
    assert_eq!(own("soc@contoso.example").await.unwrap().output["owner"], "soc@contoso.example");
    assert_eq!(soc.world.lock().properties(INCIDENT)["owner"]["objectId"], Value::Null);
    assert_eq!(own(" ").await.unwrap().output["owner"], Value::Null);
    for wrong in ["the soc", "@contoso.example", "soc@", "a b@contoso.example"] {
        assert_eq!(own(wrong).await.unwrap_err().failure, Failure::Rejected, "{wrong}");
    }
}

#[tokio::test]
async fn the_probe_tells_what_the_roles_allow_and_changes_nothing() {
    let soc = Soc::start(false).await;
    let report = soc.with(Vendor::Answers).await.probe.probe().await;
    assert_eq!(report.problems, [] as [&str; 0]);
    assert!(report.system.unwrap().starts_with("workspace soc-eu of tenant 11111111-"));
    for grant in &report.grants {
        let denied = grant.action == "sentinel.add_task";
        assert_eq!(grant.allowed, Some(!denied), "{grant:?}");
    }
    let report = soc.with(Vendor::Forbids).await.probe.probe().await;
    assert!(report.problems[0].contains("reading incidents"), "{:?}", report.problems);
    assert!(report.grants.iter().all(|grant| grant.allowed.is_none()));
    assert_eq!(soc.world.lock().changes, 0);
}
