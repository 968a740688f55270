//! What is being done and was done: plan, journal, states, the loop.
//!
//! An alert and a playbook come to a [`Plan`]. The [`Engine`] creates its run and drives it: [`next()`] decides from the
//! journal what is to be done, a move does it, and what came of it is written down before the next decision. A run
//! that is taken up after a crash enters the same loop. [`RunState`] is nothing but the journal, read again.
//!
//! The room decides purely ([`Plan::new`], [`next()`], [`RunState::apply`]) and acts only through traits: [`Journal`],
//! the actions and directories of the registry, [`Clock`], [`PlaybookArchive`].
//!
//! Invariant: no call without an intent on disk before it, none without a clearance taken after that intent, and none
//! whose outcome is unknown is repeated before the target was read.

mod archive;
mod brake;
mod budget;
mod call;
mod callee;
mod carry;
mod clearance;
mod clock;
mod command;
mod context;
mod courier;
mod drive;
mod engine;
mod entry;
mod exclusions;
mod expand;
mod gate;
mod hands;
mod hold;
mod identify;
mod journal;
mod lanes;
mod limits;
mod links;
mod lists;
mod log;
mod meant;
mod memory;
mod next;
mod observe;
mod outcome;
mod pace;
mod perform;
mod plan;
mod question;
mod recover;
pub mod rehearsal;
mod resolve;
mod retry;
mod runs;
mod scope;
mod settings;
mod shutdown;
mod state;
pub mod testing;
mod undo;
mod watch;

pub use archive::{ArchiveError, PlaybookArchive};
pub use brake::Brake;
pub use budget::{CounterName, Exceeded, Limit, Member, Reservation, Reserved, Tally, Touch, Whose, reserve};
pub use callee::{Call, Returned};
pub use clock::Clock;
pub use command::Refusal;
pub use courier::{Courier, NoCourier};
pub use engine::{Engine, EngineError, EngineParts, Recovered, Start};
pub use entry::{
    CallFailure, Entry, Finish, Fulfilled, LaneEnd, Release, Requester, Skip, Verdict, Verification,
};
pub use exclusions::Exclusions;
pub use hands::Hands;
pub use hold::{Grip, Held, HoldChange, HoldKey, Holder, Holds, Ours};
pub use identify::{Certainty, Identified};
pub use journal::{Batch, Journal, JournalError, Line};
pub use limits::SiteLimits;
pub use links::{LinkTo, Links, NoLinks};
pub use lists::{MemoryLists, NamedLists};
pub use log::RunEvent;
pub use meant::{Meant, MeantOne};
pub use memory::MemoryJournal;
pub use next::{Move, Next, next};
pub use plan::{
    Attached, Caller, Claim, Given, Lane, LaneId, LeftOut, Occasion, Opening, Origin, Parent, Plan,
    PlaybookVersion, RunId, Task, TaskId, TooMany, WrongInput,
};
pub use question::{
    About, Bond, Bundled, Carriage, Delivery, Errand, OpenQuestion, Question, QuestionId, QuestionState,
    Reply, Settlement, Stage,
};
pub use retry::{Jitter, NoJitter};
pub use runs::{Counts, RunFilter, RunMatch, RunStatus, RunSummary, Runs};
pub use settings::Settings;
pub use state::{HeldBack, IllegalEntry, LaneState, Phase, RunState, StepState, TaskState, Undo, Wait};
