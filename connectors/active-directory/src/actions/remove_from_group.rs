//! `account.remove_from_group`: the account leaves a group, and with it what the group may do.
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
pub(crate) struct RemoveFromGroup;

impl Action for RemoveFromGroup {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.remove_from_group",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: Some("account.add_to_group"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read member", "Write member"],
        summary: "Takes the account out of a group of its Active Directory domain.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-member",
    };
    type Params = OfGroup;
    type Output = OnMembership;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<OfGroup>,
    ) -> Result<Outcome<OnMembership>, ActionError> {
        membership::set(client, request, false).await
    }

    async fn observe(client: &Client, target: &Target, params: &OfGroup) -> Result<Observation, ActionError> {
        membership::observe(client, target, params, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<OfGroup>>,
    ) -> Result<Outcome<()>, ActionError> {
        membership::restore(client, request).await
    }
}
