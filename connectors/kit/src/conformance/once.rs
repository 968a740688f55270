//! Every case once, with a vendor that behaves: for tests that look at what is said over there.

use quell_action::{Effect, Request, RequestKey, Restore};

use super::{Bench, Vendor, clear};

/// Carries out every case, looks at it, and takes it back where that can be done. What failed of it.
pub async fn play_once(bench: &dyn Bench) -> Vec<String> {
    let mut failed = Vec::new();
    for case in bench.cases() {
        bench.arrange(&case, false).await;
        let connection = bench.connect(Vendor::Answers).await;
        let action = connection.actions.into_iter().find(|action| {
            let spec = action.info().spec;
            spec.name == case.action && spec.provider == case.provider
        });
        let Some(action) = action else {
            failed.push(format!("{} at {}: there is no such action", case.action, case.provider));
            continue;
        };
        let spec = action.info().spec;
        let mut note = |what: &str, why: String| failed.push(format!("{} ({what}): {why}", case.action));
        let (Ok(first), Ok(second)) = (clear(&case.target, &spec), clear(&case.target, &spec)) else {
            note("execute", "its target is not cleared".into());
            continue;
        };
        let key = RequestKey(format!("{} once", case.action));
        let request = Request::new(first, key.clone(), bench.time_limit(), case.params.clone());
        let effect = match action.execute(request).await {
            Ok(outcome) => outcome.effect,
            Err(error) => {
                note("execute", error.to_string());
                continue;
            }
        };
        if spec.readable
            && let Err(error) = action.observe(&case.target, &case.params).await
        {
            note("observe", error.to_string());
        }
        if let (Some(_), Effect::Changed { before, after }) = (spec.undo, effect) {
            let restore = Restore { params: case.params.clone(), before, after };
            let undo = RequestKey(format!("{}/undo", key.0));
            let request = Request::new(second, undo, bench.time_limit(), restore);
            if let Err(error) = action.restore(request).await {
                note("restore", error.to_string());
            }
        }
    }
    failed
}
