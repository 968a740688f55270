//! `quell test`.

mod junit;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use quell_action::Catalogue;
use quell_alert::{Alert, Decoded, decode};
use quell_playbook::model::Playbook;
use quell_run::rehearsal::{self, AlertGiven, Played, Rehearsal};
use serde::Serialize;

use super::{Context, yes_if};
use crate::config::Mistakes;
use crate::playbooks::{self, load_from};
use crate::show::{BAD, FAINT, GOOD, HEAD, NAME, Show, Telling, counted, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The tests of dcsync.yaml are in dcsync.test.yaml beside it. Nothing outside this program is reached, and time
does not pass in earnest. Exit code 1 when a test fails.

Examples:
  quell test                            the tests below ./playbooks
  quell test playbooks/identity --junit report.xml"
)]
pub(crate) struct Args {
    /// A folder of playbooks with their tests.
    #[arg(default_value = "playbooks")]
    folder: PathBuf,
    /// Write a report for a build server to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// One test, and what it came to.
#[derive(Debug, Serialize)]
struct Tested {
    file: String,
    playbook: String,
    name: String,
    passed: bool,
    /// Why it could not be played at all.
    error: Option<String>,
    #[serde(flatten)]
    played: Option<Played>,
    #[serde(skip)]
    took: Duration,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let catalogue = quell_connectors::catalogue();
    let loaded = load_from(&args.folder, &catalogue, None)?;
    if !loaded.is_usable() {
        bail!(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
    }
    let by_name: BTreeMap<&str, &Arc<Playbook>> =
        loaded.playbooks.iter().map(|playbook| (playbook.name.0.as_str(), playbook)).collect();
    let mut tested = Vec::new();
    for file in playbooks::yaml_below(&args.folder)?.iter().filter(|file| playbooks::is_test(&file.name)) {
        let rehearsals = rehearsal::read(&file.name, &file.bytes, &catalogue).map_err(|wrong| Mistakes {
            diagnostics: wrong.diagnostics,
            sources: [(file.name.clone(), wrong.source.to_string())].into(),
        })?;
        let path = Path::new(&file.name);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.split(".test.").next().unwrap_or_default();
        let Some(playbook) = by_name.get(stem) else {
            bail!("{} has no playbook beside it: there is no {stem}.yaml", file.name);
        };
        for rehearsal in &rehearsals {
            tested.push(one(rehearsal, path, playbook, &loaded.playbooks, &catalogue));
        }
    }
    if tested.is_empty() {
        bail!(
            "there is no test below {}: tests of dcsync.yaml stand in dcsync.test.yaml",
            args.folder.display()
        );
    }
    if let Some(path) = &args.junit {
        fs::write(path, junit::report(&tested))
            .with_context(|| format!("{} could not be written", path.display()))?;
    }
    tell(context.show, &tested)?;
    Ok(yes_if(tested.iter().all(|one| one.passed)))
}

fn one(
    rehearsal: &Rehearsal,
    file: &Path,
    playbook: &Arc<Playbook>,
    beside: &[Arc<Playbook>],
    catalogue: &Catalogue,
) -> Tested {
    let began = std::time::Instant::now();
    let played = alert_of(rehearsal, file)
        .map_err(|error| format!("{error:#}"))
        .and_then(|alert| rehearsal.play(alert.map(Arc::new), playbook, beside, catalogue));
    let (played, error) = match played {
        Ok(played) => (Some(played), None),
        Err(error) => (None, Some(error)),
    };
    Tested {
        file: file.display().to_string(),
        playbook: playbook.name.0.clone(),
        name: rehearsal.name.clone(),
        passed: played.as_ref().is_some_and(|played| played.differences.is_empty()),
        error,
        played,
        took: began.elapsed(),
    }
}

/// The one alert of a test, where it has one.
fn alert_of(rehearsal: &Rehearsal, file: &Path) -> anyhow::Result<Option<Alert>> {
    let Some(given) = &rehearsal.alert else { return Ok(None) };
    let bytes = match given {
        AlertGiven::Inline(alert) => serde_json::to_vec(alert)?,
        AlertGiven::File(name) => {
            let path = file.parent().unwrap_or(Path::new("")).join(name);
            fs::read(&path).with_context(|| format!("the alert {} could not be read", path.display()))?
        }
    };
    let mut alerts = Vec::new();
    for record in decode(&bytes) {
        match record {
            Decoded::Alert(alert) => alerts.push(*alert),
            Decoded::Refused(refusal) => bail!("the alert could not be understood: {}", refusal.reason),
            Decoded::Passed { .. } => {}
        }
    }
    match alerts.len() {
        1 => Ok(alerts.pop()),
        several => bail!("a test is about one alert, and there are {several} in it"),
    }
}

fn tell(show: Show, tested: &[Tested]) -> anyhow::Result<()> {
    if show.json {
        return show.json(&tested);
    }
    for one in tested {
        let word = if one.passed { styled(GOOD, "passed") } else { styled(BAD, "failed") };
        show.line(format_args!("{word}  {}  {}", styled(NAME, &one.playbook), one.name));
        if !one.passed {
            show.line(why(one).trim_end());
        }
    }
    let failed = tested.iter().filter(|one| !one.passed).count();
    let took: Duration = tested.iter().map(|one| one.took).sum();
    let all = counted(u64::try_from(tested.len()).unwrap_or(u64::MAX), "test");
    let style = if failed == 0 { GOOD } else { BAD };
    show.aside(styled(style, format_args!("{all}, {failed} failed, {} ms", took.as_millis())));
    Ok(())
}

/// What was expected, what came of it, and what led to it.
fn why(one: &Tested) -> String {
    let mut text = one.error.iter().map(|error| format!("  {error}\n")).collect::<String>();
    let Some(played) = &one.played else { return text };
    for difference in &played.differences {
        text.push_str(&format!("  {}\n", styled(HEAD, difference.what)));
        for (word, lines) in [("expected", &difference.expected), ("got", &difference.got)] {
            let lines = if lines.is_empty() { vec!["none".to_owned()] } else { lines.clone() };
            for (number, line) in lines.iter().enumerate() {
                text.push_str(&format!("    {:8}  {line}\n", if number == 0 { word } else { "" }));
            }
        }
    }
    if let Some(trace) = &played.not_started {
        text.push_str(&trace.lines().map(|line| format!("  {line}\n")).collect::<String>());
    }
    for journal in std::iter::once(&played.journal).chain(played.called.values()) {
        let mut telling = Telling::default();
        for line in journal {
            text.push_str(&format!("  {} {}\n", styled(FAINT, "|"), telling.line(line)));
        }
    }
    text
}
