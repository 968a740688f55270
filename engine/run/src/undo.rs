//! One undo: release the hold; where it was the last, put back what stood there before the first of our changes.

use std::sync::Arc;

use quell_action::{
    ActionError, ActionSpec, AnyAction, Effect, Failure, Impact, InEffect, Outcome, Request, RequestKey,
    Restore,
};

use crate::call::hold_key;
use crate::clock::sleep_until;
use crate::context::{Context, Done, Early, ended};
use crate::hands::Eye;
use crate::log::{Halt, Intent};
use crate::perform::at_hand;
use crate::retry::later;
use crate::{
    CallFailure, Entry, Held, HoldChange, Holder, Ours, Phase, Release, RunState, TaskState, Verification,
};

/// Takes back what a task changed.
pub(crate) async fn undo(cx: &Context, task: &TaskState) -> Result<Done, Halt> {
    ended(taken_back(cx, task).await)
}

async fn taken_back(cx: &Context, task: &TaskState) -> Result<Done, Early> {
    let holder = Holder { run: cx.plan.run.clone(), task: task.task.id.clone() };
    let Some(key) = hold_key(&task.task) else {
        return Ok(stuck(task, ActionError::irreversible(task.task.action.as_str())).into());
    };
    let Held { ours, others, runs } = cx.log.held(&key, &holder).await?;
    let letting_go = HoldChange::released(key, holder);
    match ours.or_else(|| own_change(task)) {
        _ if others > 0 => {
            let more = others.saturating_sub(runs.len() as u64);
            Ok(released(task, Release::HeldBy { runs, more }, letting_go))
        }
        None => Ok(released(task, Release::NothingOfOurs, letting_go)),
        Some(ours) => restore(cx, task, ours, letting_go).await,
    }
}

/// The task's own change, where no record of holds tells of it.
fn own_change(task: &TaskState) -> Option<Ours> {
    match &task.fulfilled.as_ref()?.effect {
        Effect::Changed { before, after } | Effect::Ineffective { before, after, .. } => {
            Some(Ours { before: before.clone(), after: after.clone(), params: task.task.params.clone() })
        }
        Effect::Unchanged => None,
    }
}

fn released(task: &TaskState, because: Release, letting_go: HoldChange) -> Done {
    let entry = Entry::UndoReleased { task: task.task.id.clone(), because };
    Done { entries: vec![entry], holds: vec![letting_go] }
}

async fn restore(cx: &Context, task: &TaskState, ours: Ours, letting_go: HoldChange) -> Result<Done, Early> {
    let Ok((eye, action)) = at_hand(cx, task) else {
        return Ok(delayed(cx, task, crate::perform::not_offered(task)).into());
    };
    if task.phase == Phase::Undoing && was_restored(cx, eye, task, &ours).await? {
        let effect = Effect::Changed { before: ours.after, after: ours.before };
        return Ok(restored(task, effect, Verification::SeenAfterwards, letting_go));
    }
    let spec = inverse(&eye.info().spec);
    let known = match spec.impact {
        // What gives something back needs no resolving: the list never stops it.
        Impact::Restoring | Impact::Informing => None,
        Impact::Disruptive => Some(cx.who_is(&task.task).await.map_err(|error| stuck(task, error))?),
    };
    let clear = || match &known {
        Some(known) => cx.clear(known, &task.task, &spec),
        None => cx.tools.exclusions.now().clear(
            &quell_action::Subject::Nobody,
            task.task.target.clone(),
            &spec,
            cx.now(),
        ),
    };
    drop(clear().map_err(|excluded| left_alone(cx, task, &excluded))?);
    let mut begun = task.clone();
    begun.undo.attempts += 1;
    let intent = Entry::UndoStarted { task: task.task.id.clone(), attempt: begun.undo.attempts };
    let wanted = |state: &RunState| {
        !cx.tools.stop.is_stopping() && state.task(&task.task.id).is_some_and(TaskState::undo_open)
    };
    let Intent::OnDisk = cx.log.intend(intent, wanted).await? else { return Ok(Done::default()) };
    let cleared = clear().map_err(|excluded| left_alone(cx, &begun, &excluded))?;
    let key = RequestKey(format!("{}/undo", task.key(&cx.plan.run)));
    let params = Restore { params: ours.params, before: ours.before, after: ours.after };
    let request = Request::new(cleared, key, task.task.time_limit, params);
    let late = || ActionError::uncertain(format!("no answer from {} to the undo", task.task.provider));
    quell_crash::point!("run.restore.sending");
    let answer = cx.within(task.task.time_limit, action.restore(request), late).await;
    quell_crash::point!("run.restore.answered");
    match answer {
        Ok(outcome) => {
            cx.tools.resolver.forget(&task.task.target);
            Ok(seen_to(cx, &begun, eye, action, outcome, letting_go).await)
        }
        Err(error) if error.failure.is_transient() || error.failure == Failure::Uncertain => {
            Ok(delayed(cx, &begun, error).into())
        }
        Err(error) => Ok(stuck(&begun, error).into()),
    }
}

/// Whether an undo that was begun before has happened: the target stands as it stood before our change.
async fn was_restored(cx: &Context, eye: &Eye, task: &TaskState, ours: &Ours) -> Result<bool, Early> {
    if !eye.info().spec.readable {
        return Ok(false);
    }
    match cx.look(eye, &task.task).await {
        Ok(seen) => Ok(seen.state == ours.before && seen.in_effect == InEffect::No),
        Err(error) if error.failure.is_transient() => Err(delayed(cx, task, error).into()),
        Err(error) => Err(stuck(task, error).into()),
    }
}

/// Reads back that the state is no longer in effect.
async fn seen_to(
    cx: &Context,
    task: &TaskState,
    eye: &Eye,
    action: &Arc<dyn AnyAction>,
    outcome: Outcome<()>,
    letting_go: HoldChange,
) -> Done {
    if !action.info().spec.readable {
        return restored(task, outcome.effect, Verification::NotReadable, letting_go);
    }
    let deadline = later(cx.now(), cx.tools.settings.verify_within);
    let mut wait = std::time::Duration::from_millis(250);
    loop {
        match cx.look(eye, &task.task).await {
            Ok(seen) if seen.in_effect == InEffect::Pending => {
                return restored(task, outcome.effect, Verification::Pending, letting_go);
            }
            // Somebody else changed it meanwhile, and it was left to them: that is what the connector says.
            Ok(seen) if seen.in_effect != InEffect::Yes || outcome.effect == Effect::Unchanged => {
                return restored(task, outcome.effect, Verification::Seen, letting_go);
            }
            Ok(_) if cx.now() >= deadline => {
                let why =
                    format!("{} accepted the undo, and reading back does not show it", task.task.provider);
                return stuck(task, ActionError::uncertain(why)).into();
            }
            Ok(_) => {}
            Err(_) => return restored(task, outcome.effect, Verification::Pending, letting_go),
        }
        sleep_until(cx.tools.clock.as_ref(), later(cx.now(), wait).min(deadline)).await;
        wait = (wait * 2).min(std::time::Duration::from_secs(4));
    }
}

fn restored(task: &TaskState, effect: Effect, verification: Verification, letting_go: HoldChange) -> Done {
    let entry = Entry::UndoSucceeded { task: task.task.id.clone(), effect, verification };
    Done { entries: vec![entry], holds: vec![letting_go] }
}

/// An undo runs late rather than never: what may pass is tried again for as long as it takes.
fn delayed(cx: &Context, task: &TaskState, error: ActionError) -> Entry {
    let tries = task.undo.wait.map_or(0, |wait| wait.tries).max(task.undo.attempts.saturating_sub(1)) + 1;
    let again_at = cx.again_at(cx.tools.settings.look_again, tries, &error);
    Entry::UndoDelayed { task: task.task.id.clone(), error, again_at }
}

fn stuck(task: &TaskState, error: ActionError) -> Entry {
    let failure = CallFailure { error, attempts: task.undo.attempts };
    Entry::UndoFailed { task: task.task.id.clone(), failure }
}

fn left_alone(cx: &Context, task: &TaskState, excluded: &quell_action::Excluded) -> Entry {
    match excluded.reason {
        quell_action::exclusion::Reason::Unknown(_) => {
            delayed(cx, task, ActionError::unavailable(excluded.reason.to_string()))
        }
        _ => stuck(task, ActionError::new(Failure::Forbidden, excluded.to_string())),
    }
}

/// What taking an action back does: what gives is taken away again, and the other way round.
fn inverse(spec: &ActionSpec) -> ActionSpec {
    let impact = match spec.impact {
        Impact::Disruptive => Impact::Restoring,
        Impact::Restoring => Impact::Disruptive,
        Impact::Informing => Impact::Informing,
    };
    ActionSpec { impact, name: spec.undo.unwrap_or(spec.name), ..*spec }
}
