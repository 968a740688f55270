//! The list of connectors: whole, and able to say what is wrong with settings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use quell_action::{ActionName, Connection, Registry};
use quell_alert::Provider;
use quell_connectors::{Kind, all, find};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("connectors")
}

#[test]
fn every_connector_folder_is_on_the_list_and_describes_itself() {
    let folders: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !["all", "kit"].contains(&name.as_str()))
        .collect();
    let listed: BTreeSet<String> = all().iter().map(|kind| kind.name().replace('_', "-")).collect();
    assert_eq!(folders, listed, "folders, and lines in connectors/all");
    for name in &folders {
        assert!(folder().join(name).join("README.md").is_file(), "connectors/{name} has no README.md");
    }
}

#[test]
fn names_are_found_and_summaries_are_sentences() {
    for kind in all() {
        assert_eq!(find(kind.name()).unwrap().name(), kind.name());
        assert!(kind.summary().ends_with('.'), "{}", kind.name());
        assert!(!kind.actions().is_empty(), "{} offers nothing", kind.name());
    }
    assert!(find("aktive_directory").is_none());
}

#[test]
fn every_setting_and_every_parameter_is_documented() {
    for kind in all() {
        let schema = kind.settings_schema();
        assert_eq!(schema["additionalProperties"], json!(false), "{} takes unknown settings", kind.name());
        undocumented(&schema, kind.name());
        for info in kind.actions() {
            for param in info.params.iter().chain(&info.outputs) {
                assert!(!param.summary.is_empty(), "{} {}: {}", kind.name(), info.spec.name, param.name);
            }
            assert!(!info.spec.permissions.is_empty(), "{} {}: no rights", kind.name(), info.spec.name);
        }
    }
}

fn undocumented(schema: &Value, place: &str) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let described = property.get("description").is_some();
        assert!(described, "{place}.{name} has no doc comment");
    }
    for (name, inner) in schema["$defs"].as_object().into_iter().flatten() {
        undocumented(inner, &format!("{place}/{name}"));
    }
}

#[test]
fn what_is_wrong_with_settings_is_said_with_its_place() {
    let problems = |kind: &str, settings: Value| -> Vec<(String, String)> {
        let found = find(kind).unwrap().offered(&settings).unwrap_err();
        found.into_iter().map(|problem| (problem.place, problem.message)).collect()
    };
    let unknown = problems("lab", json!({ "folder": "x", "fautls": [] }));
    assert!(unknown[0].1.contains("unknown field `fautls`"), "{unknown:?}");
    let nested = problems(
        "webhook",
        json!({ "endpoints": { "soc": { "url": "https://x.example", "secret": "hunter2" } } }),
    );
    assert_eq!(nested[0].0, "endpoints.soc.secret");
    assert!(!nested[0].1.contains("hunter2"), "{nested:?}");
    let several = problems("lab", json!({ "folder": "", "personas": ["x"] }));
    assert_eq!(
        several.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(),
        ["folder", "personas[0]"]
    );
    for kind in all() {
        assert!(kind.offered(&json!({})).is_err(), "{} is content with nothing", kind.name());
        assert!(kind.offered(&json!("text")).is_err());
    }
}

#[tokio::test]
async fn settings_that_do_not_pass_the_check_are_not_connected_with() {
    let lab: Kind = find("lab").unwrap();
    let refused = lab.connect("sandbox", json!({ "folder": "", "personas": [] })).await.err().unwrap();
    assert!(refused.to_string().starts_with("connectors.sandbox.folder: "), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let connection = lab.connect("sandbox", json!({ "folder": folder.path() })).await.unwrap();
    assert_eq!(connection.name, "sandbox");
    assert_eq!(connection.actions.len(), lab.actions().len());
}

/// Which connector acts is never left to chance, and a preference counts for its provider alone.
#[tokio::test]
async fn two_that_offer_the_same_need_a_preference() {
    let lab = find("lab").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let connect = async |name: &str, personas: &[&str]| {
        let settings = json!({ "folder": folder.path().join(name), "personas": personas });
        lab.connect(name, settings).await.unwrap()
    };
    let mut both =
        [connect("first", &["okta", "active_directory"]).await, connect("second", &["okta"]).await];
    let okta = Provider::from("okta");
    let disable = ActionName::from("account.disable");
    let acts = |registry: &Registry, connection: &Connection, provider: &Provider| {
        let action = registry.action(&disable, provider).unwrap();
        connection.actions.iter().any(|own| Arc::ptr_eq(own, action))
    };
    for _ in 0..2 {
        both.reverse();
        let error = Registry::new(&both).err().unwrap();
        assert!(error.provider == okta && error.to_string().contains("prefer"), "{error}");
        let first = both.iter().find(|connection| connection.name == "first").unwrap();
        for preferred in &both {
            let preference = BTreeMap::from([(okta.clone(), preferred.name.clone())]);
            let registry = Registry::preferring(&both, &preference).unwrap();
            assert!(acts(&registry, preferred, &okta));
            assert!(acts(&registry, first, &Provider::from("active_directory")));
        }
        for other in [(okta.clone(), "third"), (Provider::from("entra_id"), "first")] {
            let preference = BTreeMap::from([(other.0, other.1.to_owned())]);
            assert!(Registry::preferring(&both, &preference).is_err());
        }
    }
}
