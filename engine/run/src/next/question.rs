//! What people are asked, in words, and what they have said.

use quell_alert::Timestamp;
use quell_playbook::model::{AskStep, Asking, Playbook, Step};
use serde_json::Value;

use super::Next;
use crate::retry::later;
use crate::{
    About, Bond, Entry, Lane, LeftOut, Plan, Question, RunState, Settlement, Task, TaskId, TaskState, TooMany,
};

/// What engine questions are answered with.
const APPROVE: &str = "approve";
const REJECT: &str = "reject";

/// More names than this are counted and not listed.
const MOST_NAMES: usize = 20;

/// Something that people may be asked.
pub(super) struct Inquiry<'a> {
    about: About,
    text: String,
    choices: Vec<String>,
    stopping: Vec<String>,
    asking: &'a Asking,
    tasks: Vec<&'a Task>,
}

impl<'a> Inquiry<'a> {
    /// Whether to go on, in the engine's own words.
    pub(super) fn whether(about: About, text: String, asking: &'a Asking) -> Self {
        let (choices, stopping) = (vec![APPROVE.into(), REJECT.into()], vec![REJECT.into()]);
        Self { about, text, choices, stopping, asking, tasks: Vec::new() }
    }

    /// What the playbook itself asks.
    pub(super) fn of_step(about: About, text: String, ask: &'a AskStep) -> Self {
        let stopping = ask.stopping().map(str::to_owned).collect();
        Self { about, text, choices: ask.choices.clone(), stopping, asking: &ask.asking, tasks: Vec::new() }
    }

    /// The same, bound to these tasks too.
    pub(super) fn binding(mut self, tasks: &'a [TaskState]) -> Self {
        self.tasks = tasks.iter().map(|task| &task.task).collect();
        self
    }

    pub(super) fn question(self, plan: &Plan, now: Timestamp) -> Question {
        let bond = Bond::of(plan, &self.about, &self.text, &self.choices, &self.tasks);
        Question {
            id: self.about.id(),
            about: self.about,
            text: self.text,
            of: self.asking.of.clone(),
            choices: self.choices,
            stopping: self.stopping,
            quorum: self.asking.quorum,
            expires: later(now, self.asking.expires),
            if_expired: self.asking.if_expired,
            bond,
            through: self.asking.through.clone(),
        }
    }
}

/// Whether people let it go on; `None` while they are being asked. The playbook says whom to ask: where it does not,
/// nobody can agree.
pub(super) fn hear<'a>(
    state: &RunState,
    about: &About,
    inquiry: impl FnOnce() -> Option<Inquiry<'a>>,
    trace: Value,
    now: Timestamp,
    next: &mut Next,
) -> Option<bool> {
    if let Some(asked) = state.question_about(about) {
        return asked.goes_on();
    }
    let Some(inquiry) = inquiry() else { return Some(false) };
    let question = Box::new(inquiry.question(state.plan(), now));
    next.records.push(Entry::Asked { question, trace });
    None
}

/// Questions that nobody answered in time, or that nobody needs to answer any more.
pub(super) fn settle(state: &RunState, now: Timestamp, next: &mut Next) {
    for open in state.questions().iter().filter(|asked| asked.is_open()) {
        let question = open.question.id.clone();
        if state.cancelled().is_some() {
            next.records.push(Entry::QuestionWithdrawn { question });
        } else if open.question.expires <= now {
            next.records.push(Entry::QuestionExpired { question });
        } else {
            next.rest(open.question.expires);
        }
    }
}

/// What a run may do as a whole.
pub(super) enum Permission {
    /// It goes on.
    Given,
    /// People are being asked.
    Awaited,
    /// Nobody is touched.
    Refused(LeftOut),
}

/// Whether the run as a whole may go on: a playbook may want its plan approved, or more entities than it allows.
pub(super) fn permission(
    playbook: &Playbook,
    state: &RunState,
    now: Timestamp,
    next: &mut Next,
) -> Permission {
    let plan = state.plan();
    let (about, refused) = match plan.too_many {
        _ if plan.mode == quell_playbook::model::Mode::Ask => (About::Plan, LeftOut::NotApproved),
        Some(more) => (About::TooMany, LeftOut::TooMany { found: more.found, at_most: more.at_most }),
        None => return Permission::Given,
    };
    let inquiry = || {
        let asking = playbook.approval.as_ref()?;
        Some(Inquiry::whether(about.clone(), whole_run(playbook, plan), asking))
    };
    match hear(state, &about, inquiry, Value::Null, now, next) {
        Some(true) => Permission::Given,
        Some(false) => Permission::Refused(refused),
        None => Permission::Awaited,
    }
}

fn whole_run(playbook: &Playbook, plan: &Plan) -> String {
    let lanes: Vec<&Lane> = plan.lanes.iter().filter(|lane| lane.left_out.is_none()).collect();
    let names = listed(lanes.iter().filter(|lane| lane.kind.is_some()).map(|lane| lane.display.as_str()));
    let mut text = format!("{}: {}", plan.alert.title, playbook.title);
    if let Some(more) = plan.too_many {
        text.push_str(&format!(
            ". The alert names {}, and the playbook allows {} without a person",
            more.found, more.at_most
        ));
    }
    if !names.is_empty() {
        text.push_str(&format!(". For {names}"));
    }
    text.push_str(". Go on?");
    text
}

/// Whether somebody of whom it cannot be known must be left alone.
pub(super) fn unless_text(plan: &Plan, lane: &Lane) -> String {
    format!(
        "{}: whether {} must be left alone cannot be known. Go on all the same?",
        plan.alert.title, lane.display
    )
}

/// Whether to go through more entities than a step allows.
pub(super) fn more_text(plan: &Plan, lane: &Lane, step: &Step, more: TooMany) -> String {
    let what = step.title.clone().unwrap_or_else(|| step.id.to_string());
    format!(
        "{}: \"{what}\" for {} concerns {}, and the playbook allows {} without a person. Go on?",
        plan.alert.title, lane.display, more.found, more.at_most
    )
}

/// Whether a step is to be taken of which it cannot be known.
pub(super) fn condition_text(plan: &Plan, lane: &Lane, step: &Step) -> String {
    let what = step.title.clone().unwrap_or_else(|| step.id.to_string());
    format!(
        "{}: whether \"{what}\" is to be done for {} cannot be known. Do it?",
        plan.alert.title, lane.display
    )
}

/// Whether these tasks are to be done.
pub(super) fn tasks_text(plan: &Plan, tasks: &[TaskState]) -> String {
    let each: Vec<String> = tasks
        .iter()
        .map(|task| format!("{} of {} at {}", task.task.action, task.task.display, task.task.provider))
        .collect();
    format!("{}: {}?", plan.alert.title, listed(each.iter().map(String::as_str)))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Whether somebody said no in this lane, or nobody said anything in time; `unless` apart.
pub(crate) fn is_declined(state: &RunState, lane: crate::LaneId, steps: &[Step]) -> bool {
    state.questions().iter().any(|asked| {
        let of_steps = match &asked.question.about {
            About::Step { lane: its, step }
            | About::Condition { lane: its, step }
            | About::Tasks { lane: its, step } => {
                *its == lane && Step::all_in_lane(steps).any(|other| other.id == *step)
            }
            About::Limits { tasks, .. } => {
                // What nobody answered is over the limit, and was not refused by anybody.
                let is_own = |task: &TaskId| {
                    task.lane == lane && Step::all_in_lane(steps).any(|other| other.id == task.step)
                };
                asked.settled != Some(Settlement::Expired) && tasks.iter().any(is_own)
            }
            About::Plan | About::TooMany | About::Unless { .. } | About::More { .. } => false,
        };
        of_steps && asked.settled != Some(Settlement::Withdrawn) && asked.goes_on() == Some(false)
    })
}
