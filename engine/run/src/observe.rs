//! One task of a run that only observes: what would happen to it.
//!
//! Invariant: nothing here can reach an action's call. It has eyes, and no hands.

use quell_action::InEffect;

use crate::context::{Context, Done};
use crate::hands::Eyes;
use crate::perform::not_offered;
use crate::{Entry, TaskState, Verdict};

/// Says what would happen to a task.
pub(crate) async fn foresee(cx: &Context, eyes: &Eyes, task: &TaskState) -> Done {
    Entry::Planned { task: task.task.id.clone(), verdict: verdict(cx, eyes, task).await }.into()
}

async fn verdict(cx: &Context, eyes: &Eyes, task: &TaskState) -> Verdict {
    let Some(eye) = eyes.for_task(&task.task) else {
        return Verdict::CannotTell { error: not_offered(task) };
    };
    let spec = &cx.spec_of(&task.task, &eye.info().spec);
    let known = match cx.who_is(&task.task).await {
        Ok(known) => known,
        Err(error) => return Verdict::CannotTell { error },
    };
    if let Err(excluded) = cx.clear(&known, &task.task, spec) {
        return Verdict::LeftAlone { excluded };
    }
    if !spec.readable {
        return Verdict::WouldCall { now: None };
    }
    match cx.look(eye, &task.task).await {
        Ok(seen) if seen.in_effect == InEffect::Yes => Verdict::AlreadySo { now: seen.state },
        Ok(seen) => Verdict::WouldCall { now: Some(seen.state) },
        Err(error) => Verdict::CannotTell { error },
    }
}
