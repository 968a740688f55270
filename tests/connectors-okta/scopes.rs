//! What an application may do: the scopes of its tokens, and what a probe says of them.

use quell_action::Failure;
use serde_json::json;

use crate::organisation::APP;
use crate::sign_in::CLIENT;
use crate::signing_in::{bench, changes, connect, disable};

#[tokio::test]
async fn a_probe_says_which_scopes_lack_and_what_they_are_for() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    let report = connection.probe.probe().await;
    let name = format!("corp.okta.example as the application {CLIENT}");
    assert_eq!(report.system, Some(name));
    assert_eq!(report.problems, [""; 0]);
    let of = |report: &quell_action::ProbeReport, action: &str| {
        let grant = report.grants.iter().find(|grant| grant.action == action).unwrap();
        (grant.allowed, grant.note.clone().unwrap_or_default())
    };
    assert_eq!(of(&report, "account.disable"), (Some(true), "the application has USER_ADMIN".into()));
    assert_eq!(of(&report, "account.set_risk").0, Some(false), "the role does not allow it");

    // Okta gives no token as long as one scope lacks, and does not say which.
    bench.organisation.sign_in.set(|state| {
        state.granted.remove("okta.userRisk.manage");
        state.granted.remove("okta.groups.manage");
    });
    let report = connect(&bench, json!({})).await.probe.probe().await;
    assert_eq!(report.system, None);
    let said = report.problems.join("\n");
    assert!(said.contains("invalid_scope"), "{said}");
    assert!(
        said.contains("not granted to the application: okta.groups.manage, okta.userRisk.manage"),
        "{said}"
    );
    assert_eq!(of(&report, "account.set_risk"), (Some(false), "grant okta.userRisk.manage".into()));
    assert_eq!(of(&report, "account.add_to_group"), (Some(false), "grant okta.groups.manage".into()));
    assert_eq!(of(&report, "account.disable").0, None, "the roles cannot be read without a token");

    // Whoever asks for less is told what lacks for what.
    let few = json!({ "scopes": ["okta.users.manage", "okta.groups.read"] });
    let report = connect(&bench, few).await.probe.probe().await;
    assert_eq!(of(&report, "account.disable"), (Some(false), "grant okta.roles.read".into()));
    let said = report.problems.join("\n");
    assert!(said.contains("the roles of the application cannot be read"), "{said}");
    assert!(said.contains(&format!("the integration {APP} cannot be read")), "{said}");
}

#[tokio::test]
async fn a_scope_that_lacks_is_a_right_that_lacks() {
    let bench = bench().await;
    let few = json!({ "scopes": ["okta.users.read", "okta.groups.read", "okta.roles.read"] });
    let error = disable(&connect(&bench, few).await).await.unwrap_err();
    assert_eq!((error.failure, changes(&bench)), (Failure::Forbidden, 0));
}
