//! How a [`Form`] is filled in: from what an author wrote under `with:` to the value that a connector gets.

use quell_action::ParamKind;
use serde_json::{Map, Value};

use crate::condition::{AsKind, Seen};
use crate::model::{Form, Reference};
use crate::path::Path;
use crate::scope::Scope;

/// A value that a step needs is not there: the step fails before any call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct MissingValue {
    /// Which, in words.
    pub what: String,
}

impl MissingValue {
    pub(crate) fn of_name(reference: &Reference) -> Self {
        Self { what: format!("{reference} has no value here") }
    }

    fn of_path(path: &Path) -> Self {
        Self { what: format!("{path} finds nothing in the alert, and the playbook gives no `or`") }
    }

    fn misfit(what: &str, kind: &ParamKind) -> Self {
        Self { what: format!("what {what} gives is not {}", kind.word()) }
    }
}

impl Form {
    /// The value, in this scope.
    ///
    /// # Errors
    /// The name or path that has no value, or one of another kind than the parameter's.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Value, MissingValue> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Template(template) => template.fill(scope).map(Value::from),
            Self::From { reference, kind } => {
                let value = scope.value(reference).ok_or_else(|| MissingValue::of_name(reference))?;
                fit(&value, kind).ok_or_else(|| MissingValue::misfit(&reference.0, kind))
            }
            Self::Path { path, or, kind } => match found(path, scope.document(), kind) {
                Found::Value(value) => Ok(value),
                Found::Nothing => or.clone().ok_or_else(|| MissingValue::of_path(path)),
                Found::Misfit => Err(MissingValue::misfit(path.as_str(), kind)),
            },
            Self::List(members) => members.iter().map(|member| member.fill(scope)).collect(),
            Self::Map(members) => {
                let filled = members.iter().map(|(name, form)| Ok((name.clone(), form.fill(scope)?)));
                filled.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
        }
    }

    /// Every name that it needs, however deep.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Literal(_) | Self::Path { .. } => Vec::new(),
            Self::Template(template) => template.references().collect(),
            Self::From { reference, .. } => vec![reference],
            Self::List(members) => members.iter().flat_map(Self::references).collect(),
            Self::Map(members) => members.values().flat_map(Self::references).collect(),
        }
    }
}

enum Found {
    Value(Value),
    Nothing,
    Misfit,
}

fn found(path: &Path, document: &Value, kind: &ParamKind) -> Found {
    let nodes = path.find(document);
    let nodes: Vec<&Value> = nodes.into_iter().filter(|node| !node.is_null()).collect();
    if nodes.is_empty() {
        return Found::Nothing;
    }
    let value = match (kind, nodes.as_slice()) {
        (ParamKind::List(_), [Value::Array(_)]) if path.is_singular() => fit(nodes[0], kind),
        (ParamKind::List(of), many) => {
            many.iter().map(|node| fit(node, of)).collect::<Option<Vec<_>>>().map(Value::from)
        }
        // What is to be one value must be found once: "the first of several" is how the wrong thing gets done.
        (_, [one]) => fit(one, kind),
        _ => None,
    };
    value.map_or(Found::Misfit, Found::Value)
}

/// The value as this kind of parameter takes it. Text that holds a number counts as one, since many senders write
/// every number as text.
fn fit(value: &Value, kind: &ParamKind) -> Option<Value> {
    let read = |kind| match Seen::read(value, kind) {
        Seen::Missing | Seen::Misfit(_) => None,
        seen => seen.to_json(),
    };
    match kind {
        ParamKind::Text => read(AsKind::Text),
        ParamKind::Integer => read(AsKind::Integer),
        ParamKind::Number => read(AsKind::Number),
        ParamKind::Boolean => read(AsKind::Boolean),
        ParamKind::Choice(words) => {
            let word = value.as_str()?;
            words
                .iter()
                .find(|known| known.eq_ignore_ascii_case(word))
                .map(|known| Value::from(known.as_str()))
        }
        ParamKind::List(of) => value.as_array()?.iter().map(|member| fit(member, of)).collect(),
        ParamKind::Object => Some(value.clone()),
    }
}
