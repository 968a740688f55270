//! What names stand for at the moment a condition is evaluated or a form is filled in.

mod alert;
mod chosen;
mod entity;

use std::borrow::Cow;
use std::collections::BTreeMap;

use quell_action::lists::Lists;
use quell_action::{DeviceFacts, IdentityFacts};
use quell_alert::{Alert, Timestamp};
use serde_json::{Value, json};

use crate::condition::Seen;
use crate::model::{Reference, StepId};
use crate::{Kept, Moment};

pub use chosen::{Candidate, FoundEntity};
pub use entity::Entity;

/// What names stand for.
pub trait Scope {
    /// The value of a name; `None` where it is missing.
    fn value(&self, reference: &Reference) -> Option<Value> {
        self.seen(reference).to_json()
    }

    /// The value of a name as rows of a table: the things in a list with their fields, where they have any.
    fn rows(&self, reference: &Reference) -> Option<Value> {
        self.value(reference)
    }

    /// The same, typed and without copying where that is possible.
    fn seen<'a>(&'a self, reference: &Reference) -> Seen<'a>;

    /// The alert as it came, unfolded: what JSONPath sees.
    fn document(&self) -> &Value;

    /// The moment at which everything is judged. A replay has the recorded one.
    fn now(&self) -> Timestamp;

    /// The named lists as they are at that moment; `None` where none are known.
    fn lists(&self) -> Option<&Lists> {
        None
    }
}

/// The scope of `when`: an alert, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct AlertScope<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The moment at which it is judged.
    pub moment: &'a Moment,
}

/// The scope within a lane: the alert, the entity that the lane is about, what directories said of it, and the
/// results of earlier steps.
#[derive(Debug, Clone)]
pub struct LaneScope<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The moment at which everything is judged.
    pub moment: Moment,
    /// The entity that the lane is about.
    pub entity: Option<Entity<'a>>,
    /// What the directories said of the person, once they were asked.
    pub identity: Option<&'a IdentityFacts>,
    /// What its system said of the device, once it was asked.
    pub device: Option<&'a DeviceFacts>,
    /// The entities around it, where the lane is within another one.
    pub outer: Vec<Outer<'a>>,
    /// What earlier steps led to.
    pub results: Cow<'a, BTreeMap<StepId, StepResult>>,
    /// `lane.…`: by field name.
    pub lane: BTreeMap<&'static str, Value>,
    /// What this run has kept for the alert itself.
    pub kept: Kept,
    /// `run.…`: by field name.
    pub run: BTreeMap<&'static str, Value>,
    /// `inputs.…`: by name.
    pub inputs: Cow<'a, BTreeMap<String, Value>>,
    /// Whether there is an alert at all; without one, all that is asked of it is missing.
    pub has_alert: bool,
}

/// An entity around a lane, and what directories said of it.
#[derive(Debug, Clone)]
pub struct Outer<'a> {
    /// The entity.
    pub entity: Entity<'a>,
    /// What the directories said of the person, once they were asked.
    pub identity: Option<&'a IdentityFacts>,
    /// What its system said of the device, once it was asked.
    pub device: Option<&'a DeviceFacts>,
}

/// What a step led to, for later steps to read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepResult {
    /// Whether it failed for good, at any of its targets.
    pub failed: bool,
    /// Whether it was left out.
    pub skipped: bool,
    /// The kind of its error.
    pub error_kind: Option<String>,
    /// When somebody answered, where the step is a question.
    pub at: Option<Timestamp>,
    /// The action's outputs.
    pub output: Value,
}

impl Scope for AlertScope<'_> {
    fn seen<'a>(&'a self, reference: &Reference) -> Seen<'a> {
        match reference.split() {
            ("alert", _) => alert::seen(self.alert, &reference.0),
            _ => Seen::Missing,
        }
    }

    fn document(&self) -> &Value {
        &self.alert.document
    }

    fn now(&self) -> Timestamp {
        self.moment.now
    }

    fn lists(&self) -> Option<&Lists> {
        Some(&self.moment.lists)
    }
}

impl<'s> LaneScope<'s> {
    /// The scope of a lane before anything was done or asked.
    pub fn new(alert: &'s Alert, entity: Option<Entity<'s>>, moment: impl Into<Moment>) -> Self {
        Self {
            alert,
            moment: moment.into(),
            entity,
            identity: None,
            device: None,
            outer: Vec::new(),
            results: Cow::Owned(BTreeMap::new()),
            kept: Kept::new(),
            lane: BTreeMap::new(),
            run: BTreeMap::new(),
            inputs: Cow::Owned(BTreeMap::new()),
            has_alert: true,
        }
    }

    fn output(&self, step: &str, field: &str) -> Option<&Value> {
        let result = self.results.get(&StepId(step.to_owned()))?;
        field.split('.').try_fold(&result.output, |value, part| value.get(part))
    }

    fn named<'a>(&'a self, root: &str) -> Seen<'a> {
        match &self.entity {
            Some(entity) if entity.root() == root => entity.named(self.identity, self.device),
            _ => match self.outer.iter().find(|outer| outer.entity.root() == root) {
                Some(outer) => outer.entity.named(outer.identity, outer.device),
                None => Seen::Missing,
            },
        }
    }

    fn of_step<'a>(&'a self, step: &str, field: &str) -> Seen<'a> {
        let Some(result) = self.results.get(&StepId(step.to_owned())) else { return Seen::Missing };
        match field {
            "failed" => Seen::Boolean(result.failed),
            "skipped" => Seen::Boolean(result.skipped),
            "at" if result.at.is_some() => Seen::time(result.at),
            "error.kind" => Seen::text(result.error_kind.as_deref()),
            _ => match self.output(step, field) {
                Some(value) => Seen::of_json(Cow::Borrowed(value)),
                None => Seen::Missing,
            },
        }
    }
}

impl Scope for LaneScope<'_> {
    fn rows(&self, reference: &Reference) -> Option<Value> {
        if reference.0 == "run.report" {
            return self.run.get("report").map(flat);
        }
        let listed = reference.0.strip_prefix("alert.").and_then(crate::names::list_of);
        let Some(kind) = listed else { return self.value(reference) };
        let rows = Entity::all(self.alert, kind).into_iter().map(|(_, entity)| entity.row(None, None));
        Some(rows.collect())
    }

    /// Whole, where it is handed on: a condition only counts what is in a list of things.
    fn value(&self, reference: &Reference) -> Option<Value> {
        let (root, field) = reference.split();
        let whole = match root {
            "run" => self.run.get(field),
            _ => self.output(root, field),
        };
        match whole {
            Some(list @ Value::Array(_)) => Some(list.clone()),
            _ => self.seen(reference).to_json(),
        }
    }

    fn seen<'a>(&'a self, reference: &Reference) -> Seen<'a> {
        let word = |words: &'a BTreeMap<&'static str, Value>, field: &str| {
            words.get(field).map_or(Seen::Missing, |value| Seen::of_json(Cow::Borrowed(value)))
        };
        match reference.split() {
            ("alert", _) if !self.has_alert => Seen::Missing,
            ("alert", field) => match field.strip_prefix("kept.") {
                Some(name) => {
                    Seen::text(self.kept.get(name).or_else(|| self.moment.kept.get(name)).map(String::as_str))
                }
                None => alert::seen(self.alert, &reference.0),
            },
            ("inputs", name) => match self.inputs.get(name) {
                Some(value) => Seen::of_json(Cow::Borrowed(value)),
                None => Seen::Missing,
            },
            ("lane", "started") => moment(self.lane.get("started")),
            ("run", "started") => moment(self.run.get("started")),
            ("lane", field) => word(&self.lane, field),
            ("run", field) => word(&self.run, field),
            // An entity as a whole: all its names.
            (root, "") => self.named(root),
            (root, field) => match &self.entity {
                Some(entity) if entity.root() == root => {
                    entity.seen(&reference.0, self.identity, self.device)
                }
                _ => match self.outer.iter().find(|outer| outer.entity.root() == root) {
                    Some(outer) => outer.entity.seen(&reference.0, outer.identity, outer.device),
                    None => self.of_step(root, field),
                },
            },
        }
    }

    fn document(&self) -> &Value {
        &self.alert.document
    }

    fn now(&self) -> Timestamp {
        self.moment.now
    }

    fn lists(&self) -> Option<&Lists> {
        Some(&self.moment.lists)
    }
}

/// What was done to whom, a row each: a report keeps it lane by lane.
fn flat(report: &Value) -> Value {
    let mut rows = Vec::new();
    for lane in report.as_array().into_iter().flatten() {
        let done = lane["done"].as_array().filter(|done| !done.is_empty());
        for task in done.into_iter().flatten() {
            let mut row = serde_json::Map::new();
            row.insert("about".to_owned(), lane["about"].clone());
            row.extend(task.as_object().cloned().unwrap_or_default());
            row.insert("outcome".to_owned(), lane["outcome"].clone());
            rows.push(Value::Object(row));
        }
        if done.is_none() {
            rows.push(json!({ "about": lane["about"], "outcome": lane["outcome"] }));
        }
    }
    Value::from(rows)
}

fn moment<'a>(value: Option<&'a Value>) -> Seen<'a> {
    value.map_or(Seen::Missing, |value| Seen::read(value, crate::condition::AsKind::Time))
}

impl StepResult {
    /// A result that holds these outputs.
    pub fn done(output: Value) -> Self {
        Self { output, ..Self::default() }
    }

    /// As JSON, for people.
    pub fn to_json(&self) -> Value {
        json!({ "failed": self.failed, "skipped": self.skipped, "error": self.error_kind, "output": self.output })
    }
}
