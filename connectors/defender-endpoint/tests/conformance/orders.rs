//! Orders that take their time, come to nothing, meet others, or are found again.

use std::sync::Arc;
use std::time::Duration;

use quell_action::{
    ActionError, AnyAction, Effect, Failure, InEffect, Observation, Outcome, Request, RequestKey, Restore,
    State, Target,
};
use quell_kit::conformance::{Capture, Vendor, clear};
use serde_json::{Value, json};

use crate::vendor::{Fleet, SHA1, WKS1, wks1};

async fn action(fleet: &Fleet, name: &str, follow_secs: u64) -> Arc<dyn AnyAction> {
    let connection = fleet.with(Vendor::Answers, follow_secs).await;
    connection.actions.into_iter().find(|one| one.info().spec.name == name).unwrap()
}

pub(crate) async fn call(
    fleet: &Fleet,
    name: &str,
    key: &str,
    params: Value,
) -> Result<Outcome<Value>, ActionError> {
    let action = action(fleet, name, 1).await;
    let cleared = clear(&wks1(), &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey(key.into()), Duration::from_secs(5), params)).await
}

async fn look(fleet: &Fleet, name: &str) -> Observation {
    action(fleet, name, 0).await.observe(&wks1(), &json!({})).await.unwrap()
}

pub(crate) async fn undo(fleet: &Fleet, before: &str, after: &str) -> Result<Outcome<()>, ActionError> {
    let action = action(fleet, "device.isolate", 1).await;
    let cleared = clear(&wks1(), &action.info().spec).unwrap();
    let state = |position: &str| State(json!({ "isolation": position }));
    let restore = Restore { params: json!({}), before: state(before), after: state(after) };
    action.restore(Request::new(cleared, RequestKey("k/undo".into()), Duration::from_secs(5), restore)).await
}

fn state(position: &str) -> State {
    State(json!({ "isolation": position }))
}

#[tokio::test]
async fn a_device_that_is_switched_off_takes_its_order_later() {
    let fleet = Fleet::start().await;
    fleet.world.lock().status = "Pending";
    let outcome = call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    assert_eq!(outcome.effect, Effect::Changed { before: state("none"), after: state("full") });
    assert_eq!(outcome.external_id.as_deref(), fleet.world.lock().orders[0]["id"].as_str());
    let seen = look(&fleet, "device.isolate").await;
    assert_eq!((seen.state, seen.in_effect), (state("full"), InEffect::Pending));
    // Whoever wants the same waits for the same order.
    let other = call(&fleet, "device.isolate", "other", json!({})).await.unwrap();
    assert_eq!((other.effect, other.external_id), (Effect::Unchanged, outcome.external_id));
    // Whoever wants the opposite comes later.
    let opposite = call(&fleet, "device.release", "third", json!({})).await.unwrap_err();
    assert!(matches!(opposite.failure, Failure::Unavailable { retry_after: Some(_) }), "{opposite}");
    assert_eq!(fleet.world.lock().changes, 1);
}

#[tokio::test]
async fn an_order_that_still_waits_is_cancelled_by_its_undo() {
    let fleet = Fleet::start().await;
    fleet.world.lock().status = "Pending";
    call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    let outcome = undo(&fleet, "none", "full").await.unwrap();
    assert_eq!(outcome.effect, Effect::Changed { before: state("full"), after: state("none") });
    let seen = look(&fleet, "device.isolate").await;
    assert_eq!((seen.state, seen.in_effect), (state("none"), InEffect::No));
    assert_eq!(fleet.world.lock().orders.len(), 1, "nothing else was ordered");
    assert_eq!(undo(&fleet, "none", "full").await.unwrap().effect, Effect::Unchanged);
}

#[tokio::test]
async fn an_order_that_could_not_be_cancelled_is_not_said_to_be() {
    for status in ["InProgress", "Succeeded"] {
        let fleet = Fleet::start().await;
        fleet.world.lock().status = "Pending";
        call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
        fleet.world.lock().cancelled = status;
        let error = undo(&fleet, "none", "full").await.unwrap_err();
        assert!(matches!(error.failure, Failure::Unavailable { retry_after: Some(_) }), "{error}");
        assert_eq!(fleet.world.lock().orders.len(), 1, "nothing else was ordered");
    }
}

#[tokio::test]
async fn whoever_was_overtaken_by_the_same_order_has_changed_nothing() {
    let fleet = Fleet::start().await;
    {
        let mut world = fleet.world.lock();
        world.refuses = Some((400, "ActiveRequestAlreadyExists", "x"));
        (world.status, world.overtaken_by) = ("InProgress", Some(("Isolate", "by hand")));
    }
    let outcome = call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
    fleet.world.lock().overtaken_by = Some(("Unisolate", "by hand"));
    fleet.world.lock().orders.clear();
    let error = call(&fleet, "device.isolate", "l", json!({})).await.unwrap_err();
    assert!(error.message.contains("not at its end"), "{error}");
    // One of ours, whose answer was lost, and which was not listed yet.
    fleet.world.lock().overtaken_by = Some(("StopAndQuarantineFile", "[quell m]"));
    let ours = call(&fleet, "file.quarantine", "m", json!({ "sha1": SHA1 })).await.unwrap();
    assert_eq!(ours.external_id.as_deref(), fleet.world.lock().orders[0]["id"].as_str());
}

#[tokio::test]
async fn an_order_is_followed_to_its_end_and_its_failure_is_one() {
    let fleet = Fleet::start().await;
    fleet.world.lock().status = "Pending";
    fleet.world.lock().later = Some("Succeeded");
    call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    assert_eq!(look(&fleet, "device.isolate").await.in_effect, InEffect::Yes);
    fleet.world.lock().orders.clear();
    for end in ["Failed", "TimeOut", "Cancelled"] {
        fleet.world.lock().later = Some(end);
        for (name, params) in [("device.isolate", json!({})), ("device.scan", json!({ "kind": "full" }))] {
            let error = call(&fleet, name, end, params).await.unwrap_err();
            assert_eq!(error.failure, Failure::Rejected);
            assert!(error.message.contains("came to nothing"), "{error}");
        }
        assert_eq!(look(&fleet, "device.isolate").await.state, state("none"));
    }
}

#[tokio::test]
async fn a_job_is_found_again_by_its_key_and_given_once() {
    let fleet = Fleet::start().await;
    let params = |name: &str| if name == "file.quarantine" { json!({ "sha1": SHA1 }) } else { json!({}) };
    for name in ["device.scan", "device.collect_package", "file.quarantine"] {
        fleet.world.lock().changes = 0;
        let first = call(&fleet, name, "run/1", params(name)).await.unwrap();
        let again = call(&fleet, name, "run/1", params(name)).await.unwrap();
        assert_eq!(first, again, "{name}");
        assert_eq!(fleet.world.lock().changes, 1, "{name}");
        call(&fleet, name, "run/2", params(name)).await.unwrap();
        assert_eq!(fleet.world.lock().changes, 2, "{name}: another key is another order");
    }
}

#[tokio::test]
async fn an_order_that_is_under_way_is_adopted_where_it_is_the_same() {
    let busy =
        [(400, "ActiveRequestAlreadyExists", "x"), (400, "BadRequest", "Action is already in progress")];
    for refusal in busy {
        let fleet = Fleet::start().await;
        fleet.world.lock().refuses = Some(refusal);
        // What is over long since is not what is under way.
        fleet.world.lock().order("RunAntiVirusScan", None, "long ago");
        fleet.world.lock().status = "InProgress";
        // Nothing is listed yet: it comes again later.
        for name in ["device.isolate", "device.scan"] {
            let error = call(&fleet, name, "k", json!({})).await.unwrap_err();
            assert!(matches!(error.failure, Failure::Unavailable { retry_after: Some(_) }), "{error}");
        }
        fleet.world.lock().order("RunAntiVirusScan", None, "by hand");
        assert_eq!(call(&fleet, "device.scan", "k", json!({})).await.unwrap().effect, Effect::Unchanged);
        // Another file is another matter.
        fleet.world.lock().order("StopAndQuarantineFile", None, "by hand");
        let error = call(&fleet, "file.quarantine", "k", json!({ "sha1": SHA1 })).await.unwrap_err();
        assert!(error.failure.is_transient(), "{error}");
        let ours = format!("[quell {}]", "mine");
        fleet.world.lock().order("CollectInvestigationPackage", None, &ours);
        let found = call(&fleet, "device.collect_package", "mine", json!({})).await.unwrap();
        assert!(matches!(found.effect, Effect::Changed { .. }));
    }
}

/// What a platform may not be able to do is said when it is looked at, before anything is ordered; and sent all the same.
#[tokio::test]
async fn a_doubtful_platform_is_warned_of_before_it_is_told() {
    for (os, kind, doubt) in [
        ("Linux", "selective", Some("selective isolation is not known for Linux")),
        ("Linux", "full", Some("packet filter")),
        ("Windows7", "full", Some("not known for this platform")),
        ("Windows11", "selective", None),
        ("macOS", "selective", None),
    ] {
        let fleet = Fleet::start().await;
        fleet.world.lock().machines[0]["osPlatform"] = json!(os);
        let (before, after) = (Capture::default(), Capture::default());
        let isolate = action(&fleet, "device.isolate", 0).await;
        before.during(isolate.observe(&wks1(), &json!({ "kind": kind }))).await.unwrap();
        assert_eq!(fleet.world.lock().changes, 0);
        assert_eq!(
            before.text().contains("may not be able"),
            doubt.is_some(),
            "{os} {kind}: {}",
            before.text()
        );
        assert!(doubt.is_none_or(|doubt| before.text().contains(doubt)), "{os} {kind}: {}", before.text());
        call(&fleet, "device.isolate", "k", json!({ "kind": kind })).await.unwrap();
        after.during(isolate.observe(&wks1(), &json!({ "kind": kind }))).await.unwrap();
        assert!(!after.text().contains("may not be able"), "it is so already");
    }
}

#[tokio::test]
async fn refusals_about_the_device_are_no_matter_of_rights() {
    for (status, code, word) in [
        (400, "OsPlatformNotSupported", "this platform cannot"),
        (400, "ClientVersionNotSupported", "too old"),
        (403, "DisabledFeature", "switched off in the tenant"),
    ] {
        let fleet = Fleet::start().await;
        fleet.world.lock().refuses = Some((status, code, "x"));
        let error = call(&fleet, "device.isolate", "k", json!({ "kind": "selective" })).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{code}");
        assert!(error.message.contains(word), "{error}");
        assert_eq!(error.vendor.unwrap().code.as_deref(), Some(code));
    }
}

#[tokio::test]
async fn the_position_is_what_the_newest_order_says_that_was_not_in_vain() {
    let fleet = Fleet::start().await;
    let give = |kind: &str, scope: Option<&str>, status: &'static str| {
        fleet.world.lock().status = status;
        fleet.world.lock().order(kind, scope, "by hand");
    };
    give("Isolate", Some("Selective"), "Succeeded");
    assert_eq!(look(&fleet, "device.isolate").await.state, state("selective"));
    give("Unisolate", None, "Failed");
    give("RunAntiVirusScan", None, "Succeeded");
    assert_eq!(look(&fleet, "device.isolate").await.state, state("selective"));
    give("Unisolate", None, "Succeeded");
    assert_eq!(look(&fleet, "device.release").await.in_effect, InEffect::Yes);
    give("Isolate", None, "Succeeded");
    assert_eq!(look(&fleet, "device.isolate").await.in_effect, InEffect::Yes);
    // In whatever order they are listed.
    fleet.world.lock().orders.reverse();
    assert_eq!(look(&fleet, "device.isolate").await.state, state("full"));
    // Lifted over there after seven days, by the clock over there.
    fleet.world.lock().date = "Thu, 08 Jan 2026 01:00:00 GMT";
    assert_eq!(look(&fleet, "device.isolate").await.state, state("none"));
}

/// The one that counts may stand on the last page.
#[tokio::test]
async fn orders_are_read_to_their_last_page() {
    let fleet = Fleet::start().await;
    for (kind, scope) in [("Isolate", Some("Full")), ("RunAntiVirusScan", None), ("Unisolate", None)] {
        fleet.world.lock().order(kind, scope, "by hand");
    }
    fleet.world.lock().orders.sort_by_key(|order| order["type"] == "Unisolate");
    fleet.world.lock().paged = true;
    assert_eq!(look(&fleet, "device.isolate").await.state, state("none"));
}

/// The vendor finds what begins so as well.
#[tokio::test]
async fn what_another_device_was_told_says_nothing_of_this_one() {
    let fleet = Fleet::start().await;
    {
        let other = json!(format!("{WKS1}0"));
        let mut world = fleet.world.lock();
        world.order("Isolate", Some("Full"), "by hand");
        world.orders[0]["machineId"] = other.clone();
        world.investigations.push(json!({ "id": "41", "state": "Running", "machineId": other }));
    }
    assert_eq!(look(&fleet, "device.isolate").await.state, state("none"));
    for name in ["device.isolate", "device.investigate"] {
        let outcome = call(&fleet, name, "k", json!({})).await.unwrap();
        assert!(matches!(outcome.effect, Effect::Changed { .. }), "{name}");
    }
}

#[tokio::test]
async fn an_answer_about_another_device_or_order_is_not_believed() {
    let unavailable = Failure::Unavailable { retry_after: None };
    for (name, end, failure) in [
        ("device.isolate", "/isolate", Failure::Uncertain),
        ("device.scan", "/runAntiVirusScan", unavailable),
        ("device.investigate", "/startInvestigation", unavailable),
    ] {
        let fleet = Fleet::start().await;
        fleet.world.lock().strays = Some(end);
        let error = call(&fleet, name, "k", json!({})).await.unwrap_err();
        assert_eq!((error.failure, fleet.world.lock().changes), (failure, 1), "{name}: {error}");
    }
    let fleet = Fleet::start().await;
    {
        let mut world = fleet.world.lock();
        (world.status, world.later) = ("Pending", Some("Failed"));
        // That of the first order.
        world.strays = Some("00001");
    }
    // It was taken, and what is told of another one is no end of it.
    call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    fleet.world.lock().orders[0]["status"] = json!("Pending");
    fleet.world.lock().strays = Some("/cancel");
    assert_eq!(undo(&fleet, "none", "full").await.unwrap_err().failure, Failure::Uncertain);
    assert_eq!(fleet.world.lock().orders.len(), 1, "nothing else was ordered");
}

#[tokio::test]
async fn devices_of_another_tenant_or_system_are_not_ours() {
    let fleet = Fleet::start().await;
    let Target::Device(own) = wks1() else { panic!() };
    let (mut realm, mut provider) = (own.clone(), own);
    realm.realm = "99999999-2222-3333-4444-555555555555".into();
    provider.provider = "active_directory".into();
    for key in [realm, provider] {
        let isolate = action(&fleet, "device.isolate", 0).await;
        let error = isolate.observe(&Target::Device(key), &json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{error}");
    }
    assert_eq!(fleet.cloud.calls(), 0);
    let error = call(&fleet, "device.tag", "k", json!({ "tag": " " })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    assert!(fleet.cloud.seen().iter().all(|seen| !seen.path.ends_with("/tags")), "nothing was sent");
}

/// The newest might be among those that were not told.
#[tokio::test]
async fn a_part_of_the_orders_tells_nothing() {
    let fleet = Fleet::start().await;
    let given = |count: usize| {
        let mut world = fleet.world.lock();
        world.orders.clear();
        (0..count).for_each(|_| drop(world.order("Isolate", Some("Full"), "by hand")));
    };
    given(999);
    assert_eq!(look(&fleet, "device.isolate").await.in_effect, InEffect::Yes);
    given(1000);
    for name in ["device.isolate", "device.release"] {
        let error = call(&fleet, name, "k", json!({})).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains("in part"), "{error}");
    }
    assert_eq!(fleet.world.lock().changes, 0);
}

#[tokio::test]
async fn what_somebody_else_has_changed_is_theirs() {
    let fleet = Fleet::start().await;
    call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    fleet.world.lock().order("Isolate", Some("Selective"), "by hand");
    let error = undo(&fleet, "none", "full").await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    assert!(error.message.contains("changed meanwhile"), "{error}");
    assert_eq!(fleet.world.lock().changes, 1);
}

#[tokio::test]
async fn an_investigation_that_runs_is_taken_for_ours() {
    let fleet = Fleet::start().await;
    let first = call(&fleet, "device.investigate", "k", json!({})).await.unwrap();
    let again = call(&fleet, "device.investigate", "k", json!({})).await.unwrap();
    assert_eq!((first.external_id.as_deref(), again.external_id.as_deref()), (Some("42"), Some("42")));
    assert_eq!(fleet.world.lock().changes, 1);
    fleet.world.lock().investigations[0]["state"] = json!("SuccessfullyRemediated");
    call(&fleet, "device.investigate", "l", json!({})).await.unwrap();
    assert_eq!(fleet.world.lock().changes, 2);
    // The one that runs stands on the second page.
    fleet.world.lock().paged = true;
    call(&fleet, "device.investigate", "m", json!({})).await.unwrap();
    assert_eq!(fleet.world.lock().changes, 2);
}

#[tokio::test]
async fn what_is_no_hash_is_refused_before_any_call() {
    let fleet = Fleet::start().await;
    for sha1 in ["", "87662bc3", &"z".repeat(40), &"a".repeat(64)] {
        let error = call(&fleet, "file.quarantine", "k", json!({ "sha1": sha1 })).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected);
    }
    assert_eq!(fleet.cloud.calls(), 0);
}
