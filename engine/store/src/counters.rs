//! Who was touched, as limits count it: see [`quell_run::reserve`]. One record for each counter, changed by the thread
//! that writes, so that no two runs ever take the same place; on disk before the call that it is for.

use quell_run::{CounterName, Reservation, Reserved, RunId, Tally, reserve};
use serde::{Deserialize, Serialize};

use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// The counters in the store.
#[derive(Clone)]
pub struct Counters(Store);

/// A counter, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Counter {
    name: CounterName,
    tally: Tally,
}

impl Store {
    /// The counters in this store.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters(self.clone())
    }
}

impl Counters {
    /// Takes a place for a member in all counters, or in none.
    pub async fn take(&self, order: Reservation) -> Result<Reserved, StoreError> {
        self.0.decide(move |view| take(view, &order)).await
    }

    /// The counters over all runs: the site's and the playbooks'.
    pub async fn list(&self) -> Result<Vec<(CounterName, Tally)>, StoreError> {
        self.0.aside(all).await
    }
}

fn take(view: &mut View<'_>, order: &Reservation) -> Result<Reserved, StoreError> {
    let load = |name: &CounterName| {
        let counter: Option<Counter> = view.read(Kind::Counter, &key(name))?;
        Ok::<_, StoreError>(counter.map(|counter| counter.tally))
    };
    let (reserved, changed) = reserve(order, load)?;
    for (name, tally) in changed {
        view.record(Kind::Counter, key(&name), &Counter { name, tally })?;
    }
    Ok(reserved)
}

fn all(store: &Store) -> Result<Vec<(CounterName, Tally)>, StoreError> {
    let mut found = Vec::new();
    for space in [SITE, PLAYBOOK] {
        let scan = Scan::prefix(Key::of(keys::COUNTER).text(space).build());
        store.walk(Kind::Counter, scan, |counter: Counter| {
            found.push((counter.name, counter.tally));
            Ok(true)
        })?;
    }
    Ok(found)
}

const SITE: &str = "site";
const PLAYBOOK: &str = "playbook";
const RUN: &str = "run";

fn key(name: &CounterName) -> Vec<u8> {
    let of = |space: &str| Key::of(keys::COUNTER).text(space);
    match name {
        CounterName::Site(what) => of(SITE).text(what.word()),
        CounterName::Playbook(playbook, what) => of(PLAYBOOK).text(&playbook.0).text(what.word()),
        CounterName::Run(run, what) => of(RUN).text(&run.0).text(what.word()),
    }
    .build()
}

/// The keys of what one run has touched.
pub(crate) fn keys_of(run: &RunId) -> [Vec<u8>; 2] {
    quell_playbook::model::Counted::ALL.map(|what| key(&CounterName::Run(run.clone(), what)))
}
