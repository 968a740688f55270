//! What comes in: parts of a request as values, and what is said where they do not fit. Every refusal is JSON, as every
//! answer is.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::{Method, StatusCode, Uri};

use crate::{Refusal, RefusalKind};

/// A body of JSON.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Refusal))]
pub(crate) struct Body<T>(pub(crate) T);

/// What stands behind the question mark.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Refusal))]
pub(crate) struct Query<T>(pub(crate) T);

/// What stands in the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Refusal))]
pub(crate) struct Segment<T>(pub(crate) T);

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::of(RefusalKind::TooLarge, "the body is too large"),
            _ => Self::invalid(format!("the body does not fit: {}", rejection.body_text())),
        }
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid(format!("the query does not fit: {}", rejection.body_text()))
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::invalid(format!("the path does not fit: {}", rejection.body_text()))
    }
}

/// A path that leads nowhere.
pub(crate) async fn nowhere(uri: Uri) -> Refusal {
    Refusal::not_found(format!("there is nothing at {}", uri.path()))
}

/// A path that leads somewhere, but not so.
pub(crate) async fn not_so(method: Method, uri: Uri) -> Refusal {
    Refusal::of(RefusalKind::MethodNotAllowed, format!("{} does not know {method}", uri.path()))
}
