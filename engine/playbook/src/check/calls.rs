//! `run`: another playbook, in a run of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Check;
use super::flow::Found;
use super::references::Output;
use super::shape::Fields;
use crate::codes;
use crate::model::{Handed, Input, InputKind, Mode, Playbook, PlaybookName, RunStep, Verb};
use crate::names::{self, Kind};
use crate::nearest;
use crate::parse::{Entry, Node, Span};

/// How a run can end: the words of `outcome`.
pub(crate) const OUTCOMES: &[&str] = &[
    "contained",
    "observed",
    "nothing_to_do",
    "excluded",
    "over_limit",
    "partly",
    "failed",
    "cancelled",
    "needs_attention",
];

/// A playbook that others may call, as far as it is known.
#[derive(Debug, Clone)]
pub(crate) enum Callee {
    /// It is whole.
    Known(Arc<Playbook>),
    /// Something is wrong with it, which is said where it stands.
    Unclear,
}

impl Check<'_> {
    /// Whether the playbook that a step calls is there, and whole.
    pub(super) fn callee_is_known(&self, fields: &Fields<'_>) -> bool {
        let name = fields.get("run").and_then(Node::text);
        name.is_some_and(|name| matches!(self.site.callees.get(name), Some(Callee::Known(_))))
    }

    /// `run: contain-account`, with `inputs` beside it.
    pub(super) fn run_step(&mut self, fields: &Fields<'_>, node: &Node) -> Found {
        let mut outputs = vec![
            Output {
                name: "outcome".into(),
                kind: Kind::Choice,
                words: OUTCOMES.iter().map(|word| (*word).to_owned()).collect(),
            },
            Output::new("run", Kind::Text),
        ];
        let Some(name) = self.text(node, "`run`") else { return (outputs, None) };
        let callee = match self.site.callees.get(&name) {
            Some(Callee::Known(callee)) => Arc::clone(callee),
            Some(Callee::Unclear) => return (outputs, None),
            None => {
                self.no_such_playbook(&name, node);
                return (outputs, None);
            }
        };
        outputs.extend(callee.outputs.iter().map(|(name, output)| Output::new(name, output.kind)));
        let may_be_called = self.may_be_called(&callee, node);
        let inputs = self.given(&callee, fields, node);
        let step = inputs.filter(|_| may_be_called);
        (outputs, step.map(|inputs| Verb::Run(RunStep { playbook: PlaybookName(name), inputs })))
    }

    fn no_such_playbook(&mut self, name: &str, node: &Node) {
        let own = std::path::Path::new(self.file).file_stem().and_then(|stem| stem.to_str());
        // What was not read yet may well be the one that is meant.
        let known = self.site.callees.iter().filter(|(other, callee)| match callee {
            Callee::Known(playbook) => playbook.when.called,
            Callee::Unclear => own != Some(other.as_str()),
        });
        let names: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
        let nearest = nearest::one(name, names.iter().copied()).map(str::to_owned);
        self.say(codes::UNKNOWN_PLAYBOOK, &node.span, format!("there is no playbook `{name}`"), |d| {
            let d = d.found(name).nearest(nearest);
            match names.as_slice() {
                [] => d.help(
                    "none of these files can be called: check the whole folder, `called: true` included",
                ),
                names => d.expected(format!("one of {}", names.join(", "))),
            }
        });
    }

    fn may_be_called(&mut self, callee: &Playbook, node: &Node) -> bool {
        let name = &callee.name;
        if !callee.when.called {
            let message = format!("`{name}` is not made to be called");
            self.say(codes::NOT_CALLED, &node.span, message, |d| {
                d.help("add `called: true` below its `when`, beside what else starts it")
            });
            return false;
        }
        if callee.mode == Mode::Disabled && !self.is_disabled {
            self.say(codes::NOT_CALLED, &node.span, format!("`{name}` is disabled"), |d| {
                d.help("give it another `mode`, or take this step out")
            });
            return false;
        }
        true
    }

    /// What the other playbook is given: nothing that it does not know, and everything that it needs.
    fn given(
        &mut self,
        callee: &Playbook,
        fields: &Fields<'_>,
        node: &Node,
    ) -> Option<BTreeMap<String, Handed>> {
        let mut inputs = BTreeMap::new();
        let mut whole = true;
        let entries = match fields.get("inputs") {
            Some(node) => self.map(node, "`inputs`")?,
            None => &[],
        };
        for entry in entries {
            match callee.inputs.get(&entry.key) {
                Some(input) => match self.handed(entry, input) {
                    Some(handed) => drop(inputs.insert(entry.key.clone(), handed)),
                    None => whole = false,
                },
                None => {
                    whole = false;
                    self.unknown_input(callee, entry);
                }
            }
        }
        let is_said = |name: &String| entries.iter().any(|entry| entry.key == *name);
        for (name, input) in callee.inputs.iter().filter(|(name, _)| !is_said(name)) {
            match self.as_a_matter_of_course(callee, input) {
                Some(handed) => drop(inputs.insert(name.clone(), handed)),
                None if input.is_required() => {
                    whole = false;
                    self.missing_input(callee, name, input, &node.span);
                }
                None => {}
            }
        }
        whole.then_some(inputs)
    }

    /// An entity in scope need not be named where only one input can take it.
    fn as_a_matter_of_course(&self, callee: &Playbook, input: &Input) -> Option<Handed> {
        let InputKind::Entity(kind) = input.kind else { return None };
        let takers = callee.inputs.values().filter(|other| other.kind == input.kind).count();
        (takers == 1 && self.names.entities.contains(&kind)).then_some(Handed::Entity(kind))
    }

    fn handed(&mut self, entry: &Entry, input: &Input) -> Option<Handed> {
        let what = format!("the input `{}`", entry.key);
        let InputKind::Entity(kind) = input.kind else {
            return self.form(&entry.value, &input.param()?, &what).map(Handed::Value);
        };
        let root = names::root_of(kind);
        let text = entry.value.text();
        if text == Some(root) && (self.names.entities.contains(&kind) || self.names.entity_is_unclear) {
            return Some(Handed::Entity(kind));
        }
        let message = format!("{what} takes the {root} in scope, and nothing else");
        let in_scope = self.names.entities.contains(&kind);
        let code =
            if text.is_some_and(|text| text != root) { codes::TEXT_AS_TARGET } else { codes::NO_TARGET };
        self.say(code, &entry.value.span, message, |d| {
            if in_scope {
                return d.help(format!("write `{}: {root}`", entry.key));
            }
            d.help(format!("put the step into `for_each: {root}`, which gives each lane one"))
        });
        None
    }

    fn unknown_input(&mut self, callee: &Playbook, entry: &Entry) {
        let known: Vec<&str> = callee.inputs.keys().map(String::as_str).collect();
        let nearest = nearest::one(&entry.key, known.iter().copied()).map(str::to_owned);
        let message = format!("`{}` has no input `{}`", callee.name, entry.key);
        self.say(codes::UNKNOWN_PARAMETER, &entry.key_span, message, |d| {
            let d = d.found(entry.key.clone()).nearest(nearest);
            match known.as_slice() {
                [] => d.help("it takes none"),
                known => d.expected(format!("one of {}", known.join(", "))),
            }
        });
    }

    fn missing_input(&mut self, callee: &Playbook, name: &str, input: &Input, span: &Span) {
        let message = format!("`{}` needs the input `{name}`", callee.name);
        let expected = format!("`inputs: {{ {name}: … }}`, {}", input.kind.word());
        self.say(codes::MISSING_PARAMETER, span, message, |d| d.expected(expected));
    }
}
