//! [`Form`]: a value before it is filled in. [`Reference`]: a name in scope.

use std::collections::BTreeMap;
use std::fmt;

use quell_action::ParamKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::path::Path;
use crate::template::Template;

/// A value in `with:`, before it is filled in.
#[derive(Debug, Clone)]
pub enum Form {
    /// As it stands.
    Literal(Value),
    /// Text with `{{ name.field }}` in it.
    Template(Template),
    /// The value of a name in scope: `{ from: who.manager }`.
    From {
        /// The name.
        reference: Reference,
        /// What the parameter takes.
        kind: ParamKind,
    },
    /// What a JSONPath finds in the alert, or else the literal: `{ path: "$.x", or: 0 }`.
    Path {
        /// The path.
        path: Path,
        /// What stands there when it finds nothing; without it, the step fails before any call.
        or: Option<Value>,
        /// What the parameter takes.
        kind: ParamKind,
    },
    /// A list of forms.
    List(Vec<Form>),
    /// A map of forms.
    Map(BTreeMap<String, Form>),
}

/// A dotted name in scope: `alert.title`, `account.upn`, `who.failed`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(pub String);

impl Reference {
    /// The first part and the rest: `("alert", "title")`.
    pub fn split(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
