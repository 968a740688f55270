//! The hand-over between the thread that reads a source and the pipeline that records.
//!
//! It knows what is queued, what has been handed out, and what is still open in which stream. A *stream*
//! is one assignment of one Kafka partition, or one reading of files; it has a number that is never used
//! twice, which is what makes late receipts harmless.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use crate::contiguous::{Contiguous, Opened};
use crate::delivery::{Delivery, Origin, Payload, Receipt};
use crate::error::IngestError;
use crate::source::{Acceptance, FlowLimits};

/// The hand-over of one source. The reading thread pushes, the pipeline fetches and accepts.
#[derive(Debug)]
pub(crate) struct Intake {
    limits: FlowLimits,
    state: Mutex<State>,
    /// Something was queued, or the source has ended.
    arrived: Notify,
    /// Something was accepted or closed, so the reading thread may have work.
    accepted: Condvar,
}

#[derive(Debug, Default)]
struct State {
    streams: HashMap<u64, Stream>,
    last_stream: u64,
    queue: VecDeque<Delivery>,
    in_flight: usize,
    in_flight_bytes: usize,
    accepted: u64,
    over: bool,
    ended: bool,
    failure: Option<IngestError>,
}

#[derive(Debug, Default)]
struct Stream {
    books: Contiguous,
    /// The position that was last reported by [`Intake::take_positions`].
    reported: Option<i64>,
}

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Queued, or already in flight.
    Taken,
    /// The stream went back behind what it had given; it needs a new stream.
    Rewound,
    /// The stream is closed, or the source has ended.
    Closed,
}

/// A record on its way in.
pub(crate) struct Incoming {
    pub(crate) offset: i64,
    pub(crate) origin: Origin,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Payload,
}

/// How much is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) in_flight: usize,
    pub(crate) in_flight_bytes: usize,
    pub(crate) accepted: u64,
}

impl Intake {
    pub(crate) fn new(limits: FlowLimits) -> Self {
        Self { limits, state: Mutex::default(), arrived: Notify::new(), accepted: Condvar::new() }
    }

    // ---- the reading thread's side ----

    pub(crate) fn open_stream(&self) -> u64 {
        let mut state = self.state.lock();
        state.last_stream += 1;
        let number = state.last_stream;
        state.streams.insert(number, Stream::default());
        number
    }

    pub(crate) fn push(&self, stream: u64, incoming: Incoming) -> Pushed {
        let mut state = self.state.lock();
        if state.ended {
            return Pushed::Closed;
        }
        let Incoming { offset, origin, key, payload } = incoming;
        let size = payload.size() + key.as_ref().map_or(0, Vec::len);
        let Some(known) = state.streams.get_mut(&stream) else { return Pushed::Closed };
        match known.books.open(offset, size) {
            Opened::New => {}
            Opened::AlreadyOpen => return Pushed::Taken,
            Opened::Rewound => return Pushed::Rewound,
        }
        let receipt = Receipt { stream, offset };
        state.queue.push_back(Delivery { origin, receipt, key, payload });
        state.in_flight += 1;
        state.in_flight_bytes += size;
        state.note_load(&self.limits);
        drop(state);
        self.arrived.notify_waiters();
        Pushed::Taken
    }

    /// Whether reading should rest. It becomes true at a high mark, and false again at the low ones.
    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().over
    }

    /// Waits until reading may go on; `false` when the time is up or the source has ended.
    pub(crate) fn wait_for_room(&self, at_most: Duration) -> bool {
        self.wait_until(at_most, |state| !state.over || state.ended) && !self.state.lock().ended
    }

    /// Takes back what these streams have queued and nobody has been given yet.
    pub(crate) fn withdraw(&self, streams: &[u64]) {
        let mut state = self.state.lock();
        for stream in streams {
            state.withdraw(*stream);
        }
        state.note_load(&self.limits);
    }

    /// Waits until everything that was handed out of these streams is accepted; `false` when the time is
    /// up first.
    pub(crate) fn wait_until_accepted(&self, streams: &[u64], at_most: Duration) -> bool {
        self.wait_until(at_most, |state| {
            streams.iter().all(|stream| state.streams.get(stream).is_none_or(|s| s.books.open_count() == 0))
        })
    }

    /// Forgets a stream: its queued deliveries are dropped, its receipts go stale. Gives how many
    /// deliveries had been handed out and not accepted.
    pub(crate) fn close_stream(&self, stream: u64) -> usize {
        let mut state = self.state.lock();
        state.withdraw(stream);
        let Some(closed) = state.streams.remove(&stream) else { return 0 };
        let left = closed.books.open_count();
        state.in_flight -= left;
        state.in_flight_bytes -= closed.books.open_size();
        state.note_load(&self.limits);
        drop(state);
        self.accepted.notify_all();
        left
    }

    /// The positions up to which everything is accepted, of the streams where they have moved.
    pub(crate) fn take_positions(&self) -> Vec<(u64, i64)> {
        let mut moved = Vec::new();
        for (number, stream) in &mut self.state.lock().streams {
            let position = stream.books.committable();
            if let Some(at) = position
                && position != stream.reported
            {
                stream.reported = position;
                moved.push((*number, at));
            }
        }
        moved
    }

    /// What was accepted and what is open of one stream, for health.
    pub(crate) fn stream(&self, stream: u64) -> Option<(Option<i64>, usize)> {
        let state = self.state.lock();
        let known = state.streams.get(&stream)?;
        Some((known.books.committable(), known.books.open_count()))
    }

    /// Nothing more will come. Whoever fetches gets what is queued, then the failure, then the end.
    pub(crate) fn end(&self, failure: Option<IngestError>) {
        let mut state = self.state.lock();
        if !state.ended {
            state.ended = true;
            state.failure = failure;
        }
        drop(state);
        self.wake();
    }

    /// Nothing more will come, and nothing more is handed out either.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        let streams: Vec<u64> = state.streams.keys().copied().collect();
        for stream in streams {
            state.withdraw(stream);
        }
        // Under the same lock: a push in between would be handed out after all.
        state.ended = true;
        drop(state);
        self.wake();
    }

    fn wake(&self) {
        self.arrived.notify_waiters();
        self.accepted.notify_all();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    pub(crate) fn load(&self) -> Load {
        let state = self.state.lock();
        Load { in_flight: state.in_flight, in_flight_bytes: state.in_flight_bytes, accepted: state.accepted }
    }

    // ---- the pipeline's side ----

    /// See [`crate::AlertSource::fetch`]. What is given is taken out of the queue in the same moment in
    /// which the future completes, so dropping it earlier loses nothing.
    pub(crate) async fn fetch(&self, most: usize) -> Result<Option<Vec<Delivery>>, IngestError> {
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            // Listening begins before looking, so that nothing can arrive unseen in between.
            arrived.as_mut().enable();
            if let Some(answer) = self.state.lock().take(most.max(1)) {
                return answer;
            }
            arrived.await;
        }
    }

    pub(crate) fn accept(&self, receipts: &[Receipt]) -> Acceptance {
        let mut state = self.state.lock();
        let mut acceptance = Acceptance::default();
        for receipt in receipts {
            match state.streams.get_mut(&receipt.stream).and_then(|s| s.books.accept(receipt.offset)) {
                Some(size) => {
                    state.in_flight -= 1;
                    state.in_flight_bytes -= size;
                    acceptance.counted += 1;
                }
                None => acceptance.ignored += 1,
            }
        }
        state.accepted += acceptance.counted as u64;
        state.note_load(&self.limits);
        drop(state);
        quell_crash::point!("ingest.accepted");
        self.accepted.notify_all();
        acceptance
    }

    pub(crate) fn is_current(&self, receipt: &Receipt) -> bool {
        self.state.lock().streams.get(&receipt.stream).is_some_and(|s| s.books.is_open(receipt.offset))
    }

    fn wait_until(&self, at_most: Duration, done: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + at_most;
        let mut state = self.state.lock();
        while !done(&state) {
            if self.accepted.wait_until(&mut state, deadline).timed_out() {
                return done(&state);
            }
        }
        true
    }
}

impl State {
    fn note_load(&mut self, limits: &FlowLimits) {
        if limits.is_over(self.in_flight, self.in_flight_bytes) {
            self.over = true;
        } else if limits.is_under(self.in_flight, self.in_flight_bytes) {
            self.over = false;
        }
    }

    fn withdraw(&mut self, stream: u64) {
        // Deliveries of one stream are queued and handed out in order, so those still queued are its
        // newest ones, and the first of them marks where the withdrawal begins.
        let Some(first) = self.queue.iter().find(|queued| queued.receipt.stream == stream) else { return };
        let from = first.receipt.offset;
        self.queue.retain(|queued| queued.receipt.stream != stream);
        if let Some(known) = self.streams.get_mut(&stream) {
            let before = (known.books.open_count(), known.books.open_size());
            known.books.withdraw_from(from);
            self.in_flight -= before.0 - known.books.open_count();
            self.in_flight_bytes -= before.1 - known.books.open_size();
        }
    }

    fn take(&mut self, most: usize) -> Option<Result<Option<Vec<Delivery>>, IngestError>> {
        if !self.queue.is_empty() {
            let count = most.min(self.queue.len());
            return Some(Ok(Some(self.queue.drain(..count).collect())));
        }
        if let Some(failure) = self.failure.take() {
            return Some(Err(failure));
        }
        self.ended.then_some(Ok(None))
    }
}

#[cfg(test)]
mod tests;
