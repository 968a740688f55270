//! `account.add_to_group`: the user joins a group: a quarantine that a policy denies, for one. It is possible in every status.

use quell_action::{Action, ActionError, ActionSpec, Observation, Outcome, Request, Restore, Target};

use super::ON_USER;
use super::membership::{self, OfGroup, OnMember};
use crate::client::Okta;

/// Puts the user into a group.
pub(crate) struct AddToGroup;

impl Action for AddToGroup {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.add_to_group",
        undo: Some("account.remove_from_group"),
        permissions: &["okta.users.read", "okta.groups.read", "okta.groups.manage", "okta.roles.read"],
        summary: "Puts the user into a group.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/",
        ..ON_USER
    };
    type Params = OfGroup;
    type Output = OnMember;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<OfGroup>) -> Result<Outcome<OnMember>, ActionError> {
        membership::set(okta, request, true).await
    }

    async fn observe(okta: &Okta, target: &Target, params: &OfGroup) -> Result<Observation, ActionError> {
        membership::observe(okta, target, params, true).await
    }

    async fn restore(okta: &Okta, request: &Request<Restore<OfGroup>>) -> Result<Outcome<()>, ActionError> {
        membership::restore(okta, request).await
    }
}
