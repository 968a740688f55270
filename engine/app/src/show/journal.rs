//! A run as its journal, line by line, in words.

use quell_action::Effect;
use quell_run::{
    CallFailure, Entry, Fulfilled, LeftOut, Line, Release, Requester, RunId, Skip, Task, TaskId, Verdict,
    Verification,
};

use super::meant::{age, who, worked_out};
use super::occasion::{created, short};
use super::people;
use super::trace::{deciding, truth};
use super::{BAD, FAINT, GOOD, NAME, NOTE, moment, nth, styled};

/// Puts the lines of one run into words. It remembers the tasks, since later lines only name them.
#[derive(Default)]
pub(crate) struct Telling {
    tasks: Vec<Task>,
    lanes: Vec<String>,
    /// Those that a limit holds back.
    held: Vec<TaskId>,
    /// The run itself.
    run: Option<RunId>,
}

impl Telling {
    /// One line in words, its time first.
    pub(crate) fn line(&mut self, line: &Line) -> String {
        let at = styled(FAINT, line.at.format("%Y-%m-%d %H:%M:%S%.3f"));
        format!("{at} {}{}", self.tell(&line.entry), age(line))
    }

    /// What happened, in words.
    pub(crate) fn tell(&mut self, entry: &Entry) -> String {
        self.remember(entry);
        match entry {
            Entry::Created { plan } => created(plan),
            Entry::Resolved { lane, subject } => {
                format!("{} is {}", self.lane(lane.0), who(subject))
            }
            Entry::LaneLeftOut { lane, because } => format!("{} {}", self.lane(lane.0), left_out(because)),
            Entry::Expanded { lane, .. } => format!("{}: {}", self.lane(lane.0), worked_out(entry)),
            Entry::StepSkipped { lane, step, because } => {
                format!("{}: {step} is not taken: {}", self.lane(lane.0), skip(because))
            }
            Entry::StepDelayed { lane, error, again_at, .. } => format!(
                "{} {}: {error}; again at {}",
                self.lane(lane.0),
                styled(NOTE, "waits"),
                again_at.format("%H:%M:%S")
            ),
            Entry::StepFailed { lane, step, error } => {
                format!("{}: {step} {}: {error}", self.lane(lane.0), styled(BAD, "failed"))
            }
            Entry::Planned { task, verdict } => format!("{} {}", self.task(task), planned(verdict)),
            Entry::TaskExcluded { task, excluded } => {
                format!("{} {}: {}", self.task(task), styled(NOTE, "left alone"), excluded.reason)
            }
            Entry::TaskDropped { task } => {
                let why = match self.held.contains(task) {
                    true => "the limit stands",
                    false => "the run was stopped before the call",
                };
                format!("{} dropped: {why}", self.task(task))
            }
            Entry::OverLimit { task, exceeded, .. } => {
                let why: Vec<String> = exceeded.iter().map(ToString::to_string).collect();
                format!("{} {}: {}", self.task(task), styled(NOTE, "is held back"), why.join("; "))
            }
            Entry::Started { task, attempt, .. } => {
                format!("{} begins{}", self.task(task), nth(*attempt))
            }
            Entry::Unsettled { task, error, .. } => {
                format!(
                    "{} {}: {error}; the target is read back",
                    self.task(task),
                    styled(NOTE, "may have happened")
                )
            }
            Entry::Succeeded { task, fulfilled } => format!("{} {}", self.task(task), succeeded(fulfilled)),
            Entry::Watched { .. } | Entry::Drifted { .. } => self.tell_watch(entry),
            Entry::Delayed { task, error, again_at } => format!(
                "{} {}: {error}; again at {}",
                self.task(task),
                styled(NOTE, "waits"),
                again_at.format("%H:%M:%S")
            ),
            Entry::Failed { task, failure } => format!("{} {}", self.task(task), failed(failure)),
            Entry::NeedsAttention { task, why } => {
                format!("{} {}: {why}", self.task(task), styled(BAD, "needs a person"))
            }
            Entry::Settled { task, happened, by } => {
                let word = if *happened { "happened" } else { "did not happen" };
                format!("{} {word}, says {by}", self.task(task))
            }
            Entry::Asked { .. }
            | Entry::Answered { .. }
            | Entry::QuestionExpired { .. }
            | Entry::QuestionWithdrawn { .. }
            | Entry::Carried { .. } => people::tell(entry),
            Entry::Closing { .. } => "all lanes have ended: what is done once begins".into(),
            Entry::Overdue => styled(NOTE, "the deadline has passed: nothing more is begun"),
            other => self.tell_flow(other),
        }
    }

    fn tell_watch(&self, entry: &Entry) -> String {
        match entry {
            Entry::Watched { task, again_at: Some(again_at), error: None } => {
                format!(
                    "{} still stands; looked at again at {}",
                    self.task(task),
                    again_at.format("%H:%M:%S")
                )
            }
            Entry::Watched { task, again_at: None, error: None } => {
                format!("{} {}", self.task(task), styled(GOOD, "has lasted"))
            }
            Entry::Watched { task, again_at, error: Some(error) } => {
                let then = again_at.map_or("it is not looked at any more".into(), |again_at| {
                    format!("again at {}", again_at.format("%H:%M:%S"))
                });
                format!("{} {}: {error}; {then}", self.task(task), styled(NOTE, "could not be seen"))
            }
            Entry::Drifted { task, why, .. } => {
                format!("{} {}: {why}", self.task(task), styled(BAD, "applied, and without effect"))
            }
            _ => String::new(),
        }
    }

    fn tell_flow(&self, entry: &Entry) -> String {
        match entry {
            Entry::Entered { lane, step, .. } => format!("{}: {step} goes side by side", self.lane(lane.0)),
            Entry::Chosen { lane, step, way, .. } => match way {
                Some(way) => format!("{}: {step} takes way {}", self.lane(lane.0), way + 1),
                None => format!("{}: {step} takes none of its ways", self.lane(lane.0)),
            },
            Entry::Branched { lane, step, lanes, .. } => {
                let names = |is_taken: bool| {
                    let some = lanes.iter().filter(|lane| lane.left_out.is_none() == is_taken);
                    let names: Vec<&str> = some.map(|lane| lane.display.as_str()).collect();
                    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
                };
                let left_out = match lanes.iter().any(|lane| lane.left_out.is_some()) {
                    true => format!(", and leaves out what is no entity of the alert: {}", names(false)),
                    false => String::new(),
                };
                format!("{}: {step} goes through {}{left_out}", self.lane(lane.0), names(true))
            }
            Entry::Called { lane, step, call, .. } => format!(
                "{}: {step} calls {} as run {}",
                self.lane(lane.0),
                styled(NAME, &call.playbook.name),
                short(&call.run)
            ),
            Entry::Returned { lane, step, returned } => format!(
                "{}: what {step} called has ended: {} (run {})",
                self.lane(lane.0),
                word(&returned.finish),
                short(&returned.run)
            ),
            Entry::WaitBegun { lane, step, until, .. } => {
                let until = moment(*until);
                format!(
                    "{} {} in {step}, until {until} at the latest",
                    self.lane(lane.0),
                    styled(NOTE, "waits")
                )
            }
            Entry::StillWaiting { lane, step, again_at } => {
                format!("{}: {step} waits on; again at {}", self.lane(lane.0), again_at.format("%H:%M:%S"))
            }
            Entry::WaitOver { lane, step, met, .. } => {
                let how = if *met { "is over" } else { "was in vain" };
                format!("{}: {step} {how}", self.lane(lane.0))
            }
            Entry::ValuesSet { lane, step, values, .. } => {
                format!("{}: {step} keeps {}", self.lane(lane.0), styled(FAINT, values))
            }
            Entry::Kept { lane, step, of, values, .. } => {
                let (how, values) =
                    (if of.is_some() { "keeps" } else { "would keep" }, serde_json::json!(values));
                format!("{}: {step} {how} for the alert {}", self.lane(lane.0), styled(FAINT, values))
            }
            Entry::Stopped { lane, step, outcome, .. } => {
                format!("{} ends at {step}: {outcome}", self.lane(lane.0))
            }
            other => self.tell_undo(other),
        }
    }

    fn tell_undo(&self, entry: &Entry) -> String {
        match entry {
            Entry::UndoRequested { tasks, by } => {
                format!("undo of {} tasks wanted by {}", tasks.len(), requester(by))
            }
            Entry::Confirmed { .. } | Entry::Extended { .. } => self.tell_timer(entry),
            Entry::UndoStarted { task, attempt } => {
                format!("undo of {} begins{}", self.task(task), nth(*attempt))
            }
            Entry::UndoSucceeded { task, effect, verification } => {
                let what = match effect {
                    Effect::Unchanged => "was already so".to_owned(),
                    _ => format!("{} ({})", styled(GOOD, "taken back"), seen(*verification)),
                };
                format!("undo of {}: {what}", self.task(task))
            }
            Entry::UndoReleased { task, because } => match because {
                Release::HeldBy { runs, more: 0 }
                    if runs.iter().all(|run| self.run.as_ref() == Some(run)) =>
                {
                    format!("undo of {}: stays, another step of this run did the same", self.task(task))
                }
                Release::HeldBy { runs, more } => {
                    let runs = super::in_short(runs, *more);
                    format!("undo of {}: stays, other runs need it: {runs}", self.task(task))
                }
                Release::NothingOfOurs => {
                    format!("undo of {}: it was so before us, and stays", self.task(task))
                }
            },
            Entry::UndoDelayed { task, error, again_at } => {
                format!(
                    "undo of {} waits: {error}; again at {}",
                    self.task(task),
                    again_at.format("%H:%M:%S")
                )
            }
            Entry::UndoFailed { task, failure } => format!("undo of {} {}", self.task(task), failed(failure)),
            Entry::UndoSettled { task, undone, by } => {
                let word = if *undone { "has been taken back" } else { "stays as it is" };
                format!("{} {word}, says {by}", self.task(task))
            }
            Entry::Cancelled { by } => format!("{} by {by}", styled(NOTE, "stopped")),
            Entry::LaneEnded { lane, end } => format!("{} ends: {}", self.lane(lane.0), word(end)),
            Entry::Finished { finish } => format!("the run ends: {}", styled(GOOD, word(finish))),
            _ => String::new(),
        }
    }

    /// Whether a line says what was, or would be, done to somebody, or why not.
    pub(crate) fn matters(entry: &Entry) -> bool {
        matches!(
            entry,
            Entry::Planned { .. }
                | Entry::TaskExcluded { .. }
                | Entry::OverLimit { .. }
                | Entry::Drifted { .. }
                | Entry::Succeeded { .. }
                | Entry::Delayed { .. }
                | Entry::Failed { .. }
                | Entry::StepFailed { .. }
                | Entry::NeedsAttention { .. }
                | Entry::LaneLeftOut { .. }
                | Entry::Called { .. }
                | Entry::Returned { .. }
        ) || matches!(entry, Entry::Expanded { nobody: Some(_), .. })
    }

    fn remember(&mut self, entry: &Entry) {
        match entry {
            Entry::Created { plan } => {
                self.lanes = plan.lanes.iter().map(|lane| lane.display.clone()).collect();
                self.run = Some(plan.run.clone());
            }
            Entry::Branched { lanes, .. } => self.lanes.extend(lanes.iter().map(|lane| lane.display.clone())),
            Entry::Closing { .. } => self.lanes.push(String::new()),
            Entry::Expanded { tasks, .. } => self.tasks.extend(tasks.iter().cloned()),
            Entry::OverLimit { task, .. } => self.held.push(task.clone()),
            Entry::Started { task, .. } => self.held.retain(|held| held != task),
            _ => {}
        }
    }

    fn lane(&self, number: u32) -> String {
        let name = self.lanes.get(number as usize).map_or("lane", String::as_str);
        styled(NAME, if name.is_empty() { "the run" } else { name })
    }

    /// `account.disable of alice@contoso.example at entra_id`.
    pub(crate) fn task(&self, id: &TaskId) -> String {
        match self.tasks.iter().find(|task| task.id == *id) {
            // It has no target: it is called by its action.
            Some(task) if task.display == task.action.as_str() => {
                format!("{} at {}", styled(NAME, &task.display), task.provider)
            }
            Some(task) => format!("{} of {} at {}", task.action, styled(NAME, &task.display), task.provider),
            None => id.to_string(),
        }
    }
}

/// The word under which a value of ours is written in YAML and JSON.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

fn left_out(because: &LeftOut) -> String {
    let why = match because {
        LeftOut::TooMany { found, at_most } => {
            format!("the alert names {found}, the playbook allows {at_most}: none is touched")
        }
        LeftOut::Unless { trace } => match truth(trace) {
            "true" => format!("`unless` holds {}", deciding(trace)),
            _ => format!("`unless` cannot be known {}", deciding(trace)),
        },
        LeftOut::NotApproved => "nobody approved the plan".into(),
        LeftOut::Attached { run } => {
            format!("run {} has it in hand (`once_per`)", short(run))
        }
        LeftOut::Where { trace } => match truth(trace) {
            "false" => format!("`where` does not hold {}", deciding(trace)),
            _ => format!("`where` cannot be known {}", deciding(trace)),
        },
    };
    format!("is left out: {why}")
}

fn skip(because: &Skip) -> String {
    match because {
        Skip::Condition { trace } => format!("its condition is false {}", deciding(trace)),
        Skip::Unknown { trace, stops } => {
            let then = if *stops { ", and the lane ends here" } else { "" };
            format!("its condition cannot be known{then} {}", deciding(trace))
        }
    }
}

fn planned(verdict: &Verdict) -> String {
    match verdict {
        Verdict::WouldCall { .. } => styled(NOTE, "would be called"),
        Verdict::AlreadySo { .. } => "is already so: no call".into(),
        Verdict::LeftAlone { excluded } => {
            format!("{}: {}", styled(NOTE, "would be left alone"), excluded.reason)
        }
        Verdict::CannotTell { error } => format!("cannot be told now: {error}"),
    }
}

fn succeeded(fulfilled: &Fulfilled) -> String {
    let what = match &fulfilled.effect {
        Effect::Changed { .. } => styled(GOOD, "done"),
        Effect::Unchanged => "was already so".into(),
        Effect::Ineffective { why, .. } => format!("{}: {why}", styled(NOTE, "written, without effect")),
    };
    let number = fulfilled.external_id.as_ref().map(|id| format!(", number {id}")).unwrap_or_default();
    let late = fulfilled
        .excluded_meanwhile
        .as_ref()
        .map(|excluded| {
            format!("; {}: {}", styled(BAD, "excluded after the call had begun"), excluded.reason)
        })
        .unwrap_or_default();
    format!("{what} ({}, {} ms{number}){late}", seen(fulfilled.verification), fulfilled.took_millis)
}

fn failed(failure: &CallFailure) -> String {
    let attempts =
        if failure.attempts == 1 { "1 attempt".into() } else { format!("{} attempts", failure.attempts) };
    format!(
        "{} after {attempts}: {} ({})",
        styled(BAD, "failed"),
        failure.error,
        failure.error.failure.word()
    )
}

fn seen(verification: Verification) -> &'static str {
    match verification {
        Verification::Seen => "read back and seen",
        Verification::NotReadable => "accepted, not verified",
        Verification::Pending => "accepted, not yet seen",
        Verification::SeenAfterwards => "nobody saw the answer; read back and seen",
        Verification::Told => "a person said so",
    }
}

fn requester(by: &Requester) -> &str {
    match by {
        Requester::Person(name) => name,
        Requester::Timer => "the playbook's timer",
    }
}
