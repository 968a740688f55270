//! The rules by which a user goes from one status to another, and the steps that follow them.
//!
//! | step | from | to |
//! | --- | --- | --- |
//! | suspend | ACTIVE | SUSPENDED |
//! | unsuspend | SUSPENDED | ACTIVE |
//! | deactivate | any but DEPROVISIONED | DEPROVISIONED |
//! | activate | STAGED, DEPROVISIONED | ACTIVE or PROVISIONED |
//! | reactivate | PROVISIONED, RECOVERY | the same |
//! | unlock | LOCKED_OUT | ACTIVE |
//! | expire_password | ACTIVE | PASSWORD_EXPIRED |
//! | reset_password | ACTIVE, PASSWORD_EXPIRED, LOCKED_OUT | RECOVERY |

use quell_action::{ActionError, Failure};
use quell_kit::Deadline;

use crate::client::Okta;
use crate::error::{NotPossible, is_about_status};
use crate::users::{Status, User};

/// One step in the life of a user.
#[derive(Debug)]
pub(crate) struct Step {
    /// Okta's word for it.
    name: &'static str,
    /// What is done to the user, for messages: `suspended`.
    participle: &'static str,
    /// From where Okta allows it.
    from: &'static [Status],
    /// Where nothing is left to do.
    done: &'static [Status],
    /// Whether Okta would mail the person a link, were it not told otherwise.
    mails: bool,
    /// Whether the sessions end as well.
    ends_sessions: bool,
    /// What else could be done where it is not possible.
    advice: Option<&'static str>,
}

const PLAIN: Step =
    Step { name: "", participle: "", from: &[], done: &[], mails: false, ends_sessions: false, advice: None };

/// Nobody can sign in, and everything else stays.
pub(crate) const SUSPEND: Step = Step {
    name: "suspend",
    participle: "suspended",
    from: &[Status::Active],
    done: &[Status::Suspended, Status::Deprovisioned],
    advice: Some(
        "revoke the sessions, add the user to a group that a policy denies, or deactivate the user for good",
    ),
    ..PLAIN
};

/// Takes a suspension back.
pub(crate) const UNSUSPEND: Step = Step {
    name: "unsuspend",
    participle: "unsuspended",
    from: &[Status::Suspended],
    done: &[Status::Active],
    ..PLAIN
};

/// For good: what the user was assigned is lost.
pub(crate) const DEACTIVATE: Step = Step {
    name: "deactivate",
    participle: "deactivated",
    from: &[
        Status::Staged,
        Status::Provisioned,
        Status::Active,
        Status::Recovery,
        Status::PasswordExpired,
        Status::LockedOut,
        Status::Suspended,
        Status::Activating,
    ],
    done: &[Status::Deprovisioned],
    mails: true,
    ..PLAIN
};

/// Gives a new or deactivated user a life; not the one before.
pub(crate) const ACTIVATE: Step = Step {
    name: "activate",
    participle: "activated",
    from: &[Status::Staged, Status::Deprovisioned],
    done: &[Status::Active, Status::Provisioned],
    mails: true,
    ..PLAIN
};

/// Ends a lock-out.
pub(crate) const UNLOCK: Step = Step {
    name: "unlock",
    participle: "unlocked",
    from: &[Status::LockedOut],
    done: &[Status::Active],
    ..PLAIN
};

/// A new password at the next sign-in.
pub(crate) const EXPIRE_PASSWORD: Step = Step {
    name: "expire_password",
    participle: "made to choose a new password",
    from: &[Status::Active],
    done: &[Status::PasswordExpired],
    advice: Some("a suspended user is asked after the suspension is taken back"),
    ..PLAIN
};

/// The password is gone, and the sessions with it.
pub(crate) const RESET_PASSWORD: Step = Step {
    name: "reset_password",
    participle: "deprived of the password",
    from: &[Status::Active, Status::PasswordExpired, Status::LockedOut],
    done: &[Status::Recovery],
    mails: true,
    ends_sessions: true,
    ..PLAIN
};

/// A new link for somebody who has not finished. It changes no status: each time has its effect.
pub(crate) const REACTIVATE: Step = Step {
    name: "reactivate",
    participle: "activated again",
    from: &[Status::Provisioned, Status::Recovery],
    ..PLAIN
};

impl Step {
    /// Whether nothing is left to do.
    pub(crate) fn is_done(&self, user: &User) -> bool {
        self.done.contains(&user.status)
    }

    /// Whether Okta is on its way there.
    pub(crate) fn is_under_way(&self, user: &User) -> bool {
        user.transitioning_to_status.as_ref().is_some_and(|status| self.done.contains(status))
    }

    /// Takes the step, where it is not done. Gives back the user as it is afterwards, where something was written.
    ///
    /// # Errors
    /// [`NotPossible`] where Okta's rules forbid it; and whatever else keeps it from being done.
    pub(crate) async fn take(
        &self,
        okta: &Okta,
        user: &User,
        deadline: Deadline,
    ) -> Result<Option<User>, ActionError> {
        if self.is_done(user) || self.is_under_way(user) {
            return Ok(None);
        }
        self.is_possible(user)?;
        if let Err(error) = self.order(okta, user, okta.settings.mail_links, deadline).await {
            return match error.failure == Failure::Rejected && is_about_status(&error) {
                true => self.overtaken(okta, user, deadline, error).await,
                false => Err(error),
            };
        }
        let after = self.read_back(okta, user, deadline).await?;
        match self.is_done(&after) || self.is_under_way(&after) {
            true => Ok(Some(after)),
            false => Err(ActionError::uncertain(format!(
                "Okta took the order, and {} is {} all the same",
                user.display(),
                after.status
            ))),
        }
    }

    /// Gives the order, whatever the status is.
    ///
    /// # Errors
    /// As every order.
    pub(crate) async fn order(
        &self,
        okta: &Okta,
        user: &User,
        mail: bool,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let mut query = Vec::new();
        if self.mails || mail && self.name == REACTIVATE.name {
            query.push(("sendEmail", if mail { "true" } else { "false" }));
        }
        if self.ends_sessions {
            query.push(("revokeSessions", "true"));
        }
        okta.lifecycle(&user.id, self.name, &query, deadline).await
    }

    /// Whether Okta's rules allow it.
    ///
    /// # Errors
    /// [`NotPossible::Status`] where they do not.
    pub(crate) fn is_possible(&self, user: &User) -> Result<(), NotPossible> {
        match self.from.contains(&user.status) {
            true => Ok(()),
            false => Err(NotPossible::Status {
                who: user.display().to_owned(),
                status: user.status.clone(),
                change: self.participle,
                allowed: self.from.to_vec(),
                advice: self.advice,
            }),
        }
    }

    /// Okta says that the status does not allow it, and a moment ago it did: somebody else was faster. Its words are not
    /// relied on; the user is read again.
    async fn overtaken(
        &self,
        okta: &Okta,
        user: &User,
        deadline: Deadline,
        refusal: ActionError,
    ) -> Result<Option<User>, ActionError> {
        let now = okta.user(&user.id, deadline).await?;
        if self.is_done(&now) || self.is_under_way(&now) {
            return Ok(None);
        }
        self.is_possible(&now)?;
        Err(refusal)
    }

    async fn read_back(&self, okta: &Okta, user: &User, deadline: Deadline) -> Result<User, ActionError> {
        okta.user(&user.id, deadline).await.map_err(|error| {
            let who = user.display();
            ActionError::uncertain(format!(
                "{who} was {}, and could not be read back: {error}",
                self.participle
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::Profile;

    const ALL: [Status; 9] = [
        Status::Staged,
        Status::Provisioned,
        Status::Active,
        Status::Recovery,
        Status::PasswordExpired,
        Status::LockedOut,
        Status::Suspended,
        Status::Deprovisioned,
        Status::Activating,
    ];

    fn user(status: Status) -> User {
        let login = "alice@corp.example".to_owned();
        let profile = Profile { login, email: None, display_name: None, first_name: None, last_name: None };
        User { id: "00u12345678901234567".into(), status, transitioning_to_status: None, profile }
    }

    #[test]
    fn only_a_suspended_or_deactivated_user_counts_as_suspended() {
        for status in ALL {
            let done = matches!(status, Status::Suspended | Status::Deprovisioned);
            assert_eq!(SUSPEND.is_done(&user(status.clone())), done, "{status}");
            assert_eq!(
                SUSPEND.is_possible(&user(status.clone())).is_ok(),
                status == Status::Active,
                "{status}"
            );
        }
    }

    #[test]
    fn every_status_is_done_possible_or_refused_by_name() {
        let steps = [
            &SUSPEND,
            &UNSUSPEND,
            &DEACTIVATE,
            &ACTIVATE,
            &UNLOCK,
            &EXPIRE_PASSWORD,
            &RESET_PASSWORD,
            &REACTIVATE,
        ];
        for step in steps {
            for status in ALL {
                let user = user(status.clone());
                assert!(!(step.is_done(&user) && step.is_possible(&user).is_ok()), "{} {status}", step.name);
                if let Err(refused) = step.is_possible(&user) {
                    let words = refused.to_string();
                    assert!(
                        words.contains(&status.to_string()) && words.contains(step.participle),
                        "{words}"
                    );
                }
            }
            assert!(step.is_possible(&user(Status::Unknown("HIBERNATING".into()))).is_err(), "{}", step.name);
        }
    }

    #[test]
    fn what_is_under_way_is_not_ordered_again() {
        let mut leaving = user(Status::Active);
        leaving.transitioning_to_status = Some(Status::Deprovisioned);
        assert!(DEACTIVATE.is_under_way(&leaving));
        assert!(!UNSUSPEND.is_under_way(&leaving));
    }
}
