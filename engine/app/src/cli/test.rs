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
use quell_playbook::model::Playbook;
use quell_run::Line;
use quell_run::rehearsal::{self, Coverage, Played, Rehearsal};
use serde::Serialize;
use serde_json::json;

use super::check::verdict;
use super::{Context, yes_if};
use crate::config::Mistakes;
use crate::playbooks::{self, load_from};
use crate::show::{BAD, FAINT, GOOD, HEAD, NAME, Show, Table, Telling, counted, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The tests of dcsync.yaml are in dcsync.test.yaml beside it. Nothing outside this program is reached, and time
does not pass in earnest. Exit code 1 when a test fails.

Examples:
  quell test                            the tests below ./playbooks
  quell test playbooks/identity --junit report.xml
  quell test playbooks/identity/dcsync.yaml
  quell test --coverage                 and which steps and ways no test has reached"
)]
pub(crate) struct Args {
    /// A folder of playbooks with their tests, or one playbook.
    #[arg(default_value = "playbooks")]
    path: PathBuf,
    /// Write a report for a build server to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Say which steps and ways of the playbooks no test has reached.
    #[arg(long)]
    coverage: bool,
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
    let (folder, only) = chosen(&args.path);
    let loaded = load_from(folder, &catalogue, None)?;
    let is_asked = |file: &str| only.as_deref().is_none_or(|only| only == stem(Path::new(file)));
    if loaded.diagnostics.iter().any(|diagnostic| diagnostic.is_error() && is_asked(&diagnostic.place.file)) {
        return verdict(context.show, &Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
    }
    let by_name: BTreeMap<&str, &Arc<Playbook>> =
        loaded.playbooks.iter().map(|playbook| (playbook.name.0.as_str(), playbook)).collect();
    let mut tested = Vec::new();
    let (tests, wrong) = tests_below(folder, only.as_deref(), &catalogue)?;
    if !wrong.diagnostics.is_empty() {
        return verdict(context.show, &wrong);
    }
    for (file, rehearsals) in tests {
        let stem = stem(Path::new(&file));
        let Some(playbook) = by_name.get(stem.as_str()) else {
            bail!("{file} has no playbook beside it: there is no {stem}.yaml");
        };
        for rehearsal in &rehearsals {
            let one = one(rehearsal, Path::new(&file), playbook, &loaded.playbooks, &catalogue);
            tell_one(context.show, &one);
            tested.push(one);
        }
    }
    if tested.is_empty() {
        let of = only.as_deref().unwrap_or("dcsync");
        bail!("there is no test at {}: tests of {of}.yaml stand in {of}.test.yaml", args.path.display());
    }
    if let Some(path) = &args.junit {
        fs::write(path, junit::report(&tested))
            .with_context(|| format!("{} could not be written", path.display()))?;
    }
    let asked: Vec<Arc<Playbook>> =
        loaded.playbooks.iter().filter(|playbook| is_asked(&playbook.name.0)).cloned().collect();
    let reached = args.coverage.then(|| reached(&asked, &tested));
    match (context.show.json, &reached) {
        (true, None) => context.show.json(&tested)?,
        (true, Some(reached)) => context.show.json(&json!({ "tests": tested, "coverage": reached }))?,
        (false, _) => {
            sum_up(context.show, &tested);
            reached.iter().for_each(|reached| tell_reached(context.show, reached));
        }
    }
    Ok(yes_if(tested.iter().all(|one| one.passed)))
}

/// The folder that is loaded, since playbooks may call others beside them; and the one playbook whose tests are played.
fn chosen(path: &Path) -> (&Path, Option<String>) {
    if !path.is_file() {
        return (path, None);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder, Some(stem(path)))
}

/// The name of a playbook, from its file or that of its tests.
fn stem(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".test").unwrap_or(&name).to_owned()
}

/// The name of a file, and the tests in it.
type OfFile = (String, Vec<Rehearsal>);

/// All tests, file by file, and what is wrong with those that cannot be read: none is played before all can be.
fn tests_below(
    folder: &Path,
    only: Option<&str>,
    catalogue: &Catalogue,
) -> anyhow::Result<(Vec<OfFile>, Mistakes)> {
    let mut wrong = Mistakes::default();
    let mut tests = Vec::new();
    for file in playbooks::yaml_below(folder)? {
        let is_asked = only.is_none_or(|only| only == stem(Path::new(&file.name)));
        if !is_asked || !playbooks::is_test(&file.name) {
            continue;
        }
        match rehearsal::read(&file.name, &file.bytes, catalogue) {
            Ok(rehearsals) => tests.push((file.name, rehearsals)),
            Err(unreadable) => {
                wrong.sources.insert(file.name, unreadable.source.to_string());
                wrong.diagnostics.extend(unreadable.diagnostics);
            }
        }
    }
    Ok((tests, wrong))
}

fn one(
    rehearsal: &Rehearsal,
    file: &Path,
    playbook: &Arc<Playbook>,
    beside: &[Arc<Playbook>],
    catalogue: &Catalogue,
) -> Tested {
    let began = std::time::Instant::now();
    let folder = file.parent().unwrap_or(Path::new(""));
    let bytes = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|error| format!("the alert {} could not be read: {error}", path.display()))
    };
    let played = rehearsal
        .alert(bytes)
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

/// What the tests have reached of each playbook.
fn reached(playbooks: &[Arc<Playbook>], tested: &[Tested]) -> Vec<Coverage> {
    let mut journals: BTreeMap<String, Vec<&[Line]>> = BTreeMap::new();
    for one in tested {
        let journal = one.played.as_ref().map_or(&[][..], |played| &played.journal);
        journals.entry(one.playbook.clone()).or_default().push(journal);
    }
    rehearsal::coverage(playbooks.iter().map(Arc::as_ref), &journals)
}

fn tell_reached(show: Show, reached: &[Coverage]) {
    let mut table = Table::new(&["PLAYBOOK", "TESTS", "STEPS", "WAYS"]);
    for one in reached {
        table.row([
            styled(NAME, &one.playbook),
            one.tests.to_string(),
            format!("{} of {}", one.taken, one.steps),
            format!("{} of {}", one.gone, one.ways),
        ]);
    }
    show.line(table);
    for one in reached.iter().filter(|one| !one.is_whole()) {
        show.line(styled(NAME, &one.playbook));
        one.missing.iter().for_each(|missing| show.line(format_args!("  {missing}")));
    }
}

/// Told as it was played: many tests take their time.
fn tell_one(show: Show, one: &Tested) {
    if show.json {
        return;
    }
    let word = if one.passed { styled(GOOD, "passed") } else { styled(BAD, "failed") };
    show.line(format_args!("{word}  {}  {}", styled(NAME, &one.playbook), one.name));
    if !one.passed {
        show.line(why(one).trim_end());
    }
}

fn sum_up(show: Show, tested: &[Tested]) {
    let failed = tested.iter().filter(|one| !one.passed).count();
    let took: Duration = tested.iter().map(|one| one.took).sum();
    let all = counted(u64::try_from(tested.len()).unwrap_or(u64::MAX), "test");
    let style = if failed == 0 { GOOD } else { BAD };
    show.aside(styled(style, format_args!("{all}, {failed} failed, {} ms", took.as_millis())));
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
