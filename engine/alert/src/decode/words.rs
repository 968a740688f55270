//! Severities, statuses, tactics and techniques, in the words in which senders write them.

use serde_json::Value;

use crate::alert::{Severity, Status};
use crate::decode::record::as_text;
use crate::folding::squeeze;

/// A severity in words; numbers mean different things to different senders and are left unknown.
pub(crate) fn severity(text: &str) -> Option<Severity> {
    match squeeze(text).as_str() {
        "informational" | "informative" | "information" | "info" => Some(Severity::Informational),
        "low" => Some(Severity::Low),
        "medium" | "moderate" => Some(Severity::Medium),
        "high" | "critical" | "veryhigh" => Some(Severity::High),
        _ => None,
    }
}

/// A status in words.
pub(crate) fn status(text: &str) -> Status {
    match squeeze(text).as_str() {
        "new" | "newalert" => Status::New,
        "inprogress" | "active" | "investigating" => Status::InProgress,
        "resolved" | "closed" => Status::Resolved,
        "dismissed" => Status::Dismissed,
        _ => Status::Unknown,
    }
}

/// The ATT&CK techniques that a value names: comma lists, arrays, JSON text that held an array, `Name (T1078)`.
pub(crate) fn techniques(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => technique_ids(text, found),
        Value::Array(elements) => elements.iter().for_each(|element| techniques(element, found)),
        Value::Object(members) => members.values().for_each(|member| techniques(member, found)),
        _ => {}
    }
}

/// The tactics that a value names, without blanks and in the spelling of ATT&CK; those that ATT&CK does not have
/// (`PreAttack`, `Probing`) are kept as they came.
pub(crate) fn tactics(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| tactics(element, found)),
        value => {
            for name in as_text(value).into_iter().flat_map(|text| text.split([',', ';'])) {
                let squeezed = squeeze(name);
                if !squeezed.is_empty() && squeezed != "unknown" && squeezed != "none" {
                    let own = || name.split_whitespace().collect();
                    add(found, known_tactic(&squeezed).map_or_else(own, str::to_owned));
                }
            }
        }
    }
}

/// The tactics that a category names. A category is often no tactic at all (`Malware`, `SuspiciousActivity`), and
/// those are left out.
pub(crate) fn tactics_of_category(value: &Value, found: &mut Vec<String>) {
    let mut named = Vec::new();
    tactics(value, &mut named);
    named.into_iter().filter(|name| known_tactic(&squeeze(name)).is_some()).for_each(|name| add(found, name));
}

/// No alert names more tactics or techniques than this.
const MOST_NAMED: usize = 256;

/// Adds a text that is not there yet.
pub(crate) fn add(list: &mut Vec<String>, text: String) {
    if list.len() < MOST_NAMED && !list.contains(&text) {
        list.push(text);
    }
}

/// Finds `T` and four digits, and the three of a sub-technique, where no letter or digit touches them.
fn technique_ids(text: &str, found: &mut Vec<String>) {
    let bytes = text.as_bytes();
    let is_digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let touches = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut at = 0;
    while at + 5 <= bytes.len() {
        let begins =
            matches!(bytes[at], b'T' | b't') && (at == 0 || !touches(at - 1)) && is_digits(at + 1..at + 5);
        if !begins || touches(at + 5) {
            at += 1;
            continue;
        }
        let is_sub = bytes.get(at + 5) == Some(&b'.') && is_digits(at + 6..at + 9) && !touches(at + 9);
        let end = if is_sub { at + 9 } else { at + 5 };
        add(found, text[at..end].to_ascii_uppercase());
        at = end;
    }
}

fn known_tactic(squeezed: &str) -> Option<&'static str> {
    TACTICS.iter().find(|name| name.eq_ignore_ascii_case(squeezed)).copied()
}

const TACTICS: [&str; 17] = [
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "CommandAndControl",
    "Exfiltration",
    "Impact",
    "PreAttack",
    "ImpairProcessControl",
    "InhibitResponseFunction",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(read: impl Fn(&Value, &mut Vec<String>), value: Value) -> Vec<String> {
        let mut list = Vec::new();
        read(&value, &mut list);
        list
    }

    #[test]
    fn techniques_come_in_many_forms() {
        for value in [
            json!("T1078,T1558.001"),
            json!(["T1078", "T1558.001"]),
            json!("[\"Valid Accounts (T1078)\",\"x(T1558.001)\"]"),
            json!("t1078; T1558.001"),
            json!([{"id": "T1078"}, {"id": "T1558.001", "name": "Golden Ticket"}]),
        ] {
            assert_eq!(found(techniques, value.clone()), ["T1078", "T1558.001"], "{value}");
        }
        for value in
            [json!(""), json!("[]"), json!(null), json!("AT1078 T10789 T107 TA0001 T1078x"), json!(1)]
        {
            assert!(found(techniques, value.clone()).is_empty(), "{value}");
        }
        assert_eq!(found(techniques, json!("T1078.0011")), ["T1078"], "a longer number is no sub-technique");
    }

    #[test]
    fn tactics_lose_their_blanks_and_find_their_spelling() {
        assert_eq!(
            found(tactics, json!("CredentialAccess,LateralMovement")),
            ["CredentialAccess", "LateralMovement"]
        );
        assert_eq!(
            found(tactics, json!(["Credential access", "command-and-control"])),
            ["CredentialAccess", "CommandAndControl"]
        );
        assert_eq!(found(tactics, json!("Probing")), ["Probing"]);
        assert!(found(tactics, json!("Unknown")).is_empty());
        assert!(found(tactics_of_category, json!("Malware")).is_empty());
        assert_eq!(found(tactics_of_category, json!("DefenseEvasion")), ["DefenseEvasion"]);
    }

    #[test]
    fn words_for_severity_and_status_are_known() {
        assert_eq!(severity("HIGH"), Some(Severity::High));
        assert_eq!(severity("UnSpecified"), None);
        assert_eq!(severity("100"), None);
        assert_eq!(status("newAlert"), Status::New);
        assert_eq!(status("in progress"), Status::InProgress);
        assert_eq!(status("Redirected"), Status::Unknown);
    }
}
