//! `okta.get_groups`: the groups that somebody is in. It only reads.

use quell_action::{Action, ActionError, ActionSpec, Impact, Outcome, Request, Target, TargetKind};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::Serialize;

use super::ON_USER;
use super::get_user::OfUser;
use crate::client::Okta;

/// Looks up the groups of a user.
pub(crate) struct GetGroups;

/// The groups of a user.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct GroupsOutput {
    /// The login of the user.
    login: String,
    /// The names of the groups.
    names: Vec<String>,
    /// Their ids, in the same order.
    ids: Vec<String>,
}

impl Action for GetGroups {
    const SPEC: ActionSpec = ActionSpec {
        name: "okta.get_groups",
        target: TargetKind::None,
        impact: Impact::Informing,
        readable: false,
        permissions: &["okta.users.read", "okta.groups.read"],
        summary: "Looks up the groups that a user is in.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserResources/",
        ..ON_USER
    };
    type Params = OfUser;
    type Output = GroupsOutput;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<OfUser>) -> Result<Outcome<GroupsOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("okta.get_groups has no target"));
        }
        let deadline = Deadline::after(request.time_limit());
        let user = okta.one_user(&request.params().user, deadline).await?;
        let groups = okta.groups_of(&user.id, deadline).await?;
        Ok(Outcome::unchanged(GroupsOutput {
            login: user.profile.login.clone(),
            names: groups.iter().map(|group| group.display().to_owned()).collect(),
            ids: groups.into_iter().map(|group| group.id).collect(),
        }))
    }
}
