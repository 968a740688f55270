//! `sentinel.close_incident`: closes an incident, with a verdict.

use quell_action::{ActionError, ActionSpec};
use quell_kit::clip;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BASE;
use super::status::{put, put_back, read};
use crate::facet::Facet;
use crate::find::Which;
use crate::incident::Incident;

/// The most that is said of a verdict.
const LONGEST: usize = 2000;

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Classification {
    /// It was an attack.
    TruePositive,
    /// It looked like an attack and was meant to happen.
    BenignPositive,
    /// It was nothing.
    FalsePositive,
    /// Nobody knows.
    Undetermined,
}

/// Why that is the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// Something suspicious was done: the reason of a true positive.
    SuspiciousActivity,
    /// It was suspicious and expected: the reason of a benign positive.
    SuspiciousButExpected,
    /// The rule was wrong: a reason of a false positive.
    IncorrectAlertLogic,
    /// The data was wrong: a reason of a false positive.
    InaccurateData,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Closing {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// The verdict.
    classification: Classification,
    /// Why; only a false positive has two possible reasons and needs it.
    #[serde(default)]
    reason: Option<Reason>,
    /// What else there is to say of the verdict.
    #[serde(default)]
    comment: Option<String>,
}

impl Classification {
    fn word(self) -> &'static str {
        match self {
            Self::TruePositive => "TruePositive",
            Self::BenignPositive => "BenignPositive",
            Self::FalsePositive => "FalsePositive",
            Self::Undetermined => "Undetermined",
        }
    }

    fn reasons(self) -> &'static [Reason] {
        match self {
            Self::TruePositive => &[Reason::SuspiciousActivity],
            Self::BenignPositive => &[Reason::SuspiciousButExpected],
            Self::FalsePositive => &[Reason::IncorrectAlertLogic, Reason::InaccurateData],
            Self::Undetermined => &[],
        }
    }
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Self::SuspiciousActivity => "SuspiciousActivity",
            Self::SuspiciousButExpected => "SuspiciousButExpected",
            Self::IncorrectAlertLogic => "IncorrectAlertLogic",
            Self::InaccurateData => "InaccurateData",
        }
    }
}

impl Closing {
    /// The reason that goes with the verdict.
    fn reason(&self) -> Result<Option<Reason>, ActionError> {
        match (self.classification.reasons(), self.reason) {
            (reasons, Some(reason)) if reasons.contains(&reason) => Ok(Some(reason)),
            ([], None) => Ok(None),
            ([only], None) => Ok(Some(*only)),
            (_, Some(reason)) => Err(ActionError::rejected(format!(
                "{} is no reason of {}",
                reason.word(),
                self.classification.word()
            ))),
            (_, None) => Err(ActionError::rejected(
                "a false positive needs its reason: incorrect_alert_logic or inaccurate_data",
            )),
        }
    }
}

impl Facet for Closing {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.close_incident",
        undo: Some("sentinel.set_status"),
        summary: "Closes an incident in Sentinel with a verdict; one that has another verdict keeps it.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        self.reason().map(drop)
    }

    fn read(&self, incident: &Incident) -> Value {
        read(incident)
    }

    fn is_so(&self, incident: &Incident) -> bool {
        is_closed(incident) && incident.text("classification") == Some(self.classification.word())
    }

    fn must_stay(&self, incident: &Incident) -> Option<String> {
        let verdict = incident.text("classification").filter(|verdict| *verdict != "Undetermined")?;
        is_closed(incident).then(|| {
            format!("{} is closed as {verdict} already: a verdict is left alone", incident.display())
        })
    }

    fn make_so(&self, incident: &mut Incident) {
        let reason = self.reason().ok().flatten().map(Reason::word);
        let comment = self.comment.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let comment = comment.map(|text| clip(text, LONGEST));
        put(incident, [Some("Closed"), Some(self.classification.word()), reason, comment.as_deref()]);
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        put_back(incident, before);
    }
}

fn is_closed(incident: &Incident) -> bool {
    incident.text("status") == Some("Closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_verdict_has_its_own_reasons() {
        let reason = |classification: &str, reason: Option<&str>| {
            let closing: Closing =
                serde_json::from_value(json!({ "classification": classification, "reason": reason }))
                    .unwrap();
            closing.reason().map(|reason| reason.map(Reason::word)).ok()
        };
        assert_eq!(reason("true_positive", None), Some(Some("SuspiciousActivity")));
        assert_eq!(reason("benign_positive", None), Some(Some("SuspiciousButExpected")));
        assert_eq!(reason("false_positive", Some("inaccurate_data")), Some(Some("InaccurateData")));
        assert_eq!(reason("undetermined", None), Some(None));
        assert_eq!(reason("false_positive", None), None);
        assert_eq!(reason("true_positive", Some("inaccurate_data")), None);
        assert_eq!(reason("undetermined", Some("suspicious_activity")), None);
    }
}
