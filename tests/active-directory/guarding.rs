//! Whom a change does not reach, and what is left as it is.

use std::time::Duration;

use quell_action::{
    ActionError, Connection, Effect, Failure, LookUp, Outcome, Request, RequestKey, Restore, State, Target,
};
use quell_alert::Identifier;
use quell_kit::conformance::clear;
use serde_json::{Value, json};

use crate::controller::objects::guid_of;
use crate::controller::{Controller, Mood, target};

async fn call(
    connection: &Connection,
    name: &str,
    target: Target,
    params: Value,
) -> Result<Outcome<Value>, ActionError> {
    let action = connection.actions.iter().find(|one| one.info().spec.name == name).unwrap();
    let cleared = clear(&target, &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), params)).await
}

async fn undo(
    connection: &Connection,
    name: &str,
    before: Value,
    after: Value,
) -> Result<Outcome<()>, ActionError> {
    let action = connection.actions.iter().find(|one| one.info().spec.name == name).unwrap();
    let cleared = clear(&target("Alice"), &action.info().spec).unwrap();
    let restore = Restore { params: json!({}), before: State(before), after: State(after) };
    action.restore(Request::new(cleared, RequestKey("undo".into()), Duration::from_secs(5), restore)).await
}

#[tokio::test]
async fn accounts_of_another_domain_or_provider_are_not_ours() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    let Target::Account(own) = target("Alice") else { panic!() };
    let (mut realm, mut provider) = (own.clone(), own);
    realm.realm = "other.example".into();
    provider.provider = "entra_id".into();
    for key in [realm, provider] {
        let error = call(&connection, "account.disable", Target::Account(key), json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{error}");
    }
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn a_managed_service_keeps_the_password_that_the_domain_gave_it() {
    let controller = Controller::start(Mood::Answers).await;
    for kind in ["msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount"] {
        let classes = ["user", "computer", kind].map(|class| class.as_bytes().to_vec()).to_vec();
        controller.domain.lock().object("Alice").attributes.insert("objectclass".into(), classes);
        let connection = controller.connect().await;
        for action in ["account.force_password_change", "account.reset_password"] {
            let error = call(&connection, action, target("Alice"), json!({})).await.unwrap_err();
            assert!(error.failure == Failure::Rejected && error.message.contains("managed"), "{error}");
        }
    }
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn a_name_that_two_groups_have_is_none() {
    let controller = Controller::start(Mood::Answers).await;
    {
        let mut domain = controller.domain.lock();
        let mut twin = domain.object("Quarantine").clone();
        twin.dn = "CN=Quarantine,OU=Staff,DC=corp,DC=example".into();
        twin.attributes.insert("objectguid".into(), vec![guid_of("Twin").to_bytes_le().to_vec()]);
        domain.objects.push(twin);
    }
    let connection = controller.connect().await;
    let params = json!({ "group": "Quarantine" });
    let error = call(&connection, "account.add_to_group", target("Alice"), params).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous, "{error}");
    let params = json!({ "group": "OTHER\\Quarantine" });
    let error = call(&connection, "account.add_to_group", target("Alice"), params).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    assert_eq!(controller.domain.lock().changes, 0);
}

/// Everybody has a primary group: where none is shown they may not be seen.
#[tokio::test]
async fn groups_that_are_not_shown_are_unknown_and_not_none() {
    let controller = Controller::start(Mood::Answers).await;
    controller.domain.lock().object("Alice").attributes.insert("tokengroups".into(), Vec::new());
    let connection = controller.connect().await;
    let alice = [Identifier::sam("corp", "alice").unwrap()];
    let found = connection.directories[0].account(&alice).await.unwrap();
    let LookUp::Found(facts) = found else { panic!("{found:?}") };
    assert_eq!((facts.groups, facts.privileged), (None, None));
}

/// A distribution group of another domain is in no token, and this controller does not show it.
#[tokio::test]
async fn a_group_that_is_only_named_on_the_account_is_not_lost() {
    let controller = Controller::start(Mood::Answers).await;
    let executives = "CN=Executives,OU=Lists,DC=other,DC=example";
    controller.domain.lock().object("Alice").set("memberof", executives);
    let connection = controller.connect().await;
    let alice = [Identifier::sam("corp", "alice").unwrap()];
    let found = connection.directories[0].account(&alice).await.unwrap();
    let LookUp::Found(facts) = found else { panic!("{found:?}") };
    let named = Identifier::dn(executives).unwrap();
    let groups = facts.groups.unwrap();
    assert!(groups.iter().any(|group| group.identifiers == [named.clone()]), "{groups:?}");
}

#[tokio::test]
async fn what_is_so_already_is_not_written() {
    let controller = Controller::start(Mood::Answers).await;
    controller.domain.lock().object("Alice").set("pwdlastset", "0");
    let connection = controller.connect().await;
    for action in ["account.unlock", "account.force_password_change", "account.enable"] {
        let outcome = call(&connection, action, target("Alice"), json!({})).await.unwrap();
        assert_eq!(outcome.effect, Effect::Unchanged, "{action}");
    }
    assert_eq!(controller.domain.lock().told, [""; 0]);
}

#[tokio::test]
async fn an_undo_leaves_alone_what_is_back_already_or_was_changed_meanwhile() {
    let enabled = json!({ "enabled": true, "user_account_control": 512 });
    let disabled = json!({ "enabled": false, "user_account_control": 514 });
    let password = |must: bool, never: bool| json!({ "must_change": must, "never_expires": never });
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    let undone = undo(&connection, "account.disable", enabled.clone(), disabled.clone()).await.unwrap();
    assert_eq!(undone.effect, Effect::Unchanged);
    // Somebody demands a smart card: that is another account than the one that was disabled.
    controller.domain.lock().object("Alice").set("useraccountcontrol", &(514 | 0x4_0000).to_string());
    let error = undo(&connection, "account.disable", enabled, disabled).await.unwrap_err();
    assert!(error.failure == Failure::Rejected && error.message.contains("changed flags"), "{error}");
    // A change that we did not force is not taken back, and an expiry that we did not set is not put back.
    controller.domain.lock().object("Alice").set("useraccountcontrol", "512");
    controller.domain.lock().object("Alice").set("pwdlastset", "0");
    for (before, after) in [
        (password(true, false), password(true, false)),
        (password(false, false), password(false, false)),
        (password(true, true), password(true, true)),
    ] {
        let undone = undo(&connection, "account.force_password_change", before, after).await.unwrap();
        assert_eq!(undone.effect, Effect::Unchanged);
    }
    assert_eq!(controller.domain.lock().told, [""; 0]);
}
