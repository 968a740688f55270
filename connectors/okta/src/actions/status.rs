//! The status of a user: the state that the steps of a user's life change.

use quell_action::{ActionError, InEffect, Observation, Outcome, Request, Restore, Target};
use quell_kit::Deadline;
use serde::{Deserialize, Serialize};

use super::{NoParams, OnAccount, changed_meanwhile, kept, nothing_to_undo, read};
use crate::client::Okta;
use crate::life::Step;
use crate::users::{Status, User};

/// The state as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transitioning_to: Option<Status>,
}

/// Whom a step may be taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spares {
    /// Everybody but the owner of our own token.
    Itself,
    /// Everybody.
    Nobody,
}

/// Takes the step.
pub(super) async fn take(
    okta: &Okta,
    request: &Request<NoParams>,
    step: &Step,
    spares: Spares,
) -> Result<Outcome<OnAccount>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let before = okta.target(request.target(), deadline).await?;
    if spares == Spares::Itself {
        okta.spare_itself(&before, deadline).await?;
    }
    let output = OnAccount::of(&before);
    match step.take(okta, &before, deadline).await? {
        None => Ok(Outcome::unchanged(output)),
        Some(after) => Ok(Outcome::changed(kept(&Kept::of(&before))?, kept(&Kept::of(&after))?, output)),
    }
}

/// Looks whether the step has been taken.
pub(super) async fn observe(okta: &Okta, target: &Target, step: &Step) -> Result<Observation, ActionError> {
    let user = okta.target(target, Deadline::after(okta.patience())).await?;
    let in_effect = match (step.is_done(&user), step.is_under_way(&user)) {
        (true, _) => InEffect::Yes,
        (false, true) => InEffect::Pending,
        (false, false) => InEffect::No,
    };
    Ok(Observation { state: kept(&Kept::of(&user))?, in_effect })
}

/// Takes the step that leads back, where the user is still as the action left it.
pub(super) async fn restore(
    okta: &Okta,
    request: &Request<Restore<NoParams>>,
    back: &Step,
) -> Result<Outcome<()>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let (before, after): (Kept, Kept) = (read(&request.params().before)?, read(&request.params().after)?);
    let user = okta.target(request.target(), deadline).await?;
    let now = Kept::of(&user);
    if now == before {
        return Ok(nothing_to_undo());
    }
    if now != after {
        let what = format!("it was left {} and is {} now", after.status, now.status);
        return Err(changed_meanwhile(user.display(), &what));
    }
    match back.take(okta, &user, deadline).await? {
        None => Ok(nothing_to_undo()),
        Some(restored) => Ok(Outcome::changed(kept(&now)?, kept(&Kept::of(&restored))?, ())),
    }
}

impl Kept {
    fn of(user: &User) -> Self {
        Self { status: user.status.clone(), transitioning_to: user.transitioning_to_status.clone() }
    }
}
