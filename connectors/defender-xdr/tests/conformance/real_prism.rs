//! What is said to Defender XDR, and what the scripted vendor answers, before a program that knows neither of us.

use quell_kit::conformance::{Vendor, play_once};
use quell_kit::contract::prism::{Opinion, opinion_of};

use crate::vendor::Tenant;

#[tokio::test]
async fn every_operation_fits_the_description_of_the_vendor() {
    let tenant = Tenant::start(false).await;
    assert_eq!(play_once(&tenant).await, [""; 0]);
    tenant.with(Vendor::Answers).await.probe.probe().await;
    let opinion = opinion_of("defender-xdr", "graph.yaml", "/v1.0", &tenant.cloud).await;
    assert_eq!(opinion, Opinion::default());
}
