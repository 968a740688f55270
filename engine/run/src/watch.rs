//! One look at a change that must last (`verify: { hold }`): somebody's job may take it back behind our back.

use std::time::Duration;

use quell_action::InEffect;

use crate::context::{Context, Done};
use crate::log::Halt;
use crate::retry::later;
use crate::{Entry, TaskState};

/// How often a change is looked at while it must last.
pub(crate) const LOOKS: u32 = 4;

/// Looks whether a change still stands.
pub(crate) async fn watch(cx: &Context, task: &TaskState) -> Result<Done, Halt> {
    let id = task.task.id.clone();
    let Some((hold, (since, _))) = task.task.must_last.zip(task.succeeded) else {
        return Ok(Done::default());
    };
    let end = later(since, hold);
    let now = cx.now();
    let next = (now < end).then(|| later(now, hold / LOOKS).min(end));
    let Some(eye) = cx.tools.hands.eyes.for_task(&task.task) else {
        let error = crate::perform::not_offered(task);
        return Ok(Entry::Watched { task: id, again_at: next, error: Some(error) }.into());
    };
    Ok(match cx.look(eye, &task.task).await {
        Ok(seen) => match seen.in_effect {
            InEffect::Yes | InEffect::Pending => Entry::Watched { task: id, again_at: next, error: None },
            InEffect::No => {
                drifted(task, seen.state, "it does not stand any more: somebody has taken it back")
            }
            InEffect::Ineffective(why) => drifted(task, seen.state, &why),
        },
        Err(error) => {
            // A system that is away now may say later that all is well; but not for ever.
            let patience = later(end, cx.tools.settings.patience.min(Duration::from_secs(3_600)));
            let again =
                (error.failure.is_transient() && now < patience).then(|| cx.look_again_at(None, &error));
            Entry::Watched { task: id, again_at: next.or(again), error: Some(error) }
        }
    }
    .into())
}

fn drifted(task: &TaskState, state: quell_action::State, why: &str) -> Entry {
    Entry::Drifted { task: task.task.id.clone(), state, why: why.to_owned() }
}
