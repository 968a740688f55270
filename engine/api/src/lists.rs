//! `/api/v1/lists`: the named lists.

use axum::Json;
use axum::extract::State;
use quell_action::lists::ListEntry;
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::request::{Order, Segment};
use crate::router::Doors;

/// A named list in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSummary {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// How many entries count now.
    pub entries: usize,
    /// When it was last changed, as far as that is known.
    pub changed: Option<Timestamp>,
    /// Why it cannot be read, where it cannot: what asks for it is unknown then.
    pub trouble: Option<String>,
}

/// A named list with what is in it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListContent {
    /// The list.
    #[serde(flatten)]
    pub summary: ListSummary,
    /// Its entries that count now, in order.
    pub content: Vec<ListEntry>,
}

/// Values to be put into a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddToList {
    /// The list.
    pub list: String,
    /// The values. Those that are in it already are replaced.
    pub entries: Vec<NewEntry>,
    /// Who adds them.
    pub by: String,
}

/// A value to be put into a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// The value.
    pub value: String,
    /// Why.
    #[serde(default)]
    pub because: Option<String>,
    /// It does not count any more from this moment on.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// A value to be taken out of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveFromList {
    /// The list.
    pub list: String,
    /// The value.
    pub value: String,
    /// Who removes it.
    pub by: String,
}

pub(crate) async fn all(State(doors): State<Doors>) -> Result<Json<Vec<ListSummary>>, Refusal> {
    doors.operations.lists().await.map(Json)
}

pub(crate) async fn show(
    State(doors): State<Doors>,
    Segment(name): Segment<String>,
) -> Result<Json<ListContent>, Refusal> {
    doors.operations.list(&name).await.map(Json)
}

pub(crate) async fn add(
    State(doors): State<Doors>,
    Order(order): Order<AddToList>,
) -> Result<Json<Vec<ListEntry>>, Refusal> {
    doors.operations.add_to_list(&order).await.map(Json)
}

pub(crate) async fn remove(
    State(doors): State<Doors>,
    Order(order): Order<RemoveFromList>,
) -> Result<Json<ListEntry>, Refusal> {
    doors.operations.remove_from_list(&order).await.map(Json)
}
