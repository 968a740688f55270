//! Names have values where they should, and forms are filled in with them.

use quell_action::{AccountFacts, AccountKey, GroupFacts, IdentityFacts};
use quell_alert::{
    DeviceIdentifier, FileEntity, HashEntity, Identifier, MailboxEntity, Provider, Role, Times, UrlEntity,
};
use quell_playbook::condition::{Group, Item, Truth};
use quell_playbook::model::{Form, Reference, StepId, Verb};
use quell_playbook::{Entity, LaneScope, Scope, StepResult, names};
use serde_json::{Value, json};

use crate::fixtures::{alert, folder, load_one, now};

/// An alert that says everything.
fn talkative() -> quell_alert::Alert {
    let mut alert = alert();
    let hash = |algorithm: &str| HashEntity { algorithm: algorithm.into(), value: "ab".repeat(20) };
    alert.provider_id = Some("p".into());
    alert.incident_id = Some("7".into());
    alert.description = Some("d".into());
    alert.detector_id = Some("xdr_X".into());
    alert.link = Some("https://portal.example/a-1".into());
    alert.tenant = Some("t".into());
    alert.times = Times { start: Some(now()), end: Some(now()), updated: Some(now()) };
    let account = &mut alert.entities.accounts[0];
    account.display_name = Some("Alice A".into());
    account.entra_tenant = Some("t".into());
    account.host = Some("wks01".into());
    account.roles = vec![Role("compromised".into())];
    account.identifiers.extend([
        Identifier::Sid("S-1-5-21-1-2-3-1104".into()),
        Identifier::EntraId("11111111-2222-3333-4444-555555555555".into()),
        Identifier::AdGuid("11111111-2222-3333-4444-666666666666".into()),
        Identifier::OktaId("00u1".into()),
        Identifier::Mail("alice@contoso.example".into()),
    ]);
    let device = &mut alert.entities.devices[0];
    device.tags = vec!["tag".into()];
    device.os = Some("Windows".into());
    device.roles = vec![Role("source".into())];
    device.identifiers.extend([
        DeviceIdentifier::MdeId("a".repeat(40)),
        DeviceIdentifier::EntraDeviceId("11111111-2222-3333-4444-777777777777".into()),
        DeviceIdentifier::AzureId("/subscriptions/1".into()),
        DeviceIdentifier::Sid("S-1-5-21-1-2-3-2104".into()),
    ]);
    alert.entities.ips[0].country = Some("AT".into());
    alert.entities.ips[0].roles = vec![Role("source".into())];
    alert.entities.files.push(FileEntity {
        name: Some("a.exe".into()),
        directory: Some("C:\\".into()),
        hashes: vec![hash("sha256"), hash("sha1"), hash("md5")],
    });
    alert.entities.hashes.push(hash("sha1"));
    alert.entities.urls.push(UrlEntity { url: "https://bad.example".into() });
    alert.entities.domains.push("bad.example".into());
    alert.entities.mailboxes.push(MailboxEntity {
        address: "alice@contoso.example".into(),
        display_name: Some("Alice".into()),
        upn: Some("alice@contoso.example".into()),
        entra_id: Some("1".into()),
    });
    alert
}

fn facts(groups: Option<Vec<&str>>, unanswered: bool) -> IdentityFacts {
    let group = |name: &str| GroupFacts {
        identifiers: vec![Identifier::Sid(format!("S-1-5-21-{}", name.len()))],
        name: Some(name.into()),
    };
    IdentityFacts {
        mentioned: Vec::new(),
        accounts: vec![AccountFacts {
            key: AccountKey {
                provider: Provider::from("active_directory"),
                realm: "contoso".into(),
                id: "1".into(),
            },
            display: "alice".into(),
            identifiers: vec![Identifier::OktaId("00u9".into())],
            groups: groups.map(|groups| groups.into_iter().map(group).collect()),
            privileged: Some(false),
            enabled: Some(true),
            protected: None,
            read_at: now(),
        }],
        unanswered: if unanswered { vec![(Provider::from("okta"), "away".into())] } else { Vec::new() },
    }
}

#[test]
fn every_name_has_a_value_where_it_is_in_scope() {
    let alert = talkative().since(&talkative());
    let facts = facts(Some(vec!["Admins"]), false);
    for name in names::names() {
        let root = name.name.split('.').next().unwrap();
        let kind = names::ENTITY_KINDS.into_iter().find(|kind| names::root_of(*kind) == root);
        let entity = kind.and_then(|kind| Entity::all(&alert, kind).first().map(|(_, entity)| *entity));
        let mut scope = LaneScope::new(&alert, entity, now());
        scope.identity = Some(&facts);
        scope.lane.insert("started", json!(now()));
        scope.lane.insert("outcome", json!("done"));
        scope.lane.insert("undo_link", json!("link to undo lane 0 of run r"));
        scope.run.insert("id", json!("r"));
        scope.run.insert("link", json!("link to run r"));
        scope.run.insert("started", json!(now()));
        scope.run.insert("outcome", json!("contained"));
        scope.run.insert("report", json!([{ "about": "alice" }]));
        assert!(scope.value(&Reference(name.name.into())).is_some(), "{} has no value", name.name);
    }
}

#[test]
fn machines_are_not_gone_through() {
    let alert = alert();
    assert_eq!(alert.entities.accounts.len(), 2);
    let persons = Entity::all(&alert, quell_alert::EntityKind::Account);
    assert_eq!(persons.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [0]);
}

/// `unless` of the playbook with every form: in a group, or privileged.
fn unless() -> Group {
    let text = std::fs::read_to_string(folder().join("valid/every-form.yaml")).unwrap();
    let group = load_one("every-form.yaml", &text).playbooks[0].unless.clone().unwrap();
    Group { any: vec![group.any[0].clone()], ..Group::default() }
}

#[test]
fn groups_that_could_not_be_read_are_unknown_unless_one_of_them_hits() {
    let alert = alert();
    let unless = unless();
    assert!(matches!(unless.any[0], Item::Test(_)));
    let truth = |facts: Option<IdentityFacts>| {
        let mut scope =
            LaneScope::new(&alert, Entity::at(&alert, quell_alert::EntityKind::Account, 0), now());
        scope.identity = facts.as_ref();
        unless.truth(&scope)
    };
    assert_eq!(truth(None), Truth::Unknown);
    assert_eq!(truth(Some(facts(None, false))), Truth::Unknown);
    assert_eq!(truth(Some(facts(Some(vec!["Staff"]), false))), Truth::False);
    assert_eq!(truth(Some(facts(Some(vec!["Staff"]), true))), Truth::Unknown);
    assert_eq!(truth(Some(facts(Some(vec!["break glass accounts"]), true))), Truth::True);
    assert_eq!(truth(Some(facts(Some(vec![]), false))), Truth::False);
}

#[test]
fn forms_are_filled_in() {
    let text = std::fs::read_to_string(folder().join("valid/every-form.yaml")).unwrap();
    let playbook = load_one("every-form.yaml", &text).playbooks[0].clone();
    let mut alert = alert();
    alert.document = json!({ "ExtendedProperties": { "Urgency": "5", "Other": 1 } });
    let mut scope = LaneScope::new(&alert, Entity::at(&alert, quell_alert::EntityKind::Account, 0), now());
    let found = json!({ "is_privileged": true, "manager": "bob", "groups": ["a", "b"], "sign_ins": 4 });
    scope.results.to_mut().insert(StepId("who".into()), StepResult::done(found));
    scope.run.insert("id", json!("run-1"));
    let Verb::Do(first) = &playbook.always[0].verb else { panic!("an action") };
    let filled = |name: &str| first.with[name].fill(&scope);
    assert_eq!(filled("channel").unwrap(), "soc");
    assert_eq!(filled("text").unwrap(), "ALICE of Suspected identity theft (pass-the-tick…: nothing, a + b");
    assert_eq!(filled("mentions").unwrap(), json!(["bob", "bob", "alice"]));
    assert_eq!(filled("urgency").unwrap(), json!(5));
    let details = filled("details").unwrap();
    assert_eq!(
        details["nested"],
        json!({ "deep": [1, "two", { "three": "run-1" }], "half": 0.5, "yes_or_no": false })
    );
    assert_eq!(details["techniques"], json!(["T1550", "T1550.003"]));
    let Verb::Do(second) = &playbook.always[1].verb else { panic!("an action") };
    assert_eq!(second.with["urgency"].fill(&scope).unwrap(), json!(4));
    assert_eq!(second.with["details"].fill(&scope).unwrap(), json!({ "Urgency": "5", "Other": 1 }));
    let nothing = LaneScope::new(&alert, None, now());
    let missing = second.with["text"].fill(&nothing).unwrap_err();
    assert_eq!(missing.to_string(), "who.manager has no value here");
}

#[test]
fn a_path_that_finds_several_is_no_one_value() {
    let alert = alert();
    let scope = LaneScope::new(&alert, None, now());
    let form = |path: &str, kind, or: Option<Value>| Form::Path {
        path: quell_playbook::path::Path::parse(path).unwrap(),
        or,
        kind,
    };
    use quell_action::ParamKind::{Integer, List, Text};
    assert!(form("$.Entities[*].Name", Text, Some(json!("x"))).fill(&scope).is_err());
    let names = form("$.Entities[*].Name", List(Box::new(Text)), None).fill(&scope).unwrap();
    assert_eq!(names, json!(["alice", "wks01$"]));
    assert!(form("$.Nothing", Integer, None).fill(&scope).is_err());
    assert_eq!(form("$.Nothing", Integer, Some(json!(0))).fill(&scope).unwrap(), json!(0));
    assert!(
        form("$.Entities[0].Name", Integer, Some(json!(0))).fill(&scope).is_err(),
        "a value of another kind is no absence"
    );
}

#[test]
fn the_logon_name_is_that_of_a_directory_and_never_a_guess() {
    let upn = || Identifier::Upn("alice.a@contoso.example".into());
    let sam = || Identifier::Sam { domain: "contoso".into(), name: "aa1".into() };
    let name = |said: Option<&str>, known: &[Identifier], unanswered: bool| {
        let mut alert = alert();
        let account = &mut alert.entities.accounts[0];
        (account.name, account.identifiers) = (said.map(str::to_owned), vec![upn()]);
        let mut facts = facts(None, unanswered);
        facts.accounts[0].identifiers = known.to_vec();
        let mut scope =
            LaneScope::new(&alert, Entity::at(&alert, quell_alert::EntityKind::Account, 0), now());
        scope.identity = Some(&facts);
        scope.value(&Reference("account.name".into()))
    };
    assert_eq!(name(Some("said"), &[sam()], false), Some(json!("said")), "what the alert says");
    assert_eq!(name(None, &[upn(), sam()], false), Some(json!("aa1")), "what a directory says");
    assert_eq!(name(None, &[upn()], false), Some(json!("alice.a")), "nobody knows another one");
    assert_eq!(name(None, &[upn()], true), None, "somebody may know another one");
    let mut alert = alert();
    (alert.entities.accounts[0].name, alert.entities.accounts[0].identifiers) = (None, vec![upn()]);
    let scope = LaneScope::new(&alert, Entity::at(&alert, quell_alert::EntityKind::Account, 0), now());
    assert_eq!(scope.value(&Reference("account.name".into())), None, "nobody was asked");
}
