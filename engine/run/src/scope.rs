//! What conditions and forms of a lane see: the alert, what directories said, and the journaled results of its steps.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quell_action::Subject;
use quell_alert::Timestamp;
use quell_playbook::model::{AskStep, Playbook, StepId};
use quell_playbook::{LaneScope, StepResult};
use serde_json::{Value, json};

use crate::{
    About, Lane, LaneState, Phase, QuestionState, RunState, Settlement, Skip, StepState, TaskState, outcome,
};

/// The scope of a lane as the run stands now.
pub(crate) fn of_lane<'a>(
    state: &'a RunState,
    playbook: &Playbook,
    lane: &Lane,
    now: Timestamp,
) -> LaneScope<'a> {
    let plan = state.plan();
    let mut scope = LaneScope::new(&plan.alert, lane.entity(&plan.alert), now);
    scope.run.insert("id", json!(plan.run));
    scope.run.insert("started", json!(plan.created));
    let Some(lane_state) = state.lane(lane.id) else { return scope };
    match lane_state.subject() {
        Some(Subject::Identity(facts)) => scope.identity = Some(facts),
        Some(Subject::Device(facts)) => scope.device = Some(facts),
        Some(Subject::Nobody) | None => {}
    }
    scope.results = Cow::Owned(results(state, lane_state));
    scope.lane.insert("started", json!(lane_state.started().unwrap_or(now)));
    scope.lane.insert("outcome", json!(outcome::of_lane(state, playbook, lane.id)));
    scope
}

fn results(state: &RunState, lane: &LaneState) -> BTreeMap<StepId, StepResult> {
    let result = |(id, step): (&StepId, &StepState)| match step {
        StepState::Asked => {
            let about = About::Step { lane: lane.lane().id, step: id.clone() };
            (id.clone(), state.question_about(&about).map(answer).unwrap_or_default())
        }
        step => (id.clone(), result(step)),
    };
    lane.steps().map(result).collect()
}

/// What came of a question. In a run that only observes nobody has answered, and the answer stays unknown.
fn answer(asked: &QuestionState) -> StepResult {
    let (choice, at) = match &asked.settled {
        Some(Settlement::Answered { choice, at }) => (choice.as_str(), Some(*at)),
        Some(Settlement::Expired) => (AskStep::EXPIRED, None),
        Some(Settlement::Withdrawn | Settlement::NotAsked) | None => return StepResult::default(),
    };
    let by: Vec<&str> = asked
        .replies
        .iter()
        .filter(|(reply, _)| reply.choice == choice)
        .map(|(reply, _)| reply.by.as_str())
        .collect();
    let mut output = serde_json::Map::from_iter([("answer".to_owned(), json!(choice))]);
    if !by.is_empty() {
        output.insert("by".to_owned(), json!(by.join(", ")));
    }
    StepResult { at, ..StepResult::done(Value::Object(output)) }
}

/// What a step led to, for later steps to read. What is not yet known stays out: a name without a value is unknown,
/// and unknown never acts.
fn result(step: &StepState) -> StepResult {
    match step {
        StepState::Delayed(..) | StepState::Asked => StepResult::default(),
        StepState::Skipped(Skip::Condition { .. } | Skip::Unknown { .. }) => {
            StepResult { skipped: true, ..StepResult::default() }
        }
        StepState::Failed(error) => StepResult {
            failed: true,
            error_kind: Some(error.failure.word().to_owned()),
            ..StepResult::default()
        },
        StepState::Expanded(tasks) => StepResult {
            failed: step.went_wrong(),
            skipped: tasks.is_empty(),
            error_kind: tasks.iter().find_map(error_kind),
            output: output(tasks),
            at: None,
        },
    }
}

fn error_kind(task: &TaskState) -> Option<String> {
    match task.phase {
        Phase::Excluded => Some("excluded".into()),
        Phase::Planned if task.went_wrong() => Some("excluded".into()),
        Phase::Failed | Phase::Attention => {
            Some(task.error.as_ref().map_or("uncertain", |error| error.failure.word()).into())
        }
        Phase::Succeeded if task.is_ineffective() => Some("ineffective".into()),
        _ => None,
    }
}

/// The outputs of all targets together; where two give the same field, the first one's counts.
fn output(tasks: &[TaskState]) -> Value {
    let mut together = serde_json::Map::new();
    for fields in tasks.iter().filter_map(|task| task.fulfilled.as_ref()?.output.as_object()) {
        for (name, value) in fields {
            together.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Value::Object(together)
}
