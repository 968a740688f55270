//! One test for every secret of every connector: each is planted, sent to a vendor that repeats whatever it is sent, and then
//! looked for in all that the program prints, logs, shows and keeps.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::asked::send;
use crate::echo::{Echo, TOKEN};
use crate::place::Place;
use crate::service::Engine;

/// Everything in this folder is secret, and nothing else is.
const VAULT: &str = "vault";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
/// The longest that a run of the playbook may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where each secret of a setting lies, by connector and setting. What Microsoft's connectors share is planted in the first.
const PLANTED: [(&str, &str, &str); 27] = [
    ("active-directory", "password", "directory-password"),
    ("entra-id", "credential.secret", "entra-secret"),
    ("entra-id", "credential.certificate.key", "certificate-key"),
    ("entra-id", "credential.managed_identity.endpoint", "identity-endpoint"),
    ("entra-id", "credential.managed_identity.header", "identity-header"),
    ("okta", "application.key", "okta-key"),
    ("okta", "token", "okta-token"),
    ("script", "programs.secrets", "script-secret"),
    ("http", "hosts.auth.basic.password", "http-password"),
    ("http", "hosts.auth.bearer", "http-bearer"),
    ("http", "hosts.auth.header.secret", "http-header"),
    ("slack", "signing_secret", "slack-signing"),
    ("slack", "token", "slack-token"),
    ("slack", "webhooks", "slack-webhook"),
    ("teams", "channels", "teams-channel"),
    ("pagerduty", "services", "pagerduty-key"),
    ("servicenow", "login.basic.password", "servicenow-password"),
    ("servicenow", "login.bearer", "servicenow-bearer"),
    ("jira", "login.basic.password", "jira-password"),
    ("jira", "login.bearer", "jira-bearer"),
    ("thehive", "key", "thehive-key"),
    ("smtp", "login.password", "smtp-password"),
    ("webhook", "endpoints.other_secret", "webhook-other-secret"),
    ("webhook", "endpoints.secret", "webhook-secret"),
    // These are read from files and from the site alone.
    ("defender-xdr", "", "federated-token"),
    ("", "pages.secret", "answer-key"),
    ("", "api.people.token", "persons-token"),
];

/// What is never sent to anybody: it signs, or waits to be asked for, or goes to a program.
const STAYS_HERE: [&str; 11] = [
    "directory-password",
    "certificate-key",
    "identity-endpoint",
    "okta-key",
    "script-secret",
    "slack-signing",
    "webhook-other-secret",
    "webhook-secret",
    "smtp-password",
    "answer-key",
    "persons-token",
];

const BOOK: &str = r#"language: 1
playbook: everything
title: Say everything to everybody
mode: act
when:
  manual: true
defaults:
  timeout: 20s
  retry: { attempts: 1 }
steps:
  - { do: webhook.post, with: { data: { run: "{{ run.link }}" } }, on_error: continue }
  - { do: slack.post, with: { channel: app, text: hello }, on_error: continue }
  - { do: slack.post, with: { channel: hook, text: hello }, on_error: continue }
  - { do: teams.post, with: { text: hello }, on_error: continue }
  - { do: smtp.send, with: { to: [soc], text: hello }, on_error: continue }
  - { do: pagerduty.raise, with: { title: hello, source: here, incident: one }, on_error: continue }
  - { do: servicenow.open_incident, with: { short_description: hello, external_id: one }, on_error: continue }
  - { do: jira.open_issue, with: { summary: hello, external_id: one }, on_error: continue }
  - { do: thehive.open_alert, with: { title: hello, external_id: one }, on_error: continue }
  - { do: sentinel.get_incident, with: { incident: "17" }, on_error: continue }
  - { do: sentinel.add_comment, with: { incident: "17", message: hello }, on_error: continue }
  - { do: defender_xdr.get_incident, with: { incident: "17" }, on_error: continue }
  - { do: defender_xdr.add_comment, with: { incident: "17", message: hello }, on_error: continue }
  - { do: defender_endpoint.get_device, with: { device: wks1.corp.example }, on_error: continue }
  - { do: okta.get_user, with: { user: alice@corp.example }, on_error: continue }
  - { do: script.run, impact: informing, with: { program: tells }, on_error: continue }
  - { do: http.call, impact: informing, with: { host: bearer, method: POST, body: { a: 1 } }, on_error: continue }
  - { do: http.call, impact: informing, with: { host: basic, method: POST, body: { a: 1 } }, on_error: continue }
  - { do: http.call, impact: informing, with: { host: header, method: GET }, on_error: continue }
"#;

/// The sections of the site file. Where a connector can be shown two things, `second` chooses between them.
fn connectors(place: &Place, vendor: &Echo, second: bool) -> Value {
    let here = vendor.url.as_str();
    let lies = |name: &str| json!({ "file": format!("{VAULT}/{name}") });
    let login = |kind: &str, second: bool| match second {
        true => json!({ "bearer": lies(&format!("{kind}-bearer")) }),
        false => json!({ "basic": { "user": "quell", "password": lies(&format!("{kind}-password")) } }),
    };
    let tenant = |credential: Value, place: &str| {
        let mut settings =
            json!({ "tenant": TENANT, "credential": credential, "login_url": here, place: here });
        if credential.get("managed_identity").is_none() {
            settings["application"] = json!(TENANT);
        }
        settings
    };
    let path = |name: &str| place.path(VAULT).join(name).display().to_string();
    let certificate = json!({ "certificate": { "certificate": "cert.pem", "key": lies("certificate-key") } });
    let machine = json!({ "managed_identity": { "endpoint": lies("identity-endpoint"), "header": lies("identity-header") } });
    let federated = json!({ "workload_identity": { "token_file": path("federated-token") } });
    let mut sentinel = tenant(machine, "arm_url");
    for (name, value) in [("subscription", TENANT), ("resource_group", "soc"), ("workspace", "soc-eu")] {
        sentinel[name] = json!(value);
    }
    let mut okta = json!({ "organisation": here });
    match second {
        true => okta["token"] = lies("okta-token"),
        false => {
            okta["application"] =
                json!({ "client_id": "0oa00000000000000001", "key": lies("okta-key"), "key_id": "k" })
        }
    }
    let host = |auth: Value| json!({ "url": here, "auth": auth, "allow_private": true });
    json!({
        "active-directory": {
            "servers": [here.replace("http", "ldaps")], "account": "quell@corp.example", "password": lies("directory-password"),
            "connect_timeout_secs": 1,
        },
        "entra-id": tenant(json!({ "secret": lies("entra-secret") }), "graph_url"),
        "defender-endpoint": tenant(certificate, "api_url"),
        "sentinel": sentinel,
        "defender-xdr": tenant(federated, "graph_url"),
        "okta": okta,
        "script": { "programs": { "tells": {
            "run": place.path("tells").display().to_string(), "secrets": { "key": lies("script-secret") },
        } } },
        "http": { "hosts": {
            "bearer": host(json!({ "bearer": lies("http-bearer") })),
            "basic": host(json!({ "basic": { "user": "quell", "password": lies("http-password") } })),
            "header": host(json!({ "header": { "name": "X-Api-Key", "secret": lies("http-header") } })),
        } },
        "slack": {
            "token": lies("slack-token"), "channels": { "app": "C0123456789" }, "webhooks": { "hook": lies("slack-webhook") },
            "signing_secret": lies("slack-signing"), "questions": "app", "api": format!("{here}/slack/"),
            "people": { "ann": "U0123456789" },
        },
        "teams": { "channels": { "soc": lies("teams-channel") } },
        "pagerduty": { "services": { "soc": lies("pagerduty-key") }, "events": format!("{here}/v2/enqueue") },
        "servicenow": { "instance": here, "login": login("servicenow", second) },
        "jira": { "site": here, "login": login("jira", !second), "project": "SEC" },
        "thehive": { "url": here, "key": lies("thehive-key") },
        "smtp": {
            "host": "localhost", "port": vendor.port(), "login": { "user": "quell", "password": lies("smtp-password") },
            "from": "quell@corp.example", "recipients": { "soc": ["soc@corp.example"] },
            "connect_timeout_secs": 1, "timeout_secs": 2,
        },
        "webhook": { "endpoints": { "desk": {
            "url": format!("{here}/hook"), "secret": lies("webhook-secret"), "other_secret": lies("webhook-other-secret"),
        } } },
    })
}

/// A site with every secret in its vault.
fn site(vendor: &Echo) -> Place {
    let place = Place::with_site();
    for (_, _, name) in PLANTED {
        let text = match name {
            "webhook-secret" => "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
            "webhook-other-secret" => "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=".to_owned(),
            "slack-webhook" | "teams-channel" | "identity-endpoint" => {
                format!("{}/planted-{name}", vendor.url)
            }
            "pagerduty-key" => "planted0pagerduty0key00000000000".to_owned(),
            "slack-signing" => "0123456789abcdef0123456789abcdef".to_owned(),
            _ => format!("planted-{name}-0123456789abcdef0123456789"),
        };
        place.write(&format!("{VAULT}/{name}"), text);
    }
    let keys = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=quell -keyout vault/certificate-key -out cert.pem 2>&1 \
                && openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out vault/okta-key 2>&1";
    place.shell(keys).well();
    place.write(
        "tells",
        "#!/bin/sh\ncat >&2\necho '{\"error\": \"rejected\", \"message\": \"no\"}'\nexit 1\n",
    );
    place.shell("chmod 700 tells vault; chmod 600 vault/*").well();
    place.write("playbooks/everything.yaml", BOOK);
    let people = "\n  people: [{ name: ann, token: { file: vault/persons-token } }]\n";
    place.change("quell.yaml", "\"127.0.0.1:0\"\n", &format!("\"127.0.0.1:0\"{people}"));
    let (before, after) = place.read("quell.yaml").split_once("connectors:").map(two).unwrap();
    let rest = after.split_once("\n\n").map_or(String::new(), |(_, rest)| rest.to_owned());
    let pages = "\npages:\n  public_url: http://localhost:1\n  secret: { file: vault/answer-key }\nlogs: { level: trace }\n";
    place.write("before.yaml", before);
    place.write("after.yaml", format!("\n{rest}{pages}"));
    place
}

fn two((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

/// What must never be seen: a part of each secret that stands nowhere else, and all that was shown to the vendor.
fn secrets(place: &Place, vendor: &Echo) -> BTreeSet<String> {
    let mut secrets = vendor.shown();
    secrets.insert(TOKEN.to_owned());
    for (_, _, name) in PLANTED {
        let text = place.read(&format!("{VAULT}/{name}"));
        let line = text.lines().find(|line| !line.starts_with("-----")).unwrap();
        secrets.insert(line.strip_prefix(&vendor.url).unwrap_or(line).to_owned());
    }
    secrets
}

/// Looks for secrets in what was said, and in every file of the site but the vault.
#[track_caller]
fn scan(place: &Place, said: &str, secrets: &BTreeSet<String>) {
    for secret in secrets {
        let seen = said.find(secret.as_str()).map(|at| said.get(at.saturating_sub(200)..at + secret.len()));
        assert!(seen.is_none(), "{secret} was said: {seen:?}");
    }
    let mut folders = vec![place.as_ref().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.extend((path != place.path(VAULT)).then_some(path));
            } else if path.metadata().is_ok_and(|data| data.is_file()) {
                scan_file(&path, secrets);
            }
        }
    }
}

fn scan_file(path: &Path, secrets: &BTreeSet<String>) {
    let bytes = fs::read(path).unwrap();
    for secret in secrets {
        let is_in = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!is_in, "{secret} stands in {}", path.display());
    }
}

/// Starts the playbook in a running engine, waits for its end, and gives back all that the engine and the pages said.
fn say_everything(place: &Place, vendor: &Echo) -> String {
    let (engine, _pipe) = Engine::that_waits(place);
    let strange =
        place.shell("QUELL_TOKEN=$(cat vault/answer-key) quell start everything --yes").with_code(3);
    let started = place.shell("QUELL_TOKEN=$(cat vault/persons-token) quell start everything --yes").well();
    let since = Instant::now();
    let run = loop {
        let runs = place.quell(&["runs", "list", "--json"]).well().json();
        if !runs[0]["finish"].is_null() {
            break runs[0]["id"].as_str().unwrap().to_owned();
        }
        assert!(since.elapsed() < PATIENCE, "the run does not end: {runs}");
        thread::yield_now();
    };
    let shown = place.quell(&["runs", "show", &run]).well().out;
    let page = vendor.link().map(|link| send(place, "GET", &link, "").1).unwrap_or_default();
    assert!(page.contains("everything"), "the page of the run: {page}");
    engine.signal("TERM");
    format!("{shown}{page}{}{}{}{}", strange.err, started.out, started.err, engine.ended().1)
}

#[test]
fn no_secret_of_any_connector_is_ever_said_or_kept() {
    let vendor = Echo::start();
    let place = site(&vendor);
    let mut said = String::new();
    for (round, status) in [200, 400, 403, 500, 200].into_iter().enumerate() {
        let sections = connectors(&place, &vendor, round % 2 == 1);
        let site = format!("{}connectors: {sections}{}", place.read("before.yaml"), place.read("after.yaml"));
        place.write("quell.yaml", site);
        vendor.answers(status, round < 4);
        place.quell(&["check"]).well();
        for args in
            [&["connectors", "check"][..], &["connectors", "probe"], &["identity", "alice@corp.example"]]
        {
            let answer = place.quell(args);
            said += &format!("{}{}", answer.out, answer.err);
        }
        said += &say_everything(&place, &vendor);
    }
    for args in [
        &["audit", "export"][..],
        &["attention", "list", "--json"],
        &["deadletters", "list", "--json"],
        &["approvals", "list", "--json"],
        &["runs", "list", "--json"],
    ] {
        let answer = place.quell(args).well();
        said += &format!("{}{}", answer.out, answer.err);
    }
    let all = vendor.all();
    for (_, _, name) in PLANTED {
        let was_sent = secrets_of(&place, &vendor, name).is_some_and(|secret| all.contains(&secret));
        let shown = all.contains(name) || was_sent;
        assert!(
            shown || STAYS_HERE.contains(&name),
            "{name} was never shown to anybody: the test is empty for it"
        );
    }
    for connector in ["entra-id", "okta", "slack", "teams", "jira", "thehive", "servicenow", "pagerduty"] {
        assert!(said.contains(connector), "{connector} is not spoken of");
    }
    scan(&place, &said, &secrets(&place, &vendor));
}

fn secrets_of(place: &Place, vendor: &Echo, name: &str) -> Option<String> {
    let text = place.read(&format!("{VAULT}/{name}"));
    let line = text.lines().find(|line| !line.starts_with("-----"))?;
    Some(line.strip_prefix(&vendor.url).unwrap_or(line).to_owned())
}

/// A connector that gets another secret plants it above. A new one is at home in its own folder: it may plant its secrets
/// in its own suite, which looks for them in every error, result and log line.
#[test]
fn every_secret_of_every_connector_is_planted() {
    let kinds = Place::new().quell(&["connectors", "list", "--json"]).well().json();
    let planted: BTreeSet<(&str, &str)> = PLANTED.iter().map(|(kind, path, _)| (*kind, *path)).collect();
    for kind in kinds.as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        let schema = &kind["settings"];
        let mut paths = BTreeSet::new();
        collect(schema, schema, "", &mut paths);
        for path in paths {
            let alike = path.starts_with("credential.") && planted.contains(&("entra-id", &path));
            let known = planted.iter().any(|(kind, _)| *kind == name);
            let fine = alike || planted.contains(&(name, &path)) || (!known && plants_its_own(name));
            assert!(fine, "{name} has a secret at {path}: plant it");
        }
    }
}

fn plants_its_own(connector: &str) -> bool {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|path| path.join("connectors").is_dir());
    let suite = root.unwrap().join("connectors").join(connector).join("tests/conformance.rs");
    let suite = fs::read_to_string(suite).unwrap_or_default();
    suite
        .split_once("fn secrets(")
        .is_some_and(|(_, body)| body.trim_start_matches(|c| c != '{').contains("vec!["))
}

fn collect(schema: &Value, whole: &Value, place: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        match name {
            "SecretRef" => drop(found.insert(place.to_owned())),
            _ => collect(&whole["$defs"][name], whole, place, found),
        }
    }
    let several = ["anyOf", "oneOf", "allOf"];
    for inner in several.iter().flat_map(|word| schema[word].as_array().into_iter().flatten()) {
        collect(inner, whole, place, found);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            collect(&schema[inner], whole, place, found);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        collect(property, whole, &path, found);
    }
}
