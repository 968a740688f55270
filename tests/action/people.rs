//! Somebody with accounts everywhere, and lists made from what people write.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use quell_action::exclusion::form::EntryForm;
use quell_action::exclusion::{Entry, EntryId, Source};
use quell_action::{
    AccountFacts, AccountKey, ActionSpec, ExclusionList, GroupFacts, IdentityFacts, Impact, Protected,
    Repeat, Target, TargetKind,
};
use quell_alert::{Identifier, Provider, Timestamp};
use serde_json::Value;

pub(crate) const AD: &str = Provider::ACTIVE_DIRECTORY;
pub(crate) const ENTRA: &str = Provider::ENTRA_ID;
pub(crate) const OKTA: &str = Provider::OKTA;

pub(crate) fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) const DISABLE: ActionSpec = ActionSpec {
    name: "account.disable",
    provider: AD,
    target: TargetKind::Account,
    impact: Impact::Disruptive,
    undo: Some("account.enable"),
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[],
    summary: "Disables.",
    vendor_page: "",
};

pub(crate) fn entry(form: &Value) -> Entry {
    let form: EntryForm = serde_json::from_value(form.clone()).unwrap();
    let id = EntryId("site:1".into());
    form.read(id, Source::Site, None, None).unwrap_or_else(|problems| panic!("{form:?}: {problems:?}"))
}

pub(crate) fn list(entries: Vec<Entry>) -> ExclusionList {
    ExclusionList::new(entries, BTreeSet::new(), TimeDelta::minutes(5))
}

pub(crate) fn lifting(lifted: &[Protected]) -> ExclusionList {
    ExclusionList::new(Vec::new(), lifted.iter().copied().collect(), TimeDelta::minutes(5))
}

pub(crate) fn id(text: &str) -> Identifier {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn group(ids: &[&str], name: Option<&str>) -> GroupFacts {
    GroupFacts { identifiers: ids.iter().map(|text| id(text)).collect(), name: name.map(str::to_owned) }
}

pub(crate) fn account(provider: &str, key: &str, names: &[&str], groups: Vec<GroupFacts>) -> AccountFacts {
    AccountFacts {
        key: AccountKey { provider: provider.into(), realm: "contoso".into(), id: key.into() },
        display: format!("{key} at {provider}"),
        identifiers: names.iter().map(|name| id(name)).collect(),
        groups: Some(groups),
        privileged: Some(false),
        enabled: Some(true),
        protected: None,
        read_at: now(),
    }
}

pub(crate) fn person(accounts: Vec<AccountFacts>) -> IdentityFacts {
    IdentityFacts { mentioned: Vec::new(), accounts, unanswered: Vec::new() }
}

/// Alice, with an account in each directory, tied together.
pub(crate) fn alice() -> IdentityFacts {
    let anchor = "immutable_id:EJ1aJpQDR0SnJqXG9itKpQ==";
    person(vec![
        account(
            AD,
            "265a9d10-0394-4447-a726-a5c6f62b4aa5",
            &[
                "sid:S-1-5-21-1-2-3-1104",
                "ad_guid:265a9d10-0394-4447-a726-a5c6f62b4aa5",
                anchor,
                "upn:alice@contoso.example",
                r"sam:contoso\alice",
                r"sam:contoso.example\alice",
                "dn:cn=Alice,ou=Staff,dc=contoso,dc=example",
            ],
            vec![
                group(&["sid:S-1-5-21-1-2-3-513"], Some("Domain Users")),
                group(
                    &["sid:S-1-5-21-1-2-3-2001", "dn:cn=Tier 0,ou=Groups,dc=contoso,dc=example"],
                    Some("Tier 0 Service Accounts"),
                ),
            ],
        ),
        account(
            ENTRA,
            "73d664e4-0886-4a73-b745-c694da45ddb4",
            &[
                "entra_id:73d664e4-0886-4a73-b745-c694da45ddb4",
                "sid:S-1-5-21-1-2-3-1104",
                anchor,
                "upn:alice.smith@contoso.example",
                "mail:alice.smith@contoso.example",
            ],
            vec![group(&["entra_id:5f0e0000-0000-0000-0000-000000000001"], Some("Équipe Sécurité"))],
        ),
        account(
            OKTA,
            "00ub0oNGTSWTBKOLGLNR",
            &["okta_id:00ub0oNGTSWTBKOLGLNR", "login:a.smith@login.example", anchor],
            vec![GroupFacts {
                identifiers: vec![Identifier::OktaId("00gb0oNGTSWTBKOLGLNR".into())],
                name: Some("Contractors".into()),
            }],
        ),
    ])
}

pub(crate) fn targets(identity: &IdentityFacts) -> Vec<Target> {
    identity.accounts.iter().map(|account| Target::Account(account.key.clone())).collect()
}
