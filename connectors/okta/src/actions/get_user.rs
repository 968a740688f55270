//! `okta.get_user`: what Okta knows of somebody. It only reads.

use quell_action::{Action, ActionError, ActionSpec, Impact, Outcome, Request, Target, TargetKind};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ON_USER;
use crate::client::Okta;

/// Looks a user up.
pub(crate) struct GetUser;

/// Whom to look up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfUser {
    /// The user: the id (`00u…`) or the whole login.
    pub(crate) user: String,
}

/// What Okta knows of a user.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct UserOutput {
    /// The immutable id.
    id: String,
    /// The login.
    login: String,
    /// The mail address, where there is one.
    mail: Option<String>,
    /// The person's name, where it is known.
    name: Option<String>,
    /// Where in life the user is: ACTIVE, SUSPENDED and so on, in Okta's words.
    status: String,
    /// Whether the user can sign in; nothing where that cannot be said.
    enabled: Option<bool>,
    /// The administrative roles, in Okta's words; nothing where they could not be read.
    roles: Option<Vec<String>>,
    /// Whether there are any; nothing where they could not be read.
    is_privileged: Option<bool>,
}

impl Action for GetUser {
    const SPEC: ActionSpec = ActionSpec {
        name: "okta.get_user",
        target: TargetKind::None,
        impact: Impact::Informing,
        readable: false,
        permissions: &["okta.users.read", "okta.roles.read"],
        summary: "Looks up what Okta knows of a user.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/",
        ..ON_USER
    };
    type Params = OfUser;
    type Output = UserOutput;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<OfUser>) -> Result<Outcome<UserOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("okta.get_user has no target"));
        }
        let deadline = Deadline::after(request.time_limit());
        let user = okta.one_user(&request.params().user, deadline).await?;
        let roles = okta.roles_of(&user.id, deadline).await.ok();
        let roles = roles.map(|roles| roles.into_iter().map(|role| role.kind).collect::<Vec<_>>());
        Ok(Outcome::unchanged(UserOutput {
            name: user.name(),
            enabled: user.status.can_sign_in(),
            status: user.status.to_string(),
            id: user.id,
            login: user.profile.login,
            mail: user.profile.email,
            is_privileged: roles.as_ref().map(|roles| !roles.is_empty()),
            roles,
        }))
    }
}
