//! `device.tag`: a tag for people and device groups to go by.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, InEffect, Observation, Outcome, Request, Restore, State, Target,
};
use quell_kit::{Ask, Deadline, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BASE, OnDevice};
use crate::client::Client;
use crate::machine::Machine;

const RIGHT: &str = "Machine.ReadWrite.All";

/// Sets a tag.
pub(crate) struct Tag;

/// The tag to set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tagging {
    /// The tag to set.
    tag: String,
}

impl Action for Tag {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.tag",
        impact: Impact::Informing,
        undo: Some("device.tag"),
        permissions: &[RIGHT],
        summary: "Sets a tag on the device; its undo takes the tag away.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/add-or-remove-machine-tags",
        ..BASE
    };
    type Params = Tagging;
    type Output = OnDevice;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Tagging>) -> Result<Outcome<OnDevice>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let machine = client.machine(request.target(), deadline).await?;
        let tag = request.params().tag.trim();
        if tag.is_empty() || tag.chars().count() > 200 {
            return Err(ActionError::rejected("a tag has from 1 to 200 letters"));
        }
        if machine.has_tag(tag) {
            return Ok(Outcome::unchanged(OnDevice::of(&machine)));
        }
        write(client, &machine, ("Add", tag), deadline).await?;
        Ok(Outcome::changed(state(false), state(true), OnDevice::of(&machine)))
    }

    async fn observe(client: &Client, target: &Target, params: &Tagging) -> Result<Observation, ActionError> {
        let tagged = client.machine(target, client.look()).await?.has_tag(params.tag.trim());
        let in_effect = if tagged { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: state(tagged), in_effect })
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Tagging>>,
    ) -> Result<Outcome<()>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let restore = request.params();
        let machine = client.machine(request.target(), deadline).await?;
        let tag = restore.params.tag.trim();
        if restore.before == state(true) || !machine.has_tag(tag) {
            return Ok(Outcome::unchanged(()));
        }
        write(client, &machine, ("Remove", tag), deadline).await?;
        Ok(Outcome::changed(state(true), state(false), ()))
    }
}

async fn write(
    client: &Client,
    machine: &Machine,
    (doing, tag): (&str, &str),
    deadline: Deadline,
) -> Result<(), ActionError> {
    let url = client.api.url(["machines", &machine.id, "tags"]);
    let ask = Ask::write(Method::POST, url).json(json!({ "Value": tag, "Action": doing }));
    let what = format!("tagging {}", machine.display());
    client.write(ask, &what, RIGHT, deadline).await.map(drop)
}

fn state(tagged: bool) -> State {
    State(json!({ "tagged": tagged }))
}
