//! Lines that cannot follow on what a journal holds are refused: the journal is damaged, or the code is wrong. Nothing goes
//! on from there.

use quell_action::Subject;
use quell_run::{
    About, Entry, Finish, Lane, LaneId, LeftOut, Line, Phase, Question, QuestionId, Requester, RunState,
    Skip, TaskId,
};
use quell_tests::run::{AD, House, Person, alert_about, in_time};
use serde_json::Value;

use crate::ask::says;
use crate::playbooks::ASKING;

/// The journal of a run that has asked about its plan and about its tasks, and come to its end.
async fn journal(last_answer: &str) -> Vec<Line> {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let playbook = house.playbook(ASKING);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    while let Some(open) = engine.questions().await.unwrap().first() {
        let (run, question) = (&open.run, &open.question);
        let choice = if question.id.0.ends_with("/approval") { last_answer } else { "approve" };
        engine.answer(run, &question.id, &question.bond, says("ann", choice)).await.unwrap();
        in_time(engine.idle()).await;
    }
    house.lines(&plan.run).await
}

fn up_to(lines: &[Line], last: impl Fn(&Entry) -> bool) -> RunState {
    let end = lines.iter().position(|line| last(&line.entry)).expect("such a line");
    RunState::replay(&lines[..=end]).unwrap()
}

fn follows(state: &RunState, entry: Entry) -> Result<RunState, String> {
    let mut state = state.clone();
    let line = Line { number: state.lines(), at: state.updated(), entry };
    state.apply(&line).map(|()| state).map_err(|refused| refused.why)
}

fn is_asked(entry: &Entry) -> bool {
    matches!(entry, Entry::Asked { .. })
}

#[tokio::test(start_paused = true)]
async fn a_question_is_asked_once_and_answered_once_with_what_it_takes() {
    let lines = journal("approve").await;
    let asked = up_to(&lines, is_asked);
    let Some(question) = asked.questions().first().map(|asked| asked.question.clone()) else { panic!() };
    let again = Entry::Asked { question: Box::new(question.clone()), trace: Value::Null };
    assert!(follows(&asked, again).is_err(), "asked twice");
    let reply = |question: &QuestionId, by: &str, choice: &str| Entry::Answered {
        question: question.clone(),
        reply: says(by, choice),
    };
    let nowhere = QuestionId("7/confirm".into());
    assert!(follows(&asked, reply(&question.id, "bob", "maybe")).is_err(), "no such choice");
    assert!(follows(&asked, reply(&nowhere, "bob", "approve")).is_err(), "no such question");
    let answered = follows(&asked, reply(&question.id, "bob", "approve")).unwrap();
    assert!(follows(&answered, reply(&question.id, "cem", "reject")).is_err(), "answered twice");
    let late = [
        Entry::QuestionExpired { question: question.id.clone() },
        Entry::QuestionWithdrawn { question: question.id.clone() },
    ];
    for entry in late {
        assert!(follows(&asked, entry.clone()).is_ok());
        assert!(follows(&answered, entry).is_err(), "settled twice");
    }
    // What is about no step of a lane is asked once too; and nobody is let past a limit who is not held back.
    let of_the_plan = about(&question, About::Plan);
    let asked_too = follows(&asked, of_the_plan.clone()).unwrap();
    assert!(follows(&asked_too, of_the_plan).is_err(), "asked twice");
    let expanded = up_to(&lines, |entry| matches!(entry, Entry::Expanded { .. }));
    let tasks = expanded.tasks().map(|task| task.task.id.clone()).collect();
    assert!(follows(&expanded, about(&question, About::Limits { number: 1, tasks })).is_err());
}

fn about(question: &Question, about: About) -> Entry {
    let question = Question { id: about.id(), about, ..question.clone() };
    Entry::Asked { question: Box::new(question), trace: Value::Null }
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_once_when_nothing_in_it_is_open() {
    let lines = journal("approve").await;
    let finished = Entry::Finished { finish: Finish::Contained };
    let asked = up_to(&lines, is_asked);
    assert!(follows(&asked, finished.clone()).is_err(), "a question is open, and a lane");
    let lanes = asked.lanes().len();
    let last = Lane { id: LaneId(lanes as u32), closing: true, ..asked.lanes()[0].lane().clone() };
    let closing = Entry::Closing { lane: Box::new(last) };
    assert!(follows(&asked, closing.clone()).is_err(), "a lane is open");
    let ended = up_to(&lines, |entry| matches!(entry, Entry::LaneEnded { .. }));
    assert!(follows(&ended, closing).is_ok());
    let asking = follows(&ended, about(&asked.questions()[0].question, About::Plan)).unwrap();
    assert!(follows(&ended, finished.clone()).is_ok());
    assert!(follows(&asking, finished.clone()).is_err(), "a question is open");
    let whole = RunState::replay(&lines).unwrap();
    assert_eq!(whole.finish(), Some(Finish::Contained));
    let Some(task) = whole.tasks().next().map(|task| task.task.id.clone()) else { panic!() };
    let (lane, step) = (LaneId(0), task.step.clone());
    let skipped = Skip::Condition { trace: Value::Null };
    let after = [
        finished,
        Entry::Overdue,
        Entry::Cancelled { by: "ann".into() },
        Entry::StepSkipped { lane, step, because: skipped },
        Entry::TaskDropped { task: task.clone() },
    ];
    for entry in after {
        assert!(follows(&whole, entry.clone()).is_err(), "{entry:?}");
    }
    let undo = |tasks: Vec<TaskId>| Entry::UndoRequested { tasks, by: Requester::Person("ann".into()) };
    assert!(follows(&whole, undo(vec![task])).is_ok(), "undoing goes on");
}

/// What is said of several tasks at once is said of all of them, or of none.
#[tokio::test(start_paused = true)]
async fn an_undo_of_which_one_task_cannot_be_is_an_undo_of_none() {
    let mut state = RunState::replay(&journal("reject").await).unwrap();
    let of = |phase: Phase| {
        let mut tasks = state.tasks().filter(|task| task.phase == phase);
        tasks.next().map(|task| task.task.id.clone()).expect("such a task")
    };
    let (told, dropped) = (of(Phase::Succeeded), of(Phase::Dropped));
    let entry = Entry::UndoRequested { tasks: vec![told, dropped], by: Requester::Person("ann".into()) };
    let line = Line { number: state.lines(), at: state.updated(), entry };
    assert!(state.apply(&line).is_err());
    assert!(state.tasks().all(|task| !task.undo.wanted), "a line that is refused changes nothing");
}

/// What happens to a lane once happens to it once, and before it has begun.
#[tokio::test(start_paused = true)]
async fn a_lane_is_left_out_once_before_it_begins_and_nobody_answers_twice() {
    let mut lines = journal("approve").await;
    let created = RunState::replay(&lines[..1]).unwrap();
    let left_out = || Entry::LaneLeftOut { lane: LaneId(0), because: LeftOut::NotApproved };
    let once = follows(&created, left_out()).unwrap();
    assert!(follows(&once, left_out()).is_err(), "left out twice");
    let resolved = || Entry::Resolved { lane: LaneId(0), subject: Box::new(Subject::Nobody) };
    let known = follows(&created, resolved()).unwrap();
    assert!(follows(&known, resolved()).is_err(), "who it is was known");
    assert!(follows(&up_to(&lines, is_asked), left_out()).is_err(), "it has begun");
    let mut renumbered = lines[0].clone();
    renumbered.number = 1;
    assert!(RunState::create(&renumbered).is_err(), "lines are missing before it");
    let at = lines.iter().position(|line| is_asked(&line.entry)).unwrap();
    let mut misnamed = lines[at].clone();
    let Entry::Asked { question, .. } = &mut misnamed.entry else { panic!() };
    question.id = QuestionId("plan".into());
    let mut before = RunState::replay(&lines[..at]).unwrap();
    assert!(before.apply(&misnamed).is_err(), "it is not about what its name says");
    let Entry::Asked { question, .. } = &mut lines[at].entry else { panic!() };
    question.quorum = 2;
    let (id, asked) = (question.id.clone(), up_to(&lines[..=at], is_asked));
    let reply = |by: &str| Entry::Answered { question: id.clone(), reply: says(by, "approve") };
    let half = follows(&asked, reply("ann")).unwrap();
    assert!(follows(&half, reply("ann")).is_err(), "one person is not two");
    assert!(follows(&half, reply("bob")).is_ok());
}
