//! [`Input`]: what a playbook is given by whoever starts it. [`Output`]: what it gives back to a playbook that called it.

use std::collections::BTreeMap;

use quell_action::ParamKind;
use quell_alert::EntityKind;
use serde_json::Value;

use super::{Form, PlaybookName};

/// What a playbook is given, by name.
pub type Inputs = BTreeMap<String, Input>;

/// One thing that a playbook is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Of which kind.
    pub kind: InputKind,
    /// The words that a text can be; empty where it can be any.
    pub one_of: Vec<String>,
    /// What it is where nobody gives it; without this it must be given.
    pub or: Option<Value>,
}

/// Of which kind an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Somebody or something: `for_each` of the same kind goes through what is given.
    Entity(EntityKind),
}

impl Input {
    /// Whether it must be given.
    pub fn is_required(&self) -> bool {
        self.or.is_none()
    }

    /// The kind of parameter that takes the same values; `None` for entities.
    pub fn param(&self) -> Option<ParamKind> {
        Some(match self.kind {
            InputKind::Text if !self.one_of.is_empty() => ParamKind::Choice(self.one_of.clone()),
            InputKind::Text => ParamKind::Text,
            InputKind::Integer => ParamKind::Integer,
            InputKind::Number => ParamKind::Number,
            InputKind::Boolean => ParamKind::Boolean,
            InputKind::Entity(_) => return None,
        })
    }
}

impl InputKind {
    /// The word for it in a playbook.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Entity(kind) => crate::names::root_of(kind),
        }
    }
}

/// What a playbook gives back.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it is filled in, when the run has ended.
    pub form: Form,
    /// Of which kind it is.
    pub kind: crate::names::Kind,
}

/// Another playbook, in a run of its own.
#[derive(Debug, Clone)]
pub struct RunStep {
    /// Which.
    pub playbook: PlaybookName,
    /// What it is given, by name.
    pub inputs: BTreeMap<String, Handed>,
}

/// What another playbook is given for one of its inputs.
#[derive(Debug, Clone)]
pub enum Handed {
    /// The entity of this kind that is in scope.
    Entity(EntityKind),
    /// A value.
    Value(Form),
}
