//! `sentinel.set_owner`: says who looks after it.

use quell_action::{ActionError, ActionSpec};
use quell_alert::parse_guid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::BASE;
use crate::facet::Facet;
use crate::find::Which;
use crate::incident::{Incident, OWNER};

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owner {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// Who looks after it: the user principal name, or the object id of a person or a group. Empty: nobody.
    owner: String,
}

impl Owner {
    fn name(&self) -> &str {
        self.owner.trim()
    }
}

impl Facet for Owner {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.set_owner",
        undo: Some("sentinel.set_owner"),
        summary: "Says who looks after an incident in Sentinel.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        let name = self.name();
        match name.is_empty() || parse_guid(name).is_some() || is_principal(name) {
            true => Ok(()),
            false => Err(ActionError::rejected(format!(
                "{name:?} is neither a user principal name (name@domain) nor an object id"
            ))),
        }
    }

    fn read(&self, incident: &Incident) -> Value {
        let member = |name: &str| (name.to_owned(), json!(incident.owner(name)));
        Value::Object(OWNER.into_iter().map(member).collect())
    }

    /// Sentinel fills in the other names of an owner by itself, or does not.
    fn is_so(&self, incident: &Incident) -> bool {
        let mut names = OWNER.into_iter().filter_map(|name| incident.owner(name));
        match self.name() {
            "" => names.next().is_none(),
            wanted => names.any(|name| name.eq_ignore_ascii_case(wanted)),
        }
    }

    fn make_so(&self, incident: &mut Incident) {
        let name = self.name();
        let member = if parse_guid(name).is_some() { "objectId" } else { "userPrincipalName" };
        let mut owner = Map::new();
        if !name.is_empty() {
            owner.insert(member.to_owned(), json!(name));
        }
        incident.properties.insert("owner".to_owned(), Value::Object(owner));
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        incident.properties.insert("owner".to_owned(), before.clone());
    }
}

fn is_principal(name: &str) -> bool {
    let fits = name.chars().all(|letter| !letter.is_whitespace() && !letter.is_control());
    fits && name.len() <= 256
        && name.split_once('@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty())
}
