//! The catalogue of the lab: one row for each action at each persona. What an action does stands here as data;
//! `deed.rs` carries it out.

mod accounts;
mod devices;

use quell_action::{ActionInfo, ActionSpec, Impact, Repeat, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::deed::{Deed, Sets, label};

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
    Services,
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
            Takes::Nothing => self.described::<Nothing>(),
            Takes::PasswordFlags => self.described::<PasswordFlags>(),
            Takes::Services => self.described::<Services>(),
            Takes::Level => self.described::<ToLevel>(),
            Takes::Group => self.described::<OfGroup>(),
            Takes::Comment => self.described::<Comment>(),
            Takes::Isolation => self.described::<Isolation>(),
            Takes::Scan => self.described::<Scan>(),
            Takes::Tag => self.described::<Tagging>(),
            Takes::File => self.described::<QuarantinedFile>(),
        }
    }

    fn described<P: DeserializeOwned + JsonSchema>(&self) -> ActionInfo {
        match (self.spec.provider, self.takes) {
            (Provider::ACTIVE_DIRECTORY, Takes::Group) => {
                ActionInfo::described::<P, OnMemberAtController>(self.spec)
            }
            (Provider::ACTIVE_DIRECTORY, _) if self.is_on_device() => {
                ActionInfo::described::<P, OnDeviceAtController>(self.spec)
            }
            (Provider::ACTIVE_DIRECTORY, _) => ActionInfo::described::<P, AtController>(self.spec),
            _ if self.is_on_device() => ActionInfo::described::<P, OnDevice>(self.spec),
            (_, Takes::Group) => ActionInfo::described::<P, OnMember>(self.spec),
            _ => ActionInfo::described::<P, OnAccount>(self.spec),
        }
    }

    fn is_on_device(&self) -> bool {
        self.spec.target == TargetKind::Device
    }

    /// What later steps can read: who it was.
    pub(crate) fn output(&self, display: &str, params: &Value) -> Value {
        let kind = if self.is_on_device() { "device" } else { "account" };
        let mut output = json!({ kind: display });
        if self.spec.provider == Provider::ACTIVE_DIRECTORY {
            output["controller"] = json!("lab");
        }
        if let Takes::Group = self.takes {
            output["group"] = json!(label(params));
        }
        output
    }

    /// The parameters with their defaults filled in. They fit: [`ActionInfo::check_params`] has said so.
    pub(crate) fn filled(&self, params: &Value) -> Value {
        let mut filled = match self.takes {
            Takes::Isolation => json!({ "kind": "full" }),
            Takes::Scan => json!({ "kind": "quick" }),
            _ => json!({}),
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

/// What to do with an account under which services run.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Services {
    /// Whether to do it even where services run under the account, which stop with it.
    #[serde(default)]
    even_with_services: bool,
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
    /// The group: its name, `DOMAIN\name`, or one of its ids.
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

/// What an action on an account of Active Directory tells.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct AtController {
    /// What people call the account.
    account: String,
    /// The domain controller that was told.
    controller: String,
}

/// What an action on an account tells.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OnAccount {
    /// What people call the account.
    account: String,
}

/// What a change of membership in Active Directory tells.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OnMemberAtController {
    /// What people call the account.
    account: String,
    /// The domain controller that was told.
    controller: String,
    /// What people call the group.
    group: String,
}

/// What a change of membership tells.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OnMember {
    /// What people call the account.
    account: String,
    /// What people call the group.
    group: String,
}

/// What an action on a device tells.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OnDevice {
    /// What people call the device.
    device: String,
}

/// What an action on a device tells in Active Directory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OnDeviceAtController {
    /// What people call the device.
    device: String,
    /// The domain controller that was told.
    controller: String,
}

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
