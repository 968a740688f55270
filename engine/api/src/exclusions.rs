//! `/api/v1/exclusions`.

use axum::Json;
use axum::extract::State;
use quell_action::exclusion::{Entry, EntryId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::{Order, OrderInQuery, Query, Segment};
use crate::router::Doors;
use crate::runs::By;
use crate::{AddExclusion, ExclusionTest, Refusal};

/// Who is asked about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Who {
    pub(crate) who: String,
}

/// Many entries at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportExclusions {
    /// The entries, each as the exclusion file would have it.
    pub entries: Vec<Value>,
    /// Who adds them.
    pub by: String,
    /// Whether the good ones are added although others are not. Otherwise it is all of them or none.
    #[serde(default)]
    pub partial: bool,
    /// Only say what would be added, and what is wrong.
    #[serde(default)]
    pub dry: bool,
}

/// What came of many entries.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Imported {
    /// The entries that were, or would be, added.
    pub added: Vec<Entry>,
    /// How many are on the list already.
    pub repeated: usize,
    /// What is wrong with the others.
    pub wrong: Vec<WrongEntry>,
    /// Whether anything was stored: not where it was to be said only, and not where one was wrong and all were meant.
    pub stored: bool,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongEntry {
    /// Which one, counted from 0.
    pub row: usize,
    /// Where in it: `account.upn`; empty where it is wrong as a whole.
    pub place: String,
    /// What.
    pub message: String,
}

pub(crate) async fn list(State(doors): State<Doors>) -> Result<Json<Vec<Entry>>, Refusal> {
    doors.operations.exclusions().await.map(Json)
}

pub(crate) async fn add(
    State(doors): State<Doors>,
    Order(entry): Order<AddExclusion>,
) -> Result<Json<Entry>, Refusal> {
    doors.operations.exclude(&entry).await.map(Json)
}

pub(crate) async fn import(
    State(doors): State<Doors>,
    Order(order): Order<ImportExclusions>,
) -> Result<Json<Imported>, Refusal> {
    doors.operations.import_exclusions(&order).await.map(Json)
}

pub(crate) async fn remove(
    State(doors): State<Doors>,
    Segment(id): Segment<String>,
    OrderInQuery(By { by }): OrderInQuery<By>,
) -> Result<Json<Entry>, Refusal> {
    doors.operations.remove_exclusion(&EntryId(id), &by).await.map(Json)
}

pub(crate) async fn test(
    State(doors): State<Doors>,
    Query(Who { who }): Query<Who>,
) -> Result<Json<ExclusionTest>, Refusal> {
    doors.operations.test_exclusion(&who).await.map(Json)
}
