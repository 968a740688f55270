//! `quell explain`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use quell_alert::{Alert, Decoded};
use quell_ingest::{AlertSource, FileSettings, FileSource, Input};
use quell_playbook::model::AlertState;
use quell_playbook::{Explanation, Matcher, Moment, nearest};
use quell_run::Clock;

use super::{Context, block_on, yes_if};
use crate::clock::SystemClock;
use crate::config::{self, Mistakes};
use crate::connectors;
use crate::playbooks;
use crate::reach;
use crate::records::understand;
use crate::show::{FAINT, GOOD, HEAD, NAME, NOTE, Show, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 0 when a playbook starts, 1 when none does.

Examples:
  quell explain alert.json
  quell explain alert.json --playbook disable-on-dcsync
  quell explain alert.json --playbook ./new-idea.yaml")]
pub(crate) struct Args {
    /// A file with alerts; `-` is standard input.
    alert: PathBuf,
    /// Only this playbook: its name, or a file.
    #[arg(long)]
    playbook: Option<String>,
    /// Take the alerts for newer versions of ones seen before.
    #[arg(long)]
    updated: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let matcher = matcher(args.playbook.as_deref(), context)?;
    let alerts = read(args.alert, context.show).await?;
    // A file of its own is looked at without the site.
    let is_of_site = !args.playbook.as_deref().is_some_and(|name| name.ends_with(".yaml"));
    let moment = if is_of_site { reach::moment(context).await? } else { Moment::from(SystemClock.now()) };
    let mut any = false;
    let mut all = Vec::new();
    for alert in &alerts {
        let state = AlertState::of(alert.status, args.updated);
        let explanations: Vec<Explanation> = matcher
            .explain(alert, state, moment.clone())
            .into_iter()
            .filter(|one| args.playbook.as_deref().is_none_or(|wanted| is_wanted(one, wanted)))
            .collect();
        any |= explanations.iter().any(|one| one.matched);
        if context.show.json {
            all.push(
                serde_json::json!({ "alert": alert.id, "title": alert.title, "playbooks": explanations }),
            );
        } else {
            tell(context.show, alert, &explanations);
        }
    }
    if context.show.json {
        context.show.json(&all)?;
    }
    Ok(yes_if(any))
}

fn is_wanted(explanation: &Explanation, wanted: &str) -> bool {
    explanation.playbook.name.0 == wanted || wanted.ends_with(".yaml")
}

/// The site's playbooks, or the file that was named.
fn matcher(wanted: Option<&str>, context: &Context) -> anyhow::Result<Matcher> {
    let file = wanted.filter(|name| name.ends_with(".yaml"));
    let loaded = match file {
        Some(file) => playbooks::load_from(file.as_ref(), &quell_connectors::catalogue(), None)?,
        None => {
            let site = config::read(context.config.as_deref())?;
            playbooks::load_from(&site.config.playbooks, &connectors::offered(&site)?, Some(&site))?
        }
    };
    if !loaded.is_usable() {
        bail!(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
    }
    if let Some(name) = wanted.filter(|_| file.is_none())
        && !loaded.playbooks.iter().any(|playbook| playbook.name.0 == name)
    {
        let near = nearest::one(name, loaded.playbooks.iter().map(|playbook| playbook.name.0.as_str()));
        let hint = near.map(|near| format!("; the nearest is {near}")).unwrap_or_default();
        bail!("there is no playbook {name}{hint}");
    }
    Ok(Matcher::new(loaded.playbooks))
}

/// All alerts of a file.
async fn read(file: PathBuf, show: Show) -> anyhow::Result<Vec<Alert>> {
    let source = FileSource::start(&FileSettings::new([Input::from_argument(file)]), None)?;
    let mut alerts = Vec::new();
    while let Some(deliveries) = source.fetch(256).await? {
        for delivery in &deliveries {
            for decoded in understand(delivery) {
                match decoded {
                    Decoded::Alert(alert) => alerts.push(*alert),
                    Decoded::Passed { what, .. } => show.aside(format_args!("passed over: {what}")),
                    Decoded::Refused(refusal) => show.aside(format_args!("refused: {}", refusal.reason)),
                }
            }
        }
        source.accept(&deliveries.iter().map(|delivery| delivery.receipt).collect::<Vec<_>>());
    }
    if alerts.is_empty() {
        bail!("there is no alert in it");
    }
    Ok(alerts)
}

fn tell(show: Show, alert: &Alert, explanations: &[Explanation]) {
    show.line(format_args!("{}  {}", styled(HEAD, &alert.title), styled(FAINT, &alert.id)));
    for one in explanations {
        let word = if one.matched { styled(GOOD, "starts") } else { styled(NOTE, "does not start") };
        show.line(format_args!("  {} {word}", styled(NAME, &one.playbook.name)));
        for reason in &one.reasons {
            show.line(format_args!("    {reason}"));
        }
        for line in one.why.to_string().lines() {
            show.line(format_args!("    {line}"));
        }
    }
}
