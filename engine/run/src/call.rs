//! One call: the intent, the clearance, the call itself, and what its answer means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quell_action::exclusion::Reason;
use quell_action::{
    ActionError, ActionSpec, AnyAction, Effect, Excluded, Failure, Impact, InEffect, Outcome, Request, State,
    Target,
};
use serde_json::Value;

use crate::clearance::Known;
use crate::clock::sleep_until;
use crate::context::{Context, Done, Early};
use crate::log::Intent;
use crate::perform::{attention, unsettled};
use crate::retry::{is_wanted_after, later};
use crate::{
    CallFailure, Entry, Fulfilled, HoldChange, HoldKey, Holder, RunState, Task, TaskState, Verification,
    links,
};

/// What is known of an earlier call for the same task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// There was none that could have had an effect.
    NoCall,
    /// There was one, and the target was read: it had not happened.
    DidNotHappen,
    /// There was one, and nothing can tell; but repeating it does no harm.
    MayHaveHappened,
}

/// Writes the intent, clears the target once more, calls, and says what came of it.
pub(crate) async fn call(
    cx: &Context,
    task: &TaskState,
    action: &Arc<dyn AnyAction>,
    known: &Known,
    before: Option<State>,
    earlier: Earlier,
) -> Result<Done, Early> {
    let spec = &cx.spec_of(&task.task, &action.info().spec);
    // The list may have changed while the target was read, and a call that will not be made needs no intent.
    drop(cx.clear(known, &task.task, spec).map_err(|excluded| excluded_now(cx, task, excluded, earlier))?);
    if let Some(over) = cx.take_place(known, task, spec, earlier).await? {
        return Ok(over.into());
    }
    let mut begun = task.clone();
    begun.attempts += 1;
    let intent = Entry::Started {
        task: task.task.id.clone(),
        attempt: begun.attempts,
        key: task.key(&cx.plan.run),
        before: before.clone(),
    };
    let wanted = |state: &RunState| {
        let begin = earlier == Earlier::MayHaveHappened || still_wanted(state, task);
        begin && !cx.tools.stop.is_stopping() && !cx.is_held_back(spec.impact)
    };
    match cx.log.intend(intent, wanted).await? {
        Intent::OnDisk => {}
        // What is not begun because the engine stops is begun by the next one, and what is held back, later.
        Intent::NoLongerWanted
            if earlier == Earlier::NoCall || cx.tools.stop.is_stopping() || cx.is_held_back(spec.impact) =>
        {
            return Ok(Done::default());
        }
        Intent::NoLongerWanted => return Err(Entry::TaskDropped { task: task.task.id.clone() }.into()),
    }
    // And it may have changed while the intent went to disk: this clearance is the one that the call is made with.
    let cleared =
        cx.clear(known, &task.task, spec).map_err(|excluded| excluded_now(cx, &begun, excluded, earlier))?;
    let params = links::put_in(cx, &task.task);
    let request =
        Request::new(cleared, task.key(&cx.plan.run), task.task.time_limit, params).expecting(before);
    let from = cx.now();
    quell_crash::point!("run.call.sending");
    let answer = cx.within(task.task.time_limit, action.execute(request), || no_answer(&task.task)).await;
    quell_crash::point!("run.call.answered");
    let took = (cx.now() - from).to_std().unwrap_or_default();
    if spec.impact != Impact::Informing {
        cx.tools.resolver.forget(&task.task.target);
    }
    let call = Call { task: &begun, known, spec, took, earlier };
    match answer {
        Ok(outcome) => accepted(cx, call, outcome).await,
        Err(error) => Ok(refused(cx, &begun, error, earlier).into()),
    }
}

fn still_wanted(state: &RunState, task: &TaskState) -> bool {
    let wanted_back = state.task(&task.task.id).is_none_or(|task| task.undo.wanted);
    state.cancelled().is_none() && !wanted_back
}

fn no_answer(task: &Task) -> ActionError {
    ActionError::uncertain(format!("no answer from {} within {} s", task.provider, task.time_limit.as_secs()))
}

/// Excluded, or too little known, with the intent on disk or a call before it.
fn excluded_now(cx: &Context, task: &TaskState, excluded: Excluded, earlier: Earlier) -> Early {
    let unknown = matches!(excluded.reason, Reason::Unknown(_));
    match earlier {
        Earlier::NoCall => cx.not_cleared(task, excluded),
        Earlier::DidNotHappen | Earlier::MayHaveHappened if unknown => {
            unsettled(cx, task, ActionError::unavailable(excluded.reason.to_string())).into()
        }
        Earlier::DidNotHappen => Entry::TaskExcluded { task: task.task.id.clone(), excluded }.into(),
        Earlier::MayHaveHappened => {
            attention(task, format!("it may have happened before {excluded}; it was not repeated")).into()
        }
    }
}

/// A call that was answered.
struct Call<'a> {
    task: &'a TaskState,
    known: &'a Known,
    spec: &'a ActionSpec,
    took: Duration,
    earlier: Earlier,
}

/// The outside system says that it did it: is it so?
async fn accepted(cx: &Context, call: Call<'_>, outcome: Outcome) -> Result<Done, Early> {
    let Call { task, known, spec, took, earlier } = call;
    let (verification, seen) = verify(cx, task, spec).await.map_err(Early::Done)?;
    let mut effect = outcome.effect;
    if effect == Effect::Unchanged && earlier != Earlier::NoCall {
        // It was not so before the first call and is so now, though nobody but us has begun to change it.
        let before = task.before.clone().unwrap_or_default();
        effect = Effect::Changed {
            before,
            after: seen.as_ref().map(|(state, _)| state.clone()).unwrap_or_default(),
        };
    }
    if let (Effect::Changed { before, .. }, Some((after, Some(why)))) = (&effect, seen) {
        effect = Effect::Ineffective { before: before.clone(), after, why };
    }
    let fulfilled = Fulfilled {
        effect,
        verification,
        external_id: outcome.external_id,
        output: legible(outcome.output),
        took_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        excluded_meanwhile: cx.excluded_meanwhile(known, &task.task, spec),
    };
    Ok(succeeded(cx, task, fulfilled))
}

/// What was seen: the state, and why it has no effect, if so.
type SeenState = Option<(State, Option<String>)>;

/// Reads back until the change is seen. Systems that answer from several copies need a moment.
async fn verify(
    cx: &Context,
    task: &TaskState,
    spec: &ActionSpec,
) -> Result<(Verification, SeenState), Done> {
    let eye = cx.tools.hands.eyes.for_task(&task.task);
    let Some(eye) = eye.filter(|_| spec.readable) else { return Ok((Verification::NotReadable, None)) };
    let patience = task.task.verify_within.unwrap_or(cx.tools.settings.verify_within);
    let deadline = later(cx.now(), patience);
    let mut wait = Duration::from_millis(250);
    loop {
        match cx.look(eye, &task.task).await {
            Ok(seen) => match seen.in_effect {
                InEffect::Yes => return Ok((Verification::Seen, Some((seen.state, None)))),
                InEffect::Ineffective(why) => return Ok((Verification::Seen, Some((seen.state, Some(why))))),
                InEffect::Pending => return Ok((Verification::Pending, Some((seen.state, None)))),
                InEffect::No if cx.now() >= deadline => {
                    let why =
                        format!("{} accepted it, and reading it back does not show it", task.task.provider);
                    return Err(attention(task, why).into());
                }
                InEffect::No => {}
            },
            Err(_) => return Ok((Verification::Pending, None)),
        }
        sleep_until(cx.tools.clock.as_ref(), later(cx.now(), wait).min(deadline)).await;
        wait = (wait * 2).min(Duration::from_secs(4));
    }
}

/// The outside system did not do it, or nobody knows.
fn refused(cx: &Context, task: &TaskState, error: ActionError, earlier: Earlier) -> Entry {
    let id = task.task.id.clone();
    let retry = task.task.retry;
    let tries_left = task.attempts < retry.attempts && is_wanted_after(retry, &error.failure);
    if error.failure == Failure::Uncertain {
        return Entry::Unsettled { task: id, error, again_at: cx.now() };
    }
    if earlier == Earlier::MayHaveHappened {
        return match error.failure.is_transient() && tries_left {
            true => unsettled(cx, task, error),
            false => attention(task, format!("an earlier call may have happened; the last one: {error}")),
        };
    }
    match error.failure.is_transient() && tries_left {
        true => {
            let again_at = cx.again_at(task.task.retry, task.attempts, &error);
            Entry::Delayed { task: id, error, again_at }
        }
        false => Entry::Failed { task: id, failure: CallFailure { error, attempts: task.attempts } },
    }
}

/// The task is as it should be; what can be undone is held from now on.
pub(crate) fn succeeded(cx: &Context, task: &TaskState, fulfilled: Fulfilled) -> Done {
    let holder = || Holder { run: cx.plan.run.clone(), task: task.task.id.clone() };
    let taken = |key| HoldChange::taken(key, holder(), &fulfilled.effect, &task.task.params);
    let holds = hold_key(&task.task).map(taken).into_iter().collect();
    let entry = Entry::Succeeded { task: task.task.id.clone(), fulfilled };
    Done { entries: vec![entry], holds }
}

/// The state that a task holds; nothing where there is nothing to take back. Where neither a target nor the action itself
/// says what is kept, it is what the call was made with.
pub(crate) fn hold_key(task: &Task) -> Option<HoldKey> {
    let item = match (&task.held, &task.target) {
        (Some(held), _) => Some(held.clone()),
        (None, Target::None) => Some(in_order(&task.params).to_string()),
        (None, _) => None,
    };
    task.reversible.then(|| HoldKey {
        action: task.action.clone(),
        provider: task.provider.clone(),
        target: task.target.clone(),
        // The same name may stand for two things at two connections; accounts and devices are known by their keys.
        item: item.map(|item| match &task.using {
            Some(connection) => format!("{connection}: {item}"),
            None => item,
        }),
    })
}

/// The same parameters are the same however their author wrote them.
fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> =
                members.iter().map(|(name, value)| (name, in_order(value))).collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(values) => values.iter().map(in_order).collect(),
        plain => plain.clone(),
    }
}

/// An output that can be read back from disk: a line of the journal has a few levels around it, and reading stops at 128.
/// What a script or a foreign interface nests deeper than this is kept as its text.
fn legible(output: Value) -> Value {
    const MOST_LEVELS: usize = 64;
    if levels(&output) > MOST_LEVELS { Value::String(output.to_string()) } else { output }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// How an author writes parameters down is not what they say.
    #[test]
    fn the_same_parameters_in_another_order_are_the_same() {
        let (one, other) = (
            json!({ "a": { "x": 1, "y": [{ "p": 1, "q": 2 }] }, "b": "t" }),
            json!({ "b": "t", "a": { "y": [{ "q": 2, "p": 1 }], "x": 1 } }),
        );
        assert_ne!(one.to_string(), other.to_string());
        assert_eq!(in_order(&one).to_string(), in_order(&other).to_string());
        assert_ne!(in_order(&json!({ "a": [1, 2] })), in_order(&json!({ "a": [2, 1] })));
    }

    #[test]
    fn an_output_can_be_read_back_however_deep_it_is_nested() {
        let nested = |levels| (0..levels).fold(Value::Null, |inner, _| json!({ "a": [inner] }));
        assert_eq!(legible(nested(32)), nested(32));
        let deep = nested(60);
        assert_eq!(legible(deep.clone()), Value::String(deep.to_string()));
        let line = json!({ "entry": { "succeeded": { "fulfilled": { "output": legible(deep) } } } });
        assert_eq!(serde_json::from_str::<Value>(&line.to_string()).unwrap(), line);
    }
}
