//! The operations on undo timers: what is to stay, and what is to stay longer.

use std::sync::Arc;

use quell_api::{ConfirmOrder, ExtendOrder, Refusal, Timer, Timers};
use quell_run::{EngineError, Refusal as Refused, RunId, RunState, TaskId};

use super::refused;
use super::undo::{called_by, state, what};
use crate::wire::App;

/// What is said of a timer.
#[derive(Clone, Copy)]
enum Say<'a> {
    Confirm(&'a ConfirmOrder),
    Extend(&'a ExtendOrder),
}

pub(super) async fn confirm(app: &Arc<App>, run: &RunId, order: &ConfirmOrder) -> Result<Timers, Refusal> {
    of_all(app, run, order.task.as_deref(), Say::Confirm(order)).await
}

pub(super) async fn extend(app: &Arc<App>, run: &RunId, order: &ExtendOrder) -> Result<Timers, Refusal> {
    of_all(app, run, order.task.as_deref(), Say::Extend(order)).await
}

/// Says it of one task, or of a whole run and of those that it called: they did its work for it. It is refused only where
/// no timer runs in any of them.
async fn of_all(app: &Arc<App>, run: &RunId, task: Option<&str>, say: Say<'_>) -> Result<Timers, Refusal> {
    let mut told = Vec::new();
    let mut open = vec![run.clone()];
    while let Some(run) = open.pop() {
        let tasks = named(&state(app, &run).await?, &run, task)?;
        let meant = match say {
            Say::Confirm(order) => app.engine.confirm(&run, tasks, &order.by).await,
            Say::Extend(order) => app.engine.extend(&run, tasks, order.until, &order.by).await,
        };
        match meant {
            Ok(meant) => told.extend(timers(app, &run, &meant).await?),
            Err(EngineError::Refused(Refused::NoTimer)) => {}
            Err(error) => return Err(refused(error)),
        }
        if task.is_none() {
            open.extend(called_by(app, &run).await?.into_iter().rev().map(|(_, run)| run));
        }
    }
    match told.is_empty() {
        true => Err(refused(EngineError::Refused(Refused::NoTimer))),
        false => Ok(Timers { run: run.0.clone(), tasks: told }),
    }
}

/// The task of this name; nothing where no name was given.
fn named(state: &RunState, run: &RunId, name: Option<&str>) -> Result<Option<Vec<TaskId>>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let task = state.tasks().find(|task| task.task.id.to_string() == name);
    let task = task.ok_or_else(|| {
        Refusal::not_found(format!("run {run} has no task {name}; `quell runs show` names them"))
    })?;
    Ok(Some(vec![task.task.id.clone()]))
}

async fn timers(app: &Arc<App>, run: &RunId, meant: &[TaskId]) -> Result<Vec<Timer>, Refusal> {
    let after = state(app, run).await?;
    let tasks = after.tasks().filter(|task| meant.contains(&task.task.id)).map(|task| Timer {
        run: run.0.clone(),
        task: task.task.id.to_string(),
        what: what(task),
        due: task.undo_due(),
    });
    Ok(tasks.collect())
}
