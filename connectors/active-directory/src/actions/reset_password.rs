//! `account.reset_password`: a random password that nobody knows.
//!
//! It is made here, sent, and forgotten: whoever is to use the account again is given a new one by the help desk. A call
//! that is repeated sets another such password, which comes to the same: that is why repeating is safe. The password that
//! stood there before cannot be read, and so not put back.

use quell_action::{Action, ActionError, ActionSpec, Impact, Outcome, Repeat, Request, State, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OnAccount;
use crate::client::{Client, Need};
use crate::target::{Held, Sent, within};
use crate::wire::Change;

const RIGHT: &str = "\"Reset Password\"";
const DOING: &str = "resetting the password of";
/// 192 bits of chance.
const LENGTH: usize = 32;
/// 64 letters, so that each is as likely as any other.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
/// Passes the demand for all classes of characters, whatever chance brings.
const ALL_CLASSES: &str = "aA1!";

/// Resets a password.
pub(crate) struct ResetPassword;

/// How to reset a password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// Whether to do it even where services run under the account, which stop with it.
    #[serde(default)]
    pub(crate) even_with_services: bool,
}

impl Action for ResetPassword {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.reset_password",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: None,
        repeat: Repeat::Safe,
        readable: false,
        permissions: &["Reset Password"],
        summary: "Sets a random password that nobody knows.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-unicodepwd",
    };
    type Params = Params;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Params>) -> Result<Outcome<OnAccount>, ActionError> {
        let sent = Sent::default();
        within(request.time_limit(), &sent, reset(client, request, &sent)).await
    }
}

async fn reset(
    client: &Client,
    request: &Request<Params>,
    sent: &Sent,
) -> Result<Outcome<OnAccount>, ActionError> {
    let mut held = Held::take(client, request.target(), Need::Deciding).await?;
    if held.account.is_managed_service {
        let why = "the domain itself sets its password (a managed service account)";
        return Err(ActionError::rejected(format!("{DOING} {}: {why}", held.display)));
    }
    if held.account.runs_services && !request.params().even_with_services {
        let why = "services run under it and would stop; say even_with_services: true where that is meant";
        return Err(ActionError::rejected(format!("{DOING} {}: {why}", held.display)));
    }
    let before = held.account.password_last_set;
    let change = vec![Change::Replace("unicodePwd", as_sent(&random_password()?))];
    held.modify(change, sent).await.map_err(|error| held.failed(&error, DOING, RIGHT))?;
    held.read_again().await.map_err(|error| held.not_read_back(&error, DOING))?;
    // A caller without the right to unexpire passwords leaves a 0 there.
    if held.account.password_last_set == before && before != Some(0) {
        return Err(ActionError::uncertain(format!(
            "{DOING} {}: acknowledged, but the time of its password is still the old one",
            held.display
        )));
    }
    Ok(Outcome::changed(State::default(), State::default(), OnAccount::of(&held)))
}

fn random_password() -> Result<String, ActionError> {
    let mut chance = [0_u8; LENGTH];
    getrandom::fill(&mut chance).map_err(|error| {
        ActionError::unavailable(format!("this computer gives no random numbers: {error}"))
    })?;
    let letters = chance.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
    Ok(letters.chain(ALL_CLASSES.chars()).collect())
}

/// In quotes, in UTF-16, the lower byte first: the only form that a controller takes.
fn as_sent(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_sent_as_controllers_take_it() {
        let expected = "220041006200310021002200";
        let hex: String = as_sent("Ab1!").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    }

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
