//! The conformance suite of all connectors, played with the controller in the test's hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::Connection;
use quell_kit::conformance::{Bench, Case, Vendor, check};
use serde_json::json;

use crate::controller::domain::{Domain, Object, PASSWORD};
use crate::controller::{Controller, Mood, connect, target};

struct DomainBench {
    domain: Arc<Mutex<Domain>>,
    /// They listen until the test is over.
    running: Mutex<Vec<Controller>>,
}

#[async_trait]
impl Bench for DomainBench {
    fn cases(&self) -> Vec<Case> {
        let case =
            |action, params| Case { action, provider: "active_directory", target: target("Alice"), params };
        vec![
            case("account.disable", json!({})),
            case("account.enable", json!({})),
            case("account.force_password_change", json!({})),
            case("account.unlock", json!({})),
            case("account.reset_password", json!({})),
            case("account.add_to_group", json!({"group": "CORP\\Quarantine"})),
            case("account.remove_from_group", json!({"group": "Quarantine"})),
        ]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        let mood = match vendor {
            Vendor::Answers | Vendor::Throttles(_) => Mood::Answers,
            Vendor::KnowsNobody => Mood::KnowsNobody,
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
        let connection = controller.connect().await;
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
        domain.changes = 0;
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.domain.lock().changes
    }

    async fn meddle(&self, case: &Case) -> bool {
        let mut domain = self.domain.lock();
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

fn put_into_quarantine(somebody: &mut Object, member: bool) {
    let group = b"CN=Quarantine,OU=Groups,DC=corp,DC=example".to_vec();
    somebody.attributes.insert("memberof".into(), if member { vec![group] } else { Vec::new() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connector_conforms() {
    let bench = DomainBench { domain: Arc::new(Mutex::new(Domain::new())), running: Mutex::default() };
    let report = check(&bench).await;
    assert!(report.played.len() > 60, "only {} scenarios were played", report.played.len());
    let unexpected: Vec<&String> =
        report.left_out.iter().filter(|scenario| !scenario.contains("throttled")).collect();
    assert!(unexpected.is_empty(), "left out: {unexpected:#?}");
    assert_eq!(report.verdict(), "");
    assert!(bench.time_limit() < Duration::from_secs(1));
}
