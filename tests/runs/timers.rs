//! Undo timers that people stop or put off: what they say is on disk before they hear it, holds over every restart, and
//! may be said twice.

use std::sync::Arc;
use std::time::Duration;

use quell_alert::Timestamp;
use quell_playbook::model::Playbook;
use quell_run::{Engine, Entry, Journal, Plan, Refusal};
use quell_tests::run::{AD, Breakage, House, OKTA, Person, alert_about, dawn, in_time, settle_down};

use crate::playbooks::{CONTAIN, FOR_A_WHILE};

const HOUR: Duration = Duration::from_secs(3600);

struct Story {
    house: House,
    alice: Person,
    plan: Plan,
    playbook: Arc<Playbook>,
}

impl Story {
    /// Somebody was disabled, and a timer of eight hours runs.
    async fn new() -> (Self, Engine) {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let playbook = house.playbook(FOR_A_WHILE);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
        in_time(engine.idle()).await;
        (Self { house, alice, plan, playbook }, engine)
    }

    fn is_disabled(&self) -> bool {
        self.house.vendor.is_disabled(AD, &self.alice)
    }

    async fn due(&self) -> Option<Timestamp> {
        self.house.state(&self.plan.run).await.tasks().find_map(quell_run::TaskState::undo_due)
    }

    /// How many lines say something of timers.
    async fn said(&self) -> usize {
        let lines = self.house.lines(&self.plan.run).await;
        let about = |entry: &Entry| matches!(entry, Entry::Confirmed { .. } | Entry::Extended { .. });
        lines.iter().filter(|line| about(&line.entry)).count()
    }

    /// Asserts that exactly one undo was carried out, or none.
    fn assert_undone(&self, times: Option<u32>) {
        let undone = self.house.vendor.changes().get(&format!("undo account.disable {AD}:alice")).copied();
        assert_eq!(undone, times);
        assert_eq!(self.is_disabled(), times.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_was_put_off_runs_out_then_and_not_before() {
    let (story, engine) = Story::new().await;
    let due = story.due().await.unwrap();
    let until = due + 16 * HOUR;
    engine.extend(&story.plan.run, None, until, "olivia").await.unwrap();
    assert_eq!(story.due().await, Some(until));
    tokio::time::sleep(20 * HOUR).await;
    settle_down().await;
    story.assert_undone(None);
    tokio::time::sleep(5 * HOUR).await;
    settle_down().await;
    story.assert_undone(Some(1));
    assert!(story.house.journal.unfinished().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_said_twice_stands_once() {
    let (story, engine) = Story::new().await;
    let until = story.due().await.unwrap() + HOUR;
    for by in ["olivia", "oscar"] {
        assert_eq!(engine.extend(&story.plan.run, None, until, by).await.unwrap().len(), 1);
    }
    assert_eq!(story.said().await, 1);
    for by in ["olivia", "oscar"] {
        assert_eq!(engine.confirm(&story.plan.run, None, by).await.unwrap().len(), 1);
    }
    assert_eq!(story.said().await, 2);
    let lines = story.house.lines(&story.plan.run).await;
    let by = lines.iter().find_map(|line| match &line.entry {
        Entry::Confirmed { by, .. } => Some(by.clone()),
        _ => None,
    });
    assert_eq!(by.as_deref(), Some("olivia"), "the record says who was first");
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused() {
    let (story, engine) = Story::new().await;
    let run = &story.plan.run;
    let now = story.house.clock_now();
    let refused =
        |answer: Result<_, quell_run::EngineError>| answer.map(|_: Vec<_>| ()).unwrap_err().to_string();
    assert_eq!(refused(engine.extend(run, None, now, "olivia").await), Refusal::Over(now).to_string());
    assert_eq!(refused(engine.extend(run, None, dawn(), "olivia").await), Refusal::Over(dawn()).to_string());
    engine.confirm(run, None, "olivia").await.unwrap();
    let later = now + HOUR;
    assert_eq!(refused(engine.extend(run, None, later, "olivia").await), Refusal::NoTimer.to_string());
    engine.undo(run, None, "olivia").await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(refused(engine.confirm(run, None, "olivia").await), Refusal::NoTimer.to_string());

    let playbook = story.house.playbook(CONTAIN);
    let plan = story.house.plan(&alert_about("a-2", &[&story.alice]), &playbook);
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(refused(engine.confirm(&plan.run, None, "olivia").await), Refusal::NoTimer.to_string());
}

/// Whatever happens to the write: what was heard holds after a restart, and who heard nothing says it again.
#[tokio::test(start_paused = true)]
async fn broken_at_its_write_it_holds_when_it_was_heard() {
    for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
        for confirms in [true, false] {
            let (story, engine) = Story::new().await;
            let run = story.plan.run.clone();
            let until = story.due().await.unwrap() + 16 * HOUR;
            story.house.journal.break_at(story.house.journal.writes(), how);
            let say = async |engine: &Engine| match confirms {
                true => engine.confirm(&run, None, "olivia").await.is_ok(),
                false => engine.extend(&run, None, until, "olivia").await.is_ok(),
            };
            let heard = tokio::select! {
                () = story.house.crashed() => false,
                heard = say(&engine) => heard,
            };
            assert!(!heard, "{how:?}: nobody hears yes to what may be gone");
            engine.stop_now();
            settle_down().await;
            story.house.restart();
            let engine = story.house.engine();
            engine.recover().await.unwrap();
            assert!(say(&engine).await, "{how:?}");
            assert_eq!(story.said().await, 1, "{how:?}");

            engine.shut_down(Duration::from_secs(1)).await;
            let engine = story.house.engine();
            engine.recover().await.unwrap();
            tokio::time::sleep(20 * HOUR).await;
            settle_down().await;
            story.assert_undone(None);
            tokio::time::sleep(20 * HOUR).await;
            settle_down().await;
            story.assert_undone((!confirms).then_some(1));
        }
    }
}

/// A timer that has run out is not put off any more; the undo that it wants is under way.
#[tokio::test(start_paused = true)]
async fn a_person_who_comes_too_late_is_told() {
    let (story, engine) = Story::new().await;
    engine.shut_down(Duration::from_secs(1)).await;
    tokio::time::sleep(9 * HOUR).await;
    let engine = story.house.engine();
    engine.recover().await.unwrap();
    settle_down().await;
    let late = engine.confirm(&story.plan.run, None, "olivia").await.unwrap_err();
    assert_eq!(late.to_string(), Refusal::NoTimer.to_string());
    in_time(engine.idle()).await;
    story.assert_undone(Some(1));
    assert_eq!(story.playbook.name.to_string(), "for-a-while");
}

/// Two timers of one run, and another engine: the earlier one is not late because of the other.
#[tokio::test(start_paused = true)]
async fn the_earliest_of_several_timers_wakes_the_run_after_a_restart() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let later = "    at: [active_directory]\n    undo: { after: 8h }\n";
    let sooner = format!("{later}  - do: account.disable\n    at: [okta]\n    undo: {{ after: 2h }}\n");
    let playbook = house.playbook(&FOR_A_WHILE.replace(later, &sooner));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan, playbook).await.unwrap();
    in_time(engine.idle()).await;
    engine.stop_now();
    settle_down().await;
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(3 * HOUR).await;
    assert!(house.vendor.is_disabled(AD, &alice) && !house.vendor.is_disabled(OKTA, &alice));
    tokio::time::sleep(6 * HOUR).await;
    assert!(house.vendor.disabled().iter().all(|one| one.starts_with("entra")));
}
