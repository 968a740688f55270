//! The drivers of all runs: one task each, as long as there is something to do.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use quell_action::ActionError;
use quell_alert::Timestamp;
use quell_playbook::model::Playbook;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::{Engine, EngineError, EngineParts, Recovered};
use crate::clock::sleep_until;
use crate::command::{Command, Wish};
use crate::context::{Context, Tools};
use crate::drive::{Parting, drive, rests};
use crate::gate::Gate;
use crate::log::{Halt, RunEvent, RunLog};
use crate::retry::again_at;
use crate::{
    JournalError, LaneId, Line, OpenQuestion, Plan, PlaybookArchive, RunId, RunState, RunSummary, TaskId,
    recover,
};

pub(crate) type Gates = Arc<Mutex<HashMap<LaneId, Arc<Gate>>>>;

/// What a driver begins with.
pub(crate) struct Beginning {
    pub(crate) state: RunState,
    pub(crate) playbook: Arc<Playbook>,
    pub(crate) gates: Gates,
}

/// What an unfinished run comes to after a start.
enum Found {
    /// It goes on.
    Unfinished(Box<Beginning>),
    /// It waits for a person, or for this moment.
    Resting(Option<Timestamp>),
}

pub(crate) struct Runner {
    pub(crate) tools: Arc<Tools>,
    pub(super) archive: Arc<dyn PlaybookArchive>,
    active: Mutex<HashMap<RunId, mpsc::UnboundedSender<Command>>>,
    settled: Notify,
    drivers: TaskTracker,
}

impl Runner {
    pub(super) fn new(parts: EngineParts) -> Self {
        let (tools, archive) = parts.into_tools();
        Self {
            tools: Arc::new(tools),
            archive,
            active: Mutex::default(),
            settled: Notify::new(),
            drivers: TaskTracker::new(),
        }
    }

    /// Puts a run on disk. `None` where it is there already; then it is driven, if anything is left to do for it.
    pub(crate) async fn create(self: &Arc<Self>, plan: Plan) -> Result<Option<RunState>, EngineError> {
        let run = plan.run.clone();
        let batch = Engine::first_batch(plan);
        let lines = batch.lines.clone();
        quell_crash::point!("run.making");
        let made = self.tools.journal.append(batch).await;
        quell_crash::point!("run.made");
        match made {
            Ok(()) => {}
            Err(JournalError::Taken { .. }) => {
                // A write that was reported as failed may have happened all the same.
                self.take_up_if_open(&run).await?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        self.publish(&run, &lines);
        RunState::replay(&lines).map(Some).map_err(|source| EngineError::Damaged { run, source })
    }

    /// Begins to drive a run, unless it is driven already.
    pub(crate) fn begin(self: &Arc<Self>, beginning: Beginning) {
        self.begin_with(beginning, None);
    }

    /// Begins to drive a run, unless it is driven already. The driver has the command before its first look, so that
    /// it cannot find nothing to do and part before the command comes.
    fn begin_with(self: &Arc<Self>, beginning: Beginning, command: Option<Command>) {
        let run = beginning.state.plan().run.clone();
        let (sender, commands) = mpsc::unbounded_channel();
        {
            let mut active = self.active.lock();
            let driver = active.get(&run).unwrap_or(&sender);
            if let Some(command) = command {
                // Whoever is in the map reads its commands: it parts only under this lock.
                let _ = driver.send(command);
            }
            if active.contains_key(&run) {
                return;
            }
            active.insert(run.clone(), sender);
        }
        self.spawn(run, beginning, commands);
    }

    fn spawn(
        self: &Arc<Self>,
        run: RunId,
        beginning: Beginning,
        mut commands: mpsc::UnboundedReceiver<Command>,
    ) {
        let runner = Arc::clone(self);
        self.drivers.spawn(async move {
            let stop = runner.tools.stop.clone();
            let parted = tokio::select! {
                () = stop.at_once() => false,
                parted = runner.see_through(&run, beginning, &mut commands) => parted,
            };
            if !parted {
                runner.active.lock().remove(&run);
            }
            runner.settled.notify_waiters();
        });
    }

    /// Drives a run until there is nothing to do for it. While its journal cannot be written it is read anew, again
    /// and again: its lanes keep their places meanwhile. Returns whether it has parted from the run: from then on
    /// another driver may have it.
    async fn see_through(
        self: &Arc<Self>,
        run: &RunId,
        beginning: Beginning,
        commands: &mut mpsc::UnboundedReceiver<Command>,
    ) -> bool {
        let Beginning { mut state, playbook, gates } = beginning;
        let mut failures = 0;
        loop {
            let cx = Arc::new(self.context(state, Arc::clone(&playbook), &gates));
            match AssertUnwindSafe(drive(&cx, commands)).catch_unwind().await.unwrap_or_else(|_| defect(run))
            {
                Ok(parting) => {
                    self.tell_caller(&cx).await;
                    match self.part(run, parting, commands) {
                        true => return true,
                        false => failures = 0,
                    }
                }
                Err(halt @ Halt::Illegal { .. }) => {
                    tracing::error!(run.id = %run, error = %halt, "the run is given up; its journal stays as it is");
                    return false;
                }
                Err(halt @ (Halt::Journal(_) | Halt::Broken(_) | Halt::Defect(_))) => {
                    failures += 1;
                    tracing::error!(run.id = %run, error = %halt, "the run is read anew and goes on after a while");
                    self.pause(failures).await;
                }
            }
            drop(cx);
            state = match self.reread(run).await {
                Some(state) => state,
                None => return false,
            };
        }
    }

    fn context(self: &Arc<Self>, state: RunState, playbook: Arc<Playbook>, gates: &Gates) -> Context {
        let plan = Arc::new(state.plan().clone());
        let Tools { journal, clock, events, .. } = &*self.tools;
        let log = RunLog::new(state, Arc::clone(journal), Arc::clone(clock), events.clone());
        let (tools, gates, runner) = (Arc::clone(&self.tools), Arc::clone(gates), Arc::clone(self));
        Context { tools, plan, playbook, log, gates, runner }
    }

    /// Lets go of a run, unless somebody has just asked something of it.
    fn part(
        self: &Arc<Self>,
        run: &RunId,
        parting: Parting,
        commands: &mpsc::UnboundedReceiver<Command>,
    ) -> bool {
        let mut active = self.active.lock();
        if !commands.is_empty() && parting != Parting::Stopped {
            return false;
        }
        active.remove(run);
        drop(active);
        if let Parting::Until(moment) = parting {
            self.wake_at(run.clone(), moment);
        }
        true
    }

    /// Takes a run up again at this moment.
    pub(super) fn wake_at(self: &Arc<Self>, run: RunId, moment: Timestamp) {
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            let stop = runner.tools.stop.clone();
            tokio::select! {
                () = stop.stopping() => return,
                () = sleep_until(runner.tools.clock.as_ref(), moment) => {}
            }
            if let Err(error) = runner.take_up(&run, None).await {
                tracing::error!(run.id = %run, %error, "a run whose time has come cannot be taken up; trying again");
                let again = again_at_of(&runner.tools, 1);
                runner.wake_at(run, again);
            }
        });
    }

    /// Takes up a run that exists and is not driven, if there is something to do for it.
    pub(crate) async fn take_up_if_open(self: &Arc<Self>, run: &RunId) -> Result<(), EngineError> {
        if self.active.lock().contains_key(run) || !self.load(run).await?.is_open() {
            return Ok(());
        }
        self.take_up(run, None).await
    }

    async fn take_up(self: &Arc<Self>, run: &RunId, command: Option<Command>) -> Result<(), EngineError> {
        let state = self.load(run).await?;
        let playbook = self.archive.load(&state.plan().playbook, &state.plan().beside).await?;
        self.begin_with(Beginning { state, playbook, gates: Gates::default() }, command);
        Ok(())
    }

    pub(crate) async fn load(&self, run: &RunId) -> Result<RunState, EngineError> {
        let lines = self.tools.journal.read(run).await?;
        if lines.is_empty() {
            return Err(EngineError::NoSuchRun(run.clone()));
        }
        RunState::replay(&lines).map_err(|source| EngineError::Damaged { run: run.clone(), source })
    }

    /// Reads the journal until it can be read.
    async fn reread(&self, run: &RunId) -> Option<RunState> {
        for failures in 1.. {
            match self.load(run).await {
                Ok(state) => return Some(state),
                Err(EngineError::Journal(error)) => {
                    tracing::error!(run.id = %run, %error, "the run waits until its journal can be read");
                    self.pause(failures).await;
                }
                Err(error) => {
                    tracing::error!(run.id = %run, %error, "the run is given up; its journal stays as it is");
                    return None;
                }
            }
            if self.tools.stop.is_stopping() {
                return None;
            }
        }
        None
    }

    async fn pause(&self, failures: u32) {
        tokio::select! {
            () = self.tools.stop.stopping() => {}
            () = sleep_until(self.tools.clock.as_ref(), again_at_of(&self.tools, failures)) => {}
        }
    }

    pub(super) async fn ask(self: &Arc<Self>, run: &RunId, wish: Wish) -> Result<Vec<TaskId>, EngineError> {
        if self.tools.stop.is_stopping() {
            return Err(EngineError::Stopping);
        }
        let (answer, heard) = oneshot::channel();
        let command = Command { wish, answer };
        if let Err(command) = self.hand_over(run, command) {
            self.take_up(run, Some(command)).await?;
        }
        Ok(heard.await.map_err(|_| EngineError::Stopping)??)
    }

    pub(super) async fn questions(&self) -> Result<Vec<OpenQuestion>, EngineError> {
        let mut found = Vec::new();
        let runs = self.tools.journal.unfinished().await?;
        for summary in runs.into_iter().filter(|run| run.counts.questions > 0) {
            found.extend(self.load(&summary.id).await?.open_questions());
        }
        found.sort_by_key(|open| open.question.expires);
        Ok(found)
    }

    /// Gives a command to the run's driver, or back where there is none.
    fn hand_over(&self, run: &RunId, command: Command) -> Result<(), Command> {
        match self.active.lock().get(run) {
            Some(driver) => driver.send(command).map_err(|unsent| unsent.0),
            None => Err(command),
        }
    }

    pub(super) async fn recover(self: &Arc<Self>) -> Result<Recovered, EngineError> {
        let mut found = Recovered::default();
        let (mut beginnings, mut wakings) = (Vec::new(), Vec::new());
        for summary in recover::in_order(self.tools.journal.unfinished().await?) {
            if let Some(moment) = recover::only_waits(&summary, self.tools.clock.now()) {
                wakings.push((summary.id.clone(), moment));
                found.waiting.push(summary.id);
                continue;
            }
            match self.found(&summary).await {
                Ok(Found::Resting(until)) => {
                    wakings.extend(until.map(|moment| (summary.id.clone(), moment)));
                    found.waiting.push(summary.id);
                }
                Ok(Found::Unfinished(beginning)) => {
                    found.resumed.push(summary.id);
                    beginnings.push(*beginning);
                }
                Err(error) => found.refused.push((summary.id, error)),
            }
        }
        // Nobody moves before all that were interrupted stand in their queues; and what was called is driven before
        // its caller looks for it.
        beginnings.sort_by_key(|beginning| beginning.state.plan().occasion.order_at_start());
        beginnings.into_iter().for_each(|beginning| self.begin(beginning));
        wakings.into_iter().for_each(|(run, moment)| self.wake_at(run, moment));
        Ok(found)
    }

    /// Looks at an unfinished run. One that only waits is let go of again at once: of those there may be very many, and
    /// they were not in memory before either.
    async fn found(self: &Arc<Self>, summary: &RunSummary) -> Result<Found, EngineError> {
        let state = self.load(&summary.id).await?;
        let playbook = self.archive.load(&summary.playbook, &state.plan().beside).await?;
        let gates = recover::lined_up(&self.tools.locks, &state);
        if gates.is_empty() {
            let cx = self.context(state.clone(), Arc::clone(&playbook), &Gates::default());
            match rests(&cx).await {
                Ok(Some(Parting::Until(moment))) => return Ok(Found::Resting(Some(moment))),
                Ok(Some(Parting::Ended)) => return Ok(Found::Resting(None)),
                // What cannot be told now, its driver finds out.
                Ok(Some(Parting::Stopped) | None) | Err(_) => {}
            }
        }
        Ok(Found::Unfinished(Box::new(Beginning { state, playbook, gates: Arc::new(Mutex::new(gates)) })))
    }

    pub(super) fn publish(&self, run: &RunId, lines: &[Line]) {
        for line in lines {
            // Nobody listening is no error.
            let _ = self.tools.events.send(RunEvent { run: run.clone(), line: Arc::new(line.clone()) });
        }
    }

    pub(super) fn active(&self) -> usize {
        self.active.lock().len()
    }

    pub(super) fn waiting_lanes(&self) -> usize {
        self.tools.locks.waiting()
    }

    pub(super) async fn idle(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.active.lock().is_empty() {
                return;
            }
            settled.await;
        }
    }

    pub(super) async fn shut_down(&self, deadline: Duration) {
        self.tools.stop.gently();
        self.drivers.close();
        tokio::select! {
            () = self.drivers.wait() => {}
            () = self.tools.clock.sleep(deadline) => {
                tracing::warn!(runs = self.active(), "not everything was finished in time; it goes on after the start");
            }
            () = self.tools.stop.at_once() => {}
        }
        self.tools.stop.now();
    }
}

/// A defect in the engine must not take a run out of the world: it is read anew, like after a crash.
fn defect(run: &RunId) -> Result<Parting, Halt> {
    Err(Halt::Defect(run.clone()))
}

fn again_at_of(tools: &Tools, failures: u32) -> Timestamp {
    let error = ActionError::unavailable("the journal");
    let Tools { settings, clock, jitter, .. } = tools;
    again_at(clock.now(), settings.look_again, failures, &error, settings.longest_asked, jitter.as_ref())
}
