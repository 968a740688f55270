//! What the lab promises beyond the suite: its seed, its directories, its faults, its file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use quell_action::{
    AccountFacts, ActionError, AnyAction, Connection, Connector, Effect, ExclusionList, Failure,
    IdentityFacts, InEffect, LookUp, Outcome, Protected, Request, RequestKey, Subject, Target,
};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use quell_lab::{Fault, LabConnector, LabFile, LabSettings};
use serde_json::{Value, json};
use tempfile::TempDir;

const AD: &str = Provider::ACTIVE_DIRECTORY;
const ENTRA: &str = Provider::ENTRA_ID;
const OKTA: &str = Provider::OKTA;
const MDE: &str = Provider::DEFENDER_ENDPOINT;

struct Bench {
    _folder: TempDir,
    file: LabFile,
    connection: Connection,
}

async fn lab(faults: Value) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let settings: LabSettings =
        serde_json::from_value(json!({ "folder": folder.path(), "faults": faults })).unwrap();
    assert_eq!(LabConnector::check(&settings), []);
    let connection = LabConnector::connect("lab", settings).await.unwrap();
    Bench { file: LabFile::open(folder.path()).unwrap(), _folder: folder, connection }
}

impl Bench {
    fn action(&self, name: &str, provider: &str) -> Arc<dyn AnyAction> {
        let fits = |action: &&Arc<dyn AnyAction>| {
            action.info().spec.name == name && action.info().spec.provider == provider
        };
        Arc::clone(self.connection.actions.iter().find(fits).unwrap())
    }

    fn target(&self, person: &str, provider: &str) -> Target {
        Target::Account(self.file.read().unwrap().account(person, provider).unwrap().key())
    }

    async fn facts(&self, provider: &str, names: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let directory = self.connection.directories.iter().find(|one| one.provider().as_str() == provider);
        directory.unwrap().account(names).await
    }

    async fn execute(&self, name: &str, provider: &str, person: &str) -> Result<Outcome<Value>, ActionError> {
        let (action, target) = (self.action(name, provider), self.target(person, provider));
        let cleared = quell_kit::conformance::clear(&target, &action.info().spec).unwrap();
        let key = RequestKey(format!("{name}-{person}"));
        action.execute(Request::new(cleared, key, Duration::from_millis(100), json!({}))).await
    }
}

fn upn(text: &str) -> Identifier {
    Identifier::Upn(text.into())
}

#[tokio::test]
async fn the_seed_is_the_company_that_tests_and_examples_rely_on() {
    let bench = lab(json!([])).await;
    let world = bench.file.read().unwrap();
    let people: BTreeSet<&str> = world.accounts.iter().map(|account| account.person.as_str()).collect();
    assert_eq!(people.len(), 11);
    let alice = world.account("alice", AD).unwrap();
    assert_eq!(alice.id, "11111111-1111-4111-8111-000000001104");
    let sid = "S-1-5-21-1004336348-1177238915-682003330-1104";
    assert!(alice.identifiers.contains(&Identifier::Sid(sid.into())));
    assert_eq!(world.account("alice", ENTRA).unwrap().id, "a0000000-0000-4000-8000-000000001104");
    assert_eq!(world.account("alice", OKTA).unwrap().id, "00u0000000000aliceXX");
    assert_eq!(world.account("bob", OKTA).unwrap().id, "00u000000000000bobXX");
    assert!(world.account("grace", OKTA).is_none());
    assert_eq!(world.device("wks-bob", MDE).unwrap().id, "b2".repeat(20));
    assert_eq!(world.device("dc01", MDE).unwrap().protected, Some(Protected::DomainController));
    // Names are kept as the identifiers of the engine write them.
    for account in &world.accounts {
        for name in &account.identifiers {
            assert_eq!(name.to_string().parse::<Identifier>().unwrap(), *name, "{}", account.person);
        }
    }
    for device in &world.devices {
        for name in &device.identifiers {
            assert_eq!(name.to_string().parse::<DeviceIdentifier>().unwrap(), *name);
        }
    }
}

#[tokio::test]
async fn every_strong_name_of_an_account_leads_to_it_and_no_weak_one_does() {
    let bench = lab(json!([])).await;
    for account in bench.file.read().unwrap().accounts {
        for name in &account.identifiers {
            let found = bench.facts(&account.provider, std::slice::from_ref(name)).await.unwrap();
            let is_it = matches!(&found, LookUp::Found(facts) if facts.key == account.key());
            let asked_elsewhere =
                account.provider == ENTRA && matches!(name, Identifier::Sam { .. } | Identifier::Dn(_));
            assert_eq!(is_it, name.is_strong() && !asked_elsewhere, "{name} at {}", account.provider);
        }
    }
    let weak = [Identifier::Mail("alice@contoso.example".into()), Identifier::Name("alice".into())];
    assert_eq!(bench.facts(AD, &weak).await.unwrap(), LookUp::NotFound);
    assert_eq!(bench.facts(AD, &[]).await.unwrap(), LookUp::NotFound);
}

#[tokio::test]
async fn names_of_different_people_lead_to_nobody() {
    let bench = lab(json!([])).await;
    let two = [upn("alice@contoso.example"), upn("bob@contoso.example")];
    assert!(matches!(bench.facts(AD, &two).await.unwrap(), LookUp::Ambiguous(_)));
    // An id that finds nobody is not replaced by a name that does.
    let gone = [Identifier::Sid("S-1-5-21-1-2-3-9".into()), upn("alice@contoso.example")];
    assert_eq!(bench.facts(AD, &gone).await.unwrap(), LookUp::NotFound);
}

#[tokio::test]
async fn groups_are_nested_and_rights_come_with_them() {
    let bench = lab(json!([])).await;
    let LookUp::Found(grace) = bench.facts(AD, &[upn("grace@contoso.example")]).await.unwrap() else {
        panic!()
    };
    let names: BTreeSet<String> = grace.groups.unwrap().into_iter().filter_map(|group| group.name).collect();
    assert_eq!(names, ["Domain Admins", "Domain Users", "Tier 0"].map(str::to_owned).into());
    assert_eq!(grace.privileged, Some(true));
    let LookUp::Found(krbtgt) = bench.facts(AD, &[upn("krbtgt@contoso.example")]).await.unwrap() else {
        panic!()
    };
    assert_eq!((krbtgt.protected, krbtgt.enabled), (Some(Protected::Krbtgt), Some(false)));
}

#[tokio::test]
async fn an_excluded_person_of_the_lab_cannot_even_be_asked_for() {
    let bench = lab(json!([])).await;
    let LookUp::Found(facts) = bench.facts(AD, &[upn("krbtgt@contoso.example")]).await.unwrap() else {
        panic!()
    };
    let (now, key) = (facts.read_at, facts.key.clone());
    let person = IdentityFacts { mentioned: vec![], accounts: vec![facts], unanswered: vec![] };
    let list = ExclusionList::new(Vec::new(), BTreeSet::new(), TimeDelta::minutes(5));
    let spec = bench.action("account.disable", AD).info().spec;
    list.clear(&Subject::Identity(person), Target::Account(key), &spec, now).unwrap_err();
}

#[tokio::test]
async fn a_fault_hits_whom_it_names_and_as_often_as_it_says() {
    let bench = lab(json!([
        { "fault": "throttled", "action": "account.disable", "provider": "okta", "target": "alice", "times": 2,
          "retry_after_secs": 3 },
    ]))
    .await;
    let throttled = Failure::Throttled { retry_after: Some(Duration::from_secs(3)) };
    bench.execute("account.disable", OKTA, "bob").await.unwrap();
    bench.execute("account.disable", AD, "alice").await.unwrap();
    for _ in 0..2 {
        assert_eq!(bench.execute("account.disable", OKTA, "alice").await.unwrap_err().failure, throttled);
    }
    bench.execute("account.disable", OKTA, "alice").await.unwrap();
    assert_eq!(bench.file.read().unwrap().changes("alice", OKTA, "status"), 1);
}

#[tokio::test]
async fn faults_in_the_file_are_used_up_in_the_file() {
    let bench = lab(json!([])).await;
    let fault: Fault =
        serde_json::from_value(json!({ "fault": "timeout_after_sending", "times": 1 })).unwrap();
    bench.file.change(|world| world.faults.push(fault)).unwrap();
    let lost = bench.execute("account.disable", AD, "alice").await.unwrap_err();
    assert_eq!(lost.failure, Failure::Uncertain);
    assert_eq!(bench.file.read().unwrap().faults[0].times, Some(0));
    let again = bench.execute("account.disable", AD, "alice").await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    assert_eq!(bench.file.read().unwrap().changes("alice", AD, "enabled"), 1, "exactly one effective change");
}

#[tokio::test]
async fn somebody_changes_it_back_after_so_many_looks() {
    let bench = lab(json!([{ "fault": "drift", "after_reads": 3, "times": 1 }])).await;
    bench.execute("account.disable", AD, "alice").await.unwrap();
    let (action, target) = (bench.action("account.disable", AD), bench.target("alice", AD));
    for expected in [InEffect::Yes, InEffect::Yes, InEffect::No, InEffect::No] {
        assert_eq!(action.observe(&target, &json!({})).await.unwrap().in_effect, expected);
    }
    let world = bench.file.read().unwrap();
    assert_eq!(world.changes("alice", AD, "enabled"), 1, "what somebody does is not counted as ours");
    assert_eq!(world.history.last().unwrap().by, quell_lab::SOMEBODY);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_leaves_its_effect_behind() {
    let bench = lab(json!([{ "fault": "latency", "millis": 300 }])).await;
    let late = bench.execute("account.disable", AD, "alice").await.unwrap_err();
    assert_eq!(late.failure, Failure::Uncertain);
    assert_eq!(bench.file.read().unwrap().changes("alice", AD, "enabled"), 1);
}

#[tokio::test]
async fn a_password_that_never_expires_makes_a_forced_change_ineffective() {
    let bench = lab(json!([])).await;
    let outcome = bench.execute("account.force_password_change", AD, "svc-backup").await.unwrap();
    let Effect::Ineffective { why, .. } = outcome.effect else { panic!("{:?}", outcome.effect) };
    assert!(why.contains("never expires"));
    let (action, target) =
        (bench.action("account.force_password_change", AD), bench.target("svc-backup", AD));
    assert!(matches!(action.observe(&target, &json!({})).await.unwrap().in_effect, InEffect::Ineffective(_)));
    let clearing = json!({ "clear_password_never_expires": true });
    let cleared = quell_kit::conformance::clear(&target, &action.info().spec).unwrap();
    let request = Request::new(cleared, RequestKey("k".into()), Duration::from_secs(1), clearing.clone());
    assert!(matches!(action.execute(request).await.unwrap().effect, Effect::Changed { .. }));
    assert_eq!(action.observe(&target, &clearing).await.unwrap().in_effect, InEffect::Yes);
}

#[tokio::test]
async fn a_service_account_keeps_its_password_unless_told_otherwise() {
    let bench = lab(json!([])).await;
    let refused = bench.execute("account.reset_password", AD, "svc-backup").await.unwrap_err();
    assert_eq!(refused.failure, Failure::Rejected);
    assert_eq!(bench.file.read().unwrap().history, []);
    bench.execute("account.reset_password", AD, "alice").await.unwrap();
    let (action, target) = (bench.action("account.reset_password", AD), bench.target("svc-backup", AD));
    let cleared = quell_kit::conformance::clear(&target, &action.info().spec).unwrap();
    let meant = json!({ "even_with_services": true });
    action
        .execute(Request::new(cleared, RequestKey("k".into()), Duration::from_secs(1), meant))
        .await
        .unwrap();
    assert_eq!(bench.file.read().unwrap().changes("svc-backup", AD, "password"), 1);
}

#[tokio::test]
async fn groups_are_named_in_many_ways_and_privileged_ones_are_refused() {
    let bench = lab(json!([])).await;
    let (action, target) = (bench.action("account.add_to_group", AD), bench.target("alice", AD));
    let add = async |group: &str| {
        let cleared = quell_kit::conformance::clear(&target, &action.info().spec).unwrap();
        let params = json!({ "group": group });
        action.execute(Request::new(cleared, RequestKey("k".into()), Duration::from_secs(1), params)).await
    };
    let first = add(r"CONTOSO\quarantine").await.unwrap();
    assert_eq!(first.output["group"], "Quarantine");
    assert!(matches!(first.effect, Effect::Changed { .. }));
    for same in ["Quarantine", "S-1-5-21-1004336348-1177238915-682003330-1305"] {
        assert_eq!(add(same).await.unwrap().effect, Effect::Unchanged, "{same}");
    }
    for (refused, failure) in
        [("Domain Admins", Failure::Forbidden), ("No Such Group", Failure::Rejected), ("", Failure::Rejected)]
    {
        assert_eq!(add(refused).await.unwrap_err().failure, failure, "{refused}");
    }
    assert_eq!(bench.file.read().unwrap().changes("alice", AD, "group:quarantine"), 1);
}

#[tokio::test]
async fn okta_suspends_only_who_is_active() {
    let bench = lab(json!([])).await;
    bench.execute("account.force_password_change", OKTA, "alice").await.unwrap();
    let refused = bench.execute("account.disable", OKTA, "alice").await.unwrap_err();
    assert_eq!(refused.failure, Failure::Rejected);
    assert!(refused.message.contains("PASSWORD_EXPIRED"), "{refused}");
}

#[tokio::test]
async fn a_job_is_started_once_for_one_key() {
    let bench = lab(json!([])).await;
    let target = Target::Device(bench.file.read().unwrap().device("wks-alice", MDE).unwrap().key());
    let action = bench.action("device.scan", MDE);
    let mut ids = BTreeSet::new();
    for key in ["one", "one", "two"] {
        let cleared = quell_kit::conformance::clear(&target, &action.info().spec).unwrap();
        let request = Request::new(cleared, RequestKey(key.into()), Duration::from_secs(1), json!({}));
        ids.insert(action.execute(request).await.unwrap().external_id);
    }
    assert_eq!(ids.len(), 2);
    assert_eq!(bench.file.read().unwrap().changes("wks-alice", MDE, "device.scan"), 2);
}

#[tokio::test]
async fn many_hands_at_one_file_lose_nothing() {
    let bench = lab(json!([])).await;
    let folder = bench.file.path().parent().unwrap().to_owned();
    let hands: Vec<_> = (0..8)
        .map(|hand| {
            let folder = folder.clone();
            std::thread::spawn(move || {
                let file = LabFile::open(&folder).unwrap();
                for turn in 0..10 {
                    let tag = format!("tag-{hand}-{turn}");
                    file.change(|world| world.devices[0].tags.push(tag)).unwrap();
                }
            })
        })
        .collect();
    hands.into_iter().for_each(|hand| hand.join().unwrap());
    assert_eq!(bench.file.read().unwrap().devices[0].tags.len(), 80);
}

#[tokio::test]
async fn what_a_dead_process_left_behind_is_no_lab() {
    let bench = lab(json!([])).await;
    let folder = bench.file.path().parent().unwrap().to_owned();
    std::fs::write(folder.join("lab.json.new"), "half a fi").unwrap();
    bench.execute("account.disable", AD, "alice").await.unwrap();
    assert_eq!(LabFile::open(&folder).unwrap().read().unwrap().changes("alice", AD, "enabled"), 1);

    let (action, target) = (bench.action("account.disable", AD), bench.target("bob", AD));
    for content in ["{", "{\"version\":1}", ""] {
        std::fs::write(bench.file.path(), content).unwrap();
        let message = LabFile::open(&folder).unwrap_err().to_string();
        assert!(message.contains("does not hold a lab"), "{message}");
        let unreadable = action.observe(&target, &json!({})).await.unwrap_err();
        assert_eq!(unreadable.failure, Failure::Unavailable { retry_after: None });
    }
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    let settings: LabSettings = serde_json::from_value(json!({
        "folder": "",
        "personas": ["octa"],
        "faults": [{ "fault": "latency" }, { "fault": "forbidden", "millis": 3 }, { "fault": "garbage", "times": 0 }],
    }))
    .unwrap();
    let places: Vec<String> =
        LabConnector::check(&settings).into_iter().map(|problem| problem.place).collect();
    assert_eq!(places, ["folder", "personas[0]", "faults[0].millis", "faults[1].millis", "faults[2].times"]);
    let unknown = serde_json::from_value::<LabSettings>(json!({ "folder": "x", "fault": [] }));
    assert!(unknown.unwrap_err().to_string().contains("unknown field"));
}
