//! How programs look in: the engine's HTTP interface, and the client that speaks it.
//!
//! [`Operations`] is what an operator can ask of an engine. The program implements it over the store; [`router`]
//! puts it on HTTP; [`Client`] speaks that HTTP and implements it again. So a command works the same with an engine
//! running (which holds the store) and without one.
//!
//! People who are asked through chat and mail answer here as well, without the token and with a link that was sealed for
//! them: [`AnswerDesk`] takes that in. Links in messages lead to pages about runs in the same way: [`RunPages`].
//!
//! Invariants: everything but health, metrics and sealed answers needs a token, the engine's own or a person's; with a
//! person's nothing is done in another name; only requests to a loopback name are
//! answered, and to the site's public name where it is about answers; every refusal is JSON, or a page where people answer;
//! and this room knows neither the store nor any connector.

mod alerts;
mod answering;
mod audit;
mod auth;
mod client;
mod desk;
mod error;
mod exclusions;
mod guard;
mod health;
mod identity;
mod limits;
mod link;
mod lists;
mod metrics;
mod operations;
mod page;
mod pause;
mod people;
mod request;
mod router;
mod run_page;
mod runs;
mod start;
mod store;
mod timers;

pub use alerts::{Submission, Submitted};
pub use answering::{Answers, Pace};
pub use audit::{AuditPage, AuditVerdict};
pub use auth::{Caller, Callers, Token};
pub use client::Client;
pub use desk::{AnswerDesk, Attempt, NoAnswer, Sheet};
pub use error::{Refusal, RefusalKind};
pub use exclusions::{ImportExclusions, Imported, WrongEntry};
pub use health::{Health, Part};
pub use identity::{IdentityAccount, IdentityExclusion, IdentityReport, IdentityStanding, InForce};
pub use limits::{Counting, LimitUse, LimitsReport};
pub use link::{AnswerLink, LinkKey, RunLink, Sealed, Tampered, TooShort, Way};
pub use lists::{AddToList, ListContent, ListSummary, NewEntry, RemoveFromList};
pub use metrics::Metrics;
pub use operations::{
    AddExclusion, BackedUp, Backup, DamagedRecord, ExclusionTest, Operations, Prune, Pruned, RunRecord,
    TestedEntry, UndoMany, UndoOrder, Undone, UndoneTask, Verified,
};
pub use pause::{PauseNote, PauseOrder};
pub use people::{AnswerOrder, InQuestion, SettleOrder};
pub use router::{Doors, router, serve};
pub use run_page::RunPages;
pub use runs::{TaskRecord, TaskResult};
pub use start::{StartOrder, Started};
pub use timers::{ConfirmOrder, ExtendOrder, Timer, Timers};
