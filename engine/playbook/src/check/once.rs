//! `once_per`: which alerts belong to one run.

use std::time::Duration;

use super::Check;
use super::references::Stage;
use super::shape::Keys;
use crate::codes;
use crate::model::{KeyPart, OncePer, Reference};
use crate::names::{self, ENTITY_KINDS, Kind};
use crate::parse::Node;

pub(crate) const ONCE_PER: Keys = Keys { what: "`once_per`", known: &["key", "within"], required: &[] };

impl Check<'_> {
    /// `once_per: { key: [alert.type, account], within: 4h }`.
    pub(super) fn once_per(&mut self, node: &Node) -> Option<OncePer> {
        let fields = self.fields(node, &ONCE_PER)?;
        let key = match fields.get("key") {
            Some(node) => self.once_key(node),
            None => Some(vec![KeyPart::Alert(Reference("alert.id".to_owned()))]),
        };
        let bounds = Duration::from_secs(1)..=Duration::from_secs(90 * 86_400);
        let within = match fields.get("within") {
            Some(node) => self.span(node, "`within`", bounds),
            None => Some(OncePer::WITHIN),
        };
        Some(OncePer { key: key?, within: within? })
    }

    fn once_key(&mut self, node: &Node) -> Option<Vec<KeyPart>> {
        self.names.stage = Stage::When;
        let members = self.list(node, "`key`")?;
        let parts: Vec<Option<KeyPart>> = members.iter().map(|member| self.key_part(member)).collect();
        let parts = parts.into_iter().collect::<Option<Vec<KeyPart>>>()?;
        for (position, part) in parts.iter().enumerate() {
            if parts[..position].contains(part) {
                let at = &members[position].span;
                self.say(codes::WRONG_SHAPE, at, "this stands in the key already", |d| {
                    d.help("leave it out")
                });
                return None;
            }
        }
        Some(parts)
    }

    fn key_part(&mut self, node: &Node) -> Option<KeyPart> {
        let text = self.text(node, "a part of `key`")?;
        if let Some(kind) = ENTITY_KINDS.into_iter().find(|kind| names::root_of(*kind) == text) {
            if self.names.entities.contains(&kind) || self.names.entity_is_unclear {
                return Some(KeyPart::Entity);
            }
            let message = format!("the key names `{text}`, and the playbook goes through none");
            self.say(codes::OUT_OF_SCOPE, &node.span, message, |d| d.help(format!("add `for_each: {text}`")));
            return None;
        }
        if let Some((root, _)) = text.split_once('.')
            && ENTITY_KINDS.into_iter().any(|kind| names::root_of(kind) == root)
        {
            let message = format!("a key has the whole of `{root}`, and not one of its names");
            self.say(codes::OUT_OF_SCOPE, &node.span, message, |d| {
                d.help(format!("write `{root}`: whoever it is, whatever an alert calls them"))
            });
            return None;
        }
        let (reference, kind) = self.reference(&text, &node.span)?;
        self.one_value(&reference, kind, node)?;
        Some(KeyPart::Alert(reference))
    }

    /// Lists differ from alert to alert in order and number: nothing would ever be the same.
    fn one_value(&mut self, reference: &Reference, kind: Kind, node: &Node) -> Option<()> {
        let is_list =
            matches!(kind, Kind::Texts | Kind::Techniques | Kind::Tactics | Kind::Entities(_) | Kind::Json);
        if !is_list {
            return Some(());
        }
        let message = format!("`{reference}` is {}, and a key is made of single values", kind.word());
        self.say(codes::PARAMETER_KIND, &node.span, message, |d| {
            d.help("take `alert.type`, `alert.title` or another name with one value; for entities, go through them with `for_each`")
        });
        None
    }
}
