//! Messages, tickets, and any HTTP interface: each connector against a scripted vendor that misbehaves as told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod asking;
mod desks;
mod http;
mod jira;
mod mail_sink;
mod pagerduty;
mod real_mail;
mod servicenow;
mod slack;
mod smtp;
mod stand;
mod teams;
mod thehive;
