//! Every setting of the site file, by its schema: a misspelt one is refused where it stands, and the right one named.

use quell_kit::SecretRef;
use quell_playbook::diagnostic::Diagnostic;
use quell_playbook::document::Document;
use quell_playbook::model::{IfExpired, Limits, OrAsk, Quota};
use serde_json::Value;

use super::Config;
use crate::config;
use crate::connectors;

/// The keys on the way to every setting that a schema knows.
fn settings(root: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    gather(root, root, &mut Vec::new(), &mut found);
    found
}

fn gather(root: &Value, schema: &Value, way: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    // A schema that contains itself goes on for ever.
    if way.len() > 6 {
        return;
    }
    if let Some(name) = schema["$ref"].as_str() {
        let place = name.trim_start_matches('#');
        return gather(root, root.pointer(place).unwrap_or(&Value::Null), way, found);
    }
    for forms in ["anyOf", "allOf", "oneOf"] {
        schema[forms].as_array().into_iter().flatten().for_each(|form| gather(root, form, way, found));
    }
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        way.push(key.clone());
        if !found.contains(way) {
            found.push(way.clone());
        }
        gather(root, below, way, found);
        way.pop();
    }
}

/// A file that has this setting alone, below what stands above it, and the line that the setting is on.
fn file_with(above: &str, way: &[String]) -> (String, usize) {
    let mut text = above.to_owned();
    let indent = above.lines().last().map_or(0, |line| line.len() - line.trim_start().len());
    let deeper = usize::from(!above.is_empty() && above.trim_end().ends_with(':'));
    for (depth, key) in way.iter().enumerate() {
        text.push_str(&format!("{}{key}:", " ".repeat(indent + 2 * (depth + deeper))));
        text.push_str(if depth + 1 < way.len() { "\n" } else { " 1\n" });
    }
    let line = text.lines().count();
    (text, line)
}

fn misspelt(way: &[String]) -> Vec<String> {
    let mut way = way.to_vec();
    if let Some(last) = way.last_mut() {
        last.push('q');
    }
    way
}

fn is_right(found: &Diagnostic, line: usize, way: &[String]) -> bool {
    let key = way.last().map(String::as_str);
    found.code.id == "PB0201" && found.place.line == line && found.nearest.as_deref() == key
}

#[test]
fn a_misspelt_setting_of_the_site_is_refused_where_it_stands() {
    let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap();
    let settings = settings(&schema);
    assert!(settings.len() > 25, "{settings:?}");
    // A reference to a secret is read as a whole: what is wrong in it is told where it begins.
    let in_a_secret = |way: &Vec<String>| way.last().is_some_and(|last| last == "env" || last == "file");
    for way in settings.into_iter().filter(|way| !in_a_secret(way)) {
        let (text, line) = file_with("language: 1\n", &misspelt(&way));
        let wrong = Document::read("quell.yaml", text.as_bytes()).unwrap().to_typed::<Config>().unwrap_err();
        assert!(is_right(&wrong, line, &way), "{text}\n{wrong:?}");
    }
}

#[test]
fn a_misspelt_setting_of_any_connector_is_refused_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.yaml");
    let mut number = 0;
    for kind in quell_connectors::all() {
        for way in settings(&kind.settings_schema()).into_iter().filter(|way| way.len() == 1) {
            let above = format!("language: 1\nconnectors:\n  mine:\n    kind: {}\n", kind.name());
            let (text, line) = file_with(&above, &misspelt(&way));
            std::fs::write(&path, &text).unwrap();
            let site = config::read(Some(&path)).unwrap();
            let wrong = connectors::offered(&site).unwrap_err().downcast::<config::Mistakes>().unwrap();
            assert!(is_right(&wrong.diagnostics[0], line, &way), "{text}\n{wrong:?}");
            number += 1;
        }
    }
    assert!(number > 20, "{number}");
}

/// What protects people and the machine does not wait for somebody to ask for it.
#[test]
fn a_site_that_says_nothing_is_careful() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.yaml");
    std::fs::write(&path, "language: 1\n").unwrap();
    let site = config::read(Some(&path)).unwrap();
    let settings = crate::wire::settings(&site);
    assert!(!settings.link_by_upn && settings.calls_at_once == 64 && settings.remember_for.as_secs() == 10);
    let config = site.config;
    assert!(config.api.listen.ip().is_loopback(), "{}", config.api.listen);
    assert!(!config.engine.link_by_upn, "equal names are no proof");
    assert_eq!((config.engine.facts_max_age_secs, config.engine.remember_secs), (60, 10));
    assert_eq!((config.engine.calls_at_once, config.engine.shutdown_secs), (64, 30));
    assert_eq!((config.store.retention.days, config.store.retention.runs), (400, None));
    let limits = config.limits.site_limits();
    assert_eq!(limits.limits, Limits { if_over: Some(OrAsk::Ask), ..Limits::CAREFUL });
    assert_eq!(limits.asking.if_expired, IfExpired::Stop, "silence is a no");
    assert_eq!(limits.asking.expires.as_secs(), 24 * 60 * 60);
    assert!(config.pages.is_none() && limits.asking.of.is_empty());
}

/// What the site says is what holds, and what it leaves out stays careful.
#[test]
fn what_a_site_says_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.yaml");
    let text = "language: 1
teams: { soc: [ann] }
limits: { accounts: { per_hour: 7 }, if_over: stop, ask: [soc], expires_secs: 600 }
engine: { link_by_upn: true, calls_at_once: 3, remember_secs: 4 }
pages: { public_url: https://quell.corp.example, secret: { file: key } }
";
    std::fs::write(&path, text).unwrap();
    let site = config::read(Some(&path)).unwrap();
    let settings = crate::wire::settings(&site);
    assert_eq!((settings.calls_at_once, settings.link_by_upn), (3, true));
    assert_eq!(settings.remember_for.as_secs(), 4);
    let careful = Limits::CAREFUL;
    let accounts = Quota { per_hour: Some(7), ..careful.accounts };
    let wanted = Limits { accounts, devices: careful.devices, if_over: Some(OrAsk::Stop) };
    assert_eq!(settings.limits.limits, wanted);
    assert_eq!(settings.limits.asking.of, ["soc"]);
    assert_eq!(settings.limits.asking.expires.as_secs(), 600);
    let pages = site.config.pages.unwrap();
    assert_eq!(pages.links_last_secs, 7 * 24 * 60 * 60);
    let beside = std::fs::canonicalize(folder.path()).unwrap().join("key");
    assert!(matches!(&pages.secret, SecretRef::File(file) if *file == beside), "{}", pages.secret);
}

/// Each of these would be found out later, or by nobody.
#[test]
fn settings_that_harm_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.yaml");
    let pages = |url: &str| format!("pages: {{ public_url: \"{url}\", secret: {{ file: key }} }}");
    let kafka = "source: { kafka: {}, files: [a] }";
    let password = |place: &str| format!("source: {{ kafka: {{ connection: {{ security: {place} }} }} }}");
    let harmful = [
        ("api.listen", "api: { listen: \"0.0.0.0:7878\" }".to_owned()),
        ("api.listen", "api: { listen: \"[::]:7878\" }".to_owned()),
        ("source", kafka.to_owned()),
        ("dead_letters", "source: { kafka: {} }\ndead_letters: { topic: t, file: f }".to_owned()),
        ("dead_letters.topic", "dead_letters: { topic: t }".to_owned()),
        ("lists.VIP", "lists: { VIP: {} }".to_owned()),
        ("engine.facts_max_age_secs", "engine: { facts_max_age_secs: 0 }".to_owned()),
        ("engine.calls_at_once", "engine: { calls_at_once: 0 }".to_owned()),
        ("limits.expires_secs", "limits: { expires_secs: 9 }".to_owned()),
        ("limits.ask[0]", "limits: { ask: [nobody] }".to_owned()),
        ("limits.devices.per_day", "limits: { devices: { per_day: 4000000000 } }".to_owned()),
        ("pages.public_url", pages("http://quell.corp.example")),
        ("pages.public_url", pages("https://ann:secret@quell.corp.example")),
        ("pages.public_url", pages("https://quell.corp.example/quell")),
        ("pages.public_url", pages("https://quell.corp.example/?a=b")),
        ("pages.public_url", pages("ftp://localhost")),
        ("source.kafka.connection.security.sasl.password", password("{ sasl: { password: plain } }")),
        ("source.kafka.connection.security.tls.key_password", password("{ tls: { key_password: plain } }")),
    ];
    let people = |people: &str| format!("state: kept\napi: {{ people: [{people}] }}");
    let ann = "{ name: ann, token: { env: ANNS } }";
    let harmful = harmful.into_iter().chain([
        ("api.people[0].name", people("{ name: \"\", token: { env: ANNS } }")),
        ("api.people[0].name", people("{ name: \"ann \", token: { env: ANNS } }")),
        ("api.people[0].name", people("{ name: \"a\\u0007nn\", token: { env: ANNS } }")),
        ("api.people[1].name", people(&format!("{ann}, {{ name: ann, token: {{ env: OTHER }} }}"))),
        ("api.people[1].name", people(&format!("{ann}, {{ name: Ann, token: {{ env: OTHER }} }}"))),
        ("api.people[1].token", people(&format!("{ann}, {{ name: bob, token: {{ env: ANNS }} }}"))),
        ("api.people[0].token", people("{ name: ann, token: { file: kept/api.token } }")),
        ("api.people[0].token", people("{ name: ann, token: plain-0123456789abcdef0123456789abc }")),
    ]);
    for (place, setting) in harmful {
        std::fs::write(&path, format!("language: 1\n{setting}\n")).unwrap();
        let wrong = config::read(Some(&path)).err().unwrap_or_else(|| panic!("{setting}"));
        let wrong = wrong.downcast::<config::Mistakes>().unwrap();
        let told = format!("{:?}", wrong.diagnostics);
        assert!(told.contains(place), "{setting}: {told}");
    }
    let fine = format!("{ann}, {{ name: bob, token: {{ file: bobs }} }}");
    std::fs::write(&path, format!("language: 1\n{}\n", people(&fine))).unwrap();
    let site = config::read(Some(&path)).unwrap();
    let beside = std::fs::canonicalize(folder.path()).unwrap().join("bobs");
    assert_eq!(site.config.api.people[1].token, SecretRef::File(beside));
    std::fs::write(&path, format!("language: 1\n{}\n", pages("http://127.0.0.1:7878"))).unwrap();
    assert!(config::read(Some(&path)).is_ok(), "on this machine nobody is in between");
}

/// A name that no team has can answer nothing: it is misspelt, or forgotten.
#[test]
fn somebody_with_a_token_and_without_a_team_is_doubted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.yaml");
    let people = "language: 1\napi:\n  people:\n    - { name: ann, token: { env: A } }\n    - { name: bbo, token: { env: B } }\n";
    for (teams, doubted) in [("teams: { soc: [ann, bob] }\n", &[5][..]), ("", &[])] {
        std::fs::write(&path, format!("{people}{teams}")).unwrap();
        let doubts = config::read(Some(&path)).unwrap().doubts().diagnostics;
        let lines: Vec<usize> = doubts.iter().map(|doubt| doubt.place.line).collect();
        assert_eq!(lines, doubted, "{doubts:?}");
        assert!(doubts.iter().all(|doubt| !doubt.is_error()), "it is no reason not to run");
    }
}
