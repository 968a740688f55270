//! How long understanding and deciding take, beside a limit that is measured in the same run: the least work that
//! could give the same values. What counts is the ratio; absolute figures drift with the machine.

mod generate;

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{bail, ensure};
use quell_action::Catalogue;
use quell_alert::{Alert, Decoded, Timestamp, decode};
use quell_playbook::model::AlertState;
use quell_playbook::{Loaded, Matcher, Moment, Surroundings, load};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use generate::Generator;

/// How often each measurement is made; the best counts, since nothing makes a program faster than it is.
const REPEATED: usize = 5;

/// Of how many alerts the matches are held against the slow way of finding them.
const COMPARED: usize = 50;

/// What is measured.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    pub(crate) alerts: usize,
    /// With how many playbooks; once for each.
    pub(crate) playbooks: Vec<usize>,
}

/// What was measured, in microseconds of this thread's CPU for each alert.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figures {
    /// How many playbooks there are.
    pub(crate) playbooks: usize,
    /// The limit: reading the same bytes into borrowed values with nothing understood.
    pub(crate) limit_us: f64,
    /// Understanding an alert.
    pub(crate) decode_us: f64,
    /// Finding the playbooks that it starts.
    pub(crate) match_us: f64,
    /// How many it starts.
    pub(crate) matches: f64,
    /// What finding them costs on top of understanding: at most 0.2 is promised.
    pub(crate) on_top: f64,
    /// The limit over understanding and deciding together: 1 would be as fast as can be.
    pub(crate) of_limit: f64,
}

/// Measures, telling of each step before it is taken.
pub(crate) fn measure(
    order: &Order,
    catalogue: &Catalogue,
    tell: impl Fn(String),
) -> anyhow::Result<Vec<Figures>> {
    let mut generator = Generator::new(order.seed);
    let messages = generator.alerts(order.alerts);
    tell(format!("{} alerts of {} bytes on average", messages.len(), mean_size(&messages)));
    let limit_us = best(messages.len(), || {
        for message in &messages {
            black_box(plain(message));
        }
    });
    let decode_us = best(messages.len(), || {
        for message in &messages {
            black_box(decode(message));
        }
    });
    let alerts = understood(&messages)?;
    let mut all = Vec::new();
    for count in &order.playbooks {
        tell(format!("{count} playbooks"));
        let matcher = matcher(&mut generator, *count, catalogue)?;
        compare(&matcher, &alerts)?;
        all.push(figures(&matcher, &alerts, limit_us, decode_us));
    }
    Ok(all)
}

fn figures(matcher: &Matcher, alerts: &[Alert], limit_us: f64, decode_us: f64) -> Figures {
    let now = Moment::from(Timestamp::default());
    let mut matches = 0;
    let match_us = best(alerts.len(), || {
        matches = alerts
            .iter()
            .map(|alert| black_box(matcher.matching(alert, AlertState::New, now.clone())).len())
            .sum();
    });
    Figures {
        playbooks: matcher.playbooks().len(),
        limit_us,
        decode_us,
        match_us,
        matches: matches as f64 / alerts.len() as f64,
        on_top: match_us / decode_us,
        of_limit: limit_us / (decode_us + match_us),
    }
}

fn matcher(generator: &mut Generator, count: usize, catalogue: &Catalogue) -> anyhow::Result<Matcher> {
    let Loaded { playbooks, diagnostics, .. } =
        load(&generator.playbooks(count), catalogue, &Surroundings::default());
    if let Some(wrong) = diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
        bail!("a generated playbook does not load: {wrong:?}");
    }
    Ok(Matcher::new(playbooks))
}

fn understood(messages: &[Vec<u8>]) -> anyhow::Result<Vec<Alert>> {
    let mut alerts = Vec::new();
    for decoded in messages.iter().flat_map(|message| decode(message)) {
        match decoded {
            Decoded::Alert(alert) => alerts.push(*alert),
            other => bail!("a generated alert is not understood: {other:?}"),
        }
    }
    Ok(alerts)
}

/// A measurement of a wrong answer is worth nothing: the index must find what evaluating every condition finds.
fn compare(matcher: &Matcher, alerts: &[Alert]) -> anyhow::Result<()> {
    let now = Moment::from(Timestamp::default());
    for alert in alerts.iter().take(COMPARED) {
        let fast: Vec<_> = matcher
            .matching(alert, AlertState::New, now.clone())
            .iter()
            .map(|one| one.name.clone())
            .collect();
        let slow = matcher.explain(alert, AlertState::New, now.clone());
        let slow: Vec<_> =
            slow.iter().filter(|one| one.matched).map(|one| one.playbook.name.clone()).collect();
        ensure!(
            fast == slow,
            "alert {}: the index finds {fast:?}, and the conditions say {slow:?}",
            alert.id
        );
    }
    Ok(())
}

/// The best of several times, in microseconds of this thread's CPU for each of `count`.
fn best(count: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..REPEATED).map(|_| {
        let before = cpu();
        work();
        cpu().saturating_sub(before)
    });
    times.min().unwrap_or_default().as_secs_f64() * 1e6 / count.max(1) as f64
}

/// How long this thread has had a CPU.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn mean_size(messages: &[Vec<u8>]) -> usize {
    messages.iter().map(Vec::len).sum::<usize>() / messages.len().max(1)
}

/// The least that reading an alert can mean: its columns and its entities, borrowed wherever JSON allows it, and nothing
/// of them understood.
fn plain(message: &[u8]) -> usize {
    let row: Option<Row<'_>> = serde_json::from_slice(message).ok();
    let entities = row.and_then(|row| row.entities);
    let entities = entities.as_deref().and_then(|text| serde_json::from_str::<Vec<Listed<'_>>>(text).ok());
    entities.map(|entities| black_box(entities).len()).unwrap_or_default()
}

/// The columns that decide.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Row<'a> {
    #[serde(borrow)]
    system_alert_id: Cow<'a, str>,
    #[serde(borrow)]
    alert_name: Cow<'a, str>,
    #[serde(borrow)]
    alert_severity: Cow<'a, str>,
    #[serde(borrow)]
    provider_name: Cow<'a, str>,
    #[serde(borrow)]
    alert_type: Cow<'a, str>,
    #[serde(borrow)]
    tactics: Cow<'a, str>,
    entities: Option<String>,
    extended_properties: Option<String>,
}

/// The keys of an entity that name it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Listed<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "UPNSuffix")]
    upn_suffix: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    aad_user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    host_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
}
