//! `run`: a playbook calls another one. Each call is one run, whatever crashes; its caller waits, and goes on with what
//! came back.

use std::sync::Arc;

use quell_action::Failure;
use quell_playbook::Matcher;
use quell_playbook::model::{Mode, OrAsk, Playbook, StepId};
use quell_run::{
    Engine, Finish, Given, LaneEnd, LaneId, Occasion, Plan, RunFilter, RunId, RunSummary, Runs, StepState,
};
use quell_tests::run::{
    AD, Breakage, CallKind, ENTRA, Fault, House, Person, alert_about, in_time, settle_down,
};

const CALLER: &str = r#"
language: 1
playbook: caller
title: Caller
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: cut
    run: cut-off
    inputs: { reason: "{{ alert.title }}" }
    on_error: continue
  - if:
      all:
        - cut.outcome: { is: contained }
        - cut.note: { exists: true }
    do: desk.tell
    with: { text: "{{ cut.note }}" }
"#;

const CUT_OFF: &str = r#"
language: 1
playbook: cut-off
title: Cut off
mode: act
when:
  called: true
inputs:
  target: account
  reason: text
for_each: account
steps:
  - do: account.disable
    at: [active_directory]
afterwards:
  - id: close
    set: { note: "done because of {{ inputs.reason }} ({{ alert.title }})" }
outputs:
  note: { from: close.note }
"#;

struct Scene {
    house: House,
    caller: Arc<Playbook>,
    plan: Plan,
}

fn scene(people: &[Person], caller: &str) -> Scene {
    let house = House::new().with(people);
    let playbooks = house.playbooks(&[caller, CUT_OFF]);
    let matcher = Matcher::new(playbooks.clone());
    let caller = Arc::clone(&playbooks[0]);
    let alert = alert_about("a-1", &people.iter().collect::<Vec<_>>());
    let plan = house.plan(&alert, &caller).calling(&matcher.called_by(&caller));
    Scene { house, caller, plan }
}

impl Scene {
    async fn carry_through(&self) {
        self.house.carry_through(&[(self.plan.clone(), Arc::clone(&self.caller))]).await;
    }

    async fn all(&self) -> Vec<RunSummary> {
        self.house.journal.runs().list(&RunFilter::default()).await.unwrap()
    }

    /// The runs that were called.
    async fn called(&self) -> Vec<RunSummary> {
        self.all().await.into_iter().filter(|run| run.id != self.plan.run).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn each_lane_calls_a_run_of_its_own_and_reads_what_comes_back() {
    let people = [Person::new("alice"), Person::new("bob")];
    let scene = scene(&people, CALLER);
    scene.carry_through().await;
    let state = scene.house.state(&scene.plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Contained), "{}", scene.house.story(&scene.plan.run).await);
    let called = scene.called().await;
    assert_eq!(called.len(), 2);
    for (run, person) in called.iter().zip(["alice", "bob"]) {
        assert_eq!(run.subjects.len(), 1, "{person}: only those who were handed over");
        let Occasion::Called { caller } = &run.occasion else { panic!("{:?}", run.occasion) };
        assert_eq!(caller.run, scene.plan.run);
        assert_eq!(run.alert, scene.plan.alert.id, "the alert of its caller");
    }
    for person in &people {
        assert!(scene.house.vendor.is_disabled(AD, person));
    }
    assert_eq!(scene.house.vendor.told().len(), 2, "both notes came back: {:?}", scene.house.vendor.told());
}

#[tokio::test(start_paused = true)]
async fn an_excluded_person_is_left_alone_by_what_is_called() {
    let people = [Person::new("alice")];
    let scene = scene(&people, CALLER);
    scene.house.exclude(&[people[0].sid()]);
    scene.carry_through().await;
    assert!(scene.house.vendor.disabled().is_empty());
    assert_eq!(scene.called().await[0].finish, Some(Finish::Excluded));
    let state = scene.house.state(&scene.plan.run).await;
    assert_eq!(state.lanes()[0].end(), Some(LaneEnd::Excluded));
    assert!(scene.house.vendor.told().is_empty());
}

/// Of two accounts one could not be disabled: the caller does not say that all is contained.
#[tokio::test(start_paused = true)]
async fn what_was_partly_done_by_a_call_is_partly_done() {
    let people = [Person::new("alice")];
    let scene = scene(&people, CALLER);
    scene.house.vendor.script(|call| {
        (call.kind == CallKind::Execute && call.provider == ENTRA).then_some(Fault::Fails(Failure::Forbidden))
    });
    let everywhere = CUT_OFF.replace("    at: [active_directory]\n", "");
    let playbooks = scene.house.playbooks(&[CALLER, &everywhere]);
    let matcher = Matcher::new(playbooks.clone());
    let plan = scene.house.plan(&alert_about("a-2", &[&people[0]]), &playbooks[0]);
    let plan = plan.calling(&matcher.called_by(&playbooks[0]));
    scene.house.carry_through(&[(plan.clone(), Arc::clone(&playbooks[0]))]).await;
    assert_eq!(
        scene.called().await.iter().find(|run| run.id != plan.run).unwrap().finish,
        Some(Finish::Partly)
    );
    assert_eq!(scene.house.state(&plan.run).await.lanes()[0].end(), Some(LaneEnd::Partly));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_observes_calls_nothing_that_acts() {
    let people = [Person::new("alice")];
    let mut scene = scene(&people, CALLER);
    scene.plan = scene.plan.observing();
    scene.carry_through().await;
    assert!(scene.house.vendor.disabled().is_empty());
    let called = scene.called().await;
    assert_eq!((called.len(), called[0].mode, called[0].finish), (1, Mode::Observe, Some(Finish::Observed)));
}

/// A caller, and what it called waits for people.
async fn called_one_asks(people: &[Person; 1]) -> (House, Plan, Engine) {
    let asking = CUT_OFF.replace("mode: act\n", "mode: ask\napproval: { ask: [soc], expires: 8h }\n");
    let house = House::new().with(people);
    let playbooks = house.playbooks(&[CALLER, &asking]);
    let matcher = Matcher::new(playbooks.clone());
    let plan = house.plan(&alert_about("a-1", &[&people[0]]), &playbooks[0]);
    let plan = plan.calling(&matcher.called_by(&playbooks[0]));
    let engine = house.engine();
    engine.start(plan.clone(), Arc::clone(&playbooks[0])).await.unwrap();
    in_time(engine.idle()).await;
    (house, plan, engine)
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_as_long_as_what_it_called_waits_for_people() {
    let people = [Person::new("alice")];
    let (house, plan, engine) = called_one_asks(&people).await;
    assert_eq!(engine.active(), 0, "neither is kept in memory meanwhile");
    assert_eq!(house.state(&plan.run).await.finish(), None);
    let open = engine.questions().await.unwrap().remove(0);
    let reply = quell_run::Reply {
        choice: open.question.choices[0].clone(),
        by: "ann".into(),
        remark: None,
        through: None,
    };
    // Over a restart: the caller is found again by what it called.
    engine.stop_now();
    settle_down().await;
    let engine = house.engine();
    engine.recover().await.unwrap();
    engine.answer(&open.run, &open.question.id, &open.question.bond, reply).await.unwrap();
    in_time(engine.idle()).await;
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Contained), "{}", house.story(&plan.run).await);
    assert!(house.vendor.is_disabled(AD, &people[0]));
}

#[tokio::test(start_paused = true)]
async fn who_stops_the_caller_stops_what_it_called() {
    let people = [Person::new("alice")];
    let (house, plan, engine) = called_one_asks(&people).await;
    engine.cancel(&plan.run, "ann").await.unwrap();
    settle_down().await;
    in_time(engine.idle()).await;
    for run in house.journal.runs().list(&RunFilter::default()).await.unwrap() {
        assert_eq!(run.finish, Some(Finish::Cancelled), "{}", run.playbook.name);
    }
    assert!(house.vendor.disabled().is_empty());
}

/// A stop that is on disk goes for what was called too, wherever the process dies before that has heard of it.
#[tokio::test(start_paused = true)]
async fn a_stop_reaches_what_was_called_though_the_process_dies() {
    let people = [Person::new("alice")];
    let mut stopped_after_a_crash = 0;
    for at in 0..100 {
        let (house, plan, engine) = called_one_asks(&people).await;
        house.journal.break_at(house.journal.writes() + at, Breakage::DiesBefore);
        let stop = async {
            let _ = engine.cancel(&plan.run, "ann").await;
            settle_down().await;
            in_time(engine.idle()).await;
        };
        let crashed = tokio::select! {
            () = house.crashed() => true,
            () = stop => false,
        };
        engine.stop_now();
        settle_down().await;
        house.restart();
        house.carry_on().await;
        let is_stopped = house.state(&plan.run).await.cancelled().is_some();
        for run in house.journal.runs().list(&RunFilter::default()).await.unwrap() {
            assert_eq!(run.finish, is_stopped.then_some(Finish::Cancelled), "{} at {at}", run.playbook.name);
        }
        if !crashed {
            break;
        }
        stopped_after_a_crash += u32::from(is_stopped);
    }
    assert!(stopped_after_a_crash > 2, "only {stopped_after_a_crash}");
}

/// What had come to its end by then is not stopped any more.
#[tokio::test(start_paused = true)]
async fn what_came_back_before_its_caller_was_stopped_can_be_taken_back() {
    let people = [Person::new("alice")];
    let scene = scene(&people, &CALLER.replace("  - if:", "  - wait: { for: 30m }\n  - if:"));
    let engine = scene.house.engine();
    engine.start(scene.plan.clone(), Arc::clone(&scene.caller)).await.unwrap();
    in_time(engine.idle()).await;
    engine.cancel(&scene.plan.run, "ann").await.unwrap();
    settle_down().await;
    in_time(engine.idle()).await;
    assert_eq!(scene.house.state(&scene.plan.run).await.finish(), Some(Finish::Cancelled));
    engine.stop_now();
    settle_down().await;
    let called = scene.called().await.remove(0);
    assert!(scene.house.vendor.is_disabled(AD, &people[0]));
    let engine = scene.house.engine();
    engine.recover().await.unwrap();
    engine.undo(&called.id, None, "ann").await.unwrap();
    in_time(engine.idle()).await;
    assert!(!scene.house.vendor.is_disabled(AD, &people[0]));
    let state = scene.house.state(&called.id).await;
    assert_eq!((state.finish(), state.cancelled()), (Some(Finish::Contained), None));
}

/// Two steps of a lane are two calls; and what no alert has started is not told of one by way of its caller.
#[tokio::test(start_paused = true)]
async fn each_call_has_a_run_of_its_own_and_no_alert_that_its_caller_has_not() {
    let scene = scene(&[Person::new("alice")], CALLER);
    let (lane, step) = (LaneId(0), |id: &str| StepId(id.into()));
    let called = |lane, id: &str| scene.plan.run_called(lane, &step(id));
    let all = [called(lane, "cut"), called(lane, "again"), called(LaneId(1), "cut")];
    assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2], "{all:?}");
    let now = scene.house.clock_now();
    let by_hand = Plan::manual(&scene.caller, Given::default(), "ann", "ticket", now);
    for (caller, has_alert) in [(&scene.plan, true), (&by_hand, false)] {
        let called = caller.called(&scene.caller, Given::default(), lane, &step("cut"), now.into());
        assert_eq!(called.has_alert(), has_alert);
    }
}

/// What stands at the end, and how often the account was changed.
async fn outcome(scene: &Scene) -> (Vec<Option<Finish>>, usize, usize) {
    let mut finishes: Vec<_> = scene.all().await.iter().map(|run| run.finish).collect();
    finishes.sort_by_key(|finish| format!("{finish:?}"));
    (finishes, scene.house.vendor.disabled().len(), scene.house.vendor.told().values().sum::<u32>() as usize)
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_write_calls_nothing_twice() {
    let people = [Person::new("alice")];
    let undisturbed = scene(&people, CALLER);
    undisturbed.carry_through().await;
    let expected = outcome(&undisturbed).await;
    assert_eq!(expected, (vec![Some(Finish::Contained); 2], 1, 1));
    let writes = undisturbed.house.journal.writes();
    assert!(writes >= 8, "only {writes}");
    for at in 0..writes {
        for breakage in
            [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps]
        {
            if at == 0 && matches!(breakage, Breakage::Refuses | Breakage::RefusesAndKeeps) {
                // Whoever starts the caller is told so.
                continue;
            }
            let scene = scene(&people, CALLER);
            scene.house.journal.break_at(at, breakage);
            scene.carry_through().await;
            assert_eq!(outcome(&scene).await, expected, "{breakage:?} at write {at}");
            let runs: Vec<RunId> = scene.called().await.into_iter().map(|run| run.id).collect();
            assert_eq!(runs.len(), 1, "{breakage:?} at write {at}");
            let state = scene.house.state(&scene.plan.run).await;
            let returned = state.lanes()[0].steps().any(|(_, step)| matches!(step, StepState::Returned(_)));
            assert!(returned, "{breakage:?} at write {at}");
        }
    }
}

/// What was called left somebody alone, because of the list or of a limit: the caller does not go on as if it had been done.
#[tokio::test(start_paused = true)]
async fn a_call_that_left_somebody_alone_ends_the_lane_that_counts_on_it() {
    let counting = CALLER.replace("    on_error: continue\n", "").replace(
        "  - if:\n      all:\n        - cut.outcome: { is: contained }\n        - cut.note: { exists: true }\n    do: desk.tell\n    with: { text: \"{{ cut.note }}\" }\n",
        "  - do: desk.tell\n    with: { text: \"done\" }\n",
    );
    let watching = CALLER.replace(
        "        - cut.outcome: { is: contained }\n        - cut.note: { exists: true }\n    do: desk.tell\n    with: { text: \"{{ cut.note }}\" }\n",
        "        - cut.failed: { is: true }\n    do: desk.tell\n    with: { text: \"left alone\" }\n",
    );
    for (yaml, told) in [(counting, 0), (watching, 1)] {
        for finish in [Finish::Excluded, Finish::OverLimit] {
            let people = [Person::new("alice")];
            let mut scene = scene(&people, &yaml);
            match finish {
                Finish::Excluded => scene.house.exclude(&[people[0].sid()]),
                _ => {
                    let limits = &mut scene.house.settings.limits.limits;
                    limits.accounts.per_hour = Some(0);
                    limits.if_over = Some(OrAsk::Stop);
                }
            }
            scene.carry_through().await;
            assert_eq!(scene.called().await[0].finish, Some(finish));
            assert_eq!(scene.house.vendor.told().len(), told, "{finish:?} {yaml}");
        }
    }
}

/// What its caller does not hand over, a playbook has from its own inputs.
#[tokio::test(start_paused = true)]
async fn what_is_called_has_its_own_values_where_none_is_handed_over() {
    let people = [Person::new("alice")];
    let house = House::new().with(&people);
    let called = CUT_OFF
        .replace("  reason: text\n", "  reason: text\n  how: { kind: text, or: by default }\n")
        .replace("({{ alert.title }})", "{{ inputs.how }}");
    let playbooks = house.playbooks(&[CALLER, &called]);
    let matcher = Matcher::new(playbooks.clone());
    let plan = house.plan(&alert_about("a-1", &[&people[0]]), &playbooks[0]);
    let plan = plan.calling(&matcher.called_by(&playbooks[0]));
    house.carry_through(&[(plan.clone(), Arc::clone(&playbooks[0]))]).await;
    let state = house.state(&plan.run).await;
    let text = state.tasks().find_map(|task| task.task.params["text"].as_str().map(str::to_owned));
    assert!(text.as_ref().is_some_and(|text| text.contains("by default")), "{text:?}");
}

/// The caller may not wait any longer: that what it called has done nothing yet is missing at its end.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_back_in_time_is_missing_at_the_end() {
    let people = [Person::new("alice")];
    let asking = CUT_OFF.replace("mode: act\n", "mode: ask\napproval: { ask: [soc], expires: 8h }\n");
    let only = CALLER[..CALLER.find("  - if:").unwrap()].replace("mode: act\n", "mode: act\ndeadline: 30m\n");
    let house = House::new().with(&people);
    let playbooks = house.playbooks(&[&only, &asking]);
    let matcher = Matcher::new(playbooks.clone());
    let plan = house.plan(&alert_about("a-1", &[&people[0]]), &playbooks[0]);
    let plan = plan.calling(&matcher.called_by(&playbooks[0]));
    let engine = house.engine();
    engine.start(plan.clone(), Arc::clone(&playbooks[0])).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    in_time(engine.idle()).await;
    assert_eq!(house.state(&plan.run).await.lanes()[0].end(), Some(LaneEnd::Failed));
}
