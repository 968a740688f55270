//! The loop: decide, do, write down, again. Fresh and recovered runs share it; there is no second path.

use std::sync::Arc;

use quell_alert::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::clock::sleep_until;
use crate::command::{Command, obey};
use crate::context::{Context, Done};
use crate::log::Halt;
use crate::next::{Move, Next, next};
use crate::state::lane_about;
use crate::{Entry, LaneId, LaneState, RunState, callee, carry, expand, gate, observe, perform, undo, watch};

/// How a drive came to its end for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parting {
    /// There is nothing more to do.
    Ended,
    /// The run waits for a person, or for a moment: not before then.
    Until(Timestamp),
    /// The engine stops.
    Stopped,
}

/// Drives a run until there is nothing to do, or nothing for now.
pub(crate) async fn drive(
    cx: &Arc<Context>,
    commands: &mut mpsc::UnboundedReceiver<Command>,
) -> Result<Parting, Halt> {
    // What was called may not be there yet, or may have ended, while nobody drove this run; and its caller may have been
    // stopped.
    callee::heed_caller(cx).await?;
    callee::tend(cx).await?;
    let mut moves = UnderWay::default();
    let parting = go_round(cx, &mut moves, commands).await;
    // Nobody may be on the way any more when the run is read anew.
    moves.tasks.shutdown().await;
    parting
}

/// How a run that nobody drives would be parted from at once, with nothing to write down and nobody to call. `None` where
/// something is to be done, or where it has to do with other runs.
pub(crate) async fn rests(cx: &Context) -> Result<Option<Parting>, Halt> {
    if callee::has_to_do_with_others(cx).await {
        return Ok(None);
    }
    let Next { records, moves, wait_until, retries, .. } = decide(cx).await?;
    if !records.is_empty() || !moves.is_empty() {
        return Ok(None);
    }
    Ok(parting(cx, wait_until, retries > 0).await)
}

async fn go_round(
    cx: &Arc<Context>,
    moves: &mut UnderWay,
    commands: &mut mpsc::UnboundedReceiver<Command>,
) -> Result<Parting, Halt> {
    loop {
        let Next { mut records, moves: ready, wait_until, retries, resting } = decide(cx).await?;
        records.retain(|record| !moves.is_in_the_middle_of(record));
        if !records.is_empty() {
            cx.log.note(records, Vec::new()).await?;
            continue;
        }
        cx.log.flush_if_urgent().await?;
        leave_lanes(cx, &resting).await;
        if !cx.tools.stop.is_stopping() {
            ready.into_iter().for_each(|ready| moves.begin(cx, ready));
        }
        let nothing_under_way = moves.is_empty() && commands.is_empty();
        if let Some(parting) = parting(cx, wait_until, retries > 0).await.filter(|_| nothing_under_way) {
            cx.log.flush().await?;
            return Ok(parting);
        }
        tokio::select! {
            biased;
            Some(command) = commands.recv() => obey(cx, command).await?,
            Some(ended) = moves.next(cx) => {
                let (ended, Done { entries, holds }) = ended?;
                cx.log.note(entries, holds).await?;
                moves.end(&ended);
            }
            () = wait(cx, wait_until) => {}
            () = cx.tools.stop.stopping(), if !cx.tools.stop.is_stopping() => {}
        }
    }
}

async fn decide(cx: &Context) -> Result<Next, Halt> {
    let moment = cx.moment().await?;
    Ok(cx.log.look(|state| next(&cx.playbook, state, moment)).await)
}

async fn wait(cx: &Context, until: Option<Timestamp>) {
    match until {
        Some(until) => sleep_until(cx.tools.clock.as_ref(), until).await,
        None => std::future::pending().await,
    }
}

/// Whether to part from a run that has nothing under way.
async fn parting(cx: &Context, wait_until: Option<Timestamp>, retries: bool) -> Option<Parting> {
    if cx.tools.stop.is_stopping() {
        return Some(Parting::Stopped);
    }
    match wait_until {
        None => Some(Parting::Ended),
        // Retries keep their place; a person or a timer of hours does not need the run in memory.
        Some(until) => {
            let finished = cx.log.look(|state| state.finish().is_some()).await;
            (finished || !retries).then_some(Parting::Until(until))
        }
    }
}

/// A lane that has ended, or rests, and has nothing to take back, lets the next one of its identity pass. Only now: what
/// it did is on disk.
async fn leave_lanes(cx: &Context, resting: &[LaneId]) {
    let still_in = cx
        .log
        .look(|state| {
            let is_in = |lane: &LaneState| {
                let goes_on = lane.end().is_none() && !resting.contains(&lane.lane().id);
                goes_on || lane.tasks().any(|task| task.undo_open() || task.is_started())
            };
            state.lanes().iter().map(is_in).collect::<Vec<bool>>()
        })
        .await;
    cx.gates.lock().retain(|lane, _| still_in.get(lane.0 as usize).copied().unwrap_or(false));
}

/// The moves of a run that are under way, side by side: each a task of its own, since one that writes its intent must
/// get on while the loop waits for the journal. Dropping it lets go of all of them.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<(Move, Result<Done, Halt>)>,
    begun: Vec<Move>,
}

impl UnderWay {
    fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Whether a lane, or the messages about a question, have a move under way: nothing is decided over its head. When it
    /// has ended, all is decided anew.
    fn is_in_the_middle_of(&self, record: &Entry) -> bool {
        if let Entry::Carried { question: about, .. } = record {
            let is_about = |begun: &Move| matches!(begun, Move::Carry { question, .. } if question == about);
            return self.begun.iter().any(is_about);
        }
        lane_about(record).is_some_and(|lane| self.begun.iter().any(|begun| begun.lane() == Some(lane)))
    }

    /// Begins a move, unless it or another one for the same task is under way.
    fn begin(&mut self, cx: &Arc<Context>, ready: Move) {
        if self.begun.iter().any(|begun| begun.is_in_the_way_of(&ready)) {
            return;
        }
        self.begun.push(ready.clone());
        let cx = Arc::clone(cx);
        self.tasks.spawn(async move {
            let done = carry_out(&cx, &ready).await;
            (ready, done)
        });
    }

    /// The next one that has ended; `None` where none is under way.
    async fn next(&mut self, cx: &Context) -> Option<Result<(Move, Done), Halt>> {
        let ended = self.tasks.join_next().await?;
        Some(match ended {
            Ok((ended, done)) => done.map(|done| (ended, done)),
            Err(_) => Err(Halt::Defect(cx.plan.run.clone())),
        })
    }

    fn end(&mut self, ended: &Move) {
        self.begun.retain(|begun| !begun.is_the_same(ended));
    }
}

/// Carries out one move, when it is its lane's turn and it is still to be done then.
async fn carry_out(cx: &Context, ready: &Move) -> Result<Done, Halt> {
    // Kept until the move has ended: nobody else gets at its targets before.
    let _under_way = match cx.observes() {
        true => None,
        false => take_turn(cx, ready).await,
    };
    if !cx.observes() {
        let still = decide(cx).await?.moves;
        if cx.tools.stop.is_stopping() || !still.iter().any(|still| still.is_the_same(ready)) {
            return Ok(Done::default());
        }
    }
    match ready {
        Move::Resolve { lane } => expand::resolve(cx, *lane).await,
        Move::Look { lane, step } => expand::look(cx, *lane, step).await,
        Move::Expand { lane, step, trace } => expand::expand(cx, *lane, step, trace.clone()).await,
        Move::Call { lane, step, trace } => callee::call(cx, *lane, step, trace.clone()).await,
        Move::Carry { question, message } => carry::carry(cx, question, message.as_ref()).await,
        Move::Perform { task } | Move::Settle { task } | Move::Watch { task } | Move::Undo { task } => {
            let Some(task) = cx.log.look(|state| state.task(task).cloned()).await else {
                return Ok(Done::default());
            };
            match ready {
                Move::Settle { .. } => perform::settle(cx, &task).await,
                Move::Undo { .. } => undo::undo(cx, &task).await,
                Move::Watch { .. } => watch::watch(cx, &task).await,
                _ if cx.observes() => Ok(observe::foresee(cx, &cx.tools.hands.eyes, &task).await),
                _ => perform::perform(cx, &task).await,
            }
        }
    }
}

/// Waits for the lane's turn among all lanes of its identity, and among those that touch the same accounts.
async fn take_turn(cx: &Context, ready: &Move) -> Option<gate::UnderWay> {
    let lane = ready.lane()?;
    let gate = cx.gate(lane);
    let open = |state: &RunState| {
        state.lane(lane).filter(|lane| lane.end().is_none()).map(|lane| lane.lane().clone())
    };
    if let Some(lane) = cx.log.look(open).await {
        gate.enter(&cx.tools.locks, &lane).await;
    }
    if matches!(ready, Move::Perform { .. } | Move::Settle { .. } | Move::Undo { .. }) {
        return Some(gate.hold(&cx.tools.locks, cx.targets(lane).await).await);
    }
    None
}
