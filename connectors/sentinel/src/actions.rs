//! The actions, one file for each thing that they do, and what they have in common.

mod close;
mod comment;
mod get;
mod owner;
mod severity;
mod status;
mod tag;
mod task;
mod title;

use quell_action::{ActionSpec, Impact, Repeat, TargetKind};

use crate::facet::Change;

pub(crate) use comment::AddComment;
pub(crate) use get::GetIncident;
pub(crate) use task::AddTask;

/// Adds a tag.
pub(crate) type AddTag = Change<tag::Adding>;
/// Takes a tag away.
pub(crate) type RemoveTag = Change<tag::Removing>;
/// Says who looks after it.
pub(crate) type SetOwner = Change<owner::Owner>;
/// Says how bad it is.
pub(crate) type SetSeverity = Change<severity::Rating>;
/// Says that somebody works on it, or that nobody does.
pub(crate) type SetStatus = Change<status::Standing>;
/// Gives it another title.
pub(crate) type SetTitle = Change<title::Title>;
/// Closes it.
pub(crate) type CloseIncident = Change<close::Closing>;

const READ: &str = "Microsoft.SecurityInsights/incidents/read";
const PAGE: &str = "https://learn.microsoft.com/rest/api/securityinsights/incidents";

/// What most actions have in common.
const BASE: ActionSpec = ActionSpec {
    name: "",
    provider: "sentinel",
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[READ, "Microsoft.SecurityInsights/incidents/write"],
    summary: "",
    vendor_page: PAGE,
};
