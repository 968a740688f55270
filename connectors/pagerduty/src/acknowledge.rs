//! `pagerduty.acknowledge`: says that somebody looks after an incident.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};

use crate::event::{self, EVENT, EventOutput, OfIncident};
use crate::services::Services;

/// `pagerduty.acknowledge`.
pub struct Acknowledge;

impl Action for Acknowledge {
    const SPEC: ActionSpec = ActionSpec {
        name: "pagerduty.acknowledge",
        summary: "Says that somebody looks after an incident.",
        ..EVENT
    };
    type Params = OfIncident;
    type Output = EventOutput;
    type Client = Services;

    async fn execute(
        services: &Services,
        request: &Request<OfIncident>,
    ) -> Result<Outcome<EventOutput>, ActionError> {
        event::about::<Self>(services, request, "acknowledge").await
    }
}
