//! `account.force_password_change`: the password must be changed at the next sign-in.
//!
//! Without a change the account cannot sign in at all, also where no dialogue for it exists (VPN, web pages). An account
//! whose password never expires, or that signs in with a smart card, is not held up by it: that is said, and never
//! called a success.

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, InEffect, Observation, Outcome, Repeat, Request,
    Restore, Target, TargetKind,
};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OnAccount, kept, nothing_to_undo, read};
use crate::account::{Account, Control};
use crate::client::{Client, Need};
use crate::swap::{Swapped, WRITE_FLAGS, Wanted, change_flag, flags};
use crate::target::{Held, Sent, within};
use crate::wire::Change;

const RIGHT: &str = "\"Read pwdLastSet\" and \"Write pwdLastSet\"";
const DOING: &str = "forcing a password change of";
const MUST_CHANGE: &[u8] = b"0";
/// "Now": the former time cannot be put back.
const NEED_NOT_CHANGE: &[u8] = b"-1";

/// Forces a password change.
pub(crate) struct ForcePasswordChange;

/// How to force a password change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// Whether to take "password never expires" away where it stands: with it, the change is written and has no effect.
    /// The undo puts it back.
    #[serde(default)]
    pub(crate) clear_password_never_expires: bool,
}

/// The state as it is kept. When the password was set is no part of it: that cannot be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Password {
    must_change: bool,
    never_expires: bool,
}

impl Action for ForcePasswordChange {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.force_password_change",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: Some("account.force_password_change"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &[
            "Read pwdLastSet",
            "Write pwdLastSet",
            "Read userAccountControl",
            "Write userAccountControl",
        ],
        summary: "Makes the account change its password at the next sign-in.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-pwdlastset",
    };
    type Params = Params;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Params>) -> Result<Outcome<OnAccount>, ActionError> {
        let sent = Sent::default();
        within(request.time_limit(), &sent, force(client, request, &sent)).await
    }

    async fn observe(client: &Client, target: &Target, _: &Params) -> Result<Observation, ActionError> {
        let held = Held::look(client, target, Need::Deciding).await?;
        Ok(Observation { state: kept(&Password::of(&held)?)?, in_effect: in_effect(&held.account) })
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Params>>,
    ) -> Result<Outcome<()>, ActionError> {
        let sent = Sent::default();
        within(request.time_limit(), &sent, restore(client, request, &sent)).await
    }
}

async fn force(
    client: &Client,
    request: &Request<Params>,
    sent: &Sent,
) -> Result<Outcome<OnAccount>, ActionError> {
    let mut held = Held::take(client, request.target(), Need::Deciding).await?;
    if held.account.is_managed_service {
        let why = "the domain itself changes its password (a managed service account)";
        return Err(ActionError::rejected(format!("{DOING} {}: {why}", held.display)));
    }
    let never_expires = flags(&held.account, &held)?.has(Control::PASSWORD_NEVER_EXPIRES);
    let clear = never_expires && request.params().clear_password_never_expires;
    if held.account.must_change_password() && !clear {
        return outcome(Password::of(&held)?, &held, false);
    }
    let before = match clear {
        true => write_and_clear(&mut held, sent).await?,
        false => write(&mut held, sent, MUST_CHANGE).await?,
    };
    outcome(before, &held, true)
}

/// Writes `pwdLastSet` alone, and reads back. Gives back what stood there before.
async fn write(held: &mut Held, sent: &Sent, value: &[u8]) -> Result<Password, ActionError> {
    let before = Password::of(held)?;
    let change = vec![Change::Replace("pwdLastSet", value.to_vec())];
    held.modify(change, sent).await.map_err(|error| held.failed(&error, DOING, RIGHT))?;
    held.read_again().await.map_err(|error| held.not_read_back(&error, DOING))?;
    Ok(before)
}

/// Writes `pwdLastSet` and takes "never expires" away, in one request, so that no half of it can stand alone.
async fn write_and_clear(held: &mut Held, sent: &Sent) -> Result<Password, ActionError> {
    let found = Password::of(held)?;
    let wanted = Wanted {
        flag: Control::PASSWORD_NEVER_EXPIRES,
        set: false,
        also: &[Change::Replace("pwdLastSet", MUST_CHANGE.to_vec())],
        is_done: |account| {
            account.must_change_password()
                && account.control.is_some_and(|control| !control.has(Control::PASSWORD_NEVER_EXPIRES))
        },
        doing: DOING,
        right: WRITE_FLAGS,
    };
    match change_flag(held, sent, &wanted).await? {
        Swapped::Changed(before) => Password::from_account(&before, held),
        Swapped::ByOthers => Ok(found),
    }
}

/// Says what came of it, by what was read back.
fn outcome(before: Password, held: &Held, wrote: bool) -> Result<Outcome<OnAccount>, ActionError> {
    let after = Password::of(held)?;
    let output = OnAccount::of(held);
    match in_effect(&held.account) {
        InEffect::Yes if wrote => Ok(Outcome::changed(kept(&before)?, kept(&after)?, output)),
        InEffect::Yes => Ok(Outcome::unchanged(output)),
        InEffect::Ineffective(why) => Ok(Outcome {
            effect: Effect::Ineffective { before: kept(&before)?, after: kept(&after)?, why },
            external_id: None,
            output,
        }),
        InEffect::No | InEffect::Pending => Err(ActionError::unavailable(format!(
            "{DOING} {}: the password was set anew at the same moment",
            held.display
        ))),
    }
}

/// Puts back what stood there before, as far as it can be: the time at which the password was set becomes "now". A
/// password that was changed since has fulfilled its purpose, and is left alone.
async fn restore(
    client: &Client,
    request: &Request<Restore<Params>>,
    sent: &Sent,
) -> Result<Outcome<()>, ActionError> {
    let (before, after): (Password, Password) =
        (read(&request.params().before)?, read(&request.params().after)?);
    let mut held = Held::take(client, request.target(), Need::Deciding).await?;
    let now = Password::of(&held)?;
    let take_back = !before.must_change && after.must_change && now.must_change;
    let put_back = before.never_expires && !after.never_expires && !now.never_expires;
    let also = [Change::Replace("pwdLastSet", NEED_NOT_CHANGE.to_vec())];
    match (take_back, put_back) {
        (false, false) => return Ok(nothing_to_undo()),
        (true, false) => {
            write(&mut held, sent, NEED_NOT_CHANGE).await?;
        }
        (_, true) => {
            let wanted = Wanted {
                flag: Control::PASSWORD_NEVER_EXPIRES,
                set: true,
                also: if take_back { &also } else { &[] },
                is_done: |account| {
                    account.control.is_some_and(|control| control.has(Control::PASSWORD_NEVER_EXPIRES))
                },
                doing: "undoing the forced password change of",
                right: WRITE_FLAGS,
            };
            change_flag(&mut held, sent, &wanted).await?;
        }
    }
    Ok(Outcome::changed(kept(&now)?, kept(&Password::of(&held)?)?, ()))
}

/// Whether the account is held up at its next sign-in: the controller itself says so.
fn in_effect(account: &Account) -> InEffect {
    let has = |flag| account.control.is_some_and(|control| control.has(flag));
    match (account.must_change_password(), account.computed.has(Control::PASSWORD_EXPIRED)) {
        (false, _) => InEffect::No,
        (true, true) => InEffect::Yes,
        (true, false) if has(Control::PASSWORD_NEVER_EXPIRES) => InEffect::Ineffective(
            "the account's password never expires, so it is not asked to change it; repeat with \
             clear_password_never_expires: true"
                .into(),
        ),
        (true, false) if has(Control::SMARTCARD_REQUIRED) => InEffect::Ineffective(
            "the account signs in with a smart card, so its password is never asked for".into(),
        ),
        (true, false) => {
            InEffect::Ineffective("the domain controller does not treat the password as expired".into())
        }
    }
}

impl Password {
    fn of(held: &Held) -> Result<Self, ActionError> {
        Self::from_account(&held.account, held)
    }

    fn from_account(account: &Account, held: &Held) -> Result<Self, ActionError> {
        let control = flags(account, held)?;
        let last_set = account.password_last_set.ok_or_else(|| {
            let message = format!("the pwdLastSet of {} cannot be read; grant {RIGHT} on it", held.display);
            ActionError::new(quell_action::Failure::Forbidden, message)
        })?;
        Ok(Self { must_change: last_set == 0, never_expires: control.has(Control::PASSWORD_NEVER_EXPIRES) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::account;

    #[test]
    fn only_the_controller_says_that_it_is_in_effect() {
        let expired = ("msds-user-account-control-computed", "8388608");
        assert_eq!(in_effect(&account(&[])), InEffect::No);
        assert_eq!(in_effect(&account(&[("pwdlastset", "0"), expired])), InEffect::Yes);
        for (control, word) in
            [("66048", "never expires"), ("262656", "smart card"), ("512", "does not treat")]
        {
            match in_effect(&account(&[("pwdlastset", "0"), ("useraccountcontrol", control)])) {
                InEffect::Ineffective(why) => assert!(why.contains(word), "{why}"),
                other => panic!("{control}: {other:?}"),
            }
        }
    }

    #[test]
    fn parameters_may_be_left_out() {
        let params: Params = serde_json::from_str("{}").unwrap();
        assert!(!params.clear_password_never_expires);
        assert!(serde_json::from_str::<Params>(r#"{"clear": true}"#).is_err());
    }
}
