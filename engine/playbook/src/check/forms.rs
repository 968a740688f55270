//! Values under `with:`: which forms the kind of a parameter allows.

use std::collections::BTreeMap;

use quell_action::ParamKind;
use serde_json::Value;

use super::Check;
use crate::codes;
use crate::model::{Form, Reference};
use crate::names::{self, Kind};
use crate::nearest;
use crate::parse::{Content, Entry, Node, Span};
use crate::template::Template;

impl Check<'_> {
    /// A value for a parameter of this kind.
    pub(super) fn form(&mut self, node: &Node, kind: &ParamKind, what: &str) -> Option<Form> {
        if let Content::Map(entries) = &node.content
            && let Some(form) = self.looked_up(entries, kind, what)
        {
            return form;
        }
        match kind {
            ParamKind::Text => self.text_form(node, what),
            ParamKind::Choice(words) => self.choice(node, words, what),
            ParamKind::List(of) => self.list_form(node, of, what),
            ParamKind::Object => self.object(node, what),
            ParamKind::Integer | ParamKind::Number | ParamKind::Boolean => self.scalar(node, kind, what),
        }
    }

    /// `{ from: name }` and `{ path: "$.x", or: 0 }`; `None` where the map is neither.
    fn looked_up(&mut self, entries: &[Entry], kind: &ParamKind, what: &str) -> Option<Option<Form>> {
        let get = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let only = |allowed: &[&str]| entries.iter().all(|entry| allowed.contains(&entry.key.as_str()));
        if let Some(node) = get("from").filter(|_| only(&["from"])) {
            return Some(self.handed_on(node, kind, what));
        }
        let node = get("path").filter(|_| only(&["path", "or"]))?;
        let path = self.text(node, "`path`").and_then(|text| self.path(&text, &node.span));
        let or = get("or").map(|node| match kind {
            ParamKind::Object => self.leaf(node, "`or`"),
            _ => self.form(node, kind, "`or`"),
        });
        let literal = match or {
            Some(None) => return Some(None),
            Some(Some(form)) => match form.literal() {
                Some(value) => Some(value),
                None => {
                    if let Some(node) = get("or") {
                        self.say(codes::PARAMETER_KIND, &node.span, "`or` is a value, written out", |d| {
                            d.help("write the value itself")
                        });
                    }
                    return Some(None);
                }
            },
            None => None,
        };
        Some(path.map(|path| Form::Path { path, or: literal, kind: kind.clone() }))
    }

    fn handed_on(&mut self, node: &Node, kind: &ParamKind, what: &str) -> Option<Form> {
        let text = self.text(node, "`from`")?;
        let (reference, found) = self.reference(&text, &node.span)?;
        if !fits(found, kind) {
            let message = format!("{what} takes {}, and `{text}` is {}", kind.word(), found.word());
            let help = matches!(kind, ParamKind::Text)
                .then(|| format!("in a template it becomes text: \"{{{{ {text} | join }}}}\""));
            self.say(codes::PARAMETER_KIND, &node.span, message, |d| match help {
                Some(help) => d.help(help),
                None => d,
            });
            return None;
        }
        Some(Form::From { reference, kind: kind.clone() })
    }

    fn text_form(&mut self, node: &Node, what: &str) -> Option<Form> {
        let text = self.text(node, what)?;
        if text.contains("{{") || text.contains("{%") || text.contains("{#") {
            return self.template(&text, node).map(Form::Template);
        }
        self.not_meant_as_name(&text, node);
        Some(Form::Literal(Value::from(text)))
    }

    /// A template whose names are all in scope.
    fn template(&mut self, text: &str, node: &Node) -> Option<Template> {
        let template = match Template::parse(text, self.format) {
            Ok(template) => template,
            Err(error) => {
                let mut at = self.within_text(&node.span, text, error.offset);
                let length = self.words(&at).find("}}").filter(|length| *length > 0);
                at.end = length.map_or(at.end, |length| at.start + length);
                at.end = at.start + self.words(&at).trim_end().len();
                self.say(codes::BAD_TEMPLATE, &at, error.what, |d| match error.help {
                    Some(help) => d.help(help),
                    None => d,
                });
                return None;
            }
        };
        let mut whole = true;
        for (reference, offset) in template.places() {
            let mut at = self.within_text(&node.span, text, offset);
            at.end = at.end.min(at.start + reference.0.len());
            let found = self.reference(&reference.0, &at);
            if let Some((reference, Kind::Whole)) = &found {
                self.whole_in_a_text(reference, &at);
            }
            whole &= found.is_some_and(|(_, kind)| kind != Kind::Whole);
        }
        whole &= self.links_are_whole(&template, text, node);
        whole &= self.fields_exist(&template, text, node);
        whole.then_some(template)
    }

    /// A link is put in when the action is called: there is nothing yet that a filter could work on.
    fn links_are_whole(&mut self, template: &Template, text: &str, node: &Node) -> bool {
        let filtered =
            template.filtered().into_iter().filter(|(name, _)| names::LINKS.contains(&name.0.as_str()));
        let offsets: Vec<(Reference, usize)> = filtered.collect();
        for (reference, offset) in &offsets {
            let mut at = self.within_text(&node.span, text, *offset);
            at.end = at.end.min(at.start + reference.0.len());
            let message = format!("`{reference}` is taken as it is, without a filter");
            self.say(codes::BAD_TEMPLATE, &at, message, |d| d.help(format!("write {{{{ {reference} }}}}")));
        }
        offsets.is_empty()
    }

    /// `table("name, upn")`: of entities it is known which fields they have.
    fn fields_exist(&mut self, template: &Template, text: &str, node: &Node) -> bool {
        let mut whole = true;
        for (reference, offset, fields) in template.fields_asked() {
            let Some(kind) = reference.0.strip_prefix("alert.").and_then(names::list_of) else { continue };
            let root = names::root_of(kind);
            let known: Vec<&str> = names::names()
                .iter()
                .filter_map(|name| name.name.strip_prefix(root)?.strip_prefix('.'))
                .collect();
            for field in fields.iter().filter(|field| !known.contains(&field.as_str())) {
                let at = self.within_text(&node.span, text, offset);
                let at = self.source[at.clone()]
                    .find(field.as_str())
                    .map_or(at.clone(), |found| at.start + found..at.start + found + field.len());
                let nearest = nearest::one(field, known.iter().copied());
                let message = format!("{} of an alert have no field `{field}`", names::list_name(kind));
                self.say(codes::BAD_TEMPLATE, &at, message, |d| {
                    d.found(field.clone()).expected(format!("one of {}", known.join(", "))).nearest(nearest)
                });
                whole = false;
            }
        }
        whole
    }

    fn whole_in_a_text(&mut self, reference: &Reference, at: &Span) {
        let message = format!("`{reference}` has several names, and a text needs one of them");
        self.say(codes::PARAMETER_KIND, at, message, |d| {
            d.help(format!("write `{reference}.name`, or another of its names"))
        });
    }

    fn choice(&mut self, node: &Node, words: &[String], what: &str) -> Option<Form> {
        let word = self.text(node, what)?;
        if words.contains(&word) {
            return Some(Form::Literal(Value::from(word)));
        }
        let nearest = nearest::one(&word, words.iter().map(String::as_str)).map(str::to_owned);
        self.say(codes::UNKNOWN_WORD, &node.span, format!("`{word}` is no word for {what}"), |d| {
            d.found(word.clone()).expected(format!("one of {}", words.join(", "))).nearest(nearest)
        });
        None
    }

    fn list_form(&mut self, node: &Node, of: &ParamKind, what: &str) -> Option<Form> {
        match &node.content {
            Content::List(members) => {
                let forms: Vec<Option<Form>> = members
                    .iter()
                    .map(|member| self.form(member, of, &format!("a member of {what}")))
                    .collect();
                forms.into_iter().collect::<Option<Vec<_>>>().map(Form::List)
            }
            Content::Empty => self.empty(node, &format!("{what} is empty")),
            _ => {
                let words = self.words(&node.span).to_owned();
                let message = format!("{what} takes a list of {}, and this is {}", of.word(), node.word());
                self.say(codes::PARAMETER_KIND, &node.span, message, |d| d.help(format!("write [{words}]")));
                None
            }
        }
    }

    fn scalar(&mut self, node: &Node, kind: &ParamKind, what: &str) -> Option<Form> {
        let value = match (kind, &node.content) {
            (ParamKind::Integer, Content::Integer(number)) => Value::from(*number),
            (ParamKind::Number, Content::Integer(number)) => Value::from(*number),
            (ParamKind::Number, Content::Number(number)) => Value::from(*number),
            (ParamKind::Boolean, Content::Boolean(value)) => Value::from(*value),
            _ => {
                let is_template = node.text().is_some_and(|text| text.contains("{{"));
                let message = format!("{what} takes {}, and this is {}", kind.word(), node.word());
                self.say(codes::PARAMETER_KIND, &node.span, message, |d| {
                    if is_template {
                        return d
                            .help("a template gives text: write { from: name } to hand a value on as it is");
                    }
                    d.expected(kind.word())
                });
                return None;
            }
        };
        Some(Form::Literal(value))
    }

    /// A map whose leaves are texts, numbers, true or false.
    fn object(&mut self, node: &Node, what: &str) -> Option<Form> {
        match &node.content {
            Content::Map(entries) => {
                let members: Vec<(String, Option<Form>)> = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), self.leaf(&entry.value, &format!("`{}`", entry.key))))
                    .collect();
                let members = members.into_iter().map(|(name, form)| Some((name, form?)));
                members.collect::<Option<BTreeMap<_, _>>>().map(Form::Map)
            }
            Content::Empty => self.empty(node, &format!("{what} is empty")),
            _ => self.misshapen(node, &format!("{what} takes a map"), "`key: value`, a line each"),
        }
    }

    fn leaf(&mut self, node: &Node, what: &str) -> Option<Form> {
        match &node.content {
            Content::Map(entries) => match self.looked_up(entries, &ParamKind::Object, what) {
                Some(form) => form,
                None => self.object(node, what),
            },
            Content::List(members) => {
                let forms: Vec<Option<Form>> = members.iter().map(|member| self.leaf(member, what)).collect();
                forms.into_iter().collect::<Option<Vec<_>>>().map(Form::List)
            }
            Content::Text(_) => self.text_form(node, what),
            Content::Empty => self.empty(node, &format!("{what} is empty")),
            Content::Boolean(_) | Content::Integer(_) | Content::Number(_) => {
                Some(Form::Literal(node.to_json()))
            }
        }
    }
}

/// Whether a name of this kind can be handed on to a parameter of that one.
fn fits(found: Kind, wanted: &ParamKind) -> bool {
    if found == Kind::Whole {
        return false;
    }
    let is_list = matches!(
        found,
        Kind::Texts | Kind::Techniques | Kind::Tactics | Kind::Several(_) | Kind::Entities(_)
    );
    match wanted {
        ParamKind::Object => true,
        ParamKind::Text => !is_list && found != Kind::Json,
        ParamKind::Choice(_) => matches!(found, Kind::Text | Kind::Words(_) | Kind::Choice | Kind::Severity),
        ParamKind::Integer => found == Kind::Integer,
        ParamKind::Number => matches!(found, Kind::Integer | Kind::Number),
        ParamKind::Boolean => found == Kind::Boolean,
        ParamKind::List(of) => is_list && matches!(**of, ParamKind::Text | ParamKind::Choice(_)),
    }
}

impl Form {
    /// The value, where it is written out in the playbook.
    pub(super) fn literal(&self) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::List(members) => {
                members.iter().map(Self::literal).collect::<Option<Vec<_>>>().map(Value::from)
            }
            Self::Map(members) => {
                let members = members.iter().map(|(name, form)| Some((name.clone(), form.literal()?)));
                members.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
            }
            Self::Template(_) | Self::From { .. } | Self::Path { .. } => None,
        }
    }
}
