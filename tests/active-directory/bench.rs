//! The conformance suite of all connectors, played with the controller in the test's hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::Connection;
use quell_kit::conformance::{Bench, Case, Vendor, check};
use serde_json::json;

use crate::controller::domain::{Domain, PASSWORD};
use crate::controller::{Controller, Mood, connect, target};

struct DomainBench {
    domain: Arc<Mutex<Domain>>,
    /// They listen until the test is over.
    running: Mutex<Vec<Controller>>,
}

#[async_trait]
impl Bench for DomainBench {
    fn cases(&self) -> Vec<Case> {
        let case = |action| Case {
            action,
            provider: "active_directory",
            target: target("Alice"),
            params: json!({}),
        };
        ["account.disable", "account.enable", "account.force_password_change", "account.unlock"]
            .map(case)
            .to_vec()
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
        let disabled = (case.action == "account.disable") == done;
        alice.set("useraccountcontrol", if disabled { "514" } else { "512" });
        let must_change = case.action == "account.force_password_change" && done;
        alice.set("pwdlastset", if must_change { "0" } else { "134396935215665440" });
        let locked = case.action == "account.unlock" && !done;
        alice.set("lockouttime", if locked { "134396935215665440" } else { "0" });
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
