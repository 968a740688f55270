//! Which incident is meant, and when that is not known.

use std::time::Duration;

use quell_action::{ActionError, Failure};
use serde_json::{Value, json};

use crate::vendor::Soc;
use crate::workspace::{ALERT, INCIDENT, OF_PRODUCT, OTHER};

async fn found(soc: &Soc, params: Value) -> Result<String, ActionError> {
    let outcome = soc.execute("sentinel.get_incident", params).await?;
    Ok(outcome.output["incident"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_incident_is_found_by_every_name_that_it_has() {
    let soc = Soc::start(false).await;
    let id = format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/RG01/providers/\
         Microsoft.OperationalInsights/workspaces/soc-eu/providers/Microsoft.SecurityInsights/Incidents/{INCIDENT}"
    );
    for named in [
        json!({ "incident": INCIDENT }),
        json!({ "incident": "3177" }),
        json!({ "incident": " #3177" }),
        json!({ "incident": id }),
        json!({ "alert": ALERT }),
        json!({ "alert": ALERT.to_uppercase() }),
        json!({ "alert": OF_PRODUCT }),
        json!({ "alert": INCIDENT }),
    ] {
        assert_eq!(found(&soc, named.clone()).await.as_deref(), Ok(INCIDENT), "{named}");
    }
    let outcome = soc.execute("sentinel.get_incident", json!({ "incident": INCIDENT })).await.unwrap();
    assert_eq!(outcome.output["number"], 3177);
    assert_eq!(outcome.output["tags"], json!(["vip"]));
    assert_eq!(outcome.external_id.as_deref(), Some(INCIDENT));
}

#[tokio::test]
async fn what_does_not_name_one_incident_names_none() {
    let soc = Soc::start(false).await;
    let before = soc.cloud.calls();
    for (named, failure) in [
        (json!({}), Failure::Rejected),
        (json!({ "incident": "3177", "alert": ALERT }), Failure::Rejected),
        (json!({ "incident": "../x" }), Failure::Rejected),
        (json!({ "incident": "a?b=c" }), Failure::Rejected),
        (json!({ "incident": "/subscriptions/other/incidents/x" }), Failure::Rejected),
        (json!({ "incident": "/ä" }), Failure::Rejected),
    ] {
        assert_eq!(found(&soc, named.clone()).await.unwrap_err().failure, failure, "{named}");
    }
    assert_eq!(soc.cloud.calls(), before, "nothing was asked");
    assert_eq!(found(&soc, json!({ "incident": "3170" })).await.unwrap_err().failure, Failure::NotFound);
    assert_eq!(
        found(&soc, json!({ "incident": OTHER.replace('9', "8") })).await.unwrap_err().failure,
        Failure::NotFound
    );
}

/// Sentinel makes incidents some time after their alerts, so that there is none is no end yet.
#[tokio::test]
async fn an_alert_without_an_incident_is_looked_for_again() {
    let soc = Soc::start(false).await;
    let error = found(&soc, json!({ "alert": "nobody-has-it" })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable { retry_after: Some(Duration::from_secs(30)) });
}

#[tokio::test]
async fn an_alert_that_two_incidents_hold_finds_neither() {
    let soc = Soc::start(false).await;
    soc.world.lock().alerts.get_mut(OTHER).unwrap().push((ALERT.to_owned(), "x".to_owned()));
    let error = found(&soc, json!({ "alert": ALERT })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous);
    assert!(error.message.contains("incident 3177") && error.message.contains("incident 3178"), "{error}");
}

/// Only what has changed since is asked for its alerts anew.
#[tokio::test]
async fn incidents_that_are_the_same_are_not_asked_again() {
    let soc = Soc::start(false).await;
    let connection = soc.with(quell_kit::conformance::Vendor::Answers).await;
    let get = connection.actions.iter().find(|one| one.info().spec.name == "sentinel.get_incident").unwrap();
    let ask = async || {
        let cleared = quell_kit::conformance::clear(&quell_action::Target::None, &get.info().spec).unwrap();
        let key = quell_action::RequestKey("k".into());
        let params = json!({ "alert": OF_PRODUCT });
        get.execute(quell_action::Request::new(cleared, key, Duration::from_secs(5), params)).await.unwrap();
        std::mem::take(&mut soc.world.lock().asked_for_alerts)
    };
    assert_eq!((ask().await, ask().await), (2, 0));
    soc.world.lock().touch(OTHER);
    assert_eq!((ask().await, ask().await), (1, 0));
}
