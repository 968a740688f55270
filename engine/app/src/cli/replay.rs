//! `quell replay`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use quell_ingest::{
    AlertSource, DeadLetter, DeadLetters, FileSettings, FileSource, FlowLimits, IngestError, Input,
    KafkaAccess, KafkaReplay, ReplayFrom, ReplayRange, ReplayUntil,
};
use quell_run::{Entry, LaneId, Line, Origin, RunFilter, RunSummary, Runs, TaskId};
use serde::Deserialize as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::confirm::confirm;
use super::{Context, block_on};
use crate::config::{self, Site};
use crate::decider::Decider;
use crate::kafka;
use crate::pipeline::{Pipeline, Tally};
use crate::random;
use crate::show::{HEAD, NAME, NOTE, Reading, Show, Telling, counted, styled};
use crate::wire::{App, Reach};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --live nothing is touched and nothing is remembered: it prints what would be done, to whom, and who
would be left alone and why. With --live it acts, after asking for confirmation, and makes new runs marked as replay.

Examples:
  quell replay exported/
  quell replay incident.json --json
  quell replay --topic security-alerts --from 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z
  quell replay --topic security-alerts --from-offset 1200 --until-offset 1300 --partition 0"
)]
pub(crate) struct Args {
    /// Files and folders; `-` is standard input.
    #[arg(required_unless_present = "topic", conflicts_with = "topic")]
    files: Vec<PathBuf>,
    /// A topic on the brokers of the site file, read without joining its group.
    #[arg(long)]
    topic: Option<String>,
    /// From the first message written at this time.
    #[arg(long, value_name = "TIME", requires = "topic")]
    from: Option<chrono::DateTime<chrono::Utc>>,
    /// Up to, and without, the first message written at this time.
    #[arg(long, value_name = "TIME", requires = "topic")]
    until: Option<chrono::DateTime<chrono::Utc>>,
    /// From this offset.
    #[arg(long, value_name = "OFFSET", requires = "topic", conflicts_with = "from")]
    from_offset: Option<i64>,
    /// Up to, and without, this offset.
    #[arg(long, value_name = "OFFSET", requires = "topic", conflicts_with = "until")]
    until_offset: Option<i64>,
    /// Only this partition; may be repeated.
    #[arg(long, requires = "topic")]
    partition: Vec<i32>,
    /// Act. Asks for confirmation.
    #[arg(long)]
    live: bool,
    /// The confirmation, where there is nobody to ask.
    #[arg(long, requires = "live")]
    yes: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let site = config::read(context.config.as_deref())?;
    if args.live {
        confirm(context.show, args.yes, "--live acts on real accounts and devices", "live")?;
    }
    block_on(answer(args, site, context.show))?
}

async fn answer(args: Args, site: Site, show: Show) -> anyhow::Result<ExitCode> {
    let bar = Reading::new();
    let source = source(&args, &site, &bar).await?;
    let reach = if args.live { Reach::Acting } else { Reach::Observing };
    let app = App::open(site, reach).await.context(
        "the replay could not begin (with --live it needs the store for itself: stop the running engine first)",
    )?;
    let id = random::short_id();
    let decider = Decider::new(&app, Origin::Replay { id: id.clone() });
    let decider = if args.live { decider } else { decider.observing() };
    let pipeline = Pipeline { source, letters: Arc::new(Counted(show)), decider };
    let tally = pipeline.run(&CancellationToken::new()).await?;
    app.engine.idle().await;
    bar.finish();
    report(show, &app, &tally, &id, args.live).await?;
    app.engine.shut_down(Duration::from_secs(10)).await;
    app.store.close();
    Ok(super::yes_if(tally.refused == 0))
}

async fn source(args: &Args, site: &Site, bar: &Arc<Reading>) -> anyhow::Result<Arc<dyn AlertSource>> {
    let Some(topic) = &args.topic else {
        let settings = FileSettings::new(args.files.iter().cloned().map(Input::from_argument));
        let source = FileSource::start(&settings, Some(bar.clone()))?;
        bar.total(source.total_bytes());
        return Ok(Arc::new(source));
    };
    let Some(kafka) = kafka::settings(site)? else {
        bail!("--topic needs brokers: the site file has no `source.kafka`");
    };
    let range = ReplayRange {
        topic: topic.clone(),
        partitions: (!args.partition.is_empty()).then(|| args.partition.clone()),
        from: match (args.from, args.from_offset) {
            (Some(time), _) => ReplayFrom::Time(time),
            (_, Some(offset)) => ReplayFrom::Offset(offset),
            _ => ReplayFrom::Oldest,
        },
        until: match (args.until, args.until_offset) {
            (Some(time), _) => ReplayUntil::Time(time),
            (_, Some(offset)) => ReplayUntil::Offset(offset),
            _ => ReplayUntil::Newest,
        },
    };
    Ok(Arc::new(KafkaReplay::start(&KafkaAccess::new(kafka.connection), range, FlowLimits::default()).await?))
}

async fn report(show: Show, app: &App, tally: &Tally, id: &str, live: bool) -> anyhow::Result<()> {
    let runs = app.store.runs();
    let mut mine: Vec<RunSummary> =
        runs.list(&RunFilter { live: Some(false), ..RunFilter::default() }).await?;
    mine.retain(|run| run.origin == Origin::Replay { id: id.to_owned() });
    // The same alerts give the same report, in whatever order the runs went on side by side.
    mine.sort_by(|a, b| {
        (&a.alert, &a.playbook.name.0, &a.id.0).cmp(&(&b.alert, &b.playbook.name.0, &b.id.0))
    });
    if show.json {
        let mut all = Vec::new();
        for run in &mine {
            let entries = entries(runs.lines(&run.id).await?, live);
            all.push(json!({
                "alert": run.alert, "title": run.alert_title, "playbook": run.playbook,
                "subjects": run.subjects, "finish": run.finish, "counts": run.counts, "journal": entries,
            }));
        }
        return show.json(&json!({ "live": live, "records": tally, "runs": all }));
    }
    for run in &mine {
        show.line(format_args!("{}  {}", styled(HEAD, &run.alert_title), styled(NAME, &run.playbook.name)));
        let mut telling = Telling::default();
        for entry in entries(runs.lines(&run.id).await?, live) {
            let words = telling.tell(&entry);
            if Telling::matters(&entry) {
                show.line(format_args!("  {words}"));
            }
        }
    }
    let word = if live { "" } else { "; nothing was touched (--live would)" };
    let attached = match tally.attached {
        0 => String::new(),
        number => format!(" ({number} more attached to an earlier one)"),
    };
    show.aside(format_args!(
        "{}, {}{attached}{word}; {} repeated, {} passed over, {} refused",
        counted(tally.alerts, "alert"),
        counted(tally.runs, "run"),
        tally.repeated,
        tally.passed,
        tally.refused
    ));
    Ok(())
}

/// What happened to a run. What would be done side by side comes in the order of its names, so that the same alerts
/// give the same report; what was done, in the order in which it was done.
fn entries(lines: Vec<Line>, live: bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = lines.into_iter().map(|line| line.entry).collect();
    if !live {
        entries.sort_by_cached_key(lane);
        for side_by_side in entries.chunk_by_mut(|a, b| task(a).is_some() && task(b).is_some()) {
            side_by_side.sort_by_cached_key(task);
        }
    }
    entries
}

/// The task that an entry is about.
fn task(entry: &Entry) -> Option<TaskId> {
    let entry = serde_json::to_value(entry).ok()?;
    TaskId::deserialize(entry.get("task")?).ok()
}

/// The lane that an entry is about; the beginning of the run before all, its end after all.
fn lane(entry: &Entry) -> (u8, Option<LaneId>) {
    let about = || {
        let entry = serde_json::to_value(entry).ok()?;
        LaneId::deserialize(entry.get("lane")?).ok()
    };
    match entry {
        Entry::Created { .. } => (0, None),
        Entry::Finished { .. } => (2, None),
        _ => (1, task(entry).map(|task| task.lane).or_else(about)),
    }
}

/// A replay leaves dead letters where they are, and says so.
#[derive(Debug)]
struct Counted(Show);

#[async_trait::async_trait]
impl DeadLetters for Counted {
    async fn write(&self, letters: &[DeadLetter]) -> Result<(), IngestError> {
        for letter in letters {
            let place = letter.place.as_deref().unwrap_or_default();
            self.0.aside(format_args!(
                "{} {}, {place}: {}",
                styled(NOTE, "refused"),
                letter.origin,
                letter.reason
            ));
        }
        Ok(())
    }

    fn place(&self) -> String {
        "nowhere: a replay writes no dead letters".into()
    }
}
