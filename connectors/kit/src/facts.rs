//! [`facts`]: names and values that stand below a message, as a playbook writes them: a map, or the report of the run.

use quell_action::ActionError;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::message::plain;

/// Reads facts where a parameter takes them: `#[serde(default, deserialize_with = "quell_kit::facts")]`. A map is taken
/// as it is. The report of a run (`{ from: run.report }`) gives a fact for everybody whom the run was about: what was
/// done there, and what was not, with the reason.
///
/// # Errors
/// When it is neither.
pub fn facts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    read(Value::deserialize(deserializer)?).map_err(|error| serde::de::Error::custom(error.message))
}

fn read(value: Value) -> Result<Map<String, Value>, ActionError> {
    let neither = || ActionError::rejected("facts are a map of names and values, or the report of the run");
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(facts) => Ok(facts),
        Value::Array(report) => {
            let mut facts = Map::new();
            for about in report {
                let about: About = serde_json::from_value(about).map_err(|_| neither())?;
                let name = unused(&facts, if about.about.is_empty() { "Run" } else { &about.about });
                facts.insert(name, json!(about.told()));
            }
            Ok(facts)
        }
        _ => Err(neither()),
    }
}

/// Two may go by the same name; both are told of.
fn unused(facts: &Map<String, Value>, name: &str) -> String {
    let numbered = |number: usize| if number == 1 { name.to_owned() } else { format!("{name} ({number})") };
    (1..).map(numbered).find(|name| !facts.contains_key(name)).unwrap_or_default()
}

/// What a report says of one person or device.
#[derive(Deserialize)]
struct About {
    about: String,
    #[serde(default)]
    outcome: Value,
    /// What the playbook said when it stopped.
    #[serde(default)]
    said: Option<String>,
    done: Vec<Done>,
}

/// One task.
#[derive(Deserialize)]
struct Done {
    action: String,
    at: String,
    to: String,
    stands: Value,
    #[serde(default)]
    why: Option<String>,
}

impl About {
    fn told(self) -> String {
        let outcome = self.said.unwrap_or_else(|| words(&self.outcome));
        let done: Vec<String> = self.done.iter().filter(|task| task.matters()).map(Done::told).collect();
        match (outcome.is_empty(), done.is_empty()) {
            (false, false) => format!("{outcome}: {}", done.join("; ")),
            (false, true) => outcome,
            (true, _) => done.join("; "),
        }
    }
}

impl Done {
    /// That somebody else was told is nothing to tell; that they could not be is.
    fn matters(&self) -> bool {
        self.to != self.action || self.why.is_some()
    }

    fn told(&self) -> String {
        let stands = words(&self.stands);
        let why = self.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{} at {} {stands}{why}", self.action, self.at)
    }
}

/// `needs_attention` as people read it.
fn words(value: &Value) -> String {
    plain(value).replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_of_everybody_what_was_done_and_what_was_not() {
        let report = json!([
            {
                "about": "alice@corp.example", "outcome": "partly", "said": null,
                "done": [
                    { "action": "account.disable", "at": "entra_id", "to": "alice", "stands": "succeeded", "why": null },
                    { "action": "account.disable", "at": "okta", "to": "alice", "stands": "failed", "why": "no right" },
                    { "action": "slack.post", "at": "slack", "to": "slack.post", "stands": "succeeded", "why": null },
                    { "action": "smtp.send", "at": "smtp", "to": "smtp.send", "stands": "failed", "why": "no relay" },
                ],
            },
            { "about": "alice@corp.example", "outcome": "needs_attention", "said": "a person was asked", "done": [] },
            { "about": "", "outcome": "nothing_to_do", "done": [] },
        ]);
        let expected = json!({
            "alice@corp.example": "partly: account.disable at entra_id succeeded; account.disable at okta failed (no \
                                   right); smtp.send at smtp failed (no relay)",
            "alice@corp.example (2)": "a person was asked",
            "Run": "nothing to do",
        });
        assert_eq!(Value::Object(read(report).unwrap()), expected);
    }

    #[test]
    fn maps_are_taken_as_they_are_and_nothing_else_is_taken() {
        let map = json!({ "Account": "alice", "Groups": ["a"] });
        assert_eq!(Value::Object(read(map.clone()).unwrap()), map);
        assert_eq!(read(Value::Null).unwrap(), Map::new());
        for other in [json!("text"), json!(7), json!(["a"]), json!([{ "about": "x" }])] {
            assert!(read(other.clone()).is_err(), "{other}");
        }
    }
}
