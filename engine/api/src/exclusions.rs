//! `/api/v1/exclusions`.

use axum::Json;
use axum::extract::State;
use quell_action::exclusion::{Entry, EntryId};
use serde::{Deserialize, Serialize};

use crate::request::{Body, Query, Segment};
use crate::router::Doors;
use crate::runs::By;
use crate::{AddExclusion, ExclusionTest, Refusal};

/// Who is asked about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Who {
    pub(crate) who: String,
}

pub(crate) async fn list(State(doors): State<Doors>) -> Result<Json<Vec<Entry>>, Refusal> {
    doors.operations.exclusions().await.map(Json)
}

pub(crate) async fn add(
    State(doors): State<Doors>,
    Body(entry): Body<AddExclusion>,
) -> Result<Json<Entry>, Refusal> {
    doors.operations.exclude(&entry).await.map(Json)
}

pub(crate) async fn remove(
    State(doors): State<Doors>,
    Segment(id): Segment<String>,
    Query(By { by }): Query<By>,
) -> Result<Json<Entry>, Refusal> {
    doors.operations.remove_exclusion(&EntryId(id), &by).await.map(Json)
}

pub(crate) async fn test(
    State(doors): State<Doors>,
    Query(Who { who }): Query<Who>,
) -> Result<Json<ExclusionTest>, Refusal> {
    doors.operations.test_exclusion(&who).await.map(Json)
}
