//! `teams.post`: tells a channel something.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, Request, State, Target, TargetKind,
};
use quell_kit::Message;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::card;
use crate::channels::Channels;
use crate::connector::NAME;

/// `teams.post`.
pub struct Post;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostParams {
    /// The channel, by its name in the site file; may be left out where there is only one.
    #[serde(default)]
    pub channel: Option<String>,
    /// One line above the text.
    #[serde(default)]
    pub title: Option<String>,
    /// What there is to say.
    #[serde(default)]
    pub text: String,
    /// Names and values, shown as a table: `{ Account: alice, Why: ticket theft }`, or the report of the run:
    /// `{ from: run.report }`.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    pub facts: Map<String, Value>,
    /// Where to read on: a button.
    #[serde(default)]
    pub link: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PostOutput {
    /// The status with which the workflow took the card.
    pub status: u16,
}

impl Action for Post {
    const SPEC: ActionSpec = ActionSpec {
        name: "teams.post",
        provider: NAME,
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Never,
        readable: false,
        permissions: &["The address of a workflow that posts to the channel"],
        summary: "Tells a channel of Microsoft Teams something.",
        vendor_page: "https://learn.microsoft.com/en-us/power-automate/teams/teams-app-create",
    };
    type Params = PostParams;
    type Output = PostOutput;
    type Client = Channels;

    async fn execute(
        channels: &Channels,
        request: &Request<PostParams>,
    ) -> Result<Outcome<PostOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("teams.post has no target"));
        }
        let params = request.params();
        let channel = channels.named(params.channel.as_deref())?;
        let (title, link) = (params.title.as_deref(), params.link.as_deref());
        let message = Message::new(title, &params.text, &params.facts, link, &request.key().0)?;
        let answer = channels.post(channel, card::render(&message), request.time_limit()).await?;
        Ok(Outcome {
            effect: Effect::Changed { before: State::default(), after: State::default() },
            external_id: None,
            output: PostOutput { status: answer.status() },
        })
    }
}
