//! `active_directory.get_user`: what the domain knows of somebody. It only reads.

use quell_action::{Action, ActionError, ActionSpec, Impact, Outcome, Repeat, Request, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::Serialize;

use super::NoParams;
use crate::account::Control;
use crate::client::{Client, Need};
use crate::target::{Held, Sent, within};

/// Looks an account up.
pub(crate) struct GetUser;

/// What the domain knows of an account. What could not be read is left out, and never taken for "no".
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct UserOutput {
    /// What people call the account: `alice@corp.example`.
    account: String,
    /// The domain controller that was asked.
    controller: String,
    /// Whether it can be signed in to.
    enabled: Option<bool>,
    /// Whether too many wrong passwords have locked it.
    is_locked: bool,
    /// Whether a new password is wanted at the next sign-in.
    must_change_password: bool,
    /// Whether it holds administrative rights, through nested groups too.
    is_privileged: Option<bool>,
    /// The names of its groups, nested ones included.
    groups: Option<Vec<String>>,
}

impl Action for GetUser {
    const SPEC: ActionSpec = ActionSpec {
        name: "active_directory.get_user",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Safe,
        readable: false,
        permissions: &["Read all properties"],
        summary: "Looks up what the domain knows of the account.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/c-user",
    };
    type Params = NoParams;
    type Output = UserOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<UserOutput>, ActionError> {
        within(request.time_limit(), &Sent::default(), look_up(client, request)).await
    }
}

async fn look_up(client: &Client, request: &Request<NoParams>) -> Result<Outcome<UserOutput>, ActionError> {
    let held = Held::look(client, request.target(), Need::Reading).await?;
    let membership = client.groups.of(&held.account, held.home()).await?;
    let is_privileged = membership.as_ref().map(|membership| membership.privileged);
    let groups = membership.map(|membership| membership.groups);
    Ok(Outcome::unchanged(UserOutput {
        account: held.display.clone(),
        controller: held.server(),
        enabled: held.account.control.map(|control| !control.has(Control::DISABLED)),
        is_locked: held.account.is_locked(),
        must_change_password: held.account.must_change_password(),
        is_privileged,
        groups: groups.map(|groups| groups.into_iter().filter_map(|group| group.name).collect()),
    }))
}
