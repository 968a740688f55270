//! `servicenow.open_incident`: opens an incident, once for each external id.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{IncidentOutput, ON_INCIDENT, changed, fields, no_target, unchanged};
use crate::desk::Desk;

/// `servicenow.open_incident`.
pub struct Open;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 1.
    High,
    /// 2.
    Medium,
    /// 3.
    Low,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenParams {
    /// What happened, in one line.
    pub short_description: String,
    /// What else there is to say.
    #[serde(default)]
    pub description: String,
    /// Names and values, put below the description: `{ Account: alice }`, or the report of the run.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    pub details: Map<String, Value>,
    /// How soon it has to be looked at.
    #[serde(default)]
    pub urgency: Option<Level>,
    /// How far it reaches.
    #[serde(default)]
    pub impact: Option<Level>,
    /// Where to read on.
    #[serde(default)]
    pub link: Option<String>,
    /// Other fields of the table, by their names: `{ category: security, assignment_group: <sys_id> }`.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// The id under which it is found again, such as the alert's. Where an incident has it already, nothing is opened.
    /// Without it, the task's own.
    #[serde(default)]
    pub external_id: Option<String>,
}

impl Action for Open {
    const SPEC: ActionSpec = ActionSpec {
        name: "servicenow.open_incident",
        repeat: Repeat::Keyed,
        summary: "Opens an incident in ServiceNow, once for each external id.",
        ..ON_INCIDENT
    };
    type Params = OpenParams;
    type Output = IncidentOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<OpenParams>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let key = &request.key().0;
        let external_id = params.external_id.as_deref().unwrap_or(key);
        let body = body(params, external_id, key)?;
        if let Some(known) = desk.find("correlation_id", external_id, deadline).await? {
            return Ok(unchanged(known));
        }
        desk.create(body, deadline).await.map(changed)
    }
}

fn body(params: &OpenParams, external_id: &str, key: &str) -> Result<Map<String, Value>, ActionError> {
    if params.short_description.trim().is_empty() {
        return Err(ActionError::rejected("short_description is empty"));
    }
    let message = Message::new(
        None,
        &format!("{}\n", params.description),
        &params.details,
        params.link.as_deref(),
        key,
    );
    let linked = params.link.as_deref().is_some_and(|link| !link.trim().is_empty());
    // Without a description the details and the link may be empty as well; the line above them says enough.
    let description = match (&message, linked) {
        (Ok(message), _) => message.plain(),
        (Err(_), false) => format!("Quell, {key}"),
        (Err(_), true) => message.map(|message| message.plain())?,
    };
    let mut body = fields(&params.fields)?;
    let short = params.short_description.split_whitespace().collect::<Vec<_>>().join(" ");
    body.insert("short_description".into(), json!(clip(&short, 160)));
    body.insert("description".into(), json!(clip(&description, 3900)));
    body.insert("correlation_id".into(), json!(external_id));
    body.insert("correlation_display".into(), json!("Quell"));
    for (name, level) in [("urgency", params.urgency), ("impact", params.impact)] {
        if let Some(level) = level {
            let number = match level {
                Level::High => "1",
                Level::Medium => "2",
                Level::Low => "3",
            };
            body.insert(name.into(), json!(number));
        }
    }
    Ok(body)
}
