//! Whether the engine is paused: nothing disruptive begins, over restarts too, until somebody lets it go on.

use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{self, Audited};
use crate::error::StoreError;
use crate::keys;
use crate::record::Kind;
use crate::store::Store;

/// Who paused the engine, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub because: String,
}

/// The engine's pause in the store.
#[derive(Clone)]
pub struct Pause(Store);

impl Store {
    /// The engine's pause in this store.
    #[must_use]
    pub fn pause(&self) -> Pause {
        Pause(self.clone())
    }
}

impl Pause {
    /// Who paused the engine, where it is paused. A damaged note is an error: then nobody knows, and nothing may begin.
    pub fn read(&self) -> Result<Option<Paused>, StoreError> {
        self.0.read(Kind::Paused, keys::PAUSE.as_bytes())
    }

    /// Pauses the engine. Where it is paused already, that stays as it is, and is returned.
    pub async fn set(&self, paused: Paused) -> Result<Paused, StoreError> {
        self.0
            .decide(move |view| {
                if let Some(earlier) = view.read(Kind::Paused, keys::PAUSE.as_bytes())? {
                    return Ok(earlier);
                }
                let what = Audited::Paused { by: paused.by.clone(), because: paused.because.clone() };
                audit::append(view, paused.at, what, b"")?;
                view.record(Kind::Paused, keys::PAUSE.as_bytes().to_vec(), &paused)?;
                Ok(paused)
            })
            .await
    }

    /// Lets the engine go on; returns how it was paused, where it was. A damaged note can be taken away too.
    pub async fn lift(&self, by: &str, at: Timestamp) -> Result<Option<Paused>, StoreError> {
        let what = Audited::Resumed { by: by.to_owned() };
        self.0
            .decide(move |view| {
                let key = keys::PAUSE.as_bytes();
                if view.get(key)?.is_none() {
                    return Ok(None);
                }
                let earlier = view.read(Kind::Paused, key).unwrap_or_default();
                view.delete(key.to_vec());
                audit::append(view, at, what, b"")?;
                Ok(earlier)
            })
            .await
    }
}
