//! The URL of a call, built from its parts: each value is escaped where it stands.

use std::collections::BTreeMap;

use quell_action::ActionError;
use quell_kit::Url;
use serde_json::Value;

/// The URL of a call below a host's own.
///
/// # Errors
/// When a part is none, or leads outside.
pub(crate) fn build(
    base: &Url,
    path: &str,
    segments: &[String],
    query: &BTreeMap<String, Value>,
) -> Result<Url, ActionError> {
    let mut url = base.clone();
    let written = path.split('/').filter(|part| !part.is_empty());
    let values = segments.iter().map(String::as_str);
    for part in written.clone().chain(values.clone()) {
        is_fit(part)?;
    }
    if segments.iter().any(String::is_empty) {
        return Err(ActionError::rejected("a part of the path is empty: a value is missing"));
    }
    if path.contains(['?', '#', '\\']) {
        return Err(ActionError::rejected("the path holds ?, # or \\: write the query under `query`"));
    }
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().extend(written.chain(values));
        if path.ends_with('/') && segments.is_empty() {
            parts.push("");
        }
    }
    for (name, value) in query {
        let texts = texts(name, value)?;
        url.query_pairs_mut().extend_pairs(texts.iter().map(|text| (name, text)));
    }
    Ok(url)
}

/// An address that an answer has given, where it is the host's own and not outside its path.
///
/// # Errors
/// When it leads elsewhere.
pub(crate) fn within(base: &Url, text: &str) -> Result<Url, ActionError> {
    let elsewhere =
        || ActionError::rejected("the answer names an address outside the host; it is not followed");
    let url = base.join(text).map_err(|_| elsewhere())?;
    let prefix = base.path().trim_end_matches('/');
    let below = url.path() == prefix || url.path().starts_with(&format!("{prefix}/"));
    let own = url.origin() == base.origin() && url.username().is_empty() && url.password().is_none();
    if own && below { Ok(url) } else { Err(elsewhere()) }
}

/// Parts that would lead up, or that some servers decode a second time.
fn is_fit(part: &str) -> Result<(), ActionError> {
    let lower = part.to_ascii_lowercase().replace("%2e", ".");
    let leads_away = matches!(lower.as_str(), "." | "..") || lower.contains("%2f") || lower.contains("%5c");
    match leads_away || part.contains(['\\', '\0', '\r', '\n']) {
        true => Err(ActionError::rejected(format!("{part:?} cannot be a part of a path"))),
        false => Ok(()),
    }
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>, ActionError> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Number(_) | Value::Bool(_) => Ok(vec![value.to_string()]),
        Value::Array(all) => {
            let each = all.iter().map(|value| match value {
                Value::Array(_) => Err(ActionError::rejected(format!("query.{name} is a list of lists"))),
                value => texts(name, value),
            });
            Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        Value::Null => Ok(Vec::new()),
        Value::Object(_) => {
            Err(ActionError::rejected(format!("query.{name} is a map; it takes text, numbers or a list")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base() -> Url {
        Url::parse("https://api.example/v2/").unwrap()
    }

    fn url(path: &str, segments: &[&str], query: Value) -> Result<String, ActionError> {
        let segments: Vec<String> = segments.iter().map(|part| (*part).to_owned()).collect();
        let query = serde_json::from_value(query).unwrap();
        build(&base(), path, &segments, &query).map(|url| url.to_string())
    }

    #[test]
    fn every_value_stays_where_it_was_put() {
        for (path, segments, query, expected) in [
            ("/blocks", vec![], json!({}), "https://api.example/v2/blocks"),
            ("blocks/", vec![], json!({}), "https://api.example/v2/blocks/"),
            ("users", vec!["a/../b?x#y"], json!({}), "https://api.example/v2/users/a%2F..%2Fb%3Fx%23y"),
            ("users", vec!["a@b c"], json!({}), "https://api.example/v2/users/a@b%20c"),
            ("u", vec![], json!({ "q": "a&b=c", "n": 1 }), "https://api.example/v2/u?n=1&q=a%26b%3Dc"),
            ("u", vec![], json!({ "id": ["a", 2], "none": null }), "https://api.example/v2/u?id=a&id=2"),
        ] {
            assert_eq!(url(path, &segments, query).unwrap(), expected);
        }
    }

    #[test]
    fn nothing_leads_outside() {
        for (path, segments) in [
            ("../admin", vec![]),
            ("a/%2e%2e/b", vec![]),
            ("a?x=1", vec![]),
            ("a#b", vec![]),
            ("a\\b", vec![]),
            ("users", vec![".."]),
            ("users", vec!["%2e%2E"]),
            ("users", vec!["a%2fb"]),
            ("users", vec![""]),
        ] {
            assert!(url(path, &segments, json!({})).is_err(), "{path} {segments:?}");
        }
        for away in [
            "https://evil.example/v2/x",
            "//evil.example/v2",
            "/v1/x",
            "../x",
            "http://api.example/v2/x",
            "https://api.example@evil.example/v2/",
            "https://somebody@api.example/v2/x",
            "https://:planted@api.example/v2/x",
            "https://api.example/v2evil/",
        ] {
            assert!(within(&base(), away).is_err(), "{away}");
        }
        assert_eq!(within(&base(), "/v2/jobs/7?x=1").unwrap().as_str(), "https://api.example/v2/jobs/7?x=1");
    }
}
