//! [`Courier`]: who carries questions to people. The program has one over the site's connections; the engine knows no
//! more than this of chat and mail.

use async_trait::async_trait;
use quell_action::{ActionError, Found, Recipient};

use crate::OpenQuestion;

/// Carries questions to people, and says what became of them.
#[async_trait]
pub trait Courier: Send + Sync {
    /// To whom a question goes, one message each; with nobody, why.
    ///
    /// # Errors
    /// When that cannot be worked out for the moment.
    fn recipients(&self, asked: &OpenQuestion) -> Result<Vec<Recipient>, String>;

    /// Whether the connection recognises a message that comes twice.
    fn recognises_repetition(&self, asked: &OpenQuestion) -> bool;

    /// Sends a question. Called only after the intent is on disk.
    ///
    /// # Errors
    /// As for an action: the failure alone says whether it may have gone.
    async fn ask(&self, asked: &OpenQuestion, to: &Recipient) -> Result<Option<String>, ActionError>;

    /// Looks whether a question has gone.
    ///
    /// # Errors
    /// When the channel could tell, and does not answer.
    async fn find(&self, asked: &OpenQuestion, to: &Recipient) -> Result<Found, ActionError>;

    /// Says what became of a question.
    ///
    /// # Errors
    /// As for [`Courier::ask`].
    async fn tell(
        &self,
        asked: &OpenQuestion,
        to: &Recipient,
        sent: Option<&str>,
        word: &str,
    ) -> Result<(), ActionError>;
}

/// Nobody carries anything: questions are answered in the terminal or through the interface.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCourier;

#[async_trait]
impl Courier for NoCourier {
    fn recipients(&self, _: &OpenQuestion) -> Result<Vec<Recipient>, String> {
        Err("nothing here carries questions".to_owned())
    }

    fn recognises_repetition(&self, _: &OpenQuestion) -> bool {
        false
    }

    async fn ask(&self, _: &OpenQuestion, _: &Recipient) -> Result<Option<String>, ActionError> {
        Err(nobody())
    }

    async fn find(&self, _: &OpenQuestion, _: &Recipient) -> Result<Found, ActionError> {
        Err(nobody())
    }

    async fn tell(
        &self,
        _: &OpenQuestion,
        _: &Recipient,
        _: Option<&str>,
        _: &str,
    ) -> Result<(), ActionError> {
        Err(nobody())
    }
}

fn nobody() -> ActionError {
    ActionError::rejected("nothing here carries questions")
}
