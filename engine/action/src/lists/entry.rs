//! [`ListEntry`]: one value of a named list.

use std::net::IpAddr;

use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use super::ListTrouble;

/// Longer values are refused: a list holds names and addresses.
const LONGEST: usize = 512;

/// One value of a named list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    /// As it was written: a name, an address, or a network (`10.0.0.0/8`).
    pub value: String,
    /// Why it is in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// It does not count any more from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who put it there: a person, or `run …`. Nobody is named for what stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whether it stands in the file of the list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_file: bool,
}

impl ListEntry {
    /// A value, as a person or a program gives it.
    ///
    /// # Errors
    /// When it cannot stand in a list.
    pub fn new(value: &str) -> Result<Self, ListTrouble> {
        let value = value.trim();
        let bad = |why: &str| Err(ListTrouble::BadValue(why.to_owned()));
        if value.is_empty() {
            return bad("an empty text cannot stand in a list");
        }
        if value.len() > LONGEST {
            return bad("a value of a list has at most 512 bytes");
        }
        if value.chars().any(char::is_control) {
            return bad("a value of a list is one line of text");
        }
        Ok(Self { value: value.to_owned(), because: None, until: None, by: None, at: None, in_file: false })
    }

    /// Whether it counts at this moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A value as it is compared: without case, and addresses in one spelling.
pub fn folded(value: &str) -> String {
    let value = value.trim();
    match value.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => value.to_lowercase(),
    }
}
