//! What people are asked about whom a limit holds back: silence is a no, an answer goes for those who were named, and what
//! was refused takes the steps after it with it.

use std::sync::Arc;
use std::time::Duration;

use quell_action::{AccountKey, Target};
use quell_run::{About, Entry, Finish, Line, OpenQuestion, Phase, RunState, next};
use quell_tests::run::{AD, in_time};

use crate::limits::{Case, answer, hourly, start_all};
use crate::playbooks::CUT_OFF;

/// A playbook for which silence means yes wherever it asks, and whose questions go by mail.
const HASTY: &str = "approval: { ask: [soc], expires: 1h, if_expired: continue, through: mail }\n";

#[tokio::test(start_paused = true)]
async fn silence_lets_nobody_past_a_limit_whatever_it_means_elsewhere() {
    let case = Case::of(2, hourly(1));
    let engine = case.house.engine();
    let plans = case.plans(&format!("{CUT_OFF}{HASTY}"), &case.people);
    start_all(&engine, &plans).await;
    let open = engine.questions().await.unwrap();
    assert_eq!((case.disabled(), open.len()), (1, 1));
    assert_eq!(open[0].question.through, None, "the runs that a limit holds up ask together");
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    in_time(engine.idle()).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (1, 0));
    assert_eq!(case.house.state(&open[0].run).await.finish(), Some(Finish::OverLimit));
}

/// The steps after one that was held back rest on what it would have done.
#[tokio::test(start_paused = true)]
async fn what_a_limit_keeps_from_being_done_ends_the_lane() {
    let yaml = format!("{CUT_OFF}  - id: ring\n    do: desk.ring\n    with: {{ text: they are cut off }}\n");
    for choice in ["approve", "reject"] {
        let case = Case::of(2, hourly(1));
        let engine = case.house.engine();
        start_all(&engine, &case.plans(&yaml, &case.people)).await;
        answer(&engine, &engine.questions().await.unwrap()[0], choice).await;
        let rung = case.house.vendor.writes().iter().filter(|call| call.action == "desk.ring").count();
        let expected = if choice == "approve" { 2 } else { 1 };
        assert_eq!((case.disabled(), rung), (expected, expected), "{choice}");
    }
}

/// The words may be the same: an answer is bound to the very accounts.
#[tokio::test(start_paused = true)]
async fn a_yes_is_bound_to_the_accounts_and_not_to_what_they_are_called() {
    let case = Case::of(2, hourly(1));
    let (plan, playbook) = case.plan(CUT_OFF);
    let engine = case.house.engine();
    engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
    in_time(engine.idle()).await;
    let open = engine.questions().await.unwrap().remove(0);
    let lines = case.house.lines(&plan.run).await;
    let asked = lines.iter().position(|line| matches!(line.entry, Entry::Asked { .. })).unwrap();
    let of = |lines: &[Line]| {
        let state = RunState::replay(lines).unwrap();
        let records = next(&playbook, &state, case.house.clock_now() + chrono::Duration::hours(1)).records;
        let asked = records.into_iter().find_map(|entry| match entry {
            Entry::Asked { question, .. } => Some(*question),
            _ => None,
        });
        asked.expect("a question follows")
    };
    let mut other = lines[..asked].to_vec();
    assert_eq!(of(&other).bond, open.question.bond);
    for line in &mut other {
        if let Entry::Expanded { tasks, .. } = &mut line.entry {
            let key = AccountKey { provider: AD.into(), realm: "contoso".into(), id: "somebody".into() };
            tasks.iter_mut().for_each(|task| task.target = Target::Account(key.clone()));
        }
    }
    assert_eq!(of(&other).text, open.question.text);
    assert_ne!(of(&other).bond, open.question.bond);
}

/// Nobody answers for a team that was not asked, and one is not enough where two must agree.
#[tokio::test(start_paused = true)]
async fn questions_of_other_people_are_not_asked_together() {
    let case = Case::of(3, hourly(1));
    let engine = case.house.engine();
    start_all(&engine, &case.plans(CUT_OFF, &case.people)).await;
    let open = engine.questions().await.unwrap();
    let (one, other) = (&open[0], &open[1]);
    let together = |change: &dyn Fn(&mut OpenQuestion)| {
        let mut other = other.clone();
        change(&mut other);
        OpenQuestion::bundled(vec![one.clone(), other]).len()
    };
    assert_eq!(together(&|_| {}), 1);
    assert_eq!(together(&|other| other.question.of = vec!["another team".into()]), 2);
    assert_eq!(together(&|other| other.question.quorum += 1), 2);
    assert_eq!(together(&|other| other.question.choices.push("later".into())), 2);
    let of_the_plan = |other: &mut OpenQuestion| other.question.about = About::Plan;
    assert_eq!(together(&of_the_plan), 2, "who lets somebody past a limit has approved no plan");
    assert!(case.house.state(&other.run).await.tasks().all(|task| task.phase == Phase::Waiting));
}
