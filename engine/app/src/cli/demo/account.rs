//! What came of the demo: who was acted on, who was left alone and why, and what to try next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use quell_action::{Effect, Subject};
use quell_run::{Entry, LaneId, Line, RunFilter, RunSummary, Runs, Task, TaskId};
use serde::Serialize;

use crate::pipeline::Tally;
use crate::show::{BAD, FAINT, GOOD, HEAD, NAME, NOTE, Show, Table, counted, styled};
use crate::wire::App;

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Account {
    records: Tally,
    runs: usize,
    /// By name, what was done, and where.
    acted_on: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// By name, why.
    left_alone: BTreeMap<String, BTreeSet<String>>,
    failed: BTreeSet<String>,
    /// The runs that changed something for each name.
    #[serde(skip)]
    runs_of: BTreeMap<String, BTreeSet<String>>,
}

/// What the lines of one run, so far, say of its names.
#[derive(Default)]
struct Names {
    lanes: BTreeMap<LaneId, String>,
    tasks: Vec<Task>,
}

impl Account {
    /// Reads it from the store: the record is what counts.
    pub(super) async fn of(app: &App, tally: &Tally) -> anyhow::Result<Self> {
        let mut account = Self { records: *tally, ..Self::default() };
        let runs = app.store.runs();
        for run in runs.list(&RunFilter::default()).await? {
            account.add(&run, &runs.lines(&run.id).await?);
        }
        Ok(account)
    }

    fn add(&mut self, run: &RunSummary, lines: &[Line]) {
        self.runs += 1;
        let mut names = Names::default();
        for line in lines {
            match &line.entry {
                Entry::Resolved { lane, subject } => names.resolved(*lane, subject),
                Entry::Expanded { tasks, .. } => names.tasks.extend(tasks.iter().cloned()),
                Entry::Succeeded { task, fulfilled }
                    if matches!(fulfilled.effect, Effect::Changed { .. }) =>
                {
                    if let Some((who, task)) = names.of(task) {
                        let short = run.id.0.chars().take(8).collect();
                        self.runs_of.entry(who.clone()).or_default().insert(short);
                        let done = self.acted_on.entry(who).or_default();
                        done.entry(task.action.to_string()).or_default().insert(task.provider.to_string());
                    }
                }
                Entry::TaskExcluded { task, excluded } => {
                    if let Some((who, _)) = names.of(task) {
                        self.left_alone.entry(who).or_default().insert(excluded.reason.to_string());
                    }
                }
                Entry::Failed { task, failure } => {
                    if let Some((who, task)) = names.of(task) {
                        self.failed.insert(format!("{} of {who}: {}", task.action, failure.error));
                    }
                }
                _ => {}
            }
        }
    }

    /// Says it, and where to go from here.
    pub(super) fn show(&self, show: Show, took: Duration, site: &Path) {
        let mut table = Table::new(&["ACTED ON", "WHAT WAS DONE", "AT"]);
        for (who, done) in &self.acted_on {
            for (nth, (action, at)) in done.iter().enumerate() {
                let who = if nth == 0 { styled(NAME, who) } else { String::new() };
                let at = at.iter().cloned().collect::<Vec<_>>().join(", ");
                table.row([who, styled(GOOD, action), styled(FAINT, at)]);
            }
        }
        show.line(format_args!("{table}\n"));
        let mut table = Table::new(&["LEFT ALONE", "WHY"]);
        for (who, why) in &self.left_alone {
            let why = why.iter().cloned().collect::<Vec<_>>().join("; ");
            table.row([styled(NAME, who), styled(NOTE, why)]);
        }
        show.line(format_args!("{table}\n"));
        for failed in &self.failed {
            show.line(format_args!("{} {failed}", styled(BAD, "failed")));
        }
        let Tally { alerts, repeated, passed, refused, .. } = self.records;
        show.line(format_args!(
            "{} decided, {}, in {:.1} s. Repeated: {repeated}; of other tables, passed over: {passed};\n\
             not readable, kept in state/dead-letters.jsonl: {refused}.",
            counted(alerts, "alert"),
            counted(self.runs as u64, "run"),
            took.as_secs_f64(),
        ));
        self.next(show, site);
    }

    /// A run to look at first: one that alone changed something for somebody, so that all of it can be taken back.
    fn a_run(&self) -> Option<&String> {
        let alone = self.runs_of.values().filter(|runs| runs.len() == 1).flatten();
        alone.clone().find(|run| self.runs_of.values().all(|runs| runs.len() == 1 || !runs.contains(*run)))
    }

    fn next(&self, show: Show, site: &Path) {
        let Some(run) = self.a_run() else { return };
        let folder = site.parent().unwrap_or(Path::new(".")).display();
        show.line(format_args!("\n{}", styled(HEAD, "Where to go next")));
        show.line(format_args!(
            "  export QUELL_CONFIG={} PATH=\"{}:$PATH\"",
            site.display(),
            program_folder().display()
        ));
        for (command, what) in [
            ("quell runs list".to_owned(), "every run, newest first"),
            (format!("quell runs show {run}"), "one run, line by line"),
            (format!("quell undo {run}"), "take back what it changed"),
            (
                format!("quell explain {folder}/alerts/09-break-glass-by-sid.json"),
                "why a playbook starts, or not",
            ),
            (
                "quell exclusions test break-glass-1@contoso.example".to_owned(),
                "whether somebody would be left alone, and why",
            ),
            (
                "quell init my-site".to_owned(),
                "a site of your own; README.md leads on to Kafka and real directories",
            ),
        ] {
            show.line(format_args!("  {command:<62} {}", styled(FAINT, what)));
        }
    }
}

impl Names {
    /// The name under which a person is known best, of all the accounts.
    fn resolved(&mut self, lane: LaneId, subject: &Subject) {
        let name = match subject {
            Subject::Identity(identity) => {
                let mut names = identity.accounts.iter().map(|account| &account.display);
                names.clone().find(|name| name.contains('@')).or_else(|| names.next())
            }
            Subject::Device(device) => Some(&device.display),
            Subject::Nobody => None,
        };
        if let Some(name) = name {
            self.lanes.insert(lane, name.clone());
        }
    }

    fn of(&self, id: &TaskId) -> Option<(String, &Task)> {
        let task = self.tasks.iter().find(|task| task.id == *id)?;
        Some((self.lanes.get(&task.id.lane).unwrap_or(&task.display).clone(), task))
    }
}

/// Where this program is, so that a shell finds it.
fn program_folder() -> std::path::PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.parent().map(Path::to_owned).unwrap_or_default()
}
