//! [`TaskState`]: where one task stands, and the `match` of the table in `state.rs`.

use quell_action::{ActionError, Effect, Excluded, RequestKey, State, Target};
use quell_alert::{Provider, Timestamp};
use quell_playbook::model::Per;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{HeldBack, Wait};
use crate::retry::later;
use crate::watch::LOOKS;
use crate::{Entry, Fulfilled, HoldKey, Task, Verdict, Verification, Whose};

/// Where a task stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Worked out, not yet begun.
    Pending,
    /// Not done, for a reason that may pass.
    Waiting,
    /// The intent is on disk: the call may be under way, or may have been when the process stopped.
    Started,
    /// The call was or may have been made, and nobody knows whether it happened.
    Unsettled,
    /// Done, or found done.
    Succeeded,
    /// Not done, for good.
    Failed,
    /// Left alone, because of the exclusion list.
    Excluded,
    /// Only planned.
    Planned,
    /// Not begun, since the run was stopped.
    Dropped,
    /// A person must say whether it happened.
    Attention,
    /// Being taken back.
    Undoing,
    /// Taken back.
    Undone,
    /// No longer held by this run; nothing had to be called.
    Released,
    /// Could not be taken back.
    Stuck,
}

/// Where one task stands.
#[derive(Debug, Clone)]
pub struct TaskState {
    /// What is to be done.
    pub task: Task,
    /// Where it stands, in a word.
    pub phase: Phase,
    /// How often its call was begun.
    pub attempts: u32,
    /// What stood there before the call, as its intent says; a call that is repeated says what stood there first.
    pub before: Option<State>,
    /// What it waits for, in [`Phase::Waiting`] and [`Phase::Unsettled`].
    pub wait: Option<Wait>,
    /// What its call led to.
    pub fulfilled: Option<Fulfilled>,
    /// When, and with which line, it succeeded.
    pub succeeded: Option<(Timestamp, u64)>,
    /// The latest thing that went wrong.
    pub error: Option<ActionError>,
    /// The latest limits that held it back.
    pub held: Option<HeldBack>,
    /// The limits that people let it pass.
    pub granted: Vec<(Whose, Per)>,
    /// Why it was left alone.
    pub excluded: Option<Excluded>,
    /// What would happen to it, where it was only planned.
    pub verdict: Option<Verdict>,
    /// When a change that must last is looked at again: what the latest look said, if there was one.
    pub watch: Option<Option<Timestamp>>,
    /// Why a change that must last does not stand any more.
    pub drifted: Option<String>,
    /// How far it was taken back.
    pub undo: Undo,
}

/// How far a task was taken back.
#[derive(Debug, Clone, Default)]
pub struct Undo {
    /// Somebody wants it.
    pub wanted: bool,
    /// A person confirmed the change: the timer does not want it any more.
    pub confirmed: bool,
    /// When the timer runs out, where a person has put it off.
    pub until: Option<Timestamp>,
    /// How often its call was begun.
    pub attempts: u32,
    /// What it waits for.
    pub wait: Option<Wait>,
}

impl TaskState {
    /// The state that it holds, as others may hold it too; nothing where it cannot be taken back.
    pub fn hold_key(&self) -> Option<HoldKey> {
        crate::call::hold_key(&self.task)
    }

    /// A task that was just worked out.
    pub fn new(task: Task) -> Self {
        Self {
            task,
            phase: Phase::Pending,
            attempts: 0,
            before: None,
            wait: None,
            fulfilled: None,
            succeeded: None,
            error: None,
            held: None,
            granted: Vec::new(),
            excluded: None,
            verdict: None,
            watch: None,
            drifted: None,
            undo: Undo::default(),
        }
    }

    /// What names the task for the outside system: the same for every attempt.
    pub fn key(&self, run: &crate::RunId) -> RequestKey {
        RequestKey(format!("{run}/{}", self.task.id))
    }

    /// Whether nothing more is to be done for it, undo apart.
    pub fn is_settled(&self) -> bool {
        !matches!(self.phase, Phase::Pending | Phase::Waiting | Phase::Started | Phase::Unsettled)
    }

    /// Whether its call may have been made and nobody knows what came of it.
    pub fn is_started(&self) -> bool {
        matches!(self.phase, Phase::Started | Phase::Unsettled)
    }

    /// Whether it left its lane's target other than it should be.
    pub fn went_wrong(&self) -> bool {
        match self.phase {
            Phase::Failed | Phase::Excluded | Phase::Attention => true,
            Phase::Succeeded => self.is_ineffective(),
            Phase::Planned => matches!(self.verdict, Some(Verdict::LeftAlone { .. })),
            _ => false,
        }
    }

    /// Whether its call was made and has no effect.
    pub fn is_ineffective(&self) -> bool {
        self.drifted.is_some()
            || matches!(self.fulfilled, Some(Fulfilled { effect: Effect::Ineffective { .. }, .. }))
    }

    /// Whether it changed something.
    pub fn changed(&self) -> bool {
        matches!(
            self.fulfilled,
            Some(Fulfilled { effect: Effect::Changed { .. } | Effect::Ineffective { .. }, .. })
        )
    }

    /// Whether this run holds the state that the task brought about or found.
    pub fn holds(&self) -> bool {
        self.task.reversible && matches!(self.phase, Phase::Succeeded | Phase::Undoing)
    }

    /// When it is taken back by itself: its timer runs, and nobody has confirmed or undone it.
    pub fn undo_due(&self) -> Option<Timestamp> {
        if !self.holds() || self.undo.wanted || self.undo.confirmed {
            return None;
        }
        let after = chrono::Duration::from_std(self.task.undo_after?).ok()?;
        self.undo.until.or_else(|| self.succeeded?.0.checked_add_signed(after))
    }

    /// When a change that must last is looked at again; `None` where nobody looks, or not any more.
    pub fn look_due(&self) -> Option<Timestamp> {
        let hold = self.task.must_last?;
        if self.phase != Phase::Succeeded || self.undo.wanted || self.is_ineffective() {
            return None;
        }
        match self.watch {
            Some(again_at) => again_at,
            None => Some(later(self.succeeded?.0, hold / LOOKS)),
        }
    }

    /// Whether it is about an account from which others are synchronised: what is done there is done elsewhere by
    /// itself, and what is done elsewhere alone does not last.
    pub fn is_synchronised_from(&self) -> bool {
        let is_account = matches!(self.task.target, Target::Account(_));
        is_account && self.task.provider.as_str() == Provider::ACTIVE_DIRECTORY
    }

    /// Whether an undo is wanted and not yet at its end.
    pub fn undo_open(&self) -> bool {
        self.undo.wanted && self.holds()
    }

    pub(super) fn may_take(&self, entry: &Entry) -> Result<(), String> {
        after(self, entry).map(drop).ok_or_else(|| self.refusal(entry))
    }

    pub(super) fn take(&mut self, entry: &Entry, at: Timestamp, line: u64) -> Result<(), String> {
        let to = after(self, entry).ok_or_else(|| self.refusal(entry))?;
        self.remember(entry, at, line);
        self.phase = to;
        Ok(())
    }

    fn refusal(&self, entry: &Entry) -> String {
        format!("task {} is {:?}, and the line says {}", self.task.id, self.phase, name_of(entry))
    }

    fn remember(&mut self, entry: &Entry, at: Timestamp, line: u64) {
        match entry {
            Entry::Planned { verdict, .. } => self.verdict = Some(verdict.clone()),
            Entry::TaskExcluded { excluded, .. } => self.excluded = Some(excluded.clone()),
            Entry::Started { attempt, before, .. } => {
                self.before = before.clone();
                self.attempts = *attempt;
                self.wait = None;
            }
            Entry::OverLimit { exceeded, asking, .. } => {
                self.wait = None;
                self.held = Some(HeldBack {
                    exceeded: exceeded.clone(),
                    asking: asking.as_deref().cloned(),
                    since: at,
                    question: None,
                    goes_on: None,
                });
            }
            Entry::Delayed { error, again_at, .. } | Entry::Unsettled { error, again_at, .. } => {
                let same_kind = matches!(
                    (self.phase, entry),
                    (Phase::Waiting, Entry::Delayed { .. }) | (Phase::Unsettled, Entry::Unsettled { .. })
                );
                let earlier = self.wait.take().filter(|_| same_kind);
                self.wait = Some(Wait::after(earlier, at, *again_at));
                self.error = Some(error.clone());
            }
            Entry::Succeeded { fulfilled, .. } => self.succeed(fulfilled.clone(), at, line),
            Entry::Failed { failure, .. } => self.error = Some(failure.error.clone()),
            Entry::NeedsAttention { why, .. } => self.error = Some(ActionError::uncertain(why.clone())),
            Entry::Settled { happened: true, .. } => self.succeed(self.as_told(), at, line),
            Entry::UndoRequested { .. } => {
                self.undo.wanted = true;
                self.undo.wait = None;
            }
            Entry::Watched { again_at, .. } => self.watch = Some(*again_at),
            Entry::Drifted { why, .. } => {
                self.watch = Some(None);
                self.drifted = Some(why.clone());
                self.error = Some(ActionError::rejected(why.clone()));
            }
            Entry::Confirmed { .. } => self.undo.confirmed = true,
            Entry::Extended { until, .. } => self.undo.until = Some(*until),
            Entry::UndoStarted { attempt, .. } => {
                self.undo.attempts = *attempt;
                self.undo.wait = None;
            }
            Entry::UndoDelayed { error, again_at, .. } => {
                let earlier = self.undo.wait.take();
                self.undo.wait = Some(Wait::after(earlier, at, *again_at));
                self.error = Some(error.clone());
            }
            Entry::UndoFailed { failure, .. } => {
                self.error = Some(failure.error.clone());
                self.undo.wanted = false;
            }
            _ => {}
        }
    }

    fn succeed(&mut self, fulfilled: Fulfilled, at: Timestamp, line: u64) {
        self.fulfilled = Some(fulfilled);
        self.succeeded = Some((at, line));
        self.wait = None;
    }

    /// What is known of a call of which a person says that it happened.
    fn as_told(&self) -> Fulfilled {
        let before = self.before.clone().unwrap_or_default();
        Fulfilled {
            effect: Effect::Changed { before, after: State::default() },
            verification: Verification::Told,
            external_id: None,
            output: Value::Null,
            took_millis: 0,
            excluded_meanwhile: None,
        }
    }
}

/// The table of `state.rs`: where an entry takes a task, if it may follow at all.
fn after(task: &TaskState, entry: &Entry) -> Option<Phase> {
    use Phase::{
        Attention, Dropped, Excluded, Failed, Pending, Planned, Released, Started, Stuck, Succeeded, Undoing,
        Undone, Unsettled, Waiting,
    };
    let undo_wanted = task.undo.wanted;
    Some(match (task.phase, entry) {
        (Pending, Entry::Planned { .. }) => Planned,
        (Pending | Waiting, Entry::TaskExcluded { .. }) => Excluded,
        (Pending | Waiting, Entry::TaskDropped { .. }) => Dropped,
        (Pending | Waiting, Entry::Delayed { .. }) => Waiting,
        (Pending | Waiting | Started | Unsettled, Entry::OverLimit { .. }) => Waiting,
        (Pending | Waiting, Entry::Failed { .. }) => Failed,
        (Pending | Waiting, Entry::Succeeded { fulfilled, .. }) if fulfilled.effect == Effect::Unchanged => {
            Succeeded
        }
        (Pending | Waiting, Entry::Started { .. }) => Started,
        (Started | Unsettled, Entry::Unsettled { .. }) => Unsettled,
        (Started | Unsettled, Entry::Started { .. }) => Started,
        (Started | Unsettled, Entry::Succeeded { .. }) => Succeeded,
        (Started | Unsettled, Entry::Failed { .. }) => Failed,
        (Started | Unsettled, Entry::TaskExcluded { .. }) => Excluded,
        (Started | Unsettled, Entry::TaskDropped { .. }) => Dropped,
        (Started | Unsettled, Entry::NeedsAttention { .. }) => Attention,
        (Started, Entry::Delayed { .. }) => Waiting,
        (Attention, Entry::Settled { happened: true, .. }) => Succeeded,
        (Attention, Entry::Settled { happened: false, .. }) => Failed,
        (
            same @ (Pending | Waiting | Started | Unsettled | Attention | Succeeded | Undoing),
            Entry::UndoRequested { .. },
        ) => same,
        (Stuck, Entry::UndoRequested { .. }) => Succeeded,
        (Stuck, Entry::UndoSettled { undone: true, .. }) => Undone,
        (Stuck, Entry::UndoSettled { undone: false, .. }) => Released,
        (
            Succeeded,
            Entry::Confirmed { .. } | Entry::Extended { .. } | Entry::Watched { .. } | Entry::Drifted { .. },
        ) => Succeeded,
        (Succeeded, Entry::UndoStarted { .. }) if undo_wanted => Undoing,
        (Succeeded, Entry::UndoDelayed { .. }) if undo_wanted => Succeeded,
        (Succeeded, Entry::UndoReleased { .. }) if undo_wanted => Released,
        (Succeeded, Entry::UndoFailed { .. }) if undo_wanted => Stuck,
        (Undoing, Entry::UndoStarted { .. }) => Undoing,
        (Undoing, Entry::UndoDelayed { .. }) => Undoing,
        (Undoing, Entry::UndoReleased { .. }) => Released,
        (Undoing, Entry::UndoFailed { .. }) => Stuck,
        (Undoing, Entry::UndoSucceeded { .. }) => Undone,
        _ => return None,
    })
}

/// An entry's own name: `started`.
pub(super) fn name_of(entry: &Entry) -> String {
    serde_json::to_value(entry)
        .ok()
        .and_then(|value| value["entry"].as_str().map(str::to_owned))
        .unwrap_or_default()
}
