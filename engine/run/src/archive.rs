//! [`PlaybookArchive`]: a run keeps the version of its playbook that it started with.

use std::sync::Arc;

use async_trait::async_trait;
use quell_playbook::model::Playbook;

use crate::PlaybookVersion;

/// Finds playbooks as they were, by the hash of their text.
#[async_trait]
pub trait PlaybookArchive: Send + Sync {
    /// The playbook of this version; `beside` are those that it may call, as they were with it.
    async fn load(
        &self,
        version: &PlaybookVersion,
        beside: &[PlaybookVersion],
    ) -> Result<Arc<Playbook>, ArchiveError>;
}

/// Why a playbook cannot be had as it was. Its runs stay where they are until it can.
#[derive(Debug, thiserror::Error)]
#[error("version {} of the playbook {} cannot be had: {source}", version.hash.0, version.name)]
pub struct ArchiveError {
    /// Which version.
    pub version: PlaybookVersion,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
