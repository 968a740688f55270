//! Playbooks as they were: a run keeps the version that it started with, found in the store by the hash of its text.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::Catalogue;
use quell_playbook::model::Playbook;
use quell_playbook::recover;
use quell_run::{ArchiveError, PlaybookArchive, PlaybookVersion};
use quell_store::Store;

/// The texts in the store, read again with what can be done here.
pub(crate) struct StoredPlaybooks {
    store: Store,
    catalogue: Catalogue,
}

impl StoredPlaybooks {
    pub(crate) fn new(store: Store, catalogue: Catalogue) -> Self {
        Self { store, catalogue }
    }

    fn find(&self, version: &PlaybookVersion, beside: &[PlaybookVersion]) -> anyhow::Result<Playbook> {
        let kept = self.text(version)?;
        let others = beside.iter().filter(|other| *other != version);
        let called = others.map(|other| self.text(other)).collect::<anyhow::Result<Vec<String>>>()?;
        recover(&kept, &called, &self.catalogue).map_err(|wrong| {
            let what: Vec<String> = wrong.into_iter().map(|diagnostic| diagnostic.message).collect();
            anyhow::anyhow!("it can no longer be carried out here: {}", what.join("; "))
        })
    }

    fn text(&self, version: &PlaybookVersion) -> anyhow::Result<String> {
        let kept = self.store.playbooks().text(&version.hash)?;
        Ok(kept.ok_or_else(|| anyhow::anyhow!("the store does not hold the text of {}", version.name))?.text)
    }
}

#[async_trait]
impl PlaybookArchive for StoredPlaybooks {
    async fn load(
        &self,
        version: &PlaybookVersion,
        beside: &[PlaybookVersion],
    ) -> Result<Arc<Playbook>, ArchiveError> {
        self.find(version, beside)
            .map(Arc::new)
            .map_err(|why| ArchiveError { version: version.clone(), source: why.into() })
    }
}
