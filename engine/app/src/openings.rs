//! From plans to what is put on disk: which of their claims (`once_per`) other runs have, and what is left of them then.

use std::sync::Arc;

use quell_alert::Timestamp;
use quell_playbook::model::Playbook;
use quell_run::{Engine, Opening, Plan};
use quell_store::{Store, StoreError};

/// A plan as it stands with the claims of others, and what is put on disk of it.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) playbook: Arc<Playbook>,
    pub(crate) opening: Opening,
}

/// Looks who has the claims of a plan. What was seen here is looked at again in the commit.
pub(crate) fn open(
    store: &Store,
    mut plan: Plan,
    playbook: Arc<Playbook>,
    now: Timestamp,
) -> Result<Planned, StoreError> {
    let wanted = plan.claims(&playbook);
    let holders = store.claims().holders(&wanted, now)?;
    let (mut claims, mut attached) = (Vec::new(), Vec::new());
    for (claim, holder) in wanted.into_iter().zip(holders) {
        match holder.filter(|holder| *holder != plan.run) {
            Some(holder) => attached.push((claim, holder)),
            None => claims.push(claim),
        }
    }
    let goes_on = plan.leave_to(attached.iter().map(|(claim, run)| (claim, run)));
    if !goes_on {
        claims.clear();
    }
    let batch = goes_on.then(|| Engine::first_batch(plan.clone()));
    let opening = Opening { run: plan.run.clone(), batch, claims, attached };
    Ok(Planned { plan, playbook, opening })
}
