//! `webhook.post`: tells a receiver something.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, Request, State, Target, TargetKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::connector::NAME;
use crate::endpoint::Endpoints;
use crate::signature::message_id;

/// What the convention recommends as the most that a message should hold.
const MAX_BODY: usize = 20 * 1024;

/// `webhook.post`.
pub struct Post;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostParams {
    /// The receiver, by its name in the site file; may be left out where there is only one.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The type of the message, in dotted words: account.contained.
    #[serde(rename = "type", default = "default_type")]
    pub kind: String,
    /// What to tell. Ids are better than whole records; 20 KB at most.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PostOutput {
    /// The id under which the receiver knows the message.
    pub message_id: String,
    /// The status with which it was taken.
    pub status: u16,
}

impl Action for Post {
    const SPEC: ActionSpec = ActionSpec {
        name: "webhook.post",
        provider: NAME,
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Keyed,
        readable: false,
        permissions: &["A signing secret that the receiver has given out"],
        summary: "Sends a signed message to a receiver, after the Standard Webhooks convention.",
        vendor_page: "https://www.standardwebhooks.com",
    };
    type Params = PostParams;
    type Output = PostOutput;
    type Client = Endpoints;

    async fn execute(
        client: &Endpoints,
        request: &Request<PostParams>,
    ) -> Result<Outcome<PostOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("webhook.post has no target"));
        }
        let params = request.params();
        let endpoint = client.named(params.endpoint.as_deref())?;
        let message_id = message_id(request.key());
        let body = body(&params.kind, &params.data)?;
        let answer = endpoint.post(&message_id, body, request.time_limit()).await?;
        let output = PostOutput { message_id: message_id.clone(), status: answer.status() };
        Ok(Outcome {
            effect: Effect::Changed { before: State::default(), after: State::default() },
            external_id: Some(message_id),
            output,
        })
    }
}

/// Serialised once: the very bytes that are signed are sent.
pub(crate) fn body(kind: &str, data: &Map<String, Value>) -> Result<Vec<u8>, ActionError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_');
    if kind.is_empty() || !kind.chars().all(fits) {
        return Err(ActionError::rejected(format!(
            "{kind:?} is no type of a message: letters, digits, _ and full stops"
        )));
    }
    let now = quell_kit::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let body = json!({ "type": kind, "timestamp": now, "data": data }).to_string().into_bytes();
    match body.len() > MAX_BODY {
        true => Err(ActionError::rejected(format!(
            "the message has {} bytes, more than the {MAX_BODY} that receivers take: send ids instead of records",
            body.len()
        ))),
        false => Ok(body),
    }
}

fn default_type() -> String {
    "quell.message".to_owned()
}
