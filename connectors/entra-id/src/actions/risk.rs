//! How much at risk a user counts: `account.mark_compromised` and `account.dismiss_risk`.
//!
//! Both are accepted at once and done later; policies that look at the risk of users act on them. An undo cannot put a
//! risk back that the service itself had found: it dismisses, and says so.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, InEffect, Observation, Outcome, Request, Restore, Target,
};
use quell_kit::Deadline;
use serde::{Deserialize, Serialize};

use super::{BASE, NoParams, OnAccount, kept, nothing_to_undo, read};
use crate::client::Client;
use crate::risk::Risk;

/// Without it the service answers as if a right were missing.
const P2: Option<&str> = Some("Entra ID P2");
const PERMISSIONS: &[&str] = &["IdentityRiskyUser.ReadWrite.All"];

/// Confirms a user as compromised.
pub(crate) struct MarkCompromised;

/// Dismisses the risk of a user.
pub(crate) struct DismissRisk;

/// The state as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct AtRisk {
    risk: Risk,
}

impl Action for MarkCompromised {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.mark_compromised",
        undo: Some("account.dismiss_risk"),
        permissions: PERMISSIONS,
        summary: "Confirms the user as compromised, at high risk.",
        vendor_page: "https://learn.microsoft.com/graph/api/riskyuser-confirmcompromised",
        ..BASE
    };
    const LICENCE: Option<&'static str> = P2;
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        set(client, request, Risk::ConfirmedCompromised).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        observe(client, target, Risk::ConfirmedCompromised).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request).await
    }
}

impl Action for DismissRisk {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.dismiss_risk",
        impact: Impact::Restoring,
        undo: Some("account.mark_compromised"),
        permissions: PERMISSIONS,
        summary: "Dismisses the risk of the user.",
        vendor_page: "https://learn.microsoft.com/graph/api/riskyuser-dismiss",
        ..BASE
    };
    const LICENCE: Option<&'static str> = P2;
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        set(client, request, Risk::None).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        observe(client, target, Risk::None).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request).await
    }
}

async fn set(
    client: &Client,
    request: &Request<NoParams>,
    risk: Risk,
) -> Result<Outcome<OnAccount>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let user = client.user(request.target(), deadline).await?;
    let before = client.risk(&user.id, deadline).await?.risk;
    if before == risk {
        return Ok(Outcome::unchanged(OnAccount::of(&user)));
    }
    client.set_risk(&user, before, risk, deadline).await?;
    Ok(Outcome::changed(kept(&AtRisk { risk: before })?, kept(&AtRisk { risk })?, OnAccount::of(&user)))
}

async fn observe(client: &Client, target: &Target, risk: Risk) -> Result<Observation, ActionError> {
    let seen = client.risk(client.id_of(target)?, client.look()).await?;
    let in_effect = match seen.risk == risk {
        _ if seen.pending => InEffect::Pending,
        true => InEffect::Yes,
        false => InEffect::No,
    };
    Ok(Observation { state: kept(&AtRisk { risk: seen.risk })?, in_effect })
}

async fn restore(client: &Client, request: &Request<Restore<NoParams>>) -> Result<Outcome<()>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let before: AtRisk = read(&request.params().before)?;
    let after: AtRisk = read(&request.params().after)?;
    let user = client.user(request.target(), deadline).await?;
    let seen = client.risk(&user.id, deadline).await?;
    let now = AtRisk { risk: seen.risk };
    // What is no longer as we left it was changed by somebody else, or taken back already; unless it is not yet so.
    if now != after && !seen.pending {
        return Ok(nothing_to_undo());
    }
    let back = match before.risk {
        Risk::ConfirmedCompromised => Risk::ConfirmedCompromised,
        Risk::None => Risk::None,
        // The service found it, and only the service can find it again: what we confirmed is dismissed, and what we
        // dismissed stays so.
        Risk::Suspected if after.risk == Risk::ConfirmedCompromised => Risk::None,
        Risk::Suspected => {
            return Err(ActionError::rejected(format!(
                "{} was at risk by the finding of the service, which nobody can set; confirm it as compromised \
                 where that is meant",
                user.display()
            )));
        }
    };
    client.set_risk(&user, now.risk, back, deadline).await?;
    Ok(Outcome::changed(kept(&now)?, kept(&AtRisk { risk: back })?, ()))
}
