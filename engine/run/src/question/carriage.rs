//! [`Carriage`]: how a question gets to people through a connection, and how they hear what became of it.
//!
//! To each recipient go two messages at most: the question, and later a word about what became of it. Each is an effect
//! outside, so each has its intent and its outcome in the journal. What is sent holds no state: an answer is bound to the
//! question, and counts whether its message is known to have gone or not.

use quell_action::{ActionError, Recipient};
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use super::QuestionState;

/// Something that has happened to the messages about a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Carriage {
    /// It is known to whom the question goes. To nobody: it is answered in the terminal or through the interface.
    Addressed {
        /// To whom.
        to: Vec<Recipient>,
        /// Why it goes to nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The intent: a message is about to be sent. On disk before it is.
    Begun {
        /// To whom, by name.
        to: String,
        /// Which message.
        errand: Errand,
        /// Which attempt this is, from 1.
        attempt: u32,
    },
    /// A message did not go, or may not have gone; it is tried again.
    Delayed {
        /// To whom.
        to: String,
        /// Which message.
        errand: Errand,
        /// Why.
        error: ActionError,
        /// Not before then.
        again_at: Timestamp,
    },
    /// A message has gone.
    Done {
        /// To whom.
        to: String,
        /// Which message.
        errand: Errand,
        /// What names it in the channel, where something does.
        sent: Option<String>,
        /// Whether an earlier attempt may have gone as well: then people have it twice. Only one answer counts.
        maybe_twice: bool,
    },
    /// A message has not gone, and nobody tries any more.
    Failed {
        /// To whom.
        to: String,
        /// Which message.
        errand: Errand,
        /// Why.
        why: String,
    },
}

/// Which of the messages about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// The question itself.
    Ask,
    /// What became of it.
    Tell,
}

/// How far the messages to one recipient are.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// To whom.
    pub to: Recipient,
    /// The message that is under way, or comes next.
    pub errand: Errand,
    /// How far it is.
    pub stage: Stage,
    /// How often it was begun.
    pub attempts: u32,
    /// Whether one of these attempts may have gone without our knowing.
    pub maybe_gone: bool,
    /// What names the question in the channel.
    pub sent: Option<String>,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is to be sent, not before this moment.
    Waiting(Option<Timestamp>),
    /// Its intent is on disk; whether it has gone is not known.
    Begun,
    /// It has gone.
    Done,
    /// It has not gone, and nobody tries any more.
    Failed,
}

impl Delivery {
    fn new(to: Recipient) -> Self {
        let stage = Stage::Waiting(None);
        Self { to, errand: Errand::Ask, stage, attempts: 0, maybe_gone: false, sent: None }
    }

    fn take(&mut self, errand: Errand, what: &Carriage) -> Result<(), String> {
        let follows = errand == Errand::Tell && self.errand == Errand::Ask && self.stage == Stage::Done;
        if follows {
            (self.errand, self.stage, self.attempts, self.maybe_gone) =
                (Errand::Tell, Stage::Waiting(None), 0, false);
        }
        if errand != self.errand || matches!(self.stage, Stage::Done | Stage::Failed) {
            return Err(format!("the message to {} cannot be in this state", self.to.name));
        }
        match what {
            Carriage::Begun { attempt, .. } => {
                if *attempt != self.attempts + 1 {
                    return Err(format!("this should be attempt {}", self.attempts + 1));
                }
                // Begun again without a word of what became of it: it may have gone.
                self.maybe_gone |= self.stage == Stage::Begun;
                (self.stage, self.attempts) = (Stage::Begun, *attempt);
            }
            Carriage::Delayed { error, again_at, .. } => {
                self.maybe_gone |= error.failure == quell_action::Failure::Uncertain;
                self.stage = Stage::Waiting(Some(*again_at));
            }
            Carriage::Done { sent, .. } => {
                self.stage = Stage::Done;
                if errand == Errand::Ask {
                    self.sent.clone_from(sent);
                }
            }
            Carriage::Failed { .. } => self.stage = Stage::Failed,
            Carriage::Addressed { .. } => return Err("it names nobody".into()),
        }
        Ok(())
    }

    /// Whether a message is still to be sent, once the question is settled: who was not asked is not told.
    fn is_pending(&self) -> bool {
        match (self.errand, self.stage) {
            (_, Stage::Failed) | (Errand::Tell, Stage::Done) => false,
            (_, Stage::Waiting(_) | Stage::Begun) | (Errand::Ask, Stage::Done) => true,
        }
    }
}

impl QuestionState {
    /// Takes in what has happened to its messages.
    pub(crate) fn carry(&mut self, what: &Carriage) -> Result<(), String> {
        if self.question.through.is_none() {
            return Err(format!("question {} goes through no connection", self.question.id));
        }
        let (to, errand) = match what {
            Carriage::Addressed { to, .. } => {
                if self.deliveries.is_some() {
                    return Err(format!("question {} was addressed before", self.question.id));
                }
                self.deliveries = Some(to.iter().cloned().map(Delivery::new).collect());
                return Ok(());
            }
            Carriage::Begun { to, errand, .. }
            | Carriage::Delayed { to, errand, .. }
            | Carriage::Done { to, errand, .. }
            | Carriage::Failed { to, errand, .. } => (to, *errand),
        };
        let Some(all) = &mut self.deliveries else {
            return Err(format!("question {} is not addressed yet", self.question.id));
        };
        let one = all.iter_mut().find(|one| one.to.name == *to);
        one.ok_or_else(|| format!("question {} does not go to {to}", self.question.id))?.take(errand, what)
    }

    /// Whether people are still to be told of it, though nothing else is to be done.
    pub(crate) fn has_messages_to_send(&self) -> bool {
        self.deliveries.iter().flatten().any(Delivery::is_pending)
    }
}
