//! [`EntraId`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, Refused, bind};
use quell_alert::Provider;

use crate::actions::{
    AddToGroup, DisableAccount, DismissRisk, EnableAccount, ForcePasswordChange, GetManager, GetUser,
    MarkCompromised, RemoveFromGroup, RequireSignIn, ResetPassword, RevokeSessions,
};
use crate::client::Client;
use crate::directory::TenantDirectory;
use crate::probe::TenantProbe;
use crate::settings::Settings;

/// Accounts of an Entra ID tenant, over Microsoft Graph.
pub struct EntraId;

impl Connector for EntraId {
    const NAME: &'static str = "entra-id";
    const SUMMARY: &'static str =
        "Looks up and contains accounts of an Entra ID tenant over Microsoft Graph.";
    const REFUSES: &'static [Refused] = &[
        Refused {
            action: "account.unlock",
            provider: Provider::ENTRA_ID,
            because: "smart lockout ends by itself, and Graph has no call that ends it",
        },
        Refused {
            action: "account.set_risk",
            provider: Provider::ENTRA_ID,
            because: "risk is confirmed or dismissed there: `account.mark_compromised`, `account.dismiss_risk`",
        },
        Refused {
            action: "account.activate",
            provider: Provider::ENTRA_ID,
            because: "only Okta has such a state; `account.disable` and `account.enable` do what is like it",
        },
        Refused {
            action: "account.deactivate",
            provider: Provider::ENTRA_ID,
            because: "only Okta has such a state; `account.disable` and `account.enable` do what is like it",
        },
        Refused {
            action: "account.reactivate",
            provider: Provider::ENTRA_ID,
            because: "only Okta has such a state; `account.disable` and `account.enable` do what is like it",
        },
    ];
    type Settings = Settings;

    fn actions(settings: Option<&Settings>) -> Vec<ActionInfo> {
        let mut actions = vec![
            ActionInfo::of::<DisableAccount>(),
            ActionInfo::of::<EnableAccount>(),
            ActionInfo::of::<RevokeSessions>(),
            ActionInfo::of::<RequireSignIn>(),
            ActionInfo::of::<ForcePasswordChange>(),
            ActionInfo::of::<ResetPassword>(),
            ActionInfo::of::<AddToGroup>(),
            ActionInfo::of::<RemoveFromGroup>(),
            ActionInfo::of::<GetManager>(),
            ActionInfo::of::<GetUser>(),
        ];
        if has_risk(settings) {
            actions.extend([ActionInfo::of::<MarkCompromised>(), ActionInfo::of::<DismissRisk>()]);
        }
        actions
    }

    fn check(settings: &Settings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: Settings) -> Result<Connection, ConnectError> {
        let client = Client::new(&settings).map_err(|error| ConnectError(format!("{name}: {error}")))?;
        let client = Arc::new(client);
        let mut actions = vec![
            bind::<DisableAccount>(Arc::clone(&client)),
            bind::<EnableAccount>(Arc::clone(&client)),
            bind::<RevokeSessions>(Arc::clone(&client)),
            bind::<RequireSignIn>(Arc::clone(&client)),
            bind::<ForcePasswordChange>(Arc::clone(&client)),
            bind::<ResetPassword>(Arc::clone(&client)),
            bind::<AddToGroup>(Arc::clone(&client)),
            bind::<RemoveFromGroup>(Arc::clone(&client)),
            bind::<GetManager>(Arc::clone(&client)),
            bind::<GetUser>(Arc::clone(&client)),
        ];
        if has_risk(Some(&settings)) {
            actions.push(bind::<MarkCompromised>(Arc::clone(&client)));
            actions.push(bind::<DismissRisk>(Arc::clone(&client)));
        }
        Ok(Connection {
            name: name.to_owned(),
            actions,
            directories: vec![Arc::new(TenantDirectory { client: Arc::clone(&client) })],
            carrier: None,
            probe: Arc::new(TenantProbe { client, actions: Self::actions(Some(&settings)) }),
        })
    }
}

/// Whether the cloud knows users at risk.
fn has_risk(settings: Option<&Settings>) -> bool {
    settings.is_none_or(|settings| settings.cloud.has_risky_users())
}
