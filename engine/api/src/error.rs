//! [`Refusal`]: why an operation was not carried out, on both sides of the wire.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Why an operation was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Refusal {
    /// What kind of reason it is.
    pub kind: RefusalKind,
    /// What, and what to do.
    pub message: String,
}

/// The kinds of reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// No credential, or a wrong one.
    Unauthorized,
    /// Whoever asks may not, whatever else they may.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The request does not make sense.
    Invalid,
    /// It does not fit the state in which things are.
    Conflict,
    /// The path knows no such method.
    MethodNotAllowed,
    /// The body is larger than any operation needs.
    TooLarge,
    /// The request was meant for another host.
    Misdirected,
    /// It took too long; it may still be carried out.
    TimedOut,
    /// The engine has a defect.
    Internal,
    /// The store or the engine is out of order.
    Unavailable,
}

impl Refusal {
    /// Whoever asks may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self { kind: RefusalKind::Forbidden, message: message.into() }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: RefusalKind::NotFound, message: message.into() }
    }

    /// The request does not make sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { kind: RefusalKind::Invalid, message: message.into() }
    }

    /// It does not fit the state in which things are.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self { kind: RefusalKind::Conflict, message: message.into() }
    }

    /// Of any kind.
    pub(crate) fn of(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The store or the engine is out of order.
    pub fn unavailable(error: impl std::fmt::Display) -> Self {
        Self { kind: RefusalKind::Unavailable, message: error.to_string() }
    }
}

impl RefusalKind {
    fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.kind.status(), Json(self)).into_response()
    }
}
