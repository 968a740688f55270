//! Tasks that limits hold back: people are asked about all of them at once, and what they say goes for exactly those.

use std::time::Duration;

use quell_alert::Timestamp;
use quell_playbook::model::{Asking, IfExpired};
use serde_json::Value;

use super::Next;
use super::question::{Inquiry, tasks_text};
use crate::retry::later;
use crate::{About, Entry, HeldBack, QuestionState, RunState, TaskState};

/// So long a question waits for lanes that are still busy, and may be held back as well.
const GATHERING: Duration = Duration::from_secs(60);

/// Asks about what is held back, once nothing else is to be done, or nobody else comes.
pub(super) fn ask(state: &RunState, now: Timestamp, next: &mut Next) {
    let waiting = || state.tasks().filter_map(|task| Some((task, to_be_asked(task)?)));
    let Some((asking, since)) = waiting().map(|(_, (asking, since))| (asking, since)).min_by_key(|one| one.1)
    else {
        return;
    };
    if !next.records.is_empty() {
        return;
    }
    if !next.moves.is_empty() && now < later(since, GATHERING) {
        return next.rest(later(since, GATHERING));
    }
    let tasks: Vec<TaskState> =
        waiting().filter(|(_, (other, _))| *other == asking).map(|(task, _)| task.clone()).collect();
    let ids = tasks.iter().map(|task| task.task.id.clone()).collect();
    let about = About::Limits { number: number(state), tasks: ids };
    // Silence lets nobody past a limit, whatever it means elsewhere. The runs that a limit holds up ask together, where
    // people see all of it: a message for each of them would bury them.
    let asking = Asking { if_expired: IfExpired::Stop, through: None, ..asking.clone() };
    let text = format!("{}. {}", reasons(&tasks), tasks_text(state.plan(), &tasks));
    let question = Inquiry::whether(about, text, &asking).binding(&tasks).question(state.plan(), now);
    next.records.push(Entry::Asked { question: Box::new(question), trace: Value::Null });
}

fn to_be_asked(task: &TaskState) -> Option<(&Asking, Timestamp)> {
    let held = task.held_back().filter(|held| held.is_to_be_asked())?;
    Some((held.asking.as_ref()?, held.since))
}

fn number(state: &RunState) -> u32 {
    let is_one = |asked: &&QuestionState| matches!(asked.question.about, About::Limits { .. });
    1 + state.questions().iter().filter(is_one).count() as u32
}

/// Each limit once, in words: `the site's limit of 50 accounts per hour is reached`.
fn reasons(tasks: &[TaskState]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for over in tasks.iter().filter_map(TaskState::held_back).flat_map(|held: &HeldBack| &held.exceeded) {
        let reason = format!("{} is reached", over.limit);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let text = reasons.join("; ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
