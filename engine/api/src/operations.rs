//! [`Operations`]: what an operator can ask of an engine, with one running or without.

use std::path::PathBuf;

use async_trait::async_trait;
use quell_action::exclusion::{Entry, EntryId};
use quell_action::lists::ListEntry;
use quell_alert::Timestamp;
use quell_run::{Attached, Line, OpenQuestion, RunFilter, RunSummary};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AddToList, AnswerOrder, AuditPage, AuditVerdict, Caller, ConfirmOrder, ExtendOrder, Health,
    IdentityReport, ImportExclusions, Imported, InQuestion, LimitsReport, ListContent, ListSummary,
    PauseNote, PauseOrder, Refusal, RemoveFromList, SettleOrder, StartOrder, Started, Submission, Submitted,
    TaskRecord, Timers,
};

/// What an operator can ask of an engine. The program carries it out over the store; [`crate::Client`] asks a running
/// engine to; `tests/api` has one that only remembers what it was asked.
#[async_trait]
pub trait Operations: Send + Sync {
    /// How the engine is.
    async fn health(&self) -> Health;

    /// Decides the records of a delivery, as if the source had brought it.
    async fn submit(&self, submission: &Submission) -> Result<Vec<Submitted>, Refusal>;

    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Refusal>;

    /// One run with its journal, by its id or the beginning of it.
    async fn run(&self, name: &str) -> Result<RunRecord, Refusal>;

    /// Stops a run: what is started is finished, nothing more is begun.
    async fn cancel(&self, name: &str, by: &str) -> Result<RunSummary, Refusal>;

    /// Starts a playbook by hand, or says what it would do.
    async fn start(&self, order: &StartOrder) -> Result<Started, Refusal>;

    /// Takes back what a run changed, and returns when that is done or stuck.
    async fn undo(&self, order: &UndoOrder) -> Result<Undone, Refusal>;

    /// Takes back what is still held of somebody, or since some time, over all runs.
    async fn undo_many(&self, order: &UndoMany) -> Result<Vec<Undone>, Refusal>;

    /// Stops the undo timers of changes that are to stay.
    async fn confirm(&self, order: &ConfirmOrder) -> Result<Timers, Refusal>;

    /// Puts the undo timers of changes off.
    async fn extend(&self, order: &ExtendOrder) -> Result<Timers, Refusal>;

    /// The questions that wait for an answer: what expires first comes first.
    async fn questions(&self) -> Result<Vec<OpenQuestion>, Refusal>;

    /// Answers a question, for whoever has shown to be the one in whose name it is answered.
    async fn answer(&self, order: &AnswerOrder, caller: &Caller) -> Result<RunSummary, Refusal>;

    /// The tasks of which nobody can say whether they happened: a person must look.
    async fn attention(&self) -> Result<Vec<InQuestion>, Refusal>;

    /// Says whether such a task happened.
    async fn settle(&self, order: &SettleOrder) -> Result<RunSummary, Refusal>;

    /// The exclusion list: the site's entries and the operators'.
    async fn exclusions(&self) -> Result<Vec<Entry>, Refusal>;

    /// Adds an operator's entry; in force for the next call.
    async fn exclude(&self, entry: &AddExclusion) -> Result<Entry, Refusal>;

    /// Adds many operators' entries, all or none unless told otherwise; in force when this returns.
    async fn import_exclusions(&self, order: &ImportExclusions) -> Result<Imported, Refusal>;

    /// Removes an operator's entry.
    async fn remove_exclusion(&self, id: &EntryId, by: &str) -> Result<Entry, Refusal>;

    /// Whether the list stops actions on this account or device, and which entry does.
    async fn test_exclusion(&self, who: &str) -> Result<ExclusionTest, Refusal>;

    /// Who is meant by a name: accounts, groups, privilege, what the exclusion list says, what is in force.
    async fn identity(&self, who: &str) -> Result<IdentityReport, Refusal>;

    /// What the limits on identities and devices have let through.
    async fn limits(&self) -> Result<LimitsReport, Refusal>;

    /// The named lists of the site.
    async fn lists(&self) -> Result<Vec<ListSummary>, Refusal>;

    /// One list with what is in it now.
    async fn list(&self, name: &str) -> Result<ListContent, Refusal>;

    /// Puts values into a list, all or none; in force for the next decision.
    async fn add_to_list(&self, order: &AddToList) -> Result<Vec<ListEntry>, Refusal>;

    /// Takes a value out of a list.
    async fn remove_from_list(&self, order: &RemoveFromList) -> Result<ListEntry, Refusal>;

    /// Stops the engine from beginning anything disruptive, over restarts too. What waits is kept. Where it is paused
    /// already, says how.
    async fn pause(&self, order: &PauseOrder) -> Result<PauseNote, Refusal>;

    /// Lets the engine go on; how it was paused, where it was.
    async fn resume(&self, by: &str) -> Result<Option<PauseNote>, Refusal>;

    /// Follows the audit log from its first record to its last; with an anchor (`NUMBER:HASH`), through it.
    async fn audit_verify(&self, anchor: Option<&str>) -> Result<AuditVerdict, Refusal>;

    /// Records of the audit log, with what they are about.
    async fn audit_export(&self, page: &AuditPage) -> Result<Vec<Value>, Refusal>;

    /// What the store holds.
    async fn store_stats(&self) -> Result<Value, Refusal>;

    /// Forgets what is old enough.
    async fn prune(&self, order: &Prune) -> Result<Pruned, Refusal>;

    /// Looks the whole store over.
    async fn verify(&self) -> Result<Verified, Refusal>;

    /// Copies the store into a new file while it goes on working.
    async fn backup(&self, order: &Backup) -> Result<BackedUp, Refusal>;
}

/// A run with its journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run.
    pub summary: RunSummary,
    /// What became of each of its tasks: account by account, device by device.
    #[serde(default)]
    pub tasks: Vec<TaskRecord>,
    /// What happened, in order.
    pub lines: Vec<Line>,
    /// The later alerts that belong to it (`once_per`), in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Attached>,
}

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoOrder {
    /// The run, by its id or the beginning of it.
    pub run: String,
    /// One task of it (`0/cut_off/1`).
    pub task: Option<String>,
    /// One lane of it (`0`), with those within it. Without task and lane, all of it.
    #[serde(default)]
    pub lane: Option<u32>,
    /// Who wants it.
    pub by: String,
    /// Only say what would be taken back.
    pub dry: bool,
}

/// What is to be taken back over all runs: whatever of it is still held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoMany {
    /// Of whom or what: any name by which a directory knows an account or a device.
    #[serde(default)]
    pub who: Option<String>,
    /// What was done at this moment or later.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// What was done before this moment.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Who wants it.
    pub by: String,
    /// Only say what would be taken back.
    pub dry: bool,
}

impl UndoMany {
    /// Whether nothing narrows it down.
    pub fn is_about_everything(&self) -> bool {
        self.who.is_none() && self.since.is_none() && self.until.is_none()
    }
}

/// What an undo came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undone {
    /// The run.
    pub run: String,
    /// What was, or with `dry` would be, taken back; task by task.
    pub tasks: Vec<UndoneTask>,
    /// The same of the runs that it called, and that they called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub called: Vec<Undone>,
}

/// One task of an undo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoneTask {
    /// Which task.
    pub task: String,
    /// What it had done, and to whom.
    pub what: String,
    /// `undone`, `would be undone`, `would stay`, `could not be undone`, `still waiting`, or why there is nothing to undo.
    pub result: String,
    /// Whether a person must still look at it.
    pub open: bool,
}

impl UndoneTask {
    /// What a dry undo says of a task that would be taken back.
    pub const WOULD_BE_UNDONE: &'static str = "would be undone";

    /// How a dry undo begins to say that a task would only let go of what others still want.
    pub const WOULD_STAY: &'static str = "would stay: still wanted by run";

    /// Whether an undo would try it, as a dry one has found.
    pub(crate) fn can_be_taken_back(&self) -> bool {
        self.open || self.result == Self::WOULD_BE_UNDONE || self.result.starts_with(Self::WOULD_STAY)
    }
}

/// An operator's new entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddExclusion {
    /// The entry as the exclusion file would have it.
    pub entry: Value,
    /// Who adds it.
    pub by: String,
}

/// What the exclusion list says of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionTest {
    /// Who was asked about.
    pub who: String,
    /// Whom the directories know under that name: one line for each linked account or device.
    pub found: Vec<String>,
    /// The entries that name them.
    pub entries: Vec<TestedEntry>,
    /// Built-in protection, where there is one.
    pub built_in: Option<String>,
    /// Why nothing would be done to them although no entry names them: unknown never acts.
    pub unknown: Option<String>,
    /// For every disruptive action, whether it would be stopped.
    pub stopped: Vec<(String, bool)>,
}

/// An entry that names somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedEntry {
    /// Its id.
    pub id: String,
    /// Its reason.
    pub because: String,
    /// The actions it stops; none named means every disruptive one.
    pub actions: Vec<String>,
}

/// What may be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// Alerts and finished runs older than this many days.
    pub days: u32,
    /// All but this many finished runs.
    pub runs: Option<u64>,
    /// Only count.
    pub dry: bool,
}

/// What was, or would be, forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pruned {
    /// Alerts.
    pub alerts: u64,
    /// Runs.
    pub runs: u64,
    /// Records of the audit log.
    pub audit: u64,
}

/// What looking the store over came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verified {
    /// Records looked at.
    pub records: u64,
    /// Records that fail their checks, and records that should be there and are not.
    pub damaged: Vec<DamagedRecord>,
    /// How many more there are than the list holds.
    pub more: u64,
}

/// A record that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedRecord {
    /// Its key in readable form.
    pub key: String,
    /// Which check failed.
    pub reason: String,
}

/// Where the store is to be copied to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The new file, as an absolute path on the engine's machine. Nothing is written over.
    pub file: PathBuf,
}

/// A copy of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Changes in it.
    pub changes: u64,
    /// The commit at which it shows the store.
    pub commit: u64,
}
