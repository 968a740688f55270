//! Which incident is meant, and when that is not known.

use std::time::Duration;

use quell_action::{ActionError, Connection, Failure, Request, RequestKey, Target};
use quell_kit::conformance::Vendor;
use serde_json::{Value, json};

use crate::vendor::Soc;
use crate::workspace::{ALERT, INCIDENT, OF_PRODUCT, OTHER};

/// Finds an incident, with all the time that a busy machine may take.
async fn found(soc: &Soc, params: Value) -> Result<String, ActionError> {
    let connection = soc.with(Vendor::Answers).await;
    let get = connection.actions.iter().find(|one| one.info().spec.name == "sentinel.get_incident").unwrap();
    let cleared = quell_kit::conformance::clear(&Target::None, &get.info().spec).unwrap();
    let request = Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), params);
    Ok(get.execute(request).await?.output["incident"].as_str().unwrap().to_owned())
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
    let elsewhere = format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg01/providers/\
         Microsoft.OperationalInsights/workspaces/soc-us/providers/Microsoft.SecurityInsights/incidents/{INCIDENT}"
    );
    let error = found(&soc, json!({ "incident": elsewhere })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    assert_eq!(soc.cloud.calls(), before, "nothing was asked");
    assert_eq!(found(&soc, json!({ "incident": "3170" })).await.unwrap_err().failure, Failure::NotFound);
    assert_eq!(
        found(&soc, json!({ "incident": OTHER.replace('9', "8") })).await.unwrap_err().failure,
        Failure::NotFound
    );
}

#[tokio::test]
async fn an_answer_about_another_incident_is_none() {
    let soc = Soc::start(false).await;
    let asked = "11111111-5cd7-4139-a149-9f2736ff2ab5";
    soc.world.lock().properties(INCIDENT)["title"] = json!(asked);
    let error = found(&soc, json!({ "incident": asked })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{error}");
}

#[tokio::test]
async fn a_number_that_two_incidents_have_names_neither() {
    let soc = Soc::start(false).await;
    soc.world.lock().incident("22222222-5cd7-4139-a149-9f2736ff2ab5", 3177, &[]);
    let error = found(&soc, json!({ "incident": "3177" })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous, "{error}");
}

#[tokio::test]
async fn a_list_in_pages_is_read_to_its_end() {
    let soc = Soc::start(false).await;
    soc.world.lock().page = Some(1);
    for (named, incident) in [
        (json!({ "incident": "3178" }), OTHER),
        (json!({ "alert": "da0_1" }), OTHER),
        (json!({ "alert": OF_PRODUCT }), INCIDENT),
    ] {
        assert_eq!(found(&soc, named.clone()).await.as_deref(), Ok(incident), "{named}");
    }
    soc.world.lock().alerts.get_mut(OTHER).unwrap().push((ALERT.to_owned(), "x".to_owned()));
    soc.world.lock().incident("22222222-5cd7-4139-a149-9f2736ff2ab5", 3177, &[]);
    for named in [json!({ "alert": ALERT }), json!({ "incident": "3177" })] {
        assert_eq!(found(&soc, named.clone()).await.unwrap_err().failure, Failure::Ambiguous, "{named}");
    }
    assert_eq!(soc.cloud.contract().violations(), [] as [&str; 0]);
}

#[tokio::test]
async fn an_alert_is_searched_in_as_many_incidents_as_the_site_says_and_in_no_more() {
    let soc = Soc::start(false).await;
    {
        let mut world = soc.world.lock();
        (2..199).for_each(|number| world.incident(&format!("i-{number}"), 4000 + number, &[]));
        world.incident("the-200th", 5200, &[("of-the-200th", "x")]);
        world.incident("the-201st", 5201, &[("of-the-201st", "x")]);
        world.page = Some(60);
    }
    assert_eq!(found(&soc, json!({ "alert": "of-the-200th" })).await.as_deref(), Ok("the-200th"));
    let error = found(&soc, json!({ "alert": "of-the-201st" })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable { retry_after: Some(Duration::from_secs(30)) }, "{error}");
}

/// Whether the alert's id is that of an incident is not known then, and another one may hold an alert of that id.
#[tokio::test]
async fn an_incident_that_may_not_be_read_is_not_one_that_is_not_there() {
    let soc = Soc::start(false).await;
    soc.world.lock().refused = Some(("/incidents/", 403));
    let error = found(&soc, json!({ "alert": ALERT })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden, "{error}");
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

/// Finds the incident of an alert again and again over one connection. Says how many incidents were asked for their
/// alerts, and which one it was.
async fn asked(soc: &Soc, connection: &Connection) -> (usize, Option<String>) {
    let get = connection.actions.iter().find(|one| one.info().spec.name == "sentinel.get_incident").unwrap();
    let cleared = quell_kit::conformance::clear(&Target::None, &get.info().spec).unwrap();
    let (key, params) = (RequestKey("k".into()), json!({ "alert": OF_PRODUCT }));
    let found = get.execute(Request::new(cleared, key, Duration::from_secs(5), params)).await.unwrap();
    (std::mem::take(&mut soc.world.lock().asked_for_alerts), found.external_id)
}

/// Only what has changed since is asked for its alerts anew.
#[tokio::test]
async fn incidents_that_are_the_same_are_not_asked_again() {
    let soc = Soc::start(false).await;
    let connection = soc.with(Vendor::Answers).await;
    let incident = || Some(INCIDENT.to_owned());
    assert_eq!(asked(&soc, &connection).await, (2, incident()));
    assert_eq!(asked(&soc, &connection).await, (0, incident()));
    soc.world.lock().touch(OTHER);
    assert_eq!(asked(&soc, &connection).await, (1, incident()));
    assert_eq!(asked(&soc, &connection).await, (0, incident()));
}

#[tokio::test]
async fn what_has_no_mark_of_its_version_is_asked_each_time() {
    let soc = Soc::start(false).await;
    let connection = soc.with(Vendor::Answers).await;
    for incident in &mut soc.world.lock().incidents {
        incident["etag"] = Value::Null;
    }
    assert_eq!(asked(&soc, &connection).await, (2, Some(INCIDENT.to_owned())));
    // As many alerts as before, and others.
    let mut alerts = std::mem::take(&mut soc.world.lock().alerts);
    let (one, other) = (alerts.remove(INCIDENT).unwrap(), alerts.remove(OTHER).unwrap());
    soc.world.lock().alerts = [(INCIDENT.to_owned(), other), (OTHER.to_owned(), one)].into();
    assert_eq!(asked(&soc, &connection).await, (2, Some(OTHER.to_owned())));
}
