//! The actions, one file for each thing that they do, and what they have in common.

mod get;
mod indicator;
mod investigate;
mod isolation;
mod jobs;
mod restriction;
mod tag;

use quell_action::{ActionSpec, Impact, Repeat, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

pub(crate) use get::GetDevice;
pub(crate) use indicator::Watch;
pub(crate) use investigate::Investigate;
pub(crate) use isolation::{Isolate, Release};
pub(crate) use jobs::{CollectPackage, QuarantineFile, Scan};
pub(crate) use restriction::{RestrictApps, UnrestrictApps};
pub(crate) use tag::Tag;

/// What most actions have in common.
const BASE: ActionSpec = ActionSpec {
    name: "",
    provider: Provider::DEFENDER_ENDPOINT,
    target: TargetKind::Device,
    impact: Impact::Disruptive,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[],
    summary: "",
    vendor_page: "",
};

/// A job runs over there, and is found again by its key.
const JOB: ActionSpec = ActionSpec { repeat: Repeat::Keyed, readable: false, ..BASE };

/// A comment for the record over there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comment {
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

/// What every action on a device tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnDevice {
    /// What people call the device: `wks1.corp.example`.
    device: String,
}

impl OnDevice {
    pub(crate) fn of(machine: &Machine) -> Self {
        Self { device: machine.display() }
    }
}
