//! What is being done and was done: plan, journal, states, the loop.
//!
//! The room decides purely ([`next`](next::next), [`RunState::apply`]) and acts only through traits: [`Journal`], the
//! actions of the registry, and [`Clock`].

mod clock;
mod journal;
mod plan;

pub use clock::Clock;
pub use journal::{
    Blocked, CallFailure, Entry, Finish, Fulfilled, Journal, JournalError, LaneEnd, Line, Skip, Verification,
};
pub use plan::{Lane, LaneId, LeftOut, Origin, Plan, PlaybookVersion, RunId, Task, TaskId};
