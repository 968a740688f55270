//! What can go wrong while reading alerts, in words that say what to do.

use std::path::PathBuf;
use std::time::Duration;

/// An error of this room. No message contains a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// A setting cannot be used as it stands.
    #[error("setting `{key}`: {problem}")]
    Settings {
        /// The setting's path, such as `security.sasl.mechanism`.
        key: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },

    /// The client library refused the settings.
    #[error("the kafka client cannot be set up: {problem}")]
    Setup {
        /// What it refused and why. The library's own error is left out: it repeats the value it was
        /// given, which may be a password.
        problem: String,
    },

    /// A file that the settings name cannot be read.
    #[error("setting `{key}`: cannot read {}", path.display())]
    SettingsFile {
        /// The setting that names the file.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },

    /// No broker answered in time.
    #[error("no kafka broker at {brokers} answered within {}s: {problem}", within.as_secs())]
    Unreachable {
        /// The brokers as configured.
        brokers: String,
        /// How long was waited.
        within: Duration,
        /// What the last attempt ran into.
        problem: String,
    },

    /// The TLS handshake failed.
    #[error("tls with the kafka broker failed: {problem}")]
    Tls {
        /// What failed and what to do.
        problem: String,
    },

    /// The broker does not accept the credentials.
    #[error("the kafka broker refused the sign-in: {problem}")]
    SignIn {
        /// What failed and what to do.
        problem: String,
    },

    /// Topics that are to be read or written do not exist.
    #[error(
        "the kafka brokers at {brokers} have no topic {}: create it, correct the name, or set `create_topics`",
        topics.join(", ")
    )]
    MissingTopics {
        /// The brokers as configured.
        brokers: String,
        /// The topics that are missing.
        topics: Vec<String>,
    },

    /// A topic could not be made.
    #[error("topic {topic} cannot be created: {problem}")]
    CreateTopic {
        /// The topic.
        topic: String,
        /// Why.
        problem: String,
    },

    /// The broker or the client library gave an error that cannot be waited out.
    #[error("{doing}: {problem}")]
    Kafka {
        /// What was being done.
        doing: String,
        /// What failed and what to do.
        problem: String,
    },

    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The path as given.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },

    /// A folder has nothing to read in it.
    #[error("{path} holds no file to read")]
    Empty {
        /// The path as given.
        path: String,
    },

    /// A dead letter could not be written, so the record it stands for must not be accepted.
    #[error("dead letters cannot be written to {to}: {problem}")]
    DeadLetter {
        /// The topic or file.
        to: String,
        /// What failed.
        problem: String,
    },

    /// A stored dead letter cannot be understood.
    #[error("{place} is not a dead letter: {problem}")]
    NotADeadLetter {
        /// File and line, or topic and offset.
        place: String,
        /// What is wrong with it.
        problem: String,
    },

    /// A range of a replay makes no sense.
    #[error("replay range: {problem}")]
    Range {
        /// What is wrong with it.
        problem: String,
    },

    /// The source did not stop in time and was left to itself.
    #[error("the source did not stop within {}s; it may still be waiting for a broker", within.as_secs())]
    StopDeadline {
        /// How long was waited.
        within: Duration,
    },

    /// The operating system gave no thread.
    #[error("cannot start a thread for {purpose}")]
    Thread {
        /// What the thread was for.
        purpose: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
