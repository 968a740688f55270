//! [`Later`]: an alert that comes after that of the test, and what of it belongs to the run that is there (`once_per`).

use std::sync::Arc;
use std::time::Duration;

use quell_alert::Alert;
use quell_playbook::duration;
use quell_playbook::model::Playbook;
use serde::Deserialize;
use serde_json::Value;

use super::alert::inline;
use super::compare::Difference;
use super::expect::is_called;
use super::form::Rehearsal;
use super::play::Begun;
use super::vary::changed;
use crate::retry::later;
use crate::{LeftOut, Plan};

/// A later alert, as people write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaterForm {
    /// How long after the first: `23h`.
    after: String,
    /// What is different in it.
    #[serde(default)]
    change: Option<Value>,
    /// What of it is attached to the run of the first.
    attached: Attached,
}

/// What of a later alert is attached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Attached {
    /// `all`, or `none`.
    Word(String),
    /// These people and things; the others have a run of their own.
    Names(Vec<String>),
}

/// A later alert, ready to be held against the run.
#[derive(Debug, Clone)]
pub(super) struct Later {
    after: Duration,
    /// What it says; `None` where it says the same.
    alert: Option<Value>,
    attached: Attached,
}

impl LaterForm {
    /// Reads it: `of` is the alert that it comes after, where that stands in the test itself.
    pub(super) fn read(&self, of: Option<&Value>) -> Result<Later, String> {
        let after = duration::read(&self.after).map_err(|why| format!("`after` {why}: write 30s or 23h"))?;
        let alert = match (&self.change, of) {
            (None, _) => None,
            (Some(change), Some(alert)) => Some(changed(alert, change)),
            (Some(_), None) => return Err("the alert is in a file: write it here to change it".to_owned()),
        };
        if let Attached::Word(word) = &self.attached
            && !["all", "none"].contains(&word.as_str())
        {
            return Err(format!("`attached` is {word:?}: write all, none or a list of names"));
        }
        Ok(Later { after, alert, attached: self.attached.clone() })
    }
}

impl Rehearsal {
    /// Where what is attached of later alerts is not as expected. Nothing of them is carried out.
    pub(super) fn later_differences(
        &self,
        first: &Plan,
        alert: Option<&Arc<Alert>>,
        playbook: &Arc<Playbook>,
    ) -> Result<Vec<Difference>, String> {
        let mut found = Vec::new();
        for one in &self.later {
            let alert = match &one.alert {
                Some(alert) => Some(Arc::new(inline(alert)?)),
                None => alert.cloned(),
            };
            let at = later(self.at, one.after);
            let got = match (Self { at, ..self.clone() }).begin(alert, playbook)? {
                Begun::Plan(plan) => attached(first, *plan, playbook),
                Begun::NotStarted(why) => Err(format!("does not start: {why}")),
            };
            if got.as_ref().is_ok_and(|got| got.is(&one.attached)) {
                continue;
            }
            let after = duration::write(one.after);
            let got = got.map_or_else(|why| why, |got| got.told());
            found.push(Difference {
                what: "later",
                expected: vec![format!("after {after}: {}", one.attached.told())],
                got: vec![format!("after {after}: {got}")],
            });
        }
        Ok(found)
    }
}

/// What of a plan the run of an earlier one has in hand.
fn attached(first: &Plan, mut plan: Plan, playbook: &Playbook) -> Result<Attached, String> {
    let held = first.claims(playbook);
    let wanted = plan.claims(playbook);
    let now = plan.created;
    let is_held = |claim: &&crate::Claim| held.iter().any(|one| one.name == claim.name && now < one.until);
    let taken = wanted.iter().filter(is_held).map(|claim| (claim, &first.run));
    if !plan.leave_to(taken) {
        return Ok(Attached::Word("all".to_owned()));
    }
    let lanes = plan.lanes.iter();
    let names = lanes.filter(|lane| matches!(lane.left_out, Some(LeftOut::Attached { .. })));
    Ok(Attached::Names(names.map(|lane| lane.display.clone()).collect()))
}

impl Attached {
    /// Whether this, as it came out, is what was expected.
    fn is(&self, expected: &Self) -> bool {
        match (self, expected) {
            (Self::Names(got), Self::Names(wanted)) => {
                got.len() == wanted.len()
                    && wanted.iter().all(|name| got.iter().any(|shown| is_called(shown, name)))
            }
            (Self::Names(got), Self::Word(word)) => got.is_empty() && word == "none",
            (word, expected) => word == expected,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Names(names) if names.is_empty() => "none".to_owned(),
            Self::Names(names) => names.join(", "),
        }
    }
}
