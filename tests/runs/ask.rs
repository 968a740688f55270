//! Questions: asked once, answered once, bound to what is to be done, and none lost when the process dies.

use std::sync::Arc;
use std::time::Duration;

use quell_playbook::model::Playbook;
use quell_run::{
    About, Bond, Engine, EngineError, Finish, Hands, LaneEnd, LeftOut, OpenQuestion, Phase, Plan, QuestionId,
    Refusal, Reply, RunStatus, Settlement,
};
use quell_tests::run::{AD, Fault, House, Person, alert_about, in_time};

use crate::playbooks::{ASKING, CUT_OFF};

/// What a person says.
pub(crate) fn says(by: &str, choice: &str) -> Reply {
    Reply { choice: choice.into(), by: by.into(), remark: None, through: None }
}

struct Case {
    house: House,
    engine: Engine,
    plan: Plan,
    playbook: Arc<Playbook>,
}

impl Case {
    /// A playbook has begun, for these people, and waits for nothing but answers.
    async fn of(yaml: &str, names: &[&str]) -> Self {
        let people: Vec<Person> = names.iter().map(|name| Person::only_at(name, &[AD])).collect();
        let house = House::new().with(&people);
        let playbook = house.playbook(yaml);
        let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
        let engine = house.engine();
        let case = Self { house, engine, plan, playbook };
        case.engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
        in_time(case.engine.idle()).await;
        case
    }

    async fn open(&self) -> Vec<OpenQuestion> {
        self.engine.questions().await.unwrap()
    }

    async fn answer(&self, question: &OpenQuestion, reply: Reply) -> Result<(), EngineError> {
        let OpenQuestion { run, question, .. } = question;
        let answered = self.engine.answer(run, &question.id, &question.bond, reply).await;
        in_time(self.engine.idle()).await;
        answered
    }

    /// Answers whatever is asked, as long as something is.
    async fn agree_to_all(&self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(question) = self.open().await.first() {
            texts.push(question.question.text.clone());
            self.answer(question, says("ann", "approve")).await.unwrap();
        }
        texts
    }

    async fn time_passes(&self, by: Duration) {
        tokio::time::sleep(by).await;
        in_time(self.engine.idle()).await;
    }

    async fn end(&self) -> (Option<Finish>, Vec<Option<LaneEnd>>) {
        let state = self.house.state(&self.plan.run).await;
        (state.finish(), state.lanes().iter().map(|lane| lane.end()).collect())
    }

    fn disabled(&self) -> usize {
        self.house.vendor.disabled().len()
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_before_somebody_agrees() {
    let case = Case::of(ASKING, &["alice"]).await;
    let open = case.open().await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].question.of, ["soc"]);
    assert_eq!(open[0].question.about, About::Step { lane: quell_run::LaneId(0), step: step("confirm") });
    assert!(open[0].question.text.starts_with("Cut off sid:"), "{}", open[0].question.text);
    assert_eq!(case.house.state(&case.plan.run).await.summary().status, RunStatus::Asking);
    assert_eq!((case.engine.active(), case.disabled()), (0, 0), "it waits on disk, and not in memory");
    let texts = case.agree_to_all().await;
    assert_eq!(texts.len(), 2);
    assert!(texts[1].contains("account.disable of alice"), "{}", texts[1]);
    assert_eq!(case.disabled(), 1);
    assert_eq!(case.end().await, (Some(Finish::Contained), vec![Some(LaneEnd::Contained)]));
}

fn step(id: &str) -> quell_playbook::model::StepId {
    quell_playbook::model::StepId(id.into())
}

/// Two people who want different things have not agreed.
#[tokio::test(start_paused = true)]
async fn a_quorum_is_of_those_who_say_the_same() {
    let three = "ask: { question: Now?, choices: [now, later, never], if_answer: { never: stop } }";
    let yaml = ASKING
        .replace("ask: [soc], expires", "ask: [soc], quorum: 2, expires")
        .replace("ask: { question: \"Cut off {{ account.key }}?\" }", three)
        .replace(
            "  - id: disable\n",
            "  - id: disable\n    if: { all: [{ confirm.answer: { is: now } }] }\n",
        );
    let case = Case::of(&yaml, &["alice"]).await;
    let question = case.open().await.remove(0);
    for (by, choice) in [("ann", "now"), ("bob", "later")] {
        case.answer(&question, says(by, choice)).await.unwrap();
        assert_eq!(case.open().await[0].question.id, question.question.id, "{by}: one of each is not two");
    }
    case.answer(&question, says("cem", "later")).await.unwrap();
    assert!(case.open().await.is_empty());
}

/// The clock was set ahead while the run was busy with somebody else: an answer that comes before it has noticed is late.
#[tokio::test(start_paused = true)]
async fn an_answer_after_the_expiry_does_not_count_though_nobody_has_looked_yet() {
    let case = Case::of(ASKING, &["alice", "bob"]).await;
    case.house.vendor.script(|_| Some(Fault::Slow(Duration::from_secs(20))));
    let of_alice = case.open().await.into_iter().find(|open| open.question.id.0 == "0/confirm").unwrap();
    case.engine
        .answer(&of_alice.run, &of_alice.question.id, &of_alice.question.bond, says("ann", "approve"))
        .await
        .unwrap();
    // Her lane looks her up, which takes some time; the question about him is open.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let of_bob = case.open().await.into_iter().find(|open| open.question.id.0 == "1/confirm").unwrap();
    case.house.clock.jump(chrono::TimeDelta::hours(2));
    let late = case
        .engine
        .answer(&of_bob.run, &of_bob.question.id, &of_bob.question.bond, says("ann", "approve"))
        .await;
    assert!(matches!(late, Err(EngineError::Refused(Refusal::QuestionSettled(..)))), "{late:?}");
    in_time(case.engine.idle()).await;
    let state = case.house.state(&of_bob.run).await;
    assert_eq!(state.question(&of_bob.question.id).unwrap().settled, Some(Settlement::Expired));
}

#[tokio::test(start_paused = true)]
async fn a_no_ends_the_lane_and_is_told() {
    for refused in ["0/confirm", "0/disable/approval"] {
        let case = Case::of(ASKING, &["alice"]).await;
        while let Some(question) = case.open().await.first() {
            let choice = if question.question.id.0 == refused { "reject" } else { "approve" };
            case.answer(question, says("ann", choice)).await.unwrap();
        }
        assert_eq!(case.disabled(), 0, "{refused}");
        assert_eq!(case.end().await, (Some(Finish::NothingToDo), vec![Some(LaneEnd::Declined)]));
        assert_eq!(case.house.vendor.told().keys().cloned().collect::<Vec<_>>().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_no_unless_the_playbook_says_otherwise() {
    for (yaml, disabled) in
        [(ASKING.to_owned(), 0), (ASKING.replace("expires: 1h", "expires: 1h, if_expired: continue"), 1)]
    {
        let case = Case::of(&yaml, &["alice"]).await;
        let question = case.open().await.remove(0);
        case.time_passes(Duration::from_secs(3_599)).await;
        assert_eq!(case.open().await.len(), 1);
        case.time_passes(Duration::from_secs(2)).await;
        let late = case.answer(&question, says("ann", "approve")).await;
        assert!(matches!(late, Err(EngineError::Refused(Refusal::QuestionSettled(..)))), "{late:?}");
        case.time_passes(Duration::from_secs(3_605)).await;
        assert_eq!(case.open().await, []);
        assert_eq!(case.disabled(), disabled);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_once_and_for_what_was_asked() {
    let case = Case::of(ASKING, &["alice"]).await;
    let question = case.open().await.remove(0);
    let (run, id, bond) = (&question.run, &question.question.id, &question.question.bond);
    let refused = async |id: &QuestionId, bond: &Bond, choice: &str| match case
        .engine
        .answer(run, id, bond, says("ann", choice))
        .await
    {
        Err(EngineError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let other = Bond("0".repeat(64));
    assert_eq!(refused(id, &other, "approve").await, Refusal::OtherPlan(id.clone()));
    assert!(matches!(refused(id, bond, "maybe").await, Refusal::NotAChoice { .. }));
    let nowhere = QuestionId("7/confirm".into());
    assert_eq!(refused(&nowhere, bond, "approve").await, Refusal::NoSuchQuestion(nowhere.clone()));
    case.answer(&question, says("ann", "approve")).await.unwrap();
    assert!(matches!(refused(id, bond, "reject").await, Refusal::QuestionSettled(..)));
    let next = case.open().await.remove(0);
    assert_ne!(next.question.bond, *bond);
    assert_eq!(
        refused(&next.question.id, bond, "approve").await,
        Refusal::OtherPlan(next.question.id.clone())
    );
}

#[tokio::test(start_paused = true)]
async fn a_quorum_needs_different_people_and_one_no_is_enough() {
    let two = ASKING.replace("expires: 1h", "expires: 1h, quorum: 2");
    let case = Case::of(&two, &["alice"]).await;
    let question = case.open().await.remove(0);
    case.answer(&question, says("ann", "approve")).await.unwrap();
    let again = case.answer(&question, says("ann", "approve")).await;
    assert!(matches!(again, Err(EngineError::Refused(Refusal::AnsweredAlready { .. }))), "{again:?}");
    assert_eq!(case.open().await[0].replies, [says("ann", "approve")]);
    case.answer(&question, says("bob", "approve")).await.unwrap();
    let next = case.open().await.remove(0);
    assert_ne!(next.question.id, question.question.id);
    case.answer(&next, says("ann", "approve")).await.unwrap();
    case.answer(&next, says("bob", "reject")).await.unwrap();
    assert_eq!((case.open().await.len(), case.disabled()), (0, 0));
    assert_eq!(case.end().await.1, [Some(LaneEnd::Declined)]);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_person_lets_others_pass() {
    let case = Case::of(ASKING, &["alice"]).await;
    let cut_off = case.house.playbook(CUT_OFF);
    let other = case.house.plan(&alert_about("a-2", &[&Person::only_at("alice", &[AD])]), &cut_off);
    case.engine.start(other.clone(), cut_off).await.unwrap();
    in_time(case.engine.idle()).await;
    assert_eq!(case.house.state(&other.run).await.finish(), Some(Finish::Contained));
    case.agree_to_all().await;
    let state = case.house.state(&case.plan.run).await;
    assert!(state.tasks().all(|task| !task.changed() || task.task.action.0 == "desk.tell"));
    assert_eq!(case.house.vendor.changes().values().sum::<u32>(), 1, "it was disabled once");
}

#[tokio::test(start_paused = true)]
async fn lanes_that_wait_take_nobodys_place() {
    let one_by_one = ASKING.replace("for_each: account", "for_each: { account: { at_once: 1 } }");
    let case = Case::of(&one_by_one, &["alice", "bob", "carol"]).await;
    let open = case.open().await;
    assert_eq!(open.len(), 3);
    case.answer(&open[2], says("ann", "approve")).await.unwrap();
    case.agree_to_all().await;
    assert_eq!(case.disabled(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_asks_nobody_any_more() {
    let case = Case::of(ASKING, &["alice", "bob"]).await;
    case.engine.cancel(&case.plan.run, "ann").await.unwrap();
    in_time(case.engine.idle()).await;
    assert_eq!(case.open().await, []);
    let state = case.house.state(&case.plan.run).await;
    assert!(state.questions().iter().all(|asked| asked.settled == Some(Settlement::Withdrawn)));
    assert_eq!(state.finish(), Some(Finish::Cancelled));
}

pub(crate) const WHOLE_PLAN: &str = r#"
language: 1
playbook: whole-plan
title: Whole plan
mode: ask
approval: { ask: [soc], expires: 1h }
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: { account: { at_most: 2, if_more: ask } }
steps:
  - id: disable
    do: account.disable
    at: [active_directory]
always:
  - id: tell
    do: desk.tell
    with: { text: done }
"#;

#[tokio::test(start_paused = true)]
async fn the_whole_plan_is_approved_at_once_or_nobody_is_touched() {
    for (mode, names, asked) in [
        ("ask", &["alice", "bob"][..], Some("plan")),
        ("ask", &["alice", "bob", "carol"], Some("plan")),
        ("act", &["alice", "bob", "carol"], Some("too-many")),
        ("act", &["alice", "bob"], None),
    ] {
        for choice in ["approve", "reject"] {
            let case = Case::of(&WHOLE_PLAN.replace("mode: ask", &format!("mode: {mode}")), names).await;
            let open = case.open().await;
            assert_eq!(open.first().map(|open| open.question.id.0.as_str()), asked);
            let agreed = asked.is_none() || choice == "approve";
            if let Some(question) = open.first() {
                assert!(case.house.vendor.calls().is_empty(), "nobody was even looked up");
                assert!(names.len() < 3 || question.question.text.contains("names 3"), "{question:?}");
                case.answer(question, says("ann", choice)).await.unwrap();
            }
            assert_eq!(case.open().await, []);
            assert_eq!(case.disabled(), if agreed { names.len() } else { 0 }, "{mode} {choice}");
            assert_eq!(
                case.house.vendor.told().is_empty(),
                !agreed,
                "what nobody approved is not done either"
            );
            let finish = if agreed { Finish::Contained } else { Finish::NothingToDo };
            assert_eq!(case.end().await.0, Some(finish));
        }
    }
}

pub(crate) const UNKNOWN: &str = r#"
language: 1
playbook: unknown
title: Unknown
mode: act
approval: { ask: [soc], expires: 1h }
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
unless:
  any:
    - account.display_name: { contains: VIP }
  if_unknown: ask
steps:
  - id: disable
    if:
      all:
        - account.display_name: { contains: bad }
      if_unknown: ask
    do: account.disable
    at: [active_directory]
"#;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_known_is_asked() {
    for (answers, disabled, end) in [
        (&["approve", "approve"][..], 1, LaneEnd::Contained),
        (&["approve", "reject"], 0, LaneEnd::Declined),
        (&["reject"], 0, LaneEnd::LeftOut),
    ] {
        let case = Case::of(UNKNOWN, &["alice"]).await;
        for (answer, id) in answers.iter().zip(["0/unless", "0/disable/if"]) {
            let question = case.open().await.remove(0);
            assert_eq!(question.question.id.0, id);
            case.answer(&question, says("ann", answer)).await.unwrap();
        }
        assert_eq!((case.open().await.len(), case.disabled()), (0, disabled));
        assert_eq!(case.end().await.1, [Some(end)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_observes_asks_nobody_and_shows_what_would_follow() {
    for yaml in [ASKING, WHOLE_PLAN] {
        let house = House::new().with(&[Person::only_at("alice", &[AD])]);
        let playbook = house.playbook(yaml);
        let plan = house.plan(&alert_about("a-1", &[&Person::new("alice")]), &playbook).observing();
        let engine = house.engine_with(Hands::observing(&house.registry()));
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        let state = house.state(&plan.run).await;
        assert_eq!((state.finish(), engine.questions().await.unwrap()), (Some(Finish::Observed), Vec::new()));
        assert!(state.questions().iter().all(|asked| asked.settled == Some(Settlement::NotAsked)));
        assert!(
            state.tasks().any(|task| task.phase == Phase::Planned && task.task.action.0 == "account.disable")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn those_whom_nobody_approved_are_left_out() {
    let case = Case::of(WHOLE_PLAN, &["alice"]).await;
    let question = case.open().await.remove(0);
    case.answer(&question, says("ann", "reject")).await.unwrap();
    let state = case.house.state(&case.plan.run).await;
    assert_eq!(state.lanes()[0].left_out(), Some(&LeftOut::NotApproved));
}
