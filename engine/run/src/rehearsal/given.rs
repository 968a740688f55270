//! [`Given`]: the world of a test: who is known, what calls come to, what does not last.

use std::collections::BTreeMap;

use quell_action::Protected;
use quell_playbook::Kept;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What differs from a world in which everybody is ordinary and everything works.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Given {
    /// What is known of people whom the alert names; the others are ordinary people, known everywhere.
    pub(super) accounts: Vec<SomebodyGiven>,
    /// The same of devices.
    pub(super) devices: Vec<SomebodyGiven>,
    /// What earlier runs have kept for the alert.
    pub(super) kept: Kept,
    /// The systems whose directories do not answer.
    pub(super) away: Vec<String>,
    /// What does not last, though it was done: somebody takes it back behind our back.
    pub(super) drifts: Vec<String>,
    /// What calls come to, by action: `account.disable of alice at okta`.
    pub(super) calls: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SomebodyGiven {
    pub(super) name: String,
    #[serde(default = "yes")]
    pub(super) known: bool,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) privileged: bool,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    /// What no directory can say of them.
    #[serde(default)]
    pub(super) unread: Vec<Unread>,
    #[serde(default)]
    pub(super) protected: Option<Protected>,
    /// The systems that know them; all where it is left out.
    #[serde(default)]
    pub(super) at: Option<Vec<String>>,
}

/// Something that directories say of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unread {
    /// Their groups.
    Groups,
    /// Whether they hold administrative rights.
    Privileged,
    /// Whether they can sign in.
    Enabled,
    /// The tags of a device.
    Tags,
}

/// Under `given`, what has a dot in its name is an action, and may stand beside the rest: `{ okta.get_user: … }`.
pub(super) fn calls_together(file: &mut Value) {
    for test in file.get_mut("tests").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(given) = test.get_mut("given").and_then(Value::as_object_mut) else { continue };
        let (actions, rest): (Map<_, _>, _) =
            std::mem::take(given).into_iter().partition(|(name, _)| name.contains('.'));
        *given = rest;
        for (action, answer) in actions {
            let calls = given.entry("calls").or_insert_with(|| Value::Object(Map::new()));
            match calls.as_object_mut().filter(|calls| !calls.contains_key(&action)) {
                Some(calls) => calls.insert(action, answer),
                // It is there twice, or the calls are none: left where it is, it is refused.
                None => given.insert(action, answer),
            };
        }
    }
}

fn yes() -> bool {
    true
}
