//! `pagerduty.resolve`: resolves an incident.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};

use crate::event::{self, EVENT, EventOutput, OfIncident};
use crate::services::Services;

/// `pagerduty.resolve`.
pub struct Resolve;

impl Action for Resolve {
    const SPEC: ActionSpec =
        ActionSpec { name: "pagerduty.resolve", summary: "Resolves an incident.", ..EVENT };
    type Params = OfIncident;
    type Output = EventOutput;
    type Client = Services;

    async fn execute(
        services: &Services,
        request: &Request<OfIncident>,
    ) -> Result<Outcome<EventOutput>, ActionError> {
        event::about::<Self>(services, request, "resolve").await
    }
}
