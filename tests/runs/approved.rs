//! Between the approval and the call: what people agreed to is judged once more when it is done.

use std::sync::Arc;
use std::time::Duration;

use quell_action::exclusion::{Excludes, Reason};
use quell_alert::Identifier;
use quell_playbook::model::Playbook;
use quell_run::{Engine, Entry, Finish, Phase, Plan, Settlement};
use quell_tests::run::{AD, House, Person, alert_about, entry, in_time, list, settle_down};

use crate::ask::says;
use crate::playbooks::{ASKING, CUT_OFF};

/// The plan is approved, or the step with its tasks.
fn playbooks() -> [String; 2] {
    [
        CUT_OFF.replace("mode: act\n", "mode: ask\napproval: { ask: [soc], expires: 8h, quorum: 2 }\n"),
        ASKING.to_owned(),
    ]
}

struct Case {
    house: House,
    engine: Engine,
    plan: Plan,
    alice: Person,
}

impl Case {
    /// A playbook has begun and asks. What directories say is remembered for as long as anybody could want.
    async fn of(yaml: &str) -> Self {
        let alice = Person::only_at("alice", &[AD]);
        let mut house = House::new().with([&alice]);
        house.settings.remember_for = Duration::from_secs(24 * 3600);
        let playbook: Arc<Playbook> = house.playbook(yaml);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        Self { house, engine, plan, alice }
    }

    /// Everybody agrees to everything, and a while passes.
    async fn agree(&self) {
        while let Some(open) = self.engine.questions().await.unwrap().first() {
            let by = if open.replies.is_empty() { "ann" } else { "bob" };
            let (run, question) = (&open.run, &open.question);
            self.engine.answer(run, &question.id, &question.bond, says(by, "approve")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(60)).await;
            settle_down().await;
        }
    }

    async fn restart(&mut self) {
        self.engine.stop_now();
        settle_down().await;
        self.engine = self.house.engine();
        self.engine.recover().await.unwrap();
    }

    /// What became of the one task that everybody agreed to.
    async fn assert_left_alone(&self, when: &str) {
        let state = self.house.state(&self.plan.run).await;
        assert!(self.house.vendor.writes().iter().all(|call| !call.action.starts_with("account.")), "{when}");
        assert_eq!(state.finish(), Some(Finish::Excluded), "{when}");
        let agreed = state.questions().iter().all(|asked| {
            matches!(&asked.settled, Some(Settlement::Answered { choice, .. }) if choice == "approve")
        });
        assert!(agreed && !state.questions().is_empty(), "{when}: the approval stays on record");
        let task = state.tasks().find(|task| task.task.id.step.0 == "disable").expect("it was worked out");
        assert_eq!(task.phase, Phase::Excluded, "{when}");
        let reason = task.excluded.as_ref().map(|excluded| &excluded.reason);
        assert!(matches!(reason, Some(Reason::Listed { entry, .. }) if entry.0 == "entry-0"), "{reason:?}");
        let lines = self.house.lines(&self.plan.run).await;
        let begun = |entry: &Entry| matches!(entry, Entry::Started { task, .. } if task.step.0 == "disable");
        assert!(
            lines.iter().all(|line| !begun(&line.entry)),
            "{when}: an intent of a call that was not made"
        );
    }
}

/// The entry comes while people think, or when they have agreed and a pause still holds the call back; under a name that
/// nobody has mentioned; with a restart in between, or without.
#[tokio::test(start_paused = true)]
async fn whoever_is_excluded_after_the_question_is_left_alone_though_everybody_agreed() {
    for (yaml, restarts) in playbooks().iter().flat_map(|yaml| [(yaml, false), (yaml, true)]) {
        for (agreed_before, excluded) in [(false, true), (true, true), (true, false)] {
            let when = format!("{yaml} agreed before: {agreed_before}, restart: {restarts}");
            let mut case = Case::of(yaml).await;
            case.house.brake.set(true);
            if agreed_before {
                case.agree().await;
            }
            if excluded {
                case.house.exclude(&[case.alice.anchor()]);
            }
            if restarts {
                case.restart().await;
            }
            case.agree().await;
            case.house.brake.set(false);
            in_time(case.engine.idle()).await;
            match excluded {
                true => case.assert_left_alone(&when).await,
                false => assert!(case.house.vendor.is_disabled(AD, &case.alice), "{when}"),
            }
        }
    }
}

/// The list was there all the time; who is in the group changed. What a directory said of it before the question does
/// not count when the call is made.
#[tokio::test(start_paused = true)]
async fn whoever_joins_an_excluded_group_after_the_question_is_left_alone() {
    for yaml in playbooks() {
        let case = Case::of(&yaml).await;
        let identifiers: Vec<Identifier> = Vec::new();
        let excludes = Excludes::Group { identifiers, names: vec!["break glass".into()] };
        case.house
            .exclusions
            .replace(list(vec![quell_action::exclusion::Entry { excludes, ..entry(0, case.alice.upn()) }]));
        case.house.brake.set(true);
        case.agree().await;
        case.house.vendor.join(&case.alice, "Break Glass");
        case.house.brake.set(false);
        in_time(case.engine.idle()).await;
        case.assert_left_alone(&yaml).await;
    }
}

/// Whoever is asked sees whom it is about, and nobody else; and the record says who agreed, and not who did not.
#[tokio::test(start_paused = true)]
async fn a_question_names_those_whom_it_is_about_and_its_answer_those_who_gave_it() {
    let people = ["alice", "bob", "carol"].map(|name| Person::only_at(name, &[AD]));
    let house = House::new().with(&people);
    let text = "  - id: confirm\n    ask: { question: Now?, choices: [now, later, never], if_answer: { never: stop } }\n  - if: { all: [ { confirm.answer: { is: now } } ] }\n    do: desk.tell\n    with: { text: \"by {{ confirm.by }}\" }\n";
    let head = CUT_OFF
        .replace("mode: act\n", "mode: act\napproval: { ask: [soc], expires: 8h, quorum: 2 }\n")
        .replace(
            "for_each: account\n",
            &format!(
                "for_each:\n  account:\n    where: {{ none: [ account.key: {{ is: \"{}\" }} ] }}\n",
                people[2].sid()
            ),
        );
    let playbook = house.playbook(&format!("{}steps:\n{text}", head.split("steps:").next().unwrap()));
    let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    let mut open = engine.questions().await.unwrap();
    open.sort_by_key(|open| open.question.id.clone());
    let subjects = open.iter().map(|open| open.subjects.clone()).collect::<Vec<_>>();
    assert_eq!(subjects.len(), 2);
    assert!(subjects.iter().all(|one| one.len() == 1) && subjects[0] != subjects[1], "{subjects:?}");
    let question = &open[0].question;
    for (by, choice) in [("ann", "now"), ("bea", "later"), ("cem", "now")] {
        engine.answer(&plan.run, &question.id, &question.bond, says(by, choice)).await.unwrap();
    }
    in_time(engine.idle()).await;
    let state = house.state(&plan.run).await;
    assert_eq!(state.tasks().next().unwrap().task.params["text"], "by ann, cem");
}

/// A whole plan is about those who would be touched by it.
#[tokio::test(start_paused = true)]
async fn a_question_about_a_plan_leaves_out_whom_the_plan_leaves_out() {
    let people = ["alice", "bob"].map(|name| Person::only_at(name, &[AD]));
    let house = House::new().with(&people);
    let only = format!(
        "for_each:\n  account:\n    where: {{ all: [ account.key: {{ is: \"{}\" }} ] }}\n",
        people[0].sid()
    );
    let yaml = CUT_OFF
        .replace("mode: act\n", "mode: ask\napproval: { ask: [soc], expires: 8h }\n")
        .replace("for_each: account\n", &only);
    let playbook = house.playbook(&yaml);
    let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    let open = engine.questions().await.unwrap().remove(0);
    assert_eq!(open.subjects, [plan.lanes[0].display.clone()]);
}
