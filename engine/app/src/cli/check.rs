//! `quell check`.

mod against;
mod schedules;
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use quell_action::Catalogue;
use quell_playbook::model::Playbook;
use quell_playbook::{Against, Loaded, render};
use quell_run::Clock as _;
use serde_json::json;

use super::{Context, block_on, yes_if};
use crate::clock::SystemClock;
use crate::config::{self, Mistakes};
use crate::playbooks::{is_playbook, load_from};
use crate::show::{BAD, GOOD, NAME, Show, Table, counted, styled};
use crate::{connectors, exclusions, kafka, lists};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 1 when there is a mistake; warnings alone leave it at 0.

Examples:
  quell check                         the site file, the exclusion file, all playbooks
  quell check playbooks/dcsync.yaml   only this playbook, without a site file
  quell check -c quell.yaml dcsync.yaml
                                      only this playbook, and whether it can run on that site
  quell check --against alerts/       and warn of conditions and paths that meet none of these alerts
  quell check --require-tests         and ask for a test of every disruptive action
  quell check --sarif report.sarif    and write a report for code scanning
  quell check --json                  for programs, with file, line, column and code")]
pub(crate) struct Args {
    /// Only these playbooks or folders of playbooks: against the site file that `--config` names, and without it
    /// against every action that Quell knows.
    playbooks: Vec<PathBuf>,
    /// Hold the playbooks against the alerts of this folder or file.
    #[arg(long, value_name = "FOLDER")]
    against: Option<PathBuf>,
    /// Write what was found to this file, as SARIF.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Every disruptive action must be expected by a test beside its playbook.
    #[arg(long)]
    require_tests: bool,
}

/// What was read and checked.
#[derive(Default)]
struct Found {
    mistakes: Mistakes,
    /// The folders and files of playbooks, with what was loaded from each.
    loaded: Vec<(PathBuf, Vec<Arc<Playbook>>)>,
    catalogue: Catalogue,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let mut found = if args.playbooks.is_empty() { whole_site(context)? } else { named(args, context)? };
    let files = found.files();
    let file_of = |playbook: &Playbook| files.get(&playbook.name.0).cloned().unwrap_or_default();
    if args.require_tests {
        for (path, playbooks) in &found.loaded {
            let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new(".")) };
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            found.mistakes.add(tests::missing(folder, playbooks, &found.catalogue, file_of)?);
        }
    }
    let against = match &args.against {
        Some(folder) => {
            let playbooks: Vec<_> =
                found.loaded.iter().flat_map(|(_, playbooks)| playbooks).cloned().collect();
            let against =
                block_on(against::hold(&playbooks, folder, args.playbooks.is_empty().then_some(context)))??;
            found.mistakes.diagnostics.extend(against.warnings(file_of));
            Some(against)
        }
        None => None,
    };
    if let Some(path) = &args.sarif {
        let report = serde_json::to_vec_pretty(&render::sarif(&found.mistakes.diagnostics))?;
        fs::write(path, report).with_context(|| format!("{} could not be written", path.display()))?;
    }
    let playbooks = found.loaded.iter().flat_map(|(_, playbooks)| playbooks);
    let due = schedules::due(playbooks, SystemClock.now());
    report(context.show, &found.mistakes, against.as_ref(), &due)
}

/// What is wrong; how many of the sample alerts each playbook would start for; and when the clock starts any.
fn report(
    show: Show,
    found: &Mistakes,
    against: Option<&Against>,
    due: &[schedules::Due],
) -> anyhow::Result<ExitCode> {
    if show.json {
        let mut all = render::json(&found.diagnostics);
        if let Some(against) = against {
            all["against"] = json!({ "alerts": against.alerts(), "playbooks": against.held() });
        }
        if !due.is_empty() {
            all["schedules"] = json!(due);
        }
        show.json(&all)?;
        return summed_up(show, found);
    }
    show.mistakes(found)?;
    if let Some(against) = against {
        tell_against(show, against);
    }
    schedules::tell(show, due);
    summed_up(show, found)
}

/// Shows what is wrong, and whether anything is.
pub(super) fn verdict(show: Show, found: &Mistakes) -> anyhow::Result<ExitCode> {
    show.mistakes(found)?;
    summed_up(show, found)
}

fn summed_up(show: Show, found: &Mistakes) -> anyhow::Result<ExitCode> {
    let errors = found.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if !show.json {
        let style = if errors == 0 { GOOD } else { BAD };
        show.aside(styled(style, render::summary(&found.diagnostics)));
    }
    Ok(yes_if(errors == 0))
}

fn tell_against(show: Show, against: &Against) {
    let alerts = against.alerts();
    let mut table = Table::new(&["PLAYBOOK", "STARTS FOR", "CONDITIONS MET", "PATHS HIT"]);
    for held in against.held() {
        let met = held.conditions.iter().filter(|condition| condition.held > 0).count();
        let hit = held.paths.iter().filter(|path| path.hit > 0).count();
        table.row([
            styled(NAME, &held.playbook),
            format!("{} of {alerts}", held.starts),
            format!("{met} of {}", held.conditions.len()),
            format!("{hit} of {}", held.paths.len()),
        ]);
    }
    show.line(table);
    show.aside(format_args!("held against {}", counted(u64::try_from(alerts).unwrap_or(u64::MAX), "alert")));
}

fn named(args: &Args, context: &Context) -> anyhow::Result<Found> {
    let mut found = Found { catalogue: quell_connectors::catalogue(), ..Found::default() };
    let mut site = None;
    if let Some(file) = &context.config {
        let mistakes = &mut found.mistakes;
        site = mistakes.gather(config::read(Some(file)))?;
        let Some(read) = &site else { return Ok(found) };
        let Some(offered) = mistakes.gather(connectors::offered(read))? else { return Ok(found) };
        found.catalogue = offered;
    }
    for path in &args.playbooks {
        let loaded = load_from(path, &found.catalogue, site.as_ref())?;
        let is_passed_over = path.is_file() && !is_playbook(&path.display().to_string());
        if is_passed_over || loaded.playbooks.is_empty() && loaded.diagnostics.is_empty() {
            bail!(
                "there is no playbook at {}: their names end in .yaml or .yml, those of their tests in .test.yaml",
                path.display()
            );
        }
        found.add(path.clone(), loaded);
    }
    Ok(found)
}

/// Everything that a site says, without touching any system.
fn whole_site(context: &Context) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let mistakes = &mut found.mistakes;
    let Some(site) = mistakes.gather(config::read(context.config.as_deref()))? else { return Ok(found) };
    mistakes.add(site.doubts());
    mistakes.gather(kafka::settings_unfollowed(&site))?;
    let Some(offered) = mistakes.gather(connectors::offered(&site))? else { return Ok(found) };
    mistakes.gather(exclusions::read(&site, &offered))?;
    mistakes.gather(lists::check(&site))?;
    match load_from(&site.config.playbooks, &offered, Some(&site)) {
        Ok(loaded) => found.add(site.config.playbooks.clone(), loaded),
        Err(error) => {
            found.mistakes.add(site.mistakes([("playbooks".to_owned(), format!("{error:#}"))]));
        }
    }
    found.catalogue = offered;
    Ok(found)
}

impl Found {
    fn add(&mut self, path: PathBuf, loaded: Loaded) {
        self.mistakes.add(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
        self.loaded.push((path, loaded.playbooks));
    }

    /// In which file each playbook stands, by its name.
    fn files(&self) -> BTreeMap<String, String> {
        let stem = |file: &String| {
            let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (name, file.clone())
        };
        self.mistakes.sources.keys().map(stem).collect()
    }
}
