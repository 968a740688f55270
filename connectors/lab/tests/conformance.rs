//! The lab passes the suite that every connector passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::time::Duration;

use async_trait::async_trait;
use quell_action::{Connection, Connector, Target, TargetKind};
use quell_alert::Provider;
use quell_kit::conformance::{Bench, Case, Vendor, check, not_played};
use quell_lab::{During, Fault, FaultKind, LabConnector, LabFile, LabSettings, SOMEBODY};
use serde_json::{Value, json};

const AD: &str = Provider::ACTIVE_DIRECTORY;
const ENTRA: &str = Provider::ENTRA_ID;
const OKTA: &str = Provider::OKTA;
const MDE: &str = Provider::DEFENDER_ENDPOINT;

/// What an action changes: where something is to do, where nothing is left, and a third state, if there is one.
type States = (&'static str, Value, Value, Option<Value>);

struct LabBench {
    folder: tempfile::TempDir,
    file: LabFile,
}

impl LabBench {
    fn new() -> Self {
        // Thousands of changes, each brought to the disk: memory is as good for what is asked here.
        let memory = std::path::Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let file = LabFile::open(folder.path()).unwrap();
        // A small company is written faster than a large one.
        file.change(|world| {
            world.accounts.retain(|account| account.person == "alice");
            world.devices.retain(|device| device.name == "wks-alice");
        })
        .unwrap();
        Self { folder, file }
    }

    fn of(case: &Case) -> &'static str {
        if matches!(case.target, Target::Device(_)) { "wks-alice" } else { "alice" }
    }

    fn set(&self, case: &Case, attribute: &str, value: Value) {
        let set = |world: &mut quell_lab::World| {
            let of = Self::of(case);
            let account = world.accounts.iter_mut().find(|a| a.person == of && a.provider == case.provider);
            let device = world.devices.iter_mut().find(|d| d.name == of && d.provider == case.provider);
            let attributes =
                account.map(|a| &mut a.attributes).or(device.map(|d| &mut d.attributes)).unwrap();
            attributes.insert(attribute.to_owned(), value);
        };
        self.file.change(set).unwrap();
    }
}

/// What stands there before and after, for the actions that set something.
fn states(action: &str, provider: &str) -> Option<States> {
    let status = |todo: &str, done: &str| ("status", json!(todo), json!(done), Some(json!("LOCKED_OUT")));
    Some(match (action, provider) {
        ("account.disable", OKTA) => status("ACTIVE", "SUSPENDED"),
        ("account.enable", OKTA) => status("SUSPENDED", "ACTIVE"),
        ("account.force_password_change", OKTA) => status("ACTIVE", "PASSWORD_EXPIRED"),
        ("account.reset_password", OKTA) => status("PASSWORD_EXPIRED", "RECOVERY"),
        ("account.unlock", OKTA) => status("LOCKED_OUT", "ACTIVE"),
        ("account.deactivate", OKTA) => status("ACTIVE", "DEPROVISIONED"),
        ("account.activate", OKTA) => status("DEPROVISIONED", "ACTIVE"),
        ("account.disable", _) => ("enabled", json!(true), json!(false), None),
        ("account.enable", _) => ("enabled", json!(false), json!(true), None),
        ("account.force_password_change", _) => ("must_change_password", json!(false), json!(true), None),
        ("account.unlock", _) => ("locked", json!(true), json!(false), None),
        ("account.mark_compromised", _) => {
            ("risk", json!("low"), json!("confirmed_compromised"), Some(json!("medium")))
        }
        ("account.dismiss_risk", _) => ("risk", json!("high"), json!("dismissed"), Some(json!("medium"))),
        ("account.set_risk", _) => ("risk", json!("low"), json!("high"), Some(json!("medium"))),
        ("device.isolate", _) => ("isolation", json!("none"), json!("full"), Some(json!("selective"))),
        ("device.release", _) => ("isolation", json!("full"), json!("none"), Some(json!("selective"))),
        ("device.disable_account", _) => ("enabled", json!(true), json!(false), None),
        ("device.enable_account", _) => ("enabled", json!(false), json!(true), None),
        ("device.restrict_apps", _) => ("apps_restricted", json!(false), json!(true), None),
        ("device.unrestrict_apps", _) => ("apps_restricted", json!(true), json!(false), None),
        _ => return None,
    })
}

fn params(action: &str) -> Value {
    match action {
        "account.set_risk" => json!({ "level": "high" }),
        "account.add_to_group" | "account.remove_from_group" => json!({ "group": "Quarantine" }),
        "device.tag" => json!({ "tag": "under-investigation" }),
        "file.quarantine" => json!({ "sha1": "ab".repeat(20) }),
        _ => json!({}),
    }
}

#[async_trait]
impl Bench for LabBench {
    fn cases(&self) -> Vec<Case> {
        let world = self.file.read().unwrap();
        let case = |info: quell_action::ActionInfo| {
            let (action, provider) = (info.spec.name, info.spec.provider);
            let target = match info.spec.target {
                TargetKind::Account => Target::Account(world.account("alice", provider).unwrap().key()),
                TargetKind::Device => Target::Device(world.device("wks-alice", provider).unwrap().key()),
                TargetKind::None => Target::None,
            };
            Case { action, provider, target, params: params(action) }
        };
        LabConnector::actions(None).into_iter().map(case).collect()
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        let secs = |hint: Duration| hint.as_secs();
        let (fault, retry_after_secs) = match vendor {
            Vendor::Answers => (None, None),
            Vendor::KnowsNobody => (Some(FaultKind::NotFound), None),
            Vendor::Forbids => (Some(FaultKind::Forbidden), None),
            Vendor::RefusesCredentials => (Some(FaultKind::Credentials), None),
            Vendor::Throttles(hint) => (Some(FaultKind::Throttled), hint.map(secs)),
            Vendor::IsDown | Vendor::HangsBefore => (Some(FaultKind::Unavailable), None),
            Vendor::HangsAfter | Vendor::Cuts | Vendor::Trickles => {
                (Some(FaultKind::TimeoutAfterSending), None)
            }
            Vendor::TalksNonsense => (Some(FaultKind::Garbage), None),
        };
        let faults = fault.map(|fault| Fault {
            fault,
            action: None,
            provider: None,
            target: None,
            during: During::Always,
            times: None,
            retry_after_secs,
            millis: None,
            after_reads: None,
        });
        let settings = LabSettings {
            folder: self.folder.path().to_owned(),
            personas: [AD, ENTRA, OKTA, MDE].map(str::to_owned).to_vec(),
            faults: faults.into_iter().collect(),
        };
        LabConnector::connect("lab", settings).await.unwrap()
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        self.file
            .change(|world| {
                world.history.clear();
                world.jobs.clear();
                let member = (case.action == "account.add_to_group") == done;
                for account in &mut world.accounts {
                    account.groups.retain(|group| group != "Quarantine");
                    account.groups.extend(member.then(|| "Quarantine".to_owned()));
                }
                for device in &mut world.devices {
                    device.tags.retain(|tag| tag != "under-investigation");
                    device.tags.extend(done.then(|| "under-investigation".to_owned()));
                }
            })
            .unwrap();
        if let Some((attribute, todo, finished, _)) = states(case.action, case.provider) {
            self.set(case, attribute, if done { finished } else { todo });
        }
        true
    }

    async fn changes(&self, case: &Case) -> usize {
        let world = self.file.read().unwrap();
        let ours = world.history.iter().filter(|change| change.by != SOMEBODY);
        ours.filter(|change| change.of == Self::of(case) && change.provider == case.provider).count()
    }

    async fn meddle(&self, case: &Case) -> bool {
        let Some((attribute, _, _, Some(third))) = states(case.action, case.provider) else { return false };
        self.set(case, attribute, third);
        true
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test]
async fn every_action_of_every_persona_conforms() {
    let report = check(&LabBench::new()).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<LabConnector>([&report]), [""; 0]);
    let no_third_state = report.left_out.iter().all(|scenario| scenario.contains("somebody else"));
    assert!(no_third_state, "left out: {:#?}", report.left_out);
    let actions = LabConnector::actions(None).len();
    assert!(report.played.len() >= 19 * actions, "{} scenarios of {actions} actions", report.played.len());
}
