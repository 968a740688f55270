//! Ingest: what only shows against a broker, real or mocked.
#![allow(missing_docs, unreachable_pub)]

mod broker;
mod mock_kafka;
mod real_kafka;
mod waiting;
