//! Waiting, branching, going side by side, going through entities within a lane, keeping values, ending.

use std::sync::Arc;
use std::time::Duration;

use quell_action::Failure;
use quell_alert::{Alert, Device, DeviceIdentifier};
use quell_run::{Finish, LaneEnd, Phase, Plan, RunState, StepState};
use quell_tests::run::{AD, ENTRA, Fault, House, Person, alert_about, dawn, in_time};

use crate::playbooks::CUT_OFF;

pub(crate) const HEAD: &str = r#"language: 1
playbook: flow
title: Flow
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
"#;

const TOLD: &str = r#"always:
  - id: tell
    do: desk.tell
    with: { text: "{{ lane.outcome }}" }
"#;

pub(crate) fn person(name: &str) -> Person {
    Person::only_at(name, &[AD, ENTRA])
}

/// An alert about these people and these machines.
pub(crate) fn alert_with(people: &[&Person], machines: &[&str]) -> Arc<Alert> {
    let mut alert = alert_about("a-1", people);
    Arc::make_mut(&mut alert).entities.devices = machines
        .iter()
        .map(|id| Device {
            identifiers: vec![DeviceIdentifier::MdeId((*id).into())],
            name: Some((*id).into()),
            tags: Vec::new(),
            os: None,
            roles: Vec::new(),
            place: format!("$.Entities[{id}]"),
        })
        .collect();
    alert
}

struct Case {
    house: House,
    plan: Plan,
}

impl Case {
    fn new(
        steps: &str,
        people: &[&Person],
        machines: &[&str],
    ) -> (Self, Arc<quell_playbook::model::Playbook>) {
        let house = House::new().with(people.iter().copied());
        machines.iter().for_each(|machine| house.vendor.enrol(machine));
        let playbook = house.playbook(&format!("{HEAD}{steps}"));
        let plan = house.plan(&alert_with(people, machines), &playbook);
        (Self { house, plan }, playbook)
    }

    async fn through(steps: &str, people: &[&Person], machines: &[&str]) -> Self {
        let (case, playbook) = Self::new(steps, people, machines);
        let engine = case.house.engine();
        engine.start(case.plan.clone(), playbook).await.unwrap();
        for _ in 0..200 {
            in_time(engine.idle()).await;
            if case.state().await.finish().is_some() {
                return case;
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        panic!("it does not come to its end: {:#?}", case.state().await);
    }

    async fn state(&self) -> RunState {
        self.house.state(&self.plan.run).await
    }

    async fn end(&self) -> Option<LaneEnd> {
        self.state().await.lanes()[0].end()
    }

    fn disabled(&self) -> Vec<String> {
        self.house.vendor.disabled().into_iter().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_takes_its_time_and_lets_others_pass() {
    let steps = "steps:\n  - wait: { for: 30m }\n  - do: account.disable\n    at: [active_directory]\n";
    let alice = person("alice");
    let (case, playbook) = Case::new(steps, &[&alice], &[]);
    let engine = case.house.engine();
    engine.start(case.plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!((engine.active(), engine.waiting_lanes()), (0, 0));
    let cut_off = case.house.playbook(CUT_OFF);
    let other = case.house.plan(&alert_about("a-2", &[&alice]), &cut_off);
    engine.start(other.clone(), cut_off).await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(case.house.state(&other.run).await.finish(), Some(Finish::Contained));
    tokio::time::sleep(Duration::from_secs(1_799)).await;
    in_time(engine.idle()).await;
    assert_eq!(case.state().await.finish(), None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    in_time(engine.idle()).await;
    assert_eq!(case.state().await.finish(), Some(Finish::NothingToDo), "the other one had disabled it");
}

const UNTIL: &str = r#"steps:
  - id: turned_off
    wait:
      until:
        all:
          - account.enabled: { is: false }
      at_most: 1h
      every: 5m
  - if:
      all:
        - turned_off.met: { is: false }
    do: account.disable
    at: [active_directory]
  - if:
      all:
        - account.enabled: { is: false }
      if_unknown: skip
    do: desk.tell
    with: { text: it is off }
"#;

#[tokio::test(start_paused = true)]
async fn a_wait_sees_what_directories_say_anew() {
    for turned_off in [true, false] {
        let alice = Person::only_at("alice", &[AD]);
        let (case, playbook) = Case::new(UNTIL, &[&alice], &[]);
        let engine = case.house.engine();
        engine.start(case.plan.clone(), playbook).await.unwrap();
        for minute in 0..70 {
            if minute == 23 && turned_off {
                case.house.vendor.set_disabled(AD, &alice, true);
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
            in_time(engine.idle()).await;
        }
        let state = case.state().await;
        let met = match state.lanes()[0].step(&quell_playbook::model::StepId("turned_off".into())) {
            Some(StepState::Waited { met }) => *met,
            other => panic!("{other:?}"),
        };
        assert_eq!(met, turned_off);
        assert_eq!(case.house.vendor.changes().len(), usize::from(!turned_off));
        assert_eq!(
            case.house.vendor.told().len(),
            usize::from(turned_off),
            "what was seen last is what counts"
        );
        let looks = case.house.story(&case.plan.run).await.matches("still_waiting").count();
        assert_eq!(looks, if turned_off { 5 } else { 12 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_ends_and_tells() {
    let steps = format!(
        "deadline: 1h\nsteps:\n  - do: account.disable\n    at: [entra_id]\n  - do: account.disable\n    at: [active_directory]\n    retry: {{ attempts: 100, first_wait: 10m, max_wait: 10m }}\n  - do: account.revoke_sessions\n{TOLD}"
    );
    let alice = person("alice");
    let (case, playbook) = Case::new(&steps, &[&alice], &[]);
    case.house.vendor.script(|call| {
        let down = call.provider == AD && call.kind == quell_tests::run::CallKind::Execute;
        down.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let engine = case.house.engine();
    engine.start(case.plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    let state = case.state().await;
    assert!(state.is_overdue());
    assert_eq!(state.lanes()[0].end(), Some(LaneEnd::Partly));
    let took = (state.updated() - dawn()).num_minutes();
    assert!((60..62).contains(&took), "{took} minutes");
    assert!(state.tasks().all(|task| task.task.action.0 != "account.revoke_sessions"));
    assert_eq!(case.house.vendor.told().len(), 1);
    assert!(state.tasks().any(|task| task.phase == Phase::Failed && task.attempts > 3));
}

#[tokio::test(start_paused = true)]
async fn time_in_which_people_are_asked_does_not_count() {
    let steps = "deadline: 1h\napproval: { ask: [soc], expires: 5h }\nsteps:\n  - ask: { question: Now? }\n  - wait: { for: 50m }\n  - do: account.disable\n    at: [active_directory]\n";
    for (wait_before, contained) in [(0, true), (180, true)] {
        let alice = Person::only_at("alice", &[AD]);
        let (case, playbook) = Case::new(steps, &[&alice], &[]);
        let engine = case.house.engine();
        engine.start(case.plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        tokio::time::sleep(Duration::from_secs(60 * wait_before)).await;
        let open = engine.questions().await.unwrap().remove(0);
        let yes = crate::ask::says("ann", "approve");
        engine.answer(&open.run, &open.question.id, &open.question.bond, yes).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60 * 120)).await;
        in_time(engine.idle()).await;
        assert_eq!(case.end().await == Some(LaneEnd::Contained), contained);
    }
}

const PARALLEL: &str = r#"steps:
  - parallel:
      - id: ad
        do: account.disable
        at: [active_directory]
      - id: cloud
        do: account.disable
        at: [entra_id]
      - id: said
        do: desk.tell
        with: { text: "{{ account.key }}" }
  - id: after
    do: account.revoke_sessions
"#;

#[tokio::test(start_paused = true)]
async fn steps_side_by_side_all_come_to_their_end_before_the_lane_goes_on() {
    let alice = person("alice");
    let case = Case::through(PARALLEL, &[&alice], &[]).await;
    assert_eq!(case.disabled().len(), 2);
    assert_eq!(case.end().await, Some(LaneEnd::Contained));
    let calls = case.house.vendor.calls();
    let last = |action: &str| calls.iter().filter(|call| call.action == action).map(|call| call.span.1).max();
    let first =
        |action: &str| calls.iter().filter(|call| call.action == action).map(|call| call.span.0).min();
    assert!(last("account.disable") <= first("account.revoke_sessions"));
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_lets_its_neighbours_finish_and_ends_the_lane() {
    let alice = person("alice");
    for (on_error, after) in [("stop", false), ("continue", true)] {
        let steps = PARALLEL.replacen(
            "at: [entra_id]\n",
            &format!("at: [entra_id]\n        on_error: {on_error}\n"),
            1,
        );
        let (case, playbook) = Case::new(&steps, &[&alice], &[]);
        case.house.vendor.script(|call| {
            let broken = call.provider == ENTRA && call.action == "account.disable";
            (broken && call.kind == quell_tests::run::CallKind::Execute)
                .then_some(Fault::Fails(Failure::Forbidden))
        });
        case.house.carry_through(&[(case.plan.clone(), playbook)]).await;
        let state = case.state().await;
        assert_eq!(case.disabled(), [format!("{AD}:alice")]);
        assert_eq!(state.tasks().any(|task| task.task.id.step.0 == "after"), after);
        assert_eq!(state.lanes()[0].end(), Some(LaneEnd::Partly));
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_way_whose_condition_holds_is_taken() {
    let ways = |first: &str| {
        format!(
            r#"steps:
  - id: who
    do: directory.get_user
  - id: way
    choose:
      - if: {first}
        steps:
          - id: one
            do: account.disable
            at: [active_directory]
      - if: {{ all: [ who.is_privileged: {{ is: false }} ] }}
        steps:
          - id: two
            do: account.disable
            at: [entra_id]
      - otherwise:
          - id: three
            stop: {{ outcome: "{{{{ account.key }}}} is left" }}
  - if: {{ all: [ one.skipped: {{ is: true }}, way.taken: {{ is: 2 }} ] }}
    do: desk.tell
    with: {{ text: second }}
{TOLD}"#
        )
    };
    let holds = "{ all: [ alert.severity: { is: high } ] }";
    let fails = "{ all: [ alert.severity: { is: low } ] }";
    let unknown = "{ all: [ account.display_name: { is: nobody } ] }";
    let unknown_skip = "{ all: [ account.display_name: { is: nobody } ], if_unknown: skip }";
    for (first, name, disabled, told, end) in [
        (holds, "alice", Some(AD), 1, LaneEnd::Contained),
        (fails, "alice", Some(ENTRA), 2, LaneEnd::Contained),
        (unknown_skip, "alice", Some(ENTRA), 2, LaneEnd::Contained),
        (unknown, "alice", None, 1, LaneEnd::Partly),
        (fails, "sysadmin", None, 1, LaneEnd::Contained),
    ] {
        let somebody = person(name);
        let case = Case::through(&ways(first), &[&somebody], &[]).await;
        let expected: Vec<String> = disabled.map(|at| format!("{at}:{name}")).into_iter().collect();
        assert_eq!(case.disabled(), expected, "{first} {name}");
        assert_eq!(case.house.vendor.told().len(), told, "{first} {name}");
        let end = if disabled.is_none() && end == LaneEnd::Contained { case.end().await } else { Some(end) };
        assert_eq!(case.end().await, end);
        let stopped = case.state().await.lanes()[0].stopped().is_some_and(|words| words.ends_with("is left"));
        assert_eq!(stopped, name == "sysadmin");
    }
}

const MACHINES: &str = r#"steps:
  - id: machines
    for_each:
      device:
        at_most: 2
        at_once: 1
    steps:
      - id: isolate
        do: device.isolate
      - id: said
        do: desk.tell
        with: { text: "{{ device.name }} of {{ account.key }}" }
  - if:
      all:
        - machines.count: { is: 2 }
        - machines.failed_count: { is: 0 }
    do: account.disable
    at: [active_directory]
"#;

#[tokio::test(start_paused = true)]
async fn a_lane_goes_through_entities_of_its_own() {
    let (alice, bob) = (person("alice"), person("bob"));
    let case = Case::through(MACHINES, &[&alice, &bob], &["d1", "d2"]).await;
    let state = case.state().await;
    assert_eq!(state.lanes().len(), 6, "two people, and two machines for each");
    assert_eq!(case.disabled().len(), 4, "each machine once, each person once: {:?}", case.disabled());
    assert!(case.house.vendor.changes().values().all(|changes| *changes == 1));
    assert_eq!(case.house.vendor.told().len(), 4);
    assert_eq!(state.finish(), Some(Finish::Contained));
}

#[tokio::test(start_paused = true)]
async fn too_many_within_a_lane_are_none() {
    let alice = person("alice");
    for (on_error, disabled) in [("stop", 0), ("continue", 0)] {
        let steps = MACHINES.replacen("    steps:\n", &format!("    on_error: {on_error}\n    steps:\n"), 1);
        let case = Case::through(&steps, &[&alice], &["d1", "d2", "d3"]).await;
        assert_eq!(case.disabled().len(), disabled);
        assert_eq!(case.state().await.lanes().len(), 1);
        assert_eq!(case.end().await, Some(LaneEnd::Failed));
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_within_a_lane_counts_in_it() {
    let alice = person("alice");
    let (case, playbook) = Case::new(MACHINES, &[&alice], &["d1", "d2"]);
    case.house.vendor.script(|call| call.target.ends_with(":d2").then_some(Fault::Fails(Failure::Forbidden)));
    case.house.carry_through(&[(case.plan.clone(), playbook)]).await;
    assert_eq!(case.disabled(), ["defender_endpoint:d1"]);
    assert_eq!(case.end().await, Some(LaneEnd::Partly));
}

/// Of runs that only wait there may be very many: the next engine lets go of them at once, and wakes them when it is time.
#[tokio::test(start_paused = true)]
async fn a_wait_ends_in_time_though_another_engine_has_found_it() {
    let steps = "steps:\n  - wait: { for: 30m }\n  - do: account.disable\n    at: [active_directory]\n";
    let alice = person("alice");
    let (case, playbook) = Case::new(steps, &[&alice], &[]);
    let engine = case.house.engine();
    engine.start(case.plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    engine.stop_now();
    let engine = case.house.engine();
    let found = engine.recover().await.unwrap();
    assert_eq!((found.waiting, engine.active()), (vec![case.plan.run.clone()], 0));
    tokio::time::sleep(Duration::from_secs(29 * 60)).await;
    assert!(case.disabled().is_empty());
    tokio::time::sleep(Duration::from_secs(2 * 60)).await;
    assert_eq!(case.disabled(), ["active_directory:alice"]);
}
