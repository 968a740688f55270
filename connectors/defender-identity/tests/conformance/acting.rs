//! What shows later, what is not offered, who is never touched, and who is found.

use std::time::Duration;

use quell_action::{
    AccountFacts, ActionError, Connection, Effect, Failure, InEffect, LookUp, Outcome, Protected, Request,
    RequestKey, Restore, State,
};
use quell_alert::{Hint, Identifier};
use quell_kit::conformance::{Vendor, clear};
use serde_json::{Value, json};

use crate::vendor::{ALICE, SID, Sensor, alice};

async fn call(connection: &Connection, at: usize) -> Result<Outcome<Value>, ActionError> {
    let action = &connection.actions[at];
    let cleared = clear(&alice(), &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), json!({}))).await
}

async fn undo(connection: &Connection) -> Result<Outcome<()>, ActionError> {
    let action = &connection.actions[0];
    let cleared = clear(&alice(), &action.info().spec).unwrap();
    let restore = Restore { params: json!({}), before: state(true), after: state(false) };
    action.restore(Request::new(cleared, RequestKey("u".into()), Duration::from_secs(5), restore)).await
}

fn state(enabled: bool) -> State {
    State(json!({ "enabled": enabled }))
}

#[tokio::test]
async fn what_was_queued_is_pending_until_it_shows() {
    let sensor = Sensor::start().await;
    sensor.world.lock().slow = true;
    let connection = sensor.with(Vendor::Answers, 0).await;
    let outcome = call(&connection, 0).await.unwrap();
    assert_eq!(outcome.effect, Effect::Changed { before: state(true), after: state(false) });
    assert_eq!(outcome.external_id.as_deref(), Some("ed2f052b-2a01-4cd9-acb3-f6145f83e1a5"));
    assert_eq!(
        connection.actions[0].observe(&alice(), &json!({})).await.unwrap().in_effect,
        InEffect::Pending
    );
    sensor.world.lock().enable(false);
    assert_eq!(connection.actions[0].observe(&alice(), &json!({})).await.unwrap().in_effect, InEffect::Yes);
    // What others undo is seen as undone.
    let connection = sensor.with(Vendor::Answers, 0).await;
    sensor.world.lock().enable(true);
    assert_eq!(connection.actions[0].observe(&alice(), &json!({})).await.unwrap().in_effect, InEffect::No);
}

#[tokio::test]
async fn an_undo_reaches_what_does_not_show_yet() {
    let sensor = Sensor::start().await;
    sensor.world.lock().slow = true;
    let connection = sensor.with(Vendor::Answers, 0).await;
    call(&connection, 0).await.unwrap();
    undo(&connection).await.unwrap();
    assert_eq!(sensor.world.lock().invoked, ["disable", "enable"]);
}

#[tokio::test]
async fn what_is_invoked_is_followed() {
    let sensor = Sensor::start().await;
    let connection = sensor.with(Vendor::Answers, 3).await;
    sensor.cloud.expect(None);
    call(&connection, 0).await.unwrap();
    assert_eq!(sensor.cloud.calls(), 3, "the look, the call, and one more look");
}

#[tokio::test]
async fn what_is_not_offered_is_not_invoked() {
    let sensor = Sensor::start().await;
    sensor.world.lock().identities[0]["accounts"][0]["actions"] = json!([]);
    let connection = sensor.with(Vendor::Answers, 0).await;
    for at in [0, 2] {
        let error = call(&connection, at).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected);
        assert!(error.message.contains("offered: nothing"), "{error}");
    }
    sensor.world.lock().identities[0]["accounts"].as_array_mut().unwrap().remove(0);
    assert_eq!(call(&connection, 0).await.unwrap_err().failure, Failure::NotFound);
    assert_eq!(sensor.world.lock().invoked, [] as [&str; 0]);
}

#[tokio::test]
async fn both_shapes_of_answers_are_understood() {
    let sensor = Sensor::start().await;
    sensor.world.lock().as_printed = true;
    let connection = sensor.with(Vendor::Answers, 0).await;
    let outcome = call(&connection, 0).await.unwrap();
    assert!(outcome.external_id.is_some());
    assert_eq!(outcome.output["account"], "alice (corp.contoso.example)");
}

#[tokio::test]
async fn built_in_accounts_are_never_touched() {
    let sensor = Sensor::start().await;
    let connection = sensor.with(Vendor::Answers, 0).await;
    for rid in [500, 501, 502] {
        let sid = format!("S-1-5-21-1111111111-2222222222-3333333333-{rid}");
        sensor.world.lock().identities[0]["onPremisesSecurityIdentifier"] = json!(sid);
        for at in 0..3 {
            assert_eq!(call(&connection, at).await.unwrap_err().failure, Failure::Forbidden);
        }
    }
    assert_eq!(sensor.world.lock().invoked, [] as [&str; 0]);
}

async fn look_up(sensor: &Sensor, names: &[&str]) -> LookUp<AccountFacts> {
    let connection = sensor.with(Vendor::Answers, 0).await;
    let names: Vec<_> = names.iter().map(|name| Identifier::recognise(name, Hint::Any).unwrap()).collect();
    connection.directories[0].account(&names).await.unwrap()
}

#[tokio::test]
async fn an_account_is_found_by_its_security_identifier_only() {
    let sensor = Sensor::start().await;
    let LookUp::Found(facts) = look_up(&sensor, &[SID, "alice@contoso.example"]).await else { panic!() };
    assert_eq!((facts.key.realm.as_str(), facts.key.id.as_str()), ("corp.contoso.example", ALICE));
    assert_eq!(
        (facts.groups, facts.privileged, facts.enabled),
        (None, None, Some(true)),
        "unknown, not none"
    );
    for names in [
        &["alice@contoso.example"][..],
        &["CORP\\alice"],
        &["S-1-12-1-1943430372-1249052806-2496021943-3034400218"],
        &["S-1-5-21-1111111111-2222222222-3333333333-9999"],
        &["S-1-5-18"],
    ] {
        assert_eq!(look_up(&sensor, names).await, LookUp::NotFound, "{names:?}");
    }
    let both = [SID, "S-1-5-21-1111111111-2222222222-3333333333-1105"];
    assert!(matches!(look_up(&sensor, &both).await, LookUp::Ambiguous(_)));
    let twin = sensor.world.lock().identities[0].clone();
    sensor.world.lock().identities.push(twin);
    assert!(matches!(look_up(&sensor, &[SID]).await, LookUp::Ambiguous(_)));
    sensor.world.lock().identities.pop();
    let administrator = "S-1-5-21-1111111111-2222222222-3333333333-500";
    sensor.world.lock().identities[0]["onPremisesSecurityIdentifier"] = json!(administrator);
    let LookUp::Found(facts) = look_up(&sensor, &[administrator]).await else { panic!() };
    assert_eq!(facts.protected, Some(Protected::BuiltInAdministrator));
}

#[tokio::test]
async fn a_probe_tells_what_it_reached_and_changes_nothing() {
    let sensor = Sensor::start().await;
    let report = sensor.with(Vendor::Answers, 0).await.probe.probe().await;
    assert!(report.system.unwrap().starts_with("tenant 11111111-2222-3333-4444-555555555555 at 127.0.0.1"));
    assert_eq!((report.problems.len(), report.grants.len()), (0, 3));
    let report = sensor.with(Vendor::Forbids, 0).await.probe.probe().await;
    assert!(report.problems[0].contains("reading identities"), "{:?}", report.problems);
    assert_eq!(sensor.world.lock().invoked, [] as [&str; 0]);
}
