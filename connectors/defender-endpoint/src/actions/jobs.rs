//! What a device does once: `device.scan`, `device.collect_package` and `file.quarantine`.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Comment, JOB, OnDevice};
use crate::client::Client;
use crate::job::Job;

/// Starts a virus scan.
pub(crate) struct Scan;

/// Collects what an investigator needs.
pub(crate) struct CollectPackage;

/// Stops a file and locks it away.
pub(crate) struct QuarantineFile;

/// How deep to look.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanParams {
    /// How deep to look.
    #[serde(default)]
    kind: ScanKind,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScanKind {
    #[default]
    Quick,
    Full,
}

/// The file to stop and to lock away.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuarantineParams {
    /// The SHA-1 of the file: 40 hex digits.
    sha1: String,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

impl Action for Scan {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.scan",
        permissions: &["Machine.Scan"],
        summary: "Starts a virus scan.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/run-av-scan",
        ..JOB
    };
    type Params = ScanParams;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<ScanParams>,
    ) -> Result<Outcome<OnDevice>, ActionError> {
        let job = Job {
            kind: "RunAntiVirusScan",
            call: "runAntiVirusScan",
            right: "Machine.Scan",
            others_will_do: true,
        };
        let params = request.params();
        let kind = match params.kind {
            ScanKind::Quick => "Quick",
            ScanKind::Full => "Full",
        };
        job.start(client, request, (json!({ "ScanType": kind }), params.comment.as_deref())).await
    }
}

impl Action for CollectPackage {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.collect_package",
        permissions: &["Machine.CollectForensics"],
        summary: "Collects what an investigator needs from the device.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/collect-investigation-package",
        ..JOB
    };
    type Params = Comment;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Comment>) -> Result<Outcome<OnDevice>, ActionError> {
        let job = Job {
            kind: "CollectInvestigationPackage",
            call: "collectInvestigationPackage",
            right: "Machine.CollectForensics",
            others_will_do: true,
        };
        job.start(client, request, (json!({}), request.params().comment.as_deref())).await
    }
}

impl Action for QuarantineFile {
    const SPEC: ActionSpec = ActionSpec {
        name: "file.quarantine",
        permissions: &["Machine.StopAndQuarantine"],
        summary: "Stops a file on the device and locks it away.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/stop-and-quarantine-file",
        ..JOB
    };
    type Params = QuarantineParams;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<QuarantineParams>,
    ) -> Result<Outcome<OnDevice>, ActionError> {
        let params = request.params();
        if params.sha1.len() != 40 || !params.sha1.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ActionError::rejected(format!("{:?} is no SHA-1: 40 hex digits", params.sha1)));
        }
        let job = Job {
            kind: "StopAndQuarantineFile",
            call: "StopAndQuarantineFile",
            right: "Machine.StopAndQuarantine",
            others_will_do: false,
        };
        job.start(client, request, (json!({ "Sha1": params.sha1 }), params.comment.as_deref())).await
    }
}
