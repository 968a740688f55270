//! The probe says what the rights allow, and changes nothing.

use serde_json::json;

use super::{connect, variable};

#[tokio::test]
async fn the_rights_of_each_account_are_told() {
    for (account, password, expected) in [
        ("QUELL_TEST_AD_USER", "QUELL_TEST_AD_PASSWORD", true),
        ("QUELL_TEST_AD_READER_USER", "QUELL_TEST_AD_READER_PASSWORD", false),
    ] {
        let connection = connect(json!({"account": variable(account), "password_of": password})).await;
        let report = connection.probe.probe().await;
        assert_eq!(report.problems, Vec::<String>::new());
        let system = report.system.unwrap();
        assert!(system.contains("dc1.") && system.contains(&variable("QUELL_TEST_AD_DOMAIN")), "{system}");
        assert_eq!(report.grants.len(), connection.actions.len());
        for grant in report.grants {
            let told = !grant.action.ends_with("_group") && grant.action != "account.reset_password";
            let may_read = grant.action == "active_directory.get_user";
            assert_eq!(grant.allowed, told.then_some(expected || may_read), "{grant:?}");
            let note = grant.note.unwrap();
            let on_machines = grant.action.starts_with("device.");
            assert_eq!(note.contains("accounts looked at"), told && !on_machines, "{note}");
            assert_eq!(note.contains("computers looked at"), on_machines, "{note}");
        }
    }
}

#[tokio::test]
async fn an_administrator_is_told_that_he_is_too_much() {
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), variable("QUELL_TEST_AD_ADMIN_PASSWORD")).unwrap();
    let connection = connect(json!({
        "account": variable("QUELL_TEST_AD_ADMIN_USER"),
        "password": {"file": password.path()},
    }))
    .await;
    let report = connection.probe.probe().await;
    assert!(report.problems.iter().any(|problem| problem.contains("is an administrator")), "{report:?}");
}

#[tokio::test]
async fn every_controller_that_cannot_be_reached_is_named() {
    let connection =
        connect(json!({"servers": [variable("QUELL_TEST_AD_URL"), "ldaps://127.0.0.1:1"]})).await;
    let report = connection.probe.probe().await;
    assert!(report.system.is_some());
    assert!(report.problems.iter().any(|problem| problem.contains("127.0.0.1:1 ")), "{report:?}");
}
