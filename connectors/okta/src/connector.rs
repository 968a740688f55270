//! [`OktaConnector`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, AnyAction, ConnectError, Connection, Connector, Problem, Refused, bind};
use quell_alert::Provider;

use crate::actions::{
    ActivateAccount, AddToGroup, DeactivateAccount, DisableAccount, EnableAccount, ForcePasswordChange,
    GetGroups, GetUser, ReactivateAccount, RemoveFromGroup, ResetPassword, RevokeSessions, RevokeTokens,
    SetRisk, UnlockAccount,
};
use crate::client::Okta;
use crate::directory::OktaDirectory;
use crate::probe::OktaProbe;
use crate::settings::OktaSettings;

/// Users of an Okta organisation.
pub struct OktaConnector;

impl Connector for OktaConnector {
    const NAME: &'static str = "okta";
    const SUMMARY: &'static str = "Looks up and contains users of an Okta organisation.";
    const REFUSES: &'static [Refused] = &[
        Refused {
            action: "account.mark_compromised",
            provider: Provider::OKTA,
            because: "risk is a level there: `account.set_risk`",
        },
        Refused {
            action: "account.dismiss_risk",
            provider: Provider::OKTA,
            because: "risk is a level there: `account.set_risk`",
        },
    ];
    type Settings = OktaSettings;

    fn actions(_: Option<&OktaSettings>) -> Vec<ActionInfo> {
        actions()
    }

    fn check(settings: &OktaSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: OktaSettings) -> Result<Connection, ConnectError> {
        let okta = Okta::new(settings).map_err(|error| ConnectError(format!("{name}: {error}")))?;
        let okta = Arc::new(okta);
        Ok(Connection {
            name: name.to_owned(),
            actions: bound(&okta),
            directories: vec![Arc::new(OktaDirectory { okta: Arc::clone(&okta) })],
            carrier: None,
            probe: Arc::new(OktaProbe { okta }),
        })
    }
}

/// Every action, described.
pub(crate) fn actions() -> Vec<ActionInfo> {
    vec![
        ActionInfo::of::<DisableAccount>(),
        ActionInfo::of::<EnableAccount>(),
        ActionInfo::of::<DeactivateAccount>(),
        ActionInfo::of::<ActivateAccount>(),
        ActionInfo::of::<ReactivateAccount>(),
        ActionInfo::of::<UnlockAccount>(),
        ActionInfo::of::<ForcePasswordChange>(),
        ActionInfo::of::<ResetPassword>(),
        ActionInfo::of::<RevokeSessions>(),
        ActionInfo::of::<RevokeTokens>(),
        ActionInfo::of::<SetRisk>(),
        ActionInfo::of::<AddToGroup>(),
        ActionInfo::of::<RemoveFromGroup>(),
        ActionInfo::of::<GetUser>(),
        ActionInfo::of::<GetGroups>(),
    ]
}

fn bound(okta: &Arc<Okta>) -> Vec<Arc<dyn AnyAction>> {
    vec![
        bind::<DisableAccount>(Arc::clone(okta)),
        bind::<EnableAccount>(Arc::clone(okta)),
        bind::<DeactivateAccount>(Arc::clone(okta)),
        bind::<ActivateAccount>(Arc::clone(okta)),
        bind::<ReactivateAccount>(Arc::clone(okta)),
        bind::<UnlockAccount>(Arc::clone(okta)),
        bind::<ForcePasswordChange>(Arc::clone(okta)),
        bind::<ResetPassword>(Arc::clone(okta)),
        bind::<RevokeSessions>(Arc::clone(okta)),
        bind::<RevokeTokens>(Arc::clone(okta)),
        bind::<SetRisk>(Arc::clone(okta)),
        bind::<AddToGroup>(Arc::clone(okta)),
        bind::<RemoveFromGroup>(Arc::clone(okta)),
        bind::<GetUser>(Arc::clone(okta)),
        bind::<GetGroups>(Arc::clone(okta)),
    ]
}
