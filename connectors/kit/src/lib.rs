//! What connectors share: secrets by reference, an HTTP client that says truthfully whether something can have
//! happened, signing in as a program, limits on calls, a breaker, redaction; and, behind the feature `conformance`, the
//! suite that every connector passes, with the scripted server for those that speak HTTP and the contract that it is
//! held to.
//!
//! Invariant: nothing here decides whether a call may be made, and nothing here knows any vendor, apart from
//! `microsoft`, which several connectors share.

mod api;
mod breaker;
mod chosen;
mod classify;
mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(any(test, feature = "conformance"))]
pub mod contract;
mod deadline;
mod extract;
mod facts;
mod http;
pub mod lenient;
mod message;
pub mod microsoft;
pub mod oauth;
mod on_its_way;
mod probed;
mod rate;
mod redact;
mod request_id;
mod rest;
#[cfg(any(test, feature = "conformance"))]
pub mod scripted;
mod secret;

pub use api::{Api, Ask};
pub use breaker::Breaker;
pub use chosen::chosen;
pub use classify::{Call, by_status, retry_after};
pub use clock::now;
pub use deadline::Deadline;
pub use extract::{Path, Wanted};
pub use facts::facts;
pub use http::{Answer, Http, HttpSettings, host_of, is_public};
pub use message::{Message, clip, plain};
pub use on_its_way::OnItsWay;
pub use probed::probed_by_reading;
pub use rate::RateLimit;
pub use redact::Redactor;
pub use request_id::request_id;
pub use reqwest::{Method, RequestBuilder, Url, header};
pub use rest::{Login, NameAndPassword, Rest, RestCall, system_address};
pub use secret::SecretRef;
