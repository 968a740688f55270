//! Limits on how many are touched: what a reservation asks for, and whether there is room.
//!
//! A place is taken before the intent of a disruptive call is written, in all counters or in none, and one after the
//! other over all runs: whatever runs at the same time, together they never take more than there is. A crash between
//! the two counts a call that was not made, and never the other way round. What counts is the identity: somebody with
//! four accounts counts once, however often they are touched, and from their latest touch on.
//!
//! Undoing takes no place. Here is no clock and no store: [`reserve`] is given both.

mod tally;

use std::collections::BTreeSet;
use std::fmt;

use quell_alert::Timestamp;
use quell_playbook::model::{Counted, Per, PlaybookName};
use serde::{Deserialize, Serialize};

use crate::RunId;

pub use tally::{Tally, Touch};

/// Who has set a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The site: what all playbooks do counts.
    Site,
    /// The playbook: what all runs of it do counts.
    Playbook,
}

/// One limit: the site's 50 accounts per hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Limit {
    /// Who has set it.
    pub whose: Whose,
    /// What it counts.
    pub what: Counted,
    /// Over which stretch.
    pub per: Per,
    /// How many.
    pub at_most: u32,
}

/// A limit without room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceeded {
    /// Which.
    pub limit: Limit,
    /// How many it holds.
    pub used: u32,
    /// When a place becomes free, should nobody else take it; `None`: not with time.
    pub frees_at: Option<Timestamp>,
}

/// The identity or device that is about to be touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// All that it is known by for certain: whoever shares one of these is the same.
    pub keys: BTreeSet<String>,
    /// What people call it.
    pub display: String,
}

/// A place that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// For which run.
    pub run: RunId,
    /// Of which playbook.
    pub playbook: PlaybookName,
    /// What is counted.
    pub what: Counted,
    /// For whom.
    pub member: Member,
    /// The limits that must have room.
    pub limits: Vec<Limit>,
    /// Those of them that people let it pass: counted, and not asked.
    pub granted: Vec<(Whose, Per)>,
    /// At which moment.
    pub at: Timestamp,
}

/// Whether there was room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// There was, everywhere, and it is counted.
    Counted,
    /// These have none. Nothing was counted.
    Over(Vec<Exceeded>),
}

/// The name of a tally.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterName {
    /// All that is touched.
    Site(Counted),
    /// All that the runs of a playbook touch.
    Playbook(PlaybookName, Counted),
    /// All that one run touches.
    Run(RunId, Counted),
}

impl Limit {
    fn counter(&self, order: &Reservation) -> CounterName {
        match (self.per, self.whose) {
            (Per::Run, _) => CounterName::Run(order.run.clone(), self.what),
            (_, Whose::Site) => CounterName::Site(self.what),
            (_, Whose::Playbook) => CounterName::Playbook(order.playbook.clone(), self.what),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.whose {
            Whose::Site => "the site's",
            Whose::Playbook => "the playbook's",
        };
        let per = match self.per {
            Per::Run => "in one run",
            Per::Hour => "per hour",
            Per::Day => "per day",
        };
        let what = self.what.word();
        write!(
            f,
            "{whose} limit of {} {} {per}",
            self.at_most,
            if self.at_most == 1 { &what[..what.len() - 1] } else { what }
        )
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is reached", self.limit)?;
        if self.used > self.limit.at_most {
            write!(f, " ({} are counted)", self.used)?;
        }
        Ok(())
    }
}

/// Takes a place in all tallies or in none. Returns the tallies that have changed.
///
/// # Errors
/// What `load` says where a tally cannot be read: then nobody knows whether there is room.
pub fn reserve<E>(
    order: &Reservation,
    mut load: impl FnMut(&CounterName) -> Result<Option<Tally>, E>,
) -> Result<(Reserved, Vec<(CounterName, Tally)>), E> {
    let mut tallies: Vec<(CounterName, Tally)> = Vec::new();
    let mut over = Vec::new();
    for limit in &order.limits {
        let name = limit.counter(order);
        let place = match tallies.iter().position(|(other, _)| *other == name) {
            Some(place) => place,
            None => {
                let tally = load(&name)?.unwrap_or_default();
                tallies.push((name, tally));
                tallies.len() - 1
            }
        };
        let tally = &mut tallies[place].1;
        tally.remember(*limit);
        if !order.granted.contains(&(limit.whose, limit.per)) {
            over.extend(tally.exceeded(limit, &order.member, order.at));
        }
    }
    if !over.is_empty() {
        return Ok((Reserved::Over(over), Vec::new()));
    }
    for (_, tally) in &mut tallies {
        tally.note(order);
    }
    Ok((Reserved::Counted, tallies))
}
