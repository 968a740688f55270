//! Undo timers in words.

use quell_run::{Entry, TaskId};

use super::journal::Telling;

impl Telling {
    /// What people said of timers.
    pub(super) fn tell_timer(&self, entry: &Entry) -> String {
        match entry {
            Entry::Confirmed { tasks, by } => {
                format!("{} confirmed by {by}: it stays", self.all(tasks))
            }
            Entry::Extended { tasks, until, by } => {
                let until = until.format("%Y-%m-%d %H:%M:%S");
                format!("the undo timer of {} put off by {by} until {until}", self.all(tasks))
            }
            other => format!("{other:?}"),
        }
    }

    fn all(&self, tasks: &[TaskId]) -> String {
        let names: Vec<String> = tasks.iter().map(|task| self.task(task)).collect();
        names.join(", ")
    }
}
