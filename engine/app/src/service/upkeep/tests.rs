//! What is old is forgotten by itself, and nothing else is.

use std::fs;
use std::path::Path;

use quell_action::lists::ListEntry;
use quell_api::{Operations as _, StartOrder};
use quell_run::{RunFilter, Runs as _};
use serde_json::json;

use super::*;
use crate::config;
use crate::operations::Local;
use crate::wire::Reach;

const BY_HAND: &str = "language: 1\nplaybook: by-hand\ntitle: By hand\nmode: act\nwhen: { manual: true }\n\
                       steps:\n  - stop: { outcome: done }\n";

/// An engine with a finished run and an entry of a list that has ended.
async fn app(folder: &Path, retention: &str) -> Arc<App> {
    let site = format!(
        "language: 1\nstate: state\nexclusions: exclusions.yaml\nlists:\n  vip: {{}}\nstore:\n  retention: {retention}\n"
    );
    fs::write(folder.join("quell.yaml"), site).unwrap();
    fs::write(folder.join("exclusions.yaml"), "language: 1\nexclusions: []\n").unwrap();
    fs::create_dir(folder.join("playbooks")).unwrap();
    fs::write(folder.join("playbooks/by-hand.yaml"), BY_HAND).unwrap();
    let site = config::read(Some(&folder.join("quell.yaml"))).unwrap();
    let app = Arc::new(App::open(site, Reach::Tending).await.unwrap());
    let order = json!({ "playbook": "by-hand", "inputs": {}, "by": "ann", "ticket": "1", "dry": false });
    let order: StartOrder = serde_json::from_value(order).unwrap();
    Local::new(Arc::clone(&app)).start(&order).await.unwrap();
    let until = Some(app.clock.now() - chrono::Duration::days(3));
    let ended = ListEntry { until, ..ListEntry::new("bob").unwrap() };
    app.lists.add("vip", vec![ended], "ann").await.unwrap();
    app
}

/// How many runs and entries there are once it was looked what is old.
async fn left(app: &App) -> (usize, usize) {
    let stop = CancellationToken::new();
    stop.cancel();
    prune(app, &stop).await;
    let runs = app.store.runs().list(&RunFilter::default()).await.unwrap().len();
    let left = (runs, app.store.lists().of("vip").await.unwrap().len());
    app.store.close();
    left
}

#[tokio::test]
async fn what_the_site_does_not_want_to_keep_is_forgotten() {
    for (retention, expected) in [
        ("{ days: 400 }", (1, 1)),
        ("{ days: 2 }", (1, 0)),
        ("{ days: 400, runs: 1 }", (1, 1)),
        ("{ days: 400, runs: 0 }", (0, 1)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path(), retention).await;
        assert_eq!(left(&app).await, expected, "{retention}");
    }
}

/// Who wants to keep everything may write a large number; the exclusion file would not be watched any more either.
#[tokio::test]
async fn more_days_than_the_calendar_has_are_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), "{ days: 4294967295 }").await;
    assert_eq!(left(&app).await, (1, 1));
}
