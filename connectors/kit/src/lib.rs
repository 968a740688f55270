//! What connectors share: secrets by reference, an HTTP client that says truthfully whether something can have
//! happened, limits on calls, redaction; and, behind the feature `conformance`, the suite that every connector
//! passes, with the scripted server for those that speak HTTP.
//!
//! Invariant: nothing here knows any vendor, and nothing here decides whether a call may be made.

mod classify;
mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod deadline;
mod http;
mod rate;
mod redact;
#[cfg(any(test, feature = "conformance"))]
pub mod scripted;
mod secret;

pub use classify::{Call, by_status, retry_after};
pub use clock::now;
pub use deadline::Deadline;
pub use http::{Answer, Http, HttpSettings, host_of};
pub use rate::RateLimit;
pub use redact::Redactor;
pub use reqwest::{Method, RequestBuilder, Url, header};
pub use secret::SecretRef;
