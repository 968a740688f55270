//! `account.set_risk`: the risk level, on which policies act: it can sign the user out everywhere.
//!
//! Where there was no risk, an undo cannot bring that back: Okta reads NONE and takes no NONE. It sets LOW, and says so.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, InEffect, Observation, Outcome, Request, Restore, Target,
};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ON_USER, OnAccount, changed_meanwhile, kept, nothing_to_undo, read};
use crate::client::Okta;
use crate::users::User;

const NONE: &str = "NONE";
const LOW: &str = "LOW";

/// Sets the risk level.
pub(crate) struct SetRisk;

/// The risk to set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToLevel {
    /// The risk to set.
    level: Level,
}

/// How great a risk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    Low,
    Medium,
    High,
}

/// The state as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    risk: String,
}

impl Action for SetRisk {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.set_risk",
        undo: Some("account.set_risk"),
        permissions: &["okta.users.read", "okta.userRisk.read", "okta.userRisk.manage"],
        summary: "Sets the risk level of the user, which policies act on.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserRisk/",
        ..ON_USER
    };
    const LICENCE: Option<&'static str> = Some("Identity Threat Protection with Okta AI");
    type Params = ToLevel;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<ToLevel>) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = okta.target(request.target(), deadline).await?;
        okta.spare_itself(&user, deadline).await?;
        let before = look(okta, &user, deadline).await?;
        let wanted = request.params().level.word();
        if before.risk == wanted {
            return Ok(Outcome::unchanged(OnAccount::of(&user)));
        }
        let after = write(okta, &user, wanted, &reason(&request.key().0), deadline).await?;
        Ok(Outcome::changed(kept(&before)?, kept(&after)?, OnAccount::of(&user)))
    }

    async fn observe(okta: &Okta, target: &Target, params: &ToLevel) -> Result<Observation, ActionError> {
        let deadline = Deadline::after(okta.patience());
        let user = okta.target(target, deadline).await?;
        let now = look(okta, &user, deadline).await?;
        let in_effect = if now.risk == params.level.word() { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: kept(&now)?, in_effect })
    }

    async fn restore(okta: &Okta, request: &Request<Restore<ToLevel>>) -> Result<Outcome<()>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let (before, after): (Kept, Kept) = (read(&request.params().before)?, read(&request.params().after)?);
        let user = okta.target(request.target(), deadline).await?;
        let now = look(okta, &user, deadline).await?;
        if now == before || (before.risk == NONE && now.risk == LOW) {
            return Ok(nothing_to_undo());
        }
        if now != after {
            let what = format!("its risk was left {} and is {} now", after.risk, now.risk);
            return Err(changed_meanwhile(user.display(), &what));
        }
        let wanted = if before.risk == NONE { LOW } else { before.risk.as_str() };
        let restored = write(okta, &user, wanted, &reason(&request.key().0), deadline).await?;
        let (before_undo, restored_state) = (kept(&now)?, kept(&restored)?);
        if before.risk == NONE {
            let why = "there was no risk before, and Okta takes no NONE: LOW was set".to_owned();
            let effect = Effect::Ineffective { before: before_undo, after: restored_state, why };
            return Ok(Outcome { effect, external_id: None, output: () });
        }
        Ok(Outcome::changed(before_undo, restored_state, ()))
    }
}

async fn look(okta: &Okta, user: &User, deadline: Deadline) -> Result<Kept, ActionError> {
    Ok(Kept { risk: okta.risk(&user.id, deadline).await?.risk_level })
}

async fn write(
    okta: &Okta,
    user: &User,
    level: &str,
    reason: &str,
    deadline: Deadline,
) -> Result<Kept, ActionError> {
    okta.set_risk(&user.id, level, reason, deadline).await?;
    let after = look(okta, user, deadline).await.map_err(|error| {
        ActionError::uncertain(format!("the risk of {} could not be read back: {error}", user.display()))
    })?;
    match after.risk == level {
        true => Ok(after),
        false => Err(ActionError::uncertain(format!(
            "Okta took the risk {level}, and that of {} is {} all the same",
            user.display(),
            after.risk
        ))),
    }
}

/// What Okta shows beside the level. It takes letters, digits, blanks, hyphens, commas and full stops, 500 at most.
fn reason(key: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | ',' | ' ');
    let key: String = key.chars().map(|letter| if fits(letter) { letter } else { ' ' }).take(400).collect();
    format!("Quell, {key}")
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Low => LOW,
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_hold_only_what_okta_takes() {
        assert_eq!(reason("run:1/step_2#3"), "Quell, run 1 step 2 3");
        assert!(reason(&"ä/".repeat(900)).len() <= 500);
    }
}
