//! Playbooks that the clock starts: one run for each moment of a schedule, whatever is stopped, started or reloaded.
//!
//! The id of such a run follows from playbook and moment, so that there is never a second one. How far a schedule has
//! been seen to is noted in the store: from there the next look goes on, and finds what was missed.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::TimeDelta;
use quell_alert::Timestamp;
use quell_playbook::model::{Mode, Playbook};
use quell_playbook::schedule::{Missed, Schedule};
use quell_playbook::{Matcher, Moment};
use quell_run::{Clock, Engine, EngineError, NamedLists, Plan, Start};
use quell_store::{Seen, Store, StoreError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::wire::App;

/// A moment that is seen so late was missed: nobody looked when it came.
const LATE: TimeDelta = TimeDelta::minutes(2);

/// It is looked at least so often: playbooks may have been read anew, and clocks may have been set.
const EVERY: Duration = Duration::from_secs(20);

/// Starts playbooks by the clock.
pub(crate) struct Clockwork {
    pub(crate) store: Store,
    pub(crate) matcher: Arc<ArcSwap<Matcher>>,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lists: Arc<NamedLists>,
}

/// Why a moment could not be seen to. It is tried again at the next look.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Begins to start playbooks by the clock, until `stop`.
pub(super) fn begin(app: &App, stop: &CancellationToken) -> JoinHandle<()> {
    let clockwork = Clockwork {
        store: app.store.clone(),
        matcher: Arc::clone(&app.matcher),
        engine: app.engine.clone(),
        clock: Arc::clone(&app.clock),
        lists: app.lists.handle(),
    };
    let stop = stop.clone();
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            let next = clockwork.look().await;
            let now = clockwork.clock.now();
            let wait = next.and_then(|next| (next - now).to_std().ok()).map_or(EVERY, |wait| wait.min(EVERY));
            tokio::select! {
                () = stop.cancelled() => {}
                () = clockwork.clock.sleep(wait) => {}
            }
        }
    })
}

impl Clockwork {
    /// Starts what is due by now. Returns the next moment of all schedules.
    pub(crate) async fn look(&self) -> Option<Timestamp> {
        let matcher = self.matcher.load_full();
        let now = self.clock.now();
        let mut next: Option<Timestamp> = None;
        for playbook in matcher.playbooks().iter().filter(|playbook| playbook.mode != Mode::Disabled) {
            let Some(schedule) = &playbook.when.schedule else { continue };
            if let Err(error) = self.see_to(&matcher, playbook, schedule, now).await {
                tracing::error!(playbook = %playbook.name, %error, "a scheduled start could not be made; trying again");
            }
            next = [next, schedule.after(now)].into_iter().flatten().min();
        }
        next
    }

    async fn see_to(
        &self,
        matcher: &Matcher,
        playbook: &Arc<Playbook>,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let schedules = self.store.schedules();
        let seen = schedules.seen(&playbook.name)?.filter(|seen| seen.schedule == schedule.to_string());
        let Some(seen) = seen else {
            // It is new here, or says something else than before: nothing of it was missed.
            return Ok(self.note(playbook, schedule, now).await?);
        };
        let Some(due) = schedule.latest(seen.until, now) else { return Ok(()) };
        if now - due > LATE && schedule.missed == Missed::Skip {
            tracing::info!(playbook = %playbook.name, %due, "a scheduled start was missed, and is left out");
        } else {
            let plan =
                Plan::scheduled(playbook, due, Moment { now, lists: self.lists.now(), kept: Arc::default() })
                    .calling(&matcher.called_by(playbook));
            let run = plan.run.clone();
            let start = self.engine.start(plan, Arc::clone(playbook)).await?;
            if start == Start::Created {
                metrics::counter!("quell_runs_started_total", "playbook" => playbook.name.to_string())
                    .increment(1);
                tracing::info!(playbook = %playbook.name, %due, run.id = %run, "started by the clock");
            }
        }
        Ok(self.note(playbook, schedule, now).await?)
    }

    async fn note(
        &self,
        playbook: &Playbook,
        schedule: &Schedule,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let seen = Seen { schedule: schedule.to_string(), until };
        self.store.schedules().note(&playbook.name, seen).await?;
        quell_crash::point!("app.schedule.noted");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
