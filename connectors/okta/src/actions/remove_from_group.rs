//! `account.remove_from_group`: the user leaves a group.

use quell_action::{Action, ActionError, ActionSpec, Observation, Outcome, Request, Restore, Target};

use super::ON_USER;
use super::membership::{self, OfGroup, OnMember};
use crate::client::Okta;

/// Takes the user out of a group.
pub(crate) struct RemoveFromGroup;

impl Action for RemoveFromGroup {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.remove_from_group",
        undo: Some("account.add_to_group"),
        permissions: &["okta.users.read", "okta.groups.read", "okta.groups.manage"],
        summary: "Takes the user out of a group.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/",
        ..ON_USER
    };
    type Params = OfGroup;
    type Output = OnMember;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<OfGroup>) -> Result<Outcome<OnMember>, ActionError> {
        membership::set(okta, request, false).await
    }

    async fn observe(okta: &Okta, target: &Target, params: &OfGroup) -> Result<Observation, ActionError> {
        membership::observe(okta, target, params, false).await
    }

    async fn restore(okta: &Okta, request: &Request<Restore<OfGroup>>) -> Result<Outcome<()>, ActionError> {
        membership::restore(okta, request).await
    }
}
