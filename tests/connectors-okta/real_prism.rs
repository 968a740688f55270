//! What is said to Okta, and what the scripted organisation answers, before a program that knows neither of us.

use std::collections::BTreeSet;

use quell_alert::Identifier;
use quell_kit::conformance::play_once;
use quell_kit::contract::prism::Prism;
use serde_json::json;

use crate::bench::{OktaBench, Shows};
use crate::conformance::ACTIONS;
use crate::contract::Contract;
use crate::world::user_id;

#[tokio::test]
async fn every_operation_fits_the_description_of_the_vendor() {
    let mut exchanges = Vec::new();
    for shows in [Shows::ApiToken, Shows::Key] {
        for (action, _) in ACTIONS {
            let bench = OktaBench::start_with(action, shows).await;
            bench.organisation.world.lock().people.get_mut(&user_id("alice")).unwrap().consents = 1;
            assert_eq!(play_once(&bench).await, [""; 0]);
            exchanges.extend(bench.organisation.server.exchanges());
        }
        let bench = OktaBench::start_with("", shows).await;
        let connection = bench.connection(json!({})).await;
        for name in [
            Identifier::login("alice@corp.example").unwrap(),
            Identifier::login("corp/alice").unwrap(),
            Identifier::immutable_id("EJ1aJpQDR0SnJqXG9itKpQ==").unwrap(),
        ] {
            connection.directories[0].account(&[name]).await.unwrap();
        }
        connection.probe.probe().await;
        exchanges.extend(bench.organisation.server.exchanges());
    }
    let contract = Contract::read();
    let asked: BTreeSet<String> =
        exchanges.iter().filter_map(|exchange| contract.name_of(&exchange.seen)).collect();
    assert_eq!(asked, contract.operations().into_iter().collect());
    let prism = Prism::start("okta", "okta.yaml", "").await;
    assert_eq!(prism.faults(&exchanges).await, [""; 0]);
    assert_eq!(prism.lets_pass(&exchanges).await, [""; 0]);
}
