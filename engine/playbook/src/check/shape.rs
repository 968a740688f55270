//! Maps and lists: which keys there are, and which must be there.

use super::Check;
use crate::codes;
use crate::nearest;
use crate::parse::{Content, Entry, Node, Span};

/// The keys that a map may have.
pub(crate) struct Keys {
    /// What the map is, in messages: `a playbook`.
    pub(crate) what: &'static str,
    /// The keys that it may have.
    pub(crate) known: &'static [&'static str],
    /// Those of them that must be there.
    pub(crate) required: &'static [&'static str],
}

/// Where keys belong that are often written a level too high or too low.
const BELONGS: &[(&str, &str)] = &[
    ("all", "to a condition: within `when: { alert: … }`, `unless` or `if`"),
    ("any", "to a condition: within `when: { alert: … }`, `unless` or `if`"),
    ("none", "to a condition: within `when: { alert: … }`, `unless` or `if`"),
    ("states", "within `when: { alert: … }`"),
    ("cron", "within `when: { schedule: … }`"),
    ("timezone", "within `when: { schedule: … }`"),
    ("missed", "within `when: { schedule: … }`"),
    ("where", "within the `for_each` that it narrows: `for_each: { account: { where: … } }`"),
    ("at_most", "within `for_each: { account: … }`"),
    ("if_more", "within `for_each: { account: … }`"),
    ("at_once", "within `for_each: { account: … }`"),
    ("if_unknown", "within the `if` or `unless` that may be unknown"),
    ("if_expired", "within `ask` or `approval`"),
    ("quorum", "within `ask` or `approval`"),
    ("expires", "within `ask` or `approval`"),
    ("question", "within `ask`"),
    ("choices", "within `ask`"),
    ("if_answer", "within `ask`"),
    ("hold", "within `verify`"),
    ("attempts", "within `retry`"),
    ("first_wait", "within `retry`"),
    ("max_wait", "within `retry`"),
    ("on_error", "to a step: each says for itself what its failure means"),
    ("otherwise", "to `choose`, as the last of its ways"),
];

/// A map whose keys have been checked. A key that was nearly right is taken for the right one, so that nothing is said
/// about what follows from its absence.
pub(super) struct Fields<'n>(Vec<(&'n str, &'n Entry)>);

impl<'n> Fields<'n> {
    /// The value under this key.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The line with this key.
    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, entry)| *entry)
    }
}

impl Check<'_> {
    /// The map, with every key that it should not have and every one that it lacks reported.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, keys: &Keys) -> Option<Fields<'n>> {
        let entries = self.map(node, keys.what)?;
        let mut fields: Vec<(&str, &Entry)> = Vec::new();
        for entry in entries {
            if self.key(entry, keys) {
                fields.push((&entry.key, entry));
            } else if let Some(meant) = nearest::one(&entry.key, keys.known.iter().copied())
                && !entries.iter().any(|other| other.key == meant)
            {
                fields.push((meant, entry));
            }
        }
        for key in keys.required.iter().filter(|key| !fields.iter().any(|(known, _)| known == *key)) {
            let at = first_key(node, entries);
            self.say(codes::MISSING_KEY, &at, format!("{} needs `{key}`", keys.what), |d| {
                d.expected(format!("`{key}: …`")).help(format!(
                    "add it; if it is there, check its indentation: it must begin in the same column as the other \
                     keys of {}",
                    keys.what
                ))
            });
        }
        Some(Fields(fields))
    }

    /// Whether the key is one of those known; otherwise it is reported.
    pub(super) fn key(&mut self, entry: &Entry, keys: &Keys) -> bool {
        let key = entry.key.as_str();
        if keys.known.contains(&key) {
            return true;
        }
        let nearest = nearest::one(key, keys.known.iter().copied());
        let home = BELONGS.iter().find(|(known, _)| *known == key).filter(|_| nearest.is_none());
        let message = format!("{} has no key `{key}`", keys.what);
        self.say(codes::UNKNOWN_KEY, &entry.key_span, message, |d| {
            let d = d.found(key).expected(format!("one of {}", keys.known.join(", "))).nearest(nearest);
            match home {
                Some((_, place)) => d.help(format!("`{key}` belongs {place}")),
                None => d,
            }
        });
        false
    }

    /// The lines of a map.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        match &node.content {
            Content::Map(entries) => Some(entries),
            Content::Empty => self.empty(node, &format!("{what} is a map, and there is nothing in it")),
            _ => self.misshapen(node, &format!("{what} is a map"), "`key: value`, a line each"),
        }
    }

    /// The members of a list that is not empty.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.content {
            Content::List(members) if members.is_empty() => {
                self.empty(node, &format!("{what} is a list, and there is nothing in it"))
            }
            Content::List(members) => Some(members),
            Content::Empty => self.empty(node, &format!("{what} is a list, and there is nothing in it")),
            Content::Map(entries) => {
                if let Some(key) = entries.iter().find_map(|entry| entry.key.strip_prefix('-')) {
                    let message = "a blank is missing after the dash";
                    self.say(codes::WRONG_SHAPE, &first_key(node, entries), message, |d| {
                        d.help(format!("write `- {key}: …`"))
                    });
                    return None;
                }
                self.misshapen(node, &format!("{what} is a list"), "a dash before each member: `- …`")
            }
            _ => self.misshapen(
                node,
                &format!("{what} is a list"),
                "[…], or a line with a dash for each member",
            ),
        }
    }

    /// Reports that nothing stands where something belongs.
    pub(super) fn empty<T>(&mut self, node: &Node, message: &str) -> Option<T> {
        self.say(codes::EMPTY, &node.span, message, |d| d.help("write it, or leave the line out"));
        None
    }

    /// Reports that something of another shape stands here.
    pub(super) fn misshapen<T>(&mut self, node: &Node, message: &str, expected: &str) -> Option<T> {
        let word = node.word();
        let span = first_line(self.source, &node.span);
        self.say(codes::WRONG_SHAPE, &span, format!("{message}, and this is {word}"), |d| {
            d.expected(expected)
        });
        None
    }
}

/// What to point at for a whole map: its first key.
fn first_key(node: &Node, entries: &[Entry]) -> Span {
    entries.first().map_or_else(|| node.span.clone(), |entry| entry.key_span.clone())
}

/// The first line of a place.
fn first_line(source: &str, span: &Span) -> Span {
    let length = source[span.clone()].find('\n').unwrap_or(span.len());
    span.start..span.start + length
}

#[cfg(test)]
mod tests {
    use quell_action::Catalogue;

    use super::BELONGS;

    /// The keys are named here a second time: one that the language no longer has would lead nowhere.
    #[test]
    fn whatever_has_a_home_is_a_key_of_the_language() {
        let schema = crate::schema(&Catalogue::new(std::iter::empty())).to_string();
        for (key, _) in BELONGS {
            assert!(schema.contains(&format!("\"{key}\":{{")), "{key}");
        }
    }
}
