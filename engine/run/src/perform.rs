//! One task, from the directories to the outcome:
//! who is it, may it be touched, what stands there, write the intent, ask once more, call, see whether it is so.
//!
//! Invariant: there is no call without an intent on disk, and none without a clearance taken after that intent.

use quell_action::{AnyAction, InEffect, Repeat, State};
use std::sync::Arc;

use crate::call::{self, Earlier};
use crate::clearance::Known;
use crate::context::{Context, Done, Early, ended};
use crate::hands::Eye;
use crate::log::Halt;
use crate::{CallFailure, Entry, Fulfilled, Task, TaskState, Verification};
use quell_action::{ActionError, Effect, Failure};
use serde_json::Value;

/// Carries out a task whose call has not been begun, or did certainly not happen.
pub(crate) async fn perform(cx: &Context, task: &TaskState) -> Result<Done, Halt> {
    ended(attempt(cx, task).await)
}

async fn attempt(cx: &Context, task: &TaskState) -> Result<Done, Early> {
    let (eye, action) = at_hand(cx, task)?;
    let spec = &cx.spec_of(&task.task, &eye.info().spec);
    if cx.wait_for_brake(spec.impact).await {
        // The plan may have changed meanwhile: somebody may have stopped the run.
        return Ok(Done::default());
    }
    cx.keep_pace(&task.task).await;
    let known = cx.who_is(&task.task).await.map_err(|error| failed(task, error))?;
    drop(cx.clear(&known, &task.task, spec).map_err(|excluded| cx.not_cleared(task, excluded))?);
    let before = if spec.readable { Some(prior_state(cx, eye, task).await?) } else { None };
    call::call(cx, task, action, &known, before, Earlier::NoCall).await
}

/// The action, for looking and for calling. Where no connector offers it, one may after a restart.
pub(crate) fn at_hand<'a>(
    cx: &'a Context,
    task: &TaskState,
) -> Result<(&'a Eye, &'a Arc<dyn AnyAction>), Early> {
    let hands = &cx.tools.hands;
    match (hands.eyes.for_task(&task.task), hands.for_task(&task.task)) {
        (Some(eye), Some(action)) => Ok((eye, action)),
        _ => Err(delayed_or_failed(cx, task, not_offered(task))),
    }
}

pub(crate) fn not_offered(task: &TaskState) -> ActionError {
    let Task { action, provider, using, .. } = &task.task;
    ActionError::unavailable(match using {
        Some(connection) => {
            format!("the connector {connection} does not offer {action}; connect it, or cancel the run")
        }
        None => format!("no connector offers {action} for {provider}; connect one, or cancel the run"),
    })
}

/// What stands there now. Where it already is as wanted, nothing is written and the task ends here.
async fn prior_state(cx: &Context, eye: &Eye, task: &TaskState) -> Result<State, Early> {
    match cx.look(eye, &task.task).await {
        Ok(seen) if seen.in_effect == InEffect::Yes => Err(unchanged(cx, task).await?),
        Ok(seen) => Ok(seen.state),
        Err(error) if error.failure.is_transient() => Err(delayed_or_failed(cx, task, error)),
        Err(error) => Err(failed(task, error)),
    }
}

async fn unchanged(cx: &Context, task: &TaskState) -> Result<Early, Halt> {
    let fulfilled = Fulfilled {
        effect: Effect::Unchanged,
        verification: Verification::Seen,
        external_id: None,
        output: Value::Null,
        took_millis: 0,
        excluded_meanwhile: None,
    };
    Ok(Early::Done(call::succeeded(cx, task, fulfilled)))
}

/// Tried again while there is patience: nothing was called.
fn delayed_or_failed(cx: &Context, task: &TaskState, error: ActionError) -> Early {
    match cx.while_patient(task.wait, &error) {
        Some(again_at) => Entry::Delayed { task: task.task.id.clone(), error, again_at }.into(),
        None => failed(task, error),
    }
}

pub(crate) fn failed(task: &TaskState, error: ActionError) -> Early {
    let failure = CallFailure { error, attempts: task.attempts };
    Entry::Failed { task: task.task.id.clone(), failure }.into()
}

/// Settles a task whose call was begun: after a crash, or when its answer did not come. By reading, not by repeating,
/// wherever the target can be read.
pub(crate) async fn settle(cx: &Context, task: &TaskState) -> Result<Done, Halt> {
    ended(settled(cx, task).await)
}

async fn settled(cx: &Context, task: &TaskState) -> Result<Done, Early> {
    let Ok((eye, action)) = at_hand(cx, task) else {
        return Ok(unsettled(cx, task, not_offered(task)).into());
    };
    let spec = &cx.spec_of(&task.task, &eye.info().spec);
    if cx.wait_for_brake(spec.impact).await {
        return Ok(Done::default());
    }
    if !spec.readable {
        return repeat_blindly(cx, task, eye, action).await;
    }
    match cx.look(eye, &task.task).await {
        Ok(seen) => match seen.in_effect {
            InEffect::No => repeat(cx, task, action).await,
            InEffect::Yes => happened(cx, task, seen.state, None, Verification::SeenAfterwards).await,
            InEffect::Pending => happened(cx, task, seen.state, None, Verification::Pending).await,
            InEffect::Ineffective(why) => {
                happened(cx, task, seen.state, Some(why), Verification::SeenAfterwards).await
            }
        },
        Err(error) if error.failure.is_transient() || error.failure == Failure::Uncertain => {
            Ok(unsettled(cx, task, error).into())
        }
        Err(error) => Ok(attention(task, format!("whether it happened cannot be read: {error}")).into()),
    }
}

async fn happened(
    cx: &Context,
    task: &TaskState,
    after: State,
    ineffective: Option<String>,
    verification: Verification,
) -> Result<Done, Early> {
    let before = task.before.clone().unwrap_or_default();
    let effect = match ineffective {
        Some(why) => Effect::Ineffective { before, after, why },
        None => Effect::Changed { before, after },
    };
    let fulfilled = Fulfilled {
        effect,
        verification,
        external_id: None,
        output: Value::Null,
        took_millis: 0,
        excluded_meanwhile: None,
    };
    Ok(call::succeeded(cx, task, fulfilled))
}

/// It was read back and had not happened: it is called again, with the same key and what stood there first.
async fn repeat(cx: &Context, task: &TaskState, action: &Arc<dyn AnyAction>) -> Result<Done, Early> {
    if is_at_its_end(task) {
        let error = task.error.clone().unwrap_or_else(|| {
            ActionError::unavailable("the engine stopped in the middle of each attempt, and nothing happened")
        });
        return Err(failed(task, error));
    }
    let known = match cx.who_is(&task.task).await {
        Ok(known) => known,
        Err(error) => return Err(failed(task, error)),
    };
    call::call(cx, task, action, &known, task.before.clone(), Earlier::DidNotHappen).await
}

/// Whether no further attempt is to be made. A call in whose middle the engine stopped is no call without an answer.
fn is_at_its_end(task: &TaskState) -> bool {
    let unanswered = task.error.as_ref().is_some_and(|error| error.failure == Failure::Uncertain);
    task.attempts >= task.task.retry.attempts || unanswered && !task.task.retry.on.timeout
}

/// It cannot be read: it is called again only where that does no harm.
async fn repeat_blindly(
    cx: &Context,
    task: &TaskState,
    eye: &Eye,
    action: &Arc<dyn AnyAction>,
) -> Result<Done, Early> {
    let spec = &cx.spec_of(&task.task, &eye.info().spec);
    if spec.repeat == Repeat::Never {
        return Ok(attention(
            task,
            "it may have happened, cannot be read back, and must not be repeated".into(),
        )
        .into());
    }
    if is_at_its_end(task) {
        let why = format!("it may have happened, and {} attempts brought no answer", task.attempts);
        return Ok(attention(task, why).into());
    }
    let known: Known = match cx.who_is(&task.task).await {
        Ok(known) => known,
        Err(error) => return Ok(attention(task, format!("it may have happened, and now: {error}")).into()),
    };
    call::call(cx, task, action, &known, task.before.clone(), Earlier::MayHaveHappened).await
}

/// Read back again later, for as long as it takes.
pub(crate) fn unsettled(cx: &Context, task: &TaskState, error: ActionError) -> Entry {
    let again_at = cx.look_again_at(task.wait, &error);
    Entry::Unsettled { task: task.task.id.clone(), error, again_at }
}

pub(crate) fn attention(task: &TaskState, why: String) -> Entry {
    Entry::NeedsAttention { task: task.task.id.clone(), why }
}
