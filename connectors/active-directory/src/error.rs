//! [`CallError`]: why a domain controller gave no good answer, and what that means for the engine.

use quell_action::{ActionError, Failure};

use crate::reply::{Meaning, Reply};

/// Why a domain controller gave no good answer. Server names only: nothing here holds a password.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallError {
    /// Nothing was sent.
    #[error("{server} cannot be reached: {why}")]
    Unreachable { server: String, why: String },
    /// Something was sent and no answer came: it may have happened.
    #[error("{server} gave no answer: {why}")]
    Lost {
        server: String,
        why: String,
        /// The connection broke, as against silence: a new one may do.
        cut: bool,
    },
    /// It answered, and refused.
    #[error("{server} refused: {}", reply.short_text())]
    Refused { server: String, reply: Reply },
    /// The account that signs in, or its password, is of no use. Never repeated.
    #[error("{0}")]
    Credentials(String),
    /// There is no password to sign in with at this moment; nothing was sent.
    #[error("{0}")]
    NoPassword(String),
    /// It answered with something that an Active Directory does not answer.
    #[error("{server} does not answer like a domain controller: {why}")]
    Nonsense { server: String, why: String },
}

impl CallError {
    /// Whether another controller may do better.
    pub(crate) fn is_about_this_server(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Nonsense { .. } => true,
            Self::Refused { reply, .. } => {
                matches!(reply.meaning(), Meaning::Trouble | Meaning::NotSignedIn)
            }
            Self::Credentials(_) | Self::NoPassword(_) => false,
        }
    }

    /// The meaning of the refusal, where it is one.
    pub(crate) fn meaning(&self) -> Option<Meaning> {
        match self {
            Self::Refused { reply, .. } => Some(reply.meaning()),
            _ => None,
        }
    }
}

/// The error of something that only reads: nothing can have happened.
impl From<CallError> for ActionError {
    fn from(error: CallError) -> Self {
        let failure = match &error {
            CallError::Credentials(_) => Failure::Credentials,
            CallError::Refused { reply, .. } => by_meaning(reply.meaning()),
            CallError::Unreachable { .. }
            | CallError::Lost { .. }
            | CallError::Nonsense { .. }
            | CallError::NoPassword(_) => Failure::Unavailable { retry_after: None },
        };
        with_reply(Self::new(failure, error.to_string()), &error)
    }
}

/// The error of a change: what was sent without an answer may have happened. `what` says whom and what it was about,
/// `right` is what to grant where it was denied.
pub(crate) fn of_change(error: &CallError, what: &str, right: &str) -> ActionError {
    let (failure, message) = match error {
        CallError::Lost { .. } | CallError::Nonsense { .. } => {
            (Failure::Uncertain, format!("{what}: {error}; it may have happened all the same"))
        }
        CallError::Unreachable { .. } | CallError::NoPassword(_) => {
            (Failure::Unavailable { retry_after: None }, format!("{what}: {error}"))
        }
        CallError::Credentials(_) => (Failure::Credentials, format!("{what}: {error}")),
        CallError::Refused { reply, .. } => {
            (by_meaning(reply.meaning()), format!("{what}: {error}{}", advice(reply, right)))
        }
    };
    with_reply(ActionError::new(failure, message), error)
}

fn advice(reply: &Reply, right: &str) -> String {
    match reply.meaning() {
        Meaning::Denied => format!(
            "; grant {right} to the account that signs in, on the organizational unit; accounts of administrators \
             stay out of reach by design (AdminSDHolder)"
        ),
        Meaning::Policy => "; the password or account policy of the domain is against it".into(),
        Meaning::NeedsEncryption => "; the controller demands TLS: use ldaps:// or start_tls".into(),
        Meaning::WrongServer => match reply.referrals.first() {
            Some(host) => {
                format!("; {host} is responsible: name it in `servers`, referrals are not followed")
            }
            None => {
                "; another controller is responsible: name a writable one of this domain in `servers`".into()
            }
        },
        _ => String::new(),
    }
}

fn by_meaning(meaning: Meaning) -> Failure {
    match meaning {
        Meaning::NotFound => Failure::NotFound,
        Meaning::Denied => Failure::Forbidden,
        Meaning::Credentials => Failure::Credentials,
        Meaning::Trouble | Meaning::NotSignedIn => Failure::Unavailable { retry_after: None },
        Meaning::Policy
        | Meaning::NeedsEncryption
        | Meaning::ValueAbsent
        | Meaning::ValuePresent
        | Meaning::AlreadyMember
        | Meaning::NotMember
        | Meaning::WrongServer
        | Meaning::TooLarge
        | Meaning::Refused => Failure::Rejected,
    }
}

fn with_reply(action_error: ActionError, error: &CallError) -> ActionError {
    match error {
        CallError::Refused { reply, .. } => action_error.with_vendor(reply.vendor()),
        _ => action_error,
    }
}
