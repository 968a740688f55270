//! [`Question`]: what people are asked before a run goes on, and what became of it.
//!
//! A question is a line of the journal, so it outlives the process. It is bound to what is to be done (the frozen plan,
//! and the tasks where they are known): an answer names that bond, and an answer to anything else does not count. It is
//! answered once: by one person, or by as many as its quorum wants; then nobody can answer it any more.

mod bundle;
mod carriage;

use std::fmt;

use quell_alert::Timestamp;
use quell_playbook::model::{IfExpired, StepId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{LaneId, Plan, RunId, Task, TaskId};

pub use bundle::Bundled;
pub use carriage::{Carriage, Delivery, Errand, Stage};

/// What people are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its name within the run.
    pub id: QuestionId,
    /// What it is about.
    pub about: About,
    /// What people read.
    pub text: String,
    /// The teams that are asked. Who belongs to them is for the door to know through which an answer comes.
    pub of: Vec<String>,
    /// What can be answered.
    pub choices: Vec<String>,
    /// The answers that stop what was asked about.
    pub stopping: Vec<String>,
    /// How many people must give the same answer; one is enough for an answer that stops.
    pub quorum: u32,
    /// Nobody can answer after this moment.
    pub expires: Timestamp,
    /// What happens then.
    pub if_expired: IfExpired,
    /// What it is bound to: an answer must name the same.
    pub bond: Bond,
    /// The connection that carries it to people, beside the terminal and the interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// The name of a question within its run: `0/confirm`, `plan`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionId(pub String);

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a question is bound to: the SHA-256, in lower-case hex, of the plan and of everything that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bond(pub String);

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The whole plan (`mode: ask`).
    Plan,
    /// More entities than the playbook allows (`if_more: ask`).
    TooMany,
    /// More entities than a step allows (`if_more: ask` within a lane).
    More {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
    },
    /// Whether a lane must be left alone cannot be known (`unless` with `if_unknown: ask`).
    Unless {
        /// The lane.
        lane: LaneId,
    },
    /// Whether a step is to be taken cannot be known (`if` with `if_unknown: ask`).
    Condition {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
    },
    /// What the playbook itself asks (`ask`).
    Step {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
    },
    /// Tasks for which limits leave no room.
    Limits {
        /// The number of the question, from 1.
        number: u32,
        /// Which tasks.
        tasks: Vec<TaskId>,
    },
    /// The tasks that a step has come to (`approval`).
    Tasks {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
    },
}

impl About {
    /// The name of the question about this: there is one.
    pub fn id(&self) -> QuestionId {
        QuestionId(match self {
            Self::Plan => "plan".to_owned(),
            Self::TooMany => "too-many".to_owned(),
            Self::Limits { number: 1, .. } => "limits".to_owned(),
            Self::Limits { number, .. } => format!("limits-{number}"),
            Self::More { lane, step } => format!("{}/{step}/too-many", lane.0),
            Self::Unless { lane } => format!("{}/unless", lane.0),
            Self::Condition { lane, step } => format!("{}/{step}/if", lane.0),
            Self::Step { lane, step } => format!("{}/{step}", lane.0),
            Self::Tasks { lane, step } => format!("{}/{step}/approval", lane.0),
        })
    }

    /// The lane, where it is about one.
    pub fn lane(&self) -> Option<LaneId> {
        match self {
            Self::Plan | Self::TooMany | Self::Limits { .. } => None,
            Self::Unless { lane }
            | Self::More { lane, .. }
            | Self::Condition { lane, .. }
            | Self::Step { lane, .. }
            | Self::Tasks { lane, .. } => Some(*lane),
        }
    }
}

impl Bond {
    /// What a question with these words about these tasks of a plan is bound to.
    pub(crate) fn of(plan: &Plan, about: &About, text: &str, choices: &[String], tasks: &[&Task]) -> Self {
        let mut digest = Sha256::new();
        let mut part = |bytes: Vec<u8>| {
            // Lengths keep the parts apart, whatever stands in them.
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        // Maps with text keys and numbers: nothing in them that JSON could not hold.
        part(serde_json::to_vec(plan).unwrap_or_default());
        part(about.id().0.into_bytes());
        part(text.as_bytes().to_vec());
        part(serde_json::to_vec(choices).unwrap_or_default());
        part(serde_json::to_vec(tasks).unwrap_or_default());
        Self(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// An answer, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// One of the question's choices.
    pub choice: String,
    /// Who.
    pub by: String,
    /// What else they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The connection by which it came; none for the terminal and the interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// A question that waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// The run that waits.
    pub run: RunId,
    /// The playbook's name.
    pub playbook: String,
    /// What the alert is called.
    pub alert_title: String,
    /// Whom or what the question is about, as people call it.
    pub subjects: Vec<String>,
    /// Since when it waits.
    pub asked: Timestamp,
    /// What is asked.
    pub question: Question,
    /// The answers that have come so far; more are needed.
    pub replies: Vec<Reply>,
    /// The questions of other runs that are asked together with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Bundled>,
}

/// Where a question stands.
#[derive(Debug, Clone)]
pub struct QuestionState {
    /// What is asked.
    pub question: Question,
    /// When.
    pub asked: Timestamp,
    /// The answers that came, in order.
    pub replies: Vec<(Reply, Timestamp)>,
    /// What became of it; `None` while it is open.
    pub settled: Option<Settlement>,
    /// How far the messages about it are; `None` while it is not known to whom they go.
    pub deliveries: Option<Vec<Delivery>>,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It was answered.
    Answered {
        /// The answer that counts.
        choice: String,
        /// When.
        at: Timestamp,
    },
    /// Nobody answered in time.
    Expired,
    /// The run was stopped before.
    Withdrawn,
    /// The run only observes: nobody was asked, and it goes on as if all had agreed.
    NotAsked,
}

impl QuestionState {
    /// A question that is being asked.
    pub(crate) fn new(question: Question, asked: Timestamp, observes: bool) -> Self {
        let settled = observes.then_some(Settlement::NotAsked);
        Self { question, asked, replies: Vec::new(), settled, deliveries: None }
    }

    /// Whether it still waits for an answer.
    pub fn is_open(&self) -> bool {
        self.settled.is_none()
    }

    /// Whether what was asked about may go on; `None` while nobody knows.
    pub fn goes_on(&self) -> Option<bool> {
        Some(match self.settled.as_ref()? {
            Settlement::Answered { choice, .. } => !self.question.stopping.contains(choice),
            Settlement::Expired => self.question.if_expired == IfExpired::Continue,
            Settlement::Withdrawn => false,
            Settlement::NotAsked => true,
        })
    }

    /// Takes an answer in.
    pub(crate) fn take(&mut self, reply: &Reply, at: Timestamp) -> Result<(), String> {
        if !self.is_open() {
            return Err(format!("question {} was settled before", self.question.id));
        }
        if !self.question.choices.contains(&reply.choice) || self.has_answered(&reply.by) {
            return Err(format!("question {} does not take this answer", self.question.id));
        }
        self.replies.push((reply.clone(), at));
        let agreed = self.replies.iter().filter(|(other, _)| other.choice == reply.choice).count();
        let enough =
            self.question.stopping.contains(&reply.choice) || agreed >= self.question.quorum as usize;
        // People who disagree for ever settle nothing: that is what the expiry is for.
        if enough {
            self.settled = Some(Settlement::Answered { choice: reply.choice.clone(), at });
        }
        Ok(())
    }

    /// Closes it without an answer.
    pub(crate) fn close(&mut self, how: Settlement) -> Result<(), String> {
        if !self.is_open() {
            return Err(format!("question {} was settled before", self.question.id));
        }
        self.settled = Some(how);
        Ok(())
    }

    /// Whether this person has answered.
    pub fn has_answered(&self, by: &str) -> bool {
        self.replies.iter().any(|(reply, _)| reply.by == by)
    }
}
