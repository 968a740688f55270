//! Tests of the room `alert`: real alerts in, what Quell understood out.

mod behaviour;
mod golden;
mod mutation;
mod samples;
mod show;
