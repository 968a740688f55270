//! [`AnswerDesk`]: what takes answers in that people give from a chat or a mail.

use async_trait::async_trait;
use axum::http::StatusCode;
use quell_action::{Callback, Heard};
use quell_alert::Timestamp;

use crate::{AnswerLink, Way};

/// Takes answers in that people give from a chat or a mail. The program has one; the routes are open to anybody who can
/// reach them, so whatever comes is looked at in this order: is it sealed by us, is it still to be answered, may they.
#[async_trait]
pub trait AnswerDesk: Send + Sync {
    /// What a sealed answer says that has come by this way.
    ///
    /// # Errors
    /// When we have not sealed it, or not for this way.
    fn read(&self, seal: &str, way: Way) -> Result<AnswerLink, NoAnswer>;

    /// What a request says that claims to come from a connection's channel.
    ///
    /// # Errors
    /// When it is not believed.
    fn hear(&self, connection: &str, callback: &Callback<'_>) -> Result<Heard, NoAnswer>;

    /// The question that an answer is for. Changes nothing.
    ///
    /// # Errors
    /// When the answer could not be given any more.
    async fn look(&self, link: &AnswerLink) -> Result<Sheet, NoAnswer>;

    /// Gives the answer, in the name of the person whom it is for, or of whom the channel says that clicked.
    ///
    /// # Errors
    /// When it does not count.
    async fn answer(
        &self,
        link: &AnswerLink,
        heard: Option<&Heard>,
        remark: Option<String>,
    ) -> Result<Sheet, NoAnswer>;

    /// Tells whoever clicked in a channel why it did not count, where the channel has a way for it.
    async fn reply(&self, connection: &str, heard: &Heard, words: &str);

    /// Writes down that an answer was refused.
    async fn refused(&self, attempt: Attempt<'_>);
}

/// A question, and one answer to it, as its page shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// One line.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// Names and values, in order.
    pub facts: Vec<(String, String)>,
    /// The answer.
    pub choice: String,
    /// Whether it stops what was asked about.
    pub stops: bool,
    /// In whose name it is given.
    pub by: String,
    /// Whether that is one person. Otherwise the page asks who it is, for the record.
    pub personal: bool,
    /// Nobody can answer after this moment.
    pub expires: Timestamp,
    /// How many more people must agree, once this answer is given.
    pub missing: u32,
}

/// An answer that was refused.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What it says, where we have sealed it.
    pub link: Option<&'a AnswerLink>,
    /// By which connection it came, where that is known.
    pub through: Option<&'a str>,
    /// In whose name.
    pub by: Option<&'a str>,
    /// Why it was refused.
    pub why: &'a NoAnswer,
}

/// Why an answer does not count, in words for whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// We have not sealed it.
    #[error(
        "this link is not one that this engine has sent: it was changed on its way, cut off, or made by somebody else"
    )]
    Tampered,
    /// A channel's request is not believed.
    #[error("the request is not believed: {0}")]
    Unheard(String),
    /// Its time is over.
    #[error("nobody can answer any more: the question has expired")]
    Expired,
    /// The question is settled.
    #[error("the question is settled already: {0}")]
    Settled(String),
    /// The plan is another one.
    #[error("the plan is not the one that was asked about: look at the question as it is now")]
    OtherPlan,
    /// There is no such question.
    #[error("there is no such question any more")]
    Gone,
    /// They are not among those who are asked.
    #[error("{0} is not among those who are asked")]
    NotAsked(String),
    /// Nobody has shown to be the one in whose name it is.
    #[error(
        "nobody has shown to be {0}: the site says who has a token of their own (`api.people`), and only with theirs do \
         they answer. For a command it is in QUELL_TOKEN, for a program in `Authorization: Bearer …`"
    )]
    Unproven(String),
    /// Somebody with a token of their own gave it in another name.
    #[error("this token is that of {caller}: nobody answers with it in the name of {by}")]
    AsAnother {
        /// Whose token it is.
        caller: String,
        /// In whose name.
        by: String,
    },
    /// They have answered.
    #[error("{0} has answered already")]
    Again(String),
    /// Too many come at once.
    #[error("too many answers come at once: try again in a minute")]
    TooMany,
    /// It cannot be taken in now.
    #[error("the engine cannot take the answer in now: {0}")]
    Unavailable(String),
}

impl NoAnswer {
    /// Its word in the record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Tampered => "tampered",
            Self::Unheard(_) => "unheard",
            Self::Expired => "expired",
            Self::Settled(_) => "settled",
            Self::OtherPlan => "other_plan",
            Self::Gone => "gone",
            Self::NotAsked(_) => "not_asked",
            Self::Unproven(_) => "unproven",
            Self::AsAnother { .. } => "as_another",
            Self::Again(_) => "again",
            Self::TooMany => "too_many",
            Self::Unavailable(_) => "unavailable",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Tampered | Self::NotAsked(_) | Self::Unproven(_) | Self::AsAnother { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::Unheard(_) => StatusCode::UNAUTHORIZED,
            Self::Expired | Self::Gone => StatusCode::GONE,
            Self::Settled(_) | Self::OtherPlan | Self::Again(_) => StatusCode::CONFLICT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether whoever sent it has shown nothing that comes from us.
    pub(crate) fn is_by_a_stranger(&self) -> bool {
        matches!(self, Self::Tampered | Self::Unheard(_))
    }
}
