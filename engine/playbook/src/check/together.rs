//! What the connector itself says of parameters, beyond the kind of each; and the names that the site gives.

use std::collections::BTreeMap;

use quell_action::{ActionInfo, ParamKind, ParamSpec};
use serde_json::{Map, Value, json};

use super::Check;
use crate::model::Form;
use crate::parse::{Content, Entry, Node, Span};
use crate::{codes, nearest};

impl Check<'_> {
    /// A name that is written out, or each of a list, must be one that the site gives.
    pub(super) fn names_one(&mut self, action: &str, entry: &Entry, names: &[String]) -> bool {
        let members = match &entry.value.content {
            Content::List(members) => members.iter().collect(),
            _ => vec![&entry.value],
        };
        let is_unknown = |node: &&Node| {
            node.text().is_some_and(|text| {
                !text.contains("{{") && !text.contains('@') && !names.iter().any(|name| name == text)
            })
        };
        let unknown: Vec<&Node> = members.into_iter().filter(is_unknown).collect();
        for node in &unknown {
            let text = node.text().unwrap_or_default();
            let message = format!("the site file names no `{text}` that `{action}` could use");
            let expected = match names {
                [] => "a name that the site file gives; it gives none".to_owned(),
                names => format!("one of {}", names.join(", ")),
            };
            let nearest = nearest::one(text, names.iter().map(String::as_str)).map(str::to_owned);
            self.say(codes::PARAMETERS, &node.span, message, |d| {
                d.found(text.to_owned()).expected(expected).nearest(nearest)
            });
        }
        unknown.is_empty()
    }

    /// What the connector says of parameters that are written out; for the others something stands that would do.
    pub(super) fn together(
        &mut self,
        concerned: &[&ActionInfo],
        with: &BTreeMap<String, Form>,
        entries: &[Entry],
        span: &Span,
    ) {
        let is_literal = |name: &String| with.get(name).is_some_and(|form| form.literal().is_some());
        for info in concerned {
            let kind = |name: &str| info.params.iter().find(|param| param.name == name);
            let all: Map<String, Value> = with
                .iter()
                .map(|(name, form)| (name.clone(), stand_in(form, kind(name).map(|param| &param.kind))))
                .collect();
            let Err(why) = info.check_params(&Value::Object(all.clone())) else { continue };
            let culprit = entries.iter().filter(|entry| is_literal(&entry.key)).find(|entry| {
                info.check_params(&Value::Object(without(&all, &entry.key, kind(&entry.key)))).is_ok()
            });
            let (span, message) = match culprit {
                Some(entry) => {
                    (&entry.value.span, format!("{} does not take this: {why}", info.spec.provider))
                }
                // Whether the stand-ins are to blame cannot be told: the connector will say so when it is called.
                None if !with.keys().all(is_literal) => continue,
                None => (span, format!("{} does not take these parameters: {why}", info.spec.provider)),
            };
            self.say(codes::PARAMETERS, span, message, |d| d.help("see `quell actions` for what it takes"));
            return;
        }
    }
}

/// The same with nothing of this parameter, or with something that would do where it must be there.
fn without(all: &Map<String, Value>, name: &str, param: Option<&ParamSpec>) -> Map<String, Value> {
    let mut rest = all.clone();
    rest.remove(name);
    if let Some(param) = param.filter(|param| param.required) {
        rest.insert(name.to_owned(), of_kind(&param.kind));
    }
    rest
}

/// The value that is written out, or one of its kind.
fn stand_in(form: &Form, kind: Option<&ParamKind>) -> Value {
    match (form, kind) {
        (Form::Literal(value), _) => value.clone(),
        (Form::List(members), kind) => {
            let of = match kind {
                Some(ParamKind::List(of)) => Some(of.as_ref()),
                _ => None,
            };
            members.iter().map(|member| stand_in(member, of)).collect()
        }
        (Form::Map(members), _) => {
            members.iter().map(|(name, form)| (name.clone(), stand_in(form, None))).collect()
        }
        (Form::Template(_), _) | (_, None) => json!("x"),
        (_, Some(kind)) => of_kind(kind),
    }
}

fn of_kind(kind: &ParamKind) -> Value {
    match kind {
        ParamKind::Text => json!("x"),
        ParamKind::Integer => json!(1),
        ParamKind::Number => json!(1.0),
        ParamKind::Boolean => json!(true),
        ParamKind::Choice(words) => words.first().map_or(Value::Null, |word| json!(word)),
        ParamKind::List(of) => json!([of_kind(of)]),
        ParamKind::Object => json!({}),
    }
}
