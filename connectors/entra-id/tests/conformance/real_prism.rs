//! What is said to Entra ID, and what the scripted vendor answers, before a program that knows neither of us.

use quell_alert::{Hint, Identifier};
use quell_kit::conformance::play_once;
use quell_kit::contract::prism::{Opinion, opinion_of};
use serde_json::json;

use crate::refusing::execute;
use crate::vendor::{ALICE, QUARANTINE, Tenant};

#[tokio::test]
async fn every_operation_fits_the_description_of_the_vendor() {
    let tenant = Tenant::start().await;
    assert_eq!(play_once(&tenant).await, [""; 0]);
    let connection = tenant.with(json!({})).await;
    let names = ["alice@contoso.example", "S-1-5-21-1-2-3-1104", "CORP\\alice"];
    let names = names.map(|name| Identifier::recognise(name, Hint::Any).unwrap());
    for name in names.into_iter().chain([Identifier::EntraId(ALICE.into())]) {
        connection.directories[0].account(&[name]).await.unwrap();
    }
    connection.probe.probe().await;
    execute(&tenant, "account.add_to_group", json!({ "group": QUARANTINE })).await.unwrap();
    let opinion = opinion_of("entra-id", "graph.yaml", "/v1.0", &tenant.cloud).await;
    assert_eq!(opinion, Opinion::default());
}
