//! Which of several controllers is told: the PDC emulator where it is known and answers, otherwise the order of the
//! settings; and finding that out never keeps anybody waiting for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use quell_action::{AnyAction, Connection, LookUp};
use quell_alert::Identifier;
use serde_json::{Value, json};

use crate::controller::domain::Domain;
use crate::controller::{Controller, Mood, connect, connect_with};
use crate::windows::{params_of, request};

/// What a call takes at most that waits for nobody: far less than the second after which a silent one is given up.
const AT_ONCE: Duration = Duration::from_millis(700);

/// Two controllers of one domain, whose second one is the PDC emulator.
struct Pair {
    domain: Arc<Mutex<Domain>>,
    first: Controller,
    second: Controller,
}

impl Pair {
    async fn new(mood_of_the_first: Mood) -> Self {
        let domain = Arc::new(Mutex::new(Domain::new()));
        domain.lock().emulator = Some("DC2");
        let first = Controller::called("DC1", Arc::clone(&domain), mood_of_the_first).await;
        let second = Controller::called("DC2", Arc::clone(&domain), Mood::Answers).await;
        Self { domain, first, second }
    }

    async fn connect(&self) -> Connection {
        connect(&[&self.first.url, &self.second.url]).await
    }

    /// Which controllers were told since the last time.
    fn told(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.domain.lock().told)
    }
}

/// Disables Alice, who is enabled, and says which controller the record names.
async fn disable(connection: &Connection, domain: &Mutex<Domain>) -> String {
    domain.lock().object("Alice").set("useraccountcontrol", "512");
    let outcome = call(connection, "account.disable").await;
    outcome["controller"].as_str().unwrap().to_owned()
}

async fn call(connection: &Connection, name: &str) -> Value {
    let action = connection.actions.iter().find(|action| action.info().spec.name == name).unwrap();
    let action: &dyn AnyAction = action.as_ref();
    action.execute(request(action, "Alice", params_of(action))).await.unwrap().output
}

#[tokio::test]
async fn whatever_decides_about_signing_in_goes_to_the_emulator() {
    let pair = Pair::new(Mood::Answers).await;
    let connection = pair.connect().await;
    pair.domain.lock().object("Alice").set("lockouttime", "134396935215665440");
    for name in [
        "account.disable",
        "account.enable",
        "account.force_password_change",
        "account.unlock",
        "account.reset_password",
    ] {
        let output = call(&connection, name).await;
        assert_eq!(output["controller"], "dc2.corp.example", "{name}");
        assert_eq!(pair.told(), ["DC2"], "{name}");
    }
    assert_eq!(pair.domain.lock().asked_for_emulator.len(), 1, "the answer is remembered");
}

#[tokio::test]
async fn groups_and_looking_up_keep_to_the_order_of_the_settings() {
    let pair = Pair::new(Mood::Answers).await;
    let connection = pair.connect().await;
    call(&connection, "account.add_to_group").await;
    assert_eq!(pair.told(), ["DC1"]);
    let name = Identifier::upn("alice@corp.example").unwrap();
    let found = connection.directories[0].account(&[name]).await.unwrap();
    assert!(matches!(found, LookUp::Found(_)), "{found:?}");
    let domain = pair.domain.lock();
    assert!(domain.searched.iter().all(|host| *host == "DC1"), "{:?}", domain.searched);
    assert_eq!(domain.asked_for_emulator, Vec::<&str>::new());
}

#[tokio::test]
async fn the_settings_can_keep_their_order() {
    let pair = Pair::new(Mood::Answers).await;
    let connection = connect_with(&[&pair.first.url, &pair.second.url], json!({"prefer_pdc": false})).await;
    assert_eq!(disable(&connection, &pair.domain).await, "dc1.corp.example");
    assert_eq!(pair.domain.lock().asked_for_emulator, Vec::<&str>::new());
}

#[tokio::test]
async fn an_emulator_that_is_gone_is_done_without_and_asked_last() {
    let pair = Pair::new(Mood::Answers).await;
    let connection = pair.connect().await;
    assert_eq!(disable(&connection, &pair.domain).await, "dc2.corp.example");
    let Pair { domain, first: _first, second } = pair;
    drop(second);
    for _ in 0..3 {
        assert_eq!(disable(&connection, &domain).await, "dc1.corp.example");
    }
    assert_eq!(domain.lock().told, ["DC2", "DC1", "DC1", "DC1"]);
}

#[tokio::test]
async fn an_emulator_that_accepts_and_says_nothing_delays_one_call_only() {
    // By its own name it is known without being asked; by another name it must be asked who it is.
    for by_name in [true, false] {
        let domain = Arc::new(Mutex::new(Domain::new()));
        domain.lock().emulator = Some("localhost");
        let first = Controller::called("DC1", Arc::clone(&domain), Mood::Answers).await;
        let silent = Controller::called("localhost", Arc::clone(&domain), Mood::Silent).await;
        let url = if by_name { silent.url.replace("127.0.0.1", "localhost") } else { silent.url.clone() };
        let connection = connect(&[&first.url, &url]).await;
        assert_eq!(disable(&connection, &domain).await, "dc1.corp.example");
        let begun = Instant::now();
        for _ in 0..5 {
            assert_eq!(disable(&connection, &domain).await, "dc1.corp.example");
        }
        assert!(begun.elapsed() < AT_ONCE, "{:?}, by name: {by_name}", begun.elapsed());
    }
}

#[tokio::test]
async fn an_emulator_is_known_by_its_address_without_asking_the_others() {
    let domain = Arc::new(Mutex::new(Domain::new()));
    domain.lock().emulator = Some("localhost");
    let first = Controller::called("DC1", Arc::clone(&domain), Mood::Answers).await;
    let second = Controller::called("DC2", Arc::clone(&domain), Mood::Answers).await;
    let third = Controller::called("localhost", Arc::clone(&domain), Mood::Answers).await;
    let named = third.url.replace("127.0.0.1", "localhost");
    let connection = connect(&[&first.url, &second.url, &named]).await;
    assert_eq!(disable(&connection, &domain).await, "localhost");
    // The first one told who it is, and the third one was told what to do.
    assert_eq!(domain.lock().sign_ins.len(), 2);
}

#[tokio::test]
async fn where_nobody_can_tell_the_order_of_the_settings_holds() {
    let pair = Pair::new(Mood::Answers).await;
    for emulator in [None, Some("DC9")] {
        pair.domain.lock().emulator = emulator;
        pair.domain.lock().asked_for_emulator.clear();
        let connection = pair.connect().await;
        for _ in 0..3 {
            assert_eq!(disable(&connection, &pair.domain).await, "dc1.corp.example");
        }
        let asked = pair.domain.lock().asked_for_emulator.len();
        assert!(
            asked <= 2,
            "asked {asked} times: each controller is asked once, and then nobody for a while"
        );
    }
}

#[tokio::test]
async fn a_controller_that_never_says_who_it_is_delays_one_call_only() {
    let pair = Pair::new(Mood::SilentOnEmulator).await;
    let connection = pair.connect().await;
    // The second one tells, before the call has lost its patience or soon after.
    disable(&connection, &pair.domain).await;
    let begun = Instant::now();
    for _ in 0..5 {
        disable(&connection, &pair.domain).await;
    }
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!(pair.told().last(), Some(&"DC2"));
}

#[tokio::test]
async fn the_probe_names_the_emulator_or_says_that_the_settings_do_not_lead_there() {
    let pair = Pair::new(Mood::Answers).await;
    for (emulator, expected) in [
        (Some("DC2"), "dc1.corp.example (corp.example), dc2.corp.example (corp.example, PDC emulator)"),
        (Some("DC1"), "dc1.corp.example (corp.example, PDC emulator), dc2.corp.example (corp.example)"),
        (
            Some("DC9"),
            "dc1.corp.example (corp.example), dc2.corp.example (corp.example); the PDC emulator is dc9.corp.example, to \
             which `servers` does not lead",
        ),
        (
            None,
            "dc1.corp.example (corp.example), dc2.corp.example (corp.example); which controller is the PDC emulator \
             cannot be read",
        ),
    ] {
        pair.domain.lock().emulator = emulator;
        let report = pair.connect().await.probe.probe().await;
        assert_eq!(report.system.as_deref(), Some(expected), "{:?}", report.problems);
    }
}
