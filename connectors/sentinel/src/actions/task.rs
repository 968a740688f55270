//! `sentinel.add_task`: gives whoever looks after an incident something to do, once.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request, State};
use quell_kit::{Deadline, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{BASE, READ};
use crate::client::{Client, id_of};
use crate::facet::no_target;
use crate::find::Which;

/// What Sentinel takes of a title and of a description.
const LONGEST: (usize, usize) = (150, 3000);

/// Adds a task.
pub(crate) struct AddTask;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToDo {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// What is to be done, in one line.
    title: String,
    /// How, and what to look out for.
    #[serde(default)]
    description: String,
}

/// What later steps can read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Given {
    /// The incident's name, a GUID: other steps take it as their `incident`.
    incident: String,
    /// Its number, as people know it.
    number: Option<i64>,
    /// The task's id.
    task: String,
}

impl Action for AddTask {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.add_task",
        repeat: Repeat::Keyed,
        readable: false,
        permissions: &[READ, "Microsoft.SecurityInsights/incidents/tasks/write"],
        summary: "Adds a task to an incident in Sentinel, once for each task of the run.",
        vendor_page: "https://learn.microsoft.com/rest/api/securityinsights/incident-tasks",
        ..BASE
    };
    type Params = ToDo;
    type Output = Given;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<ToDo>) -> Result<Outcome<Given>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let body = body(params)?;
        let which = Which::of(params.incident.as_deref(), params.alert.as_deref())?;
        let incident = client.find(which, deadline).await?;
        let id = id_of(&request.key().0);
        let output = Given { incident: incident.name.clone(), number: incident.number(), task: id.clone() };
        let outcome = match client.add(&incident, ("tasks", &id), body, deadline).await? {
            true => Outcome::changed(State::default(), State::default(), output),
            false => Outcome::unchanged(output),
        };
        Ok(Outcome { external_id: Some(id), ..outcome })
    }
}

fn body(params: &ToDo) -> Result<Value, ActionError> {
    let title = params.title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return Err(ActionError::rejected("the task has no title"));
    }
    let mut own = json!({ "title": clip(&title, LONGEST.0), "status": "New" });
    if !params.description.trim().is_empty() {
        own["description"] = json!(clip(params.description.trim(), LONGEST.1));
    }
    Ok(json!({ "properties": own }))
}
