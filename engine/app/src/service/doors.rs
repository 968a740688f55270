//! The HTTP interface of a running engine, on loopback, with a token in the state folder.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use quell_api::{Answers, Caller, Callers, Doors, Metrics, Pace, RunPages, Token, router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::answers::Desk;
use crate::operations::Local;
use crate::wire::App;
use crate::{random, reach};

/// How long open connections may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often old samples of the metrics are dropped.
const UPKEEP: Duration = Duration::from_secs(5);

/// An open interface.
pub(super) struct Open {
    state: std::path::PathBuf,
    /// Good as long as it is open.
    _word: reach::Word,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// Opens the interface, and leaves word of it in the state folder.
pub(super) async fn open(
    app: &Arc<App>,
    mut callers: Callers,
    stop: &CancellationToken,
) -> anyhow::Result<Open> {
    let listen = app.site.config.api.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("api.listen: {listen} cannot be listened on; another engine may have it (port 0 takes any free one)")
    })?;
    let address = listener.local_addr()?;
    let text = random::token();
    let metrics = Metrics::install().context("metrics cannot be collected")?;
    let pace = Arc::<Pace>::default();
    let answers = Desk::of(app).map(|desk| Answers {
        desk: Arc::new(desk),
        pace: Arc::clone(&pace),
        now: Arc::clone(&app.clock),
    });
    let pages = app.pages.as_ref().map(|pages| RunPages {
        key: pages.key.clone(),
        host: pages.host(),
        pace,
        now: Arc::clone(&app.clock),
    });
    let operations = Arc::new(Local::new(Arc::clone(app)));
    let doors = Doors { operations, metrics: Some(metrics.clone()), answers, pages };
    callers.add(Caller::Unnamed, Token::new(&text)?)?;
    let routes = router(doors, callers);
    let word = reach::announce(&app.site.config.state, &address.to_string(), &text)?;
    quell_crash::point!("app.announced");
    tracing::info!(%address, "listening for programs, metrics and health");
    // It outlives the first signal: what is being finished can be looked at.
    let closing = CancellationToken::new();
    let until = closing.clone();
    keep_metrics_small(metrics, stop.clone());
    let serving = tokio::spawn(async move {
        let served = quell_api::serve(listener, routes, async move { until.cancelled().await }).await;
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP interface has ended");
        }
    });
    Ok(Open { state: app.site.config.state.clone(), _word: word, stop: closing, serving })
}

impl Open {
    /// Closes the interface and takes the word back.
    pub(super) async fn close(self) {
        reach::withdraw(&self.state);
        self.stop.cancel();
        if tokio::time::timeout(PATIENCE, self.serving).await.is_err() {
            tracing::warn!("connections to the HTTP interface were cut");
        }
    }
}

fn keep_metrics_small(metrics: Metrics, stop: CancellationToken) {
    tokio::spawn(async move {
        while tokio::time::timeout(UPKEEP, stop.cancelled()).await.is_err() {
            metrics.upkeep();
        }
    });
}
