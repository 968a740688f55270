//! What is wrong with the settings is found without reaching anything, and never repeats a secret.

use quell_connectors::find;
use serde_json::{Value, json};

use crate::cloud::{CONNECTORS, TENANT, add_own};

fn problems(name: &str, changes: Value) -> Vec<(String, String)> {
    let mut settings = json!({
        "tenant": TENANT,
        "application": TENANT,
        "credential": { "secret": { "env": "QUELL_SECRET" } },
    });
    add_own(name, &mut settings);
    for (key, value) in changes.as_object().unwrap() {
        settings[key] = value.clone();
    }
    let offered = find(name).unwrap().offered(&settings);
    let found = offered.err().unwrap_or_default();
    found.into_iter().map(|problem| (problem.place, problem.message)).collect()
}

#[test]
fn good_settings_have_no_problems() {
    for (name, _) in CONNECTORS {
        for credential in [
            json!({ "secret": { "file": "/etc/quell/secret" } }),
            json!({ "certificate": { "certificate": "/c.pem", "key": { "env": "KEY" } } }),
            json!({ "workload_identity": { "token_file": "/var/run/token" } }),
        ] {
            assert_eq!(problems(name, json!({ "credential": credential })), [], "{name} {credential}");
        }
        let machine = json!({ "credential": { "managed_identity": {} }, "application": null });
        assert_eq!(problems(name, machine), [], "{name}");
    }
}

#[test]
fn a_secret_in_the_place_of_its_reference_is_refused_and_not_repeated() {
    for (name, _) in CONNECTORS {
        for credential in [
            json!({ "secret": "pa55-word" }),
            json!({ "secret": { "value": "pa55-word" } }),
            json!({ "certificate": { "certificate": "/c.pem", "key": "pa55-word" } }),
        ] {
            let found = problems(name, json!({ "credential": credential }));
            assert!(!found.is_empty(), "{name} takes {credential}");
            assert!(found.iter().all(|(_, message)| !message.contains("pa55")), "{found:?}");
        }
    }
}

#[test]
fn tokens_are_sent_encrypted_or_to_this_computer() {
    for (name, place) in CONNECTORS {
        for (url, fits) in [
            ("https://proxy.example", true),
            ("http://127.0.0.1:4010", true),
            ("http://localhost:4010", true),
            ("http://proxy.example", false),
            ("http://127.0.0.1.example", false),
            ("ftp://127.0.0.1", false),
            ("proxy.example", false),
        ] {
            for place in [place, "login_url"] {
                let found = problems(name, json!({ place: url }));
                let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
                assert_eq!(places, if fits { vec![] } else { vec![place] }, "{name} {url}");
            }
        }
    }
}

#[test]
fn clouds_that_do_not_offer_an_interface_are_refused() {
    for (name, cloud, fits) in [
        ("entra-id", "china", true),
        ("entra-id", "dod", true),
        ("defender-endpoint", "gcc_high", true),
        ("defender-endpoint", "china", false),
        ("defender-identity", "gcc", true),
        ("defender-identity", "gcc_high", false),
        ("defender-identity", "china", false),
        ("defender-xdr", "gcc_high", true),
        ("defender-xdr", "china", false),
        ("sentinel", "china", true),
    ] {
        assert_eq!(problems(name, json!({ "cloud": cloud })).is_empty(), fits, "{name} {cloud}");
    }
}
