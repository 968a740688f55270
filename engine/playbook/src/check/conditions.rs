//! Groups of conditions: `all`, `any`, `none`, and the items in them.

use super::Check;
use super::clash::excludes;
use super::shape::Keys;
use crate::codes;
use crate::condition::{Group, Item, Test};
use crate::names::Kind;
use crate::parse::{Content, Entry, Node, Span};

/// The parts of a group.
pub(super) const PARTS: [&str; 3] = ["all", "any", "none"];

pub(crate) const GROUP: Keys =
    Keys { what: "a group of conditions", known: &["all", "any", "none"], required: &[] };

impl Check<'_> {
    /// A group; `besides` are the keys that its place allows beside the three parts and that the caller reads.
    pub(super) fn group(&mut self, node: &Node, what: &str, besides: &[&str]) -> Option<Group> {
        let entries = match &node.content {
            Content::List(_) => {
                return self.misshapen(
                    node,
                    &format!("{what} is a group of conditions"),
                    "`all:`, `any:` or `none:`, and a list below it",
                );
            }
            _ => self.map(node, what)?,
        };
        let mut whole = true;
        let mut group = Group::default();
        for entry in entries.iter().filter(|entry| !besides.contains(&entry.key.as_str())) {
            if entry.key.contains('.') || entry.key.starts_with('$') {
                self.condition_without_part(entry);
                whole = false;
                continue;
            }
            if !self.key(entry, &GROUP) {
                whole = false;
                continue;
            }
            let items = self.items(&entry.value, &entry.key);
            whole &= items.is_some();
            let items = items.unwrap_or_default();
            match entry.key.as_str() {
                "all" => group.all = items,
                "any" => group.any = items,
                _ => group.none = items,
            }
        }
        if whole && group.is_empty() {
            let span = entries.first().map_or_else(|| node.span.clone(), |entry| entry.key_span.clone());
            let message = format!("{what} asks for nothing");
            self.say(codes::EMPTY, &span, message, |d| {
                d.expected("`all:`, `any:` or `none:` with conditions below it")
            });
            return None;
        }
        self.contradictions(&group, &node.span);
        whole.then_some(group)
    }

    fn condition_without_part(&mut self, entry: &Entry) {
        let message = format!("the condition on `{}` stands outside of `all`, `any` and `none`", entry.key);
        self.say(codes::WRONG_SHAPE, &entry.key_span, message, |d| {
            d.help(format!("write `all:` above it, and a dash before it: `- {}: …`", entry.key))
        });
    }

    fn items(&mut self, node: &Node, part: &str) -> Option<Vec<Item>> {
        let members = self.list(node, &format!("`{part}`"))?;
        let items: Vec<Option<Item>> = members.iter().map(|member| self.item(member)).collect();
        items.into_iter().collect()
    }

    fn item(&mut self, node: &Node) -> Option<Item> {
        let entries = self.map(node, "a condition")?;
        if entries.iter().any(|entry| PARTS.contains(&entry.key.as_str())) {
            return self.group(node, "a group of conditions", &[]).map(Item::Group);
        }
        let Some((first, others)) = entries.split_first() else {
            return self.empty(node, "a condition needs a subject");
        };
        if let Some(other) = others.first() {
            let place = self.place(&first.key_span);
            let message = "a condition has one subject, and this is a second one";
            self.say(codes::ONE_SUBJECT, &other.key_span, message, |d| {
                d.help("begin each condition with a dash; what belongs to one subject stands in { }")
                    .related(place, "the first subject stands here")
            });
            return None;
        }
        self.subject(first).map(Item::Test)
    }

    /// Two conditions in one `all` that cannot both hold: the author meant `any`.
    fn contradictions(&mut self, group: &Group, span: &Span) {
        let tests: Vec<&Test> = group
            .all
            .iter()
            .filter_map(|item| match item {
                Item::Test(test) => Some(test),
                Item::Group(_) => None,
            })
            .collect();
        let clash = tests.iter().enumerate().find_map(|(at, one)| {
            tests[at + 1..].iter().find(|other| excludes(one, other)).map(|_| one.subject_text())
        });
        if let Some(subject) = clash {
            let span = self.first_mention(span, &subject);
            let message = format!("`{subject}` cannot be both at once, so this never holds");
            self.warn(
                codes::NEVER_HOLDS,
                &span,
                message,
                "use `any_of` with a list, or put the two under `any`",
            );
        }
    }

    pub(super) fn first_mention(&self, within: &Span, words: &str) -> Span {
        match self.source[within.clone()].find(words) {
            Some(offset) => within.start + offset..within.start + offset + words.len(),
            None => within.clone(),
        }
    }
}

impl Test {
    /// What it looks at, in the words of the playbook.
    pub(crate) fn subject_text(&self) -> String {
        match &self.subject {
            crate::condition::Subject::Reference(reference, _) => reference.to_string(),
            crate::condition::Subject::Path(path, ..) => path.to_string(),
        }
    }

    pub(super) fn is_list(&self) -> bool {
        match &self.subject {
            crate::condition::Subject::Reference(_, kind) => {
                matches!(kind, Kind::Texts | Kind::Techniques | Kind::Tactics | Kind::Entities(_))
            }
            crate::condition::Subject::Path(path, ..) => !path.is_singular(),
        }
    }
}
