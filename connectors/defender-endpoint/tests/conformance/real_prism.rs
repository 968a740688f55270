//! What is said to Defender for Endpoint, and what the scripted vendor answers, before a program that knows neither of us.

use quell_alert::DeviceIdentifier;
use quell_kit::conformance::{Vendor, play_once};
use quell_kit::contract::prism::{Opinion, opinion_of};
use serde_json::json;

use crate::orders::{call, undo};
use crate::vendor::{Fleet, WKS1};

#[tokio::test]
async fn every_operation_fits_the_description_of_the_vendor() {
    let fleet = Fleet::start().await;
    assert_eq!(play_once(&fleet).await, [""; 0]);
    let connection = fleet.with(Vendor::Answers, 0).await;
    for name in [WKS1, "wks1.corp.example", "192.0.2.10"] {
        connection.directories[0].device(&[DeviceIdentifier::recognise(name).unwrap()]).await.unwrap();
    }
    connection.probe.probe().await;
    // An order that is followed, and one that still waits when it is taken back.
    fleet.world.lock().orders.clear();
    fleet.world.lock().status = "Pending";
    call(&fleet, "device.isolate", "k", json!({})).await.unwrap();
    undo(&fleet, "none", "full").await.unwrap();
    let opinion = opinion_of("defender-endpoint", "defender-endpoint.yaml", "", &fleet.cloud).await;
    assert_eq!(opinion, Opinion::default());
}
