//! Signing in: a refused password is never tried until the account is locked.

use quell_action::{Failure, LookUp, Observation};
use quell_alert::Identifier;
use serde_json::json;

use crate::controller::domain::{ACCOUNT, PASSWORD};
use crate::controller::{Controller, Mood, connect, connect_with, target};
use crate::windows::{on_accounts, params_of, request};

async fn look(connection: &quell_action::Connection) -> Result<Observation, quell_action::ActionError> {
    connection.actions[0].observe(&target("Alice"), &json!({})).await
}

#[tokio::test]
async fn a_hundred_calls_with_a_wrong_password_sign_in_once() {
    let controller = Controller::start(Mood::RefusesSignIn("52e")).await;
    let connection = controller.connect().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let action = connection.actions[0].clone();
        calls.spawn(async move { action.observe(&target("Alice"), &json!({})).await });
    }
    while let Some(result) = calls.join_next().await {
        let error = result.unwrap().unwrap_err();
        assert_eq!(error.failure, Failure::Credentials, "{error}");
        assert!(error.message.contains("password is wrong") && !error.message.contains(PASSWORD), "{error}");
    }
    assert_eq!(controller.sign_ins(), 1);
}

#[tokio::test]
async fn two_controllers_do_not_make_two_tries() {
    let (one, two) = (
        Controller::start(Mood::RefusesSignIn("52e")).await,
        Controller::start(Mood::RefusesSignIn("52e")).await,
    );
    let connection = connect(&[&one.url, &two.url]).await;
    for _ in 0..5 {
        assert_eq!(look(&connection).await.unwrap_err().failure, Failure::Credentials);
    }
    assert_eq!(one.sign_ins() + two.sign_ins(), 1);
}

#[tokio::test]
async fn a_renewed_password_is_used_at_once() {
    let controller = Controller::start(Mood::Answers).await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "stale").unwrap();
    let connection = connect_with(&[&controller.url], json!({"password": {"file": password}})).await;
    for _ in 0..3 {
        assert_eq!(look(&connection).await.unwrap_err().failure, Failure::Credentials);
    }
    assert_eq!(controller.sign_ins(), 1);
    std::fs::write(&password, PASSWORD).unwrap();
    look(&connection).await.unwrap();
    assert_eq!(controller.sign_ins(), 2);
}

/// A controller in trouble has not said that the password is wrong.
#[tokio::test]
async fn a_controller_that_is_too_busy_to_let_anybody_in_is_tried_again() {
    let controller = Controller::start(Mood::BusyAtSignIn).await;
    let connection = controller.connect().await;
    for tries in 1..3 {
        let error = look(&connection).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error}");
        assert_eq!(controller.sign_ins(), tries);
    }
}

/// Where TLS does not stand from the first byte on, nothing is said before it does.
#[tokio::test]
async fn nothing_is_said_in_clear_but_that_tls_is_wanted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let said = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = [0; 64];
        let length = tokio::io::AsyncReadExt::read(&mut stream, &mut said).await.unwrap();
        let (message, _) = crate::controller::ber::take(&said[..length]).unwrap();
        message.inner()[1].tag
    });
    look(&connect_with(&[&url], json!({ "start_tls": true })).await).await.unwrap_err();
    assert_eq!(said.await.unwrap(), 0x77, "an extended request: to begin with TLS");
}

#[tokio::test]
async fn an_operator_gets_one_more_try() {
    let controller = Controller::start(Mood::RefusesSignIn("775")).await;
    let connection = controller.connect().await;
    look(&connection).await.unwrap_err();
    let report = connection.probe.probe().await;
    assert!(report.problems.iter().any(|problem| problem.contains("locked out")), "{report:?}");
    assert!(report.grants.iter().all(|grant| grant.allowed.is_none()));
    assert_eq!(controller.sign_ins(), 2);
    look(&connection).await.unwrap_err();
    assert_eq!(controller.sign_ins(), 2);
}

#[tokio::test]
async fn an_empty_password_is_never_sent() {
    let controller = Controller::start(Mood::Answers).await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let connection = connect_with(&[&controller.url], json!({"password": {"file": password}})).await;
    std::fs::write(&password, "\n").unwrap();
    let error = look(&connection).await.unwrap_err();
    // The file may just be written anew: that passes.
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error:?}");
    assert!(error.message.contains("empty"), "{error}");
    assert_eq!(controller.sign_ins(), 0);
}

#[tokio::test]
async fn many_calls_share_one_sign_in() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let directory = connection.directories[0].clone();
        calls
            .spawn(async move { directory.account(&[Identifier::upn("alice@corp.example").unwrap()]).await });
    }
    while let Some(result) = calls.join_next().await {
        assert!(matches!(result.unwrap(), Ok(LookUp::Found(_))));
    }
    assert_eq!(controller.sign_ins(), 1);
}

#[tokio::test]
async fn its_own_account_is_found_and_never_touched() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    let found = connection.directories[0].account(&[Identifier::upn(ACCOUNT).unwrap()]).await.unwrap();
    let LookUp::Found(facts) = found else { panic!("{found:?}") };
    assert_eq!(facts.protected, Some(quell_action::Protected::OwnAccount));
    for action in on_accounts(&connection) {
        let request = request(action.as_ref(), "quell", params_of(action.as_ref()));
        let error = action.execute(request).await.unwrap_err();
        assert_eq!(error.failure, Failure::Forbidden);
        assert!(error.message.contains("never touched"), "{error}");
    }
    assert_eq!(controller.domain.lock().changes, 0);
}
