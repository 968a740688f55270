//! `smtp.send`: writes a mail.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, Request, State, Target, TargetKind,
};
use quell_kit::Message;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::connector::NAME;
use crate::letter::Letter;
use crate::relay::Relay;

/// `smtp.send`.
pub struct Send;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendParams {
    /// Whom it is for: names of the site file, or addresses in the domains that it allows.
    pub to: Vec<String>,
    /// The subject. Without it, the first line of the text.
    #[serde(default)]
    pub title: Option<String>,
    /// What there is to say.
    #[serde(default)]
    pub text: String,
    /// Names and values, shown as a table: `{ Account: alice, Why: ticket theft }`, or the report of the run:
    /// `{ from: run.report }`.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    pub facts: Map<String, Value>,
    /// Where to read on.
    #[serde(default)]
    pub link: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SendOutput {
    /// The mail's id, the same on every attempt.
    pub message_id: String,
    /// What the relay said when it took it.
    pub answer: String,
}

impl Action for Send {
    const SPEC: ActionSpec = ActionSpec {
        name: "smtp.send",
        provider: NAME,
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Never,
        readable: false,
        permissions: &["A relay that takes mail from this machine or this account, for these recipients"],
        summary: "Writes a mail to people whom the site names.",
        vendor_page: "https://www.rfc-editor.org/rfc/rfc6409",
    };
    type Params = SendParams;
    type Output = SendOutput;
    type Client = Relay;

    async fn execute(
        relay: &Relay,
        request: &Request<SendParams>,
    ) -> Result<Outcome<SendOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("smtp.send has no target"));
        }
        let params = request.params();
        let (title, link) = (params.title.as_deref(), params.link.as_deref());
        let message = Message::new(title, &params.text, &params.facts, link, &request.key().0)?;
        let letter = Letter::write(&relay.settings, &params.to, &message)?;
        let answer = relay.hand_over(&letter, request.time_limit()).await?;
        Ok(Outcome {
            effect: Effect::Changed { before: State::default(), after: State::default() },
            external_id: Some(letter.id.clone()),
            output: SendOutput { message_id: letter.id, answer },
        })
    }
}
