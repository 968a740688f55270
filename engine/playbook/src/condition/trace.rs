//! [`Trace`]: every condition with the value seen. What `explain` prints and what the record keeps.

use std::fmt::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{ListSeen, Truth};

/// What one group or one test came to, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// What it came to.
    pub truth: Truth,
    /// The parts of a group, or the value that a test saw.
    #[serde(flatten)]
    pub node: TraceNode,
}

/// The parts of a group, or the value that a test saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TraceNode {
    /// A group.
    Group {
        /// What must all be true.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        all: Vec<Trace>,
        /// Of which one must be true.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        any: Vec<Trace>,
        /// Of which none may be true.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        none: Vec<Trace>,
    },
    /// A test.
    Test {
        /// What was looked at: a name or a path.
        subject: String,
        /// The operator's word.
        operator: &'static str,
        /// What it was written with.
        expected: Value,
        /// The value seen, cut and redacted; `None` where there was none.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<Value>,
        /// The named list that it was judged by, as it was then.
        #[serde(skip_serializing_if = "Option::is_none")]
        list: Option<ListSeen>,
        /// Why it is unknown, where it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<&'static str>,
    },
}

impl Trace {
    /// As JSON, for the record.
    pub fn to_json(&self) -> Value {
        // A tree of texts and JSON values always is JSON.
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// The tests that kept the whole from being true: where to look when a playbook did not match.
    pub fn culprits(&self) -> Vec<&Trace> {
        match &self.node {
            TraceNode::Test { .. } => vec![self],
            TraceNode::Group { all, any, none } => {
                let failing = all.iter().filter(|part| part.truth != Truth::True);
                let any_fails = !any.is_empty() && any.iter().all(|part| part.truth != Truth::True);
                let candidates = any.iter().filter(|_| any_fails);
                let hit = none.iter().filter(|part| part.truth != Truth::False);
                failing.chain(candidates).chain(hit).flat_map(Trace::culprits).collect()
            }
        }
    }

    fn write(&self, out: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match &self.node {
            TraceNode::Test { subject, operator, expected, seen, list, because } => {
                write!(out, "{subject} {operator} {expected}: ")?;
                match seen {
                    Some(value) => write!(out, "saw {value}")?,
                    None => out.write_str("saw nothing")?,
                }
                if let Some(list) = list {
                    write!(out, "; {list}")?;
                }
                because.map_or(Ok(()), |because| write!(out, " ({because})"))
            }
            TraceNode::Group { all, any, none } => {
                for (word, parts) in [("all", all), ("any", any), ("none", none)] {
                    if parts.is_empty() {
                        continue;
                    }
                    writeln!(out, "{}{word}:", indent(depth))?;
                    for part in parts {
                        part.write_line(out, depth + 1)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn write_line(&self, out: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(out, "{}[{}] ", indent(depth), self.truth.mark())?;
        if let TraceNode::Group { all, any, none } = &self.node {
            let mut groups = [("all", all), ("any", any), ("none", none)]
                .into_iter()
                .filter(|(_, parts)| !parts.is_empty());
            if let (Some((word, parts)), None) = (groups.next(), groups.next()) {
                writeln!(out, "{word}:")?;
                return parts.iter().try_for_each(|part| part.write_line(out, depth + 1));
            }
            writeln!(out, "together:")?;
            return self.write(out, depth + 1);
        }
        self.write(out, depth)?;
        out.write_char('\n')
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Truth {
    /// The word for it beside a condition.
    pub fn mark(self) -> &'static str {
        match self {
            Self::True => "yes",
            Self::False => "no",
            Self::Unknown => "unknown",
        }
    }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}
