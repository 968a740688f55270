//! A run whose journal cannot be written, or read, or on which the engine itself fails, is read anew and goes on: nothing is
//! lost, and nobody drives it twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use quell_playbook::Kept;
use quell_run::{
    Batch, Engine, Finish, Held, HoldKey, Holder, Journal, JournalError, Line, Reservation, Reserved, RunId,
    RunSummary, Start,
};
use quell_tests::run::{AD, Breakage, BreakingJournal, House, Person, alert_about, in_time};

use crate::playbooks::{CUT_OFF, FOR_A_WHILE};

/// A journal that cannot be read so often, or on which the engine fails in the middle so often.
struct Stumbling {
    journal: Arc<BreakingJournal>,
    unread: AtomicUsize,
    defects: AtomicUsize,
}

impl Stumbling {
    fn on(house: &House, unread: usize, defects: usize) -> Arc<Self> {
        let journal = Arc::clone(&house.journal);
        Arc::new(Self { journal, unread: unread.into(), defects: defects.into() })
    }
}

fn one_of(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl Journal for Stumbling {
    async fn append(&self, batch: Batch) -> Result<(), JournalError> {
        self.journal.append(batch).await
    }

    async fn reserve(&self, order: Reservation) -> Result<Reserved, JournalError> {
        assert!(!one_of(&self.defects), "a defect in the engine, on purpose");
        self.journal.reserve(order).await
    }

    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        tokio::task::yield_now().await;
        if one_of(&self.unread) {
            let (run, source) = (run.clone(), "the disk does not answer".into());
            return Err(JournalError::Store { run, what: "read", source });
        }
        self.journal.read(run).await
    }

    async fn unfinished(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.journal.unfinished().await
    }

    async fn kept(&self, detection: &str) -> Result<Kept, JournalError> {
        self.journal.kept(detection).await
    }

    async fn held(&self, key: &HoldKey, holder: &Holder) -> Result<Held, JournalError> {
        self.journal.held(key, holder).await
    }
}

/// An engine that begins a run, and whose next write is refused.
async fn begun(house: &House, journal: Arc<Stumbling>, alice: &Person) -> (Engine, RunId) {
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[alice]), &playbook);
    house.journal.break_at(1, Breakage::Refuses);
    let engine = house.engine_on(journal);
    engine.start(plan.clone(), playbook).await.unwrap();
    (engine, plan.run)
}

#[tokio::test(start_paused = true)]
async fn a_defect_in_the_middle_of_a_run_is_not_its_end() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine_on(Stumbling::on(&house, 0, 2));
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Contained));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_can_neither_be_written_nor_read_for_a_while_ends_nothing() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let (engine, run) = begun(&house, Stumbling::on(&house, 3, 0), &alice).await;
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert_eq!(house.state(&run).await.finish(), Some(Finish::Contained));
}

/// The engine is stopped while the journal cannot be read: nobody waits for it.
#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_read_holds_up_no_stop() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let (engine, run) = begun(&house, Stumbling::on(&house, usize::MAX, 0), &alice).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(engine.active(), 1);
    let before = house.clock_now();
    engine.shut_down(Duration::from_secs(600)).await;
    assert_eq!((house.clock_now() - before).num_seconds(), 0, "there was nothing to wait for");
    assert_eq!(engine.active(), 0);
    house.carry_on().await;
    assert_eq!(house.state(&run).await.finish(), Some(Finish::Contained));
}

/// The start was reported as failed, and the run is there all the same: who asks for it again has it done.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_there_though_its_start_failed_is_driven_when_it_is_started_again() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.journal.break_at(0, Breakage::RefusesAndKeeps);
    let engine = house.engine();
    assert!(engine.start(plan.clone(), playbook.clone()).await.is_err());
    in_time(engine.idle()).await;
    assert!(house.vendor.writes().is_empty());
    assert_eq!(engine.start(plan, playbook).await.unwrap(), Start::Exists);
    in_time(engine.idle()).await;
    assert_eq!(house.vendor.writes().len(), 1);
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// Whoever asks something of a run that another is just taking up is heard as well.
#[tokio::test(start_paused = true)]
async fn two_who_ask_at_once_of_a_run_that_rests_are_both_heard() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(FOR_A_WHILE);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine_on(Stumbling::on(&house, 0, 0));
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(engine.active(), 0, "it rests until its timer runs out");
    let both = tokio::join!(engine.confirm(&plan.run, None, "ann"), engine.confirm(&plan.run, None, "bob"));
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert!(house.vendor.is_disabled(AD, &alice), "it was confirmed");
}

/// The moment has come, and the run cannot be read just then: its timer runs out late rather than never.
#[tokio::test(start_paused = true)]
async fn a_timer_whose_run_cannot_be_read_at_its_moment_runs_out_late() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let journal = Stumbling::on(&house, 0, 0);
    let playbook = house.playbook(FOR_A_WHILE);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine_on(journal.clone());
    engine.start(plan, playbook).await.unwrap();
    in_time(engine.idle()).await;
    journal.unread.store(3, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(10 * 3600)).await;
    in_time(engine.idle()).await;
    assert_eq!(journal.unread.load(Ordering::SeqCst), 0);
    assert!(!house.vendor.is_disabled(AD, &alice));
}
