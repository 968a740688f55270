//! The run room: plans, states, and everything that can break in the middle.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

mod accounts;
mod afterwards;
mod aliases;
mod ask;
mod ask_at_every_write;
mod at_the_last_moment;
mod bond;
mod brake;
mod calls;
mod cancel;
mod carried;
mod crash_at_every_write;
mod exclusion;
mod fail_at_every_task;
mod first_run;
mod flow;
mod flow_at_every_write;
mod hold;
mod hot_lane;
mod in_doubt;
mod jumps;
mod kept;
mod lanes;
mod lasting;
mod limits;
mod links;
mod lists;
mod many_questions;
mod observe;
mod once_per;
mod plan;
mod playbooks;
mod repeat_every_task;
mod resolve;
mod retry;
mod reversible;
mod settle;
mod shutdown;
mod simulation;
mod starts;
mod timers;
mod transitions;
mod unnamed;
mod using;
