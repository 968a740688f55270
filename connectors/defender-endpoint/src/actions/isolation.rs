//! Whether a device is cut off from the network: `device.isolate` and `device.release`.
//!
//! Isolation is lifted over there after seven days. A Hyper-V host takes its guests with it; devices behind a full VPN
//! tunnel or a web proxy may not come back from full isolation: choose `selective` for them.

use chrono::TimeDelta;
use quell_action::{Action, ActionError, ActionSpec, Impact, Observation, Outcome, Request, Restore, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BASE, Comment, OnDevice};
use crate::client::Client;
use crate::switch::{OFF, Switch};

const PERMISSIONS: &[&str] = &["Machine.Isolate"];

pub(super) static ISOLATION: Switch = Switch {
    name: "isolation",
    kinds: ["Isolate", "Unisolate"],
    calls: ["isolate", "unisolate"],
    right: "Machine.Isolate",
    on: |scope| match scope {
        Some(scope) if scope.eq_ignore_ascii_case("selective") => "selective",
        _ => "full",
    },
    with: |kind| json!({ "IsolationType": if kind == "selective" { "Selective" } else { "Full" } }),
    lasts: Some(TimeDelta::days(7)),
    doubt,
};

/// What is known of platforms changes with their versions, so this only warns.
fn doubt(os: &str, wanted: &str) -> Option<&'static str> {
    let os = os.to_lowercase();
    let begins = |names: &[&str]| names.iter().any(|name| os.starts_with(name));
    match wanted {
        OFF => None,
        _ if begins(&["windows7", "windows8", "windowsserver2008", "android", "ios"]) => {
            Some("isolation is not known for this platform")
        }
        "selective" if os == "linux" => Some("selective isolation is not known for Linux"),
        "full" if os == "linux" => Some("a change of its packet filter ends the isolation"),
        _ => None,
    }
}

/// Cuts a device off.
pub(crate) struct Isolate;

/// Lets a device back.
pub(crate) struct Release;

/// How far to isolate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Isolation {
    /// How far: `selective` leaves mail and chat open.
    #[serde(default)]
    kind: IsolationKind,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IsolationKind {
    #[default]
    Full,
    Selective,
}

impl IsolationKind {
    fn position(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Selective => "selective",
        }
    }
}

impl Action for Isolate {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.isolate",
        undo: Some("device.release"),
        permissions: PERMISSIONS,
        summary: "Cuts the device off from the network, apart from its own protection.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/isolate-machine",
        ..BASE
    };
    type Params = Isolation;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<Isolation>,
    ) -> Result<Outcome<OnDevice>, ActionError> {
        let params = request.params();
        ISOLATION.set(client, request, (params.kind.position(), params.comment.as_deref())).await
    }

    async fn observe(
        client: &Client,
        target: &Target,
        params: &Isolation,
    ) -> Result<Observation, ActionError> {
        ISOLATION.observe(client, target, params.kind.position()).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Isolation>>,
    ) -> Result<Outcome<()>, ActionError> {
        ISOLATION.restore(client, request).await
    }
}

impl Action for Release {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.release",
        impact: Impact::Restoring,
        undo: Some("device.isolate"),
        permissions: PERMISSIONS,
        summary: "Lets an isolated device back onto the network.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/unisolate-machine",
        ..BASE
    };
    type Params = Comment;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Comment>) -> Result<Outcome<OnDevice>, ActionError> {
        ISOLATION.set(client, request, (OFF, request.params().comment.as_deref())).await
    }

    async fn observe(client: &Client, target: &Target, _: &Comment) -> Result<Observation, ActionError> {
        ISOLATION.observe(client, target, OFF).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Comment>>,
    ) -> Result<Outcome<()>, ActionError> {
        ISOLATION.restore(client, request).await
    }
}
