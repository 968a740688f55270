//! What is being done and was done: plan, journal, states, the loop.
//!
//! The room decides purely ([`next`](next::next), [`RunState::apply`]) and acts only through traits: [`Journal`], the
//! actions of the registry, and [`Clock`].

mod archive;
mod clock;
mod entry;
mod hold;
mod journal;
mod plan;
mod runs;

pub use archive::{ArchiveError, PlaybookArchive};
pub use clock::Clock;
pub use entry::{
    CallFailure, Entry, Finish, Fulfilled, LaneEnd, Release, Requester, Skip, Verdict, Verification,
};
pub use hold::{HoldKey, Holder, Holds, Ours};
pub use journal::{Batch, Journal, JournalError, Line};
pub use plan::{Lane, LaneId, LeftOut, Origin, Plan, PlaybookVersion, RunId, Task, TaskId};
pub use runs::{Counts, RunFilter, RunMatch, RunStatus, RunSummary, Runs};
