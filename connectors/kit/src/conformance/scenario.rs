//! The scenarios, one function each, in the order of a call's life.

mod stage;

use std::time::Duration;

use quell_action::{ActionError, Effect, Failure, Impact, InEffect, Outcome, Repeat, Restore, State};
use serde_json::{Value, json};

use super::{Bench, Case, Report, Vendor};
use stage::Stage;

/// The vendors that do what they are told, and whose answer is lost.
const LOSE_THE_ANSWER: [Vendor; 4] =
    [Vendor::HangsAfter, Vendor::Cuts, Vendor::Trickles, Vendor::TalksNonsense];

pub(super) async fn play(bench: &dyn Bench, case: &Case, report: &mut Report) {
    let mut stage = Stage::new(bench, case, report);
    stage.reconnect(Vendor::Answers).await;
    works(&mut stage).await;
    repeats_as_declared(&mut stage).await;
    leaves_alone_what_is_done(&mut stage).await;
    refuses_what_does_not_fit(&mut stage).await;
    tells_refusals_apart(&mut stage).await;
    for vendor in LOSE_THE_ANSWER {
        survives_a_lost_answer(&mut stage, vendor).await;
    }
    looks_without_touching(&mut stage).await;
    restores(&mut stage).await;
    repeats_an_undo_whose_answer_was_lost(&mut stage).await;
    leaves_alone_what_others_changed(&mut stage).await;
}

/// It does what it says, says truthfully whether it did, and reads back what it wrote.
async fn works(stage: &mut Stage<'_>) {
    if !stage.open("works", Vendor::Answers, false).await {
        return;
    }
    let before = stage.observe().await;
    if let Some(Ok(before)) = &before {
        stage.expect(before.in_effect == InEffect::No, "observe says that it is done before it was done");
    }
    let Some(outcome) = stage.executes("the call").await else { return };
    stage.worked();
    stage.is_truthful(&outcome, 1).await;
    let changes = stage.changes().await;
    stage.expect(changes == 1 || stage.only_informs(), "nothing changed over there");
    let (Some(Ok(before)), Some(Ok(after))) = (before, stage.observe().await) else { return };
    match &outcome.effect {
        Effect::Unchanged => stage.broken("it says unchanged where there was something to do"),
        Effect::Changed { before: was, after: is } => {
            stage.expect(*was == before.state, "its `before` is not what observe saw before");
            stage.expect(*is == after.state, "its `after` is not what observe sees after");
            stage.expect(
                matches!(after.in_effect, InEffect::Yes | InEffect::Pending),
                "observe does not see its effect",
            );
        }
        Effect::Ineffective { .. } => stage.expect(
            matches!(after.in_effect, InEffect::Ineffective(_)),
            "it says ineffective, and observe sees another thing",
        ),
    }
}

/// A second call for the same task does what the spec declares.
async fn repeats_as_declared(stage: &mut Stage<'_>) {
    if stage.spec().repeat == Repeat::Never || !stage.open("is repeated", Vendor::Answers, false).await {
        return;
    }
    stage.executes("the first call").await;
    let after_one = stage.changes().await;
    let Some(second) = stage.executes("the second call").await else { return };
    let after_two = stage.changes().await;
    match (stage.spec().repeat, stage.spec().readable) {
        (Repeat::Keyed, _) => {
            stage.expect(after_two == after_one, "it is declared keyed, and the second call had an effect");
        }
        (Repeat::Safe, true) => {
            stage.expect(after_two == after_one, "the second call changed something again");
            stage.expect(second.effect == Effect::Unchanged, "the second call does not say unchanged");
        }
        _ => {}
    }
}

/// Where nothing is left to do, it writes nothing and says so.
async fn leaves_alone_what_is_done(stage: &mut Stage<'_>) {
    if !stage.spec().readable || !stage.open("is already done", Vendor::Answers, true).await {
        return;
    }
    if let Some(Ok(seen)) = stage.observe().await {
        stage.expect(seen.in_effect != InEffect::No, "observe does not see that it is done");
    }
    let Some(outcome) = stage.executes("the call").await else { return };
    stage.expect(
        matches!(outcome.effect, Effect::Unchanged | Effect::Ineffective { .. }),
        "it says changed, and nothing was to be changed",
    );
    stage.nothing_happened().await;
}

/// Parameters and targets that are not its own are rejected before any call.
async fn refuses_what_does_not_fit(stage: &mut Stage<'_>) {
    if !stage.open("does not fit", Vendor::Answers, false).await {
        return;
    }
    let foreign = stage.execute_with(json!({ "no_such_parameter": 1 })).await;
    stage.failed(foreign, "unknown parameters", |failure| failure == Failure::Rejected);
    if let Some(result) = stage.execute_on_another_kind().await {
        stage.failed(Some(result), "a target of another kind", |failure| failure == Failure::Rejected);
    }
    stage.nothing_happened().await;
}

/// Each refusal gets its own kind, and nothing has happened.
async fn tells_refusals_apart(stage: &mut Stage<'_>) {
    let hint = Some(Duration::from_secs(7));
    let unavailable = |failure| matches!(failure, Failure::Unavailable { .. });
    type Fits<'a> = &'a dyn Fn(Failure) -> bool;
    let table: [(&str, Vendor, Fits<'_>); 7] = [
        ("the target is unknown", Vendor::KnowsNobody, &|failure| failure == Failure::NotFound),
        ("the right is missing", Vendor::Forbids, &|failure| failure == Failure::Forbidden),
        ("the credential is refused", Vendor::RefusesCredentials, &|f| f == Failure::Credentials),
        ("throttled with a hint", Vendor::Throttles(hint), &|failure| {
            failure == Failure::Throttled { retry_after: hint }
        }),
        ("throttled without a hint", Vendor::Throttles(None), &|failure| {
            failure == Failure::Throttled { retry_after: None }
        }),
        ("the vendor is down", Vendor::IsDown, &unavailable),
        ("connecting hangs", Vendor::HangsBefore, &unavailable),
    ];
    for (name, vendor, fits) in table {
        let no_target =
            stage.spec().target == quell_action::TargetKind::None && vendor == Vendor::KnowsNobody;
        if no_target || !stage.open(name, vendor, false).await {
            continue;
        }
        if let Some(Err(error)) = stage.observe().await {
            stage.expect(fits(error.failure), &format!("observe fails with {:?}", error.failure));
        }
        let result = stage.execute().await;
        stage.failed(result, "the call", fits);
        stage.nothing_happened().await;
    }
}

/// The vendor did it and the answer was lost: it says so, the state can be read back, and repeating does as declared.
async fn survives_a_lost_answer(stage: &mut Stage<'_>, vendor: Vendor) {
    if !stage.open(&format!("loses the answer ({vendor:?})"), vendor, false).await {
        return;
    }
    let keyed = stage.spec().repeat == Repeat::Keyed;
    let Some(result) = stage.execute().await else { return };
    let changes = stage.changes().await;
    if stage.spec().impact != Impact::Informing {
        stage.expect(changes == 1, "the bench's vendor did not do what it was told");
    }
    match &result {
        Ok(outcome) => stage.is_truthful(outcome, 1).await,
        Err(error) => stage.expect(
            changes == 0 || error.failure == Failure::Uncertain || (keyed && error.failure.is_transient()),
            &format!("it may have happened, and the error says {:?}", error.failure),
        ),
    }
    stage.reconnect(Vendor::Answers).await;
    if let Some(Ok(seen)) = stage.observe().await {
        stage.expect(seen.in_effect != InEffect::No, "observe does not see what happened");
    }
    let repeatable = keyed || (stage.spec().repeat == Repeat::Safe && stage.spec().readable);
    if repeatable && stage.executes("the repeated call").await.is_some() {
        let changes = stage.changes().await;
        stage.expect(changes <= 1, "it took effect twice");
    }
}

/// Looking changes nothing; and an action without a state to read says so.
async fn looks_without_touching(stage: &mut Stage<'_>) {
    if !stage.open("is looked at", Vendor::Answers, false).await {
        return;
    }
    if stage.spec().readable {
        let (first, second) = (stage.observe().await, stage.observe().await);
        stage.expect(matches!(first, Some(Ok(_))) && first == second, "two looks do not agree");
    } else if let Some(result) = stage.observe_anyway().await {
        stage.expect(
            matches!(&result, Err(error) if error.failure == Failure::Rejected),
            "it declares nothing readable, and observe does not refuse",
        );
    }
    stage.nothing_happened().await;
    for vendor in LOSE_THE_ANSWER {
        if !stage.spec().readable || !stage.open(&format!("is looked at ({vendor:?})"), vendor, false).await {
            continue;
        }
        if let Some(Err(error)) = stage.observe().await {
            stage.expect(error.failure != Failure::Uncertain, "a look says that something may have happened");
        }
        stage.nothing_happened().await;
    }
}

/// An undo puts back exactly what was there, once.
async fn restores(stage: &mut Stage<'_>) {
    let Some((restore, _)) = done_once(stage, "is undone").await else { return };
    if stage.spec().undo.is_none() {
        let result = stage.restore(restore).await;
        stage.failed(result, "an undo of what is irreversible", |failure| failure == Failure::Rejected);
        let changes = stage.changes().await;
        return stage.expect(changes <= 1, "an undo of what is irreversible changed something");
    }
    let Some(outcome) = stage.restores(restore.clone(), "the undo").await else { return };
    stage.expect(matches!(outcome.effect, Effect::Changed { .. }), "the undo does not say changed");
    stage.is_as_before(&restore.before).await;
    let Some(again) = stage.restores(restore.clone(), "the second undo").await else { return };
    stage.expect(again.effect == Effect::Unchanged, "the second undo does not say unchanged");
    let changes = stage.changes().await;
    stage.expect(changes == 2, &format!("one call and one undo changed {changes} things"));
    stage.is_as_before(&restore.before).await;
}

/// An undo in the middle of which the process died is repeated.
async fn repeats_an_undo_whose_answer_was_lost(stage: &mut Stage<'_>) {
    for vendor in LOSE_THE_ANSWER {
        if stage.spec().undo.is_none() || !stage.can(vendor) {
            continue;
        }
        let name = format!("is undone and the answer is lost ({vendor:?})");
        let Some((restore, _)) = done_once(stage, &name).await else { return };
        stage.reconnect(vendor).await;
        if let Some(Err(error)) = stage.restore(restore.clone()).await {
            let says_so = error.failure == Failure::Uncertain || stage.changes().await == 1;
            stage.expect(says_so, &format!("the undo may have happened, and says {:?}", error.failure));
        }
        stage.reconnect(Vendor::Answers).await;
        stage.restores(restore.clone(), "the repeated undo").await;
        stage.is_as_before(&restore.before).await;
        let changes = stage.changes().await;
        stage.expect(changes == 2, &format!("one call and one undo changed {changes} things"));
    }
}

/// What somebody else changed after us is theirs.
async fn leaves_alone_what_others_changed(stage: &mut Stage<'_>) {
    if stage.spec().undo.is_none() {
        return;
    }
    let Some((restore, _)) = done_once(stage, "is undone after somebody else changed it").await else {
        return;
    };
    if !stage.meddle().await {
        return;
    }
    let theirs = stage.observe().await;
    match stage.restore(restore).await {
        Some(Ok(outcome)) => {
            stage.expect(outcome.effect == Effect::Unchanged, "the undo changed what was not ours");
        }
        Some(Err(error)) => stage.expect(
            error.failure == Failure::Rejected,
            &format!("an undo that finds another state must say rejected, not {:?}", error.failure),
        ),
        None => return,
    }
    let still = stage.observe().await;
    stage.expect(theirs == still, "the undo changed what somebody else had set");
    let changes = stage.changes().await;
    stage.expect(changes == 1, "the undo changed something");
}

/// Opens a scenario in which the action has been carried out, and gives back what its undo needs.
async fn done_once(stage: &mut Stage<'_>, name: &str) -> Option<(Restore<Value>, Outcome<Value>)> {
    if !stage.open(name, Vendor::Answers, false).await {
        return None;
    }
    let outcome = stage.executes("the call").await?;
    let (before, after) = match &outcome.effect {
        Effect::Changed { before, after } | Effect::Ineffective { before, after, .. } => {
            (before.clone(), after.clone())
        }
        Effect::Unchanged => (State::default(), State::default()),
    };
    Some((Restore { params: stage.params(), before, after }, outcome))
}

/// What a call gave, where it came back at all.
type Called<T> = Option<Result<T, ActionError>>;
