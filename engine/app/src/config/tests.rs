//! Every setting of the site file, by its schema: a misspelt one is refused where it stands, and the right one named.

use quell_playbook::diagnostic::Diagnostic;
use quell_playbook::document::Document;
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
