//! What is told of users and groups, what is written, and what an undo leaves alone.

use std::time::Duration;

use quell_action::{ActionError, Effect, Failure, InEffect, Outcome, Request, RequestKey, Restore, State};
use quell_kit::conformance::clear;
use serde_json::{Value, json};

use crate::refusing::execute;
use crate::vendor::{ALICE, BOSS, QUARANTINE, Tenant, alice};

async fn undo(
    tenant: &Tenant,
    action: &str,
    before: Value,
    after: Value,
) -> Result<Outcome<()>, ActionError> {
    let connection = tenant.with(json!({})).await;
    let action = connection.actions.iter().find(|one| one.info().spec.name == action).unwrap();
    let cleared = clear(&alice(), &action.info().spec).unwrap();
    let restore = Restore { params: json!({}), before: State(before), after: State(after) };
    action.restore(Request::new(cleared, RequestKey("undo".into()), Duration::from_secs(5), restore)).await
}

#[tokio::test]
async fn a_manager_who_cannot_be_read_is_not_nobody() {
    let tenant = Tenant::start().await;
    tenant.world.lock().refused = Some(("/manager", 403, "Authorization_RequestDenied"));
    let error = execute(&tenant, "entra_id.get_manager", json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden);
    tenant.world.lock().refused = Some(("/manager", 404, "Request_ResourceNotFound"));
    let outcome = execute(&tenant, "entra_id.get_manager", json!({})).await.unwrap();
    assert_eq!(outcome.output["manager"], Value::Null);
}

#[tokio::test]
async fn the_name_of_a_group_stays_a_text() {
    let tenant = Tenant::start().await;
    let named = json!({ "group": "x' or displayName eq 'Quarantine" });
    let error = execute(&tenant, "account.add_to_group", named).await.unwrap_err();
    assert_eq!(error.failure, Failure::NotFound, "{error}");
    let seen = tenant.cloud.seen();
    let asked = seen.iter().find(|seen| seen.path.contains("/groups?")).unwrap();
    assert!(asked.path.contains("%27x%27%27%20or%20displayName%20eq%20%27%27Quarantine%27"), "{asked:?}");
}

#[tokio::test]
async fn an_answer_about_another_group_is_none() {
    let tenant = Tenant::start().await;
    let asked = "00000000-0000-0000-0000-0000000000f9";
    tenant.world.lock().groups[0]["displayName"] = json!(asked);
    for action in ["account.add_to_group", "account.remove_from_group"] {
        let error = execute(&tenant, action, json!({ "group": asked })).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{action}: {error}");
    }
    // Somebody on the way leaves the question out, and the answer is a list of all groups.
    tenant.world.lock().unfiltered = true;
    for named in ["Quarantine", "S-1-12-1-9-9-9-9"] {
        let error = execute(&tenant, "account.add_to_group", json!({ "group": named })).await.unwrap_err();
        assert_eq!(error.failure, Failure::NotFound, "{named}: {error}");
    }
    assert_eq!(tenant.world.lock().changes, 0);
    tenant.world.lock().groups[0]["displayName"] = json!("Quarantine");
    for named in ["quarantine", QUARANTINE, "S-1-12-1-1-2-3-4"] {
        tenant.world.lock().members.clear();
        execute(&tenant, "account.add_to_group", json!({ "group": named })).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_is_in_another_group_is_not_in_this_one() {
    let tenant = Tenant::start().await;
    let other = "00000000-0000-0000-0000-0000000000f3";
    {
        let mut world = tenant.world.lock();
        world.groups.push(json!({ "id": other, "displayName": "Staff" }));
        world.members.insert((other.into(), ALICE.into()));
    }
    let outcome = execute(&tenant, "account.add_to_group", json!({ "group": "Quarantine" })).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert!(tenant.world.lock().members.contains(&(QUARANTINE.into(), ALICE.into())));
}

/// Only what is read back says that it is so already.
#[tokio::test]
async fn a_refused_change_of_a_group_is_not_taken_for_done() {
    for (status, code, failure) in
        [(400, "Request_BadRequest", Failure::Rejected), (404, "Request_ResourceNotFound", Failure::NotFound)]
    {
        let tenant = Tenant::start().await;
        for action in ["account.add_to_group", "account.remove_from_group"] {
            tenant.world.lock().refused = Some(("/members/", status, code));
            let error = execute(&tenant, action, json!({ "group": "Quarantine" })).await.unwrap_err();
            assert_eq!(error.failure, failure, "{action}: {error}");
            tenant.world.lock().refused = None;
            execute(&tenant, "account.add_to_group", json!({ "group": "Quarantine" })).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_list_in_pages_is_read_to_its_end() {
    let tenant = Tenant::start().await;
    {
        let mut world = tenant.world.lock();
        for number in 0..2 {
            let id = format!("00000000-0000-0000-0000-0000000000e{number}");
            world.groups.push(json!({ "id": id, "displayName": "Staff" }));
            world.members.insert((id, ALICE.into()));
        }
        world.members.insert((QUARANTINE.into(), ALICE.into()));
        world.paged = true;
    }
    let outcome = execute(&tenant, "account.add_to_group", json!({ "group": "Quarantine" })).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
    let error = execute(&tenant, "account.add_to_group", json!({ "group": "Staff" })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous, "{error}");
}

#[tokio::test]
async fn a_password_that_somebody_may_have_seen_must_be_changed_at_once() {
    let tenant = Tenant::start().await;
    execute(&tenant, "account.reset_password", json!({})).await.unwrap();
    let profile = tenant.world.lock().alice()["passwordProfile"].clone();
    assert_eq!(profile["forceChangePasswordNextSignIn"], true);
}

#[tokio::test]
async fn an_undo_takes_back_no_more_than_was_done() {
    let must_change = |must: bool| json!({ "must_change": must });
    for (now, before) in [(true, true), (false, false)] {
        let tenant = Tenant::start().await;
        tenant.world.lock().alice()["passwordProfile"]["forceChangePasswordNextSignIn"] = json!(now);
        let undone = undo(&tenant, "account.force_password_change", must_change(before), must_change(true));
        assert_eq!(undone.await.unwrap().effect, Effect::Unchanged, "{before}");
        assert_eq!(tenant.world.lock().changes, 0, "{before}");
    }
}

#[tokio::test]
async fn a_change_of_risk_that_was_taken_and_does_not_show_is_on_its_way() {
    let tenant = Tenant::start().await;
    tenant.world.lock().risk_lags = true;
    let connection = tenant.with(json!({})).await;
    let mark = connection.actions.iter().find(|one| one.info().spec.name == "account.mark_compromised");
    let mark = mark.unwrap();
    assert_eq!(mark.observe(&alice(), &json!({})).await.unwrap().in_effect, InEffect::No);
    let cleared = clear(&alice(), &mark.info().spec).unwrap();
    let request = Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), json!({}));
    mark.execute(request).await.unwrap();
    assert_eq!(mark.observe(&alice(), &json!({})).await.unwrap().in_effect, InEffect::Pending);
}

#[tokio::test]
async fn the_risk_of_somebody_else_is_not_that_of_the_user() {
    let tenant = Tenant::start().await;
    {
        let mut world = tenant.world.lock();
        (world.risk, world.risk_of) = (Some("confirmedCompromised".into()), Some(BOSS));
    }
    for action in ["account.mark_compromised", "account.dismiss_risk"] {
        let error = execute(&tenant, action, json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{action}: {error}");
    }
    assert_eq!(tenant.world.lock().changes, 0);
}

#[tokio::test]
async fn a_risk_that_is_being_worked_on_is_pending_and_its_undo_is_not_left_out() {
    let tenant = Tenant::start().await;
    {
        let mut world = tenant.world.lock();
        (world.risk, world.processing) = (Some("none".into()), true);
    }
    let connection = tenant.with(json!({})).await;
    let mark = connection.actions.iter().find(|one| one.info().spec.name == "account.mark_compromised");
    let seen = mark.unwrap().observe(&alice(), &json!({})).await.unwrap();
    assert_eq!(seen.in_effect, InEffect::Pending);
    let risk = |risk: &str| json!({ "risk": risk });
    let undone = undo(&tenant, "account.mark_compromised", risk("none"), risk("confirmed_compromised"));
    assert!(matches!(undone.await.unwrap().effect, Effect::Changed { .. }));
    assert_eq!(tenant.world.lock().risk.as_deref(), Some("dismissed"));
}
