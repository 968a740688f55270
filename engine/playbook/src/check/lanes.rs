//! Through what a playbook goes, and what stops a lane: `for_each` and `unless`.

use quell_alert::EntityKind;

use super::Check;
use super::references::Stage;
use super::shape::{Fields, Keys};
use crate::codes;
use crate::condition::Group;
use crate::model::{ForEach, OrAsk};
use crate::names::{self, ENTITY_KINDS};
use crate::nearest;
use crate::parse::{Content, Node, Span};
use crate::path::Path;

pub(crate) const FOR_EACH: Keys = Keys {
    what: "an entity under `for_each`",
    known: &["from", "where", "at_most", "at_once", "if_more"],
    required: &[],
};

/// How many lanes run together when the playbook does not say.
const AT_ONCE: usize = 4;

/// Through what a playbook goes, and what stops a lane.
pub(super) struct Lanes {
    pub(super) for_each: Option<ForEach>,
    pub(super) unless: Option<Group>,
    pub(super) unless_unknown: OrAsk,
}

impl Check<'_> {
    /// `for_each` and `unless`; `None` where either is wrong.
    pub(super) fn lanes(&mut self, fields: &Fields<'_>) -> Option<Lanes> {
        let for_each = fields.get("for_each").map(|node| self.for_each(node));
        self.names.entity_is_unclear = for_each.is_some() && self.names.entities.is_empty();
        self.names.stage = Stage::Unless;
        let unless = fields.get("unless").map(|node| self.unless(node));
        let (unless, unless_unknown) =
            unless.map_or(Some((None, OrAsk::Stop)), |found| found.map(|(group, or)| (Some(group), or)))?;
        Some(Lanes {
            for_each: for_each.map_or(Some(None), |found| found.map(Some))?,
            unless,
            unless_unknown,
        })
    }

    /// Through what is gone, and which.
    pub(super) fn for_each(&mut self, node: &Node) -> Option<ForEach> {
        match &node.content {
            Content::Text(name) => {
                let kind = self.entity_kind(name, &node.span)?;
                self.names.entities.push(kind);
                self.somebody_to_go_through(kind, &node.span)?;
                Some(self.short_form(kind))
            }
            Content::Map(entries) => {
                let [entry] = entries.as_slice() else {
                    let message = "`for_each` goes through one kind of entity";
                    self.say(codes::WRONG_SHAPE, &node.span, message, |d| {
                        d.expected("`for_each: account`, or `account:` with its keys below it")
                    });
                    return None;
                };
                let kind = self.entity_kind(&entry.key, &entry.key_span)?;
                self.names.entities.push(kind);
                if entry.value.content == Content::Empty {
                    let help = format!("write `for_each: {}`", entry.key);
                    self.say(
                        codes::EMPTY,
                        &entry.value.span,
                        "there is nothing below the kind of entity",
                        |d| d.help(help),
                    );
                    return None;
                }
                self.somebody_to_go_through(kind, &entry.key_span)?;
                self.long_form(kind, &entry.value)
            }
            Content::Empty => self.empty(node, "`for_each` is empty"),
            _ => self.misshapen(node, "`for_each` names a kind of entity", "`for_each: account`"),
        }
    }

    fn entity_kind(&mut self, name: &str, span: &Span) -> Option<EntityKind> {
        if let Some(kind) = ENTITY_KINDS.into_iter().find(|kind| names::root_of(*kind) == name) {
            return Some(kind);
        }
        let known: Vec<&str> = ENTITY_KINDS.into_iter().map(names::root_of).collect();
        let nearest = match name {
            "user" | "identity" | "person" | "alert.accounts" => Some("account"),
            "host" | "machine" | "computer" | "alert.devices" => Some("device"),
            other => nearest::one(other, known.iter().copied()),
        };
        self.say(codes::UNKNOWN_WORD, span, format!("there is no kind of entity `{name}`"), |d| {
            d.found(name).expected(format!("one of {}", known.join(", "))).nearest(nearest)
        });
        None
    }

    fn short_form(&self, kind: EntityKind) -> ForEach {
        ForEach {
            kind,
            from: None,
            only: None,
            at_most: self.site.surroundings.at_most.0,
            if_more: OrAsk::Stop,
            at_once: AT_ONCE,
        }
    }

    fn long_form(&mut self, kind: EntityKind, node: &Node) -> Option<ForEach> {
        let fields = self.fields(node, &FOR_EACH)?;
        let mut found = self.short_form(kind);
        let mut whole = true;
        if let Some(from) = fields.get("from") {
            let from = self.from(kind, from);
            whole &= from.is_some();
            found.from = from.flatten();
        }
        if let Some(node) = fields.get("where") {
            self.names.stage = Stage::Where;
            found.only = self.group(node, "`where`", &[]);
            whole &= found.only.is_some();
        }
        let mut number = |key: &str, most: i64, into: &mut usize| {
            let Some(node) = fields.get(key) else { return };
            match self.whole(node, &format!("`{key}`"), 1..=most).map(usize::try_from) {
                Some(Ok(number)) => *into = number,
                _ => whole = false,
            }
        };
        number("at_most", 1_000, &mut found.at_most);
        number("at_once", 100, &mut found.at_once);
        if let Some(node) = fields.get("if_more") {
            let if_more = self.or_ask(node, "`if_more`");
            whole &= if_more.is_some();
            found.if_more = if_more.unwrap_or_default();
        }
        whole.then_some(found)
    }

    fn from(&mut self, kind: EntityKind, node: &Node) -> Option<Option<Path>> {
        let text = self.text(node, "`from`")?;
        if text.starts_with('$') {
            return self.path(&text, &node.span).map(Some);
        }
        let wanted = format!("alert.{}", names::list_name(kind));
        if text == wanted {
            return Some(None);
        }
        let message = format!("`{text}` does not give what `{}` goes through", names::root_of(kind));
        self.say(codes::UNKNOWN_NAME, &node.span, message, |d| d.found(text.clone()).nearest(Some(wanted)));
        None
    }

    fn unless(&mut self, node: &Node) -> Option<(Group, OrAsk)> {
        let group = self.group(node, "`unless`", &["if_unknown"]);
        let if_unknown = match node.member("if_unknown") {
            Some(node) => self.or_ask(node, "`if_unknown` of `unless`"),
            None => Some(OrAsk::Stop),
        };
        Some((group?, if_unknown?))
    }
}
