//! The catalogue of the lab: one row for each action at each persona. What an action does stands here as data;
//! `deed.rs` carries it out.

mod accounts;
mod devices;

use quell_action::{ActionInfo, ActionSpec, Impact, Repeat, TargetKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deed::{Deed, Sets};

/// One action at one persona.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) spec: ActionSpec,
    pub(crate) takes: Takes,
    pub(crate) deed: Deed,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    PasswordFlags,
    Level,
    Group,
    Comment,
    Isolation,
    Scan,
    Tag,
    File,
}

/// Every row.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    accounts::ROWS.iter().chain(devices::ROWS)
}

impl Row {
    /// The action, described.
    pub(crate) fn info(&self) -> ActionInfo {
        match self.takes {
            Takes::Nothing => ActionInfo::described::<Nothing, Done>(self.spec),
            Takes::PasswordFlags => ActionInfo::described::<PasswordFlags, Done>(self.spec),
            Takes::Level => ActionInfo::described::<ToLevel, Done>(self.spec),
            Takes::Group => ActionInfo::described::<OfGroup, Done>(self.spec),
            Takes::Comment => ActionInfo::described::<Comment, Done>(self.spec),
            Takes::Isolation => ActionInfo::described::<Isolation, Done>(self.spec),
            Takes::Scan => ActionInfo::described::<Scan, Done>(self.spec),
            Takes::Tag => ActionInfo::described::<Tagging, Done>(self.spec),
            Takes::File => ActionInfo::described::<QuarantinedFile, Done>(self.spec),
        }
    }

    /// The parameters with their defaults filled in. They fit: [`ActionInfo::check_params`] has said so.
    pub(crate) fn filled(&self, params: &serde_json::Value) -> serde_json::Value {
        let mut filled = match self.takes {
            Takes::Isolation => serde_json::json!({ "kind": "full" }),
            Takes::Scan => serde_json::json!({ "kind": "quick" }),
            _ => serde_json::json!({}),
        };
        if let (Some(filled), Some(given)) = (filled.as_object_mut(), params.as_object()) {
            filled.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        filled
    }
}

/// No parameters.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// What to do with an account whose password never expires.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordFlags {
    /// Takes "password never expires" away as well: while it stands, the forced change has no effect.
    #[serde(default)]
    clear_password_never_expires: bool,
}

/// The risk to set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToLevel {
    /// The risk to set.
    level: Level,
}

/// How great a risk is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    Low,
    Medium,
    High,
}

/// The group to join or to leave.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfGroup {
    /// The group's name.
    group: String,
}

/// A comment for the record over there.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comment {
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

/// How far to isolate.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Isolation {
    /// How far: `selective` leaves mail and chat open.
    #[serde(default)]
    kind: IsolationKind,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IsolationKind {
    #[default]
    Full,
    Selective,
}

/// How deep to look.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    /// How deep to look.
    #[serde(default)]
    kind: ScanKind,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScanKind {
    #[default]
    Quick,
    Full,
}

/// The tag to set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tagging {
    /// The tag to set.
    tag: String,
}

/// The file to stop and to lock away.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuarantinedFile {
    /// The SHA-1 of the file: 40 hex digits.
    sha1: String,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

/// Nothing that later steps could read.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Done {}

/// What most actions have in common.
const BASE: ActionSpec = ActionSpec {
    name: "",
    provider: "",
    target: TargetKind::Account,
    impact: Impact::Disruptive,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[],
    summary: "",
    vendor_page: "connectors/lab/README.md",
};

/// Attributes get values, from any state.
const SETS: Sets = Sets { values: &[], also_done: &[], only_from: &[], idle_while: None };
