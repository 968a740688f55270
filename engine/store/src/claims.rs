//! Claims (`once_per`): which run has what in hand, and which later alerts belong to it.
//!
//! A claim is made in the commit that accepts the alert and creates the run, by the one thread that writes: of two
//! alerts that come at the same moment one has it, and the other is attached to its run.

use quell_alert::Timestamp;
use quell_run::{Attached, Claim, Opening, RunId, RunSummary};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Audited};
use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::journal::summary_key;
use crate::keys::{self, Key};
use crate::record::{Kind, decode};
use crate::store::Store;

/// How many old claims are forgotten in one write.
const AT_ONCE: usize = 1000;

/// The claims of runs.
#[derive(Clone)]
pub struct Claims(Store);

/// Who has a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claimed {
    run: RunId,
    until: Timestamp,
    shown: String,
}

impl Store {
    /// The claims of runs.
    #[must_use]
    pub fn claims(&self) -> Claims {
        Claims(self.clone())
    }
}

impl Claims {
    /// The run that has each of these claims at this moment, where one does.
    pub fn holders(&self, claims: &[Claim], now: Timestamp) -> Result<Vec<Option<RunId>>, StoreError> {
        claims.iter().map(|claim| self.holder(claim, now)).collect()
    }

    fn holder(&self, claim: &Claim, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        let claimed: Option<Claimed> = self.0.read(Kind::Claim, &key(&claim.name))?;
        let Some(run) = claimed.filter(|claimed| now < claimed.until).map(|claimed| claimed.run) else {
            return Ok(None);
        };
        Ok(self.0.get(&summary_key(&run))?.map(|_| run))
    }
}

impl Store {
    /// Forgets the claims whose time is over.
    pub(crate) async fn forget_claims(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let old = self.aside(move |store| over(store, now)).await?;
            let is_all = old.len() < AT_ONCE;
            if !old.is_empty() {
                self.decide(move |view| old.into_iter().try_for_each(|key| forget(view, key, now))).await?;
            }
            if is_all {
                return Ok(());
            }
        }
    }
}

/// Whether every claim stands as it stood when the plan was made: free, or with the run that it was with.
pub(crate) fn still_so(view: &View<'_>, opening: &Opening, now: Timestamp) -> Result<bool, StoreError> {
    for claim in &opening.claims {
        if held(view, claim, now)?.is_some_and(|run| run != opening.run) {
            return Ok(false);
        }
    }
    for (claim, run) in &opening.attached {
        if held(view, claim, now)?.as_ref() != Some(run) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Stages the claims of a run that is created.
pub(crate) fn stage(view: &mut View<'_>, opening: &Opening) -> Result<(), StoreError> {
    for claim in &opening.claims {
        let Claim { until, shown, .. } = claim.clone();
        view.record(Kind::Claim, key(&claim.name), &Claimed { run: opening.run.clone(), until, shown })?;
    }
    Ok(())
}

/// Stages that an alert belongs to a run: once, however many of its claims that run has.
pub(crate) fn attach(view: &mut View<'_>, run: &RunId, attached: &Attached) -> Result<(), StoreError> {
    let key = Key::of(keys::RUN_ATTACHED)
        .text(&run.0)
        .moment(attached.at)
        .text(attached.alert.as_str())
        .text(&attached.version)
        .build();
    let what = Audited::Attached { run: run.clone(), alert: attached.alert.clone() };
    let content = serde_json::to_vec(attached)
        .map_err(|source| StoreError::Encode { kind: Kind::Attached.name(), source })?;
    audit::append(view, attached.at, what, &content)?;
    view.record(Kind::Attached, key, attached)
}

/// The alerts that belong to a run, in the order in which they came.
pub(crate) fn attached(store: &Store, run: &RunId) -> Result<Vec<Attached>, StoreError> {
    let mut found = Vec::new();
    store.walk(Kind::Attached, Scan::prefix(attached_space(run)), |attached: Attached| {
        found.push(attached);
        Ok(true)
    })?;
    Ok(found)
}

/// Where the alerts stand that belong to a run.
pub(crate) fn attached_space(run: &RunId) -> Vec<u8> {
    Key::of(keys::RUN_ATTACHED).text(&run.0).build()
}

/// A run that was forgotten holds nothing any more.
fn held(view: &View<'_>, claim: &Claim, now: Timestamp) -> Result<Option<RunId>, StoreError> {
    let claimed: Option<Claimed> = view.read(Kind::Claim, &key(&claim.name))?;
    let Some(run) = claimed.filter(|claimed| now < claimed.until).map(|claimed| claimed.run) else {
        return Ok(None);
    };
    let is_there = view.read::<RunSummary>(Kind::RunSummary, &summary_key(&run))?.is_some();
    Ok(is_there.then_some(run))
}

/// The keys of some claims whose time is over.
fn over(store: &Store, now: Timestamp) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut scan = Scan::prefix(keys::CLAIM).limit(1000);
    let mut old = Vec::new();
    loop {
        let page = store.scan(&scan)?;
        for (key, bytes) in page.pairs {
            let claimed = decode::<Claimed>(Kind::Claim, &key, &bytes);
            let is_over = store.damage().leave_out(claimed)?.is_some_and(|claimed| claimed.until <= now);
            if is_over {
                old.push(key);
            }
            if old.len() == AT_ONCE {
                return Ok(old);
            }
        }
        match page.next {
            Some(next) => scan.from = Some(next),
            None => return Ok(old),
        }
    }
}

/// Another run may have made it its own since it was looked at.
fn forget(view: &mut View<'_>, key: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
    let is_over = view.read::<Claimed>(Kind::Claim, &key)?.is_some_and(|claimed| claimed.until <= now);
    if is_over {
        view.delete(key);
    }
    Ok(())
}

fn key(name: &str) -> Vec<u8> {
    Key::of(keys::CLAIM).text(name).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::MemoryDisk;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    /// Another run makes it its own between the look and the write.
    #[tokio::test]
    async fn a_claim_that_was_made_anew_since_it_was_looked_at_stays() {
        let store = Store::in_memory(&MemoryDisk::default()).unwrap();
        let claim = |run: &str, until: i64| {
            let claimed = Claimed { run: RunId(run.into()), until: at(until), shown: "alice".into() };
            store.decide(move |view| view.record(Kind::Claim, key("alice"), &claimed))
        };
        claim("r1", 100).await.unwrap();
        let old = over(&store, at(200)).unwrap();
        assert_eq!(old, [key("alice")]);
        claim("r2", 900).await.unwrap();
        store.decide(move |view| forget(view, key("alice"), at(200))).await.unwrap();
        let kept: Option<Claimed> = store.read(Kind::Claim, &key("alice")).unwrap();
        assert_eq!(kept.map(|claimed| claimed.run), Some(RunId("r2".into())));
        store.decide(move |view| forget(view, key("alice"), at(900))).await.unwrap();
        assert_eq!(store.get(&key("alice")).unwrap(), None);
    }
}
