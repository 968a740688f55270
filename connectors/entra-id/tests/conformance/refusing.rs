//! What is refused, and what is said of what has no effect; and what a probe finds.

use std::time::Duration;

use quell_action::{
    ActionError, Connection, Connector, Effect, Failure, Outcome, Request, RequestKey, Restore, State, Target,
};
use quell_entra_id::EntraId;
use quell_kit::conformance::{Vendor, clear};
use serde_json::{Value, json};

use crate::vendor::{ALICE, QUARANTINE, Tenant, alice};

pub(crate) async fn execute(
    tenant: &Tenant,
    action: &str,
    params: Value,
) -> Result<Outcome<Value>, ActionError> {
    let connection = tenant.with(json!({})).await;
    let action = connection.actions.iter().find(|one| one.info().spec.name == action).unwrap();
    let cleared = clear(&alice(), &action.info().spec).unwrap();
    let limit = Duration::from_secs(5);
    action.execute(Request::new(cleared, RequestKey("k".into()), limit, params)).await
}

fn set(tenant: &Tenant, name: &str, value: Value) {
    tenant.world.lock().alice()[name] = value;
}

#[tokio::test]
async fn passwords_that_are_elsewhere_are_refused_before_any_call() {
    for (name, value, word) in [
        ("onPremisesSyncEnabled", json!(true), "active_directory"),
        ("userType", json!("Guest"), "another tenant"),
    ] {
        let tenant = Tenant::start().await;
        set(&tenant, name, value);
        for action in ["account.force_password_change", "account.reset_password"] {
            let error = execute(&tenant, action, json!({})).await.unwrap_err();
            assert_eq!(error.failure, Failure::Rejected);
            assert!(error.message.contains(word), "{error}");
        }
        assert_eq!(tenant.world.lock().changes, 0);
    }
}

#[tokio::test]
async fn the_sessions_of_a_guest_are_somewhere_else() {
    let tenant = Tenant::start().await;
    set(&tenant, "userType", json!("Guest"));
    let outcome = execute(&tenant, "account.revoke_sessions", json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Ineffective { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_flag_that_is_not_told_is_written_and_called_pending() {
    let tenant = Tenant::start().await;
    set(&tenant, "passwordProfile", json!(null));
    let outcome = execute(&tenant, "account.force_password_change", json!({})).await.unwrap();
    let unknown = State(json!({ "must_change": null }));
    assert_eq!(outcome.effect, Effect::Changed { before: unknown.clone(), after: unknown });
    assert_eq!(tenant.world.lock().changes, 1);
}

#[tokio::test]
async fn administrators_are_left_to_a_person() {
    let tenant = Tenant::start().await;
    let connection = tenant.with(json!({})).await;
    let disable = &connection.actions[0];
    let cleared = clear(&alice(), &disable.info().spec).unwrap();
    // Reading is allowed and writing is not, as Microsoft Graph does it for administrators.
    tenant.world.lock().protected = true;
    let request = Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), json!({}));
    let error = disable.execute(request).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden);
    assert!(error.message.contains("a case for a person"), "{error}");
    let vendor = error.vendor.unwrap();
    assert_eq!(vendor.code.as_deref(), Some("Authorization_RequestDenied"));
    assert_eq!(vendor.request_id.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn groups_that_are_not_ours_to_change_are_refused() {
    for (name, value, failure, word) in [
        ("onPremisesSyncEnabled", json!(true), Failure::Rejected, "Active Directory"),
        ("groupTypes", json!(["DynamicMembership"]), Failure::Rejected, "a rule decides"),
        ("isAssignableToRole", json!(true), Failure::Forbidden, "nobody is ever added"),
    ] {
        let tenant = Tenant::start().await;
        tenant.world.lock().groups[0][name] = value;
        let error =
            execute(&tenant, "account.add_to_group", json!({ "group": QUARANTINE })).await.unwrap_err();
        assert_eq!(error.failure, failure, "{error}");
        assert!(error.message.contains(word), "{error}");
        assert_eq!(tenant.world.lock().changes, 0);
    }
}

#[tokio::test]
async fn a_group_is_found_by_each_of_its_names_and_never_by_two() {
    let tenant = Tenant::start().await;
    for name in [QUARANTINE, "quarantine", "S-1-12-1-1-2-3-4"] {
        tenant.world.lock().members.clear();
        let outcome = execute(&tenant, "account.add_to_group", json!({ "group": name })).await.unwrap();
        assert!(matches!(outcome.effect, Effect::Changed { .. }), "{name}");
        assert_eq!(outcome.output, json!({ "account": "alice@contoso.example", "group": "Quarantine" }));
    }
    let missing = execute(&tenant, "account.add_to_group", json!({ "group": "no such" })).await.unwrap_err();
    assert_eq!(missing.failure, Failure::NotFound);
    let twin = json!({ "id": "00000000-0000-0000-0000-0000000000f2", "displayName": "Quarantine" });
    tenant.world.lock().groups.push(twin);
    let twice = execute(&tenant, "account.add_to_group", json!({ "group": "Quarantine" })).await.unwrap_err();
    assert_eq!(twice.failure, Failure::Ambiguous);
}

#[tokio::test]
async fn a_risk_that_the_service_found_is_dismissed_by_an_undo_and_never_made_up() {
    let tenant = Tenant::start().await;
    let connection = tenant.with(json!({})).await;
    let undo = |name: &'static str, before: &str, after: &str| {
        let action = connection.actions.iter().find(|one| one.info().spec.name == name).unwrap();
        let cleared = clear(&alice(), &action.info().spec).unwrap();
        let state = |risk: &str| State(json!({ "risk": risk }));
        let restore = Restore { params: json!({}), before: state(before), after: state(after) };
        action.restore(Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), restore))
    };
    tenant.world.lock().risk = Some("confirmedCompromised".into());
    let outcome = undo("account.mark_compromised", "suspected", "confirmed_compromised").await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert_eq!(tenant.world.lock().risk.as_deref(), Some("dismissed"));
    tenant.world.lock().risk = Some("dismissed".into());
    let error = undo("account.dismiss_risk", "suspected", "none").await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    assert_eq!(tenant.world.lock().changes, 1);
}

/// The interface counts the calls of the whole tenant, however many sections of the site file name it.
#[tokio::test]
async fn sections_that_name_one_tenant_keep_the_pace_of_its_users_at_risk_together() {
    let tenant = Tenant::start().await;
    let (first, second) = (tenant.with(json!({})).await, tenant.with(json!({})).await);
    let slow = tenant.with(json!({ "risk_calls_per_minute": 1 })).await;
    let mark = async |connection: &Connection, seconds: u64| {
        let all = connection.actions.iter();
        let mark = all.into_iter().find(|one| one.info().spec.name == "account.mark_compromised").unwrap();
        let cleared = clear(&alice(), &mark.info().spec).unwrap();
        let limit = Duration::from_secs(seconds);
        mark.execute(Request::new(cleared, RequestKey("k".into()), limit, json!({}))).await
    };
    tenant.world.lock().risk = Some("confirmedCompromised".into());
    assert_eq!(
        mark(&first, 5).await.unwrap().effect,
        Effect::Unchanged,
        "one call, and the minute is used up"
    );
    for connection in [&first, &second, &slow] {
        let error = mark(connection, 1).await.unwrap_err();
        assert_eq!(error.failure, Failure::Throttled { retry_after: None }, "{error}");
    }
    // Another tenant has a pace of its own.
    let elsewhere = "22222222-2222-3333-4444-555555555555";
    let other = tenant.with(json!({ "tenant": elsewhere })).await;
    let Target::Account(mut key) = alice() else { panic!() };
    key.realm = elsewhere.to_owned();
    let mark = other.actions.iter().find(|one| one.info().spec.name == "account.mark_compromised").unwrap();
    mark.observe(&Target::Account(key), &json!({})).await.unwrap();
}

#[tokio::test]
async fn the_manager_is_told_and_nothing_is_changed() {
    let tenant = Tenant::start().await;
    let outcome = execute(&tenant, "entra_id.get_manager", json!({})).await.unwrap();
    let told = json!({
        "account": "alice@contoso.example", "manager": "boss@contoso.example", "manager_mail": "boss@x.example",
    });
    assert_eq!((outcome.output, outcome.effect), (told, Effect::Unchanged));
    tenant.world.lock().refused = Some(("/manager", 404, "Request_ResourceNotFound"));
    let outcome = execute(&tenant, "entra_id.get_manager", json!({})).await.unwrap();
    assert_eq!(outcome.output["manager"], json!(null));
}

#[tokio::test]
async fn what_is_known_of_a_user_is_told_and_nothing_is_changed() {
    let tenant = Tenant::start().await;
    let outcome = execute(&tenant, "entra_id.get_user", json!({})).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
    let told = |name: &str| outcome.output[name].clone();
    assert_eq!(told("account"), json!("alice@contoso.example"));
    assert_eq!(told("enabled"), json!(true));
    assert_eq!(told("is_guest"), json!(false));
    assert_eq!(told("is_privileged"), json!(false));
    assert!(told("on_prem_synced").is_boolean() && told("groups").is_array(), "{}", outcome.output);
    tenant.world.lock().refused = Some(("/graph.directoryRole", 403, "Authorization_RequestDenied"));
    let outcome = execute(&tenant, "entra_id.get_user", json!({})).await.unwrap();
    assert_eq!(outcome.output["is_privileged"], json!(null), "unknown, and not no");
}

#[tokio::test]
async fn accounts_of_other_tenants_are_refused() {
    let tenant = Tenant::start().await;
    let connection = tenant.with(json!({})).await;
    let Target::Account(mut key) = alice() else { panic!() };
    key.realm = "99999999-2222-3333-4444-555555555555".into();
    let error = connection.actions[0].observe(&Target::Account(key), &json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    let Target::Account(mut key) = alice() else { panic!() };
    key.provider = "okta".into();
    let error = connection.actions[0].observe(&Target::Account(key), &json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    assert_eq!(tenant.cloud.calls(), 0);
}

/// The address of a user takes names as well: what comes back must be who was asked for.
#[tokio::test]
async fn an_answer_about_somebody_else_is_none() {
    let tenant = Tenant::start().await;
    set(&tenant, "id", json!("bbbbbbbb-0886-4a73-b745-c694da45ddb4"));
    set(&tenant, "userPrincipalName", json!(ALICE));
    for action in ["account.disable", "account.revoke_sessions", "account.mark_compromised"] {
        let error = execute(&tenant, action, json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{action}: {error}");
    }
    assert_eq!(tenant.world.lock().changes, 0);
}

#[tokio::test]
async fn a_probe_tells_what_it_reached_and_changes_nothing() {
    let tenant = Tenant::start().await;
    let report = tenant.with(json!({})).await.probe.probe().await;
    assert!(report.system.unwrap().starts_with("tenant 11111111-2222-3333-4444-555555555555 at 127.0.0.1"));
    assert_eq!(report.problems, [] as [&str; 0]);
    assert_eq!(report.grants.len(), EntraId::actions(None).len());
    assert!(report.grants.iter().all(|grant| grant.allowed.is_none()), "this token does not tell");
    assert_eq!(tenant.world.lock().changes, 0);
    let settings = tenant.settings(&tenant.cloud.behave_as(Vendor::RefusesCredentials), json!({}));
    let report = EntraId::connect("entra-id", settings).await.unwrap().probe.probe().await;
    assert!(report.problems[0].contains("the client secret is wrong"), "{:?}", report.problems);
    assert_eq!(report.system, None);
    assert!(!format!("{report:?}").contains(ALICE));
}

#[test]
fn clouds_without_risky_users_do_not_offer_what_needs_them() {
    let settings = |cloud: &str| {
        serde_json::from_value(json!({
            "tenant": ALICE, "application": ALICE, "credential": { "secret": { "env": "X" } }, "cloud": cloud,
        }))
        .unwrap()
    };
    let names = |cloud: &str| EntraId::actions(Some(&settings(cloud))).len();
    assert_eq!(names("china") + 2, names("global"));
}
