//! [`Tools`]: what all runs share. [`Context`]: what the moves of one run work with.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use quell_action::{ActionError, Failure, Observation};
use quell_alert::Timestamp;
use quell_playbook::model::{Mode, Playbook, Retry};
use quell_playbook::{Kept, Moment};
use tokio::sync::{Semaphore, broadcast};

use crate::engine::runner::Runner;
use crate::gate::Gate;
use crate::hands::{Eye, Hands};
use crate::lanes::LaneLocks;
use crate::log::{Halt, RunEvent, RunLog};
use crate::pace::Pace;
use crate::resolve::Resolver;
use crate::retry::{Jitter, again_at};
use crate::shutdown::Stop;
use crate::{
    Brake, Clock, Entry, Exclusions, HoldChange, Journal, LaneId, NamedLists, Plan, Settings, Task, Wait,
};

/// What all runs share.
pub(crate) struct Tools {
    pub(crate) hands: Hands,
    pub(crate) exclusions: Arc<Exclusions>,
    pub(crate) lists: Arc<NamedLists>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) jitter: Arc<dyn Jitter>,
    pub(crate) settings: Settings,
    pub(crate) resolver: Resolver,
    pub(crate) locks: LaneLocks,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) events: broadcast::Sender<RunEvent>,
    pub(crate) stop: Stop,
    pub(crate) brake: Arc<Brake>,
    pub(crate) pace: Pace,
}

/// What the moves of one run work with.
pub(crate) struct Context {
    pub(crate) tools: Arc<Tools>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) playbook: Arc<Playbook>,
    pub(crate) log: RunLog,
    pub(crate) gates: Arc<Mutex<HashMap<LaneId, Arc<Gate>>>>,
    /// Who drives the runs that it calls.
    pub(crate) runner: Arc<Runner>,
}

/// What a move has come to: lines for the journal, and holds that they change.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) entries: Vec<Entry>,
    pub(crate) holds: Vec<HoldChange>,
}

/// Why a move ended before its last step: with lines of its own, or because the run halts.
#[derive(Debug)]
pub(crate) enum Early {
    Done(Done),
    Halt(Halt),
}

impl From<Halt> for Early {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<Entry> for Done {
    fn from(entry: Entry) -> Self {
        Self { entries: vec![entry], holds: Vec::new() }
    }
}

impl From<Entry> for Early {
    fn from(entry: Entry) -> Self {
        Self::Done(entry.into())
    }
}

/// A move that ended early has ended all the same.
pub(crate) fn ended(result: Result<Done, Early>) -> Result<Done, Halt> {
    match result {
        Ok(done) | Err(Early::Done(done)) => Ok(done),
        Err(Early::Halt(halt)) => Err(halt),
    }
}

impl Context {
    pub(crate) fn now(&self) -> Timestamp {
        self.tools.clock.now()
    }

    /// What is judged by now.
    pub(crate) async fn moment(&self) -> Result<Moment, Halt> {
        self.moment_for(&self.playbook).await
    }

    /// The moment as another playbook about the same alert sees it.
    pub(crate) async fn moment_for(&self, playbook: &Playbook) -> Result<Moment, Halt> {
        let kept = match playbook.reads_kept {
            true => self.tools.journal.kept(&self.plan.alert.same_detection_key()).await?,
            false => Kept::new(),
        };
        Ok(Moment { now: self.now(), lists: self.tools.lists.now(), kept: Arc::new(kept) })
    }

    pub(crate) fn observes(&self) -> bool {
        self.plan.mode == Mode::Observe
    }

    pub(crate) fn gate(&self, lane: LaneId) -> Arc<Gate> {
        Arc::clone(self.gates.lock().entry(lane).or_default())
    }

    /// When something that cannot be said or reached now is tried again; `None` when patience has run out. A run that
    /// only observes has none: its answer is "cannot be said now".
    pub(crate) fn while_patient(&self, wait: Option<Wait>, error: &ActionError) -> Option<Timestamp> {
        let lasted = wait.map_or(Duration::ZERO, |wait| wait.lasted(self.now()));
        if self.observes() || lasted >= self.tools.settings.patience {
            return None;
        }
        Some(self.look_again_at(wait, error))
    }

    /// When something is looked at again, for as long as it takes.
    pub(crate) fn look_again_at(&self, wait: Option<Wait>, error: &ActionError) -> Timestamp {
        self.again_at(self.tools.settings.look_again, wait.map_or(1, |wait| wait.tries + 1), error)
    }

    pub(crate) fn again_at(&self, retry: Retry, tries: u32, error: &ActionError) -> Timestamp {
        let Tools { settings, jitter, .. } = &*self.tools;
        again_at(self.now(), retry, tries, error, settings.longest_asked, jitter.as_ref())
    }

    /// Looks at a task's target.
    pub(crate) async fn look(&self, eye: &Eye, task: &Task) -> Result<Observation, ActionError> {
        let look = eye.observe(&task.target, &task.params);
        let limit = self.tools.settings.look_time_limit;
        let late = || ActionError::unavailable(format!("{} did not answer in time when read", task.provider));
        // Reading changes nothing: not to know how it went is only not to have read.
        quell_crash::point!("run.look.asking");
        let seen = self.within(limit, look, late).await;
        quell_crash::point!("run.look.answered");
        seen.map_err(|error| match error.failure {
            Failure::Uncertain => ActionError::unavailable(error.message),
            _ => error,
        })
    }

    /// Awaits an answer for so long. One of the calls that may be under way at once; a connector that panics has given
    /// no answer, and nobody knows what it did.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, ActionError>>,
        late: impl FnOnce() -> ActionError,
    ) -> Result<T, ActionError> {
        let _one_of_the_calls = self.tools.calls.acquire().await;
        let call = AssertUnwindSafe(call).catch_unwind();
        tokio::select! {
            biased;
            answer = call => answer.unwrap_or_else(|_| {
                Err(ActionError::uncertain("the connector failed in the middle of the call (a defect in it)"))
            }),
            () = self.tools.clock.sleep(limit) => Err(late()),
        }
    }

    /// All that the tasks of a lane act on: what its place in the queues must cover before any of them is touched.
    pub(crate) async fn targets(&self, lane: LaneId) -> BTreeSet<String> {
        self.log
            .look(|state| {
                let tasks = state.lane(lane).into_iter().flat_map(|lane| lane.tasks());
                tasks.filter_map(|task| crate::gate::task_key(&task.task)).collect()
            })
            .await
    }
}
