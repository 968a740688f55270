//! What happens to runs, as it happens: a line of the log for whatever was done to somebody, or was not, and counters.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use anstream::adapter::strip_str;
use quell_run::{Entry, Line, RunEvent, RunId, Runs};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::show::Telling;
use crate::wire::App;

/// Follows what happens until `over`, and what has happened by then to its end.
pub(super) fn follow(app: &Arc<App>, over: &CancellationToken) -> JoinHandle<()> {
    let (app, over) = (Arc::clone(app), over.clone());
    tokio::spawn(async move {
        let mut events = app.engine.events();
        let mut tellings = HashMap::new();
        loop {
            let event = tokio::select! {
                biased;
                event = events.recv() => event,
                () = over.cancelled() => return,
            };
            match event {
                Ok(RunEvent { run, line }) => tell(&app, &mut tellings, &run, &line).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        missed,
                        "too much happens to log all of it: `quell runs` has the whole record"
                    );
                }
                Err(RecvError::Closed) => return,
            }
        }
    })
}

async fn tell(app: &App, tellings: &mut HashMap<RunId, Telling>, run: &RunId, line: &Line) {
    if let Some(result) = result(&line.entry) {
        metrics::counter!("quell_tasks_total", "result" => result).increment(1);
    }
    metrics::gauge!("quell_runs_active").set(app.engine.active() as f64);
    let telling = match tellings.entry(run.clone()) {
        Occupied(known) => known.into_mut(),
        Vacant(new) => new.insert(until(app, run, line.number).await),
    };
    let words = telling.tell(&line.entry);
    if Telling::matters(&line.entry) || result(&line.entry).is_some() {
        let words = strip_str(&words).to_string();
        match line.entry {
            Entry::Failed { .. }
            | Entry::StepFailed { .. }
            | Entry::UndoFailed { .. }
            | Entry::NeedsAttention { .. } => {
                tracing::warn!(run.id = %run, "{words}");
            }
            _ => tracing::info!(run.id = %run, "{words}"),
        }
    }
    if let Entry::Finished { .. } = line.entry {
        tellings.remove(run);
    }
}

/// What is known of a run that began before we listened: the names in its lines.
async fn until(app: &App, run: &RunId, number: u64) -> Telling {
    let mut telling = Telling::default();
    if number > 0
        && let Ok(lines) = app.store.runs().lines(run).await
    {
        lines.iter().filter(|line| line.number < number).for_each(|line| drop(telling.tell(&line.entry)));
    }
    telling
}

/// What became of a task, for the counter. Labels are names of entries, never of people.
fn result(entry: &Entry) -> Option<&'static str> {
    Some(match entry {
        Entry::Succeeded { .. } => "succeeded",
        Entry::Failed { .. } => "failed",
        Entry::TaskExcluded { .. } => "excluded",
        Entry::Unsettled { .. } => "unsettled",
        Entry::NeedsAttention { .. } => "needs_attention",
        Entry::UndoSucceeded { .. } => "undone",
        Entry::UndoFailed { .. } => "undo_failed",
        _ => return None,
    })
}
