//! The recorded trace of a condition, in one line of words: the tests that decided, and what they saw.

use serde_json::Value;

use crate::show::{FAINT, styled};

/// What a recorded condition came to: `true`, `false` or `unknown`.
pub(super) fn truth(trace: &Value) -> &str {
    trace["truth"].as_str().unwrap_or("unknown")
}

/// The tests that came to what the whole came to.
pub(super) fn deciding(trace: &Value) -> String {
    let mut found = Vec::new();
    gather(trace, truth(trace), &mut found);
    styled(FAINT, format_args!("({})", found.join("; ")))
}

fn gather(trace: &Value, wanted: &str, found: &mut Vec<String>) {
    if trace["subject"].is_string() {
        if truth(trace) == wanted {
            found.push(test(trace));
        }
        return;
    }
    for (group, turned) in [("all", false), ("any", false), ("none", true)] {
        for part in trace[group].as_array().into_iter().flatten() {
            gather(part, if turned { opposite(wanted) } else { wanted }, found);
        }
    }
}

fn opposite(truth: &str) -> &str {
    match truth {
        "true" => "false",
        "false" => "true",
        other => other,
    }
}

/// `account.name matches "^svc": saw "alice"`.
fn test(trace: &Value) -> String {
    let word = |key: &str| trace[key].as_str().unwrap_or_default();
    let saw = match (trace.get("because").and_then(Value::as_str), trace.get("seen")) {
        (Some(because), _) => because.to_owned(),
        (None, Some(seen)) => format!("saw {seen}"),
        (None, None) => "saw nothing".to_owned(),
    };
    format!("{} {} {}: {saw}", word("subject"), word("operator"), trace["expected"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_tests_that_decided_are_told() {
        let trace = json!({ "truth": "true", "any": [
            { "truth": "false", "subject": "account.name", "operator": "is", "expected": "x", "seen": "y" },
            { "truth": "true", "none": [
                { "truth": "false", "subject": "account.groups", "operator": "any_of", "expected": ["A"], "seen": ["B"] },
            ]},
        ]});
        let told = deciding(&trace);
        assert!(told.contains(r#"account.groups any_of ["A"]: saw ["B"]"#), "{told}");
        assert!(!told.contains("account.name"), "{told}");
    }

    #[test]
    fn what_is_unknown_says_why() {
        let trace = json!({ "truth": "unknown", "subject": "account.groups", "operator": "any_of", "expected": ["A"],
            "because": "the alert does not say" });
        assert!(deciding(&trace).contains("account.groups any_of [\"A\"]: the alert does not say"));
    }
}
