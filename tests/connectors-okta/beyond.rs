//! What the connector promises beyond the suite.

use std::time::Duration;

use quell_action::{
    ActionError, Connection, Effect, Failure, InEffect, Outcome, Request, RequestKey, Restore, Target,
};
use quell_kit::conformance::clear;
use quell_kit::scripted::Reply;
use serde_json::{Value, json};

use crate::bench::OktaBench;
use crate::world::{group_id, user_id};

pub(crate) async fn call(
    connection: &Connection,
    name: &str,
    target: Target,
    params: Value,
) -> Result<Outcome<Value>, ActionError> {
    let action = connection.actions.iter().find(|action| action.info().spec.name == name).unwrap();
    let cleared = clear(&target, &action.info().spec).unwrap();
    let request = Request::new(cleared, RequestKey("run:1/step_1".into()), Duration::from_secs(2), params);
    action.execute(request).await
}

pub(crate) fn alice() -> Target {
    OktaBench::target("alice")
}

pub(crate) fn set_status(bench: &OktaBench, status: &str) {
    bench.organisation.world.lock().people.get_mut(&user_id("alice")).unwrap().status = status.to_owned();
}

#[tokio::test]
async fn whoever_cannot_be_suspended_is_refused_by_status_and_never_taken_for_suspended() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    for status in ["STAGED", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "HIBERNATING"] {
        set_status(&bench, status);
        let error = call(&connection, "account.disable", alice(), json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{status}");
        assert!(error.message.contains(status) && error.message.contains("only from ACTIVE"), "{error}");
    }
    set_status(&bench, "DEPROVISIONED");
    let done = call(&connection, "account.disable", alice(), json!({})).await.unwrap();
    assert_eq!(done.effect, Effect::Unchanged);
    assert_eq!(bench.organisation.world.lock().changes, 0);
    let seen = bench.organisation.server.seen();
    assert!(seen.iter().all(|seen| seen.method == "GET"), "nothing is ordered that cannot go well");
}

#[tokio::test]
async fn somebody_who_was_faster_is_noticed_by_reading_again_and_not_by_words() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let active =
        json!({ "id": user_id("alice"), "status": "ACTIVE", "profile": { "login": "alice@corp.example" } });
    let owner = json!({ "id": user_id("quell"), "status": "ACTIVE", "profile": { "login": "quell" } });
    // Okta says ACTIVE, and by the time of the order it is another status.
    for (now, fits) in [("SUSPENDED", true), ("LOCKED_OUT", false)] {
        set_status(&bench, now);
        let mut planned = vec![Reply::json(200, &active)];
        if now == "SUSPENDED" {
            planned.push(Reply::json(200, &owner));
        }
        *bench.organisation.instead.lock() = planned;
        let result = call(&connection, "account.disable", alice(), json!({})).await;
        match fits {
            true => assert_eq!(result.unwrap().effect, Effect::Unchanged),
            false => assert!(result.unwrap_err().message.contains("is LOCKED_OUT and cannot be suspended")),
        }
    }
}

#[tokio::test]
async fn the_owner_of_the_token_is_never_cut_off() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    for (action, params) in [
        ("account.disable", json!({})),
        ("account.deactivate", json!({})),
        ("account.revoke_sessions", json!({})),
        ("account.revoke_tokens", json!({})),
        ("account.force_password_change", json!({})),
        ("account.reset_password", json!({})),
        ("account.set_risk", json!({ "level": "high" })),
        ("account.add_to_group", json!({ "group": "Quarantine" })),
    ] {
        let error = call(&connection, action, OktaBench::target("quell"), params).await.unwrap_err();
        assert_eq!(error.failure, Failure::Forbidden, "{action}");
    }
    assert_eq!(bench.organisation.world.lock().changes, 0);
}

#[tokio::test]
async fn nobody_is_mailed_unless_the_settings_say_so_and_no_link_is_kept() {
    let bench = OktaBench::start("").await;
    for (mail_links, flag) in [(false, "sendEmail=false"), (true, "sendEmail=true")] {
        let connection = bench.connection(json!({ "mail_links": mail_links })).await;
        set_status(&bench, "ACTIVE");
        let outcome = call(&connection, "account.reset_password", alice(), json!({})).await.unwrap();
        assert!(!format!("{outcome:?}").contains("planted"), "{outcome:?}");
        let path = bench
            .organisation
            .server
            .seen()
            .into_iter()
            .rev()
            .find(|seen| seen.method == "POST")
            .unwrap()
            .path;
        assert!(path.contains(flag) && path.contains("revokeSessions=true"), "{path}");
    }
}

#[tokio::test]
async fn a_deactivation_that_takes_its_time_is_pending_and_not_ordered_twice() {
    let bench = OktaBench::start("").await;
    bench.organisation.world.lock().slow = true;
    let connection = bench.connection(json!({})).await;
    let outcome = call(&connection, "account.deactivate", alice(), json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }), "{outcome:?}");
    let action =
        connection.actions.iter().find(|action| action.info().spec.name == "account.deactivate").unwrap();
    let seen = action.observe(&alice(), &json!({})).await.unwrap();
    assert_eq!(seen.in_effect, InEffect::Pending);
    let again = call(&connection, "account.deactivate", alice(), json!({})).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    assert_eq!(bench.organisation.world.lock().changes, 1);
}

#[tokio::test]
async fn an_undo_of_a_risk_that_was_none_sets_low_and_says_so() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    bench.organisation.world.lock().people.get_mut(&user_id("alice")).unwrap().risk = "NONE".into();
    let outcome = call(&connection, "account.set_risk", alice(), json!({ "level": "high" })).await.unwrap();
    let Effect::Changed { before, after } = outcome.effect else { panic!() };
    let action =
        connection.actions.iter().find(|action| action.info().spec.name == "account.set_risk").unwrap();
    let restore = || {
        let restore =
            Restore { params: json!({ "level": "high" }), before: before.clone(), after: after.clone() };
        let cleared = clear(&alice(), &action.info().spec).unwrap();
        action.restore(Request::new(cleared, RequestKey("undo".into()), Duration::from_secs(2), restore))
    };
    let undone = restore().await.unwrap();
    assert!(matches!(&undone.effect, Effect::Ineffective { why, .. } if why.contains("LOW")), "{undone:?}");
    assert_eq!(restore().await.unwrap().effect, Effect::Unchanged);
    assert_eq!(*bench.organisation.faults.lock(), [""; 0]);
}

#[tokio::test]
async fn groups_that_are_not_ours_to_change_are_refused() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    for (group, failure, word) in [
        ("Everyone".to_owned(), Failure::Rejected, "BUILT_IN"),
        ("Domain Users".to_owned(), Failure::Rejected, "APP_GROUP"),
        ("Okta admins".to_owned(), Failure::Forbidden, "ORG_ADMIN"),
        ("Twins".to_owned(), Failure::Ambiguous, "2 groups"),
        ("Quarantin".to_owned(), Failure::Rejected, "no group"),
        (group_id("nobody"), Failure::Rejected, "no group"),
        (r#"x" or profile.name eq "Quarantine"#.to_owned(), Failure::Rejected, "no group"),
    ] {
        let params = json!({ "group": group });
        let error = call(&connection, "account.add_to_group", alice(), params).await.unwrap_err();
        assert_eq!(error.failure, failure, "{group}: {error}");
        assert!(error.message.contains(word), "{error}");
    }
    assert_eq!(bench.organisation.world.lock().changes, 0);
}

#[tokio::test]
async fn tokens_and_consents_are_revoked_one_by_one_and_a_part_is_never_the_whole() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let fill = || {
        let mut world = bench.organisation.world.lock();
        let alice = world.people.get_mut(&user_id("alice")).unwrap();
        alice.clients = vec!["0oa1".into(), "0oa2".into()];
        alice.consents = 3;
        world.changes = 0;
    };
    fill();
    let outcome = call(&connection, "account.revoke_tokens", alice(), json!({})).await.unwrap();
    let Effect::Changed { before, after } = outcome.effect else { panic!() };
    assert_eq!(before.0, json!({ "clients": ["0oa1", "0oa2"], "consents": 3 }));
    assert_eq!(after.0, json!({ "clients": [], "consents": 0 }));
    assert_eq!(bench.organisation.world.lock().changes, 3);
    assert_eq!(*bench.organisation.faults.lock(), [""; 0]);
    // The second client's tokens are refused: a part is gone, and nobody may say that nothing happened.
    fill();
    let world = bench.organisation.world.lock().clone();
    drop(world);
    let user =
        json!({ "id": user_id("alice"), "status": "ACTIVE", "profile": { "login": "alice@corp.example" } });
    *bench.organisation.instead.lock() = vec![
        Reply::json(200, &user),
        Reply::json(200, &json!([{ "client_id": "0oa1" }, { "client_id": "0oa2" }])),
        Reply::json(200, &json!([])),
        Reply::status(204),
        Reply::status(403),
    ];
    let error = call(&connection, "account.revoke_tokens", alice(), json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
}

#[tokio::test]
async fn what_okta_says_of_its_limits_is_obeyed_before_it_has_to_say_no() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let user =
        json!({ "id": user_id("alice"), "status": "ACTIVE", "profile": { "login": "alice@corp.example" } });
    let last = [
        ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("x-rate-limit-limit", "600"),
        ("x-rate-limit-remaining", "0"),
        ("x-rate-limit-reset", "1700000030"),
    ]
    .iter()
    .fold(Reply::json(200, &user), |reply, (name, value)| reply.with_header(name, value));
    *bench.organisation.instead.lock() = vec![last];
    let params = || json!({ "user": user_id("alice") });
    call(&connection, "okta.get_user", Target::None, params()).await.unwrap();
    let asked = bench.organisation.server.seen().len();
    let error = call(&connection, "okta.get_user", Target::None, params()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled { retry_after: Some(Duration::from_secs(30)) });
    assert_eq!(bench.organisation.server.seen().len(), asked, "nothing was sent");
}

#[tokio::test]
async fn users_of_another_organisation_or_provider_are_not_asked_for() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let Target::Account(own) = alice() else { panic!() };
    let mut foreign = own.clone();
    foreign.realm = "other.okta.example".into();
    let mut entra = own.clone();
    entra.provider = "entra_id".into();
    let mut path = own;
    path.id = "../groups".into();
    for key in [foreign, entra, path] {
        let error = call(&connection, "account.disable", Target::Account(key), json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected);
    }
    assert_eq!(bench.organisation.server.seen(), []);
}
