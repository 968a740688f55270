//! Playbooks as they were: a run keeps the version that it started with, found in the store by the hash of its text.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::Catalogue;
use quell_playbook::model::Playbook;
use quell_playbook::recover;
use quell_run::{ArchiveError, PlaybookArchive, PlaybookVersion};
use quell_store::Store;

/// A version of a playbook, with those beside it that it may call.
type Meant = (PlaybookVersion, Vec<PlaybookVersion>);

/// The texts in the store, read again with what can be done here.
pub(crate) struct StoredPlaybooks {
    store: Store,
    catalogue: Catalogue,
    /// Those that some run has in hand: after a start, thousands of runs may ask for the same one.
    in_hand: Mutex<HashMap<Meant, Weak<Playbook>>>,
}

impl StoredPlaybooks {
    pub(crate) fn new(store: Store, catalogue: Catalogue) -> Self {
        Self { store, catalogue, in_hand: Mutex::default() }
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
        let meant = (version.clone(), beside.to_vec());
        if let Some(playbook) = self.in_hand.lock().get(&meant).and_then(Weak::upgrade) {
            return Ok(playbook);
        }
        let playbook = self
            .find(version, beside)
            .map(Arc::new)
            .map_err(|why| ArchiveError { version: version.clone(), source: why.into() })?;
        let mut in_hand = self.in_hand.lock();
        in_hand.retain(|_, playbook| playbook.strong_count() > 0);
        in_hand.insert(meant, Arc::downgrade(&playbook));
        Ok(playbook)
    }
}

#[cfg(test)]
mod tests {
    use quell_playbook::{SourceFile, Surroundings, load};
    use quell_store::engine::memory::MemoryDisk;

    use super::*;

    #[tokio::test]
    async fn one_that_is_in_hand_is_not_read_again_and_one_that_is_let_go_is_forgotten() {
        let catalogue = quell_action::Registry::new(&[]).unwrap().catalogue();
        let yaml = |title: &str| {
            format!(
                "language: 1\nplaybook: one\ntitle: {title}\nwhen: {{ manual: true }}\nsteps:\n  - stop: {{ outcome: done }}\n"
            )
        };
        let read = |title: &str| {
            let file = SourceFile { name: "one.yaml".into(), bytes: yaml(title).into_bytes() };
            let loaded = load(&[file], &catalogue, &Surroundings::default());
            assert!(loaded.is_usable(), "{:?}", loaded.diagnostics);
            loaded.playbooks.into_iter().next().unwrap()
        };
        let versions = [read("Once"), read("Twice")];
        let store = Store::in_memory(&MemoryDisk::new()).unwrap();
        store.playbooks().keep(versions.iter().map(|one| crate::wire::text(one)).collect()).await.unwrap();
        let [once, twice] =
            versions.map(|one| PlaybookVersion { name: one.name.clone(), hash: one.hash.clone() });

        let archive = StoredPlaybooks::new(store, catalogue);
        let first = archive.load(&once, &[]).await.unwrap();
        assert!(Arc::ptr_eq(&first, &archive.load(&once, &[]).await.unwrap()));
        assert!(!Arc::ptr_eq(&first, &archive.load(&once, std::slice::from_ref(&twice)).await.unwrap()));
        drop(first);
        assert_eq!(archive.load(&twice, &[]).await.unwrap().title, "Twice");
        assert_eq!(archive.in_hand.lock().len(), 1, "what nobody has is forgotten");
    }
}
