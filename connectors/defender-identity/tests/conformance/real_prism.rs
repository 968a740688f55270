//! What is said to Defender for Identity, and what the scripted vendor answers, before a program that knows neither of us.

use quell_alert::{Hint, Identifier};
use quell_kit::conformance::{Vendor, play_once};
use quell_kit::contract::prism::{Opinion, opinion_of};

use crate::vendor::{SID, Sensor};

#[tokio::test]
async fn every_operation_fits_the_description_of_the_vendor() {
    let sensor = Sensor::start().await;
    assert_eq!(play_once(&sensor).await, [""; 0]);
    let connection = sensor.with(Vendor::Answers, 0).await;
    connection.directories[0].account(&[Identifier::recognise(SID, Hint::Any).unwrap()]).await.unwrap();
    connection.probe.probe().await;
    let opinion = opinion_of("defender-identity", "graph.yaml", "/v1.0", &sensor.cloud).await;
    assert_eq!(opinion, Opinion::default());
}
