//! [`ActionError`]: why a call failed, and whether it may have happened all the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a call failed. Its [`Failure`] alone decides what the engine does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct ActionError {
    /// What kind of failure it is.
    pub failure: Failure,
    /// What happened, to what, and what to do. Never holds a secret.
    pub message: String,
    /// What the outside system said, for its own support desk.
    pub vendor: Option<VendorReply>,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The target does not exist there.
    NotFound,
    /// The name fits more than one target: never act.
    Ambiguous,
    /// The credential lacks the right, or the target is protected from it.
    Forbidden,
    /// The credential itself was refused. Never repeated: repeating can lock the account.
    Credentials,
    /// The outside system understood and refused, or the request was not fit to send.
    Rejected,
    /// Too many calls; nothing happened.
    Throttled {
        /// How long the outside system asked to wait.
        #[serde(with = "opt_millis", default)]
        retry_after: Option<Duration>,
    },
    /// Out of reach or out of order; nothing happened.
    Unavailable {
        /// How long the outside system asked to wait.
        #[serde(with = "opt_millis", default)]
        retry_after: Option<Duration>,
    },
    /// It may or may not have happened: the same case as a crash in the middle of the call.
    Uncertain,
}

impl Failure {
    /// Whether waiting and calling again can help, and cannot do harm.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Unavailable { .. })
    }

    /// The word for it in the playbook language (`on: [throttled, unavailable]`) and in `error.kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::Forbidden => "forbidden",
            Self::Credentials => "credentials",
            Self::Rejected => "rejected",
            Self::Throttled { .. } => "throttled",
            Self::Unavailable { .. } => "unavailable",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What an outside system said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VendorReply {
    /// Its status: an HTTP status, an LDAP result code.
    pub status: Option<i64>,
    /// Its own code for the matter.
    pub code: Option<String>,
    /// The number under which its support desk finds the call.
    pub request_id: Option<String>,
}

impl ActionError {
    /// An error of this kind.
    pub fn new(failure: Failure, message: impl Into<String>) -> Self {
        Self { failure, message: message.into(), vendor: None }
    }

    /// The target does not exist there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Failure::NotFound, message)
    }

    /// Understood and refused, or not fit to send.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self::new(Failure::Rejected, message)
    }

    /// Out of reach; nothing happened.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Failure::Unavailable { retry_after: None }, message)
    }

    /// It may or may not have happened.
    pub fn uncertain(message: impl Into<String>) -> Self {
        Self::new(Failure::Uncertain, message)
    }

    /// The answer of an action that has nothing to read back.
    pub fn not_readable(action: &str) -> Self {
        Self::rejected(format!("{action} has no state that can be read back"))
    }

    /// The answer of an action that cannot be undone.
    pub fn irreversible(action: &str) -> Self {
        Self::rejected(format!("{action} cannot be undone"))
    }

    /// Adds what the outside system said.
    pub fn with_vendor(mut self, vendor: VendorReply) -> Self {
        self.vendor = Some(vendor);
        self
    }
}

mod opt_millis {
    //! A waiting time in whole milliseconds.
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        wait: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}
