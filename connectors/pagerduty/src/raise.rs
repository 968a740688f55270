//! `pagerduty.raise`: wakes whoever is on call.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::{Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::event::{self, EVENT, EventOutput};
use crate::services::Services;

/// The most that a summary may hold.
const LONGEST_SUMMARY: usize = 1024;

/// `pagerduty.raise`.
pub struct Raise;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody has to act at once.
    Critical,
    /// Something is wrong.
    #[default]
    Error,
    /// Something may go wrong.
    Warning,
    /// Good to know.
    Info,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseParams {
    /// The service, by its name in the site file; may be left out where there is only one.
    #[serde(default)]
    pub service: Option<String>,
    /// What happened, in one line.
    #[serde(default)]
    pub title: Option<String>,
    /// What else there is to say.
    #[serde(default)]
    pub text: String,
    /// Names and values: `{ Account: alice, Why: ticket theft }`, or the report of the run: `{ from: run.report }`.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    pub facts: Map<String, Value>,
    /// Where to read on.
    #[serde(default)]
    pub link: Option<String>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// What it is about: a host, an account, a system.
    #[serde(default = "default_source")]
    pub source: String,
    /// A key of one's own, such as the alert's id: raising again under it changes the open incident. Without it, the
    /// task's own.
    #[serde(default)]
    pub incident: Option<String>,
}

impl Action for Raise {
    const SPEC: ActionSpec = ActionSpec {
        name: "pagerduty.raise",
        summary: "Raises an incident at a service of PagerDuty: whoever is on call is told.",
        ..EVENT
    };
    type Params = RaiseParams;
    type Output = EventOutput;
    type Client = Services;

    async fn execute(
        services: &Services,
        request: &Request<RaiseParams>,
    ) -> Result<Outcome<EventOutput>, ActionError> {
        let params = request.params();
        let key = &request.key().0;
        let (title, link) = (params.title.as_deref(), params.link.as_deref());
        let message = Message::new(title, &params.text, &params.facts, link, key)?;
        let incident = params.incident.as_deref().unwrap_or(key);
        let event = event(&message, params);
        event::send::<Self, _>(services, request, params.service.as_deref(), incident, event).await
    }
}

fn event(message: &Message, params: &RaiseParams) -> Value {
    let mut details: Map<String, Value> =
        message.facts.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if !message.text.is_empty() {
        details.insert("text".to_owned(), json!(clip(&message.text, 16_000)));
    }
    details.insert("sent_by".to_owned(), json!(message.footer()));
    let source = if params.source.trim().is_empty() { "Quell" } else { &params.source };
    let mut event = json!({
        "event_action": "trigger",
        "client": "Quell",
        "payload": {
            "summary": message.headline(LONGEST_SUMMARY),
            "source": clip(source, 255),
            "severity": params.severity,
            "custom_details": details,
        },
    });
    if let Some(link) = &message.link {
        event["client_url"] = json!(link.as_str());
        event["links"] = json!([{ "href": link.as_str(), "text": "Open" }]);
    }
    event
}

fn default_source() -> String {
    "Quell".to_owned()
}
