//! [`Contract`]: the vendor's own description of an interface (OpenAPI), which a scripted vendor holds every request
//! and every one of its own answers to. For tests.
//!
//! What the description does not allow is written down as a violation, and the request gets a refusal instead of an
//! answer, so that the test fails where it went wrong.

mod operation;
pub mod prism;
mod schema;

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use crate::scripted::{Reply, Seen};
use operation::Operation;
use schema::Schemas;

/// A vendor's description of an interface, and what was done against it.
pub struct Contract {
    base: String,
    document: Value,
    violations: Mutex<Vec<String>>,
    used: Mutex<std::collections::BTreeSet<String>>,
}

impl Contract {
    /// A description (OpenAPI 3.0, as JSON) of what lies below this path: `/v1.0`.
    ///
    /// # Errors
    /// When it is not JSON, or describes nothing.
    pub fn parse(base: &str, text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if document["paths"].as_object().is_none_or(serde_json::Map::is_empty) {
            return Err("the description has no paths".into());
        }
        Ok(Self { base: base.to_owned(), document, violations: Mutex::default(), used: Mutex::default() })
    }

    /// A script that is held to the contract: a request that does not fit gets this refusal.
    pub fn hold(
        self: Arc<Self>,
        refusal: Reply,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
        move |seen| {
            let operation = match self.request(seen) {
                Ok(operation) => operation,
                Err(why) => {
                    self.violated(format!("{} {}: {why}", seen.method, seen.path));
                    return refusal.clone();
                }
            };
            let reply = script(seen);
            if let Err(why) = self.answer(&operation, &reply) {
                self.violated(format!("the answer to {}: {why}", operation.name()));
            }
            reply
        }
    }

    /// Everything that did not fit, each once.
    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().clone()
    }

    /// The operations that were asked for.
    pub fn used(&self) -> Vec<String> {
        self.used.lock().iter().cloned().collect()
    }

    /// All operations that are described, as `POST /path`.
    pub fn operations(&self) -> Vec<String> {
        operation::all(&self.document)
    }

    fn request(&self, seen: &Seen) -> Result<Operation<'_>, String> {
        let path =
            seen.path.strip_prefix(&self.base).ok_or_else(|| format!("it is not below {}", self.base))?;
        let operation = Operation::find(&self.document, &seen.method, path)?;
        operation.check_request(&Schemas::of(&self.document), seen)?;
        self.used.lock().insert(operation.name());
        Ok(operation)
    }

    fn answer(&self, operation: &Operation<'_>, reply: &Reply) -> Result<(), String> {
        match reply {
            Reply::Answer { status, body, .. } => {
                operation.check_answer(&Schemas::of(&self.document), *status, body)
            }
            // What breaks off or talks nonsense means to.
            _ => Ok(()),
        }
    }

    fn violated(&self, what: String) {
        let mut violations = self.violations.lock();
        if !violations.contains(&what) {
            violations.push(what);
        }
    }
}

#[cfg(test)]
mod tests;
