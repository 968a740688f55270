//! What an alert comes to: which playbooks it starts, what these will do, and all of it on disk in one commit.

use std::sync::Arc;

use arc_swap::ArcSwap;
use quell_alert::{Alert, Timestamp};
use quell_playbook::model::{AlertState, Playbook};
use quell_playbook::{Matcher, Moment};
use quell_run::{Clock, Engine, NamedLists, Opening, Origin, Plan, RunId};
use quell_store::{Accepted, NewAlert, Standing, Store, StoreError};
use serde_json::Value;

use crate::openings::{Planned, open};
use crate::records::{complete, since_before};
use crate::wire::App;

/// Decides alerts: match, plan, accept.
pub(crate) struct Decider {
    pub(crate) store: Store,
    pub(crate) matcher: Arc<ArcSwap<Matcher>>,
    pub(crate) engine: Engine,
    pub(crate) lists: Arc<NamedLists>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) origin: Origin,
    /// Plan and record only: what a dry replay does.
    pub(crate) dry: bool,
}

/// What became of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is on disk with the runs that it started.
    Accepted {
        runs: Vec<RunId>,
        /// How many runs were not created, since an earlier one has the matter in hand: it was attached to them.
        attached: u64,
    },
    /// It was accepted before.
    Repeated,
}

impl Decider {
    /// Decides over the store and the engine of `app`.
    pub(crate) fn new(app: &App, origin: Origin) -> Self {
        Self {
            store: app.store.clone(),
            matcher: Arc::clone(&app.matcher),
            engine: app.engine.clone(),
            lists: app.lists.handle(),
            clock: Arc::clone(&app.clock),
            origin,
            dry: false,
        }
    }

    /// The same, but what it decides is only planned and recorded.
    pub(crate) fn observing(self) -> Self {
        Self { dry: true, ..self }
    }

    /// Puts an alert on disk with the runs that it starts, and hands these to the engine. On an error it may be on disk
    /// all the same, and so may the runs that are `doubtful` then: call again with them.
    pub(crate) async fn decide(
        &self,
        alert: &Arc<Alert>,
        raw: &[u8],
        origin: &Value,
        doubtful: &mut Vec<RunId>,
    ) -> Result<Decision, StoreError> {
        loop {
            // Where another version of the alert came in between, it is decided again.
            if let Some(decision) = self.try_decide(alert, raw, origin, doubtful).await? {
                return Ok(decision);
            }
        }
    }

    async fn try_decide(
        &self,
        alert: &Arc<Alert>,
        raw: &[u8],
        origin: &Value,
        doubtful: &mut Vec<RunId>,
    ) -> Result<Option<Decision>, StoreError> {
        let standing = self.store.alerts().standing(alert)?;
        if standing == Standing::Repeated {
            self.see_to(doubtful).await;
            return Ok(Some(Decision::Repeated));
        }
        let whole = since_before(complete(alert, raw, &self.store).await?, standing, &self.store).await?;
        let now = self.clock.now();
        let plans = self.plan(&whole, standing, now)?;
        let openings: Vec<Opening> = plans.iter().map(|planned| planned.opening.clone()).collect();
        // Should the write be reported as failed, it may have happened all the same.
        *doubtful = plans.iter().map(|planned| planned.plan.run.clone()).collect();
        let new =
            NewAlert { alert: Arc::clone(alert), raw: raw.to_vec(), origin: origin.clone(), received: now };
        let attached = openings.iter().filter(|opening| opening.batch.is_none()).count() as u64;
        quell_crash::point!("app.alert.decided");
        let accepted = self.store.alerts().accept_with(new, standing, openings).await?;
        quell_crash::point!("app.alert.recorded");
        Ok(match accepted {
            Accepted::Recorded { created, .. } => {
                self.hand_over(plans, &created);
                Some(Decision::Accepted { runs: created, attached })
            }
            Accepted::Repeated => {
                self.see_to(doubtful).await;
                Some(Decision::Repeated)
            }
            Accepted::Changed(_) => None,
        })
    }

    /// What the playbooks come to that this alert starts, where no other run has it in hand.
    fn plan(
        &self,
        alert: &Arc<Alert>,
        standing: Standing,
        now: Timestamp,
    ) -> Result<Vec<Planned>, StoreError> {
        // Evidence that comes apart from its alert is new each time, though the detection has been seen.
        let seen_before = standing != Standing::First && alert.part.is_none();
        let state = AlertState::of(alert.status, seen_before);
        let moment = Moment { now, lists: self.lists.now(), kept: Arc::default() };
        let matcher = self.matcher.load_full();
        let matching = matcher.matching(alert, state, moment.clone());
        let plan = |playbook: &Arc<Playbook>| {
            let plan = Plan::new(Arc::clone(alert), playbook, self.origin.clone(), state, moment.clone());
            let plan = plan.calling(&matcher.called_by(playbook));
            let plan = if self.dry { plan.observing() } else { plan };
            open(&self.store, plan, Arc::clone(playbook), now)
        };
        matching.into_iter().map(plan).collect()
    }

    fn hand_over(&self, plans: Vec<Planned>, created: &[RunId]) {
        let made = plans.into_iter().filter(|planned| created.contains(&planned.plan.run));
        for Planned { plan, playbook, .. } in made {
            let run = plan.run.clone();
            metrics::counter!("quell_runs_started_total", "playbook" => playbook.name.to_string())
                .increment(1);
            if let Err(error) = self.engine.adopt(plan, playbook) {
                // It is on disk: the next start takes it up.
                tracing::warn!(run.id = %run, %error, "the run is left for the next start");
            }
        }
    }

    /// Hands runs to the engine of which it is not certain that they are on disk.
    async fn see_to(&self, doubtful: &[RunId]) {
        see_to(&self.engine, doubtful).await;
    }
}

/// The same as soon as the store can be read again after the write that failed. Whoever asked does not wait for it.
pub(crate) fn see_to_later(store: &Store, engine: &Engine, doubtful: Vec<RunId>) {
    let (store, engine) = (store.clone(), engine.clone());
    tokio::spawn(async move {
        if store.healthy().await.is_ok() {
            see_to(&engine, &doubtful).await;
        }
    });
}

async fn see_to(engine: &Engine, doubtful: &[RunId]) {
    for run in doubtful {
        if let Err(error) = engine.see_to(run).await {
            tracing::warn!(run.id = %run, %error, "the run is left for the next start");
        }
    }
}
