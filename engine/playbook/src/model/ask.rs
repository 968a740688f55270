//! [`AskStep`] and [`Asking`]: what people are asked, who they are, and what their silence means.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Form;

/// Who is asked, how long an answer may take, and what it means when none comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// The teams that are asked.
    pub of: Vec<String>,
    /// After this time nobody needs to answer any more.
    pub expires: Duration,
    /// What happens then.
    pub if_expired: IfExpired,
    /// How many people must give the same answer before it counts. One is enough for an answer that stops.
    pub quorum: u32,
    /// The connection of the site that carries the question to them, beside the terminal and the interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// What happens when a question is not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfExpired {
    /// As if somebody had said no.
    #[default]
    Stop,
    /// It goes on: only where the playbook says so.
    Continue,
}

/// A question to people.
#[derive(Debug, Clone)]
pub struct AskStep {
    /// What they read.
    pub question: Form,
    /// What they can answer.
    pub choices: Vec<String>,
    /// What an answer means for the lane; one that is not listed lets it go on.
    pub if_answer: BTreeMap<String, AfterAnswer>,
    /// Who they are, and how long they have.
    pub asking: Asking,
}

/// What an answer means for the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterAnswer {
    /// It ends; `always` still runs.
    Stop,
    /// It goes on.
    Continue,
}

impl AskStep {
    /// The word for a question that nobody answered in time, where an answer is looked at.
    pub const EXPIRED: &'static str = "expired";

    /// The answers that end the lane.
    pub fn stopping(&self) -> impl Iterator<Item = &str> {
        let stops = |choice: &&String| self.if_answer.get(*choice) == Some(&AfterAnswer::Stop);
        self.choices.iter().filter(stops).map(String::as_str)
    }
}
