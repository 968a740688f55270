//! The actions, one file for each state that they change, and what they have in common.

mod enabled;
mod password;

use quell_action::{ActionError, ActionSpec, Impact, Repeat, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::Identity;

pub(crate) use enabled::{DisableAccount, EnableAccount};
pub(crate) use password::ForcePasswordReset;

const PERMISSIONS: &[&str] =
    &["SecurityIdentitiesActions.ReadWrite.All", "SecurityIdentitiesAccount.Read.All"];
const LICENCE: Option<&str> = Some("Defender for Identity, with a sensor in the domain");
const PAGE: &str = "https://learn.microsoft.com/graph/api/security-identityaccounts-invokeaction";

/// What most actions have in common.
const BASE: ActionSpec = ActionSpec {
    name: "",
    provider: Provider::ACTIVE_DIRECTORY,
    target: TargetKind::Account,
    impact: Impact::Disruptive,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: PERMISSIONS,
    summary: "",
    vendor_page: PAGE,
};

/// For actions that need no parameters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

/// What every action on an account tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnAccount {
    /// What people call the account.
    account: String,
    /// Who was told: the sensor chooses the domain controller.
    controller: String,
}

impl OnAccount {
    fn of(identity: &Identity) -> Self {
        Self { account: identity.display(), controller: "Defender for Identity".to_owned() }
    }
}

/// Refuses what the sensor does not offer for the account now.
fn must_be_offered(identity: &Identity, action: &str) -> Result<(), ActionError> {
    let account = identity.on_premises()?;
    match account.offers(action) {
        true => Ok(()),
        false => Err(ActionError::rejected(format!(
            "{action} is not offered for {} now (offered: {}); is there a sensor in its domain, with an action account \
             that has the right?",
            identity.display(),
            account.offered()
        ))),
    }
}
