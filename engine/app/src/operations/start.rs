//! The operation that starts a playbook by hand.

use std::sync::Arc;

use quell_api::{Refusal, RunRecord, StartOrder, Started};
use quell_playbook::model::{Mode, Playbook};
use quell_playbook::{Matcher, nearest};
use quell_run::{EngineError, Given, Journal, MemoryJournal, Plan, RunFilter, RunId, RunSummary, Runs};

use super::refused;
use crate::decider::see_to_later;
use crate::wire::App;

pub(super) async fn start(app: &Arc<App>, order: &StartOrder) -> Result<Started, Refusal> {
    let matcher = app.playbooks_loaded().await.map_err(|error| Refusal::conflict(format!("{error:#}")))?;
    let playbook = find(&matcher, &order.playbook)?;
    let given = Given::read(&playbook, &order.inputs).map_err(|wrong| {
        let all: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        Refusal::invalid(all.join("; "))
    })?;
    if order.by.trim().is_empty() || order.ticket.trim().is_empty() {
        return Err(Refusal::invalid("a start needs `by` (who wants it) and `ticket` (which start it is)"));
    }
    let plan = Plan::manual(&playbook, given, order.by.trim(), &order.ticket, app.moment());
    let plan = plan.calling(&matcher.called_by(&playbook));
    if order.dry {
        return dry(app, plan, playbook).await;
    }
    let run = plan.run.clone();
    app.engine.start(plan, playbook).await.map_err(|error| in_doubt(app, &run, error))?;
    let runs = app.store.runs();
    Ok(Started { dry: false, runs: vec![record(&runs, &run).await?] })
}

/// What could not be written may be on disk all the same: then it begins before long, and not at some later start.
fn in_doubt(app: &App, run: &RunId, error: EngineError) -> Refusal {
    if !matches!(error, EngineError::Journal(_)) {
        return refused(error);
    }
    see_to_later(&app.store, &app.engine, vec![run.clone()]);
    let look = format!("`quell runs show {run}` says whether it has begun all the same");
    Refusal::unavailable(format_args!("{error}; {look}"))
}

/// The playbook of this name, where a person may start it.
fn find(matcher: &Matcher, name: &str) -> Result<Arc<Playbook>, Refusal> {
    let playbooks = matcher.playbooks();
    let Some(playbook) = playbooks.iter().find(|playbook| playbook.name.0 == name) else {
        let by_hand = playbooks.iter().filter(|playbook| playbook.when.manual);
        let near = nearest::one(name, by_hand.map(|playbook| playbook.name.0.as_str()));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(Refusal::not_found(format!("there is no playbook {name}{hint}")));
    };
    if playbook.mode == Mode::Disabled {
        return Err(Refusal::conflict(format!("the playbook {name} is disabled (`mode: disabled`)")));
    }
    if !playbook.when.manual {
        return Err(Refusal::conflict(format!(
            "nobody starts {name} by hand: it has no `manual: true` below its `when`"
        )));
    }
    Ok(Arc::clone(playbook))
}

/// Plays it in memory, with eyes and without hands: nothing is touched, and nothing is remembered.
async fn dry(app: &Arc<App>, plan: Plan, playbook: Arc<Playbook>) -> Result<Started, Refusal> {
    let journal = Arc::new(MemoryJournal::default());
    let engine = app.looking_only(Arc::clone(&journal) as Arc<dyn Journal>);
    let own = plan.run.clone();
    engine.start(plan.observing(), playbook).await.map_err(refused)?;
    engine.idle().await;
    let mut all: Vec<RunSummary> = journal.list(&RunFilter::default()).await.map_err(Refusal::unavailable)?;
    // Its own comes first, then those that it would call, in their order.
    all.sort_by_key(|run| (run.id != own, run.started));
    let mut runs = Vec::new();
    for run in all {
        runs.push(record(journal.as_ref(), &run.id).await?);
    }
    Ok(Started { dry: true, runs })
}

async fn record(runs: &dyn Runs, run: &RunId) -> Result<RunRecord, Refusal> {
    let lines = runs.lines(run).await.map_err(Refusal::unavailable)?;
    let summary = runs.summary(run).await.map_err(Refusal::unavailable)?;
    let summary = summary.ok_or_else(|| Refusal::not_found(format!("there is no run {run}")))?;
    Ok(RunRecord { summary, tasks: super::record::tasks(&lines), lines, attached: Vec::new() })
}
