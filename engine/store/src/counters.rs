//! Durable sliding windows: how many different things were done within the last hour, the last day.
//!
//! A window counts members (accounts, devices), each once however often it comes. Room is taken in all windows or in
//! none, before the call that it is for: a crash in between counts a call that was not made, and never the other way
//! round. A clock that jumps back frees nothing: members noted in what is now the future count.

use chrono::TimeDelta;
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::committer::View;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// The counters in the store.
#[derive(Clone)]
pub struct Counters(Store);

/// So many members within this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How far the window reaches back.
    pub length: TimeDelta,
    /// How many members fit in.
    pub at_most: u64,
}

/// A counter with its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The counter's name. The same name means the same count, whoever asks.
    pub counter: String,
    /// The windows that must all have room.
    pub windows: Vec<Window>,
}

/// Whether there was room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// There was, everywhere; it is counted.
    Counted,
    /// It is counted in all of them already, within their windows: no further room is needed.
    Already,
    /// There is none. Nothing was counted.
    Full {
        /// The counter that is full.
        counter: String,
        /// Its window.
        window: Window,
        /// When the first place in it becomes free, should nobody else take it.
        free_at: Option<Timestamp>,
    },
}

/// When each member was last noted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Noted {
    members: Vec<(String, Timestamp)>,
    /// The longest window that anybody asked about: members are kept so long.
    #[serde(with = "millis")]
    kept: TimeDelta,
}

impl Store {
    /// The counters in this store.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters(self.clone())
    }
}

impl Counters {
    /// Takes room for a member in all these budgets, or in none.
    pub async fn take(
        &self,
        budgets: Vec<Budget>,
        member: String,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        self.0.decide(move |view| take(view, &budgets, &member, now)).await
    }

    /// How many members a counter holds within so much time.
    pub fn used(&self, counter: &str, length: TimeDelta, now: Timestamp) -> Result<u64, StoreError> {
        let noted: Option<Noted> = self.0.read(Kind::Counter, &key(counter))?;
        Ok(noted.map_or(0, |noted| noted.within(length, now).count() as u64))
    }
}

impl Noted {
    fn within(&self, length: TimeDelta, now: Timestamp) -> impl Iterator<Item = &(String, Timestamp)> {
        self.members.iter().filter(move |(_, at)| now.signed_duration_since(*at) < length)
    }

    fn holds(&self, window: &Window, member: &str, now: Timestamp) -> bool {
        self.within(window.length, now).any(|(other, _)| other == member)
    }

    /// The first window without room for the member, and when it has some.
    fn full(&self, windows: &[Window], member: &str, now: Timestamp) -> Option<(Window, Option<Timestamp>)> {
        let window = windows.iter().find(|window| {
            let used = self.within(window.length, now).count() as u64;
            used >= window.at_most && !self.holds(window, member, now)
        })?;
        let mut times: Vec<_> = self.within(window.length, now).map(|(_, at)| *at).collect();
        times.sort_unstable();
        // So many must leave that one place is free.
        let last_to_leave = times.len() as u64 - window.at_most;
        let free_at =
            usize::try_from(last_to_leave).ok().and_then(|at| times.get(at)).map(|at| *at + window.length);
        Some((*window, free_at))
    }

    fn note(&mut self, windows: &[Window], member: &str, now: Timestamp) {
        let longest = windows.iter().map(|window| window.length).max().unwrap_or_default();
        self.kept = self.kept.max(longest);
        let earlier = self.members.iter().find(|(other, _)| other == member).map(|(_, at)| *at);
        let kept = self.kept;
        self.members.retain(|(other, at)| other != member && now.signed_duration_since(*at) < kept);
        self.members.push((member.to_owned(), earlier.map_or(now, |at| at.max(now))));
    }
}

fn take(view: &mut View<'_>, budgets: &[Budget], member: &str, now: Timestamp) -> Result<Taken, StoreError> {
    let mut changed = Vec::new();
    for budget in budgets {
        let mut noted: Noted = view.read(Kind::Counter, &key(&budget.counter))?.unwrap_or_default();
        if let Some((window, free_at)) = noted.full(&budget.windows, member, now) {
            return Ok(Taken::Full { counter: budget.counter.clone(), window, free_at });
        }
        let everywhere = budget.windows.iter().all(|window| noted.holds(window, member, now));
        noted.note(&budget.windows, member, now);
        changed.push((key(&budget.counter), noted, everywhere));
    }
    let already = changed.iter().all(|(_, _, everywhere)| *everywhere);
    for (key, noted, _) in changed {
        view.record(Kind::Counter, key, &noted)?;
    }
    Ok(if already { Taken::Already } else { Taken::Counted })
}

fn key(counter: &str) -> Vec<u8> {
    Key::of(keys::COUNTER).text(counter).build()
}

/// A length of time in milliseconds.
mod millis {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(length: &TimeDelta, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(length.num_milliseconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TimeDelta, D::Error> {
        let millis = i64::deserialize(from)?;
        TimeDelta::try_milliseconds(millis)
            .ok_or_else(|| serde::de::Error::custom("a length of time out of range"))
    }
}
