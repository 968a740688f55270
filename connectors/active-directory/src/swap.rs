//! Changing one flag of `userAccountControl` and leaving the others as they are: compare-and-swap.
//!
//! The attribute is one number that holds two dozen flags, and there is no operation to set one of them. Writing a
//! constant would take "password never expires" or "smart card required" away; writing what was read a moment ago would
//! undo what somebody else changed in between. So a change deletes the number that was read and adds the new one, in one
//! request: Windows refuses the request when the number is no longer there, and it is read again. Samba accepts it
//! silently and changes nothing, which is why what counts is the reading afterwards.

use quell_action::ActionError;

use crate::account::{Account, Control};
use crate::reply::Meaning;
use crate::target::{Held, Sent};
use crate::wire::Change;

/// How often a change is tried again when somebody else was faster.
const TRIES: usize = 4;
/// The right that all changes of the flags need.
pub(crate) const WRITE_FLAGS: &str = "\"Read userAccountControl\" and \"Write userAccountControl\"";

const ATTRIBUTE: &str = "userAccountControl";

/// How an account is to become: one flag, and what goes with it in the same request.
pub(crate) struct Wanted<'a> {
    pub(crate) flag: Control,
    pub(crate) set: bool,
    /// Further changes in the same request.
    pub(crate) also: &'a [Change],
    /// Whether the account is as it should be after the change.
    pub(crate) is_done: fn(&Account) -> bool,
    /// For messages: "disabling".
    pub(crate) doing: &'a str,
    /// For messages: what to grant where it is denied.
    pub(crate) right: &'a str,
}

/// What came of it.
pub(crate) enum Swapped {
    /// We changed it; this is how it was just before.
    Changed(Box<Account>),
    /// Somebody else had brought it about before us.
    ByOthers,
}

/// Changes the flag. Afterwards `held` shows the account as it was read back.
pub(crate) async fn change_flag(
    held: &mut Held,
    sent: &Sent,
    wanted: &Wanted<'_>,
) -> Result<Swapped, ActionError> {
    for _ in 0..TRIES {
        let before = held.account.clone();
        let old = flags(&before, held)?;
        let new = old.with(wanted.flag, wanted.set);
        let mut changes = Vec::new();
        if new != old {
            changes
                .extend([Change::Delete(ATTRIBUTE, old.to_bytes()), Change::Add(ATTRIBUTE, new.to_bytes())]);
        }
        changes.extend_from_slice(wanted.also);
        if changes.is_empty() {
            return Ok(Swapped::ByOthers);
        }
        let refused = match held.modify(changes, sent).await {
            Ok(()) => false,
            Err(error) if error.meaning() == Some(Meaning::ValueAbsent) => true,
            Err(error) => return Err(held.failed(&error, wanted.doing, wanted.right)),
        };
        held.read_again().await.map_err(|error| held.not_read_back(&error, wanted.doing))?;
        match ((wanted.is_done)(&held.account), refused) {
            (true, false) => return Ok(Swapped::Changed(Box::new(before))),
            (true, true) => return Ok(Swapped::ByOthers),
            (false, _) => {
                tracing::debug!(account = %before.guid, "the flags had changed meanwhile; trying again")
            }
        }
    }
    Err(ActionError::unavailable(format!(
        "{} {}: somebody else keeps changing its userAccountControl; nothing was changed",
        wanted.doing, held.display
    )))
}

/// The flags of an account, which must be readable to be changed.
pub(crate) fn flags(account: &Account, held: &Held) -> Result<Control, ActionError> {
    account.control.ok_or_else(|| {
        ActionError::new(
            quell_action::Failure::Forbidden,
            format!("the userAccountControl of {} cannot be read; grant {WRITE_FLAGS} on it", held.display),
        )
    })
}
