//! Working a step out: its targets and its parameters.

use quell_action::{ActionError, Failure, Target, TargetKind};
use quell_alert::Provider;
use quell_playbook::condition::Truth;
use quell_playbook::model::{DoStep, Step, StepId, UndoRule, Verb, WaitStep};
use quell_playbook::{Entity, Moment, Scope};
use serde_json::{Map, Value};

use crate::context::{Context, Done};
use crate::log::Halt;
use crate::resolve::{Fresh, Resolved, away};
use crate::retry::later;
use crate::{Entry, Lane, LaneId, Meant, MeantOne, RunState, StepState, Task, TaskId, scope};

/// What a step comes to.
enum Worked {
    Out(Vec<(Target, Provider, String)>, Option<Meant>),
    Nobody(String, Option<Meant>),
    Later(ActionError),
    Not(ActionError),
}

/// Works a step out: finds its targets, and fills in its parameters.
pub(crate) async fn expand(cx: &Context, lane: LaneId, step_id: &StepId, trace: Value) -> Result<Done, Halt> {
    let (Some(step), Some(lane)) = (cx.playbook.step(step_id), lane_of(cx, lane).await) else {
        return Ok(Done::default());
    };
    let lane = &lane;
    let Verb::Do(act) = &step.verb else { return Ok(Done::default()) };
    let around = entities_around(cx, lane).await;
    let params = match fill(cx, lane, act, cx.moment().await?).await {
        Ok(params) => params,
        Err(error) => return Ok(not_worked_out(lane, step, error).into()),
    };
    Ok(match targets(cx, lane, act).await {
        Worked::Out(targets, meant) => {
            let tasks = targets.into_iter().zip(0..).map(|(target, number)| {
                let id = TaskId { lane: lane.id, step: step.id.clone(), number };
                task(cx, id, act, target, params.clone(), &around)
            });
            let (lane, step, tasks) = (lane.id, step.id.clone(), tasks.collect());
            Entry::Expanded { lane, step, tasks, nobody: None, meant: meant.map(Box::new), trace }
        }
        Worked::Nobody(why, meant) => Entry::Expanded {
            lane: lane.id,
            step: step.id.clone(),
            tasks: Vec::new(),
            nobody: Some(why),
            meant: meant.map(Box::new),
            trace,
        },
        Worked::Later(error) => later_or_not(cx, lane, step, error).await,
        Worked::Not(error) => not_worked_out(lane, step, error),
    }
    .into())
}

/// Finds out who a lane is about, for its conditions.
pub(crate) async fn resolve(cx: &Context, lane: LaneId) -> Result<Done, Halt> {
    let Some(lane) = lane_of(cx, lane).await else { return Ok(Done::default()) };
    let subject = match cx.tools.resolver.subject(&cx.plan.alert, &lane, Fresh::Lately).await {
        Ok(subject) => subject,
        Err(error) => {
            let wait = cx.log.look(|state| state.lane(lane.id).and_then(|lane| lane.wait())).await;
            if let Some(again_at) = cx.while_patient(wait, &error) {
                return Ok(Entry::StepDelayed { lane: lane.id, step: None, error, again_at }.into());
            }
            // Nobody could say: what the conditions want to know stays unknown.
            quell_action::Subject::Nobody
        }
    };
    Ok(Entry::Resolved { lane: lane.id, subject: Box::new(subject) }.into())
}

/// Looks whether what a step waits for is so: directories are asked anew about whoever the lane is about.
pub(crate) async fn look(cx: &Context, lane: LaneId, step_id: &StepId) -> Result<Done, Halt> {
    let waiting = |state: &RunState| match state.lane(lane)?.step(step_id)? {
        StepState::Waiting { until, .. } => Some(*until),
        _ => None,
    };
    let (Some(lane), Some(until)) = (lane_of(cx, lane).await, cx.log.look(waiting).await) else {
        return Ok(Done::default());
    };
    let Some(Verb::Wait(WaitStep::Until { group, every, .. })) =
        cx.playbook.step(step_id).map(|step| &step.verb)
    else {
        return Ok(Done::default());
    };
    let subject = match lane.can_be_resolved() {
        true => cx.tools.resolver.subject(&cx.plan.alert, &lane, Fresh::Now).await.ok(),
        false => None,
    };
    let moment = cx.moment().await?;
    let now = moment.now;
    let judgement = cx
        .log
        .look(|state| {
            let mut scope = scope::of_lane(state, &cx.playbook, &lane, moment);
            if lane.can_be_resolved() {
                scope::about(&mut scope, subject.as_ref());
            }
            group.evaluate(&scope)
        })
        .await;
    let (id, step, met) = (lane.id, step_id.clone(), judgement.truth == Truth::True);
    if !met && now < until {
        let again_at = later(now, *every).min(until);
        return Ok(Entry::StillWaiting { lane: id, step, again_at }.into());
    }
    let seen = subject.map(|subject| Entry::Resolved { lane: id, subject: Box::new(subject) });
    let over = Entry::WaitOver { lane: id, step, met, trace: judgement.trace.to_json() };
    Ok(Done { entries: seen.into_iter().chain([over]).collect(), holds: Vec::new() })
}

async fn lane_of(cx: &Context, lane: LaneId) -> Option<Lane> {
    cx.log.look(|state| state.lane(lane).map(|lane| lane.lane().clone())).await
}

/// What a lane, and those that it is within, are about, as far as it can be on the exclusion list.
struct Around {
    kinds: Vec<TargetKind>,
    display: String,
}

async fn entities_around(cx: &Context, lane: &Lane) -> Around {
    let has_one = |state: &RunState, kind: &TargetKind| {
        scope::entity_for(state, lane, *kind).is_some_and(|lane| lane.entity(&cx.plan.alert).is_some())
    };
    let kinds = [TargetKind::Account, TargetKind::Device];
    let kinds = cx.log.look(|state| kinds.into_iter().filter(|kind| has_one(state, kind)).collect()).await;
    Around { kinds, display: lane.display.clone() }
}

async fn fill(cx: &Context, lane: &Lane, act: &DoStep, moment: Moment) -> Result<Value, ActionError> {
    cx.log
        .look(|state| {
            let scope = scope::of_lane(state, &cx.playbook, lane, moment);
            let filled = act.with.iter().map(|(name, form)| {
                let value = form.fill(&scope as &dyn Scope).map_err(|missing| {
                    ActionError::rejected(format!("the parameter {name} cannot be filled in: {missing}"))
                })?;
                Ok((name.clone(), value))
            });
            filled.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        })
        .await
}

async fn targets(cx: &Context, lane: &Lane, act: &DoStep) -> Worked {
    let mut providers = cx.tools.hands.eyes.providers(act.using.as_deref(), &act.action);
    providers.retain(|provider| act.at.is_empty() || act.at.contains(provider));
    if providers.is_empty() {
        return Worked::Not(ActionError::rejected(match &act.using {
            Some(connection) => format!("the connector {connection} does not offer {} here", act.action),
            None => format!("no connector that is connected offers {}", act.action),
        }));
    }
    let entity = cx.log.look(|state| scope::entity_for(state, lane, act.target)).await;
    let entity = entity.as_ref().and_then(|lane| lane.entity(&cx.plan.alert));
    match (act.target, entity) {
        (TargetKind::None, _) => {
            let display = act.action.to_string();
            let targets = providers.into_iter().map(|at| (Target::None, at, display.clone()));
            Worked::Out(targets.collect(), None)
        }
        (TargetKind::Account, Some(Entity::Account(account))) => {
            let resolver = &cx.tools.resolver;
            let resolved = resolver.identity(account, Fresh::Lately).await;
            let meant = resolved.map(|facts| Meant::accounts(facts, resolver.account_directories()));
            at_providers(meant, &providers, &act.action.0)
        }
        (TargetKind::Device, Some(Entity::Device(device))) => {
            let resolver = &cx.tools.resolver;
            let resolved = resolver.device(device, Fresh::Lately).await;
            let meant = resolved.map(|facts| Meant::devices(facts, resolver.device_directories()));
            at_providers(meant, &providers, &act.action.0)
        }
        _ => Worked::Not(ActionError::rejected(format!(
            "{} needs another kind of entity in scope",
            act.action
        ))),
    }
}

fn at_providers(resolved: Resolved<Meant>, providers: &[Provider], action: &str) -> Worked {
    let meant = match resolved {
        Resolved::Found(meant) => meant,
        Resolved::Away(_, unanswered) => return Worked::Later(away(&unanswered)),
        Resolved::Ambiguous(why) => return Worked::Not(ActionError::new(Failure::Ambiguous, why)),
        Resolved::Nobody(why) => return Worked::Nobody(why, None),
    };
    let target = |one: &MeantOne| {
        let provider = one.target.provider().filter(|at| providers.contains(at))?;
        Some((one.target.clone(), provider.clone(), one.display.clone()))
    };
    let targets: Vec<_> = meant.found.iter().filter_map(target).collect();
    match targets.is_empty() {
        true => Worked::Nobody(format!("it has no account or device where {action} is offered"), Some(meant)),
        false => Worked::Out(targets, Some(meant)),
    }
}

fn task(
    cx: &Context,
    id: TaskId,
    act: &DoStep,
    (target, provider, display): (Target, Provider, String),
    params: Value,
    around: &Around,
) -> Task {
    let offered = cx.tools.hands.eyes.on(act.using.as_deref(), &act.action, &provider);
    let disrupts = !act.informs && offered.is_some_and(|eye| eye.info().disrupts(&params));
    let held = offered.filter(|_| target == Target::None).and_then(|eye| eye.held(&params));
    let about = if disrupts { around.kinds.clone() } else { Vec::new() };
    // A call that names nobody is known by whom it is about.
    let display = match (&held, about.is_empty()) {
        (Some(held), _) => held.clone(),
        (None, false) => around.display.clone(),
        (None, true) => display,
    };
    Task {
        id,
        action: act.action.clone(),
        reversible: act.undo != UndoRule::Never && offered.is_some_and(|eye| eye.info().spec.undo.is_some()),
        provider,
        using: act.using.clone(),
        target,
        display,
        params,
        time_limit: act.time_limit,
        retry: act.retry,
        verify_within: act.verify_within,
        held,
        about,
        must_last: act.hold,
        undo_after: match act.undo {
            UndoRule::Manual | UndoRule::Never => None,
            UndoRule::After(wait) => Some(wait),
        },
    }
}

async fn later_or_not(cx: &Context, lane: &Lane, step: &Step, error: ActionError) -> Entry {
    let wait = cx.log.look(|state| state.lane(lane.id)?.step(&step.id).and_then(StepState::wait)).await;
    match cx.while_patient(wait, &error) {
        Some(again_at) => Entry::StepDelayed { lane: lane.id, step: Some(step.id.clone()), error, again_at },
        None => not_worked_out(lane, step, error),
    }
}

fn not_worked_out(lane: &Lane, step: &Step, error: ActionError) -> Entry {
    Entry::StepFailed { lane: lane.id, step: step.id.clone(), error }
}
