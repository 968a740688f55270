//! Indicators that somebody else has set, and answers about something else.

use std::sync::Arc;
use std::time::Duration;

use quell_action::{
    ActionError, AnyAction, Effect, Failure, Outcome, Request, RequestKey, Restore, State, Target,
};
use quell_kit::conformance::{Vendor, clear};
use serde_json::{Value, json};

use crate::orders::call;
use crate::vendor::{Fleet, WKS1, wks1};

async fn watch(fleet: &Fleet) -> Arc<dyn AnyAction> {
    let connection = fleet.with(Vendor::Answers, 1).await;
    connection.actions.into_iter().find(|one| one.info().spec.name == "defender_endpoint.watch").unwrap()
}

fn request<P>(action: &Arc<dyn AnyAction>, params: P) -> Request<P> {
    let cleared = clear(&Target::None, &action.info().spec).unwrap();
    Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), params)
}

async fn set(fleet: &Fleet) -> Result<Outcome<Value>, ActionError> {
    let action = watch(fleet).await;
    let asked = request(&action, json!({ "value": "evil.example" }));
    action.execute(asked).await
}

async fn take_back(fleet: &Fleet) -> Result<Outcome<()>, ActionError> {
    put_back(fleet, json!(null)).await
}

async fn put_back(fleet: &Fleet, before: Value) -> Result<Outcome<()>, ActionError> {
    let action = watch(fleet).await;
    let state = |word: Value| State(json!({ "indicator": word }));
    let params = json!({ "value": "evil.example" });
    let restore = Restore { params, before: state(before), after: state(json!("Audit")) };
    let asked = request(&action, restore);
    action.restore(asked).await
}

fn known(value: &str, action: &str) -> Value {
    json!({ "id": "7", "indicatorValue": value, "indicatorType": "DomainName", "action": action })
}

#[tokio::test]
async fn an_indicator_of_somebody_else_is_neither_written_over_nor_taken_away() {
    let fleet = Fleet::start().await;
    fleet.world.lock().indicators = vec![known("evil.example.org", "Audit"), known("evil.example", "Block")];
    for paged in [true, false] {
        fleet.world.lock().paged = paged;
        let error = set(&fleet).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains("must decide"), "{error}");
    }
    let error = take_back(&fleet).await.unwrap_err();
    assert!(error.failure == Failure::Rejected && error.message.contains("meanwhile"), "{error}");
    let world = fleet.world.lock();
    assert_eq!((world.changes, world.indicators.len()), (0, 2));
}

#[tokio::test]
async fn an_indicator_of_a_like_name_is_another_one() {
    let fleet = Fleet::start().await;
    fleet.world.lock().indicators = vec![known("evil.example.org", "Audit")];
    assert_eq!(take_back(&fleet).await.unwrap().effect, Effect::Unchanged);
    assert_eq!(fleet.world.lock().changes, 0);
    assert!(matches!(set(&fleet).await.unwrap().effect, Effect::Changed { .. }));
}

#[tokio::test]
async fn an_indicator_that_could_not_be_taken_back_is_not_said_to_be_gone() {
    let fleet = Fleet::start().await;
    set(&fleet).await.unwrap();
    fleet.world.lock().refuses = Some((403, "Forbidden", "no right"));
    assert_eq!(take_back(&fleet).await.unwrap_err().failure, Failure::Forbidden);
    assert_eq!(fleet.world.lock().indicators.len(), 1);
}

#[tokio::test]
async fn an_indicator_that_stands_as_it_did_before_stays() {
    for word in ["Audit", "Block"] {
        let fleet = Fleet::start().await;
        fleet.world.lock().indicators = vec![known("evil.example", word)];
        assert_eq!(put_back(&fleet, json!(word)).await.unwrap().effect, Effect::Unchanged, "{word}");
        let world = fleet.world.lock();
        assert_eq!((world.changes, world.indicators.len()), (0, 1), "{word}");
    }
}

#[tokio::test]
async fn an_indicator_that_went_in_the_meantime_is_gone() {
    let fleet = Fleet::start().await;
    set(&fleet).await.unwrap();
    fleet.world.lock().refuses = Some((404, "ResourceNotFound", "no such indicator"));
    assert!(matches!(take_back(&fleet).await.unwrap().effect, Effect::Changed { .. }));
}

#[tokio::test]
async fn a_tag_says_something_and_is_left_where_it_was_before() {
    let fleet = Fleet::start().await;
    let error = call(&fleet, "device.tag", "k", json!({ "tag": " " })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    let connection = fleet.with(Vendor::Answers, 1).await;
    let tag = connection.actions.into_iter().find(|one| one.info().spec.name == "device.tag").unwrap();
    let state = |tagged: bool| State(json!({ "tagged": tagged }));
    for (before, left) in [(true, true), (false, false)] {
        let restore = Restore { params: json!({ "tag": "vip" }), before: state(before), after: state(true) };
        let cleared = clear(&wks1(), &tag.info().spec).unwrap();
        let limit = Duration::from_secs(5);
        tag.restore(Request::new(cleared, RequestKey("undo".into()), limit, restore)).await.unwrap();
        let tags = fleet.world.lock().machines[0]["machineTags"].clone();
        assert_eq!(tags.as_array().unwrap().contains(&json!("vip")), left);
    }
}

#[tokio::test]
async fn a_tag_that_somebody_has_taken_away_is_not_taken_away_again() {
    let fleet = Fleet::start().await;
    let connection = fleet.with(Vendor::Answers, 1).await;
    let tag = connection.actions.into_iter().find(|one| one.info().spec.name == "device.tag").unwrap();
    let state = |tagged: bool| State(json!({ "tagged": tagged }));
    let restore = Restore { params: json!({ "tag": "gone" }), before: state(false), after: state(true) };
    let cleared = clear(&wks1(), &tag.info().spec).unwrap();
    let request = Request::new(cleared, RequestKey("undo".into()), Duration::from_secs(5), restore);
    assert_eq!(tag.restore(request).await.unwrap().effect, Effect::Unchanged);
    assert_eq!(fleet.world.lock().changes, 0);
}

#[tokio::test]
async fn a_device_that_only_has_the_name_is_not_told_anything() {
    let fleet = Fleet::start().await;
    fleet.world.lock().machines[0]["id"] = json!("ffffffffe413ddd7902c2932e418702b84d0cc07");
    fleet.world.lock().machines[0]["computerDnsName"] = json!(WKS1);
    for action in ["device.isolate", "device.restrict_apps", "device.scan"] {
        let error = call(&fleet, action, "k", json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{action}: {error}");
    }
    assert_eq!(fleet.world.lock().changes, 0);
}
