//! `quell decode`.

use std::path::PathBuf;
use std::process::ExitCode;

use quell_alert::{Alert, Decoded};
use quell_ingest::{AlertSource, Delivery, FileSettings, FileSource, Input};
use serde_json::{Value, json};

use super::{Context, block_on, yes_if};
use crate::records::understand;
use crate::show::{BAD, FAINT, HEAD, NAME, NOTE, Reading, Show, counted, styled, word};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 1 when a record was refused.

Examples:
  quell decode alert.json
  quell decode exported/            every file below a folder, gzip too
  kcat -C -t alerts -e | quell decode - --json")]
pub(crate) struct Args {
    /// Files and folders; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Also show the whole normalised document, as JSONPath sees it.
    #[arg(long)]
    document: bool,
}

#[derive(Default)]
struct Counts {
    alerts: u64,
    passed: u64,
    refused: u64,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context.show))?
}

async fn answer(args: Args, show: Show) -> anyhow::Result<ExitCode> {
    let bar = Reading::beside_the_answer();
    let settings = FileSettings::new(args.files.into_iter().map(Input::from_argument));
    let source = FileSource::start(&settings, Some(bar.clone()))?;
    bar.total(source.total_bytes());
    let mut counts = Counts::default();
    while let Some(deliveries) = source.fetch(256).await? {
        for delivery in &deliveries {
            for decoded in understand(delivery) {
                one(show, delivery, &decoded, args.document, &mut counts)?;
            }
        }
        source.accept(&deliveries.iter().map(|delivery| delivery.receipt).collect::<Vec<_>>());
    }
    bar.finish();
    for path in source.skipped() {
        show.aside(format_args!(
            "{} {}: it does not look like alerts",
            styled(NOTE, "not read:"),
            path.display()
        ));
    }
    if !show.json {
        let Counts { alerts, passed, refused } = counts;
        show.aside(format_args!(
            "{}, {} passed over, {refused} refused",
            counted(alerts, "alert"),
            counted(passed, "other record")
        ));
    }
    Ok(yes_if(counts.refused == 0))
}

fn one(
    show: Show,
    delivery: &Delivery,
    decoded: &Decoded,
    document: bool,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let origin = delivery.origin.to_string();
    match decoded {
        Decoded::Alert(alert) => {
            counts.alerts += 1;
            if show.json {
                show.line(as_json(&origin, alert, document))
            } else {
                tell(show, &origin, alert, document)?
            }
        }
        Decoded::Passed { what, place } => {
            counts.passed += 1;
            match show.json {
                true => show.line(json!({ "origin": origin, "place": place, "passed": what })),
                false => show.line(format_args!(
                    "{} {what} {}",
                    styled(FAINT, "passed over"),
                    styled(FAINT, origin)
                )),
            }
        }
        Decoded::Refused(refusal) => {
            counts.refused += 1;
            let place = &refusal.place;
            match show.json {
                true => show.line(json!({ "origin": origin, "place": place, "refused": refusal.reason })),
                false => show.line(format_args!(
                    "{} {origin}, {place}: {}",
                    styled(BAD, "refused"),
                    refusal.reason
                )),
            }
        }
    }
    Ok(())
}

fn as_json(origin: &str, alert: &Alert, document: bool) -> Value {
    let mut value = json!({ "origin": origin, "alert": alert });
    if !document && let Some(alert) = value["alert"].as_object_mut() {
        alert.remove("document");
    }
    value
}

fn tell(show: Show, origin: &str, alert: &Alert, document: bool) -> anyhow::Result<()> {
    show.line(format_args!("{}  {}", styled(HEAD, &alert.title), styled(FAINT, origin)));
    let severity = alert.severity.as_ref().map_or_else(|| "unknown".into(), word);
    let rows = [
        ("id", alert.id.to_string()),
        ("product", alert.product.to_string()),
        ("severity", format!("{severity}, {}", word(&alert.status))),
        ("type", alert.alert_type.clone().unwrap_or_default()),
        (
            "detection",
            [&alert.external_id, &alert.detector_id]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ("techniques", alert.techniques.join(" ")),
        ("tactics", alert.tactics.join(" ")),
        ("time", alert.times.start.map(|start| start.to_rfc3339()).unwrap_or_default()),
        ("format", word(&alert.format)),
    ];
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        show.line(format_args!("  {name:<11} {value}"));
    }
    entities(show, alert);
    for oddity in &alert.oddities {
        show.line(format_args!("  {} {}: {}", styled(NOTE, "tolerated"), oddity.place, oddity.what));
    }
    if document {
        show.line(serde_json::to_string_pretty(&alert.document)?);
    }
    Ok(())
}

fn entities(show: Show, alert: &Alert) {
    let entities = &alert.entities;
    for account in &entities.accounts {
        let names = account.identifiers.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ");
        let kind = word(&account.kind);
        show.line(format_args!(
            "  {:<11} {} ({kind})  {}",
            "account",
            styled(NAME, account.display()),
            styled(FAINT, names)
        ));
    }
    for device in &entities.devices {
        let names = device.identifiers.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ");
        show.line(format_args!(
            "  {:<11} {}  {}",
            "device",
            styled(NAME, device.display()),
            styled(FAINT, names)
        ));
    }
    let lists = [
        ("ip", entities.ips.iter().map(|ip| ip.address.clone()).collect::<Vec<_>>()),
        ("mailbox", entities.mailboxes.iter().map(|mailbox| mailbox.address.clone()).collect()),
        ("file", entities.files.iter().filter_map(|file| file.name.clone()).collect()),
        ("hash", entities.hashes.iter().map(|hash| format!("{}:{}", hash.algorithm, hash.value)).collect()),
        ("url", entities.urls.iter().map(|url| url.url.clone()).collect()),
        ("domain", entities.domains.clone()),
        ("other", entities.others.iter().map(|other| other.kind.clone()).collect()),
    ];
    for (name, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        show.line(format_args!("  {name:<11} {}", values.join("  ")));
    }
}
