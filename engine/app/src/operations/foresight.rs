//! What an undo would do, without doing it: several runs may hold one state, and the last to let go takes it back.

use std::collections::HashMap;

use quell_api::{Refusal, Undone, UndoneTask};
use quell_run::{HoldKey, Holder, Journal as _, Phase, RunId, RunState, TaskId, TaskState};

use super::undo::told;
use crate::show;
use crate::wire::App;

/// All that is meant by one undo: how many of those who hold a state let go of it together.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    letting_go: HashMap<HoldKey, u64>,
}

impl Foresight {
    /// Counts what of a run is meant.
    pub(super) fn meant(&mut self, state: &RunState, wanted: &[TaskId]) {
        for key in chosen(state, wanted).filter(|task| task.holds()).filter_map(TaskState::hold_key) {
            *self.letting_go.entry(key).or_default() += 1;
        }
    }

    /// What would become of these tasks of a run.
    pub(super) async fn of(
        &self,
        app: &App,
        run: &RunId,
        state: &RunState,
        wanted: &[TaskId],
    ) -> Result<Undone, Refusal> {
        let mut tasks = Vec::new();
        for task in chosen(state, wanted) {
            tasks.push(self.task(app, run, task).await?);
        }
        Ok(Undone { run: run.0.clone(), tasks, called: Vec::new() })
    }

    async fn task(&self, app: &App, run: &RunId, task: &TaskState) -> Result<UndoneTask, Refusal> {
        let told = told(task, true);
        let Some(key) = task.hold_key().filter(|_| task.holds() && task.phase == Phase::Succeeded) else {
            return Ok(told);
        };
        let holder = Holder { run: run.clone(), task: task.task.id.clone() };
        let held = app.store.runs().held(&key, &holder).await.map_err(Refusal::unavailable)?;
        let with_it = self.letting_go.get(&key).copied().unwrap_or_default().saturating_sub(1);
        let result = match held.others.saturating_sub(with_it) {
            0 if held.ours.is_none() && !task.changed() => "would stay: it was so before the run".to_owned(),
            0 => UndoneTask::WOULD_BE_UNDONE.to_owned(),
            _ => {
                let more = held.others.saturating_sub(held.runs.len() as u64);
                format!("{} {}", UndoneTask::WOULD_STAY, show::in_short(&held.runs, more))
            }
        };
        Ok(UndoneTask { result, open: false, ..told })
    }
}

fn chosen<'a>(state: &'a RunState, wanted: &'a [TaskId]) -> impl Iterator<Item = &'a TaskState> {
    state.tasks().filter(|task| wanted.contains(&task.task.id))
}
