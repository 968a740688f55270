//! `/api/v1/questions` and `/api/v1/attention`: where the engine waits for people.

use axum::Json;
use axum::extract::State;
use quell_run::{Bond, Bundled, OpenQuestion, QuestionId, RunSummary};
use serde::{Deserialize, Serialize};

use crate::request::{Body, Order};
use crate::router::Doors;
use crate::{Caller, Refusal};

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerOrder {
    /// The run, by its id or the beginning of it.
    pub run: String,
    /// Which of its questions.
    pub question: QuestionId,
    /// One of the question's choices.
    pub choice: String,
    /// What the question was bound to when it was looked at: an answer to anything else does not count.
    pub bond: Bond,
    /// Who answers.
    pub by: String,
    /// What else they say, for the record.
    #[serde(default)]
    pub remark: Option<String>,
    /// The questions of other runs that get the same answer: those that were shown together with it, or some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Bundled>,
}

/// A task of which nobody can say whether it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InQuestion {
    /// The run.
    pub run: String,
    /// The playbook.
    pub playbook: String,
    /// The task, as `settle` wants it.
    pub task: String,
    /// What was to be done or undone, and to whom.
    pub what: String,
    /// Why it is not known, or why it could not be undone.
    pub why: String,
}

/// What a person found out about such a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleOrder {
    /// The run, by its id or the beginning of it.
    pub run: String,
    /// The task.
    pub task: String,
    /// Whether it happened. What did not happen is called again.
    pub happened: bool,
    /// Who says so.
    pub by: String,
}

pub(crate) async fn questions(State(doors): State<Doors>) -> Result<Json<Vec<OpenQuestion>>, Refusal> {
    doors.operations.questions().await.map(Json)
}

pub(crate) async fn answer(
    State(doors): State<Doors>,
    caller: Caller,
    Body(order): Body<AnswerOrder>,
) -> Result<Json<RunSummary>, Refusal> {
    // In whose name it may be given, the operations look at: whoever is refused is put on record there.
    doors.operations.answer(&order, &caller).await.map(Json)
}

pub(crate) async fn attention(State(doors): State<Doors>) -> Result<Json<Vec<InQuestion>>, Refusal> {
    doors.operations.attention().await.map(Json)
}

pub(crate) async fn settle(
    State(doors): State<Doors>,
    Order(order): Order<SettleOrder>,
) -> Result<Json<RunSummary>, Refusal> {
    doors.operations.settle(&order).await.map(Json)
}
