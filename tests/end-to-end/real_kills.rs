//! `kill -9` in the middle, at every position, and a start afterwards: the decision is carried out once, the run ends,
//! and the offsets say what is on disk.
//!
//! Positions are counted at the wire: the way to the controller is held up before, or after, its first request, its
//! second one and so on, until a run goes through without being held up. So no position is missed when the engine
//! begins to ask in another order.

use std::time::Duration;

use futures::StreamExt as _;
use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, Person, sign_in};
use quell_tests::directory::proxy::{Proxy, Way};
use quell_tests::waiting::until;
use serde_json::Value;

use crate::alert::{by_sid, dcsync};
use crate::site::{Site, assert_disabled};

/// How many sites are broken side by side.
const AT_ONCE: usize = 12;

/// Where a run is broken off: after so many requests, before or after the last of them has arrived.
#[derive(Debug, Clone, Copy)]
enum Break {
    BeforeRequest(usize),
    BeforeAnswer(usize),
}

impl Break {
    fn way(self) -> Way {
        match self {
            Self::BeforeRequest(number) => Way::HoldAfter(number),
            Self::BeforeAnswer(number) => Way::SilentAfter(number + 1),
        }
    }

    fn name(self) -> String {
        match self {
            Self::BeforeRequest(number) => format!("q-k-r{number}"),
            Self::BeforeAnswer(number) => format!("q-k-a{number}"),
        }
    }
}

#[tokio::test]
async fn killed_at_every_request_to_the_controller_it_still_happens_once() {
    for kind in [Break::BeforeRequest, Break::BeforeAnswer] {
        let mut outcomes = futures::stream::iter((0..).map(kind)).map(break_off).buffered(AT_ONCE);
        let mut positions = 0;
        while outcomes.next().await == Some(Broken::Off) {
            positions += 1;
        }
        // Handshake, sign-in, look-ups, groups, the change, its reading back: fewer would not be the whole path.
        assert!(positions >= 10, "only {positions} positions");
        println!("{positions} positions");
    }
}

/// Whether a run was broken off before it ended.
#[derive(Debug, PartialEq, Eq)]
enum Broken {
    Off,
    RunHadEnded,
}

async fn break_off(at: Break) -> Broken {
    let mut admin = Admin::new().await;
    let person = admin.person(&at.name()).await;
    let proxy = Proxy::start().await;
    let site = Site::with(|form| form.controller = proxy.url.clone()).await;
    let engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    proxy.set(at.way());
    let offset = site.produce(&alert).await;
    let broken = tokio::select! {
        () = proxy.until_held() => Broken::Off,
        _ = site.finished(&alert) => Broken::RunHadEnded,
    };
    engine.kill().await;
    proxy.set(Way::Open);

    let engine = site.engine().await;
    let record = site.finished(&alert).await;
    assert_contained_once(&mut admin, &person, &record, &format!("{at:?}")).await;
    if broken == Broken::Off {
        assert_intent_before_effect(&record, at);
    }
    site.until_committed(offset + 1).await;
    engine.stop().await;
    broken
}

/// Whatever happened, the journal had the intent before the controller had the request.
fn assert_intent_before_effect(record: &Value, at: Break) {
    let kinds = crate::real_straight_path::entries(record);
    let started = kinds.iter().position(|kind| kind == "started");
    let succeeded = kinds.iter().position(|kind| kind == "succeeded");
    assert!(started.is_some() && started < succeeded, "{at:?}: {kinds:?}");
}

#[tokio::test]
async fn killed_at_every_request_of_an_undo_it_still_happens_once() {
    for kind in [Break::BeforeRequest, Break::BeforeAnswer] {
        let mut outcomes = futures::stream::iter((0..).map(kind)).map(break_off_undo).buffered(AT_ONCE);
        let mut positions = 0;
        while outcomes.next().await == Some(Broken::Off) {
            positions += 1;
        }
        // Looking, changing, reading back.
        assert!(positions >= 3, "only {positions} positions");
    }
}

async fn break_off_undo(at: Break) -> Broken {
    let mut admin = Admin::new().await;
    let person = admin.person(&format!("{}u", at.name())).await;
    let proxy = Proxy::start().await;
    let site = Site::with(|form| form.controller = proxy.url.clone()).await;
    let engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    let id = record["summary"]["id"].as_str().unwrap();
    let undo = ["undo", id];
    proxy.set(at.way());
    let broken = tokio::select! {
        () = proxy.until_held() => Broken::Off,
        undone = site.quell(&undo) => {
            assert_eq!(undone.code, 0, "{undone:?}");
            Broken::RunHadEnded
        }
    };
    engine.kill().await;
    proxy.set(Way::Open);

    let engine = site.engine().await;
    let record = until("the undo has ended", async || {
        let record = site.ask(&["runs", "show", id]).await;
        (record["summary"]["counts"]["undone"] == 1).then_some(record)
    })
    .await;
    assert_eq!(admin.get(&person, "userAccountControl").await, "512", "{at:?}: {record:#}");
    assert_eq!(sign_in(&person.upn).await, None, "{at:?}");
    assert_eq!(audit::changes(&person, "userAccountControl"), 2, "{at:?}: {record:#}");
    engine.stop().await;
    broken
}

#[tokio::test]
async fn killed_at_any_moment_after_an_alert_was_produced_it_still_happens_once() {
    let moments = (0..24).map(|step| Duration::from_millis(step * 12));
    let killed = |moment: Duration| async move {
        let mut admin = Admin::new().await;
        let person = admin.person(&format!("q-k-t{}", moment.as_millis())).await;
        let site = Site::new().await;
        let engine = site.engine().await;
        let alert = dcsync(by_sid(&person.sid));
        let offset = site.produce(&alert).await;
        // Time is the position here: what is under way at this moment differs from run to run.
        tokio::time::sleep(moment).await;
        engine.kill().await;
        let engine = site.engine().await;
        let record = site.finished(&alert).await;
        assert_contained_once(&mut admin, &person, &record, &format!("{moment:?}")).await;
        site.until_committed(offset + 1).await;
        engine.stop().await;
    };
    futures::stream::iter(moments).map(killed).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn killed_again_and_again_while_alerts_stream_in_nothing_is_lost_and_nothing_is_done_twice() {
    const ALERTS: usize = 240;
    for store in ["sled", "redb"] {
        let mut admin = Admin::new().await;
        let mut people = Vec::new();
        for number in 0..12 {
            people.push(admin.person(&format!("q-k-{store}{number}")).await);
        }
        let site = Site::with(|form| form.store = store).await;
        let alerts: Vec<_> =
            (0..ALERTS).map(|number| dcsync(by_sid(&people[number % people.len()].sid))).collect();
        let producing = async {
            for alert in &alerts {
                site.produce(alert).await;
            }
        };
        let killing = async {
            for round in 0..5_u64 {
                let engine = site.engine().await;
                // Once the group is joined again there is something to be killed in.
                let before = site.committed();
                until("something more is committed", async || (site.committed() > before).then_some(()))
                    .await;
                tokio::time::sleep(Duration::from_millis(round * 17)).await;
                engine.kill().await;
            }
        };
        tokio::join!(producing, killing);

        let engine = site.engine().await;
        site.until_committed(ALERTS as i64).await;
        let runs = until("every alert has its one run, and every run has ended", async || {
            let Value::Array(runs) = site.ask(&["runs", "list", "--limit", "10000"]).await else { panic!() };
            (runs.len() >= ALERTS && runs.iter().all(|run| run["status"] == "finished")).then_some(runs)
        })
        .await;
        let mut decided: Vec<_> = runs.iter().map(|run| run["alert"].as_str().unwrap()).collect();
        decided.sort_unstable();
        let mut produced: Vec<_> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        produced.sort_unstable();
        assert_eq!(decided, produced, "{store}");
        // Who was disabled by one alert was so already for the others; and the record credits nobody else with it.
        let count = |what: &str| runs.iter().filter_map(|run| run["counts"][what].as_u64()).sum::<u64>();
        assert_eq!(
            (count("changed"), count("changed") + count("unchanged")),
            (people.len() as u64, ALERTS as u64),
            "{store}"
        );
        for person in &people {
            assert_eq!(audit::changes(person, "userAccountControl"), 1, "{store}: {}", person.upn);
            assert_disabled(&mut admin, person).await;
        }
        engine.stop().await;
    }
}

async fn assert_contained_once(admin: &mut Admin, person: &Person, record: &Value, at: &str) {
    assert_eq!(audit::changes(person, "userAccountControl"), 1, "{at}: {record:#}");
    assert_disabled(admin, person).await;
    assert_eq!(record["summary"]["finish"], "contained", "{at}: {record:#}");
    // Who changed it was this run, even where the answer never came: only so can it be undone.
    assert_eq!(record["summary"]["counts"]["changed"], 1, "{at}: {record:#}");
}
