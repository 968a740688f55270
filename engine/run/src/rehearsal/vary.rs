//! One test, several alerts: what a test changes in the alert that it is about, and how many it has the alert name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The alert with a change: what the change says takes the place of what is there, field by field; a list takes the
/// place of a list.
pub(super) fn changed(alert: &Value, change: &Value) -> Value {
    let Value::Object(change) = change else { return change.clone() };
    let mut whole = alert.as_object().cloned().unwrap_or_default();
    for (name, value) in change {
        let before = whole.get(name).unwrap_or(&Value::Null);
        let after = changed(before, value);
        whole.insert(name.clone(), after);
    }
    Value::Object(whole)
}

/// So many of a kind show whatever a thousand more would.
const MOST: usize = 1_000;

/// A change that has the alert name so many made-up ones, and nobody else.
pub(super) fn crowd(of: &BTreeMap<String, usize>) -> Result<Value, String> {
    let mut entities = Vec::new();
    for (kind, count) in of {
        if *count > MOST {
            return Err(format!("{count} {kind} are more than a test can bear: {MOST} at most"));
        }
        for number in 1..=*count {
            entities.push(somebody(kind, number)?);
        }
    }
    let numbered = entities.into_iter().enumerate().map(|(position, entity)| {
        let mut entity = Map::from_iter(entity);
        entity.insert("$id".into(), json!((position + 2).to_string()));
        Value::Object(entity)
    });
    Ok(json!({ "Entities": numbered.collect::<Vec<_>>() }))
}

/// As a sender writes it.
fn somebody(kind: &str, number: usize) -> Result<Map<String, Value>, String> {
    let entity = match kind {
        "accounts" => {
            json!({ "Type": "account", "Name": format!("person-{number}"), "UPNSuffix": "contoso.example" })
        }
        "devices" => {
            json!({ "Type": "host", "HostName": format!("machine-{number}"), "DnsDomain": "contoso.example" })
        }
        "ips" => {
            let (high, low) = (number / 250, number % 250 + 1);
            json!({ "Type": "ip", "Address": format!("198.18.{high}.{low}") })
        }
        "hashes" => json!({ "Type": "filehash", "Algorithm": "SHA256", "Value": format!("{number:064x}") }),
        "urls" => json!({ "Type": "url", "Url": format!("https://site-{number}.example/") }),
        "domains" => json!({ "Type": "dns", "DomainName": format!("site-{number}.example") }),
        other => {
            return Err(format!(
                "there is no crowd of {other:?}: write accounts, devices, ips, hashes, urls or domains"
            ));
        }
    };
    Ok(entity.as_object().cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reaches_into_what_is_there() {
        let alert = json!({ "a": 1, "b": { "c": 2, "d": [1, 2] } });
        let change = json!({ "b": { "d": [3], "e": { "f": 4 } } });
        assert_eq!(changed(&alert, &change), json!({ "a": 1, "b": { "c": 2, "d": [3], "e": { "f": 4 } } }));
        assert_eq!(changed(&alert, &json!({})), alert);
    }

    #[test]
    fn a_crowd_is_named_by_its_kind() {
        let of = BTreeMap::from([("accounts".to_owned(), 2), ("ips".to_owned(), 1)]);
        let entities = crowd(&of).unwrap();
        assert_eq!(entities["Entities"].as_array().unwrap().len(), 3);
        assert_eq!(entities["Entities"][2]["$id"], "4");
        assert!(crowd(&BTreeMap::from([("people".to_owned(), 2)])).is_err());
    }
}
