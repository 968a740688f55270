//! Names in scope: which there are where, and which come too early.

use std::collections::{BTreeMap, BTreeSet};

use quell_action::{ParamKind, ParamSpec};
use quell_alert::EntityKind;
use serde_json::Value;

use super::Check;
use crate::model::{Form, Inputs, Reference};
use crate::names::{self, Kind};
use crate::parse::Span;
use crate::{codes, nearest};

/// The names that are in scope at the place being checked.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The entities that a lane has, the innermost last.
    pub(super) entities: Vec<EntityKind>,
    /// Whether `for_each` is there and cannot be read: then nothing follows from the entity's absence.
    pub(super) entity_is_unclear: bool,
    /// Where in the playbook we are.
    pub(super) stage: Stage,
    /// Whether it is what an action is given.
    pub(super) given: bool,
    /// The steps that have run by then, with their outputs.
    pub(super) done: BTreeMap<String, Vec<Output>>,
    /// The results of steps that something looks at: `who.is_privileged`.
    pub(super) looked_at: BTreeSet<String>,
    /// Those of which it is not known what they give: there is no such action, or no such playbook.
    pub(super) unclear: BTreeSet<String>,
    /// The steps whose failure ends the lane.
    pub(super) ends_the_lane: BTreeSet<String>,
    /// The names under which values are kept for the alert.
    pub(super) kept: BTreeSet<String>,
    /// Those that are read, and where.
    pub(super) kept_read: Vec<(String, Span)>,
    /// Where each step that has an id stands.
    pub(super) steps: BTreeMap<String, Span>,
    /// What the playbook is given.
    pub(super) inputs: Inputs,
    /// Inputs that have a name and are not whole.
    pub(super) unclear_inputs: BTreeSet<String>,
    /// What the one lane of a playbook without `for_each` has led to.
    pub(super) of_run: BTreeMap<String, Vec<Output>>,
}

/// What a step gives to later steps, under one name.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// Its name.
    pub(super) name: String,
    /// Its kind.
    pub(super) kind: Kind,
    /// The words that it can be, where its kind is [`Kind::Choice`].
    pub(super) words: Vec<String>,
}

impl Output {
    /// One of a fixed kind.
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, words: Vec::new() }
    }

    /// What an action gives, as it is declared.
    pub(super) fn declared(spec: &ParamSpec) -> Self {
        let words = match &spec.kind {
            ParamKind::Choice(words) => words.clone(),
            _ => Vec::new(),
        };
        Self { name: spec.name.clone(), kind: kind_of(&spec.kind), words }
    }

    /// What is below outputs that the step itself names: `values: { id: $.id }` of a call gives `values.id`, as text.
    pub(super) fn within(outputs: &[Self], with: &BTreeMap<String, Form>) -> Vec<Self> {
        let maps = outputs.iter().filter(|output| output.kind == Kind::Json);
        let names = maps.flat_map(|output| {
            let keys: Vec<&String> = match with.get(&output.name) {
                Some(Form::Map(members)) => members.keys().collect(),
                Some(Form::Literal(Value::Object(members))) => members.keys().collect(),
                _ => Vec::new(),
            };
            keys.into_iter().map(|key| format!("{}.{key}", output.name))
        });
        names.map(|name| Self::new(&name, Kind::Text)).collect()
    }
}

/// Where in a playbook a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// In `when`: there is an alert and nothing else.
    #[default]
    When,
    /// In `where`: there is an entity, as the alert names it.
    Where,
    /// In `unless`: there is an entity, and directories can be asked.
    Unless,
    /// In `steps`.
    Steps,
    /// In `always`.
    Always,
    /// In `afterwards`: there is the alert, and the run as a whole.
    Afterwards,
}

/// Names that a step id may not have.
pub(super) const RESERVED: [&str; 12] =
    ["alert", "account", "device", "ip", "mailbox", "file", "hash", "url", "domain", "lane", "run", "inputs"];

/// Names that only the end of a run answers.
const OF_AFTERWARDS: [&str; 2] = ["run.outcome", "run.report"];

/// Names that no alert answers.
const ASKED_OF_DIRECTORIES: [&str; 3] = ["account.groups", "account.privileged", "account.enabled"];

/// What can go wrong with a step: the words of failures, and what no call has failed over.
const ERROR_KINDS: &[&str] = &[
    "not_found",
    "ambiguous",
    "forbidden",
    "credentials",
    "rejected",
    "throttled",
    "unavailable",
    "uncertain",
    "excluded",
    "ineffective",
];

/// What every step gives beside its outputs.
const OF_EVERY_STEP: [(&str, Kind); 3] =
    [("failed", Kind::Boolean), ("skipped", Kind::Boolean), ("error.kind", Kind::Words(ERROR_KINDS))];

impl Check<'_> {
    /// The kind of a name, where it is in scope here.
    pub(super) fn reference(&mut self, text: &str, span: &Span) -> Option<(Reference, Kind)> {
        let reference = Reference(text.to_owned());
        if let ("inputs", name) = reference.split() {
            let kind = self.of_inputs(name, span)?;
            return Some((reference, kind));
        }
        if let Some(name) = text.strip_prefix(names::KEPT) {
            return self.kept_value(name, span).then_some((reference, Kind::Text));
        }
        let kind = match names::find(&reference) {
            Some(name) => {
                let leads_somewhere = !names::LINKS.contains(&name.name) || self.pages(name.name, span);
                (self.in_scope(name, span) && leads_somewhere).then_some(name.kind)?
            }
            None => self.of_step(&reference, span)?,
        };
        Some((reference, kind))
    }

    fn in_scope(&mut self, name: &names::Name, span: &Span) -> bool {
        let Some(help) = self.why_not_in_scope(name) else { return true };
        let message = format!("`{}` is not in scope here", name.name);
        self.say(codes::OUT_OF_SCOPE, span, message, |d| d.help(help));
        false
    }

    fn why_not_in_scope(&self, name: &names::Name) -> Option<String> {
        let root = name.name.split('.').next()?;
        let stage = self.names.stage;
        let late = matches!(stage, Stage::Steps | Stage::Always | Stage::Afterwards);
        match root {
            "alert" if stage != Stage::When && self.starts.never_alert => {
                Some("no alert starts this playbook; what it needs to know are its `inputs`".to_owned())
            }
            "alert" => None,
            "lane" | "run" if names::LINKS.contains(&name.name) && !self.names.given => {
                Some("a link may stand in what an action is given (`with`) only".to_owned())
            }
            "lane" if stage == Stage::Afterwards => {
                Some("`afterwards` is about the whole run; `always` is about each lane".to_owned())
            }
            "lane" if name.name == "lane.outcome" => {
                (stage != Stage::Always).then(|| "the outcome is known in `always` only".to_owned())
            }
            "run" if OF_AFTERWARDS.contains(&name.name) => (stage != Stage::Afterwards)
                .then(|| "how the whole run went is known in `afterwards` only".to_owned()),
            "lane" | "run" => (!late).then(|| "it is known in `steps` and `always`".to_owned()),
            _ if stage == Stage::When => {
                Some(format!("`when` sees the alert only; choose with `where` below `for_each: {root}:`"))
            }
            _ if stage == Stage::Where && ASKED_OF_DIRECTORIES.contains(&name.name) => {
                Some("`where` sees what the alert says; `unless` and `if` ask directories".to_owned())
            }
            _ if stage == Stage::Afterwards => {
                Some("`afterwards` is about the whole run; `run.report` tells of everybody".to_owned())
            }
            _ if self.names.entity_is_unclear => None,
            _ => (!self.names.entities.iter().any(|kind| names::root_of(*kind) == root))
                .then(|| format!("add `for_each: {root}`, which gives each lane one")),
        }
    }

    fn of_step(&mut self, reference: &Reference, span: &Span) -> Option<Kind> {
        let (root, field) = reference.split();
        if let Some(outputs) = self.names.done.get(root) {
            let kind = OF_EVERY_STEP
                .iter()
                .find(|(known, _)| *known == field)
                .map(|(_, kind)| *kind)
                .or_else(|| outputs.iter().find(|output| output.name == field).map(|output| output.kind));
            match kind {
                Some(_) => {
                    self.names.looked_at.insert(reference.0.clone());
                    self.failure_can_be_seen(reference, span);
                }
                None if self.names.unclear.contains(root) => {}
                None => self.unknown_output(reference, span),
            }
            return kind;
        }
        if let Some(step) = self.names.steps.get(root).cloned() {
            let place = self.place(&step);
            let message = format!("the results of the step `{root}` cannot be seen here");
            let help = match self.names.stage {
                Stage::Afterwards => "`afterwards` sees the run as a whole: `run.outcome`, `run.report`",
                _ => "a step sees the results of the steps above it, in the same list or around it",
            };
            self.say(codes::TOO_EARLY, span, message, |d| d.help(help).related(place, "it stands here"));
            return None;
        }
        self.unknown_name(reference, span);
        None
    }

    /// The kind of an input. An alert gives none: there it is what `or` says, or not known.
    fn of_inputs(&mut self, name: &str, span: &Span) -> Option<Kind> {
        if self.names.stage == Stage::When {
            let message = format!("`inputs.{name}` is not in scope here");
            self.say(codes::OUT_OF_SCOPE, span, message, |d| d.help("`when` sees the alert only"));
            return None;
        }
        if self.names.unclear_inputs.contains(name) {
            return None;
        }
        if let Some(kind) = self.kind_of_input(name) {
            return Some(kind);
        }
        let known: Vec<String> = self.names.inputs.keys().map(|input| format!("inputs.{input}")).collect();
        let text = format!("inputs.{name}");
        let nearest = nearest::one(&text, known.iter().map(String::as_str)).map(str::to_owned);
        self.say(codes::UNKNOWN_NAME, span, format!("there is no input `{name}`"), |d| {
            let d = d.found(text.clone()).nearest(nearest);
            match known.as_slice() {
                [] => d.help(format!("say what the playbook is given: `inputs: {{ {name}: text }}`")),
                known => d.expected(format!("one of {}", known.join(", "))),
            }
        });
        None
    }

    /// The words that the result of a step can be.
    pub(super) fn words_of(&self, name: &str) -> Vec<String> {
        let (root, field) = name.split_once('.').unwrap_or((name, ""));
        if root == "inputs" {
            return self.names.inputs.get(field).map(|input| input.one_of.clone()).unwrap_or_default();
        }
        let outputs = self.names.done.get(root).into_iter().flatten();
        outputs.filter(|output| output.name == field).flat_map(|output| output.words.clone()).collect()
    }

    fn unknown_output(&mut self, reference: &Reference, span: &Span) {
        let (step, field) = reference.split();
        let mut known: Vec<String> = OF_EVERY_STEP.iter().map(|(name, _)| (*name).to_owned()).collect();
        known.extend(self.names.done.get(step).into_iter().flatten().map(|output| output.name.clone()));
        let nearest =
            nearest::one(field, known.iter().map(String::as_str)).map(|field| format!("{step}.{field}"));
        self.say(codes::UNKNOWN_NAME, span, format!("the step `{step}` does not give `{field}`"), |d| {
            d.expected(format!("one of {}", known.join(", "))).nearest(nearest)
        });
    }

    fn unknown_name(&mut self, reference: &Reference, span: &Span) {
        let known = names::names().iter().map(|name| name.name);
        let nearest = nearest::one(&reference.0, known).map(str::to_owned);
        let (root, _) = reference.split();
        let fields: Vec<&str> = names::names()
            .iter()
            .filter_map(|name| name.name.strip_prefix(root).and_then(|rest| rest.strip_prefix('.')))
            .collect();
        let expected = match fields.as_slice() {
            [] => "a name in scope: alert.…, account.…, device.…, or a step above".to_owned(),
            fields => format!("{root}. and one of {}", fields.join(", ")),
        };
        self.say(codes::UNKNOWN_NAME, span, format!("there is no name `{reference}`"), |d| {
            let d = d.found(reference.0.clone()).expected(expected).nearest(nearest);
            if root == "alert" {
                return d.help("what has no name here is reached by a path: \"$.ExtendedProperties['…']\"");
            }
            d
        });
    }
}

/// The kind of an output as conditions see it.
fn kind_of(kind: &ParamKind) -> Kind {
    match kind {
        ParamKind::Text => Kind::Text,
        ParamKind::Choice(_) => Kind::Choice,
        ParamKind::Integer => Kind::Integer,
        ParamKind::Number => Kind::Number,
        ParamKind::Boolean => Kind::Boolean,
        ParamKind::List(of) if matches!(**of, ParamKind::Text | ParamKind::Choice(_)) => Kind::Texts,
        ParamKind::List(_) | ParamKind::Object => Kind::Json,
    }
}
