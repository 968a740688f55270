//! Whether an account, of a person or of a machine, may sign in: the state that disabling and enabling change, in one
//! direction each.

use quell_action::{ActionError, InEffect, Observation, Outcome, Request, Restore, Target};
use serde::{Deserialize, Serialize};

use super::{NoParams, changed_meanwhile, kept, nothing_to_undo, read};
use crate::account::{Account, Control};
use crate::client::{Client, Need};
use crate::swap::{Swapped, WRITE_FLAGS, Wanted, change_flag, flags};
use crate::target::{Held, Sent, within};

/// The state as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Enabled {
    enabled: bool,
    /// All flags: an undo leaves the account alone when somebody has changed others meanwhile.
    user_account_control: u32,
}

/// Brings it about that the account is enabled, or disabled.
pub(super) async fn set<O>(
    client: &Client,
    request: &Request<NoParams>,
    enabled: bool,
    told: fn(&Held) -> O,
) -> Result<Outcome<O>, ActionError> {
    let sent = Sent::default();
    within(request.time_limit(), &sent, async {
        let mut held = Held::take(client, request.target(), Need::Deciding).await?;
        match turn(&mut held, &sent, enabled).await? {
            None => Ok(Outcome::unchanged(told(&held))),
            Some(before) => Ok(Outcome::changed(
                kept(&Enabled::of(&before, &held)?)?,
                kept(&Enabled::of(&held.account, &held)?)?,
                told(&held),
            )),
        }
    })
    .await
}

/// Looks whether it is enabled, or disabled.
pub(super) async fn observe(
    client: &Client,
    target: &Target,
    enabled: bool,
) -> Result<Observation, ActionError> {
    let held = Held::look(client, target, Need::Deciding).await?;
    let state = Enabled::of(&held.account, &held)?;
    let in_effect = if state.enabled == enabled { InEffect::Yes } else { InEffect::No };
    Ok(Observation { state: kept(&state)?, in_effect })
}

/// Puts back what stood there before.
pub(super) async fn restore(
    client: &Client,
    request: &Request<Restore<NoParams>>,
) -> Result<Outcome<()>, ActionError> {
    let sent = Sent::default();
    within(request.time_limit(), &sent, async {
        let (before, after): (Enabled, Enabled) =
            (read(&request.params().before)?, read(&request.params().after)?);
        let mut held = Held::take(client, request.target(), Need::Deciding).await?;
        let now = Enabled::of(&held.account, &held)?;
        if now.enabled == before.enabled {
            return Ok(nothing_to_undo());
        }
        if let Some(what) = now.differs_from(&after) {
            return Err(changed_meanwhile(&held, &what));
        }
        match turn(&mut held, &sent, before.enabled).await? {
            None => Ok(nothing_to_undo()),
            Some(old) => Ok(Outcome::changed(
                kept(&Enabled::of(&old, &held)?)?,
                kept(&Enabled::of(&held.account, &held)?)?,
                (),
            )),
        }
    })
    .await
}

/// Turns the flag, where it is not as wanted. Gives back how the account was before.
async fn turn(held: &mut Held, sent: &Sent, enabled: bool) -> Result<Option<Box<Account>>, ActionError> {
    let wanted = match enabled {
        true => Wanted {
            flag: Control::DISABLED,
            set: false,
            also: &[],
            is_done: |account| account.control.is_some_and(|control| !control.has(Control::DISABLED)),
            doing: "enabling",
            right: WRITE_FLAGS,
        },
        false => Wanted {
            flag: Control::DISABLED,
            set: true,
            also: &[],
            is_done: |account| account.control.is_some_and(|control| control.has(Control::DISABLED)),
            doing: "disabling",
            right: WRITE_FLAGS,
        },
    };
    flags(&held.account, held)?;
    if (wanted.is_done)(&held.account) {
        return Ok(None);
    }
    match change_flag(held, sent, &wanted).await? {
        Swapped::Changed(before) => Ok(Some(before)),
        Swapped::ByOthers => Ok(None),
    }
}

impl Enabled {
    fn of(account: &Account, held: &Held) -> Result<Self, ActionError> {
        let control = flags(account, held)?;
        Ok(Self { enabled: !control.has(Control::DISABLED), user_account_control: control.number() })
    }

    /// What somebody changed since. "Password never expires" does not count: forcing a password change takes it away
    /// and its undo puts it back, and neither has to do with whether the account may sign in.
    fn differs_from(&self, after: &Self) -> Option<String> {
        let (now, then) = (self.user_account_control, after.user_account_control);
        let other = (now ^ then) & !Control::PASSWORD_NEVER_EXPIRES.number();
        (other != 0).then(|| {
            format!("userAccountControl was left as {then:#x} and is {now:#x} now (changed flags {other:#x})")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(user_account_control: u32) -> Enabled {
        Enabled { enabled: user_account_control & 2 == 0, user_account_control }
    }

    #[test]
    fn only_foreign_flags_count_as_changed_meanwhile() {
        assert_eq!(state(0x202).differs_from(&state(0x202)), None);
        assert_eq!(state(0x1_0202).differs_from(&state(0x202)), None);
        let what = state(0x4_0202).differs_from(&state(0x202)).unwrap();
        assert!(what.contains("0x40000") && what.contains("0x202"), "{what}");
    }

    #[test]
    fn what_is_kept_can_be_read_again() {
        let kept = kept(&state(0x202)).unwrap();
        assert_eq!(read::<Enabled>(&kept).unwrap(), state(0x202));
        assert!(read::<Enabled>(&quell_action::State(serde_json::json!({"enabled": 1}))).is_err());
    }
}
