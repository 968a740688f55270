//! `slack.post`: tells a channel something.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, Request, State, Target, TargetKind,
};
use quell_kit::Message;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::blocks;
use crate::channels::Channels;
use crate::connector::NAME;

/// `slack.post`.
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
    /// The message to answer, by the `ts` that it was posted with.
    #[serde(default)]
    pub thread: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PostOutput {
    /// The channel's id, where Slack says it.
    pub channel: Option<String>,
    /// The message's number in it, to answer in its thread; webhooks give none.
    pub ts: Option<String>,
}

impl Action for Post {
    const SPEC: ActionSpec = ActionSpec {
        name: "slack.post",
        provider: NAME,
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Never,
        readable: false,
        permissions: &["chat:write, and membership of the channel; or an incoming webhook"],
        summary: "Tells a Slack channel something.",
        vendor_page: "https://docs.slack.dev/reference/methods/chat.postMessage",
    };
    type Params = PostParams;
    type Output = PostOutput;
    type Client = Channels;

    async fn execute(
        channels: &Channels,
        request: &Request<PostParams>,
    ) -> Result<Outcome<PostOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("slack.post has no target"));
        }
        let params = request.params();
        let way = channels.named(params.channel.as_deref())?;
        let key = &request.key().0;
        let (title, link) = (params.title.as_deref(), params.link.as_deref());
        let message = Message::new(title, &params.text, &params.facts, link, key)?;
        let (text, blocks) = blocks::render(&message);
        let body = json!({
            "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false,
            "metadata": { "event_type": "quell_step", "event_payload": { "key": key } },
        });
        let posted = channels.post(way, body, params.thread.as_deref(), request.time_limit()).await?;
        Ok(Outcome {
            effect: Effect::Changed { before: State::default(), after: State::default() },
            external_id: posted.ts.clone(),
            output: PostOutput { channel: posted.channel, ts: posted.ts },
        })
    }
}
