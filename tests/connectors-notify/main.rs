//! Messages, tickets, and any HTTP interface: each connector against a scripted vendor that misbehaves as told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod http;
mod pagerduty;
mod slack;
mod stand;
mod teams;
