//! What can go wrong in the store, in words for the person who runs it.

use std::path::{Path, PathBuf};

use crate::engine::{EngineError, EngineKind};

/// Every way in which the store can refuse or fail.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error(
        "the store {} is held by a running engine{}: ask that engine through its API, or stop it first",
        dir.display(),
        holder.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The store's folder.
        dir: PathBuf,
        /// The process that holds it, where it left its number.
        holder: Option<String>,
    },

    /// The folder was made by the other engine.
    #[error(
        "the store {} was made by {found}, but store.engine is {wanted}: set `store.engine: {found}`, or convert \
         the store with `quell store convert --to {wanted}`",
        dir.display()
    )]
    OtherEngine {
        /// The store's folder.
        dir: PathBuf,
        /// The engine whose files are there.
        found: EngineKind,
        /// The engine that the configuration asks for.
        wanted: EngineKind,
    },

    /// The folder holds the files of both engines; nobody can say which one is the store.
    #[error(
        "the store {} holds the files of two engines (sled/ and redb/): move the one that is not the store out of \
         the folder",
        dir.display()
    )]
    TwoEngines {
        /// The store's folder.
        dir: PathBuf,
    },

    /// Acknowledged commits are missing.
    #[error(
        "the store {} has lost data: commit {acknowledged} was acknowledged, but the store ends at {found}. Nothing \
         was changed. Put the newest copy back with `quell store restore BACKUP`; where there is none, and the loss \
         is understood, go on with `quell store accept-loss` and replay the alerts of the lost time",
        dir.display()
    )]
    Behind {
        /// The store's folder.
        dir: PathBuf,
        /// The highest commit that was ever acknowledged.
        acknowledged: u64,
        /// What the store still has, in words.
        found: String,
    },

    /// The side file that remembers the highest acknowledged commit cannot be read.
    #[error(
        "the high-water mark {} is {problem}, so nobody can tell whether the store is complete. Nothing was changed. \
         Put a copy back with `quell store restore BACKUP`, or, when you know that the store is complete, go on with \
         `quell store accept-loss`",
        path.display()
    )]
    HighWater {
        /// The side file.
        path: PathBuf,
        /// Missing or damaged.
        problem: &'static str,
    },

    /// The engine could not open its files.
    #[error(
        "the store {} cannot be opened: {problem}. Its files were left as they are. Put the newest copy back with \
         `quell store restore BACKUP`",
        dir.display()
    )]
    Torn {
        /// The store's folder.
        dir: PathBuf,
        /// What the engine said.
        problem: String,
    },

    /// The store was written by a newer version of Quell.
    #[error(
        "the store has format {found}, this version of quell reads up to {known}: install the newer version"
    )]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The newest format this version reads.
        known: u32,
    },

    /// Writing does not work at the moment. Nothing of this write was acknowledged; it may or may not be on disk.
    #[error("the store cannot write: {reason}")]
    Unavailable {
        /// What is wrong, and what helps.
        reason: String,
    },

    /// A record that fails its checks. It is never taken for a good one, nor for an absent one.
    #[error("the record {key} is damaged: {reason}")]
    Damaged {
        /// The key in readable form.
        key: String,
        /// Which check failed.
        reason: String,
    },

    /// The value is larger than the store takes.
    #[error("the record {key} has {bytes} bytes; the store takes up to {limit}")]
    TooLarge {
        /// The key in readable form.
        key: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },

    /// A copy of a store that cannot be put back. Nothing was changed.
    #[error("{} cannot be put back: {problem}", file.display())]
    Copy {
        /// The copy.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// A value could not be turned into its stored form.
    #[error("the {kind} cannot be written down")]
    Encode {
        /// What kind of record.
        kind: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },

    /// The store was closed while the request waited.
    #[error("the store is closed")]
    Closed,

    /// The engine failed while reading.
    #[error(transparent)]
    Engine(#[from] EngineError),

    /// A file operation beside the engine failed.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// Wraps a file error with what was tried.
    pub(crate) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<'a> {
        move |source| Self::Io { what, path: path.to_path_buf(), source }
    }
}

/// The whole chain of an error on one line, for places that keep text only.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = source.source();
    }
    text
}
