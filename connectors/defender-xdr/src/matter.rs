//! [`Matter`]: what somebody works on over there: an incident or an alert, with the members that it has.

use std::fmt;

use quell_action::ActionError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Incident,
    Alert,
}

/// An incident or an alert, as it is now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matter {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    members: Map<String, Value>,
}

/// Which one is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    /// This incident.
    Incident(&'a str),
    /// The incident that this alert is in.
    IncidentOf(&'a str),
    /// This alert.
    Alert(&'a str),
}

/// What later steps can read of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct IncidentOutput {
    /// The incident's number: other steps take it as their `incident`.
    incident: String,
    /// What it is called.
    title: String,
    /// `high`, `medium`, `low`, `informational` or `unknown`.
    severity: String,
    /// `active`, `inProgress`, `resolved`, `redirected` or `awaitingAction`.
    status: String,
    /// The verdict: `truePositive`, `falsePositive`, `informationalExpectedActivity` or `unknown`.
    classification: String,
    /// What it was, in more detail: `compromisedAccount`, `malware`, `notMalicious`.
    determination: String,
    /// Who looks after it.
    owner: Option<String>,
    /// The tags that people gave it.
    tags: Vec<String>,
    /// Where a person can look at it.
    link: Option<String>,
}

/// What later steps can read of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct AlertOutput {
    /// The alert's id: other steps take it as their `alert`.
    alert: String,
    /// The number of the incident that it is in.
    incident: Option<String>,
    /// What it is called.
    title: String,
    /// `high`, `medium`, `low`, `informational` or `unknown`.
    severity: String,
    /// `new`, `inProgress`, `resolved` or `unknown`.
    status: String,
    /// The verdict: `truePositive`, `falsePositive`, `informationalExpectedActivity` or `unknown`.
    classification: String,
    /// What it was, in more detail: `compromisedAccount`, `malware`, `notMalicious`.
    determination: String,
    /// Who looks after it.
    owner: Option<String>,
    /// Where a person can look at it.
    link: Option<String>,
}

impl Kind {
    /// How it is called in addresses.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Incident => "incidents",
            Self::Alert => "alerts_v2",
        }
    }

    /// How it is called.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Alert => "alert",
        }
    }
}

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incident(id) => write!(f, "incident {id}"),
            Self::IncidentOf(id) => write!(f, "the incident of alert {id}"),
            Self::Alert(id) => write!(f, "alert {id}"),
        }
    }
}

impl<'a> Which<'a> {
    /// The incident that a playbook means.
    ///
    /// # Errors
    /// When it names none, or names it twice.
    pub(crate) fn incident(incident: Option<&'a str>, alert: Option<&'a str>) -> Result<Self, ActionError> {
        match (given(incident), given(alert)) {
            (Some(incident), None) if incident.bytes().all(|digit| digit.is_ascii_digit()) => {
                Ok(Self::Incident(incident))
            }
            (Some(incident), None) => {
                let why = format!("{incident:?} is no incident of Defender XDR: they have numbers");
                Err(ActionError::rejected(why))
            }
            (None, Some(alert)) => Ok(Self::IncidentOf(alert)),
            (None, None) => {
                Err(ActionError::rejected("say which incident: `incident`, or `alert: \"{{ alert.id }}\"`"))
            }
            (Some(_), Some(_)) => {
                Err(ActionError::rejected("say which incident by one of `incident` and `alert`, not by both"))
            }
        }
    }

    /// The alert that a playbook means.
    ///
    /// # Errors
    /// When it names none.
    pub(crate) fn alert(alert: &'a str) -> Result<Self, ActionError> {
        given(Some(alert))
            .map(Self::Alert)
            .ok_or_else(|| ActionError::rejected("say which alert: `alert: \"{{ alert.id }}\"`"))
    }
}

impl Matter {
    /// What an answer says.
    pub(crate) fn of(kind: Kind, members: Map<String, Value>) -> Option<Self> {
        let id = members.get("id")?.as_str().filter(|id| !id.is_empty())?.to_owned();
        Some(Self { kind, id, members })
    }

    /// What people call it.
    pub(crate) fn display(&self) -> String {
        format!("{} {}", self.kind.word(), self.id)
    }

    /// A member that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A member that is one of a few words: some answers write them with a capital, some leave them out.
    pub(crate) fn word(&self, name: &str) -> String {
        let word = self.text(name).unwrap_or("unknown");
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    }

    /// The tags that people gave it.
    pub(crate) fn tags(&self) -> Vec<&str> {
        let tags = self.members.get("customTags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The text of every comment.
    pub(crate) fn comments(&self) -> impl Iterator<Item = &str> {
        let comments = self.members.get("comments").and_then(Value::as_array);
        comments.into_iter().flatten().filter_map(|one| one["comment"].as_str())
    }

    /// What later steps can read, of an incident.
    pub(crate) fn incident_output(&self) -> IncidentOutput {
        IncidentOutput {
            incident: self.id.clone(),
            title: self.text("displayName").unwrap_or_default().to_owned(),
            severity: self.word("severity"),
            status: self.word("status"),
            classification: self.word("classification"),
            determination: self.word("determination"),
            owner: self.text("assignedTo").map(str::to_owned),
            tags: self.tags().into_iter().map(str::to_owned).collect(),
            link: self.text("incidentWebUrl").map(str::to_owned),
        }
    }

    /// What later steps can read, of an alert.
    pub(crate) fn alert_output(&self) -> AlertOutput {
        AlertOutput {
            alert: self.id.clone(),
            incident: self.text("incidentId").map(str::to_owned),
            title: self.text("title").unwrap_or_default().to_owned(),
            severity: self.word("severity"),
            status: self.word("status"),
            classification: self.word("classification"),
            determination: self.word("determination"),
            owner: self.text("assignedTo").map(str::to_owned),
            link: self.text("alertWebUrl").map(str::to_owned),
        }
    }
}

/// What is shown of a matter to later steps, by its kind.
pub(crate) trait Shown: Serialize + JsonSchema + Send + 'static {
    fn of(matter: &Matter) -> Self;
}

impl Shown for IncidentOutput {
    fn of(matter: &Matter) -> Self {
        matter.incident_output()
    }
}

impl Shown for AlertOutput {
    fn of(matter: &Matter) -> Self {
        matter.alert_output()
    }
}

/// An answer as it comes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Members(pub(crate) Map<String, Value>);

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_are_read_with_and_without_capital() {
        let members =
            json!({ "id": "1", "status": "InProgress", "classification": null, "severity": "high" });
        let matter = Matter::of(Kind::Incident, members.as_object().unwrap().clone()).unwrap();
        assert_eq!(matter.word("status"), "inProgress");
        assert_eq!(matter.word("severity"), "high");
        assert_eq!(
            (matter.word("classification"), matter.word("determination")),
            ("unknown".into(), "unknown".into())
        );
        assert_eq!(Matter::of(Kind::Incident, Map::new()), None);
    }

    #[test]
    fn one_way_of_saying_which_and_not_two() {
        assert_eq!(Which::incident(Some(" 28282 "), None), Ok(Which::Incident("28282")));
        assert_eq!(Which::incident(None, Some("da1_-2")), Ok(Which::IncidentOf("da1_-2")));
        assert_eq!(Which::alert(" da1_-2"), Ok(Which::Alert("da1_-2")));
        for (incident, alert) in
            [(None, None), (Some("1"), Some("da1")), (Some("a"), None), (Some(" "), Some(" "))]
        {
            assert!(Which::incident(incident, alert).is_err(), "{incident:?} {alert:?}");
        }
        assert!(Which::alert(" ").is_err());
    }
}
