//! Against a real domain controller. Its endpoint comes from the environment, and a missing one fails the test: these
//! tests never pass by not running. Every test makes its own people, so that all of them can run side by side and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{
    AccountFacts, ActionError, AnyAction, Connection, Connector, Effect, LookUp, Observation, Outcome,
    Request, RequestKey, Restore, State, Target,
};
use quell_active_directory::{ActiveDirectory, Settings};
use quell_alert::Identifier;
use quell_kit::conformance::clear;
use quell_tests::directory::{audit, people, proxy};
use quell_tests::environment::variable;
use serde_json::{Value, json};

mod containing;
mod emulator;
mod failover;
mod faults;
mod looking_up;
mod machines;
mod probing;

/// The settings that lead to the real controller, with these changes.
fn settings(changes: &Value) -> Settings {
    let folder = password_folder();
    let password = folder.join(changes["password_of"].as_str().unwrap_or("QUELL_TEST_AD_PASSWORD"));
    let mut all = json!({
        "servers": [variable("QUELL_TEST_AD_URL")],
        "ca_file": variable("QUELL_TEST_AD_CA"),
        "account": variable("QUELL_TEST_AD_USER"),
        "password": {"file": password},
    });
    for (name, value) in changes.as_object().unwrap().iter().filter(|(name, _)| *name != "password_of") {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

async fn connect(changes: Value) -> Connection {
    let settings = settings(&changes);
    assert_eq!(ActiveDirectory::check(&settings), []);
    ActiveDirectory::connect("test", settings).await.unwrap()
}

fn action<'a>(connection: &'a Connection, name: &str) -> &'a Arc<dyn AnyAction> {
    connection.actions.iter().find(|action| action.info().spec.name == name).unwrap()
}

async fn execute(
    connection: &Connection,
    name: &str,
    target: &Target,
    params: Value,
) -> Result<Outcome<Value>, ActionError> {
    let action = action(connection, name);
    action.execute(request(action.as_ref(), target, params)).await
}

async fn observe(connection: &Connection, name: &str, target: &Target) -> Observation {
    action(connection, name).observe(target, &json!({})).await.unwrap()
}

/// Undoes what an outcome says was changed.
async fn undo(
    connection: &Connection,
    name: &str,
    target: &Target,
    outcome: &Outcome<Value>,
) -> Result<Outcome<()>, ActionError> {
    let (before, after) = states(outcome);
    let action = action(connection, name);
    action.restore(request(action.as_ref(), target, Restore { params: json!({}), before, after })).await
}

fn states(outcome: &Outcome<Value>) -> (State, State) {
    match &outcome.effect {
        Effect::Changed { before, after } | Effect::Ineffective { before, after, .. } => {
            (before.clone(), after.clone())
        }
        Effect::Unchanged => panic!("nothing to undo"),
    }
}

fn request<P>(action: &dyn AnyAction, target: &Target, params: P) -> Request<P> {
    let cleared = clear(target, &action.info().spec).unwrap();
    Request::new(cleared, RequestKey("test".into()), Duration::from_secs(20), params)
}

/// Whom the connector finds under this name.
async fn find(connection: &Connection, name: Identifier) -> AccountFacts {
    match connection.directories[0].account(std::slice::from_ref(&name)).await.unwrap() {
        LookUp::Found(facts) => facts,
        other => panic!("{name}: {other:?}"),
    }
}

async fn target(connection: &Connection, upn: &str) -> Target {
    Target::Account(find(connection, Identifier::upn(upn).unwrap()).await.key)
}

/// Passwords lie in files, as a service would have them; each named by the variable that it came from.
fn password_folder() -> PathBuf {
    static FOLDER: std::sync::LazyLock<tempfile::TempDir> = std::sync::LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["QUELL_TEST_AD_PASSWORD", "QUELL_TEST_AD_READER_PASSWORD", "QUELL_TEST_AD_USER_PASSWORD"]
        {
            std::fs::write(folder.path().join(name), variable(name)).unwrap();
        }
        std::fs::write(folder.path().join("wrong"), "this is not the password").unwrap();
        folder
    });
    FOLDER.path().to_owned()
}
