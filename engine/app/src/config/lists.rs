//! The section about named lists.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// A named list, which playbooks read and write.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ListSettings {
    /// What it is for, for people.
    pub(crate) about: Option<String>,
    /// A file with entries that are kept under version control: one value in each line, or CSV with the columns
    /// `value`, `because` and `until`. What is added by people and runs is kept in the store, and counts as well.
    pub(crate) file: Option<PathBuf>,
}
