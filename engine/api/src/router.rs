//! The table of contents: every route in one list.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::request::{not_so, nowhere};
use crate::{
    Answers, Callers, Metrics, Operations, RunPages, alerts, answering, audit, auth, exclusions, guard,
    health, identity, limits, lists, metrics, pause, people, run_page, runs, start, store, timers,
};

/// The largest request body.
const BODY_BYTES: usize = 256 * 1024;

/// The largest answer: what a chat sends about one click.
const ANSWER_BYTES: usize = 64 * 1024;

/// The largest delivery that an operator may send in: what a broker may hold as one message.
const DELIVERY_BYTES: usize = 128 * 1024 * 1024;

/// The largest table of exclusions.
const IMPORT_BYTES: usize = 16 * 1024 * 1024;

/// What the routes are given.
#[derive(Clone)]
pub struct Doors {
    /// What carries the operations out.
    pub operations: Arc<dyn Operations>,
    /// The program's counters.
    pub metrics: Option<Metrics>,
    /// What takes answers in from chat and mail, where the site has people asked that way.
    pub answers: Option<Answers>,
    /// The pages that links in messages lead to, where the site has them.
    pub pages: Option<RunPages>,
}

/// All routes. Health, metrics and sealed links are open, everything else needs a token. What walks over the whole store may take
/// its time.
pub fn router(doors: Doors, callers: Callers) -> Router {
    let guarded = Router::new()
        .route("/api/v1/me", get(auth::me))
        .route("/api/v1/runs", get(runs::list))
        .route("/api/v1/runs/{run}", get(runs::show))
        .route("/api/v1/runs/{run}/cancel", post(runs::cancel))
        .route("/api/v1/start", post(start::start))
        .route("/api/v1/undo", post(runs::undo))
        .route("/api/v1/undo/many", post(runs::undo_many))
        .route("/api/v1/undo/confirm", post(timers::confirm))
        .route("/api/v1/undo/extend", post(timers::extend))
        .route("/api/v1/questions", get(people::questions))
        .route("/api/v1/questions/answer", post(people::answer))
        .route("/api/v1/attention", get(people::attention))
        .route("/api/v1/attention/settle", post(people::settle))
        .route("/api/v1/exclusions", get(exclusions::list).post(exclusions::add))
        .route(
            "/api/v1/exclusions/import",
            post(exclusions::import).layer(DefaultBodyLimit::max(IMPORT_BYTES)),
        )
        .route("/api/v1/exclusions/test", get(exclusions::test))
        .route("/api/v1/exclusions/{id}", delete(exclusions::remove))
        .route("/api/v1/identity", get(identity::identity))
        .route("/api/v1/limits", get(limits::limits))
        .route("/api/v1/lists", get(lists::all).post(lists::add).delete(lists::remove))
        .route("/api/v1/lists/{list}", get(lists::show))
        .route("/api/v1/pause", post(pause::pause).delete(pause::resume))
        .route("/api/v1/alerts", post(alerts::submit).layer(DefaultBodyLimit::max(DELIVERY_BYTES)))
        .route("/api/v1/audit", get(audit::export))
        .route("/api/v1/store", get(store::stats))
        .route_layer(from_fn(guard::in_time))
        .route("/api/v1/audit/verify", get(audit::verify))
        .route("/api/v1/store/prune", post(store::prune))
        .route("/api/v1/store/verify", post(store::verify))
        .route("/api/v1/store/backup", post(store::backup))
        .route_layer(from_fn_with_state(Arc::new(callers), auth::require));
    let open = Router::new()
        .route("/answer/{seal}", get(answering::show).post(answering::answer))
        .route("/answer/from/{connection}", post(answering::heard))
        .route("/run/{seal}", get(run_page::show).post(run_page::undo))
        .route_layer(from_fn(guard::in_time))
        .layer(DefaultBodyLimit::max(ANSWER_BYTES));
    let public_host = doors.pages.as_ref().map(|pages| Arc::from(pages.host.as_str()));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .merge(guarded)
        .merge(open)
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .with_state(doors)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(guard::defect))
        .layer(from_fn_with_state(public_host, guard::meant_for_here))
        .layer(SetResponseHeaderLayer::overriding(
            HeaderName::from_static("cache-control"),
            HeaderValue::from_static("no-store"),
        ))
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
}

/// Serves routes on a listener until `until` is done; open requests are finished.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, routes).with_graceful_shutdown(until).await
}
