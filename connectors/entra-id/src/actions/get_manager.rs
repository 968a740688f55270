//! `entra_id.get_manager`: whom to tell about somebody. It only looks.

use quell_action::{Action, ActionError, ActionSpec, Failure, Impact, Outcome, Request};
use quell_kit::microsoft::with_query;
use quell_kit::{Ask, Deadline};
use schemars::JsonSchema;
use serde::Serialize;

use super::{BASE, NoParams};
use crate::client::Client;
use crate::user::{USER, User};

/// Finds the manager of a user.
pub(crate) struct GetManager;

/// Who it is. Nothing where nobody is named.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Manager {
    /// What people call the account: `alice@contoso.example`.
    account: String,
    /// What people call its manager.
    manager: Option<String>,
    /// The manager's mail address.
    manager_mail: Option<String>,
}

impl Action for GetManager {
    const SPEC: ActionSpec = ActionSpec {
        name: "entra_id.get_manager",
        impact: Impact::Informing,
        readable: false,
        permissions: &["User.Read.All"],
        summary: "Finds the manager of the person, for a later step to tell.",
        vendor_page: "https://learn.microsoft.com/graph/api/user-list-manager",
        ..BASE
    };
    type Params = NoParams;
    type Output = Manager;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<NoParams>) -> Result<Outcome<Manager>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = client.user(request.target(), deadline).await?;
        let url = with_query(client.api.url(["users", &user.id, "manager"]), &[("$select", USER)]);
        let manager: Option<User> = match client.read(Ask::get(url), "the manager", deadline).await {
            Ok(answer) => Some(answer.json()?),
            // Nobody is named.
            Err(error) if error.failure == Failure::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Outcome::unchanged(Manager {
            account: user.display(),
            manager: manager.as_ref().map(User::display),
            manager_mail: manager.and_then(|manager| manager.mail),
        }))
    }
}
