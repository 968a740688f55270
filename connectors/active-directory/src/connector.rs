//! [`ActiveDirectory`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, Refused, bind};
use quell_alert::Provider;

use crate::actions::{
    AddToGroup, DisableAccount, DisableMachine, EnableAccount, EnableMachine, ForcePasswordChange, GetUser,
    RemoveFromGroup, ResetPassword, UnlockAccount,
};
use crate::client::Client;
use crate::directory::DomainDirectory;
use crate::login::Login;
use crate::probe::DomainProbe;
use crate::server::Server;
use crate::settings::Settings;
use crate::trust::trusting;

/// Accounts of an Active Directory domain, of people and of machines, over LDAP.
pub struct ActiveDirectory;

impl Connector for ActiveDirectory {
    const NAME: &'static str = "active-directory";
    const SUMMARY: &'static str = "Looks up and contains accounts of an Active Directory domain over LDAPS.";
    const REFUSES: &'static [Refused] = &[
        Refused {
            action: "account.revoke_sessions",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "a domain has no sessions to end: tickets that were given out last until they expire, ten hours as a rule; `account.disable` keeps new ones from being given out",
        },
        Refused {
            action: "account.mark_compromised",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "a domain keeps no risk of an account",
        },
        Refused {
            action: "account.dismiss_risk",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "a domain keeps no risk of an account",
        },
        Refused {
            action: "account.set_risk",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "a domain keeps no risk of an account",
        },
        Refused {
            action: "account.activate",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "only Okta has such a state; `account.disable` and `account.enable` do what is like it",
        },
        Refused {
            action: "account.deactivate",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "only Okta has such a state; `account.disable` and `account.enable` do what is like it",
        },
        Refused {
            action: "account.reactivate",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "only Okta has such a state; `account.disable` and `account.enable` do what is like it",
        },
        Refused {
            action: "device.isolate",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "a domain has no hold on a machine's network; `device.disable_account` shuts the machine out of the domain",
        },
        Refused {
            action: "device.release",
            provider: Provider::ACTIVE_DIRECTORY,
            because: "a domain has no hold on a machine's network; `device.enable_account` lets the machine back into the domain",
        },
    ];
    type Settings = Settings;

    fn actions(_: Option<&Settings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<DisableAccount>(),
            ActionInfo::of::<EnableAccount>(),
            ActionInfo::of::<ForcePasswordChange>(),
            ActionInfo::of::<ResetPassword>(),
            ActionInfo::of::<UnlockAccount>(),
            ActionInfo::of::<GetUser>(),
            ActionInfo::of::<AddToGroup>(),
            ActionInfo::of::<RemoveFromGroup>(),
            ActionInfo::of::<DisableMachine>(),
            ActionInfo::of::<EnableMachine>(),
        ]
    }

    fn check(settings: &Settings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: Settings) -> Result<Connection, ConnectError> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(ConnectError(format!("{name}: {}: {}", problem.place, problem.message)));
        }
        let named = |error: ConnectError| ConnectError(format!("{name}: {error}"));
        // Read once here, so that a missing password is found at the start and not at the first alert.
        settings.password.resolve().map_err(named)?;
        let tls = trusting(settings.ca_file.as_deref()).map_err(named)?;
        let login = Arc::new(Login::new(settings.account.clone(), settings.password.clone()));
        let servers = settings
            .addresses()
            .into_iter()
            .map(|address| {
                Arc::new(Server::new(address, Arc::clone(&tls), settings.timeouts(), Arc::clone(&login)))
            })
            .collect();
        let client = Arc::new(Client::new(servers, login, settings.prefer_pdc));
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![
                bind::<DisableAccount>(Arc::clone(&client)),
                bind::<EnableAccount>(Arc::clone(&client)),
                bind::<ForcePasswordChange>(Arc::clone(&client)),
                bind::<ResetPassword>(Arc::clone(&client)),
                bind::<UnlockAccount>(Arc::clone(&client)),
                bind::<GetUser>(Arc::clone(&client)),
                bind::<AddToGroup>(Arc::clone(&client)),
                bind::<RemoveFromGroup>(Arc::clone(&client)),
                bind::<DisableMachine>(Arc::clone(&client)),
                bind::<EnableMachine>(Arc::clone(&client)),
            ],
            directories: vec![Arc::new(DomainDirectory { client: Arc::clone(&client) })],
            carrier: None,
            probe: Arc::new(DomainProbe { client }),
        })
    }
}
