//! [`RunState`]: where a run stands, worked out from its journal and from nothing else.
//!
//! This is the table of what may happen to a task. The `match` in [`after`] has the same rows.
//!
//! | from | entry | to |
//! | --- | --- | --- |
//! | Pending | Planned | Planned |
//! | Pending, Waiting | TaskExcluded | Excluded |
//! | Pending, Waiting | TaskDropped | Dropped |
//! | Pending, Waiting | Delayed | Waiting |
//! | Pending, Waiting | Failed | Failed |
//! | Pending, Waiting | Succeeded, nothing having been changed | Succeeded |
//! | Pending, Waiting | Started | Started |
//! | Started, Unsettled | Unsettled | Unsettled |
//! | Started, Unsettled | Started (it had not happened, or repeating does no harm) | Started |
//! | Started, Unsettled | Succeeded | Succeeded |
//! | Started, Unsettled | Failed | Failed |
//! | Started, Unsettled | TaskExcluded (it had not happened) | Excluded |
//! | Started, Unsettled | TaskDropped (it had not happened) | Dropped |
//! | Started, Unsettled | NeedsAttention | Attention |
//! | Started | Delayed | Waiting |
//! | Pending, Waiting, Started, Unsettled | OverLimit (it had not happened) | Waiting, held back |
//! | Attention | Settled: it happened | Succeeded |
//! | Attention | Settled: it did not | Failed |
//! | Pending, Waiting, Started, Unsettled, Attention, Succeeded, Undoing | UndoRequested | the same, undo wanted |
//! | Stuck | UndoRequested | Succeeded, undo wanted |
//! | Stuck | UndoSettled: it was taken back | Undone |
//! | Stuck | UndoSettled: it was not | Released |
//! | Succeeded | Confirmed | Succeeded, confirmed |
//! | Succeeded | Extended | Succeeded, its timer runs longer |
//! | Succeeded | Watched, Drifted | Succeeded |
//! | Succeeded, undo wanted; Undoing | UndoStarted | Undoing |
//! | Succeeded, undo wanted; Undoing | UndoDelayed | the same |
//! | Succeeded, undo wanted; Undoing | UndoReleased | Released |
//! | Succeeded, undo wanted; Undoing | UndoFailed | Stuck |
//! | Undoing | UndoSucceeded | Undone |
//! | anything else | | refused: the journal is damaged or the code is wrong |
//!
//! A task that is held back by a limit is let through, or not, by the question that names it.
//!
//! A question is asked once, takes answers until one of them counts, and is settled then: answered, expired or withdrawn.
//!
//! A step is *delayed* any number of times, then expanded, skipped or failed, once. A lane takes steps until it has
//! ended, and a run takes lanes' entries until it has finished; undoing goes on after that.

mod about;
mod held;
mod lane;
mod people;
mod summary;
mod task;

use std::time::Duration;

use quell_alert::Timestamp;
use quell_playbook::Kept;
use quell_playbook::model::{Mode, StepId};

use crate::question::Settlement;
use crate::retry::later;
use crate::{About, Entry, Finish, Lane, LaneId, Line, Plan, Question, QuestionId, QuestionState, TaskId};

use about::{after_finish, lane_of, task_of};
use people::PeopleClock;

pub(crate) use about::lane_about;
pub use held::HeldBack;
pub use lane::{LaneState, StepState, Wait};
pub use task::{Phase, TaskState, Undo};

/// Where a run stands.
#[derive(Debug, Clone)]
pub struct RunState {
    plan: Box<Plan>,
    lanes: Vec<LaneState>,
    questions: Vec<QuestionState>,
    kept: Kept,
    people: PeopleClock,
    overdue: bool,
    cancelled: Option<String>,
    finish: Option<(Finish, Timestamp)>,
    lines: u64,
    updated: Timestamp,
}

/// An entry that cannot follow on what the journal holds: it is damaged, or the code is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the journal cannot follow on the lines before it: {why}")]
pub struct IllegalEntry {
    /// The line's number.
    pub line: u64,
    /// What it says and what stood there.
    pub why: String,
}

impl RunState {
    /// A run whose journal has exactly this first line.
    ///
    /// # Errors
    /// When it is not the line that creates a run.
    pub fn create(line: &Line) -> Result<Self, IllegalEntry> {
        let Entry::Created { plan } = &line.entry else {
            return Err(IllegalEntry { line: line.number, why: "the first line must create the run".into() });
        };
        if line.number != 0 {
            return Err(IllegalEntry { line: line.number, why: "the first line has number 0".into() });
        }
        Ok(Self { updated: line.at, ..Self::begin(Plan::clone(plan)) })
    }

    /// A run of which only the first line is written.
    pub(crate) fn begin(plan: Plan) -> Self {
        let lanes = plan.lanes.iter().cloned().map(LaneState::new).collect();
        let updated = plan.created;
        Self {
            plan: Box::new(plan),
            lanes,
            questions: Vec::new(),
            kept: Kept::new(),
            people: PeopleClock::default(),
            overdue: false,
            cancelled: None,
            finish: None,
            lines: 1,
            updated,
        }
    }

    /// A run with this journal.
    ///
    /// # Errors
    /// When a line cannot follow on those before it.
    pub fn replay(lines: &[Line]) -> Result<Self, IllegalEntry> {
        let (first, rest) = lines
            .split_first()
            .ok_or_else(|| IllegalEntry { line: 0, why: "the journal is empty".into() })?;
        let mut state = Self::create(first)?;
        rest.iter().try_for_each(|line| state.apply(line))?;
        Ok(state)
    }

    /// Takes in one more line. A line that is refused changes nothing.
    ///
    /// # Errors
    /// When it cannot follow on what came before.
    pub fn apply(&mut self, line: &Line) -> Result<(), IllegalEntry> {
        let refused = |why: String| IllegalEntry { line: line.number, why };
        if line.number != self.lines {
            return Err(refused(format!("it should be number {}", self.lines)));
        }
        self.take(&line.entry, line.at).map_err(refused)?;
        self.people.tick(self.questions.iter().any(QuestionState::is_open), line.at);
        self.lines += 1;
        self.updated = line.at;
        Ok(())
    }

    /// What it was created for.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its lanes: those of the plan in its order, then those within them.
    pub fn lanes(&self) -> &[LaneState] {
        &self.lanes
    }

    /// One lane.
    pub fn lane(&self, id: LaneId) -> Option<&LaneState> {
        self.lanes.get(id.0 as usize)
    }

    /// All tasks that were worked out so far, lane by lane, in order.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskState> {
        self.lanes.iter().flat_map(LaneState::tasks)
    }

    /// One task.
    pub fn task(&self, id: &TaskId) -> Option<&TaskState> {
        self.lane(id.lane)?.tasks().find(|task| task.task.id == *id)
    }

    /// Everything that was asked, in order.
    pub fn questions(&self) -> &[QuestionState] {
        &self.questions
    }

    /// The question about this, once it was asked.
    pub fn question_about(&self, about: &About) -> Option<&QuestionState> {
        self.questions.iter().find(|asked| asked.question.about == *about)
    }

    /// One question.
    pub fn question(&self, id: &QuestionId) -> Option<&QuestionState> {
        self.questions.iter().find(|asked| asked.question.id == *id)
    }

    /// What it has kept for its alert.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Whether it has taken longer than its playbook allows.
    pub fn is_overdue(&self) -> bool {
        self.overdue
    }

    /// When a run that may take so long has taken too long; `None` while people are being asked, since that does not
    /// count.
    pub fn overdue_at(&self, deadline: Duration) -> Option<Timestamp> {
        let waited = self.people.waited()?;
        Some(later(later(self.plan.created, deadline), waited))
    }

    /// Who stopped it.
    pub fn cancelled(&self) -> Option<&str> {
        self.cancelled.as_deref()
    }

    /// How it ended.
    pub fn finish(&self) -> Option<Finish> {
        self.finish.map(|(finish, _)| finish)
    }

    /// How many lines its journal has: the number of the next.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// When its latest line was written.
    pub fn updated(&self) -> Timestamp {
        self.updated
    }

    fn take(&mut self, entry: &Entry, at: Timestamp) -> Result<(), String> {
        match entry {
            Entry::Created { .. } => Err("a run is created once".into()),
            Entry::Cancelled { by } => self.cancel(by),
            Entry::Finished { finish } => self.finish_with(*finish, at),
            Entry::UndoRequested { tasks, .. }
            | Entry::Confirmed { tasks, .. }
            | Entry::Extended { tasks, .. } => self.each_task(tasks, entry, at),
            Entry::Overdue if self.overdue || self.finish.is_some() => {
                Err("the run has ended or was overdue before".into())
            }
            Entry::Overdue => {
                self.overdue = true;
                Ok(())
            }
            Entry::Branched { lane, step, lanes, .. } => self.branch(*lane, step, lanes, entry, at),
            Entry::Closing { lane } => self.close(lane),
            Entry::Asked { question, .. } => self.ask(question, entry, at),
            Entry::Answered { question, reply } => {
                self.question_mut(question)?.take(reply, at)?;
                self.let_through(question)
            }
            Entry::QuestionExpired { question } => {
                self.question_mut(question)?.close(Settlement::Expired)?;
                self.let_through(question)
            }
            Entry::QuestionWithdrawn { question } => {
                self.question_mut(question)?.close(Settlement::Withdrawn)?;
                self.let_through(question)
            }
            Entry::Carried { question, carriage } => self.question_mut(question)?.carry(carriage),
            _ if after_finish(entry) => self.one_task(entry, at),
            _ if self.finish.is_some() => Err("the run has finished".into()),
            Entry::Kept { lane, values, .. } => {
                self.lane_mut(*lane)?.take(entry, at)?;
                self.kept.extend(values.clone());
                Ok(())
            }
            _ => match lane_of(entry) {
                Some(lane) => self.lane_mut(lane)?.take(entry, at),
                None => self.one_task(entry, at),
            },
        }
    }

    fn cancel(&mut self, by: &str) -> Result<(), String> {
        if self.cancelled.is_some() || self.finish.is_some() {
            return Err("the run has ended or was stopped before".into());
        }
        self.cancelled = Some(by.to_owned());
        Ok(())
    }

    fn ask(&mut self, question: &Question, entry: &Entry, at: Timestamp) -> Result<(), String> {
        if self.finish.is_some()
            || self.question(&question.id).is_some()
            || question.id != question.about.id()
        {
            return Err(format!("question {} cannot be asked here", question.id));
        }
        if let Some(lane) = question.about.lane() {
            self.lane_mut(lane)?.take(entry, at)?;
        }
        if let About::Limits { tasks, .. } = &question.about {
            let is_held =
                |id| self.task(id).and_then(TaskState::held_back).is_some_and(HeldBack::is_to_be_asked);
            if let Some(free) = tasks.iter().find(|id| !is_held(id)) {
                return Err(format!("task {free} is not held back"));
            }
            tasks.iter().try_for_each(|id| self.task_mut(id).map(|task| task.asked(&question.id)))?;
        }
        let observes = self.plan.mode == Mode::Observe;
        self.questions.push(QuestionState::new(question.clone(), at, observes));
        Ok(())
    }

    /// What people say of tasks that a limit holds back goes for exactly those that they were asked about.
    fn let_through(&mut self, id: &QuestionId) -> Result<(), String> {
        let asked = self.question_mut(id)?;
        let (About::Limits { tasks, .. }, Some(goes_on)) = (&asked.question.about, asked.goes_on()) else {
            return Ok(());
        };
        for id in tasks.clone() {
            self.task_mut(&id)?.let_through(goes_on);
        }
        Ok(())
    }

    fn branch(
        &mut self,
        lane: LaneId,
        step: &StepId,
        lanes: &[Lane],
        entry: &Entry,
        at: Timestamp,
    ) -> Result<(), String> {
        if self.finish.is_some() {
            return Err("the run has finished".into());
        }
        let belongs = |(new, number): (&Lane, usize)| {
            let within =
                new.parent.as_ref().is_some_and(|parent| parent.lane == lane && parent.step == *step);
            within && new.id.0 as usize == number
        };
        if !lanes.iter().zip(self.lanes.len()..).all(belongs) {
            return Err(format!("the lanes of {step} do not follow on those that there are"));
        }
        self.lane_mut(lane)?.take(entry, at)?;
        self.lanes.extend(lanes.iter().cloned().map(LaneState::new));
        Ok(())
    }

    fn close(&mut self, lane: &Lane) -> Result<(), String> {
        let all_ended = self.lanes.iter().all(|lane| lane.end().is_some() && !lane.lane().closing);
        if self.finish.is_some() || !all_ended || lane.id.0 as usize != self.lanes.len() || !lane.closing {
            return Err("a run closes once, when all its lanes have ended".into());
        }
        self.lanes.push(LaneState::new(lane.clone()));
        Ok(())
    }

    fn question_mut(&mut self, id: &QuestionId) -> Result<&mut QuestionState, String> {
        let found = self.questions.iter_mut().find(|asked| asked.question.id == *id);
        found.ok_or_else(|| format!("there is no question {id}"))
    }

    fn finish_with(&mut self, finish: Finish, at: Timestamp) -> Result<(), String> {
        if self.questions.iter().any(QuestionState::is_open) {
            return Err("a question is still open".into());
        }
        if self.finish.is_some() || self.lanes.iter().any(|lane| lane.end().is_none()) {
            return Err("a run finishes once, when all its lanes have ended".into());
        }
        self.finish = Some((finish, at));
        Ok(())
    }

    /// All of the tasks, or none.
    fn each_task(&mut self, tasks: &[TaskId], entry: &Entry, at: Timestamp) -> Result<(), String> {
        for id in tasks {
            self.task_mut(id)?.may_take(entry)?;
        }
        let line = self.lines;
        tasks.iter().try_for_each(|id| self.task_mut(id)?.take(entry, at, line))
    }

    fn one_task(&mut self, entry: &Entry, at: Timestamp) -> Result<(), String> {
        let id = task_of(entry).ok_or("it is about no task")?;
        let line = self.lines;
        self.task_mut(id)?.take(entry, at, line)
    }

    fn lane_mut(&mut self, id: LaneId) -> Result<&mut LaneState, String> {
        self.lanes.get_mut(id.0 as usize).ok_or_else(|| format!("there is no lane {}", id.0))
    }

    fn task_mut(&mut self, id: &TaskId) -> Result<&mut TaskState, String> {
        self.lane_mut(id.lane)?.task_mut(id).ok_or_else(|| format!("there is no task {id}"))
    }
}
