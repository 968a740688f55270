//! What Okta answers is not taken for more than it says, and what it was told is not told again.

use std::time::Duration;

use quell_action::{
    ActionError, Connection, Effect, Failure, Outcome, Request, RequestKey, Restore, State, Target,
};
use quell_kit::conformance::clear;
use quell_kit::scripted::Reply;
use serde_json::{Value, json};

use crate::bench::OktaBench;
use crate::beyond::{alice, call, set_status};
use crate::organisation::TOKEN;
use crate::world::{group_id, refusal, user_id};

/// Alice as a state has her, the owner of the token, and what else is answered before an order.
fn before(bench: &OktaBench, action: &str) -> Vec<Reply> {
    let world = bench.organisation.world.lock();
    let user = |name| Reply::json(200, &world.user(&user_id(name)));
    let mut answers = vec![user("alice"), user("quell")];
    match action {
        "account.set_risk" => answers.push(Reply::json(200, &json!({ "riskLevel": "LOW" }))),
        "account.add_to_group" => answers.extend([
            Reply::json(200, &json!([world.group(&group_id("quarantine"))])),
            Reply::json(200, &json!([])),
            Reply::json(200, &json!([])),
        ]),
        _ => {}
    }
    answers
}

/// What shows after the order that nothing has changed.
fn unmoved(bench: &OktaBench, action: &str) -> Reply {
    match action {
        "account.set_risk" => Reply::json(200, &json!({ "riskLevel": "LOW" })),
        "account.add_to_group" => Reply::json(200, &json!([])),
        _ => Reply::json(200, &bench.organisation.world.lock().user(&user_id("alice"))),
    }
}

fn params(action: &str) -> Value {
    match action {
        "account.set_risk" => json!({ "level": "high" }),
        "account.add_to_group" => json!({ "group": "Quarantine" }),
        _ => json!({}),
    }
}

async fn undo(
    connection: &Connection,
    name: &str,
    before: Value,
    after: Value,
) -> Result<Outcome<()>, ActionError> {
    let action = connection.actions.iter().find(|action| action.info().spec.name == name).unwrap();
    let cleared = clear(&alice(), &action.info().spec).unwrap();
    let restore = Restore { params: params(name), before: State(before), after: State(after) };
    action.restore(Request::new(cleared, RequestKey("undo".into()), Duration::from_secs(2), restore)).await
}

const ORDERS: [&str; 3] = ["account.disable", "account.set_risk", "account.add_to_group"];

#[tokio::test]
async fn an_order_that_was_taken_is_not_a_change_until_it_is_seen() {
    for action in ORDERS {
        for read_back in [None, Some(refusal(404, "E0000007", "Not found")), Some(Reply::status(503))] {
            let bench = OktaBench::start("").await;
            let connection = bench.connection(json!({})).await;
            let mut answers = before(&bench, action);
            answers.push(Reply::status(200));
            answers.push(read_back.unwrap_or_else(|| unmoved(&bench, action)));
            *bench.organisation.instead.lock() = answers;
            let error = call(&connection, action, alice(), params(action)).await.unwrap_err();
            assert_eq!(error.failure, Failure::Uncertain, "{action}: {error}");
            assert_eq!(bench.organisation.instead.lock().len(), 0, "{action}: {error}");
        }
    }
}

#[tokio::test]
async fn an_order_whose_answer_got_lost_may_have_been_carried_out() {
    for action in ORDERS {
        let bench = OktaBench::start("").await;
        let connection = bench.connection(json!({})).await;
        let mut answers = before(&bench, action);
        answers.push(Reply::status(502));
        *bench.organisation.instead.lock() = answers;
        let error = call(&connection, action, alice(), params(action)).await.unwrap_err();
        assert_eq!(error.failure, Failure::Uncertain, "{action}: {error}");
    }
}

#[tokio::test]
async fn what_is_so_already_is_not_ordered() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    {
        let mut world = bench.organisation.world.lock();
        let alice = world.people.get_mut(&user_id("alice")).unwrap();
        alice.risk = "HIGH".into();
        alice.groups.insert(group_id("quarantine"));
    }
    for action in ["account.set_risk", "account.add_to_group", "account.revoke_tokens"] {
        let outcome = call(&connection, action, alice(), params(action)).await.unwrap();
        assert_eq!(outcome.effect, Effect::Unchanged, "{action}");
    }
    assert_eq!(bench.organisation.world.lock().changes, 0);
    // A consent is as good as a token.
    bench.organisation.world.lock().people.get_mut(&user_id("alice")).unwrap().consents = 1;
    let outcome = call(&connection, "account.revoke_tokens", alice(), json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert_eq!(bench.organisation.world.lock().people[&user_id("alice")].consents, 0);
}

#[tokio::test]
async fn an_undo_leaves_alone_what_is_back_already_or_is_no_longer_as_it_was_left() {
    let status = |status: &str| json!({ "status": status });
    let risk = |risk: &str| json!({ "risk": risk });
    let member = |group: &str, member: bool| json!({ "group": group_id(group), "member": member });
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    for (action, before, after) in [
        ("account.disable", status("ACTIVE"), status("SUSPENDED")),
        ("account.set_risk", risk("LOW"), risk("HIGH")),
        ("account.add_to_group", member("quarantine", false), member("quarantine", true)),
    ] {
        let undone = undo(&connection, action, before, after).await.unwrap();
        assert_eq!(undone.effect, Effect::Unchanged, "{action}");
    }
    set_status(&bench, "SUSPENDED");
    {
        let mut world = bench.organisation.world.lock();
        let alice = world.people.get_mut(&user_id("alice")).unwrap();
        alice.risk = "MEDIUM".into();
        // Somebody deactivates the user at this moment, for good.
        alice.leaving = true;
    }
    for (action, before, after) in [
        ("account.disable", status("ACTIVE"), status("SUSPENDED")),
        ("account.set_risk", risk("LOW"), risk("HIGH")),
        ("account.add_to_group", member("quarantine", true), member("fromad", false)),
    ] {
        let error = undo(&connection, action, before, after).await.unwrap_err();
        assert!(error.message.contains("changed meanwhile"), "{action}: {error}");
    }
    assert_eq!(bench.organisation.world.lock().changes, 0);
}

#[tokio::test]
async fn who_or_what_was_not_asked_for_is_not_acted_on() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let world = bench.organisation.world.lock().clone();
    let user = |name| Reply::json(200, &world.user(&user_id(name)));
    *bench.organisation.instead.lock() = vec![user("bob")];
    let error = call(&connection, "account.disable", alice(), json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous, "{error}");
    // Searching found a group by a part of its name.
    let other = Reply::json(200, &json!([world.group(&group_id("quarantine"))]));
    *bench.organisation.instead.lock() = vec![user("alice"), user("quell"), other];
    let params = json!({ "group": "Quarant" });
    let error = call(&connection, "account.add_to_group", alice(), params).await.unwrap_err();
    assert!(error.message.contains("no group"), "{error}");
    let other = Reply::json(200, &world.group(&group_id("quarantine")));
    *bench.organisation.instead.lock() = vec![user("alice"), user("quell"), other];
    let params = json!({ "group": group_id("fromad") });
    let error = call(&connection, "account.add_to_group", alice(), params).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous, "{error}");
    let seen = bench.organisation.server.seen();
    assert!(seen.iter().all(|seen| seen.method == "GET"), "{seen:?}");
}

#[tokio::test]
async fn a_new_link_is_mailed_only_to_somebody_who_has_not_finished() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let error = call(&connection, "account.reactivate", alice(), json!({})).await.unwrap_err();
    assert!(error.message.contains("is ACTIVE and cannot be"), "{error}");
    assert!(bench.organisation.server.seen().iter().all(|seen| seen.method == "GET"));
    set_status(&bench, "PROVISIONED");
    call(&connection, "account.reactivate", alice(), json!({})).await.unwrap();
    assert!(bench.organisation.server.seen().last().unwrap().path.ends_with("/reactivate?sendEmail=true"));
}

#[tokio::test]
async fn sessions_end_with_the_tokens_that_keep_them_alive() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    call(&connection, "account.revoke_sessions", alice(), json!({})).await.unwrap();
    let path = bench.organisation.server.seen().last().unwrap().path.clone();
    assert!(path.contains("oauthTokens=true") && path.contains("forgetDevices=true"), "{path}");
}

#[tokio::test]
async fn nothing_is_sent_when_no_time_is_left() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let action = connection.actions.iter().find(|action| action.info().spec.name == "okta.get_user").unwrap();
    let cleared = clear(&Target::None, &action.info().spec).unwrap();
    let params = json!({ "user": user_id("alice") });
    let request = Request::new(cleared, RequestKey("k".into()), Duration::ZERO, params);
    let error = action.execute(request).await.unwrap_err();
    assert!(error.message.contains("nothing was sent"), "{error}");
    assert_eq!(bench.organisation.server.seen(), []);
}

#[tokio::test]
async fn what_okta_repeats_of_the_token_is_not_told() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    *bench.organisation.instead.lock() = vec![refusal(400, "E0000001", &format!("{TOKEN} is bad"))];
    let error = call(&connection, "account.disable", alice(), json!({})).await.unwrap_err();
    assert!(error.message.contains("[redacted] is bad"), "{error}");
}
