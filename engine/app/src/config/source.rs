//! The sections about where alerts come from, and where those go that cannot be read.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Where alerts come from: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SourceSettings {
    /// A Kafka topic, read as a member of a consumer group.
    pub(crate) kafka: Option<Value>,
    /// Files and folders, read once to their end.
    pub(crate) files: Option<Vec<PathBuf>>,
}

/// Where records go that cannot be read: a topic, or a file in the state folder when nothing is said.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeadLetterSettings {
    /// A Kafka topic on the brokers of `source.kafka`. It must exist.
    pub(crate) topic: Option<String>,
    /// A file, one JSON object a line.
    pub(crate) file: Option<PathBuf>,
}
