//! Runs that other runs call (`run`): how a call is made, and how its end comes back.
//!
//! The call is written down before the run is there, with everything that makes its plan, and its id follows from the
//! step: a caller that is taken up again finds the run, or makes the same one. While it waits a caller is not in memory
//! and its lane lets others pass; whoever ends what was called tells the caller. [`tend`] is the one place that brings
//! a caller's calls up to date; it may be done at any time, and any number of times.

use std::collections::BTreeMap;

use quell_action::ActionError;
use quell_alert::{EntityKind, Timestamp};
use quell_playbook::model::{Handed, Playbook, PlaybookName, RunStep, StepId, Verb};
use quell_playbook::{Entity, Moment, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::{Context, Done};
use crate::engine::runner::Beginning;
use crate::log::Halt;
use crate::{
    EngineError, Entry, Finish, Given, LaneId, Occasion, Plan, PlaybookVersion, RunId, RunState, StepState,
    scope,
};

/// What a step calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The run.
    pub run: RunId,
    /// The playbook, as it was when the caller began.
    pub playbook: PlaybookVersion,
    /// The values that it is given, by name.
    pub values: BTreeMap<String, Value>,
    /// The entities of the caller's alert that it is given, by name: kind and position.
    pub entities: BTreeMap<String, (EntityKind, usize)>,
    /// When it was called.
    pub at: Timestamp,
}

/// How a run that was called came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub finish: Finish,
    /// What it gave back.
    pub outputs: Value,
}

impl Returned {
    /// Whether it left anybody other than it should have.
    pub fn went_wrong(&self) -> bool {
        matches!(
            self.finish,
            Finish::Failed
                | Finish::Partly
                | Finish::Excluded
                | Finish::OverLimit
                | Finish::Cancelled
                | Finish::NeedsAttention
        )
    }
}

/// Calls another playbook: works out what it is given, writes that down, and makes its run.
pub(crate) async fn call(cx: &Context, lane: LaneId, step: &StepId, trace: Value) -> Result<Done, Halt> {
    let Some(Verb::Run(act)) = cx.playbook.step(step).map(|step| &step.verb) else {
        return Ok(Done::default());
    };
    let call = match work_out(cx, lane, step, act, cx.moment().await?).await {
        Ok(call) => call,
        Err(error) => return Ok(Entry::StepFailed { lane, step: step.clone(), error }.into()),
    };
    let entry = Entry::Called { lane, step: step.clone(), call: Box::new(call.clone()), trace };
    cx.log.note(vec![entry], Vec::new()).await?;
    cx.log.flush().await?;
    quell_crash::point!("run.callee.written");
    bring_up_to_date(cx, lane, step, &call).await?;
    Ok(Done::default())
}

/// Brings all calls of a run up to date: those that are not there yet are made, the ends of others are written down,
/// and where the caller was stopped they are stopped too.
pub(crate) async fn tend(cx: &Context) -> Result<(), Halt> {
    let open = cx.log.look(open_calls).await;
    for (lane, step, call) in open {
        bring_up_to_date(cx, lane, &step, &call).await?;
    }
    Ok(())
}

/// A run that was called is stopped with its caller, also where nobody could tell it: the process may have died between
/// the two.
pub(crate) async fn heed_caller(cx: &Context) -> Result<(), Halt> {
    let Occasion::Called { caller } = &cx.plan.occasion else { return Ok(()) };
    if cx.log.look(|state| state.finish().is_some() || state.cancelled().is_some()).await {
        return Ok(());
    }
    let by = match cx.runner.load(&caller.run).await {
        Ok(caller) => caller.cancelled().map(str::to_owned),
        Err(EngineError::Journal(error)) => return Err(error.into()),
        Err(EngineError::Damaged { run, source }) => return Err(Halt::Illegal { run, source }),
        // Forgotten, long since.
        Err(_) => None,
    };
    let Some(by) = by else { return Ok(()) };
    cx.log.note(vec![Entry::Cancelled { by }], Vec::new()).await?;
    cx.log.flush().await
}

/// Whether it was called, or waits for what it has called.
pub(crate) async fn has_to_do_with_others(cx: &Context) -> bool {
    matches!(cx.plan.occasion, Occasion::Called { .. })
        || cx.log.look(|state| !open_calls(state).is_empty()).await
}

/// The calls that have not come back, in lanes that still wait for them.
fn open_calls(state: &RunState) -> Vec<(LaneId, StepId, Call)> {
    let mut open = Vec::new();
    for lane in state.lanes().iter().filter(|lane| lane.end().is_none() || state.cancelled().is_some()) {
        for (step, stands) in lane.steps() {
            if let StepState::Called(call) = stands {
                open.push((lane.lane().id, step.clone(), Call::clone(call)));
            }
        }
    }
    open
}

async fn bring_up_to_date(cx: &Context, lane: LaneId, step: &StepId, call: &Call) -> Result<(), Halt> {
    let called = match cx.runner.load(&call.run).await {
        Ok(called) => called,
        Err(EngineError::NoSuchRun(_)) => return make(cx, lane, step, call).await,
        Err(error) => {
            tracing::error!(run.id = %call.run, %error, "a run that was called cannot be read; its caller waits");
            return Ok(());
        }
    };
    let waits = cx.log.look(|state| state.lane(lane).is_some_and(|lane| lane.end().is_none())).await;
    match called.finish() {
        Some(finish) if waits => {
            let outputs = outputs(cx, &called).await?;
            let returned = Returned { run: call.run.clone(), finish, outputs };
            let entry = Entry::Returned { lane, step: step.clone(), returned: Box::new(returned) };
            cx.log.note(vec![entry], Vec::new()).await?;
            cx.log.flush().await
        }
        Some(_) => Ok(()),
        None => {
            if let Some(by) = cx.log.look(|state| state.cancelled().map(str::to_owned)).await {
                cx.runner.cancel_called(&call.run, by);
            } else if let Err(error) = cx.runner.take_up_if_open(&call.run).await {
                // A write that was reported as failed may have made it all the same, and then nobody drives it.
                tracing::warn!(run.id = %call.run, %error, "a run that was called cannot be taken up; its caller waits");
            }
            Ok(())
        }
    }
}

/// What a run that has ended gives back. What its playbook would take from steps that were not taken stays out.
async fn outputs(cx: &Context, called: &RunState) -> Result<Value, Halt> {
    let plan = called.plan();
    Ok(match cx.runner.archive().load(&plan.playbook, &plan.beside).await {
        Ok(playbook) => scope::outputs(called, &playbook, cx.moment_for(&playbook).await?),
        Err(error) => {
            tracing::error!(run.id = %plan.run, %error, "what a run gives back cannot be worked out");
            Value::Null
        }
    })
}

async fn make(cx: &Context, lane: LaneId, step: &StepId, call: &Call) -> Result<(), Halt> {
    if cx.log.look(|state| state.cancelled().is_some()).await {
        return Ok(());
    }
    let playbook = match cx.runner.archive().load(&call.playbook, &cx.plan.beside).await {
        Ok(playbook) => playbook,
        Err(error) => {
            let error = ActionError::rejected(error.to_string());
            let failed = Entry::StepFailed { lane, step: step.clone(), error };
            cx.log.note(vec![failed], Vec::new()).await?;
            return cx.log.flush().await;
        }
    };
    let given = given(&cx.plan, &playbook, call);
    let plan = cx.plan.called(
        &playbook,
        given,
        lane,
        step,
        Moment { now: call.at, ..cx.moment_for(&playbook).await? },
    );
    match cx.runner.create(plan).await {
        Ok(Some(state)) => cx.runner.begin(Beginning { state, playbook, gates: Default::default() }),
        Ok(None) => {}
        Err(EngineError::Journal(error)) => return Err(error.into()),
        Err(error) => tracing::error!(run.id = %call.run, %error, "a run that was called cannot begin"),
    }
    Ok(())
}

fn given(plan: &Plan, playbook: &Playbook, call: &Call) -> Given {
    let mut given = Given { values: Given::defaults(playbook), ..Given::default() };
    given.values.extend(call.values.clone());
    for (name, (kind, position)) in &call.entities {
        if let Some(entity) = Entity::at(&plan.alert, *kind, *position) {
            let display = crate::plan::make::display(&entity);
            given.hand_on(name, entity, &display);
        }
    }
    given
}

async fn work_out(
    cx: &Context,
    lane: LaneId,
    step: &StepId,
    act: &RunStep,
    moment: Moment,
) -> Result<Call, ActionError> {
    let version = cx.plan.beside.iter().find(|version| version.name == act.playbook).cloned();
    let playbook = version.ok_or_else(|| not_there(&act.playbook))?;
    let now = moment.now;
    cx.log
        .look(|state| {
            let Some(found) = state.lane(lane) else { return Err(not_there(&act.playbook)) };
            let scope = scope::of_lane(state, &cx.playbook, found.lane(), moment);
            let (mut values, mut entities) = (BTreeMap::new(), BTreeMap::new());
            for (name, handed) in &act.inputs {
                match handed {
                    Handed::Value(form) => {
                        let value = form.fill(&scope as &dyn Scope).map_err(|missing| {
                            ActionError::rejected(format!("the input {name} cannot be filled in: {missing}"))
                        })?;
                        values.insert(name.clone(), value);
                    }
                    Handed::Entity(kind) => {
                        let about = scope::lane_with(state, found.lane(), *kind);
                        let position = about.and_then(|lane| lane.position).ok_or_else(|| {
                            ActionError::rejected(format!("the input {name} needs an entity in scope"))
                        })?;
                        entities.insert(name.clone(), (*kind, position));
                    }
                }
            }
            let run = cx.plan.run_called(lane, step);
            Ok(Call { run, playbook, values, entities, at: now })
        })
        .await
}

fn not_there(playbook: &PlaybookName) -> ActionError {
    ActionError::rejected(format!("the playbook {playbook} was not there when this run began"))
}

/// The run that waits for this one, where one does.
pub(crate) fn waiting_for(state: &RunState) -> Option<RunId> {
    match &state.plan().occasion {
        Occasion::Called { caller } if state.finish().is_some() => Some(caller.run.clone()),
        _ => None,
    }
}
