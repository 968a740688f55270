//! `jira.open_issue`: opens an issue, unless there is one for the external id.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{IssueOutput, ON_ISSUE, changed, no_target, unchanged};
use crate::desk::{Desk, label};
use crate::document::document;

/// `jira.open_issue`.
pub struct Open;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenParams {
    /// What happened, in one line.
    pub summary: String,
    /// What else there is to say.
    #[serde(default)]
    pub description: String,
    /// Names and values, put below the description: `{ Account: alice }`, or the report of the run.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    pub details: Map<String, Value>,
    /// Where to read on.
    #[serde(default)]
    pub link: Option<String>,
    /// Labels, without blanks.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Other fields of the project, in Jira's own form: `{ priority: { name: High } }`.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// The id under which it is found again, such as the alert's. Where an issue has it already, nothing is opened.
    /// Without it, the task's own.
    #[serde(default)]
    pub external_id: Option<String>,
}

impl Action for Open {
    const SPEC: ActionSpec = ActionSpec {
        name: "jira.open_issue",
        // Jira finds an issue only seconds after it was opened: a repetition within them would open another.
        repeat: Repeat::Never,
        summary: "Opens an issue in Jira, unless there is one for the external id.",
        ..ON_ISSUE
    };
    type Params = OpenParams;
    type Output = IssueOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<OpenParams>,
    ) -> Result<Outcome<IssueOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let key = &request.key().0;
        let external_id = params.external_id.as_deref().unwrap_or(key);
        let fields = fields(desk, params, external_id, key)?;
        if let Some(known) = desk.find(external_id, deadline).await? {
            return Ok(unchanged(known));
        }
        desk.create(fields, deadline).await.map(changed)
    }
}

fn fields(desk: &Desk, params: &OpenParams, external_id: &str, key: &str) -> Result<Value, ActionError> {
    let message = Message::new(
        Some(&params.summary),
        &params.description,
        &params.details,
        params.link.as_deref(),
        key,
    )?;
    let summary = message.title.clone().ok_or_else(|| ActionError::rejected("summary is empty"))?;
    if let Some(label) =
        params.labels.iter().find(|label| label.is_empty() || label.contains(char::is_whitespace))
    {
        return Err(ActionError::rejected(format!(
            "{label:?} is no label: it is empty or has a blank in it"
        )));
    }
    if let Some(own) =
        ["project", "issuetype", "summary", "labels"].iter().find(|own| params.fields.contains_key(**own))
    {
        return Err(ActionError::rejected(format!("{own} is not set under `fields`")));
    }
    let text = Message { title: None, ..message }.plain();
    let mut fields = params.fields.clone();
    let labels: Vec<String> = params.labels.iter().cloned().chain([label(external_id)]).collect();
    for (name, value) in [
        ("project", json!({ "key": desk.settings.project })),
        ("issuetype", json!({ "name": desk.settings.issue_type })),
        ("summary", json!(clip(&summary, 255))),
        ("description", document(&text)),
        ("labels", json!(labels)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Ok(Value::Object(fields))
}
