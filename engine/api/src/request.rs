//! What comes in: parts of a request as values, and what is said where they do not fit. Every refusal is JSON, as every
//! answer is.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use serde::de::DeserializeOwned;

use crate::alerts::Beside;
use crate::runs::By;
use crate::{
    AddExclusion, AddToList, Caller, ConfirmOrder, ExtendOrder, ImportExclusions, PauseOrder, Refusal,
    RefusalKind, RemoveFromList, SettleOrder, StartOrder, UndoMany, UndoOrder,
};

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

/// What says in whose name it is wanted.
pub(crate) trait Signed: DeserializeOwned {
    /// The name.
    fn by(&self) -> &str;
}

macro_rules! signed {
    ($($order:ty),* $(,)?) => {
        $(impl Signed for $order {
            fn by(&self) -> &str {
                &self.by
            }
        })*
    };
}

signed!(
    AddExclusion,
    AddToList,
    Beside,
    By,
    ConfirmOrder,
    ExtendOrder,
    ImportExclusions,
    PauseOrder,
    RemoveFromList,
    SettleOrder,
    StartOrder,
    UndoMany,
    UndoOrder,
);

/// A body of JSON that says in whose name something is wanted: whoever has a token of their own wants it in no other.
pub(crate) struct Order<T>(pub(crate) T);

impl<T: Signed, S: Send + Sync> FromRequest<S> for Order<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, state).await?;
        let Body(order) = Body::<T>::from_request(Request::from_parts(parts, body), state).await?;
        caller.goes_by(order.by())?;
        Ok(Self(order))
    }
}

/// The same behind the question mark.
pub(crate) struct OrderInQuery<T>(pub(crate) T);

impl<T: Signed, S: Send + Sync> FromRequestParts<S> for OrderInQuery<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Query(order) = Query::<T>::from_request_parts(parts, state).await?;
        caller.goes_by(order.by())?;
        Ok(Self(order))
    }
}

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
