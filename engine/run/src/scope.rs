//! What conditions and forms of a lane see: the alert, what directories said, and the journaled results of its steps.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quell_action::{DeviceFacts, IdentityFacts, Subject, TargetKind};
use quell_alert::EntityKind;
use quell_playbook::model::{AskStep, Playbook, Step, StepId};
use quell_playbook::{Entity, LaneScope, Moment, Outer, Scope, StepResult};
use serde_json::{Value, json};

use crate::next::verb::went_wrong;
use crate::{
    About, Lane, LaneId, LaneState, LinkTo, Phase, QuestionState, Returned, RunState, Settlement, Skip,
    StepState, TaskState, links, outcome,
};

/// The scope of a lane as the run stands now.
pub(crate) fn of_lane<'a>(
    state: &'a RunState,
    playbook: &Playbook,
    lane: &'a Lane,
    moment: Moment,
) -> LaneScope<'a> {
    let plan = state.plan();
    let now = moment.now;
    let mut scope = plan.scope(lane.entity(&plan.alert), moment);
    scope.run.insert("id", json!(plan.run));
    scope.run.insert("started", json!(plan.created));
    scope.run.insert("link", json!(links::words(&plan.run, LinkTo::Run)));
    scope.kept = state.kept().clone();
    if lane.closing {
        scope.run.insert("outcome", json!(outcome::of_run(state)));
        scope.run.insert("report", outcome::report(state));
    }
    let Some(lane_state) = state.lane(lane.id) else { return scope };
    about(&mut scope, lane_state.subject());
    let around = lanes_around(state, lane);
    scope.outer = around.iter().filter_map(|outer| around_it(state, outer)).collect();
    let mut found = BTreeMap::new();
    for outer in around.iter().rev().chain([&lane_state]) {
        found.extend(results(state, playbook, outer));
    }
    scope.results = Cow::Owned(found);
    scope.lane.insert("started", json!(lane_state.started().unwrap_or(now)));
    scope.lane.insert("undo_link", json!(links::words(&plan.run, LinkTo::Undo(lane.id))));
    let outcome = match lane_state.stopped() {
        Some(words) => json!(words),
        None => json!(outcome::of_lane(state, playbook, lane.id)),
    };
    scope.lane.insert("outcome", outcome);
    scope
}

/// The scope of an entity within a lane that is yet to be begun.
pub(crate) fn within<'a>(mut scope: LaneScope<'a>, inner: Entity<'a>) -> LaneScope<'a> {
    if let Some(entity) = scope.entity.replace(inner) {
        let outer = Outer { entity, identity: scope.identity.take(), device: scope.device.take() };
        scope.outer.insert(0, outer);
    }
    scope
}

/// What directories say of whoever a lane is about.
pub(crate) fn about<'a>(scope: &mut LaneScope<'a>, subject: Option<&'a Subject>) {
    (scope.identity, scope.device) = facts(subject);
}

fn facts(subject: Option<&Subject>) -> (Option<&IdentityFacts>, Option<&DeviceFacts>) {
    match subject {
        Some(Subject::Identity(facts)) => (Some(facts), None),
        Some(Subject::Device(facts)) => (None, Some(facts)),
        Some(Subject::Nobody) | None => (None, None),
    }
}

fn around_it<'a>(state: &'a RunState, lane: &'a LaneState) -> Option<Outer<'a>> {
    let entity = lane.lane().entity(&state.plan().alert)?;
    let (identity, device) = facts(lane.subject());
    Some(Outer { entity, identity, device })
}

/// The lanes that a lane is within, the nearest first.
fn lanes_around<'a>(state: &'a RunState, lane: &Lane) -> Vec<&'a LaneState> {
    let parent = |lane: &Lane| state.lane(lane.parent.as_ref()?.lane);
    std::iter::successors(parent(lane), |outer| parent(outer.lane())).collect()
}

/// The lane that has an entity for this kind of target: this one, or one that it is within.
pub(crate) fn entity_for(state: &RunState, lane: &Lane, target: TargetKind) -> Option<Lane> {
    let wanted = match target {
        TargetKind::Account => EntityKind::Account,
        TargetKind::Device => EntityKind::Device,
        TargetKind::None => return Some(lane.clone()),
    };
    let around = lanes_around(state, lane);
    let all = std::iter::once(lane).chain(around.iter().map(|outer| outer.lane()));
    all.into_iter().find(|lane| lane.kind == Some(wanted)).cloned()
}

/// The lane that has an entity of this kind: this one, or one that it is within.
pub(crate) fn lane_with(state: &RunState, lane: &Lane, kind: EntityKind) -> Option<Lane> {
    let around = lanes_around(state, lane);
    let mut all = std::iter::once(lane).chain(around.iter().map(|outer| outer.lane()));
    all.find(|lane| lane.kind == Some(kind)).cloned()
}

/// What a run that has ended gives back to the one that called it. What has no value stays out.
pub(crate) fn outputs(state: &RunState, playbook: &Playbook, moment: Moment) -> Value {
    let plan = state.plan();
    let mut scope = plan.scope(None, moment);
    scope.run.insert("id", json!(plan.run));
    scope.run.insert("started", json!(plan.created));
    scope.run.insert("outcome", json!(outcome::of_run(state)));
    scope.run.insert("report", outcome::report(state));
    let one_lane = playbook.for_each.is_none();
    let seen =
        state.lanes().iter().filter(|lane| lane.lane().closing || one_lane && lane.lane().parent.is_none());
    scope.results = Cow::Owned(seen.flat_map(|lane| results(state, playbook, lane)).collect());
    let filled = playbook.outputs.iter().filter_map(|(name, output)| {
        let value = output.form.fill(&scope as &dyn Scope).ok()?;
        Some((name.clone(), value))
    });
    Value::Object(filled.collect())
}

/// What a run led to that a step has called.
fn of_called(returned: &Returned) -> StepResult {
    let mut output = returned.outputs.as_object().cloned().unwrap_or_default();
    output.insert("outcome".to_owned(), json!(returned.finish));
    output.insert("run".to_owned(), json!(returned.run));
    StepResult { failed: returned.went_wrong(), ..StepResult::done(Value::Object(output)) }
}

fn results(state: &RunState, playbook: &Playbook, lane: &LaneState) -> BTreeMap<StepId, StepResult> {
    let mut found = BTreeMap::new();
    for (id, step) in lane.steps() {
        let about = About::Step { lane: lane.lane().id, step: id.clone() };
        let result = match step {
            StepState::Asked => state.question_about(&about).map(answer).unwrap_or_default(),
            StepState::Branched(lanes) => of_lanes(state, lanes),
            step => result(step),
        };
        // What stands below a step that is not taken is not taken either.
        let left_out: Vec<&[Step]> = match (step, playbook.step(id)) {
            (StepState::Skipped(_), Some(step)) => step.parts(),
            (StepState::Chosen(way), Some(step)) => {
                let others = step.parts().into_iter().enumerate();
                others.filter(|(number, _)| Some(*number) != *way).map(|(_, steps)| steps).collect()
            }
            _ => Vec::new(),
        };
        for below in left_out.into_iter().flat_map(Step::all_in_lane) {
            found.insert(below.id.clone(), StepResult { skipped: true, ..StepResult::default() });
        }
        found.insert(id.clone(), result);
    }
    found
}

/// What came of the lanes of a step: how many there were, and how many of them went wrong.
fn of_lanes(state: &RunState, lanes: &[LaneId]) -> StepResult {
    let ends = lanes.iter().filter_map(|lane| state.lane(*lane)?.end());
    let failed = ends.filter(|end| went_wrong(*end)).count();
    let output = json!({ "count": lanes.len(), "failed_count": failed });
    StepResult { failed: failed > 0, skipped: lanes.is_empty(), ..StepResult::done(output) }
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
        StepState::Delayed(..) | StepState::Waiting { .. } => StepResult::default(),
        StepState::Asked | StepState::Branched(_) | StepState::Entered | StepState::Stopped(_) => {
            StepResult::default()
        }
        StepState::Chosen(way) => StepResult::done(json!({ "taken": way.map_or(0, |way| way + 1) })),
        StepState::Waited { met } => StepResult::done(json!({ "met": met })),
        StepState::Called(_) => StepResult::default(),
        StepState::Returned(returned) => of_called(returned),
        StepState::Set(values) => StepResult::done(values.clone()),
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
