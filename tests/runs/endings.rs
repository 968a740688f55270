//! What is unknown, fails or is left alone ends what rests on it, and the end of a lane says so.

use std::sync::Arc;

use quell_action::Failure;
use quell_action::exclusion::{Entry as Exclusion, Excludes};
use quell_alert::{Alert, DeviceIdentifier};
use quell_playbook::model::Playbook;
use quell_run::{Engine, Entry, Finish, Journal as _, LaneEnd, LeftOut, Plan, RunState, next};
use quell_tests::run::{AD, CallKind, Fault, House, Person, entry, in_time, list};

use crate::ask::says;
use crate::flow::{HEAD, alert_with, person};

struct Case {
    house: House,
    engine: Engine,
    plan: Plan,
}

impl Case {
    /// A lane for alice goes through these steps, until it waits or has ended.
    async fn of(steps: &str, machines: &[&str], prepare: impl FnOnce(&House)) -> Self {
        Self::with(&format!("{HEAD}{steps}"), machines, prepare).await
    }

    async fn with(yaml: &str, machines: &[&str], prepare: impl FnOnce(&House)) -> Self {
        let alice = person("alice");
        let house = House::new().with([&alice]);
        machines.iter().for_each(|machine| house.vendor.enrol(machine));
        let playbook: Arc<Playbook> = house.playbook(yaml);
        let alert: Arc<Alert> = alert_with(&[&alice], machines);
        let plan = house.plan(&alert, &playbook);
        prepare(&house);
        let engine = house.engine();
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        Self { house, engine, plan }
    }

    async fn answer(&self, choice: &str) {
        let open = self.engine.questions().await.unwrap().remove(0);
        let (run, question) = (&open.run, &open.question);
        self.engine.answer(run, &question.id, &question.bond, says("ann", choice)).await.unwrap();
        in_time(self.engine.idle()).await;
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

    fn told(&self) -> usize {
        self.house.vendor.told().len()
    }
}

fn forbids(what: &'static str) -> impl FnOnce(&House) {
    move |house| {
        house.vendor.script(move |call| {
            let meant = call.kind == CallKind::Execute && call.target.ends_with(what);
            meant.then_some(Fault::Fails(Failure::Forbidden))
        });
    }
}

const DISABLE: &str = "  - do: account.disable\n    at: [active_directory]\n";

/// The author has said what an unknown condition means; a person's no means the same.
#[tokio::test(start_paused = true)]
async fn a_condition_that_cannot_be_known_ends_the_lane_where_the_author_says_so() {
    let unknown = "{ account.display_name: { is: nobody } }";
    for (if_unknown, answer, goes_on) in [
        ("stop", None, false),
        ("skip", None, true),
        ("ask", Some("reject"), false),
        ("ask", Some("approve"), true),
    ] {
        let steps = format!(
            "approval: {{ ask: [soc], expires: 1h }}\nsteps:\n  - if: {{ all: [ {unknown} ], if_unknown: {if_unknown} }}\n    do: desk.tell\n    with: {{ text: known }}\n{DISABLE}"
        );
        let case = Case::of(&steps, &[], |_| {}).await;
        if let Some(choice) = answer {
            case.answer(choice).await;
        }
        assert_eq!(case.disabled().len(), usize::from(goes_on), "{if_unknown} {answer:?}");
        let agreed = answer == Some("approve");
        assert_eq!(case.told(), usize::from(agreed), "{if_unknown} {answer:?}");
    }
}

/// The alert does not say whether somebody is privileged; the directories do.
#[tokio::test(start_paused = true)]
async fn the_directories_are_asked_before_a_condition_is_unknown() {
    let condition = "all: [ { account.privileged: { is: false } } ], if_unknown: skip";
    let steps = format!("steps:\n  - if: {{ {condition} }}\n  {}", DISABLE[2..].replacen("- ", "  ", 1));
    let case = Case::of(&steps, &[], |_| {}).await;
    assert_eq!(case.disabled(), [format!("{AD}:alice")]);
}

/// What is not known to be so is not what was waited for.
#[tokio::test(start_paused = true)]
async fn a_wait_for_what_nobody_knows_is_not_met() {
    let steps = "steps:\n  - id: named\n    wait: { until: { all: [ { account.display_name: { is: nobody } } ] }, at_most: 10m, every: 5m }\n  - if: { all: [ { named.met: { is: true } } ] }\n    do: desk.tell\n    with: { text: met }\n";
    let case = Case::of(steps, &[], |_| {}).await;
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    in_time(case.engine.idle()).await;
    assert!(case.state().await.finish().is_some());
    assert_eq!(case.told(), 0);
}

/// What a path or a list gives within a lane is chosen by what is known of it.
#[tokio::test(start_paused = true)]
async fn within_a_lane_nothing_unknown_is_chosen() {
    for (only, isolated) in [("device.os: { is: windows }", 0), ("device.name: { is: d1 }", 1)] {
        let steps = format!(
            "steps:\n  - for_each: {{ device: {{ from: alert.devices, where: {{ all: [ {{ {only} }} ] }} }} }}\n    steps:\n      - do: device.isolate\n"
        );
        let case = Case::of(&steps, &["d1", "d2"], |_| {}).await;
        assert_eq!(case.disabled().len(), isolated, "{only}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_within_a_lane_stops_it_unless_it_is_to_go_on() {
    for (on_error, goes_on) in [("stop", false), ("continue", true)] {
        let steps = format!(
            "steps:\n  - for_each: {{ device: {{}} }}\n    on_error: {on_error}\n    steps:\n      - do: device.isolate\n{DISABLE}"
        );
        let case = Case::of(&steps, &["d1", "d2"], forbids(":d2")).await;
        assert_eq!(case.disabled().contains(&format!("{AD}:alice")), goes_on, "{on_error}");
        assert_eq!(case.end().await, Some(LaneEnd::Partly));
    }
}

/// A message about somebody who was left alone contains nothing.
#[tokio::test(start_paused = true)]
async fn whoever_was_left_alone_is_not_partly_contained_by_a_message() {
    let steps = format!(
        "steps:\n{DISABLE}    id: cut\n    on_error: continue\n  - if: {{ all: [ {{ cut.error.kind: {{ is: excluded }} }} ] }}\n    do: desk.tell\n    with: {{ text: left alone }}\n"
    );
    let case = Case::of(&steps, &[], |house| house.exclude(&[person("alice").upn()])).await;
    assert_eq!((case.end().await, case.told()), (Some(LaneEnd::Excluded), 1));
}

/// The time was over before all was begun: that is not contained.
#[tokio::test(start_paused = true)]
async fn what_was_not_begun_in_time_is_missing_at_the_end() {
    let steps = format!(
        "deadline: 1h\nsteps:\n{DISABLE}  - wait: {{ for: 50m }}\n  - wait: {{ for: 50m }}\n  - do: account.revoke_sessions\n"
    );
    let case = Case::of(&steps, &[], |_| {}).await;
    tokio::time::sleep(std::time::Duration::from_secs(3 * 3600)).await;
    in_time(case.engine.idle()).await;
    assert_eq!((case.disabled().len(), case.end().await), (1, Some(LaneEnd::Partly)));
}

/// Whoever stops a run does not answer for what nobody knows.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_still_needs_attention() {
    let steps = "steps:\n  - do: desk.ring\n    with: { text: wake up }\n    on_error: continue\n  - wait: { for: 1h }\n";
    let case = Case::of(steps, &[], |house| {
        house.vendor.script(|call| (call.action == "desk.ring").then_some(Fault::UncertainAfter));
    })
    .await;
    case.engine.cancel(&case.plan.run, "ann").await.unwrap();
    in_time(case.engine.idle()).await;
    assert_eq!(case.end().await, Some(LaneEnd::NeedsAttention));
    assert_eq!(case.state().await.finish(), Some(Finish::NeedsAttention));
}

/// A plan that nobody wanted is told to nobody.
#[tokio::test(start_paused = true)]
async fn a_plan_that_was_refused_closes_without_a_word() {
    let head = HEAD.replace("mode: act\n", "mode: ask\napproval: { ask: [soc], expires: 1h }\n");
    let yaml = format!("{head}steps:\n{DISABLE}afterwards:\n  - do: desk.tell\n    with: {{ text: done }}\n");
    for (choice, told) in [("approve", 1), ("reject", 0)] {
        let case = Case::with(&yaml, &[], |_| {}).await;
        case.answer(choice).await;
        assert_eq!((case.told(), case.disabled().len()), (told, told), "{choice}");
    }
}

/// A run that only looks leaves nothing behind for the runs that act.
#[tokio::test(start_paused = true)]
async fn a_run_that_observes_keeps_nothing_for_its_alert() {
    let steps = "steps:\n  - keep: { ticket: T-1 }\n";
    for (mode, kept) in [("act", 1), ("observe", 0)] {
        let yaml = format!("{}{steps}", HEAD.replace("mode: act", &format!("mode: {mode}")));
        let case = Case::with(&yaml, &[], |_| {}).await;
        let found = case.house.journal.kept(&case.plan.alert.same_detection_key()).await.unwrap();
        assert_eq!(found.len(), kept, "{mode}");
    }
}

/// What a person says has happened is held like any other change: the last who lets go takes it back.
#[tokio::test(start_paused = true)]
async fn what_a_person_says_has_happened_is_taken_back_with_the_last_hold() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let playbook = house.playbook(crate::playbooks::CUT_OFF);
    let engine = house.engine();
    let plans: Vec<Plan> = ["a-1", "a-2"]
        .into_iter()
        .map(|id| house.plan(&quell_tests::run::alert_about(id, &[&alice]), &playbook))
        .collect();
    house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::Lies));
    engine.start(plans[0].clone(), Arc::clone(&playbook)).await.unwrap();
    in_time(engine.idle()).await;
    let in_question =
        house.state(&plans[0].run).await.tasks().next().map(|task| task.task.id.clone()).unwrap();
    house.vendor.behave();
    house.vendor.set_disabled(AD, &alice, true);
    engine.settle(&plans[0].run, in_question, true, "ann").await.unwrap();
    in_time(engine.idle()).await;
    engine.start(plans[1].clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    for (plan, is_disabled) in plans.iter().zip([true, false]) {
        engine.undo(&plan.run, None, "bob").await.unwrap();
        in_time(engine.idle()).await;
        assert_eq!(house.vendor.is_disabled(AD, &alice), is_disabled);
    }
}

/// Who is not meant is none of the playbook's business; of whom it cannot be known something is missing.
#[tokio::test(start_paused = true)]
async fn who_is_not_meant_and_of_whom_it_cannot_be_known_do_not_end_alike() {
    for (only, end) in [
        ("alert.severity: { is: low }", LaneEnd::NothingToDo),
        ("account.display_name: { is: nobody }", LaneEnd::LeftOut),
    ] {
        let each = format!("for_each:\n  account:\n    where: {{ all: [ {only} ] }}\n");
        let yaml = format!("{}steps:\n{DISABLE}", HEAD.replace("for_each: account\n", &each));
        let case = Case::with(&yaml, &[], |_| {}).await;
        assert_eq!((case.end().await, case.disabled().len()), (Some(end), 0), "{only}");
    }
}

/// What is done once at the end is told about what was done, and is no part of it.
#[tokio::test(start_paused = true)]
async fn a_message_at_the_end_that_nobody_gets_changes_nothing_about_how_it_ended() {
    let yaml = format!("{HEAD}steps:\n{DISABLE}afterwards:\n  - do: desk.tell\n    with: {{ text: done }}\n");
    let case = Case::with(&yaml, &[], forbids("-")).await;
    assert_eq!((case.told(), case.disabled().len()), (0, 1));
    assert_eq!(case.state().await.finish(), Some(Finish::Contained));
}

/// A machine was left alone, or nobody knows what became of it: what counts on it is not done.
#[tokio::test(start_paused = true)]
async fn what_was_left_alone_within_a_lane_stops_it() {
    let steps = format!("steps:\n  - for_each: device\n    steps:\n      - do: device.isolate\n{DISABLE}");
    for within in [LaneEnd::Excluded, LaneEnd::NeedsAttention] {
        let yaml = format!("{HEAD}{steps}");
        let case = Case::with(&yaml, &["d1"], |house| match within {
            LaneEnd::Excluded => {
                let excludes = Excludes::Device(vec![DeviceIdentifier::MdeId("d1".into())]);
                let entry = Exclusion { excludes, ..entry(0, person("nobody").upn()) };
                house.exclusions.replace(list(vec![entry]));
            }
            _ => house.vendor.script(|call| match (call.kind, call.target.ends_with(":d1")) {
                (CallKind::Execute, true) => Some(Fault::Lies),
                _ => None,
            }),
        })
        .await;
        assert_eq!(case.state().await.lanes()[1].end(), Some(within));
        assert_eq!(case.disabled().len(), 0, "{within:?}");
    }
}

/// What is to be told once at the end is told of a run that took too long as well.
#[tokio::test(start_paused = true)]
async fn a_run_that_took_too_long_is_told_of_at_its_end() {
    let head = HEAD.replace("mode: act\n", "mode: act\ndeadline: 30m\n");
    let yaml = format!(
        "{head}steps:\n  - wait: {{ for: 20m }}\n  - wait: {{ for: 20m }}\n{DISABLE}afterwards:\n  - do: desk.tell\n    with: {{ text: done }}\n"
    );
    let case = Case::with(&yaml, &[], |_| {}).await;
    tokio::time::sleep(std::time::Duration::from_secs(3 * 3600)).await;
    in_time(case.engine.idle()).await;
    assert_eq!((case.told(), case.disabled().len()), (1, 0));
}

/// Where a playbook says nobody who could agree, nobody has agreed.
#[tokio::test(start_paused = true)]
async fn where_nobody_is_asked_nobody_agrees() {
    let head = HEAD.replace("mode: act\n", "mode: ask\napproval: { ask: [soc], expires: 1h }\n");
    let case = Case::with(&format!("{head}steps:\n{DISABLE}"), &[], |_| {}).await;
    let asks = case.house.playbook(&format!("{head}steps:\n{DISABLE}"));
    let state = RunState::replay(&case.house.lines(&case.plan.run).await[..1]).unwrap();
    let decided = |playbook: &Playbook| next(playbook, &state, case.house.clock_now()).records;
    assert!(matches!(decided(&asks)[..], [Entry::Asked { .. }]));
    let nobody = decided(&Playbook { approval: None, ..Playbook::clone(&asks) });
    assert!(matches!(nobody[..], [Entry::LaneLeftOut { because: LeftOut::NotApproved, .. }]), "{nobody:?}");
}
