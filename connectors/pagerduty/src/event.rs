//! One event: what the three actions have in common.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, Request, State, Target, TargetKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::connector::NAME;
use crate::services::Services;

/// The most that a key may hold.
const LONGEST_KEY: usize = 255;

/// What the actions have in common.
pub(crate) const EVENT: ActionSpec = ActionSpec {
    name: "",
    provider: NAME,
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: None,
    repeat: Repeat::Keyed,
    readable: false,
    permissions: &["The integration key of a service (Events API v2)"],
    summary: "",
    vendor_page: "https://developer.pagerduty.com/docs/events-api-v2-overview",
};

/// Which incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfIncident {
    /// The service, by its name in the site file; may be left out where there is only one.
    #[serde(default)]
    pub service: Option<String>,
    /// The key under which it was raised: the `incident` that raising gave.
    pub incident: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventOutput {
    /// The key of the incident, by which it is acknowledged and resolved.
    pub incident: String,
}

/// Sends an event about an incident that was raised before.
pub(crate) async fn about<A: Action>(
    services: &Services,
    request: &Request<OfIncident>,
    what: &str,
) -> Result<Outcome<EventOutput>, ActionError> {
    let params = request.params();
    send::<A, _>(
        services,
        request,
        params.service.as_deref(),
        &params.incident,
        json!({ "event_action": what }),
    )
    .await
}

/// Sends an event under a key.
pub(crate) async fn send<A: Action, P>(
    services: &Services,
    request: &Request<P>,
    service: Option<&str>,
    incident: &str,
    mut event: Value,
) -> Result<Outcome<EventOutput>, ActionError> {
    if *request.target() != Target::None {
        return Err(ActionError::rejected(format!("{} has no target", A::SPEC.name)));
    }
    if incident.trim().is_empty() {
        return Err(ActionError::rejected("the key of the incident is empty"));
    }
    let incident = shortened(incident);
    event["dedup_key"] = json!(incident);
    services.send(service, event, request.time_limit()).await?;
    Ok(Outcome {
        effect: Effect::Changed { before: State::default(), after: State::default() },
        external_id: Some(incident.clone()),
        output: EventOutput { incident },
    })
}

/// A key that is too long keeps its beginning, and stays its own by its sum.
fn shortened(key: &str) -> String {
    if key.len() <= LONGEST_KEY {
        return key.to_owned();
    }
    let sum: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let beginning: String = key.chars().take(50).collect();
    format!("{beginning}-{sum}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_stay_distinct() {
        let (one, other) = ("ä".repeat(300) + "1", "ä".repeat(300) + "2");
        assert_ne!(shortened(&one), shortened(&other));
        assert!(shortened(&one).len() <= LONGEST_KEY);
        assert_eq!(shortened("run/1"), "run/1");
    }
}
