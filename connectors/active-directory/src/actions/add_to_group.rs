//! `account.add_to_group`: the account joins a group: one that denies access, say.
//!
//! Tickets and sessions that were given out before still carry the old groups.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};
use quell_alert::Provider;

use super::membership::{self, OfGroup, OnMembership};
use crate::client::Client;

/// See the head of this file.
pub(crate) struct AddToGroup;

impl Action for AddToGroup {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.add_to_group",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: Some("account.remove_from_group"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read member", "Write member"],
        summary: "Puts the account into a group of its Active Directory domain.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-member",
    };
    type Params = OfGroup;
    type Output = OnMembership;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<OfGroup>,
    ) -> Result<Outcome<OnMembership>, ActionError> {
        membership::set(client, request, true).await
    }

    async fn observe(client: &Client, target: &Target, params: &OfGroup) -> Result<Observation, ActionError> {
        membership::observe(client, target, params, true).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<OfGroup>>,
    ) -> Result<Outcome<()>, ActionError> {
        membership::restore(client, request).await
    }
}
