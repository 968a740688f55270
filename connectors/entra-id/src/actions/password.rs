//! Passwords: `account.force_password_change` and `account.reset_password`.
//!
//! Neither is possible for guests, whose password is elsewhere, nor for accounts whose master is Active Directory: both
//! are refused before any call, because Microsoft Graph would refuse them with words that help nobody.

use quell_action::{
    Action, ActionError, ActionSpec, Failure, InEffect, Observation, Outcome, Request, Restore, State, Target,
};
use quell_kit::Deadline;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::{BASE, NoParams, OnAccount, kept, nothing_to_undo, read};
use crate::client::Client;
use crate::user::User;

const RIGHT: &str = "User-PasswordProfile.ReadWrite.All, and the role User Administrator to the application";
const PAGE: &str = "https://learn.microsoft.com/graph/api/user-update";
const LENGTH: usize = 40;
const LETTERS: &[u8; 64] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.+*#!";
/// So that every policy finds each class of letters.
const ALL_CLASSES: &str = "Aa1!";

/// Forces a password change.
pub(crate) struct ForcePasswordChange;

/// Sets a random password.
pub(crate) struct ResetPassword;

/// The state as it is kept. Some tenants do not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Password {
    must_change: Option<bool>,
}

impl Action for ForcePasswordChange {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.force_password_change",
        undo: Some("account.force_password_change"),
        permissions: &["User-PasswordProfile.ReadWrite.All"],
        summary: "Makes the person choose a new password at the next sign-in.",
        vendor_page: PAGE,
        ..BASE
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = client.user(request.target(), deadline).await?;
        let before = Password::of(&user);
        if before.must_change == Some(true) {
            return Ok(Outcome::unchanged(OnAccount::of(&user)));
        }
        refuse(&user)?;
        write(client, &user, true, deadline).await?;
        Ok(Outcome::changed(kept(&before)?, kept(&before.then(true))?, OnAccount::of(&user)))
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        let now = Password::of(&client.user(target, client.look()).await?);
        let in_effect = match now.must_change {
            Some(true) => InEffect::Yes,
            Some(false) => InEffect::No,
            None => InEffect::Pending,
        };
        Ok(Observation { state: kept(&now)?, in_effect })
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let before: Password = read(&request.params().before)?;
        let user = client.user(request.target(), deadline).await?;
        let now = Password::of(&user);
        // Where the state is not told, the change is taken back: nothing is lost by it.
        if now.must_change == Some(false) || before.must_change == Some(true) {
            return Ok(nothing_to_undo());
        }
        write(client, &user, false, deadline).await?;
        Ok(Outcome::changed(kept(&now)?, kept(&before)?, ()))
    }
}

impl Action for ResetPassword {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.reset_password",
        readable: false,
        permissions: &["User-PasswordProfile.ReadWrite.All"],
        summary: "Sets a random password that nobody knows.",
        vendor_page: PAGE,
        ..BASE
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = client.user(request.target(), deadline).await?;
        refuse(&user)?;
        let password = random_password()?;
        let profile = json!({ "passwordProfile": {
            "forceChangePasswordNextSignIn": true,
            "password": password.as_str(),
        }});
        client.change(&user, profile, "setting the password of", RIGHT, deadline).await?;
        Ok(Outcome::changed(State::default(), State::default(), OnAccount::of(&user)))
    }
}

fn refuse(user: &User) -> Result<(), ActionError> {
    let name = user.display();
    if user.is_guest() {
        return Err(ActionError::rejected(format!("{name} is a guest: the password is in another tenant")));
    }
    match user.is_synchronised() {
        false => Ok(()),
        true => Err(ActionError::rejected(format!(
            "{name} has its password in Active Directory: use the action of the provider active_directory"
        ))),
    }
}

async fn write(
    client: &Client,
    user: &User,
    must_change: bool,
    deadline: Deadline,
) -> Result<(), ActionError> {
    let profile = json!({ "passwordProfile": { "forceChangePasswordNextSignIn": must_change } });
    let what =
        if must_change { "forcing a password change of" } else { "taking back the password change of" };
    client.change(user, profile, what, RIGHT, deadline).await
}

fn random_password() -> Result<Zeroizing<String>, ActionError> {
    let mut chance = [0_u8; LENGTH];
    getrandom::fill(&mut chance).map_err(|error| {
        ActionError::new(
            Failure::Unavailable { retry_after: None },
            format!("this computer gives no random numbers: {error}"),
        )
    })?;
    let letters = chance.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
    Ok(Zeroizing::new(letters.chain(ALL_CLASSES.chars()).collect()))
}

impl Password {
    fn of(user: &User) -> Self {
        let profile = user.password_profile.as_ref();
        Self { must_change: profile.and_then(|profile| profile.force_change_password_next_sign_in) }
    }

    /// What is to be seen after a change, where anything is.
    fn then(self, must_change: bool) -> Self {
        Self { must_change: self.must_change.map(|_| must_change) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (random_password().unwrap(), random_password().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), LENGTH + ALL_CLASSES.len());
        for class in [char::is_uppercase, char::is_lowercase, char::is_numeric] {
            assert!(one.contains(class));
        }
    }
}
