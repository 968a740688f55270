//! What stands before every route: only requests that were meant for this machine, none that takes for ever, and a
//! defect in one of them ends that one alone.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::{Refusal, RefusalKind};

/// An undo waits for slow systems; nothing that is timed takes longer.
const LONGEST: Duration = Duration::from_secs(300);

/// Lets only those requests pass that name this machine; for the pages that links lead to, also those that name the site.
///
/// A page in a browser can be made to send requests here under a name of its own that leads to a loopback address (DNS
/// rebinding). The name stays in the request, and gives it away.
pub(crate) async fn meant_for_here(
    State(public_host): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let header = request.headers().get(HOST).map(|value| value.to_str().unwrap_or_default());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(header).unwrap_or_default();
    // What stands before us and passes people on may keep the name by which they came; nothing else is open to it.
    let path = request.uri().path();
    let is_page = path.starts_with("/answer/") || path.starts_with("/run/");
    let is_ours = is_page && public_host.is_some_and(|ours| host.eq_ignore_ascii_case(&ours));
    if is_ours || is_loopback(host) {
        return Ok(next.run(request).await);
    }
    Err(Refusal::of(
        RefusalKind::Misdirected,
        "this interface answers to loopback names only, such as 127.0.0.1 or localhost",
    ))
}

/// Whether a host, with or without a port, can only be this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
        Some(_) => return false,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Ends requests that take too long.
pub(crate) async fn in_time(request: Request, next: Next) -> Result<Response, Refusal> {
    tokio::time::timeout(LONGEST, next.run(request)).await.map_err(|_| {
        Refusal::of(RefusalKind::TimedOut, "it takes too long to wait for; look again whether it was done")
    })
}

/// The answer to a request in which the program panicked. The panic itself is in the log, and in no answer.
pub(crate) fn defect(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request has failed over a defect of the program");
    Refusal::of(RefusalKind::Internal, "the engine has a defect, its log says more; it goes on working")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in
            ["127.0.0.1", "127.0.0.1:7878", "127.9.8.7", "localhost", "LocalHost:1", "[::1]", "[::1]:7878"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ":7878",
            "evil.example",
            "evil.example:7878",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::2]:7878",
            "[::1].evil.example",
            "[::1",
            "evil.example@127.0.0.1",
            "2130706433",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
