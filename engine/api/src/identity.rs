//! `/api/v1/identity`: a person or service as the engine sees it now.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exclusions::Who;
use crate::request::Query;
use crate::router::Doors;
use crate::{Refusal, TestedEntry};

/// A person or service as the engine sees it: asked of the directories for this answer, and of nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityReport {
    /// The name that was asked about.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Whether it is known who is meant.
    pub standing: IdentityStanding,
    /// Why it is not known, or not wholly.
    pub why: Option<String>,
    /// The accounts that certainly belong together, one for each directory that knows any: in the order in which they
    /// are acted on.
    pub accounts: Vec<IdentityAccount>,
    /// The providers whose directories know no account of it.
    pub no_account_at: Vec<String>,
    /// What the exclusion list says of it.
    pub exclusion: IdentityExclusion,
    /// What runs keep as it is on any of the accounts: all of it, or, where that is much, what began each state and the
    /// newest.
    pub in_force: Vec<InForce>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_in_force: usize,
}

/// Whether it is known who is meant by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStanding {
    /// It is, with all accounts.
    Known,
    /// Not every directory could be asked: what the others say may not be all, and nothing disruptive happens.
    Partly,
    /// No directory knows anybody of that name.
    Nobody,
    /// The name leads to more than one: none of them is ever touched under it.
    Ambiguous,
}

/// One account, as its directory describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityAccount {
    /// Whose account.
    pub provider: String,
    /// Its key: provider, realm and immutable id.
    pub key: String,
    /// What people call it.
    pub display: String,
    /// Every name that it has there, each with its kind: `upn:alice@contoso.example`.
    pub names: Vec<String>,
    /// Its groups, nested ones included; left out where they could not be read.
    pub groups: Option<Vec<String>>,
    /// Whether it holds administrative rights; left out where that could not be read.
    pub privileged: Option<bool>,
    /// Whether it can sign in; left out where that could not be read.
    pub enabled: Option<bool>,
    /// The built-in protection that it stands under.
    pub protected: Option<String>,
    /// When its directory said so.
    pub read_at: Timestamp,
}

/// What the exclusion list says of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IdentityExclusion {
    /// Whether every disruptive action would be stopped, at every account.
    pub excluded: bool,
    /// The entries that name it, under whatever name.
    pub entries: Vec<TestedEntry>,
    /// Built-in protection, where there is one that is not lifted.
    pub built_in: Option<String>,
    /// The disruptive actions that would not be stopped, by provider.
    pub open: BTreeMap<String, Vec<String>>,
}

/// A state that a run brought about, or found, and keeps until it is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// The action: `account.disable`.
    pub action: String,
    /// Where.
    pub provider: String,
    /// Of which account, as people call it.
    pub account: String,
    /// The run.
    pub run: String,
    /// Its task, as `quell undo` wants it.
    pub task: String,
    /// Its playbook.
    pub playbook: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether the run changed it; otherwise it was so before, and is never undone.
    pub changed: bool,
    /// When it is undone by itself, where it is.
    pub undo_due: Option<Timestamp>,
    /// Whether it is being undone.
    pub undoing: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

pub(crate) async fn identity(
    State(doors): State<Doors>,
    Query(Who { who }): Query<Who>,
) -> Result<Json<IdentityReport>, Refusal> {
    doors.operations.identity(&who).await.map(Json)
}
