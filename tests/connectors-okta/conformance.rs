//! Every action passes the suite that all connectors pass, and every exchange keeps to Okta's own document.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use quell_kit::conformance::{Report, check, check_positions, not_met_by_mishaps, not_played};
use quell_okta::OktaConnector;

use crate::bench::{OktaBench, Shows};
use crate::contract::Contract;

/// The actions, each with what its bench cannot bring about.
pub(crate) const ACTIONS: [(&str, &[&str]); 15] = [
    ("account.disable", &[]),
    ("account.enable", &[]),
    ("account.deactivate", &[]),
    ("account.activate", &[]),
    ("account.reactivate", &[]),
    ("account.unlock", &[]),
    ("account.force_password_change", &[]),
    ("account.reset_password", &[]),
    ("account.revoke_sessions", &[]),
    ("account.revoke_tokens", &[]),
    ("account.set_risk", &[]),
    // There is no third state between being in a group and not.
    ("account.add_to_group", &["is undone after somebody else changed it"]),
    ("account.remove_from_group", &["is undone after somebody else changed it"]),
    ("okta.get_user", &[]),
    ("okta.get_groups", &[]),
];

/// Each waits for answers that never come, so they run side by side.
#[tokio::test]
async fn the_actions_conform_with_the_token_of_a_user() {
    the_actions_conform(Shows::ApiToken).await;
}

#[tokio::test]
async fn the_actions_conform_with_the_key_of_an_application() {
    the_actions_conform(Shows::Key).await;
}

async fn the_actions_conform(shows: Shows) {
    let all = stream::iter(ACTIONS).map(|(action, left_out)| conforms(action, shows, left_out));
    let all: Vec<_> = all.buffer_unordered(5).collect().await;
    let broken: Vec<String> = all.iter().flat_map(|(report, _)| report.broken.clone()).collect();
    assert_eq!(broken.join("\n"), "");
    assert_eq!(not_played::<OktaConnector>(all.iter().map(|(report, _)| report)), [""; 0]);
    let called: BTreeSet<String> = all.into_iter().flat_map(|(_, operations)| operations).collect();
    // What only looking up and searching by other names call is called by the tests of looking.
    let elsewhere = [
        "listUsers",
        "listApplicationUsers",
        "getApplicationUser",
        "revokeUserGrants",
        "listRolesForClient",
        "token",
    ];
    let missed: Vec<String> = Contract::read()
        .operations()
        .into_iter()
        .filter(|name| !called.contains(name) && !elsewhere.iter().any(|known| name.starts_with(known)))
        .collect();
    assert_eq!(missed, [""; 0], "operations of the contract that nothing called");
}

/// One mishap at every call of every action, of its undo and of its look.
#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly_with_the_token_of_a_user() {
    a_mishap_at_any_call_is_told_truly(Shows::ApiToken).await;
}

#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly_with_the_key_of_an_application() {
    a_mishap_at_any_call_is_told_truly(Shows::Key).await;
}

async fn a_mishap_at_any_call_is_told_truly(shows: Shows) {
    let all = stream::iter(ACTIONS).map(async |(action, _)| {
        let bench = OktaBench::start_with(action, shows).await;
        let report = check_positions(&bench).await;
        let faults = bench.organisation.faults.lock().join("\n");
        (report, faults)
    });
    let all: Vec<_> = all.buffer_unordered(5).collect().await;
    let broken: Vec<String> = all.iter().flat_map(|(report, _)| report.broken.clone()).collect();
    assert_eq!(broken.join("\n"), "");
    assert_eq!(all.iter().map(|(_, faults)| faults.as_str()).collect::<String>(), "");
    assert_eq!(not_met_by_mishaps::<OktaConnector>(all.iter().map(|(report, _)| report)), [""; 0]);
    let played: usize = all.iter().map(|(report, _)| report.played.len()).sum();
    assert!(played > 300, "{played} mishaps");
}

async fn conforms(
    action: &'static str,
    shows: Shows,
    left_out: &'static [&'static str],
) -> (Report, BTreeSet<String>) {
    let bench = OktaBench::start_with(action, shows).await;
    let mut report = check(&bench).await;
    let expected = left_out.iter().map(|name| format!("{action} at okta: {name}")).collect::<Vec<_>>();
    if report.left_out != expected {
        report.broken.push(format!("{action}: left out {:?}", report.left_out));
    }
    let faults: BTreeSet<String> = bench.organisation.faults.lock().drain(..).collect();
    report.broken.extend(faults);
    let contract = Contract::read();
    let seen = bench.organisation.server.seen();
    let called = seen.iter().filter_map(|seen| contract.name_of(seen)).collect();
    (report, called)
}
