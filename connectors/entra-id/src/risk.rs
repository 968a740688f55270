//! How much at risk a user counts, at an interface that takes one call a second from the whole tenant and acts later.

use std::time::Duration;

use quell_action::{ActionError, Failure};
use quell_kit::microsoft::{failure_of, success, with_query};
use quell_kit::{Ask, Deadline, Method};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::user::User;

const RIGHT: &str = "IdentityRiskyUser.ReadWrite.All (and a licence for Entra ID P2)";
/// So long after a write was accepted, a state that is not there yet counts as on its way.
pub(crate) const ON_ITS_WAY: Duration = Duration::from_secs(300);

/// How much at risk a user counts, as far as it can be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Risk {
    /// Not at all: never was, or was dismissed, remedied or confirmed as safe.
    None,
    /// The service thinks so. Nobody can set this.
    Suspected,
    /// A person or a program has confirmed it.
    ConfirmedCompromised,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) risk: Risk,
    /// The service is still at it, or has accepted a change that does not show yet.
    pub(crate) pending: bool,
}

impl Client {
    /// How much at risk a user counts.
    pub(crate) async fn risk(&self, id: &str, deadline: Deadline) -> Result<Seen, ActionError> {
        let url = self.api.url(["identityProtection", "riskyUsers", id]);
        let url = with_query(url, &[("$select", "id,isProcessing,riskState,riskLevel")]);
        let answer = self.api.ask(Ask::get(url).at_pace_of(&self.risk_pace), deadline).await?;
        let (risk, processing) = match failure_of(&answer) {
            // Whoever never was at risk is not known there.
            Some(Failure::NotFound) => (Risk::None, false),
            _ => {
                let user: RiskyUser = success(answer)?.json()?;
                if !user.id.eq_ignore_ascii_case(id) {
                    return Err(ActionError::unavailable(
                        "the answer is about the risk of another user than was asked for",
                    ));
                }
                (user.risk(), user.is_processing.unwrap_or(false))
            }
        };
        Ok(Seen { risk, pending: processing || self.accepted.awaits_another(id, &risk) })
    }

    /// Confirms a user as compromised, or dismisses the risk. It is accepted now and done later.
    pub(crate) async fn set_risk(
        &self,
        user: &User,
        before: Risk,
        risk: Risk,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let (call, what) = match risk {
            Risk::ConfirmedCompromised => ("confirmCompromised", "confirming as compromised"),
            Risk::None | Risk::Suspected => ("dismiss", "dismissing the risk of"),
        };
        let url = self.api.url(["identityProtection", "riskyUsers", call]);
        let ask =
            Ask::write(Method::POST, url).json(json!({ "userIds": [user.id] })).at_pace_of(&self.risk_pace);
        self.write(ask, &format!("{what} {}", user.display()), RIGHT, deadline).await?;
        self.accepted.accepted(&user.id, before);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RiskyUser {
    id: String,
    #[serde(default)]
    is_processing: Option<bool>,
    #[serde(default)]
    risk_state: Option<String>,
}

impl RiskyUser {
    fn risk(&self) -> Risk {
        match self.risk_state.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("confirmedcompromised") => Risk::ConfirmedCompromised,
            Some("none" | "dismissed" | "remediated" | "confirmedsafe") | None => Risk::None,
            // A state that we do not know yet is none that we have set.
            Some(_) => Risk::Suspected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_that_are_not_known_yet_are_at_risk() {
        let risk = |state: &str| {
            RiskyUser { id: String::new(), is_processing: None, risk_state: Some(state.into()) }.risk()
        };
        assert_eq!(risk("somethingNew"), Risk::Suspected);
        assert_eq!(risk("atRisk"), Risk::Suspected);
        assert_eq!(risk("remediated"), Risk::None);
        assert_eq!(risk("ConfirmedCompromised"), Risk::ConfirmedCompromised);
    }
}
