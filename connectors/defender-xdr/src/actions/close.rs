//! `defender_xdr.close_incident` and `defender_xdr.close_alert`: resolves it, with a verdict.

use quell_action::{ActionError, ActionSpec};
use quell_kit::clip;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ON_ALERT, ON_INCIDENT};
use crate::facet::Facet;
use crate::matter::{AlertOutput, IncidentOutput, Kind, Matter, Which};

/// The most that is said of a verdict.
const LONGEST: usize = 1000;

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Classification {
    /// It was an attack.
    TruePositive,
    /// It was nothing.
    FalsePositive,
    /// It looked like an attack and was meant to happen.
    InformationalExpectedActivity,
}

/// What it was, in more detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Determination {
    /// An attack in several stages.
    MultiStagedAttack,
    /// An account in the wrong hands.
    CompromisedAccount,
    /// Somebody did it on purpose.
    MaliciousUserActivity,
    /// Malware.
    Malware,
    /// Phishing.
    Phishing,
    /// Software that nobody wants.
    UnwantedSoftware,
    /// Nothing malicious.
    NotMalicious,
    /// Nobody can tell.
    NotEnoughDataToValidate,
    /// Somebody tests the defence.
    SecurityTesting,
    /// A program that the business uses.
    LineOfBusinessApplication,
    /// Somebody has confirmed that they did it.
    ConfirmedActivity,
    /// Something else.
    Other,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfIncident {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// The verdict.
    classification: Classification,
    /// What it was, in more detail.
    #[serde(default)]
    determination: Option<Determination>,
    /// What else there is to say of the verdict.
    #[serde(default)]
    comment: Option<String>,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfAlert {
    /// The alert, such as `{{ alert.id }}`.
    alert: String,
    /// The verdict.
    classification: Classification,
    /// What it was, in more detail.
    #[serde(default)]
    determination: Option<Determination>,
}

impl Facet for OfIncident {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.close_incident",
        undo: Some("defender_xdr.set_status"),
        summary: "Resolves an incident in Defender XDR with a verdict; one that has another verdict keeps it.",
        ..ON_INCIDENT
    };
    const KIND: Kind = Kind::Incident;
    type Shown = IncidentOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::incident(self.incident.as_deref(), self.alert.as_deref())
    }

    fn read(&self, matter: &Matter) -> Value {
        let mut read = read(matter);
        read["resolvingComment"] = json!(matter.text("resolvingComment"));
        read
    }

    fn is_so(&self, matter: &Matter) -> bool {
        is_so(self.classification, matter)
    }

    fn must_stay(&self, matter: &Matter) -> Option<String> {
        must_stay(matter)
    }

    fn wanted(&self, _: &Matter) -> Value {
        let mut wanted = wanted(self.classification, self.determination);
        let comment = self.comment.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if let Some(comment) = comment {
            wanted["resolvingComment"] = json!(clip(comment, LONGEST));
        }
        wanted
    }
}

impl Facet for OfAlert {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.close_alert",
        undo: Some("defender_xdr.set_alert_status"),
        summary: "Resolves an alert in Defender XDR with a verdict; one that has another verdict keeps it.",
        ..ON_ALERT
    };
    const KIND: Kind = Kind::Alert;
    type Shown = AlertOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::alert(&self.alert)
    }

    fn read(&self, matter: &Matter) -> Value {
        read(matter)
    }

    fn is_so(&self, matter: &Matter) -> bool {
        is_so(self.classification, matter)
    }

    fn must_stay(&self, matter: &Matter) -> Option<String> {
        must_stay(matter)
    }

    fn wanted(&self, _: &Matter) -> Value {
        wanted(self.classification, self.determination)
    }
}

/// How it stands, with the verdict.
fn read(matter: &Matter) -> Value {
    json!({
        "status": matter.word("status"),
        "classification": matter.word("classification"),
        "determination": matter.word("determination"),
    })
}

fn is_so(wanted: Classification, matter: &Matter) -> bool {
    is_closed(matter) && matter.word("classification") == word(&wanted)
}

fn must_stay(matter: &Matter) -> Option<String> {
    let verdict = Some(matter.word("classification")).filter(|verdict| verdict != "unknown")?;
    is_closed(matter)
        .then(|| format!("{} is closed as {verdict} already: a verdict is left alone", matter.display()))
}

fn wanted(classification: Classification, determination: Option<Determination>) -> Value {
    let mut wanted = json!({ "status": "resolved", "classification": word(&classification) });
    if let Some(determination) = determination {
        wanted["determination"] = json!(word(&determination));
    }
    wanted
}

fn is_closed(matter: &Matter) -> bool {
    matter.word("status") == "resolved"
}

/// A word of ours as it is written over there: `true_positive` is `truePositive`.
fn word(ours: &impl Serialize) -> String {
    let ours = serde_json::to_value(ours).unwrap_or_default();
    let mut parts = ours.as_str().unwrap_or_default().split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |word, part| {
        let mut letters = part.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        word.chars().chain(capital).chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_as_they_are_over_there() {
        assert_eq!(word(&Classification::TruePositive), "truePositive");
        assert_eq!(word(&Classification::InformationalExpectedActivity), "informationalExpectedActivity");
        assert_eq!(word(&Determination::Malware), "malware");
        assert_eq!(word(&Determination::NotEnoughDataToValidate), "notEnoughDataToValidate");
    }
}
