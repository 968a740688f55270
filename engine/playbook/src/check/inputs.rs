//! `inputs` and `outputs`: what a playbook is given, and what it gives back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Check;
use super::references::Stage;
use super::shape::Keys;
use super::words::NameForm;
use crate::codes;
use crate::model::{Input, InputKind, Inputs, Output};
use crate::names::{self, ENTITY_KINDS, Kind};
use crate::nearest;
use crate::parse::{Content, Entry, Node};

pub(crate) const INPUT: Keys =
    Keys { what: "an input", known: &["kind", "one_of", "or"], required: &["kind"] };

/// What an input can be, beside an entity.
const VALUES: [(&str, InputKind); 4] = [
    ("text", InputKind::Text),
    ("integer", InputKind::Integer),
    ("number", InputKind::Number),
    ("boolean", InputKind::Boolean),
];

/// The words for kinds of inputs.
pub(crate) fn kinds() -> Vec<&'static str> {
    VALUES.iter().map(|(word, _)| *word).chain(ENTITY_KINDS.into_iter().map(names::root_of)).collect()
}

impl Check<'_> {
    /// `inputs: { user: account, reason: { kind: text, or: "no reason given" } }`.
    pub(super) fn inputs(&mut self, node: Option<&Node>) -> Option<Inputs> {
        let Some(node) = node else { return Some(Inputs::new()) };
        let entries = self.map(node, "`inputs`")?;
        let mut whole = true;
        for entry in entries {
            match self.input(entry) {
                Some(input) => drop(self.names.inputs.insert(entry.key.clone(), input)),
                None => {
                    whole = false;
                    // A name whose kind is wrong is still a name.
                    self.names.unclear_inputs.insert(entry.key.clone());
                }
            }
        }
        whole.then(|| self.names.inputs.clone())
    }

    /// `outputs: { ticket: { from: open.number } }`: values as under `set`, when the run has ended.
    pub(super) fn outputs_of_playbook(&mut self, node: Option<&Node>) -> Option<BTreeMap<String, Output>> {
        let Some(node) = node else { return Some(BTreeMap::new()) };
        self.names.stage = Stage::Afterwards;
        self.names.done.extend(std::mem::take(&mut self.names.of_run));
        let entries = self.map(node, "`outputs`")?;
        let mut whole = !entries.is_empty();
        let mut outputs = BTreeMap::new();
        for entry in entries {
            let taken = ["outcome", "run"].contains(&entry.key.as_str());
            if taken {
                let message = format!("every playbook gives `{}` back already", entry.key);
                self.say(codes::STEP_ID_TAKEN, &entry.key_span, message, |d| d.help("choose another name"));
            }
            match self.value(entry).filter(|_| !taken) {
                Some((form, kind)) => drop(outputs.insert(entry.key.clone(), Output { form, kind })),
                None => whole = false,
            }
        }
        whole.then_some(outputs)
    }

    /// The kind of an input, as conditions see it.
    pub(super) fn kind_of_input(&self, name: &str) -> Option<Kind> {
        self.names.inputs.get(name).map(|input| match input.kind {
            InputKind::Text if !input.one_of.is_empty() => Kind::Choice,
            InputKind::Text | InputKind::Entity(_) => Kind::Text,
            InputKind::Integer => Kind::Integer,
            InputKind::Number => Kind::Number,
            InputKind::Boolean => Kind::Boolean,
        })
    }

    fn input(&mut self, entry: &Entry) -> Option<Input> {
        let name = Node { span: entry.key_span.clone(), content: Content::Text(entry.key.clone()) };
        self.name(&name, "the name of an input", NameForm::Step)?;
        if let Content::Text(_) = &entry.value.content {
            let kind = self.input_kind(&entry.value)?;
            return Some(Input { kind, one_of: Vec::new(), or: None });
        }
        let fields = self.fields(&entry.value, &INPUT)?;
        let kind = self.input_kind(fields.get("kind")?)?;
        let one_of = match fields.get("one_of") {
            Some(node) => self.words_of_input(node, kind)?,
            None => Vec::new(),
        };
        let mut input = Input { kind, one_of, or: None };
        if let Some(node) = fields.get("or") {
            input.or = Some(self.input_default(node, &input)?);
        }
        Some(input)
    }

    fn input_kind(&mut self, node: &Node) -> Option<InputKind> {
        let word = self.text(node, "the kind of an input")?;
        if let Some((_, kind)) = VALUES.iter().find(|(known, _)| *known == word) {
            return Some(*kind);
        }
        if let Some(kind) = ENTITY_KINDS.into_iter().find(|kind| names::root_of(*kind) == word) {
            return Some(InputKind::Entity(kind));
        }
        let nearest = match word.as_str() {
            "string" | "str" => Some("text".to_owned()),
            "int" => Some("integer".to_owned()),
            "bool" => Some("boolean".to_owned()),
            "user" | "identity" => Some("account".to_owned()),
            "host" | "machine" => Some("device".to_owned()),
            other => nearest::one(other, kinds()).map(str::to_owned),
        };
        self.say(codes::UNKNOWN_WORD, &node.span, format!("there is no kind of input `{word}`"), |d| {
            d.found(word.clone()).expected(format!("one of {}", kinds().join(", "))).nearest(nearest)
        });
        None
    }

    fn words_of_input(&mut self, node: &Node, kind: InputKind) -> Option<Vec<String>> {
        if kind != InputKind::Text {
            let message = "`one_of` goes with `kind: text`";
            self.say(codes::MISPLACED, &node.span, message, |d| d.help("leave it out"));
            return None;
        }
        let members = self.list(node, "`one_of`")?;
        let words: Vec<Option<String>> =
            members.iter().map(|member| self.text_for_people(member, "a word of `one_of`")).collect();
        words.into_iter().collect()
    }

    fn input_default(&mut self, node: &Node, input: &Input) -> Option<Value> {
        let Some(param) = input.param() else {
            let message = "somebody who is always acted on is not an input";
            self.say(codes::MISPLACED, &node.span, message, |d| {
                d.help("leave `or` out: whoever starts the playbook says whom it is about")
            });
            return None;
        };
        let form = self.form(node, &param, "`or`")?;
        if let Some(value) = form.literal() {
            return Some(value);
        }
        self.say(codes::PARAMETER_KIND, &node.span, "`or` is a value, written out", |d| {
            d.help("write the value itself")
        });
        None
    }
}
