//! [`RunSummary`]: a run in one line. [`Runs`]: how the doors (command line, API) look runs up.

use async_trait::async_trait;
use quell_alert::{AlertId, Product, Severity, Timestamp};
use quell_playbook::model::{Mode, PlaybookName};
use serde::{Deserialize, Serialize};

use crate::{Attached, Finish, JournalError, Line, Occasion, Origin, PlaybookVersion, RunId};

/// A run in one line. The engine computes it and hands it over with every batch, so that no reader has to walk a
/// journal to list runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Which run.
    pub id: RunId,
    /// Live, or a replay.
    pub origin: Origin,
    /// What started it.
    #[serde(default, skip_serializing_if = "Occasion::is_alert")]
    pub occasion: Occasion,
    /// The playbook, as it was.
    pub playbook: PlaybookVersion,
    /// Whether it acts or only plans.
    pub mode: Mode,
    /// The alert's id.
    pub alert: AlertId,
    /// What the alert is called.
    pub alert_title: String,
    /// The product that found it.
    pub product: Product,
    /// How bad.
    pub severity: Option<Severity>,
    /// Whom or what it is about: the lanes, as people call them.
    pub subjects: Vec<String>,
    /// Where it stands.
    pub status: RunStatus,
    /// How it ended, once it has.
    pub finish: Option<Finish>,
    /// When it was created.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// When its latest line was written.
    pub updated: Timestamp,
    /// How many lines its journal has.
    pub lines: u64,
    /// What became of its tasks.
    pub counts: Counts,
    /// Whether something is still to be done for it: a recovering engine takes it up again. A finished run whose undo
    /// timer is running is open.
    pub open: bool,
    /// While it is open and only waits: not before then.
    pub wake_at: Option<Timestamp>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It has ended, or was stopped, and changes are being taken back.
    Undoing,
    /// A person must decide about at least one task.
    NeedsAttention,
    /// It waits for the answer to a question.
    Asking,
    /// It has come to its end.
    Finished,
}

/// What became of a run's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Lanes in the plan.
    pub lanes: u32,
    /// Tasks worked out so far.
    pub tasks: u32,
    /// Tasks that changed something (or, in a run that only observes, would).
    pub changed: u32,
    /// Tasks that found everything as wanted.
    pub unchanged: u32,
    /// Tasks left alone because of the exclusion list.
    pub excluded: u32,
    /// Tasks that a limit holds back, or has kept from being done.
    #[serde(default)]
    pub over_limit: u32,
    /// Tasks and steps that failed.
    pub failed: u32,
    /// Tasks that a person must decide about, failed undos included.
    pub attention: u32,
    /// Tasks taken back.
    pub undone: u32,
    /// Questions that wait for an answer.
    #[serde(default)]
    pub questions: u32,
}

/// Which runs are wanted. Everything left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunFilter {
    /// Of this playbook.
    pub playbook: Option<PlaybookName>,
    /// About this alert.
    pub alert: Option<AlertId>,
    /// About somebody or something whose display holds this text, case apart.
    pub subject: Option<String>,
    /// Standing so.
    pub status: Option<RunStatus>,
    /// Ended so.
    pub finish: Option<Finish>,
    /// `true`: live ones; `false`: replays.
    pub live: Option<bool>,
    /// Started at this moment or later.
    pub since: Option<Timestamp>,
    /// Started before this moment.
    pub until: Option<Timestamp>,
    /// At most so many, the newest first.
    pub limit: Option<usize>,
}

impl RunFilter {
    /// Whether this run is wanted; [`RunFilter::limit`] apart.
    pub fn accepts(&self, run: &RunSummary) -> bool {
        self.playbook.as_ref().is_none_or(|name| *name == run.playbook.name)
            && self.alert.as_ref().is_none_or(|alert| *alert == run.alert)
            && self.subject.as_ref().is_none_or(|text| run.names(text))
            && self.status.is_none_or(|status| status == run.status)
            && self.finish.is_none_or(|finish| run.finish == Some(finish))
            && self.live.is_none_or(|live| live == (run.origin == Origin::Live))
            && self.since.is_none_or(|since| run.started >= since)
            && self.until.is_none_or(|until| run.started < until)
    }
}

impl RunSummary {
    fn names(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.subjects.iter().any(|subject| subject.to_lowercase().contains(&text))
    }
}

/// What a shortened run id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunMatch {
    /// Exactly this run.
    One(RunId),
    /// No run.
    None,
    /// These, and perhaps more.
    Several(Vec<RunId>),
}

/// Looks runs up.
#[async_trait]
pub trait Runs: Send + Sync {
    /// The runs that the filter accepts, the newest first.
    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, JournalError>;

    /// The run whose id begins so.
    async fn find(&self, prefix: &str) -> Result<RunMatch, JournalError>;

    /// A run in one line.
    async fn summary(&self, run: &RunId) -> Result<Option<RunSummary>, JournalError>;

    /// All lines of a run, in order; empty where there is no such run.
    async fn lines(&self, run: &RunId) -> Result<Vec<Line>, JournalError>;

    /// The later alerts that belong to a run, in the order in which they came. None where nothing keeps them.
    async fn attached(&self, _run: &RunId) -> Result<Vec<Attached>, JournalError> {
        Ok(Vec::new())
    }
}
