//! `thehive.open_alert`: opens an alert, once for each external id.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{AlertOutput, ON_ALERT, changed, no_target, unchanged};
use crate::desk::{Desk, reference};

/// `thehive.open_alert`.
pub struct Open;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 1.
    Low,
    /// 2.
    #[default]
    Medium,
    /// 3.
    High,
    /// 4.
    Critical,
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observable {
    /// Its type over there: ip, hostname, mail, hash, url.
    pub kind: String,
    /// Itself.
    pub value: String,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenParams {
    /// What happened, in one line.
    pub title: String,
    /// What else there is to say.
    #[serde(default)]
    pub description: String,
    /// Names and values, put below the description: `{ Account: alice }`, or the report of the run.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    pub details: Map<String, Value>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Level,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What was seen.
    #[serde(default)]
    pub observables: Vec<Observable>,
    /// Where to read on.
    #[serde(default)]
    pub link: Option<String>,
    /// The id under which it is found again, such as the alert's. Where an alert has it already, nothing is opened.
    /// Without it, the task's own.
    #[serde(default)]
    pub external_id: Option<String>,
}

impl Action for Open {
    const SPEC: ActionSpec = ActionSpec {
        name: "thehive.open_alert",
        repeat: Repeat::Keyed,
        summary: "Opens an alert in TheHive, once for each external id.",
        ..ON_ALERT
    };
    type Params = OpenParams;
    type Output = AlertOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<OpenParams>,
    ) -> Result<Outcome<AlertOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let key = &request.key().0;
        let external_id = params.external_id.as_deref().unwrap_or(key);
        let body = body(desk, params, external_id, key)?;
        if let Some(opened) = desk.create(body, deadline).await? {
            return Ok(changed(opened));
        }
        match desk.find(external_id, deadline).await? {
            Some(known) => Ok(unchanged(known)),
            None => Err(ActionError::rejected("TheHive says that the alert exists, and does not find it")),
        }
    }
}

fn body(desk: &Desk, params: &OpenParams, external_id: &str, key: &str) -> Result<Value, ActionError> {
    let link = params.link.as_deref();
    let message = Message::new(Some(&params.title), &params.description, &params.details, link, key)?;
    let title = message.title.clone().ok_or_else(|| ActionError::rejected("title is empty"))?;
    let observable = |seen: &Observable| json!({ "dataType": seen.kind, "data": seen.value });
    let severity = match params.severity {
        Level::Low => 1,
        Level::Medium => 2,
        Level::High => 3,
        Level::Critical => 4,
    };
    let mut body = json!({
        "type": desk.settings.alert_type,
        "source": desk.settings.source,
        "sourceRef": reference(external_id),
        "title": clip(&title, 512),
        "severity": severity,
        "date": quell_kit::now().timestamp_millis(),
        "tags": params.tags.iter().map(|tag| clip(tag, 128)).collect::<Vec<_>>(),
        "observables": params.observables.iter().map(observable).collect::<Vec<_>>(),
    });
    if let Some(link) = &message.link {
        body["externalLink"] = json!(link.as_str());
    }
    body["description"] = json!(clip(&Message { title: None, ..message }.plain(), 100_000));
    Ok(body)
}
