//! The texts of playbooks by the hash of their content: a run keeps the version that it started with.

use quell_playbook::model::{ContentHash, PlaybookName};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// The playbook texts in the store.
#[derive(Clone)]
pub struct PlaybookTexts(Store);

/// A playbook as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookText {
    /// Its name.
    pub name: PlaybookName,
    /// The hash of its text.
    pub hash: ContentHash,
    /// Its text.
    pub text: String,
}

impl Store {
    /// The playbook texts in this store.
    #[must_use]
    pub fn playbooks(&self) -> PlaybookTexts {
        PlaybookTexts(self.clone())
    }
}

impl PlaybookTexts {
    /// Keeps texts; those that are there already cost nothing. To be done before the first run of a version is created.
    pub async fn keep(&self, texts: Vec<PlaybookText>) -> Result<(), StoreError> {
        self.0
            .decide(move |view| {
                for text in &texts {
                    let key = key(&text.hash);
                    if view.get(&key)?.is_none() {
                        view.record(Kind::Playbook, key, text)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// The text with this hash.
    pub fn text(&self, hash: &ContentHash) -> Result<Option<PlaybookText>, StoreError> {
        self.0.read(Kind::Playbook, &key(hash))
    }
}

fn key(hash: &ContentHash) -> Vec<u8> {
    Key::of(keys::PLAYBOOK).text(&hash.0).build()
}
