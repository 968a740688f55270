//! `entra_id.get_user`: what Entra ID knows of somebody. It only reads.

use quell_action::{Action, ActionError, ActionSpec, Impact, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::Serialize;

use super::{BASE, NoParams};
use crate::client::Client;

/// Looks a user up.
pub(crate) struct GetUser;

/// What Entra ID knows of a user. What could not be read is left out, and never taken for "no".
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct UserOutput {
    /// The object id.
    id: String,
    /// What people call the account: `alice@contoso.example`.
    account: String,
    /// The name that people know.
    name: Option<String>,
    /// The mail address.
    mail: Option<String>,
    /// Whether sign-ins are allowed.
    enabled: Option<bool>,
    /// Whether it belongs to another tenant.
    is_guest: bool,
    /// Whether it holds administrative rights: by a role, by a group, or by a role that it could activate.
    is_privileged: Option<bool>,
    /// Whether Active Directory is its master.
    on_prem_synced: bool,
    /// The names of its groups, nested ones included.
    groups: Option<Vec<String>>,
}

impl Action for GetUser {
    const SPEC: ActionSpec = ActionSpec {
        name: "entra_id.get_user",
        impact: Impact::Informing,
        readable: false,
        permissions: &["User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"],
        summary: "Looks up what Entra ID knows of the person.",
        vendor_page: "https://learn.microsoft.com/graph/api/user-get",
        ..BASE
    };
    type Params = NoParams;
    type Output = UserOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<UserOutput>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = client.user(request.target(), deadline).await?;
        let standing = client.standing(&user.id, deadline).await?;
        let groups =
            standing.groups.map(|groups| groups.into_iter().filter_map(|group| group.name).collect());
        Ok(Outcome::unchanged(UserOutput {
            account: user.display(),
            is_guest: user.is_guest(),
            on_prem_synced: user.is_synchronised(),
            id: user.id,
            name: user.display_name,
            mail: user.mail,
            enabled: user.account_enabled,
            is_privileged: standing.privileged,
            groups,
        }))
    }
}
