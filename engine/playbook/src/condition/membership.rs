//! Whether a value stands in a named list: judged by the list as it is at the moment of the question, which the trace
//! names.

use std::fmt;

use quell_action::lists::NamedList;
use quell_alert::Timestamp;
use serde::Serialize;

use super::{Seen, Truth};
use crate::scope::Scope;

/// The question for a named list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The list.
    pub list: String,
    /// What is asked of it.
    pub which: Which,
}

/// What is asked of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The value stands in it; of several, at least one does.
    In,
    /// The value does not; of several, none does.
    NotIn,
    /// Each of several does.
    AllIn,
}

/// The list that a condition was judged by, as it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListSeen {
    /// When it was looked at.
    pub at: Timestamp,
    /// How many entries counted then; `None` where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<usize>,
    /// When it was last changed before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// The entries of it that the value falls under.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

/// What it comes to where a list cannot be read.
const UNREADABLE: &str = "the list cannot be read";

impl Membership {
    /// The word for the question in a playbook.
    pub fn name(&self) -> &'static str {
        match self.which {
            Which::In => "in_list",
            Which::NotIn => "not_in_list",
            Which::AllIn => "all_in_list",
        }
    }

    /// What it comes to. A list that is not known, or cannot be read, answers nothing.
    pub(super) fn judge(&self, seen: &Seen<'_>, scope: &dyn Scope) -> Truth {
        let Some(list) = self.list(scope) else { return Truth::Unknown };
        let now = scope.now();
        match seen {
            Seen::Text(text) => {
                let is_in = Truth::from(list.holds(text.raw(), now).is_some());
                if self.which == Which::NotIn { is_in.not() } else { is_in }
            }
            Seen::List(several) => {
                let mut each = several.members.iter().map(|member| list.holds(member, now).is_some());
                // Of what is not known to be all, nothing can be said that the rest might undo.
                let open = if several.complete { Truth::False } else { Truth::Unknown };
                match self.which {
                    Which::In if each.any(|is_in| is_in) => Truth::True,
                    Which::In => open,
                    Which::NotIn if each.any(|is_in| is_in) => Truth::False,
                    Which::NotIn => open.not(),
                    Which::AllIn if several.members.is_empty() => Truth::Unknown,
                    Which::AllIn if each.all(|is_in| is_in) => open.not(),
                    Which::AllIn => Truth::False,
                }
            }
            _ => Truth::Unknown,
        }
    }

    /// The list as it was judged by, for the trace.
    pub(super) fn shown(&self, seen: &[&Seen<'_>], scope: &dyn Scope) -> ListSeen {
        let now = scope.now();
        let Some(list) = self.list(scope) else {
            return ListSeen { at: now, entries: None, changed: None, found: Vec::new() };
        };
        let mut found: Vec<String> = seen
            .iter()
            .flat_map(|seen| texts(seen))
            .filter_map(|text| list.holds(&text, now).map(|entry| entry.value.clone()))
            .collect();
        found.sort_unstable();
        found.dedup();
        ListSeen { at: now, entries: Some(list.len_at(now)), changed: list.changed(), found }
    }

    /// Why it is unknown, where that is the list's fault.
    pub(super) fn trouble(&self, scope: &dyn Scope) -> Option<&'static str> {
        self.list(scope).is_none().then_some(UNREADABLE)
    }

    fn list<'s>(&self, scope: &'s dyn Scope) -> Option<&'s NamedList> {
        scope.lists()?.get(&self.list).filter(|list| list.trouble().is_none())
    }
}

impl fmt::Display for ListSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = |at: Timestamp| at.format("%Y-%m-%d %H:%M:%S UTC");
        let Some(entries) = self.entries else {
            return write!(f, "the list as of {} could not be read", minute(self.at));
        };
        let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
        write!(f, "the list as of {}: {entries}", minute(self.at))?;
        if let Some(changed) = self.changed {
            write!(f, ", last changed {}", minute(changed))?;
        }
        match self.found.as_slice() {
            [] => f.write_str(", not among them"),
            found => write!(f, ", among them {}", found.join(", ")),
        }
    }
}

fn texts(seen: &Seen<'_>) -> Vec<String> {
    match seen {
        Seen::Text(text) => vec![text.raw().to_owned()],
        Seen::List(list) => list.members.to_vec(),
        _ => Vec::new(),
    }
}
