//! Disabling, enabling, forcing password changes, unlocking: and whether people can still sign in.

use quell_action::{Effect, Failure, InEffect, Target};
use quell_alert::Identifier;
use serde_json::json;

use super::people::{Admin, sign_in, sign_in_with};
use crate::windows::{on_accounts, params_of};

use super::{audit, connect, execute, find, observe, target, undo, variable};

const DISABLE: &str = "account.disable";
const FORCE: &str = "account.force_password_change";

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_until_it_is_undone() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-disable").await;
    assert_eq!(sign_in(&person.upn).await, None);
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let earlier = audit::all_changes(&person);

    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }), "{outcome:?}");
    assert_eq!(outcome.output["account"], person.upn);
    assert_eq!(outcome.output["controller"], format!("dc1.{}", variable("QUELL_TEST_AD_DOMAIN")));
    assert_eq!(sign_in(&person.upn).await.as_deref(), Some("533"));
    assert_eq!(observe(&connection, DISABLE, &target).await.in_effect, InEffect::Yes);
    assert!(!find(&connection, Identifier::upn(&person.upn).unwrap()).await.enabled.unwrap());
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);

    let undone = undo(&connection, DISABLE, &target, &outcome).await.unwrap();
    assert!(matches!(undone.effect, Effect::Changed { .. }), "{undone:?}");
    assert_eq!(sign_in(&person.upn).await, None);
    let again = undo(&connection, DISABLE, &target, &outcome).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    assert_eq!(audit::all_changes(&person) - earlier, 2);
}

#[tokio::test]
async fn who_was_disabled_before_stays_as_he_was() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-disabled").await;
    admin.set(&person, "userAccountControl", "514").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
    assert_eq!(audit::all_changes(&person), 0);
    assert_eq!(admin.get(&person, "userAccountControl").await, "514");
}

#[tokio::test]
async fn every_other_flag_survives() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-flags").await;
    // Password never expires, smart card required, not delegated.
    let flags = 0x200 | 0x1_0000 | 0x4_0000 | 0x10_0000;
    admin.set(&person, "userAccountControl", &flags.to_string()).await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert_eq!(admin.get(&person, "userAccountControl").await, (flags | 2).to_string());
    undo(&connection, DISABLE, &target, &outcome).await.unwrap();
    assert_eq!(admin.get(&person, "userAccountControl").await, flags.to_string());
}

#[tokio::test]
async fn what_somebody_else_changed_is_left_alone() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-meanwhile").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    // Still disabled, and an administrator has demanded a smart card.
    admin.set(&person, "userAccountControl", &(0x202 | 0x4_0000).to_string()).await;
    let error = undo(&connection, DISABLE, &target, &outcome).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    assert!(error.message.contains("changed meanwhile") && error.message.contains("0x40000"), "{error}");
    assert_eq!(admin.get(&person, "userAccountControl").await, (0x202 | 0x4_0000).to_string());
    // Enabled by hand: what the undo wants is there already.
    admin.set(&person, "userAccountControl", "512").await;
    let undone = undo(&connection, DISABLE, &target, &outcome).await.unwrap();
    assert_eq!(undone.effect, Effect::Unchanged);
}

#[tokio::test]
async fn two_at_once_make_one_change() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-race").await;
    let (one, two) = (connect(json!({})).await, connect(json!({})).await);
    let target = target(&one, &person.upn).await;
    let (a, b) =
        tokio::join!(execute(&one, DISABLE, &target, json!({})), execute(&two, DISABLE, &target, json!({})));
    let effects = [a.unwrap().effect, b.unwrap().effect];
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Changed { .. })), "{effects:?}");
    assert_eq!(admin.get(&person, "userAccountControl").await, "514");
}

#[tokio::test]
async fn a_forced_password_change_holds_the_user_up_until_it_is_undone() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-force").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, FORCE, &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }), "{outcome:?}");
    assert_eq!(sign_in(&person.upn).await.as_deref(), Some("773"));
    let again = execute(&connection, FORCE, &target, json!({})).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    undo(&connection, FORCE, &target, &outcome).await.unwrap();
    assert_eq!(sign_in(&person.upn).await, None);
    assert_eq!(audit::changes(&person, "pwdLastSet"), 2);
}

#[tokio::test]
async fn a_password_that_never_expires_makes_it_ineffective_unless_that_is_cleared() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-never").await;
    admin.set(&person, "userAccountControl", "66048").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;

    let plain = execute(&connection, FORCE, &target, json!({})).await.unwrap();
    assert!(matches!(plain.effect, Effect::Ineffective { .. }), "{plain:?}");
    assert!(matches!(observe(&connection, FORCE, &target).await.in_effect, InEffect::Ineffective(_)));
    assert_eq!(sign_in(&person.upn).await, None, "it says ineffective, and it has an effect");
    undo(&connection, FORCE, &target, &plain).await.unwrap();

    let cleared =
        execute(&connection, FORCE, &target, json!({"clear_password_never_expires": true})).await.unwrap();
    assert!(matches!(cleared.effect, Effect::Changed { .. }), "{cleared:?}");
    assert_eq!(sign_in(&person.upn).await.as_deref(), Some("773"));
    undo(&connection, FORCE, &target, &cleared).await.unwrap();
    assert_eq!(sign_in(&person.upn).await, None);
    assert_eq!(admin.get(&person, "userAccountControl").await, "66048");
}

#[tokio::test]
async fn a_locked_account_is_unlocked() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-unlock").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let untouched = execute(&connection, "account.unlock", &target, json!({})).await.unwrap();
    assert_eq!(untouched.effect, Effect::Unchanged);
    for _ in 0..3 {
        sign_in_with(&person.upn, "wrong").await.unwrap();
    }
    assert_eq!(sign_in(&person.upn).await.as_deref(), Some("775"));
    assert_eq!(observe(&connection, "account.unlock", &target).await.in_effect, InEffect::No);
    let outcome = execute(&connection, "account.unlock", &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }), "{outcome:?}");
    assert_eq!(sign_in(&person.upn).await, None);
}

#[tokio::test]
async fn what_is_known_of_an_account_is_told() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-known").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, "active_directory.get_user", &target, json!({})).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
    let told = |name: &str| outcome.output[name].clone();
    assert_eq!((told("account"), told("enabled")), (json!(person.upn), json!(true)));
    assert_eq!((told("is_locked"), told("is_privileged")), (json!(false), json!(false)));
    assert!(told("groups").as_array().unwrap().contains(&json!("Domain Users")), "{}", outcome.output);
    execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    let outcome = execute(&connection, "active_directory.get_user", &target, json!({})).await.unwrap();
    assert_eq!(outcome.output["enabled"], json!(false));
}

#[tokio::test]
async fn a_rename_between_look_up_and_action_does_not_matter() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-rename").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    admin.rename(&person, "Somebody, Else (q-rename)*").await;
    admin.set(&person, "userPrincipalName", "q-renamed@example.com").await;
    execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert_eq!(sign_in("q-renamed@example.com").await.as_deref(), Some("533"));
}

#[tokio::test]
async fn a_vanished_user_is_not_found_and_nobody_else_is_taken() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-vanish").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    admin.delete(&person.dn).await;
    let successor = admin.person("q-vanish").await;
    for name in ["account.disable", "account.enable", FORCE, "account.unlock"] {
        let error = execute(&connection, name, &target, json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::NotFound, "{name}: {error}");
    }
    assert_eq!(sign_in(&successor.upn).await, None);
    let Target::Account(key) = target else { unreachable!() };
    assert_ne!(key.id, successor.guid.to_string());
}

#[tokio::test]
async fn a_reset_password_is_nobodys() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-reset").await;
    let connection = connect(json!({})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, "account.reset_password", &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert_eq!(sign_in(&person.upn).await.as_deref(), Some("52e"));
    let outside = format!("OU=Outside,{}", variable("QUELL_TEST_AD_BASE"));
    let other = admin.person_in("q-reset-not", &outside, "q-reset-not Test").await;
    let target = super::target(&connection, &other.upn).await;
    let error = execute(&connection, "account.reset_password", &target, json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden, "{error}");
    assert!(error.message.contains("Reset Password"), "{error}");
    assert_eq!(sign_in(&other.upn).await, None);
}

#[tokio::test]
async fn a_group_is_joined_and_left_again() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-member").await;
    let group = admin.group("q-quarantine", -2_147_483_646, &[]).await;
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), variable("QUELL_TEST_AD_ADMIN_PASSWORD")).unwrap();
    let powerful = connect(json!({
        "account": variable("QUELL_TEST_AD_ADMIN_USER"),
        "password": {"file": password.path()},
    }))
    .await;
    let target = target(&powerful, &person.upn).await;
    let params = json!({"group": group});
    let (add, remove) = ("account.add_to_group", "account.remove_from_group");
    let denied = execute(&connect(json!({})).await, add, &target, params.clone()).await.unwrap_err();
    assert_eq!(denied.failure, Failure::Forbidden, "{denied}");
    assert!(denied.message.contains("Write member"), "{denied}");
    for (name, expected) in [(add, true), (add, true), (remove, false), (remove, false)] {
        execute(&powerful, name, &target, json!({"group": "q-quarantine"})).await.unwrap();
        let groups = find(&powerful, Identifier::upn(&person.upn).unwrap()).await.groups.unwrap();
        let is_in = groups.iter().any(|group| group.name.as_deref() == Some("q-quarantine"));
        assert_eq!(is_in, expected, "{name}");
    }
    let again = execute(&powerful, remove, &target, params).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
}

#[tokio::test]
async fn a_denied_right_is_named() {
    let mut admin = Admin::new().await;
    let outside = format!("OU=Outside,{}", variable("QUELL_TEST_AD_BASE"));
    let person = admin.person_in("q-outside", &outside, "q-outside Test").await;
    let connection = connect(json!({})).await;
    let target_outside = target(&connection, &person.upn).await;
    let admin01 = target(&connection, "admin01@example.com").await;
    for (name, right) in [(DISABLE, "Write userAccountControl"), (FORCE, "Write pwdLastSet")] {
        for target in [&target_outside, &admin01] {
            let error = execute(&connection, name, target, json!({})).await.unwrap_err();
            assert_eq!(error.failure, Failure::Forbidden, "{error}");
            assert!(error.message.contains(right), "{error}");
            assert_eq!(error.vendor.unwrap().status, Some(50));
        }
    }
    assert_eq!(sign_in(&person.upn).await, None);
    assert_eq!(sign_in("admin01@example.com").await, None);
}

#[tokio::test]
async fn built_in_accounts_and_controllers_are_never_touched() {
    // As the administrator, who has the right to do all of it.
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), variable("QUELL_TEST_AD_ADMIN_PASSWORD")).unwrap();
    let connection = connect(json!({
        "account": variable("QUELL_TEST_AD_ADMIN_USER"),
        "password": {"file": password.path()},
    }))
    .await;
    let netbios = variable("QUELL_TEST_AD_NETBIOS");
    for name in ["krbtgt", "Administrator", "Guest"] {
        let facts = find(&connection, Identifier::sam(&netbios, name).unwrap()).await;
        assert!(facts.protected.is_some(), "{name}");
        let target = Target::Account(facts.key);
        // The exclusion list would stop it before; this is the last door.
        for action in on_accounts(&connection) {
            let spec = action.info().spec;
            let error =
                execute(&connection, spec.name, &target, params_of(action.as_ref())).await.unwrap_err();
            assert_eq!(error.failure, Failure::Forbidden, "{name}: {error}");
            assert!(error.message.contains("never touched"), "{name}: {error}");
        }
    }
}
