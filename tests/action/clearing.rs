//! When clearing stops and when it does not: time, provider, action, built-ins, what is unknown.

use chrono::TimeDelta;
use quell_action::exclusion::Reason;
use quell_action::{
    AccountKey, ActionSpec, DeviceFacts, DeviceKey, Impact, Protected, Subject, Target, TargetKind,
};
use quell_alert::Provider;
use serde_json::json;

use crate::people::{AD, DISABLE, OKTA, alice, entry, id, lifting, list, now, targets};

fn reason(
    list: &quell_action::ExclusionList,
    subject: &Subject,
    target: Target,
    spec: &ActionSpec,
) -> Option<Reason> {
    list.clear(subject, target, spec, now()).err().map(|excluded| excluded.reason)
}

#[test]
fn an_entry_stops_what_it_names_where_it_names_it_and_as_long() {
    let (identity, okta) = (alice(), ActionSpec { provider: OKTA, ..DISABLE });
    let unlock = ActionSpec { name: "account.reset_password", ..DISABLE };
    let until = |seconds: i64| (now() + TimeDelta::seconds(seconds)).to_rfc3339();
    for (extra, at_ad, at_okta, other_action) in [
        (json!({}), true, true, true),
        (json!({ "only": ["okta"] }), false, true, false),
        (json!({ "only": ["okta", "active_directory"] }), true, true, true),
        (json!({ "actions": ["account.disable"] }), true, true, false),
        (json!({ "actions": ["account.enable"] }), false, false, false),
        (json!({ "actions": ["account.disable"], "only": ["okta"] }), false, true, false),
        (json!({ "until": until(0) }), true, true, true),
        (json!({ "until": until(-1) }), false, false, false),
        (json!({ "until": until(1), "only": ["okta"] }), false, true, false),
    ] {
        let mut form = json!({ "account": { "sid": "S-1-5-21-1-2-3-1104" }, "because": "b" });
        form.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let (list, subject) = (list(vec![entry(&form)]), Subject::Identity(identity.clone()));
        let stopped = |at: usize, spec: &ActionSpec| {
            reason(&list, &subject, targets(&identity)[at].clone(), spec).is_some()
        };
        assert_eq!(stopped(0, &DISABLE), at_ad, "{form} at AD");
        assert_eq!(stopped(2, &okta), at_okta, "{form} at Okta");
        assert_eq!(stopped(0, &unlock), other_action, "{form}, another action");
    }
}

#[test]
fn only_disruptive_actions_are_stopped() {
    let identity = alice();
    let list = list(vec![entry(&json!({ "account": { "name": "alice" }, "because": "b" }))]);
    for impact in [Impact::Restoring, Impact::Informing] {
        let spec = ActionSpec { impact, ..DISABLE };
        for target in targets(&identity).into_iter().chain([Target::None]) {
            list.clear(&Subject::Identity(identity.clone()), target, &spec, now()).unwrap();
        }
    }
}

#[test]
fn unknown_never_clears() {
    let (identity, empty) = (alice(), list(Vec::new()));
    let target = targets(&identity)[0].clone();
    let unknown = |subject: Subject, target: &Target, list: &quell_action::ExclusionList| {
        matches!(reason(list, &subject, target.clone(), &DISABLE), Some(Reason::Unknown(_)))
    };
    let changed = |change: &dyn Fn(&mut quell_action::IdentityFacts)| {
        let mut identity = alice();
        change(&mut identity);
        Subject::Identity(identity)
    };
    empty.clear(&Subject::Identity(alice()), target.clone(), &DISABLE, now()).unwrap();

    assert!(unknown(Subject::Nobody, &target, &empty), "nobody was resolved");
    assert!(unknown(changed(&|one| one.accounts.clear()), &target, &empty), "no account was found");
    assert!(unknown(Subject::Identity(identity.clone()), &Target::None, &empty), "no target");
    let other = Target::Account(AccountKey { provider: AD.into(), realm: "contoso".into(), id: "x".into() });
    assert!(unknown(Subject::Identity(identity), &other, &empty), "another target than was resolved");
    let away = changed(&|one| one.unanswered.push((Provider::from(OKTA), "down".into())));
    assert!(unknown(away, &target, &empty), "a directory was silent");
    let stale = |account: usize, seconds: i64| {
        changed(&|one| one.accounts[account].read_at = now() - TimeDelta::seconds(seconds))
    };
    for account in 0..3 {
        assert!(unknown(stale(account, 301), &target, &empty), "account {account} was read too long ago");
        assert!(!unknown(stale(account, 300), &target, &empty));
    }
    let by_group = list(vec![entry(&json!({ "group": { "name": "x" }, "because": "b" }))]);
    let by_dn = list(vec![entry(&json!({ "dn_subtree": "OU=x,DC=y", "because": "b" }))]);
    let by_pattern = list(vec![entry(&json!({ "name_pattern": "svc-*", "because": "b" }))]);
    for account in 0..3 {
        let subject = || changed(&|one| one.accounts[account].groups = None);
        assert!(unknown(subject(), &target, &by_group), "the groups of account {account}");
        assert!(!unknown(subject(), &target, &empty), "no entry depends on groups");
        let nameless =
            || changed(&|one| one.accounts[account].identifiers.retain(|id| id.kind().ends_with("id")));
        assert!(unknown(nameless(), &target, &by_pattern), "the name of account {account}");
        assert!(!unknown(nameless(), &target, &empty));
    }
    let nowhere = || changed(&|one| one.accounts[0].identifiers.retain(|id| id.kind() != "dn"));
    assert!(unknown(nowhere(), &target, &by_dn), "where it stands");
    assert!(!unknown(nowhere(), &target, &empty));
}

#[test]
fn an_entry_for_another_action_does_not_ask_for_facts() {
    let form = json!({ "group": { "name": "x" }, "because": "b", "actions": ["account.reset_password"] });
    let mut identity = alice();
    identity.accounts[0].groups = None;
    let target = targets(&identity)[0].clone();
    list(vec![entry(&form)]).clear(&Subject::Identity(identity), target, &DISABLE, now()).unwrap();
}

#[test]
fn built_in_protections_hold_until_they_are_lifted_by_name() {
    let mentions = |name: &str| {
        let mut identity = alice();
        identity.mentioned.push(id(name));
        identity
    };
    for (identity, protection) in [
        (mentions("sid:S-1-5-21-9-9-9-500"), Protected::BuiltInAdministrator),
        (mentions("sid:S-1-5-21-9-9-9-501"), Protected::BuiltInGuest),
        (mentions("sid:S-1-5-21-9-9-9-502"), Protected::Krbtgt),
        (mentions(r"sam:contoso\krbtgt_4711"), Protected::Krbtgt),
        (mentions("sid:S-1-5-18"), Protected::System),
        (mentions("sid:S-1-5-32-544"), Protected::System),
    ] {
        let (subject, target) = (Subject::Identity(identity.clone()), targets(&identity)[2].clone());
        let stopped = |list: &quell_action::ExclusionList| reason(list, &subject, target.clone(), &DISABLE);
        assert_eq!(stopped(&list(Vec::new())), Some(Reason::BuiltIn(protection)));
        assert_eq!(stopped(&lifting(&[protection])), None);
        let others: Vec<Protected> =
            Protected::ALL.into_iter().filter(|other| *other != protection).collect();
        assert_eq!(stopped(&lifting(&others)), Some(Reason::BuiltIn(protection)));
    }
    for protection in Protected::ALL {
        let mut identity = alice();
        identity.accounts[1].protected = Some(protection);
        let target = targets(&identity)[0].clone();
        let subject = Subject::Identity(identity);
        let found = reason(&list(Vec::new()), &subject, target, &DISABLE);
        assert_eq!(found, Some(Reason::BuiltIn(protection)), "of a linked account");
    }
}

#[test]
fn a_device_of_which_was_read_too_long_ago_is_not_touched() {
    let key = DeviceKey { provider: Provider::DEFENDER_ENDPOINT.into(), realm: "t".into(), id: "wks".into() };
    let isolate = ActionSpec { name: "device.isolate", target: TargetKind::Device, ..DISABLE };
    for (seconds, stopped) in [(300, false), (301, true)] {
        let facts = DeviceFacts {
            key: key.clone(),
            display: "wks01".into(),
            identifiers: Vec::new(),
            tags: Some(Vec::new()),
            addresses: Some(Vec::new()),
            account: None,
            protected: None,
            read_at: now() - TimeDelta::seconds(seconds),
        };
        let found = reason(&list(Vec::new()), &Subject::Device(facts), Target::Device(key.clone()), &isolate);
        assert_eq!(matches!(found, Some(Reason::Unknown(_))), stopped, "{seconds} s: {found:?}");
    }
}

#[test]
fn a_domain_controller_is_not_isolated() {
    let key = DeviceKey { provider: Provider::DEFENDER_ENDPOINT.into(), realm: "t".into(), id: "dc".into() };
    let facts = DeviceFacts {
        key: key.clone(),
        display: "dc01".into(),
        identifiers: Vec::new(),
        tags: Some(Vec::new()),
        addresses: Some(Vec::new()),
        account: None,
        protected: Some(Protected::DomainController),
        read_at: now(),
    };
    let isolate = ActionSpec { name: "device.isolate", target: TargetKind::Device, ..DISABLE };
    let subject = Subject::Device(facts);
    let found = reason(&list(Vec::new()), &subject, Target::Device(key.clone()), &isolate);
    assert_eq!(found, Some(Reason::BuiltIn(Protected::DomainController)));
    assert_eq!(
        reason(&lifting(&[Protected::DomainController]), &subject, Target::Device(key), &isolate),
        None
    );
}

#[test]
fn a_device_is_cleared_for_itself_and_for_no_other() {
    let spec = ActionSpec { name: "device.isolate", target: TargetKind::Device, ..DISABLE };
    let key = |id: &str| DeviceKey { provider: AD.into(), realm: "r".into(), id: id.into() };
    let device = DeviceFacts {
        key: key("one"),
        display: "one".into(),
        identifiers: Vec::new(),
        tags: Some(Vec::new()),
        addresses: Some(Vec::new()),
        account: None,
        protected: None,
        read_at: now(),
    };
    let (subject, empty) = (Subject::Device(device), list(Vec::new()));
    assert_eq!(reason(&empty, &subject, Target::Device(key("one")), &spec), None);
    let other = reason(&empty, &subject, Target::Device(key("two")), &spec);
    assert!(matches!(other, Some(Reason::Unknown(_))), "{other:?}");
}

/// A call without a target, about somebody: as if it acted on them.
#[test]
fn a_call_about_somebody_on_the_list_is_stopped() {
    let (alice, list) = (
        Subject::Identity(alice()),
        list(vec![entry(&json!({ "account": { "name": "alice" }, "because": "b" }))]),
    );
    assert!(list.clear_about(&alice, &DISABLE, now()).is_err());
    let informing = ActionSpec { impact: Impact::Informing, ..DISABLE };
    assert!(list.clear_about(&alice, &informing, now()).is_ok());
    assert!(list.clear_about(&Subject::Nobody, &DISABLE, now()).is_err(), "nobody is known");
}
