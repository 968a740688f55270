//! The actions, one file for each thing that they do, and what they have in common.

mod close;
mod comment;
mod get;
mod owner;
mod severity;
mod status;
mod tag;

use quell_action::{ActionSpec, Impact, Repeat, TargetKind};

use crate::facet::Change;

pub(crate) use comment::{AddAlertComment, AddComment};
pub(crate) use get::{GetAlert, GetIncident};

/// Adds a tag to an incident.
pub(crate) type AddTag = Change<tag::Adding>;
/// Takes a tag from an incident.
pub(crate) type RemoveTag = Change<tag::Removing>;
/// Says who looks after an incident.
pub(crate) type SetOwner = Change<owner::OfIncident>;
/// Says how bad an incident is.
pub(crate) type SetSeverity = Change<severity::Rating>;
/// Says whether somebody works on an incident.
pub(crate) type SetStatus = Change<status::OfIncident>;
/// Closes an incident.
pub(crate) type CloseIncident = Change<close::OfIncident>;
/// Says who looks after an alert.
pub(crate) type SetAlertOwner = Change<owner::OfAlert>;
/// Says whether somebody works on an alert.
pub(crate) type SetAlertStatus = Change<status::OfAlert>;
/// Closes an alert.
pub(crate) type CloseAlert = Change<close::OfAlert>;

/// What the actions on incidents have in common. The incident of an alert is found by the alert.
const ON_INCIDENT: ActionSpec = ActionSpec {
    name: "",
    provider: "defender_xdr",
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &["SecurityIncident.ReadWrite.All", "SecurityAlert.Read.All"],
    summary: "",
    vendor_page: "https://learn.microsoft.com/graph/api/security-incident-update",
};

/// What the actions on alerts have in common.
const ON_ALERT: ActionSpec = ActionSpec {
    permissions: &["SecurityAlert.ReadWrite.All"],
    vendor_page: "https://learn.microsoft.com/graph/api/security-alert-update",
    ..ON_INCIDENT
};
