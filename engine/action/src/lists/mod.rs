//! Named lists: values that a site keeps under a name (people who are watched, addresses that are known), which playbooks
//! read in conditions and write by the engine's own actions, [`Add`] and [`Remove`].
//!
//! Which lists there are stands in the site file. What is in them stands in a file of the site, in the store, or in both:
//! what stands in the file is changed there and nowhere else.

mod actions;
mod entry;
mod named;

use async_trait::async_trait;
use quell_alert::Timestamp;

use crate::{ActionInfo, AnyAction};
use std::sync::Arc;

pub use actions::{Add, AddParams, Added, Remove, RemoveParams, Removed};
pub use entry::{ListEntry, folded};
pub use named::{Lists, NamedList};

/// For whom the engine's own actions act: itself.
pub const PROVIDER: &str = "quell";

/// The parameter that names a list.
pub const LIST: &str = "list";

/// Keeps the entries that are not in a file.
///
/// Invariant: [`ListKeeper::replace`] is on disk when it answers, and whoever reads the lists from then on sees it.
#[async_trait]
pub trait ListKeeper: Send + Sync {
    /// The time, for entries that end.
    fn now(&self) -> Timestamp;

    /// The entry of a value, in force or over.
    ///
    /// # Errors
    /// When there is no such list, or it cannot be read.
    async fn find(&self, list: &str, value: &str) -> Result<Option<ListEntry>, ListTrouble>;

    /// Puts an entry in the place of another, or takes it away; whether it did. It does not where something else than
    /// what was expected stands there.
    ///
    /// # Errors
    /// When there is no such list, the value stands in the site's file, or the store refuses.
    async fn replace(
        &self,
        list: &str,
        value: &str,
        expected: Option<&ListEntry>,
        wanted: Option<&ListEntry>,
        by: &str,
    ) -> Result<bool, ListTrouble>;
}

/// Why a list cannot be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListTrouble {
    /// There is no such list.
    #[error(
        "there is no list {0}: lists are named under `lists` in the site file, and those of a test in the test"
    )]
    Unknown(String),
    /// The value stands in the file of the list.
    #[error("{value} stands in the file of the list {list}: it is changed there")]
    InFile {
        /// The list.
        list: String,
        /// The value.
        value: String,
    },
    /// The value cannot stand in a list.
    #[error("{0}")]
    BadValue(String),
    /// It cannot be read or written at the moment.
    #[error("the list {list} cannot be {what}: {why}")]
    Unavailable {
        /// The list.
        list: String,
        /// `read` or `written`.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// The engine's own actions, described.
pub fn described() -> Vec<ActionInfo> {
    vec![ActionInfo::of::<Add>(), ActionInfo::of::<Remove>()]
}

/// The engine's own actions, on the lists of this keeper.
pub fn actions(keeper: Arc<dyn ListKeeper>) -> Vec<Arc<dyn AnyAction>> {
    let keeper = Arc::new(keeper);
    vec![crate::bind::<Add>(Arc::clone(&keeper)), crate::bind::<Remove>(keeper)]
}

/// Whether this is one of the engine's own actions on lists.
pub fn is_about_lists(action: &str) -> bool {
    [<Add as crate::Action>::SPEC.name, <Remove as crate::Action>::SPEC.name].contains(&action)
}
