//! One mishap at every call that an action, its undo and its look make: whatever it is, and wherever it happens, what is
//! said of it is true.

use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionError, Connection, Effect, Failure, InEffect, Observation, Repeat, Request, RequestKey, Restore,
};

use super::{Bench, Capture, Case, Mishap, Report, Vendor, clear};

/// How long what answers may take: on a busy machine an answer may take its time. Only what never comes is waited for no
/// longer than the bench says.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Whoever has not come back by then never does.
const PATIENCE: Duration = Duration::from_secs(20);

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
                        if leaks { Some("shows a secret".into()) } else { untrue(mishap, deed, &ran, &whole) }
                    }
                };
                report.broken.extend(why.map(|why| format!("{scenario}: {why}")));
                report.played.push(scenario);
                report.mishaps.insert(format!("{} at {}", case.action, case.provider));
            }
        }
    }
}

/// What came of one deed.
struct Ran {
    /// Whether it says that something was changed, or what it has seen.
    result: Result<Told, ActionError>,
    /// Whether a look afterwards finds the action in effect, where it can be looked at.
    looked: Option<InEffect>,
    /// Whether the other side knows a repetition by its key.
    keyed: bool,
    changes: usize,
    calls: usize,
}

/// What a deed says of itself.
#[derive(Debug, PartialEq)]
enum Told {
    /// Something was changed.
    Changed,
    /// There was nothing to change.
    Unchanged,
    /// This is there.
    Seen(Observation),
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
    let time_limit = match mishap {
        Some((_, Mishap::Silence | Mishap::Trickle)) => bench.time_limit(),
        _ => bench.time_limit().max(ANSWERS_WITHIN),
    };
    let execute =
        |cleared| action.execute(Request::new(cleared, key.clone(), time_limit, case.params.clone()));
    let mut restore = None;
    if deed == Deed::Restore {
        let Effect::Changed { before, after } = execute(cleared()?).await.ok()?.effect else { return None };
        restore = Some(Restore { params: case.params.clone(), before, after });
    }
    let done_before = bench.changes(case).await;
    bench.expect(mishap);
    let result = match (deed, restore) {
        (Deed::Observe, _) => {
            let seen = action.observe(&case.target, &case.params);
            tokio::time::timeout(PATIENCE, seen).await.ok()?.map(Told::Seen)
        }
        (_, Some(restore)) => {
            let undo = RequestKey(format!("{}/undo", key.0));
            let request = Request::new(cleared()?, undo, time_limit, restore);
            let outcome = tokio::time::timeout(PATIENCE, action.restore(request)).await.ok()?;
            outcome.map(|outcome| told(outcome.effect != Effect::Unchanged))
        }
        _ => {
            let outcome = tokio::time::timeout(PATIENCE, execute(cleared()?)).await.ok()?;
            outcome.map(|outcome| told(outcome.effect != Effect::Unchanged))
        }
    };
    let calls = bench.calls();
    bench.expect(None);
    let looked = match (deed, spec.readable) {
        (Deed::Observe, _) | (_, false) => None,
        _ => action.observe(&case.target, &case.params).await.ok().map(|seen| seen.in_effect),
    };
    let changes = bench.changes(case).await - done_before;
    Some(Ran { result, looked, keyed: spec.repeat == Repeat::Keyed, changes, calls })
}

fn told(changed: bool) -> Told {
    if changed { Told::Changed } else { Told::Unchanged }
}

/// What is untrue in what an action says, beside what it says and does without a mishap.
fn untrue(mishap: Mishap, deed: Deed, ran: &Ran, whole: &Ran) -> Option<String> {
    let (changed, expected) = (ran.changes, whole.changes);
    match &ran.result {
        Ok(Told::Seen(_)) => {
            (ran.result != whole.result).then(|| format!("it sees {:?}, not {:?}", ran.result, whole.result))
        }
        // Whoever believes what is said over there is put right by the look that follows every call.
        Ok(Told::Changed) if mishap == Mishap::IsIgnored && changed < expected => {
            let wrong = match (deed, &ran.looked) {
                (Deed::Restore, Some(seen)) => *seen == InEffect::No,
                (_, Some(seen)) => *seen == InEffect::Yes,
                // What nobody can look at is only known by what is said of it.
                (_, None) => false,
            };
            wrong.then(|| format!("nothing was done, and a look finds {:?}", ran.looked))
        }
        Ok(told) => {
            let fits = changed == expected && (*told == Told::Changed || changed == 0);
            (!fits).then(|| format!("{changed} changes took effect, and it says {told:?}"))
        }
        Err(error) if mishap.is_harmless() => Some(format!("failed: {error}")),
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
