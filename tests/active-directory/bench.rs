//! The conformance suite of all connectors, played with the controller in the test's hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{Connection, Impact};
use quell_active_directory::ActiveDirectory;
use quell_kit::conformance::{
    Bench, Case, Mishap, PositionBench, Vendor, check, check_positions, not_met_by_mishaps, not_played,
};
use quell_kit::scripted::Mishaps;
use serde_json::json;

use crate::controller::domain::{Domain, Object, PASSWORD};
use crate::controller::{Controller, Mood, connect, device, target};

struct DomainBench {
    /// Whether it is about what only reads: such an action can be forbidden nothing but reading.
    reading: bool,
    domain: Arc<Mutex<Domain>>,
    /// They listen until the test is over.
    running: Mutex<Vec<Controller>>,
    mishaps: Arc<Mishaps>,
}

impl DomainBench {
    fn changing() -> Self {
        Self::new(false)
    }

    fn reading() -> Self {
        Self::new(true)
    }

    fn new(reading: bool) -> Self {
        let domain = Arc::new(Mutex::new(Domain::new()));
        Self { reading, domain, running: Mutex::default(), mishaps: Arc::default() }
    }
}

#[async_trait]
impl Bench for DomainBench {
    fn cases(&self) -> Vec<Case> {
        let on = |target, action, params| Case { action, provider: "active_directory", target, params };
        let case = |action, params| on(target("Alice"), action, params);
        if self.reading {
            return vec![case("active_directory.get_user", json!({}))];
        }
        vec![
            case("account.disable", json!({})),
            case("account.enable", json!({})),
            case("account.force_password_change", json!({})),
            case("account.unlock", json!({})),
            case("account.reset_password", json!({})),
            case("account.add_to_group", json!({"group": "CORP\\Quarantine"})),
            case("account.remove_from_group", json!({"group": "Quarantine"})),
            on(device("WKS1$"), "device.disable_account", json!({})),
            on(device("WKS1$"), "device.enable_account", json!({})),
        ]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        let mood = match vendor {
            Vendor::Answers | Vendor::Throttles(_) => Mood::Meets(Arc::clone(&self.mishaps)),
            Vendor::KnowsNobody => Mood::KnowsNobody,
            Vendor::Forbids if self.reading => Mood::ForbidsReading,
            Vendor::Forbids => Mood::Forbids,
            Vendor::RefusesCredentials => Mood::RefusesSignIn("52e"),
            Vendor::HangsBefore => Mood::Silent,
            Vendor::HangsAfter => Mood::SilentAfterChange,
            Vendor::Cuts => Mood::CutsAfterChange,
            Vendor::Trickles => Mood::TricklesAfterChange,
            Vendor::TalksNonsense => Mood::BabblesAfterChange,
            Vendor::IsDown => {
                let gone = Controller::start(Mood::Answers).await.url.clone();
                return connect(&[&gone]).await;
            }
        };
        let controller = Controller::over(Arc::clone(&self.domain), mood).await;
        let mut connection = controller.connect().await;
        connection.actions.retain(|action| self.reading == (action.info().spec.impact == Impact::Informing));
        self.running.lock().push(controller);
        connection
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut domain = self.domain.lock();
        let alice = domain.object("Alice");
        let is = |action: &str| case.action == action;
        let disabled = (is("account.enable") && !done) || (is("account.disable") && done);
        alice.set("useraccountcontrol", if disabled { "514" } else { "512" });
        let must_change = is("account.force_password_change") && done;
        alice.set("pwdlastset", if must_change { "0" } else { "134396935215665440" });
        let locked = is("account.unlock") && !done;
        alice.set("lockouttime", if locked { "134396935215665440" } else { "0" });
        let member = (is("account.remove_from_group") && !done) || (is("account.add_to_group") && done);
        put_into_quarantine(alice, member);
        let shut_out = (is("device.enable_account") && !done) || (is("device.disable_account") && done);
        domain.object("WKS1$").set("useraccountcontrol", if shut_out { "4098" } else { "4096" });
        domain.changes = 0;
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.domain.lock().changes
    }

    async fn meddle(&self, case: &Case) -> bool {
        let mut domain = self.domain.lock();
        if case.action.starts_with("device.") {
            // Somebody trusts it with what others may do: whoever does that looks into the account.
            let flags = if case.action == "device.disable_account" { 0x1002 } else { 0x1000 };
            domain.object("WKS1$").set("useraccountcontrol", &(flags | 0x8_0000).to_string());
            return true;
        }
        let alice = domain.object("Alice");
        match case.action {
            // Somebody demands a smart card: whoever does that looks into the account.
            "account.disable" => alice.set("useraccountcontrol", "262658"),
            "account.enable" => alice.set("useraccountcontrol", "262656"),
            // The user has changed the password.
            "account.force_password_change" => alice.set("pwdlastset", "134396999999999999"),
            // There is no third state: somebody else has put it back.
            "account.add_to_group" => put_into_quarantine(alice, false),
            "account.remove_from_group" => put_into_quarantine(alice, true),
            _ => return false,
        }
        true
    }

    fn can(&self, vendor: Vendor) -> bool {
        // A domain controller never asks for fewer calls.
        !matches!(vendor, Vendor::Throttles(_))
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }
}

#[async_trait]
impl PositionBench for DomainBench {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.mishaps.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.mishaps.calls()
    }

    fn mishaps(&self) -> Vec<Mishap> {
        // There are no pages for people here, no front doors, and no token that could end.
        vec![
            Mishap::Silence,
            Mishap::Cut,
            Mishap::Trickle,
            Mishap::Garbage,
            Mishap::Oversized,
            Mishap::Fails,
            Mishap::IsBusy,
        ]
    }
}

fn put_into_quarantine(somebody: &mut Object, member: bool) {
    let group = b"CN=Quarantine,OU=Groups,DC=corp,DC=example".to_vec();
    somebody.attributes.insert("memberof".into(), if member { vec![group] } else { Vec::new() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connector_conforms() {
    let (bench, looking) = (DomainBench::changing(), DomainBench::reading());
    let reports = [check(&bench).await, check(&looking).await];
    let [changing, reading] = &reports;
    assert!(changing.played.len() > 60, "only {} scenarios were played", changing.played.len());
    let unexpected: Vec<&String> =
        changing.left_out.iter().filter(|scenario| !scenario.contains("throttled")).collect();
    assert!(unexpected.is_empty(), "left out: {unexpected:#?}");
    assert!(reading.played.iter().any(|scenario| scenario.contains("the right is missing")), "{reading:?}");
    assert_eq!((changing.verdict(), reading.verdict()), Default::default());
    assert_eq!(not_played::<ActiveDirectory>(&reports), [""; 0]);
    assert!(bench.time_limit() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mishap_at_any_request_is_told_truly() {
    let (bench, looking) = (DomainBench::changing(), DomainBench::reading());
    let reports = [check_positions(&bench).await, check_positions(&looking).await];
    let [changing, reading] = &reports;
    assert_eq!((changing.verdict(), reading.verdict()), Default::default());
    assert_eq!(not_met_by_mishaps::<ActiveDirectory>(&reports), [""; 0]);
    assert!(changing.played.len() > 150, "{} mishaps", changing.played.len());
    assert!(reading.played.len() > 10, "{} mishaps", reading.played.len());
}
