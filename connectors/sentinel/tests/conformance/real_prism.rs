//! What is said to Sentinel, and what the scripted vendor answers, before a program that knows neither of us.

use quell_kit::conformance::{Vendor, play_once};
use quell_kit::contract::prism::{Opinion, opinion_of};
use serde_json::json;

use crate::vendor::Soc;
use crate::workspace::ALERT;

#[tokio::test]
async fn every_operation_fits_the_description_of_the_vendor() {
    let soc = Soc::start(true).await;
    assert_eq!(play_once(&soc).await, [""; 0]);
    // Tasks hang on incidents alone, and the cases are about an alert.
    soc.execute("sentinel.add_task", json!({ "incident": "3177", "title": "t" })).await.unwrap();
    soc.with(Vendor::Answers).await.probe.probe().await;
    soc.world.lock().gone = true;
    soc.execute("sentinel.add_tag", json!({ "alert": ALERT, "tag": "y" })).await.unwrap_err();
    let opinion = opinion_of("sentinel", "sentinel.json", "", &soc.cloud).await;
    assert_eq!(opinion, Opinion::default());
}
