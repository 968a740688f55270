//! One hot lane: very many alerts of one identity. Each costs what the first ones did, in what is read and written, and
//! the account is touched once.

use std::sync::Arc;

use quell_playbook::model::Playbook;
use quell_run::{Engine, Finish, Phase, RunFilter, RunId, Runs};
use quell_store::engine::memory::{MemoryDisk, Traffic};
use quell_store::{NewAlert, RunRecords, Standing, Store};
use quell_tests::run::{AD, House, Person, alert_about, in_time};

use crate::playbooks::CUT_OFF;

/// How many alerts come, one after the other.
const MANY: usize = 2_000;

struct Site {
    house: House,
    alice: Person,
    playbook: Arc<Playbook>,
    disk: MemoryDisk,
    store: Store,
    engine: Engine,
}

impl Site {
    fn new() -> Self {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let playbook = house.playbook(CUT_OFF);
        let disk = MemoryDisk::new();
        let store = Store::in_memory(&disk).unwrap();
        let engine = house.engine_on(Arc::new(store.runs()));
        Self { house, alice, playbook, disk, store, engine }
    }

    fn runs(&self) -> RunRecords {
        self.store.runs()
    }

    /// Accepts an alert about her as the pipeline does, and hands its run over.
    async fn take_in(&self, number: usize) -> RunId {
        let alert = alert_about(&format!("hot-{number:06}"), &[&self.alice]);
        let plan = self.house.plan(&alert, &self.playbook);
        let run = plan.run.clone();
        let new = NewAlert {
            raw: alert.document.to_string().into_bytes(),
            alert,
            origin: serde_json::json!({ "from": "a test" }),
            received: self.house.clock_now(),
        };
        let first = Engine::first_batch(plan.clone());
        self.store.alerts().accept(new, Standing::First, vec![first]).await.unwrap();
        self.engine.adopt(plan, Arc::clone(&self.playbook)).unwrap();
        run
    }
}

#[tokio::test]
async fn the_two_thousandth_alert_of_one_identity_costs_what_the_hundredth_did() {
    let site = Site::new();
    let mut costs = Vec::with_capacity(MANY);
    let mut runs = Vec::with_capacity(MANY);
    for number in 0..MANY {
        let _ = site.disk.take_traffic();
        runs.push(site.take_in(number).await);
        in_time(site.engine.idle()).await;
        costs.push(site.disk.take_traffic());
    }
    same_cost("an alert", &costs[100], &costs[MANY - 1]);
    assert_eq!(site.house.vendor.changes().get(&format!("account.disable {AD}:alice")), Some(&1));

    // And taken back one after the other: each costs the same, and the last one brings back what was there.
    let mut costs = Vec::with_capacity(MANY);
    for run in &runs {
        assert!(site.house.vendor.is_disabled(AD, &site.alice));
        let _ = site.disk.take_traffic();
        site.engine.undo(run, None, "operator").await.unwrap();
        in_time(site.engine.idle()).await;
        costs.push(site.disk.take_traffic());
    }
    same_cost("an undo", &costs[100], &costs[MANY - 100]);
    assert!(!site.house.vendor.is_disabled(AD, &site.alice));
    assert_eq!(site.house.vendor.changes()[&format!("undo account.disable {AD}:alice")], 1);
    assert_eq!(site.runs().all_holds().await.unwrap(), []);
}

/// As many records, and as many bytes but for the digits of a few numbers.
fn same_cost(of: &str, early: &Traffic, late: &Traffic) {
    assert_eq!((early.read, early.written), (late.read, late.written), "{of}");
    let bytes = |traffic: &Traffic| traffic.read_bytes + traffic.written_bytes;
    assert!(bytes(late).abs_diff(bytes(early)) < 512, "{of}: {early:?} {late:?}");
}

/// All at once: they wait for one another, none is lost, none is driven twice.
#[tokio::test]
async fn a_line_of_alerts_about_one_identity_is_worked_off() {
    let site = Site::new();
    let mut runs = Vec::new();
    for number in 0..500 {
        runs.push(site.take_in(number).await);
    }
    in_time(site.engine.idle()).await;
    assert_eq!(site.engine.waiting_lanes(), 0);
    assert_eq!(site.house.vendor.changes().get(&format!("account.disable {AD}:alice")), Some(&1));
    let mut changed = 0;
    for run in &runs {
        let lines = site.runs().lines(run).await.unwrap();
        let state = quell_run::RunState::replay(&lines).unwrap();
        assert!(
            matches!(state.finish(), Some(Finish::Contained | Finish::NothingToDo)),
            "{:?}",
            state.finish()
        );
        assert!(state.tasks().all(|task| task.phase == Phase::Succeeded));
        changed += state.tasks().filter(|task| task.changed() && task.task.provider.as_str() == AD).count();
    }
    assert_eq!(changed, 1, "one of them found it to do, all others found it done");
}

/// As many as the pipeline lets into memory at once.
const AT_ONCE: usize = 5_000;

#[tokio::test]
#[ignore = "takes minutes and two gigabytes of memory; the test of two thousand shows that each costs the same"]
async fn a_hundred_thousand_alerts_of_one_identity_are_worked_off() {
    let site = Site::new();
    for number in 0..100_000 {
        site.take_in(number).await;
        while site.engine.active() >= AT_ONCE {
            tokio::task::yield_now().await;
        }
        if number.is_multiple_of(10_000) {
            println!("{number} are on disk, {} under way", site.engine.active());
        }
    }
    site.engine.idle().await;
    assert_eq!(site.engine.waiting_lanes(), 0);
    assert_eq!(site.house.vendor.changes().get(&format!("account.disable {AD}:alice")), Some(&1));
    let contained = RunFilter { finish: Some(Finish::Contained), ..RunFilter::default() };
    let nothing = RunFilter { finish: Some(Finish::NothingToDo), ..RunFilter::default() };
    let (contained, nothing) =
        (site.runs().list(&contained).await.unwrap(), site.runs().list(&nothing).await.unwrap());
    assert_eq!(contained.len() + nothing.len(), 100_000, "each has come to its end");
}
