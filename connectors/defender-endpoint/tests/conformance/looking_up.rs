//! Which device is meant by which names.

use std::time::Duration;

use quell_action::{ActionError, Connector, DeviceFacts, Failure, LookUp, Request, RequestKey, Target};
use quell_alert::DeviceIdentifier;
use quell_defender_endpoint::DefenderEndpoint;
use quell_kit::conformance::{Vendor, clear};
use serde_json::{Value, json};

use crate::vendor::{Fleet, WKS1};

async fn look_up(fleet: &Fleet, names: &[&str]) -> Result<LookUp<DeviceFacts>, ActionError> {
    let connection = fleet.with(Vendor::Answers, 0).await;
    let names: Vec<_> = names.iter().map(|name| DeviceIdentifier::recognise(name).unwrap()).collect();
    let found = connection.directories[0].device(&names).await;
    assert_eq!(fleet.cloud.contract().violations(), [] as [&str; 0]);
    found
}

#[tokio::test]
async fn every_strong_name_leads_to_the_same_device() {
    let fleet = Fleet::start().await;
    let names = [WKS1, "WKS1.corp.example.", "73D664E4-0886-4a73-b745-c694da45ddb4"];
    for one in names {
        let LookUp::Found(facts) = look_up(&fleet, &[one]).await.unwrap() else {
            panic!("{one} finds nothing")
        };
        assert_eq!((facts.key.id.as_str(), facts.display.as_str()), (WKS1, "wks1.corp.example"));
        assert_eq!(facts.tags, Some(vec!["vip".to_owned()]));
        let addresses: Vec<String> = facts.addresses.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["192.0.2.10"], "not that of the network it stands behind");
    }
    assert!(matches!(look_up(&fleet, &names).await.unwrap(), LookUp::Found(_)));
}

#[tokio::test]
async fn a_name_that_is_only_like_it_finds_nothing() {
    let fleet = Fleet::start().await;
    // The vendor finds what begins so as well.
    fleet.world.lock().machines[0]["computerDnsName"] = json!("wks1.corp.example.com");
    for names in [
        &["wks1.corp.example"][..],
        &["wks1"],
        &["CORP\\wks1"],
        &["wks1.corp.example.com", "00000000-0000-0000-0000-00000000dead"],
        &["ffffffffffffffffffffffffffffffffffffffff"],
        &["ffffffffffffffffffffffffffffffffffffffff", "wks1.corp.example.com"],
        &[],
    ] {
        assert!(matches!(look_up(&fleet, names).await.unwrap(), LookUp::NotFound), "{names:?}");
    }
}

#[tokio::test]
async fn a_name_that_two_living_devices_have_finds_none_of_them() {
    let fleet = Fleet::start().await;
    let mut twin = fleet.world.lock().machines[0].clone();
    twin["id"] = json!("2e5bc9d7e413ddd7902c2932e418702b84d0cc07");
    fleet.world.lock().machines.push(twin);
    for paged in [true, false] {
        fleet.world.lock().paged = paged;
        let found = look_up(&fleet, &["wks1.corp.example"]).await.unwrap();
        assert!(matches!(found, LookUp::Ambiguous(_)), "paged: {paged}");
    }
    assert!(matches!(look_up(&fleet, &[WKS1]).await.unwrap(), LookUp::Found(_)), "its id is its own");
    // The old self of a device that was set up anew.
    fleet.world.lock().machines[1]["healthStatus"] = json!("Inactive");
    assert!(matches!(look_up(&fleet, &["wks1.corp.example"]).await.unwrap(), LookUp::Found(_)));
    // Two names of two devices.
    fleet.world.lock().machines[1]["computerDnsName"] = json!("wks2.corp.example");
    let both = ["wks1.corp.example", "wks2.corp.example"];
    assert!(matches!(look_up(&fleet, &both).await.unwrap(), LookUp::Ambiguous(_)));
}

#[tokio::test]
async fn a_name_stays_a_text() {
    let fleet = Fleet::start().await;
    let connection = fleet.with(Vendor::Answers, 0).await;
    let name = [DeviceIdentifier::DnsName("x' or id ne 'y".into())];
    assert_eq!(connection.directories[0].device(&name).await.unwrap(), LookUp::NotFound);
    let seen = fleet.cloud.seen();
    assert!(seen.iter().any(|seen| seen.path.contains("%27x%27%27%20or%20id%20ne%20%27%27y%27")), "{seen:?}");
}

#[tokio::test]
async fn a_system_that_cannot_be_asked_is_an_error() {
    let fleet = Fleet::start().await;
    for (vendor, failure) in [
        (Vendor::Forbids, Failure::Forbidden),
        (Vendor::Throttles(None), Failure::Throttled { retry_after: None }),
        (Vendor::IsDown, Failure::Unavailable { retry_after: None }),
    ] {
        let connection = fleet.with(vendor, 0).await;
        for name in
            [DeviceIdentifier::dns_name("wks1.corp.example").unwrap(), DeviceIdentifier::MdeId(WKS1.into())]
        {
            let error = connection.directories[0].device(&[name]).await.unwrap_err();
            assert_eq!(error.failure, failure);
        }
    }
}

#[tokio::test]
async fn a_probe_tells_what_it_reached_and_changes_nothing() {
    let fleet = Fleet::start().await;
    let report = fleet.with(Vendor::Answers, 0).await.probe.probe().await;
    assert!(report.system.unwrap().starts_with("tenant 11111111-2222-3333-4444-555555555555 at 127.0.0.1"));
    assert_eq!(report.problems, [] as [&str; 0]);
    assert_eq!(report.grants.len(), DefenderEndpoint::actions(None).len());
    assert_eq!(fleet.world.lock().changes, 0);
    let report = fleet.with(Vendor::Forbids, 0).await.probe.probe().await;
    assert!(report.problems[0].contains("reading devices"), "{:?}", report.problems);
}

async fn get_device(fleet: &Fleet, asked: Value) -> Result<Value, ActionError> {
    let connection = fleet.with(Vendor::Answers, 0).await;
    let get =
        connection.actions.iter().find(|one| one.info().spec.name == "defender_endpoint.get_device").unwrap();
    let cleared = clear(&Target::None, &get.info().spec).unwrap();
    let request = Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), asked);
    get.execute(request).await.map(|outcome| outcome.output)
}

#[tokio::test]
async fn a_device_is_read_by_a_name_or_by_the_address_that_it_had() {
    let fleet = Fleet::start().await;
    fleet.world.lock().machines[0]["hadIpAddress"] = json!("192.0.2.99");
    let then = "2026-01-01T10:00:00.5+01:00";
    for asked in [
        json!({ "device": WKS1 }),
        json!({ "device": "WKS1.corp.example" }),
        json!({ "ip": "192.0.2.10" }),
        json!({ "ip": "192.0.2.99", "at": then }),
    ] {
        let device = get_device(&fleet, asked.clone()).await.unwrap();
        assert_eq!(
            (&device["mde_id"], &device["addresses"]),
            (&json!(WKS1), &json!(["192.0.2.10"])),
            "{asked}"
        );
    }
    let last = fleet.cloud.seen().last().unwrap().path.clone();
    assert!(last.ends_with("/machines/findbyip(ip='192.0.2.99',timestamp=2026-01-01T09:00:00Z)"), "{last}");
    assert_eq!(fleet.cloud.contract().violations(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_device_that_is_read_tells_what_it_may_not_be_able_to_do() {
    let fleet = Fleet::start().await;
    let asked = json!({ "device": WKS1 });
    assert_eq!(get_device(&fleet, asked.clone()).await.unwrap()["doubts"], json!([]));
    fleet.world.lock().machines[0]["osPlatform"] = json!("Linux");
    let doubts = get_device(&fleet, asked).await.unwrap()["doubts"].clone();
    assert_eq!(doubts[1], "device.isolate (selective): selective isolation is not known for Linux");
    assert_eq!(doubts.as_array().unwrap().len(), 3, "{doubts}");
}

#[tokio::test]
async fn an_address_that_tells_nobody_apart_finds_nobody() {
    let fleet = Fleet::start().await;
    fleet.world.lock().machines[0]["hadIpAddress"] = json!("192.0.2.99");
    for (asked, failure) in [
        (json!({ "ip": "192.0.2.99" }), Failure::NotFound),
        (json!({ "ip": "192.0.2.1" }), Failure::NotFound),
        (json!({ "ip": "127.0.0.1" }), Failure::Rejected),
        (json!({ "ip": "192.0.2.10'" }), Failure::Rejected),
        (json!({ "ip": "192.0.2.10", "at": "yesterday" }), Failure::Rejected),
        (json!({ "device": "wks1.corp" }), Failure::NotFound),
        (json!({ "device": "wks1" }), Failure::Rejected),
        (json!({ "device": WKS1, "ip": "192.0.2.10" }), Failure::Rejected),
        (json!({}), Failure::Rejected),
    ] {
        assert_eq!(get_device(&fleet, asked.clone()).await.unwrap_err().failure, failure, "{asked}");
    }
    let mut twin = fleet.world.lock().machines[0].clone();
    twin["id"] = json!("2e5bc9d7e413ddd7902c2932e418702b84d0cc07");
    fleet.world.lock().machines.push(twin);
    let error = get_device(&fleet, json!({ "ip": "192.0.2.10" })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous);
}
