//! [`Local`]: the operations carried out here, over the store and the engine of this process.

mod exclusion;
mod foresight;
mod identity;
mod import;
mod limits;
mod lists;
pub(crate) mod pause;
mod people;
mod record;
mod start;
pub(crate) mod store;
mod submit;
mod timers;
mod undo;

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::exclusion::{Entry, EntryId};
use quell_action::lists::ListEntry;
use quell_api::{
    AddExclusion, AddToList, AnswerOrder, AuditPage, AuditVerdict, BackedUp, Backup, Caller, ConfirmOrder,
    ExclusionTest, ExtendOrder, Health, IdentityReport, ImportExclusions, Imported, InQuestion, LimitsReport,
    ListContent, ListSummary, Operations, Part, PauseNote, PauseOrder, Prune, Pruned, Refusal,
    RemoveFromList, RunRecord, SettleOrder, StartOrder, Started, Submission, Submitted, Timers, UndoMany,
    UndoOrder, Undone, Verified,
};
use quell_run::{EngineError, OpenQuestion, RunFilter, RunId, RunMatch, RunSummary, Runs};
use quell_store::Anchor;
use serde_json::Value;

use crate::wire::App;

/// The operations carried out here.
pub(crate) struct Local {
    app: Arc<App>,
}

impl Local {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// A process that serves no source ends with its command: it first does what the command has set going. While the
    /// engine is paused that waits for the next one.
    async fn see_through(&self) {
        if self.app.source_health().is_none() && !self.app.brake.is_on() {
            self.app.engine.idle().await;
        }
    }

    async fn find(&self, name: &str) -> Result<RunId, Refusal> {
        match self.app.store.runs().find(name).await.map_err(Refusal::unavailable)? {
            RunMatch::One(run) => Ok(run),
            RunMatch::None => Err(Refusal::not_found(format!("there is no run {name}"))),
            RunMatch::Several(runs) => {
                let ids: Vec<String> = runs.into_iter().map(|run| run.0).collect();
                Err(Refusal::invalid(format!("{name} is the beginning of several runs: {}", ids.join(", "))))
            }
        }
    }

    async fn summary(&self, run: &RunId) -> Result<RunSummary, Refusal> {
        let found = self.app.store.runs().summary(run).await.map_err(Refusal::unavailable)?;
        found.ok_or_else(|| Refusal::not_found(format!("there is no run {run}")))
    }
}

/// Carries an operation out to its end, also when whoever asked for it goes away in the middle: what is on disk must
/// come into force.
async fn to_its_end<T: Send + 'static>(
    operation: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::spawn(operation).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(ended) => Err(Refusal::unavailable(ended)),
    }
}

/// What an engine's no means to who asked.
fn refused(error: EngineError) -> Refusal {
    match error {
        EngineError::NoSuchRun(_) => Refusal::not_found(error.to_string()),
        // The run does not say no: it has not heard.
        EngineError::Refused(quell_run::Refusal::NotWritten(_)) => Refusal::unavailable(error),
        EngineError::Refused(_) | EngineError::OnlyObserves(_) => Refusal::conflict(error.to_string()),
        _ => Refusal::unavailable(error),
    }
}

#[async_trait]
impl Operations for Local {
    async fn health(&self) -> Health {
        let store = self.app.store.health();
        let mut parts = vec![Part {
            name: "store".into(),
            well: store.healthy,
            note: store.reason.unwrap_or_else(|| {
                let alarms = if store.alarms.is_empty() {
                    String::new()
                } else {
                    format!("; {}", store.alarms.join("; "))
                };
                format!("{}, commit {}{alarms}", store.engine, store.commit)
            }),
        }];
        // Before its source is reached the engine lives, and is not ready.
        parts.push(self.app.source_health().unwrap_or_else(|| Part {
            name: "source".into(),
            well: false,
            note: "not reached yet".into(),
        }));
        parts.extend(self.app.connector_health());
        parts.push(Part {
            name: "playbooks".into(),
            well: true,
            note: format!("{} loaded", self.app.matcher.load().playbooks().len()),
        });
        parts.push(Part {
            name: "runs".into(),
            well: true,
            note: format!("{} under way", self.app.engine.active()),
        });
        parts.extend(lists::health(&self.app));
        parts.extend(pause::health(&self.app));
        let ready = parts.iter().all(|part| part.well);
        Health { version: env!("CARGO_PKG_VERSION").into(), ready, parts }
    }

    async fn submit(&self, submission: &Submission) -> Result<Vec<Submitted>, Refusal> {
        let (app, submission) = (Arc::clone(&self.app), submission.clone());
        let submitted = to_its_end(async move { submit::submit(&app, &submission).await }).await;
        self.see_through().await;
        submitted
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Refusal> {
        self.app.store.runs().list(filter).await.map_err(Refusal::unavailable)
    }

    async fn run(&self, name: &str) -> Result<RunRecord, Refusal> {
        let run = self.find(name).await?;
        let lines = self.app.store.runs().lines(&run).await.map_err(Refusal::unavailable)?;
        let attached = self.app.store.runs().attached(&run).await.map_err(Refusal::unavailable)?;
        Ok(RunRecord { summary: self.summary(&run).await?, tasks: record::tasks(&lines), lines, attached })
    }

    async fn cancel(&self, name: &str, by: &str) -> Result<RunSummary, Refusal> {
        let run = self.find(name).await?;
        self.app.engine.cancel(&run, by).await.map_err(refused)?;
        self.summary(&run).await
    }

    async fn start(&self, order: &StartOrder) -> Result<Started, Refusal> {
        let (app, asked) = (Arc::clone(&self.app), order.clone());
        let mut started = to_its_end(async move { start::start(&app, &asked).await }).await?;
        if !order.dry {
            self.see_through().await;
            let run = started.runs.first().map(|record| record.summary.id.0.clone()).unwrap_or_default();
            started.runs = vec![self.run(&run).await?];
        }
        Ok(started)
    }

    async fn undo(&self, order: &UndoOrder) -> Result<Undone, Refusal> {
        let run = self.find(&order.run).await?;
        let (app, order) = (Arc::clone(&self.app), order.clone());
        to_its_end(async move { undo::undo(&app, &run, &order).await }).await
    }

    async fn undo_many(&self, order: &UndoMany) -> Result<Vec<Undone>, Refusal> {
        let (app, order) = (Arc::clone(&self.app), order.clone());
        to_its_end(async move { undo::undo_many(&app, &order).await }).await
    }

    async fn confirm(&self, order: &ConfirmOrder) -> Result<Timers, Refusal> {
        let run = self.find(&order.run).await?;
        timers::confirm(&self.app, &run, order).await
    }

    async fn extend(&self, order: &ExtendOrder) -> Result<Timers, Refusal> {
        let run = self.find(&order.run).await?;
        timers::extend(&self.app, &run, order).await
    }

    async fn questions(&self) -> Result<Vec<OpenQuestion>, Refusal> {
        Ok(OpenQuestion::bundled(self.app.engine.questions().await.map_err(refused)?))
    }

    async fn answer(&self, order: &AnswerOrder, caller: &Caller) -> Result<RunSummary, Refusal> {
        let run = self.find(&order.run).await?;
        people::answer(&self.app, &run, order, caller).await?;
        self.see_through().await;
        self.summary(&run).await
    }

    async fn attention(&self) -> Result<Vec<InQuestion>, Refusal> {
        people::attention(&self.app).await
    }

    async fn settle(&self, order: &SettleOrder) -> Result<RunSummary, Refusal> {
        let run = self.find(&order.run).await?;
        people::settle(&self.app, &run, order).await?;
        self.see_through().await;
        self.summary(&run).await
    }

    async fn exclusions(&self) -> Result<Vec<Entry>, Refusal> {
        Ok(self.app.exclusions.now().entries().to_vec())
    }

    async fn exclude(&self, entry: &AddExclusion) -> Result<Entry, Refusal> {
        let (app, entry) = (Arc::clone(&self.app), entry.clone());
        to_its_end(async move { exclusion::add(&app, &entry).await }).await
    }

    async fn import_exclusions(&self, order: &ImportExclusions) -> Result<Imported, Refusal> {
        let (app, order) = (Arc::clone(&self.app), order.clone());
        to_its_end(async move { import::import(&app, &order).await }).await
    }

    async fn remove_exclusion(&self, id: &EntryId, by: &str) -> Result<Entry, Refusal> {
        let (app, id, by) = (Arc::clone(&self.app), id.clone(), by.to_owned());
        to_its_end(async move { exclusion::remove(&app, &id, &by).await }).await
    }

    async fn test_exclusion(&self, who: &str) -> Result<ExclusionTest, Refusal> {
        exclusion::test(&self.app, who).await
    }

    async fn identity(&self, who: &str) -> Result<IdentityReport, Refusal> {
        identity::report(&self.app, who).await
    }

    async fn limits(&self) -> Result<LimitsReport, Refusal> {
        limits::report(&self.app).await
    }

    async fn lists(&self) -> Result<Vec<ListSummary>, Refusal> {
        Ok(lists::all(&self.app))
    }

    async fn list(&self, name: &str) -> Result<ListContent, Refusal> {
        lists::one(&self.app, name)
    }

    async fn add_to_list(&self, order: &AddToList) -> Result<Vec<ListEntry>, Refusal> {
        let (app, order) = (Arc::clone(&self.app), order.clone());
        to_its_end(async move { lists::add(&app, &order).await }).await
    }

    async fn remove_from_list(&self, order: &RemoveFromList) -> Result<ListEntry, Refusal> {
        let (app, order) = (Arc::clone(&self.app), order.clone());
        to_its_end(async move { lists::remove(&app, &order).await }).await
    }

    async fn pause(&self, order: &PauseOrder) -> Result<PauseNote, Refusal> {
        let (app, order) = (Arc::clone(&self.app), order.clone());
        to_its_end(async move { pause::pause(&app, &order).await }).await
    }

    async fn resume(&self, by: &str) -> Result<Option<PauseNote>, Refusal> {
        let (app, by) = (Arc::clone(&self.app), by.to_owned());
        to_its_end(async move { pause::resume(&app, &by).await }).await
    }

    async fn audit_verify(&self, anchor: Option<&str>) -> Result<AuditVerdict, Refusal> {
        let anchor = anchor.map(str::parse::<Anchor>).transpose().map_err(Refusal::invalid)?;
        let verdict = self.app.store.audit().verify(anchor).await.map_err(Refusal::unavailable)?;
        Ok(AuditVerdict {
            records: verdict.records,
            first: verdict.first,
            anchor: verdict.end.map(|end| end.to_string()),
            broken: verdict.broken.map(|broken| (broken.number, broken.why)),
        })
    }

    async fn audit_export(&self, page: &AuditPage) -> Result<Vec<Value>, Refusal> {
        let all = self.app.store.audit().export(page.from, page.most).await.map_err(Refusal::unavailable)?;
        all.iter().map(|one| serde_json::to_value(one).map_err(Refusal::unavailable)).collect()
    }

    async fn store_stats(&self) -> Result<Value, Refusal> {
        store::stats(&self.app.store).await
    }

    async fn prune(&self, order: &Prune) -> Result<Pruned, Refusal> {
        store::prune(&self.app.store, self.app.clock.now(), order).await
    }

    async fn verify(&self) -> Result<Verified, Refusal> {
        store::verify(&self.app.store).await
    }

    async fn backup(&self, order: &Backup) -> Result<BackedUp, Refusal> {
        store::backup(&self.app.store, order).await
    }
}

#[cfg(test)]
mod tests;
