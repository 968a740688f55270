//! Whether only signed programs may run: `device.restrict_apps` and `device.unrestrict_apps`.

use quell_action::{Action, ActionError, ActionSpec, Impact, Observation, Outcome, Request, Restore, Target};
use serde_json::json;

use super::{BASE, Comment, OnDevice};
use crate::client::Client;
use crate::switch::{OFF, Switch};

const PERMISSIONS: &[&str] = &["Machine.RestrictExecution"];
pub(super) const RESTRICTED: &str = "restricted";

pub(super) static RESTRICTION: Switch = Switch {
    name: "apps",
    kinds: ["RestrictCodeExecution", "UnrestrictCodeExecution"],
    calls: ["restrictCodeExecution", "unrestrictCodeExecution"],
    right: "Machine.RestrictExecution",
    on: |_| RESTRICTED,
    with: |_| json!({}),
    lasts: None,
    doubt: |os, wanted| {
        let windows = os.to_lowercase().starts_with("windows");
        (wanted == RESTRICTED && !windows).then_some("only Windows is known to restrict programs")
    },
};

/// Lets only signed programs run.
pub(crate) struct RestrictApps;

/// Lets all programs run.
pub(crate) struct UnrestrictApps;

impl Action for RestrictApps {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.restrict_apps",
        undo: Some("device.unrestrict_apps"),
        permissions: PERMISSIONS,
        summary: "Lets only programs run that the maker of the system has signed.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/restrict-code-execution",
        ..BASE
    };
    type Params = Comment;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Comment>) -> Result<Outcome<OnDevice>, ActionError> {
        RESTRICTION.set(client, request, (RESTRICTED, request.params().comment.as_deref())).await
    }

    async fn observe(client: &Client, target: &Target, _: &Comment) -> Result<Observation, ActionError> {
        RESTRICTION.observe(client, target, RESTRICTED).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Comment>>,
    ) -> Result<Outcome<()>, ActionError> {
        RESTRICTION.restore(client, request).await
    }
}

impl Action for UnrestrictApps {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.unrestrict_apps",
        impact: Impact::Restoring,
        undo: Some("device.restrict_apps"),
        permissions: PERMISSIONS,
        summary: "Lets all programs run again.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/unrestrict-code-execution",
        ..BASE
    };
    type Params = Comment;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Comment>) -> Result<Outcome<OnDevice>, ActionError> {
        RESTRICTION.set(client, request, (OFF, request.params().comment.as_deref())).await
    }

    async fn observe(client: &Client, target: &Target, _: &Comment) -> Result<Observation, ActionError> {
        RESTRICTION.observe(client, target, OFF).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Comment>>,
    ) -> Result<Outcome<()>, ActionError> {
        RESTRICTION.restore(client, request).await
    }
}
