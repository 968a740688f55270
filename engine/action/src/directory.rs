//! [`Directory`]: who is meant by a name.

use async_trait::async_trait;
use quell_alert::{DeviceIdentifier, Identifier, Provider};

use crate::{AccountFacts, ActionError, DeviceFacts};

/// What a look-up found.
#[derive(Debug, Clone, PartialEq)]
pub enum LookUp<F> {
    /// Exactly one.
    Found(F),
    /// Nobody there has that name.
    NotFound,
    /// More than one has, or two of the names belong to different ones: never act.
    Ambiguous(String),
}

/// A system that knows accounts or devices. It only reads.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Whose accounts or devices it knows.
    fn provider(&self) -> Provider;

    /// Whether it knows accounts.
    fn knows_accounts(&self) -> bool;

    /// Whether it knows devices.
    fn knows_devices(&self) -> bool;

    /// Whether it sees the machines themselves, and so can tell their tags and addresses. One that only keeps their
    /// accounts leaves that to those that do.
    fn sees_machines(&self) -> bool {
        self.knows_devices()
    }

    /// The account that has **all** of the strong identifiers among these that this directory can look up. Weak
    /// identifiers (mail, bare name) never find anybody. An id that finds nobody is not replaced by a name.
    ///
    /// # Errors
    /// When the directory could not be asked.
    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError>;

    /// The device that has all of the strong identifiers among these.
    ///
    /// # Errors
    /// When the system could not be asked.
    async fn device(&self, identifiers: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError>;
}
