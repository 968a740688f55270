//! One mishap at every call that an action, its undo and its look make: whatever it is, and wherever it happens, what is
//! said of it is true.

use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionError, Connection, Effect, Failure, Repeat, Request, RequestKey, Restore};

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

    /// What can happen. A credential that never ends has no token that could.
    fn mishaps(&self) -> Vec<Mishap> {
        Mishap::ALL.to_vec()
    }
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

/// What is done to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// It is carried out.
    Execute,
    /// It was carried out, and is undone.
    Restore,
    /// It is looked at.
    Observe,
}

impl Deed {
    /// What never answers takes all the time that a deed has: each is played once. A look has the connector's own
    /// patience, which no test has.
    fn may_meet(self, mishap: Mishap) -> bool {
        match mishap {
            Mishap::Silence => self == Self::Execute,
            Mishap::Trickle => self == Self::Restore,
            _ => true,
        }
    }
}

async fn play(bench: &dyn PositionBench, case: &Case, report: &mut Report) {
    for deed in [Deed::Execute, Deed::Restore, Deed::Observe] {
        let Some(whole) = run(bench, case, deed, None).await else { continue };
        if let Err(error) = &whole.result {
            report.broken.push(format!("{} ({deed:?}): fails without a mishap: {error}", case.action));
            continue;
        }
        for at in 1..=whole.calls {
            for mishap in bench.mishaps().into_iter().filter(|mishap| deed.may_meet(*mishap)) {
                let scenario = format!(
                    "{} at {} ({deed:?}): {mishap:?} at call {at} of {}",
                    case.action, case.provider, whole.calls
                );
                let why = match run(bench, case, deed, Some((at, mishap))).await {
                    None => Some("did not come back in time".to_owned()),
                    Some(ran) => {
                        let shown = format!("{:?}", ran.result);
                        let leaks = bench.secrets().iter().any(|secret| shown.contains(secret));
                        if leaks {
                            Some("shows a secret".into())
                        } else {
                            untrue(mishap, deed, &ran, whole.changes)
                        }
                    }
                };
                report.broken.extend(why.map(|why| format!("{scenario}: {why}")));
                report.played.push(scenario);
            }
        }
    }
}

/// What came of one deed.
struct Ran {
    /// Whether it says that something was changed.
    result: Result<bool, ActionError>,
    /// Whether the other side knows a repetition by its key.
    keyed: bool,
    changes: usize,
    calls: usize,
}

/// Does it, with this mishap. Nothing where the action knows no such deed, or it does not come back in time.
async fn run(
    bench: &dyn PositionBench,
    case: &Case,
    deed: Deed,
    mishap: Option<(usize, Mishap)>,
) -> Option<Ran> {
    bench.arrange(case, false).await;
    let connection: Connection = bench.connect(Vendor::Answers).await;
    let action = connection.actions.into_iter().find(|action| {
        let spec = action.info().spec;
        spec.name == case.action && spec.provider == case.provider
    })?;
    let spec = action.info().spec;
    if (deed == Deed::Restore && spec.undo.is_none()) || (deed == Deed::Observe && !spec.readable) {
        return None;
    }
    let key = RequestKey(format!("{} {deed:?} {mishap:?}", case.action));
    let cleared = || clear(&case.target, &spec).ok();
    let execute =
        |cleared| action.execute(Request::new(cleared, key.clone(), bench.time_limit(), case.params.clone()));
    let mut restore = None;
    if deed == Deed::Restore {
        let Effect::Changed { before, after } = execute(cleared()?).await.ok()?.effect else { return None };
        restore = Some(Restore { params: case.params.clone(), before, after });
    }
    let done_before = bench.changes(case).await;
    bench.expect(mishap);
    let patience = Duration::from_secs(10);
    let result = match (deed, restore) {
        (Deed::Observe, _) => {
            let seen = action.observe(&case.target, &case.params);
            tokio::time::timeout(patience, seen).await.ok()?.map(|_| false)
        }
        (_, Some(restore)) => {
            let undo = RequestKey(format!("{}/undo", key.0));
            let request = Request::new(cleared()?, undo, bench.time_limit(), restore);
            let outcome = tokio::time::timeout(patience, action.restore(request)).await.ok()?;
            outcome.map(|outcome| outcome.effect != Effect::Unchanged)
        }
        _ => {
            let outcome = tokio::time::timeout(patience, execute(cleared()?)).await.ok()?;
            outcome.map(|outcome| outcome.effect != Effect::Unchanged)
        }
    };
    let calls = bench.calls();
    bench.expect(None);
    let changes = bench.changes(case).await - done_before;
    Some(Ran { result, keyed: spec.repeat == Repeat::Keyed, changes, calls })
}

/// What is untrue in what an action says, where so many changes would have taken effect without a mishap.
fn untrue(mishap: Mishap, deed: Deed, ran: &Ran, expected: usize) -> Option<String> {
    let changed = ran.changes;
    match &ran.result {
        Ok(says_changed) => {
            let fits = changed == expected && (*says_changed || changed == 0);
            (!fits).then(|| format!("{changed} changes took effect, and says_changed is {says_changed}"))
        }
        Err(error) if mishap == Mishap::TokenEnds => Some(format!("failed: {error}")),
        Err(error) => {
            // A look changes nothing, and never says that something may have happened.
            let open = error.failure == Failure::Uncertain && deed != Deed::Observe;
            let keyed = ran.keyed && error.failure.is_transient();
            let fits = if changed > 0 { open || keyed } else { open || error.failure.is_transient() };
            (!fits || changed > expected)
                .then(|| format!("{changed} changes took effect, and the error says {:?}", error.failure))
        }
    }
}
