//! Damaged records, remembered.
//!
//! A damaged record stays where it is: moving it away would turn *damaged* into *absent*, and much is done because a
//! record is absent. It is set aside by being left out of lists, by being an error where it is asked for, and by
//! standing here, for health and `quell store verify`.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// How many are remembered; a store that is damaged all over must not fill the memory.
const MOST: usize = 1000;

/// A record that fails its checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// Its key in readable form.
    pub key: String,
    /// Which check failed.
    pub reason: String,
}

/// What was found damaged since the store was opened.
#[derive(Default)]
pub(crate) struct DamageLog(Mutex<BTreeMap<String, String>>);

impl DamageLog {
    /// Notes the damage if the error is one, and says so once in the log.
    pub(crate) fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Damaged { key, reason }) = &result {
            let mut seen = self.0.lock();
            if seen.len() < MOST && seen.insert(key.clone(), reason.clone()).is_none() {
                tracing::error!(key, reason, "a damaged record was set aside; see `quell store verify`");
            }
        }
        result
    }

    /// The same; the damaged one is left out, every other error stays one.
    pub(crate) fn leave_out<T>(&self, result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match self.note(result) {
            Ok(good) => Ok(Some(good)),
            Err(StoreError::Damaged { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// All of it.
    pub(crate) fn list(&self) -> Vec<Damage> {
        let seen = self.0.lock();
        seen.iter().map(|(key, reason)| Damage { key: key.clone(), reason: reason.clone() }).collect()
    }
}
