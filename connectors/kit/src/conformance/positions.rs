//! One mishap at every call that an action makes: whatever it is, and wherever it happens, what the action says of
//! itself is true.

use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionError, Connection, Effect, Outcome, Repeat, Request, RequestKey};
use serde_json::Value;

use super::{Bench, Capture, Case, Report, Vendor, clear};
use crate::scripted::Reply;

/// What happens at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It is carried out, and no answer comes.
    Silence,
    /// It is carried out, and the answer breaks off.
    Cut,
    /// It is carried out, and the answer never ends.
    Trickle,
    /// It is carried out, and the answer is not HTTP.
    Garbage,
    /// It is carried out, and the answer is a page for people.
    Page,
    /// It is carried out, and the answer is larger than any that makes sense.
    Oversized,
    /// It is not carried out: something broke over there.
    Fails,
    /// It is not carried out: it should come again in a second.
    IsBusy,
    /// It is not carried out: the token has ended.
    TokenEnds,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Silence,
        Self::Cut,
        Self::Trickle,
        Self::Garbage,
        Self::Page,
        Self::Oversized,
        Self::Fails,
        Self::IsBusy,
        Self::TokenEnds,
    ];

    /// What is sent instead of the answer, where it is lost.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Silence => Reply::Silence,
            Self::Cut => Reply::Cut,
            Self::Trickle => Reply::Trickle,
            Self::Garbage => Reply::Raw(b"\x00\x01 no HTTP".to_vec()),
            Self::Page => Reply::Answer { status: 200, headers: Vec::new(), body: b"<html>".to_vec() },
            _ => Reply::Answer { status: 200, headers: Vec::new(), body: vec![b' '; 5 * 1024 * 1024] },
        }
    }
}

/// A bench whose vendor can be given one mishap at one call.
#[async_trait]
pub trait PositionBench: Bench {
    /// Counts calls anew, and lets this happen at one of them, or nothing.
    fn expect(&self, mishap: Option<(usize, Mishap)>);

    /// How many calls came since, apart from those for signing in.
    fn calls(&self) -> usize;
}

/// Plays every mishap at every call of every case.
pub async fn check_positions(bench: &dyn PositionBench) -> Report {
    let capture = Capture::default();
    let mut report = Report::default();
    capture
        .during(async {
            for case in bench.cases() {
                play(bench, &case, &mut report).await;
            }
        })
        .await;
    for secret in bench.secrets() {
        if capture.text().contains(&secret) {
            report.broken.push("a secret stands in the logs".into());
        }
    }
    report
}

async fn play(bench: &dyn PositionBench, case: &Case, report: &mut Report) {
    let Some((Ok(_), changes, calls)) = run(bench, case, None).await else {
        return report.broken.push(format!("{}: does not work without a mishap", case.action));
    };
    for at in 1..=calls {
        for mishap in Mishap::ALL {
            let scenario =
                format!("{} at {}: {mishap:?} at call {at} of {calls}", case.action, case.provider);
            let why = match run(bench, case, Some((at, mishap))).await {
                None => Some("did not come back in time".to_owned()),
                Some((result, changed, _)) => {
                    let shown = format!("{result:?}");
                    let leaks = bench.secrets().iter().any(|secret| shown.contains(secret));
                    if leaks {
                        Some("shows a secret".into())
                    } else {
                        untrue(mishap, &result, changed, changes)
                    }
                }
            };
            report.broken.extend(why.map(|why| format!("{scenario}: {why}")));
            report.played.push(scenario);
        }
    }
}

type Ran = (Result<(Outcome<Value>, Repeat), (ActionError, Repeat)>, usize, usize);

async fn run(bench: &dyn PositionBench, case: &Case, mishap: Option<(usize, Mishap)>) -> Option<Ran> {
    bench.arrange(case, false).await;
    let connection: Connection = bench.connect(Vendor::Answers).await;
    let action = connection.actions.into_iter().find(|action| {
        let spec = action.info().spec;
        spec.name == case.action && spec.provider == case.provider
    })?;
    let spec = action.info().spec;
    bench.expect(mishap);
    let cleared = clear(&case.target, &spec).ok()?;
    let key = RequestKey(format!("{} {mishap:?}", case.action));
    let request = Request::new(cleared, key, bench.time_limit(), case.params.clone());
    let result = tokio::time::timeout(Duration::from_secs(10), action.execute(request)).await.ok()?;
    let calls = bench.calls();
    bench.expect(None);
    let result = result.map(|outcome| (outcome, spec.repeat)).map_err(|error| (error, spec.repeat));
    Some((result, bench.changes(case).await, calls))
}

/// What is untrue in what an action says, where so many changes took effect and so many would have without a mishap.
fn untrue(
    mishap: Mishap,
    result: &Result<(Outcome<Value>, Repeat), (ActionError, Repeat)>,
    changed: usize,
    expected: usize,
) -> Option<String> {
    match result {
        Ok((outcome, _)) => {
            let says_changed = outcome.effect != Effect::Unchanged;
            let fits = changed == expected && (says_changed || changed == 0);
            (!fits).then(|| format!("{changed} changes took effect, and it says {:?}", outcome.effect))
        }
        Err((error, _)) if mishap == Mishap::TokenEnds => Some(format!("failed: {error}")),
        Err((error, repeat)) => {
            let open = error.failure == quell_action::Failure::Uncertain;
            let keyed = *repeat == Repeat::Keyed && error.failure.is_transient();
            let fits = if changed > 0 { open || keyed } else { open || error.failure.is_transient() };
            (!fits || changed > expected)
                .then(|| format!("{changed} changes took effect, and the error says {:?}", error.failure))
        }
    }
}
