//! `device.investigate`: an automatic investigation. It carries no comment by which it could be found again, so what
//! makes it safe to repeat is that one that is under way at the device is taken for it.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request, State};
use quell_kit::lenient::text_or_number;
use quell_kit::microsoft::{literal, pages, with_query};
use quell_kit::{Ask, Call, Deadline, Method};
use serde::Deserialize;
use serde_json::json;

use super::{Comment, JOB, OnDevice};
use crate::client::Client;
use crate::order::{comment, mark};

const RIGHT: &str = "Alert.ReadWrite.All";
/// Nothing more comes of an investigation in one of these states.
const OVER: [&str; 9] = [
    "benign",
    "failed",
    "fullyremediated",
    "partiallyremediated",
    "partiallyinvestigated",
    "successfullyremediated",
    "suppressedalert",
    "terminatedbysystem",
    "terminatedbyuser",
];

/// Starts an automatic investigation.
pub(crate) struct Investigate;

impl Action for Investigate {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.investigate",
        permissions: &[RIGHT],
        summary: "Starts an automatic investigation of the device.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/initiate-autoir-investigation",
        ..JOB
    };
    type Params = Comment;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Comment>) -> Result<Outcome<OnDevice>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let machine = client.machine(request.target(), deadline).await?;
        let filter = format!("machineId eq {}", literal(&machine.id));
        let url = with_query(client.api.url(["investigations"]), &[("$filter", &filter)]);
        let known: Vec<Investigation> = pages(&client.api, Ask::get(url), deadline).await?;
        if let Some(running) = known.into_iter().find(|one| one.is_of(&machine.id) && one.is_running()) {
            let outcome = Outcome::unchanged(OnDevice::of(&machine));
            return Ok(Outcome { external_id: Some(running.id), ..outcome });
        }
        let note = comment(request.params().comment.as_deref(), &mark(&request.key().0));
        let url = client.api.url(["machines", &machine.id, "startInvestigation"]);
        let ask = Ask::write(Method::POST, url).json(json!({ "Comment": note })).meaning(Call::WritesKeyed);
        let what = format!("investigating {}", machine.display());
        let answer = client.write(ask, &what, RIGHT, deadline).await?;
        let started: Investigation = answer.json()?;
        if !started.is_of(&machine.id) {
            return Err(answer.unreadable("it is about another device"));
        }
        let outcome = Outcome::changed(State::default(), State::default(), OnDevice::of(&machine));
        Ok(Outcome { external_id: Some(started.id), ..outcome })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Investigation {
    #[serde(deserialize_with = "text_or_number")]
    id: String,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    machine_id: Option<String>,
}

impl Investigation {
    /// Whether it is of this device, as far as it tells.
    fn is_of(&self, machine: &str) -> bool {
        self.machine_id.as_deref().is_none_or(|id| id.eq_ignore_ascii_case(machine))
    }

    fn is_running(&self) -> bool {
        self.state.as_deref().is_some_and(|state| !OVER.contains(&state.to_lowercase().as_str()))
    }
}
