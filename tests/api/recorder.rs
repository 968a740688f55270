//! [`Recorder`]: operations that remember what they were asked, and answer what stands in [`answers`](crate::answers).

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::exclusion::{Entry, EntryId};
use quell_action::lists::ListEntry;
use quell_api::{
    AddExclusion, AddToList, AnswerOrder, AuditPage, AuditVerdict, BackedUp, Backup, Caller, ConfirmOrder,
    ExclusionTest, ExtendOrder, Health, IdentityReport, ImportExclusions, Imported, InQuestion, LimitsReport,
    ListContent, ListSummary, Operations, PauseNote, PauseOrder, Prune, Pruned, Refusal, RemoveFromList,
    RunRecord, SettleOrder, StartOrder, Started, Submission, Submitted, Timers, UndoMany, UndoOrder, Undone,
    Verified,
};
use quell_run::{OpenQuestion, RunFilter, RunSummary};
use serde_json::Value;

use crate::answers;

/// What it says to everything but health.
#[derive(Clone, Default)]
pub(crate) enum Mood {
    /// What stands in `answers`.
    #[default]
    Willing,
    /// No.
    Refusing(Refusal),
    /// It has a defect.
    Panicking,
}

/// Operations that remember what they were asked.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    asked: Arc<Mutex<Vec<String>>>,
    mood: Arc<Mutex<Mood>>,
    unwell: bool,
}

impl Recorder {
    /// Operations of an engine that is not well.
    pub(crate) fn of_an_unwell_engine() -> Self {
        Self { unwell: true, ..Self::default() }
    }

    /// Whatever is asked from now on is answered so.
    pub(crate) fn is(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    /// What it was asked since this was called last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock())
    }

    fn note<T>(&self, what: &str, with: impl Debug, answer: T) -> Result<T, Refusal> {
        self.asked.lock().push(format!("{what} {with:?}"));
        let mood = self.mood.lock().clone();
        match mood {
            Mood::Willing => Ok(answer),
            Mood::Refusing(refusal) => Err(refusal),
            Mood::Panicking => panic!("a secret that must not leave the process"),
        }
    }
}

#[async_trait]
impl Operations for Recorder {
    async fn health(&self) -> Health {
        answers::health(!self.unwell)
    }

    async fn submit(&self, submission: &Submission) -> Result<Vec<Submitted>, Refusal> {
        self.note("submit", submission, answers::submitted())
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Refusal> {
        self.note("runs", filter, vec![answers::run()])
    }

    async fn run(&self, name: &str) -> Result<RunRecord, Refusal> {
        self.note("run", name, answers::record())
    }

    async fn cancel(&self, name: &str, by: &str) -> Result<RunSummary, Refusal> {
        self.note("cancel", (name, by), answers::run())
    }

    async fn start(&self, order: &StartOrder) -> Result<Started, Refusal> {
        self.note("start", order, answers::started())
    }

    async fn undo(&self, order: &UndoOrder) -> Result<Undone, Refusal> {
        self.note("undo", order, answers::undone())
    }

    async fn undo_many(&self, order: &UndoMany) -> Result<Vec<Undone>, Refusal> {
        self.note("undo_many", order, vec![answers::undone()])
    }

    async fn confirm(&self, order: &ConfirmOrder) -> Result<Timers, Refusal> {
        self.note("confirm", order, answers::timers())
    }

    async fn extend(&self, order: &ExtendOrder) -> Result<Timers, Refusal> {
        self.note("extend", order, answers::timers())
    }

    async fn questions(&self) -> Result<Vec<OpenQuestion>, Refusal> {
        self.note("questions", (), Vec::new())
    }

    async fn answer(&self, order: &AnswerOrder, caller: &Caller) -> Result<RunSummary, Refusal> {
        self.note("answer", (order, caller), answers::run())
    }

    async fn attention(&self) -> Result<Vec<InQuestion>, Refusal> {
        self.note("attention", (), answers::in_question())
    }

    async fn settle(&self, order: &SettleOrder) -> Result<RunSummary, Refusal> {
        self.note("settle", order, answers::run())
    }

    async fn exclusions(&self) -> Result<Vec<Entry>, Refusal> {
        self.note("exclusions", (), vec![answers::entry()])
    }

    async fn exclude(&self, entry: &AddExclusion) -> Result<Entry, Refusal> {
        self.note("exclude", entry, answers::entry())
    }

    async fn import_exclusions(&self, order: &ImportExclusions) -> Result<Imported, Refusal> {
        self.note("import_exclusions", order, answers::imported())
    }

    async fn remove_exclusion(&self, id: &EntryId, by: &str) -> Result<Entry, Refusal> {
        self.note("remove_exclusion", (id, by), answers::entry())
    }

    async fn test_exclusion(&self, who: &str) -> Result<ExclusionTest, Refusal> {
        self.note("test_exclusion", who, answers::tested())
    }

    async fn identity(&self, who: &str) -> Result<IdentityReport, Refusal> {
        self.note("identity", who, answers::identity())
    }

    async fn limits(&self) -> Result<LimitsReport, Refusal> {
        self.note("limits", (), answers::limits())
    }

    async fn lists(&self) -> Result<Vec<ListSummary>, Refusal> {
        self.note("lists", (), vec![answers::list().summary])
    }

    async fn list(&self, name: &str) -> Result<ListContent, Refusal> {
        self.note("list", name, answers::list())
    }

    async fn add_to_list(&self, order: &AddToList) -> Result<Vec<ListEntry>, Refusal> {
        self.note("add_to_list", order, answers::list().content)
    }

    async fn remove_from_list(&self, order: &RemoveFromList) -> Result<ListEntry, Refusal> {
        self.note("remove_from_list", order, answers::list().content.remove(0))
    }

    async fn pause(&self, order: &PauseOrder) -> Result<PauseNote, Refusal> {
        self.note("pause", order, answers::paused())
    }

    async fn resume(&self, by: &str) -> Result<Option<PauseNote>, Refusal> {
        self.note("resume", by, Some(answers::paused()))
    }

    async fn audit_verify(&self, anchor: Option<&str>) -> Result<AuditVerdict, Refusal> {
        self.note("audit_verify", anchor, answers::verdict())
    }

    async fn audit_export(&self, page: &AuditPage) -> Result<Vec<Value>, Refusal> {
        self.note("audit_export", page, answers::audited())
    }

    async fn store_stats(&self) -> Result<Value, Refusal> {
        self.note("store_stats", (), answers::stats())
    }

    async fn prune(&self, order: &Prune) -> Result<Pruned, Refusal> {
        self.note("prune", order, Pruned { alerts: 3, runs: 2, audit: 9 })
    }

    async fn verify(&self) -> Result<Verified, Refusal> {
        self.note("verify", (), answers::verified())
    }

    async fn backup(&self, order: &Backup) -> Result<BackedUp, Refusal> {
        self.note("backup", order, answers::backed_up())
    }
}
