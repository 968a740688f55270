//! [`Engine`]: drives all runs, and is how the other rooms start, stop and take back.

mod between;
mod parts;
pub(crate) mod runner;

use std::sync::Arc;
use std::time::Duration;

use quell_alert::Timestamp;
use quell_playbook::model::{Mode, Playbook};
use tokio::sync::broadcast;

use crate::command::Wish;
use crate::{
    ArchiveError, Batch, Bond, IllegalEntry, JournalError, Line, OpenQuestion, Plan, QuestionId, Refusal,
    Reply, RunEvent, RunId, RunState, TaskId,
};

pub use parts::EngineParts;
use runner::{Beginning, Runner};

/// Drives all runs. A handle: cloning it is cheap, and all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    runner: Arc<Runner>,
}

/// What became of a plan that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Its run was created and goes on from here.
    Created,
    /// There is such a run already: the alert was delivered again.
    Exists,
}

/// What was found at start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Unfinished runs that go on.
    pub resumed: Vec<RunId>,
    /// Runs that wait for a person or for a moment: for an answer, for an undo.
    pub waiting: Vec<RunId>,
    /// Runs that cannot be taken up, with the reason; they stay as they are.
    pub refused: Vec<(RunId, EngineError)>,
}

/// Why the engine cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal of the run is damaged.
    #[error("the journal of run {run} is damaged: {source}")]
    Damaged {
        /// The run.
        run: RunId,
        /// Where.
        #[source]
        source: IllegalEntry,
    },
    /// The playbook's version cannot be had.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The plan acts, and this engine only looks.
    #[error("this engine only observes, and run {0} would act")]
    OnlyObserves(RunId),
    /// There is no such run.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// The run says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine stops.
    #[error("the engine is stopping; ask again after it has started")]
    Stopping,
}

impl Engine {
    /// An engine of these parts, with nothing to do yet.
    pub fn new(parts: EngineParts) -> Self {
        Self { runner: Arc::new(Runner::new(parts)) }
    }

    /// Creates the run of a plan and drives it. Returns when its first line is on disk.
    ///
    /// # Errors
    /// When it cannot be written. Nothing was done then.
    pub async fn start(&self, plan: Plan, playbook: Arc<Playbook>) -> Result<Start, EngineError> {
        self.may_start(&plan)?;
        match self.runner.create(plan).await? {
            Some(state) => {
                self.runner.begin(Beginning { state, playbook, gates: Default::default() });
                Ok(Start::Created)
            }
            None => Ok(Start::Exists),
        }
    }

    /// Drives a run whose first batch the caller has put on disk, together with the alert that it accepted.
    ///
    /// # Errors
    /// When the plan acts and this engine only looks.
    pub fn adopt(&self, plan: Plan, playbook: Arc<Playbook>) -> Result<(), EngineError> {
        self.may_start(&plan)?;
        let run = plan.run.clone();
        let lines = Self::first_batch(plan).lines;
        self.runner.publish(&run, &lines);
        self.go_on_from(&run, &lines, playbook)
    }

    /// Drives a run that may be on disk, after a write that was reported as failed: it may have happened all the same.
    /// Nothing happens where there is no such run, where it is driven already, or where it has nothing left to do.
    ///
    /// # Errors
    /// When the journal or the playbook cannot be read.
    pub async fn see_to(&self, run: &RunId) -> Result<(), EngineError> {
        match self.runner.take_up_if_open(run).await {
            Err(EngineError::NoSuchRun(_)) => Ok(()),
            other => other,
        }
    }

    /// What creates a run, for [`Engine::adopt`].
    pub fn first_batch(plan: Plan) -> Batch {
        let state = RunState::begin(plan);
        let line = Line {
            number: 0,
            at: state.updated(),
            entry: crate::Entry::Created { plan: Box::new(state.plan().clone()) },
        };
        Batch {
            run: state.plan().run.clone(),
            lines: vec![line],
            summary: state.summary(),
            holds: Vec::new(),
        }
    }

    /// Takes up all runs that an earlier engine left unfinished. Called once, before the first [`Engine::start`]:
    /// lanes that were in the middle of a call come before all others.
    ///
    /// # Errors
    /// When the journal cannot be asked what is unfinished.
    pub async fn recover(&self) -> Result<Recovered, EngineError> {
        self.runner.recover().await
    }

    /// Stops a run: what is started is finished, nothing more is begun.
    ///
    /// # Errors
    /// When it has ended, or it cannot be written down.
    pub async fn cancel(&self, run: &RunId, by: &str) -> Result<(), EngineError> {
        self.runner.ask(run, Wish::Cancel { by: by.to_owned() }).await.map(drop)
    }

    /// Takes back what a run changed: these tasks, or all that can be. Returns the tasks, before they are taken back;
    /// the run's journal tells what came of each.
    ///
    /// # Errors
    /// When there is nothing to take back, or it cannot be written down.
    pub async fn undo(
        &self,
        run: &RunId,
        tasks: Option<Vec<TaskId>>,
        by: &str,
    ) -> Result<Vec<TaskId>, EngineError> {
        self.runner.ask(run, Wish::Undo { tasks, by: by.to_owned() }).await
    }

    /// Confirms changes: their undo timers are stopped. Doing so again changes nothing.
    ///
    /// # Errors
    /// When no timer runs for them, or it cannot be written down.
    pub async fn confirm(
        &self,
        run: &RunId,
        tasks: Option<Vec<TaskId>>,
        by: &str,
    ) -> Result<Vec<TaskId>, EngineError> {
        self.runner.ask(run, Wish::Confirm { tasks, by: by.to_owned() }).await
    }

    /// Puts off the undo timers of changes until this moment. Doing so again changes nothing.
    ///
    /// # Errors
    /// When no timer runs for them, the moment is over, or it cannot be written down.
    pub async fn extend(
        &self,
        run: &RunId,
        tasks: Option<Vec<TaskId>>,
        until: Timestamp,
        by: &str,
    ) -> Result<Vec<TaskId>, EngineError> {
        self.runner.ask(run, Wish::Extend { tasks, until, by: by.to_owned() }).await
    }

    /// Says what happened to a task that needs attention.
    ///
    /// # Errors
    /// When the task is not in question, or it cannot be written down.
    pub async fn settle(
        &self,
        run: &RunId,
        task: TaskId,
        happened: bool,
        by: &str,
    ) -> Result<(), EngineError> {
        self.runner.ask(run, Wish::Settle { task, happened, by: by.to_owned() }).await.map(drop)
    }

    /// The questions that wait for an answer, over all runs: what expires first comes first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn questions(&self) -> Result<Vec<OpenQuestion>, EngineError> {
        self.runner.questions().await
    }

    /// Answers a question. `bond` is that of the question that was looked at: an answer to another plan does not count.
    /// Whether whoever answers is one of those who are asked is for the caller to know.
    ///
    /// # Errors
    /// When there is no such question, it is settled, it has no such answer, or it cannot be written down.
    pub async fn answer(
        &self,
        run: &RunId,
        question: &QuestionId,
        bond: &Bond,
        reply: Reply,
    ) -> Result<(), EngineError> {
        let wish = Wish::Answer { question: question.clone(), reply: Box::new(reply), bond: bond.clone() };
        self.runner.ask(run, wish).await.map(drop)
    }

    /// Every line from now on, once it is on disk. Whoever is too slow misses the oldest.
    pub fn events(&self) -> broadcast::Receiver<RunEvent> {
        self.runner.tools.events.subscribe()
    }

    /// How many runs are in memory: those under way, and those that wait for a retry or for their lane's turn. Runs that
    /// wait for a person or a timer are not.
    pub fn active(&self) -> usize {
        self.runner.active()
    }

    /// How many lanes wait for their turn among those of the same identity.
    pub fn waiting_lanes(&self) -> usize {
        self.runner.waiting_lanes()
    }

    /// Returns when no run has anything to do. Runs that wait for a person or a timer do not count.
    pub async fn idle(&self) {
        self.runner.idle().await;
    }

    /// The first signal: begins nothing more, finishes what is started, and returns when that is done or the deadline
    /// has passed. Nothing is lost either way: recovery goes on from the journal.
    pub async fn shut_down(&self, deadline: Duration) {
        self.runner.shut_down(deadline).await;
    }

    /// The second signal: lets go of what is under way, at once.
    pub fn stop_now(&self) {
        self.runner.tools.stop.now();
    }

    fn may_start(&self, plan: &Plan) -> Result<(), EngineError> {
        if self.runner.tools.stop.is_stopping() {
            return Err(EngineError::Stopping);
        }
        if plan.mode != Mode::Observe && self.runner.tools.hands.actions.is_none() {
            return Err(EngineError::OnlyObserves(plan.run.clone()));
        }
        Ok(())
    }

    fn go_on_from(&self, run: &RunId, lines: &[Line], playbook: Arc<Playbook>) -> Result<(), EngineError> {
        let state =
            RunState::replay(lines).map_err(|source| EngineError::Damaged { run: run.clone(), source })?;
        self.runner.begin(Beginning { state, playbook, gates: Default::default() });
        Ok(())
    }

    /// How it finds out who is meant.
    pub(crate) fn resolver(&self) -> &crate::resolve::Resolver {
        &self.runner.tools.resolver
    }

    /// Who must not be touched.
    pub(crate) fn exclusions(&self) -> &crate::Exclusions {
        &self.runner.tools.exclusions
    }

    /// The time as the engine sees it.
    pub fn now(&self) -> Timestamp {
        self.runner.tools.clock.now()
    }
}
