//! A wrong password, a wrong authority, a controller that is gone, that hangs, that is cut off.

use quell_action::{Effect, Failure, InEffect};
use serde_json::json;

use super::people::{Admin, sign_in};
use super::proxy::{Proxy, Way};
use super::{audit, connect, execute, observe, target, variable};

const DISABLE: &str = "account.disable";

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_locks_nobody() {
    let mut admin = Admin::new().await;
    let service = admin.person("q-service").await;
    let connection = connect(json!({"account": service.upn, "password_of": "wrong"})).await;
    let victim = target(&connect(json!({})).await, "user08@example.com").await;
    for _ in 0..10 {
        let error = execute(&connection, DISABLE, &victim, json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Credentials, "{error}");
        assert!(error.message.contains(&service.upn), "{error}");
        assert!(!error.message.contains("this is not the password"), "{error}");
    }
    // Three would have locked it.
    assert_eq!(admin.get(&service, "badPwdCount").await, "1");
    assert_eq!(sign_in(&service.upn).await, None);
}

#[tokio::test]
async fn a_disabled_service_account_says_why() {
    let mut admin = Admin::new().await;
    let service = admin.person("q-service-off").await;
    admin.set(&service, "userAccountControl", "514").await;
    let connection =
        connect(json!({"account": service.upn, "password_of": "QUELL_TEST_AD_USER_PASSWORD"})).await;
    let report = connection.probe.probe().await;
    assert!(report.problems.iter().any(|problem| problem.contains("disabled")), "{report:?}");
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let victim = target(&connect(json!({})).await, "user08@example.com").await;
    let connection = connect(json!({"ca_file": variable("QUELL_TEST_AD_OTHER_CA")})).await;
    let error = execute(&connection, DISABLE, &victim, json!({})).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error:?}");
    assert!(error.message.contains("ca_file"), "{error}");
}

#[tokio::test]
async fn a_certificate_must_name_the_host() {
    let victim = target(&connect(json!({})).await, "user08@example.com").await;
    let url = variable("QUELL_TEST_AD_URL").replace("127.0.0.1", "127.0.0.2");
    let connection = connect(json!({"servers": [url]})).await;
    let error = execute(&connection, DISABLE, &victim, json!({})).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn start_tls_works_and_the_password_never_goes_in_clear() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-starttls").await;
    let connection =
        connect(json!({"servers": [variable("QUELL_TEST_AD_PLAIN_URL")], "start_tls": true})).await;
    let target = target(&connection, &person.upn).await;
    execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert_eq!(sign_in(&person.upn).await.as_deref(), Some("533"));
}

#[tokio::test]
async fn a_controller_that_is_gone_leaves_everything_as_it_was() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-gone").await;
    let proxy = Proxy::start().await;
    let connection = connect(json!({"servers": [proxy.url]})).await;
    let target = target(&connection, &person.upn).await;
    drop(proxy);
    let error = execute(&connection, DISABLE, &target, json!({})).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error:?}");
    assert_eq!(sign_in(&person.upn).await, None);
}

#[tokio::test]
async fn a_connection_that_the_controller_closed_is_made_anew() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-closed").await;
    let proxy = Proxy::start().await;
    let connection = connect(json!({"servers": [proxy.url]})).await;
    let target = target(&connection, &person.upn).await;
    proxy.set(Way::CutAfter(1));
    let cut = super::action(&connection, DISABLE).observe(&target, &json!({})).await;
    assert!(cut.is_err(), "the way is closed for good");
    proxy.set(Way::Open);
    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
}

#[tokio::test]
async fn a_lost_answer_is_uncertain_and_can_be_read_back() {
    let mut admin = Admin::new().await;
    for (name, way, timeout) in [("q-cut", Way::CutAfter(2), 10), ("q-silent", Way::SilentAfter(2), 1)] {
        let person = admin.person(name).await;
        let proxy = Proxy::start().await;
        let connection = connect(json!({"servers": [proxy.url], "operation_timeout_secs": timeout})).await;
        let target = target(&connection, &person.upn).await;
        // The first request reads the account, the second one changes it.
        proxy.set(way);
        let error = execute(&connection, DISABLE, &target, json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Uncertain, "{error}");
        proxy.set(Way::Open);
        assert_eq!(observe(&connection, DISABLE, &target).await.in_effect, InEffect::Yes);
        let repeated = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
        assert_eq!(repeated.effect, Effect::Unchanged);
        assert_eq!(audit::changes(&person, "userAccountControl"), 1);
    }
}

#[tokio::test]
async fn the_second_controller_takes_over() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-failover").await;
    let (gone, hanging) = (Proxy::start().await, Proxy::start().await);
    hanging.set(Way::SilentAfter(0));
    let servers = [gone.url.clone(), hanging.url.clone(), variable("QUELL_TEST_AD_URL")];
    drop(gone);
    let connection =
        connect(json!({"servers": servers, "connect_timeout_secs": 1, "operation_timeout_secs": 1})).await;
    let target = target(&connection, &person.upn).await;
    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);
}
