//! Where a task stands has one word for whoever looks at the run, and one for whoever takes it back.

use quell_action::exclusion::Reason;
use quell_action::{ActionError, Excluded, State};
use serde_json::json;

use super::*;
use crate::operations::undo::told;

fn task(phase: Phase) -> TaskState {
    let task = json!({
        "id": { "lane": 0, "step": "cut_off", "number": 1 },
        "action": "account.disable",
        "provider": "okta",
        "target": "none",
        "display": "alice",
        "params": {},
        "time_limit": { "secs": 30, "nanos": 0 },
        "retry": {
            "attempts": 3, "first_wait": { "secs": 1, "nanos": 0 }, "max_wait": { "secs": 30, "nanos": 0 },
        },
        "reversible": true,
        "undo_after": null,
    });
    let task = serde_json::from_value(task).unwrap();
    TaskState { phase, error: Some(ActionError::unavailable("it is away")), ..TaskState::new(task) }
}

fn done(effect: Effect, verification: Verification) -> TaskState {
    let fulfilled = Fulfilled {
        effect,
        verification,
        external_id: None,
        output: json!({}),
        took_millis: 1,
        excluded_meanwhile: None,
    };
    TaskState { fulfilled: Some(fulfilled), ..task(Phase::Succeeded) }
}

fn changed() -> Effect {
    Effect::Changed { before: State::default(), after: State::default() }
}

fn excluded() -> Excluded {
    Excluded { display: "alice".into(), reason: Reason::Unknown("nobody could be asked".into()) }
}

#[test]
fn every_phase_is_told_as_what_it_is() {
    use TaskResult as Is;
    let wanted = [
        (Phase::Pending, Is::NotBegun, "it had not been done", false),
        (Phase::Waiting, Is::Waits, "it had not been done", false),
        (Phase::Started, Is::UnderWay, "under way; undo it once it has ended", true),
        (Phase::Unsettled, Is::UnderWay, "under way; undo it once it has ended", true),
        (Phase::Failed, Is::Failed, "it had not been done", false),
        (Phase::Excluded, Is::LeftAlone, "it had not been done", false),
        (Phase::Planned, Is::CannotTell, "it had not been done", false),
        (Phase::Dropped, Is::Dropped, "it had not been done", false),
        (Phase::Attention, Is::NeedsAttention, "a person must first say whether it happened", true),
        (Phase::Undoing, Is::Undoing, "it had not been done", false),
        (Phase::Undone, Is::Undone, "undone", false),
        (Phase::Released, Is::Released, "stays: see the run", false),
        (Phase::Stuck, Is::NotUndone, "could not be undone: it is away", true),
    ];
    for (phase, word, undone, open) in wanted {
        let task = task(phase);
        assert_eq!(result(&task).0, word, "{phase:?}");
        let told = told(&task, false);
        assert_eq!((told.result.as_str(), told.open), (undone, open), "{phase:?}");
    }
}

#[test]
fn what_is_under_way_while_somebody_wants_it_back_is_told_so() {
    for phase in [Phase::Started, Phase::Unsettled] {
        let mut task = task(phase);
        task.undo.wanted = true;
        let told = told(&task, false);
        assert!(told.result.starts_with("under way; taken back once") && told.open, "{told:?}");
    }
    let mut undoing = task(Phase::Undoing);
    undoing.undo.wanted = true;
    let told = told(&undoing, false);
    assert!(told.result.starts_with("still waiting") && told.open, "{told:?}");
}

#[test]
fn what_was_done_is_told_with_what_was_seen_of_it() {
    use TaskResult as Is;
    let result_of = |task: &TaskState| result(task).0;
    assert_eq!(result_of(&done(changed(), Verification::Seen)), Is::Done);
    assert_eq!(result_of(&done(changed(), Verification::SeenAfterwards)), Is::Done);
    assert_eq!(result_of(&done(changed(), Verification::Told)), Is::Done);
    assert_eq!(result_of(&done(changed(), Verification::NotReadable)), Is::Accepted);
    assert_eq!(result_of(&done(changed(), Verification::Pending)), Is::Accepted);
    assert_eq!(result_of(&done(Effect::Unchanged, Verification::Seen)), Is::AlreadySo);
    let (before, after) = (State::default(), State::default());
    let in_vain =
        done(Effect::Ineffective { before, after, why: "it never expires".into() }, Verification::Seen);
    assert_eq!(result(&in_vain), (Is::WithoutEffect, Some("it never expires".into())));
    let drifted =
        TaskState { drifted: Some("somebody enabled it".into()), ..done(changed(), Verification::Seen) };
    assert_eq!(result(&drifted), (Is::WithoutEffect, Some("somebody enabled it".into())));

    let mut wanted_back = done(changed(), Verification::Seen);
    wanted_back.undo.wanted = true;
    assert_eq!(result(&wanted_back), (Is::Undoing, Some(wanted_back.error.clone().unwrap().to_string())));
}

#[test]
fn an_exclusion_that_came_too_late_is_not_kept_back() {
    for (effect, verification) in [
        (changed(), Verification::Seen),
        (changed(), Verification::Pending),
        (Effect::Unchanged, Verification::Seen),
    ] {
        let mut task = done(effect, verification);
        assert_eq!(result(&task).1, None);
        task.fulfilled.as_mut().unwrap().excluded_meanwhile = Some(excluded());
        let why = result(&task).1.unwrap();
        assert!(why.contains("after the call had begun") && why.contains("nobody could be asked"), "{why}");
    }
}

#[test]
fn an_undo_is_promised_of_what_was_changed_and_can_be_taken_back_only() {
    let of = |task: &TaskState| told(task, true).result;
    assert_eq!(of(&done(changed(), Verification::Seen)), "would be undone");
    assert_eq!(of(&done(Effect::Unchanged, Verification::Seen)), "it had changed nothing");
    let mut for_good = done(changed(), Verification::Seen);
    for_good.task.reversible = false;
    assert_eq!(of(&for_good), "irreversible");
}

#[test]
fn what_would_have_been_done_is_told_so() {
    use TaskResult as Is;
    let planned = |verdict| TaskState { verdict: Some(verdict), ..task(Phase::Planned) };
    let left_alone = result(&planned(Verdict::LeftAlone { excluded: excluded() }));
    assert_eq!(left_alone, (Is::WouldBeLeftAlone, Some(excluded().reason.to_string())));
    let cannot_tell = Verdict::CannotTell { error: ActionError::unavailable("it is away") };
    assert_eq!(result(&planned(cannot_tell)).0, Is::CannotTell);
}
