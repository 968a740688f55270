//! [`Login`]: signing in, and not signing in again after a refusal.

use std::time::Duration;

use quell_kit::SecretRef;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::CallError;
use crate::reply::{Meaning, Reply, sign_in_words};
use crate::wire::Wire;

/// How long a refused password is not tried again. Domains count failed sign-ins over a window of minutes, half an hour
/// by default: one try an hour never adds up to a lock-out.
const REST: Duration = Duration::from_secs(3600);

/// The account that signs in.
///
/// A domain locks an account after a few refused passwords. This account signs in for every look-up and every action: a
/// password that was changed over there would be tried hundreds of times in a minute, would lock the account, and would
/// keep it locked after the administrator has put the new password in place. So a refusal is remembered, for all
/// controllers together, and nothing is tried again until the password that the reference leads to is another one, this
/// connection is probed, or an hour has passed. All sign-ins go through one door, one after another: a hundred calls that
/// wait for the first sign-in learn of its refusal instead of trying too.
pub(crate) struct Login {
    account: String,
    password: SecretRef,
    refused: Mutex<Option<Refusal>>,
}

struct Refusal {
    at: Instant,
    password: SecretString,
    why: String,
}

impl Login {
    pub(crate) fn new(account: String, password: SecretRef) -> Self {
        Self { account, password, refused: Mutex::new(None) }
    }

    /// As it is written in the settings.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Signs in on this connection, unless the password was refused a short while ago.
    pub(crate) async fn sign_in(&self, wire: &Wire) -> Result<(), CallError> {
        let mut refused = self.refused.lock().await;
        // Read anew each time: a password that has been renewed in its file is used without a restart.
        // A file that is being renewed at this moment may be empty or gone: that passes, and nothing has been sent.
        let password = self.password.resolve().map_err(|error| CallError::NoPassword(error.to_string()))?;
        // A simple bind with an empty password "succeeds" as nobody in particular (RFC 4513, 5.1.2).
        if password.expose_secret().is_empty() {
            return Err(CallError::NoPassword(format!("the password of {} is empty", self.account)));
        }
        if let Some(refusal) = refused.as_ref().filter(|refusal| refusal.still_counts(&password)) {
            return Err(CallError::Credentials(format!(
                "{}; it is not tried again for an hour, so that the account is not locked: put the right password in \
                 its place (a file is read anew at once), or restart",
                refusal.why
            )));
        }
        match wire.bind(&self.account, &password).await? {
            None => {
                *refused = None;
                Ok(())
            }
            Some(reply) => Err(self.judge(reply, password, wire, &mut refused)),
        }
    }

    /// Forgets a refusal: somebody asks for one more try.
    pub(crate) async fn forget_refusal(&self) {
        *self.refused.lock().await = None;
    }

    fn judge(
        &self,
        reply: Reply,
        password: SecretString,
        wire: &Wire,
        refused: &mut Option<Refusal>,
    ) -> CallError {
        let server = wire.server();
        if reply.meaning() != Meaning::Credentials && reply.code != 49 {
            return CallError::Refused { server: server.to_owned(), reply };
        }
        let reason = reply.sign_in_reason();
        let why = format!(
            "{server} does not let {} sign in: {} ({})",
            self.account,
            sign_in_words(reason),
            reason.map_or_else(|| "49".to_owned(), |reason| format!("49, data {reason}")),
        );
        tracing::error!(%server, account = %self.account, reason, "the domain controller refused the sign-in");
        *refused = Some(Refusal { at: Instant::now(), password, why: why.clone() });
        CallError::Credentials(why)
    }
}

impl Refusal {
    fn still_counts(&self, password: &SecretString) -> bool {
        self.at.elapsed() < REST && self.password.expose_secret() == password.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_password_rests_for_an_hour_and_another_one_does_not() {
        let refused = |ago| {
            let at = Instant::now().checked_sub(ago).unwrap();
            Refusal { at, password: "refused".into(), why: String::new() }
        };
        let (same, other) = (SecretString::from("refused"), SecretString::from("renewed"));
        assert!(refused(Duration::ZERO).still_counts(&same));
        assert!(refused(REST - Duration::from_secs(60)).still_counts(&same));
        assert!(!refused(REST).still_counts(&same));
        assert!(!refused(Duration::ZERO).still_counts(&other));
    }
}
