//! Undo: what was there before comes back, and only with the last run that needs it kept.

use std::sync::Arc;
use std::time::Duration;

use quell_action::{Effect, Failure};
use quell_playbook::model::Playbook;
use quell_run::{Engine, Entry, Journal, Line, Phase, Plan, Refusal, Release, RunStatus};
use quell_tests::run::{
    AD, Breakage, CallKind, ENTRA, Fault, House, Person, alert_about, in_time, settle_down,
};

use crate::playbooks::{CONTAIN, CUT_OFF, FOR_A_WHILE};

struct Two {
    house: House,
    engine: Engine,
    alice: Person,
    first: Plan,
    second: Plan,
}

async fn two_runs() -> Two {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let engine = house.engine();
    let (contain, cut_off) = (house.playbook(CONTAIN), house.playbook(CUT_OFF));
    let alert = alert_about("a-1", &[&alice]);
    let (first, second) = (house.plan(&alert, &contain), house.plan(&alert, &cut_off));
    finish(&engine, &first, &contain).await;
    finish(&engine, &second, &cut_off).await;
    Two { house, engine, alice, first, second }
}

async fn finish(engine: &Engine, plan: &Plan, playbook: &Arc<Playbook>) {
    engine.start(plan.clone(), Arc::clone(playbook)).await.unwrap();
    in_time(engine.idle()).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_run_is_undone_first() {
    let Two { house, engine, alice, first, second } = two_runs().await;
    engine.undo(&first.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice), "the second run still needs it");
    assert!(!house.vendor.is_disabled(ENTRA, &alice), "nobody else needs that");
    let state = house.state(&first.run).await;
    let released =
        state.tasks().find(|task| task.task.provider.as_str() == AD && task.task.reversible).unwrap();
    assert_eq!(released.phase, Phase::Released);

    engine.undo(&second.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(
        !house.vendor.is_disabled(AD, &alice),
        "the last hold brings back what was before the first change"
    );
    assert_eq!(house.vendor.changes()[&format!("undo account.disable {AD}:alice")], 1);
}

#[tokio::test(start_paused = true)]
async fn the_second_run_is_undone_first() {
    let Two { house, engine, alice, first, second } = two_runs().await;
    engine.undo(&second.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    engine.undo(&first.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.disabled().is_empty());
    let summary = house.state(&first.run).await.summary();
    assert_eq!((summary.status, summary.counts.undone, summary.open), (RunStatus::Finished, 3, false));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_disabled_before_stays_disabled() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.set_disabled(AD, &alice, true);
    let (engine, playbook) = (house.engine(), house.playbook(CUT_OFF));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    finish(&engine, &plan, &playbook).await;
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert!(house.vendor.changes().is_empty());
    let lines = house.lines(&plan.run).await;
    let because = lines.iter().find_map(|line| match &line.entry {
        Entry::UndoReleased { because, .. } => Some(because.clone()),
        _ => None,
    });
    assert_eq!(because, Some(Release::NothingOfOurs));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_undone_is_refused() {
    let Two { engine, first, .. } = two_runs().await;
    engine.undo(&first.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    let again = engine.undo(&first.run, None, "operator").await.unwrap_err();
    assert_eq!(again.to_string(), Refusal::NothingToUndo.to_string());
    let unknown = engine.undo(&quell_run::RunId("none".into()), None, "operator").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no run none");
}

#[tokio::test(start_paused = true)]
async fn a_timer_takes_back_once_and_survives_restarts() {
    let alice = Person::new("alice");
    for down_for in [0_u64, 4, 7, 9, 100] {
        let house = House::new().with([&alice]);
        let playbook = house.playbook(FOR_A_WHILE);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        finish(&engine, &plan, &playbook).await;
        assert!(house.vendor.is_disabled(AD, &alice));
        engine.shut_down(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_secs(down_for * 3600)).await;

        let engine = house.engine();
        let found = engine.recover().await.unwrap();
        assert_eq!(found.refused.len(), 0);
        assert_eq!(found.waiting.len(), usize::from(down_for < 8));
        tokio::time::sleep(Duration::from_secs(8 * 3600 + 60)).await;
        settle_down().await;
        assert!(!house.vendor.is_disabled(AD, &alice), "down for {down_for} h");
        assert_eq!(house.vendor.changes()[&format!("undo account.disable {AD}:alice")], 1);
        assert!(house.journal.unfinished().await.unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_change_stays() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(FOR_A_WHILE);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    finish(&engine, &plan, &playbook).await;
    engine.confirm(&plan.run, None, "operator").await.unwrap();
    tokio::time::sleep(Duration::from_secs(100 * 3600)).await;
    settle_down().await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert!(house.journal.unfinished().await.unwrap().is_empty());
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(!house.vendor.is_disabled(AD, &alice), "a person can still take it back");
}

#[tokio::test(start_paused = true)]
async fn an_undo_waits_for_a_vendor_that_is_away() {
    let Two { house, engine, second, first, .. } = two_runs().await;
    let clock = house.clock.clone();
    let back = quell_run::Clock::now(&clock) + chrono::Duration::days(2);
    house.vendor.script(move |call| {
        let away = call.kind == CallKind::Restore && quell_run::Clock::now(&clock) < back;
        away.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    engine.undo(&second.run, None, "operator").await.unwrap();
    engine.undo(&first.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    tokio::time::sleep(Duration::from_secs(3 * 24 * 3600)).await;
    in_time(engine.idle()).await;
    assert!(house.vendor.disabled().is_empty(), "late rather than never");
}

/// The process dies at every write and every call of an undo; another one ends it. Each change is taken back once.
#[tokio::test(start_paused = true)]
async fn an_undo_is_ended_by_another_process() {
    let (writes, calls) = undo_through(|_, _| {}).await;
    assert!(writes >= 4 && calls >= 3);
    for write in 0..writes {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses] {
            undo_through(|house, before| house.journal.break_at(before.0 + write, how)).await;
        }
    }
    for number in 0..calls {
        for fault in [Fault::DiesBefore, Fault::DiesAfter, Fault::SilentAfter, Fault::SilentBefore] {
            undo_through(|house, before| {
                let at = before.1 + number;
                let fault = fault.clone();
                house.vendor.script(move |call| (call.number == at).then(|| fault.clone()));
            })
            .await;
        }
    }
}

async fn undo_through(disturb: impl Fn(&House, (usize, usize))) -> (usize, usize) {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    finish(&engine, &plan, &playbook).await;
    let before = (house.journal.writes(), house.vendor.calls().len());
    disturb(&house, before);
    let asked = tokio::select! {
        () = house.crashed() => false,
        asked = async {
            let asked = engine.undo(&plan.run, None, "operator").await;
            in_time(engine.idle()).await;
            asked.is_ok()
        } => asked,
    };
    engine.stop_now();
    settle_down().await;
    house.restart();
    house.carry_on().await;
    // An undo that was interrupted is tried again after a while.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    settle_down().await;
    if !asked && !house.state(&plan.run).await.tasks().any(|task| task.undo.wanted) {
        // It died before anybody had heard: whoever asked got no answer, and asks again.
        let engine = house.engine();
        engine.undo(&plan.run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
    }
    let state = house.state(&plan.run).await;
    assert!(house.vendor.disabled().is_empty(), "{}", house.story(&plan.run).await);
    assert!(house.vendor.changes().values().all(|changes| *changes == 1), "{:?}", house.vendor.changes());
    let told: Vec<Effect> = house.lines(&plan.run).await.into_iter().filter_map(undone).collect();
    let is_change = |effect: &Effect| matches!(effect, Effect::Changed { .. });
    assert!(told.len() == 3 && told.iter().all(is_change), "the record says what was taken back: {told:?}");
    let reversible: Vec<_> =
        state.tasks().filter(|task| task.task.reversible).map(|task| task.phase).collect();
    assert_eq!(reversible, [Phase::Undone; 3], "{}", house.story(&plan.run).await);
    (house.journal.writes() - before.0, house.vendor.calls().len() - before.1)
}

fn undone(line: Line) -> Option<Effect> {
    match line.entry {
        Entry::UndoSucceeded { effect, .. } => Some(effect),
        _ => None,
    }
}

/// Both want the same state at the same moment; whichever comes second must find the first one's hold on disk.
#[tokio::test(start_paused = true)]
async fn two_runs_at_once_are_undone_in_both_orders() {
    for order in [[0, 1], [1, 0]] {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let engine = house.engine();
        let playbook = house.playbook(CUT_OFF);
        let plans = ["a-1", "a-2"].map(|id| house.plan(&alert_about(id, &[&alice]), &playbook));
        for plan in &plans {
            engine.start(plan.clone(), playbook.clone()).await.unwrap();
        }
        in_time(engine.idle()).await;
        engine.undo(&plans[order[0]].run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
        assert!(house.vendor.is_disabled(AD, &alice), "{order:?}: the other still needs it");
        engine.undo(&plans[order[1]].run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
        assert!(!house.vendor.is_disabled(AD, &alice), "{order:?}");
    }
}
