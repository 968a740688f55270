//! [`Links`]: the addresses of pages about a run that messages may hold (`run.link`, `lane.undo_link`).
//!
//! Whoever has such an address can open the page, so it is a secret of whoever gets the message. What is planned and what
//! is written down has words in its place; the address is put in when the action is called, and nowhere else. Only what
//! the author has written a link into gets one: an alert that has the same words in it gets nothing.

use quell_playbook::model::{Reference, Verb};
use quell_playbook::names::LINKS;
use serde_json::Value;

use crate::context::Context;
use crate::{LaneId, Plan, RunId, Task};

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTo {
    /// A page that shows the run.
    Run,
    /// A page that takes back what a lane did.
    Undo(LaneId),
}

/// Makes the addresses. The program has one; the engine knows neither where the pages are nor with what they are sealed.
pub trait Links: Send + Sync {
    /// The address, the same whenever it is asked for; none where the site has no pages.
    fn address(&self, plan: &Plan, to: LinkTo) -> Option<String>;
}

/// There are no pages.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLinks;

impl Links for NoLinks {
    fn address(&self, _: &Plan, _: LinkTo) -> Option<String> {
        None
    }
}

/// What stands in the place of a link until the action is called. Letters, digits and blanks only: no format changes them.
pub(crate) fn words(run: &RunId, to: LinkTo) -> String {
    match to {
        LinkTo::Run => format!("link to run {run}"),
        LinkTo::Undo(lane) => format!("link to undo lane {} of run {run}", lane.0),
    }
}

/// The parameters of a task as they go out: with addresses for the links that its author has put into them.
pub(crate) fn put_in(cx: &Context, task: &Task) -> Value {
    let mut params = task.params.clone();
    for (name, to) in LINKS.into_iter().zip([LinkTo::Undo(task.id.lane), LinkTo::Run]) {
        if !is_asked_for(cx, task, name) {
            continue;
        }
        if let Some(address) = cx.tools.hands.links.address(&cx.plan, to) {
            replace(&mut params, &words(&cx.plan.run, to), &address);
        }
    }
    params
}

fn is_asked_for(cx: &Context, task: &Task, name: &str) -> bool {
    let Some(Verb::Do(act)) = cx.playbook.step(&task.id.step).map(|step| &step.verb) else { return false };
    let is_it = |reference: &&Reference| reference.0 == name;
    act.with.values().any(|form| form.references().iter().any(is_it))
}

fn replace(value: &mut Value, words: &str, address: &str) {
    match value {
        Value::String(text) if text.contains(words) => *text = text.replace(words, address),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, words, address)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, words, address)),
        _ => {}
    }
}
