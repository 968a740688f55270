//! The settings of everything that talks to Kafka.
//!
//! # Event Hubs
//!
//! An Event Hubs namespace speaks Kafka on port 9093, from the Standard tier on; an event hub is a topic.
//! With a connection string:
//!
//! ```yaml
//! connection:
//!   brokers: ["NAMESPACE.servicebus.windows.net:9093"]
//!   security:
//!     tls: {}
//!     sasl: { mechanism: PLAIN, username: "$ConnectionString", password: <the connection string> }
//! topics: ["am-SecurityAlert"]
//! group: quell
//! ```
//!
//! With Entra ID the mechanism is `OAUTHBEARER`, and the token is one for the scope
//! `https://NAMESPACE.servicebus.windows.net/.default`, from a token source or a token file. Connections that
//! say nothing for four minutes are cut, which is why `metadata_refresh_seconds` must stay under 180.
//! Retention there is days, not weeks: an engine that is down longer loses alerts.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::IngestError;
use crate::secret::Secret;
use crate::source::FlowLimits;

/// Reading alerts from Kafka as a member of a consumer group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// How to reach the brokers.
    pub connection: ConnectionSettings,
    /// The topics to read; at least one.
    pub topics: Vec<String>,
    /// The consumer group. Every engine that shares the work of these topics has the same group, and no
    /// other program has it.
    #[serde(default = "default_group")]
    pub group: String,
    /// Where to begin in a partition for which the group has no committed offset.
    #[serde(default)]
    pub start: StartAt,
    /// How much may be in flight before partitions are paused.
    #[serde(default)]
    pub flow: FlowLimits,
    /// How much the client fetches ahead, in kilobytes, over all partitions of one member.
    #[serde(default = "default_fetch_ahead_kilobytes")]
    pub fetch_ahead_kilobytes: u32,
    /// The largest message that can be read, in megabytes. A larger one stops its partition, with the
    /// reason on health: raise this to go on.
    #[serde(default = "default_largest_message_megabytes")]
    pub largest_message_megabytes: u32,
    /// How often accepted offsets are committed, in milliseconds.
    #[serde(default = "default_commit_interval_milliseconds")]
    pub commit_interval_milliseconds: u32,
    /// How long a partition that must be given up may wait for its fetched records to be accepted, in
    /// seconds. What is not accepted by then is delivered to whoever gets the partition.
    #[serde(default = "default_hand_over_seconds")]
    pub hand_over_seconds: u32,
    /// After how many seconds without a sign of life the group gives this member's partitions away.
    #[serde(default = "default_session_timeout_seconds")]
    pub session_timeout_seconds: u32,
}

/// How to reach the brokers. The source, the dead letters and replay all use it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSettings {
    /// Brokers to ask first, as `host:port`; they name the others.
    pub brokers: Vec<String>,
    /// The name by which the brokers' logs and quotas know this client.
    #[serde(default = "default_client_id")]
    pub client_id: String,
    /// Encryption and sign-in. Nothing of both when left out.
    #[serde(default)]
    pub security: SecuritySettings,
    /// How long the first connection may take, in seconds, before the start fails.
    #[serde(default = "default_connect_deadline_seconds")]
    pub connect_deadline_seconds: u32,
    /// How often the brokers are asked what there is, in seconds; under 180, so that the connection is
    /// never idle long enough for Event Hubs to cut it.
    #[serde(default = "default_metadata_refresh_seconds")]
    pub metadata_refresh_seconds: u32,
    /// Create topics that are missing, in this shape. The engine creates none when this is left out.
    #[serde(default)]
    pub create_topics: Option<TopicShape>,
}

/// The shape of a topic that the engine is told to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicShape {
    /// How many partitions; as many as engines may ever share the work.
    pub partitions: u16,
    /// How many brokers keep a copy; 3 wherever there are three.
    pub replication: u16,
}

/// Where to begin without a committed offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartAt {
    /// At the oldest message that is still kept: nothing is missed.
    #[default]
    Earliest,
    /// At messages that come from now on. Until the first one is read, every start begins at the end.
    Latest,
}

/// Encryption and sign-in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecuritySettings {
    /// TLS. `tls: {}` trusts the certificate authorities of the system.
    pub tls: Option<TlsSettings>,
    /// Sign-in with SASL.
    pub sasl: Option<SaslSettings>,
}

/// TLS. Certificates and host names are always verified.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate authority that signed the brokers' certificates, as PEM; the system's when left out.
    pub ca_file: Option<PathBuf>,
    /// This client's certificate, as PEM, where the brokers ask for one.
    pub certificate_file: Option<PathBuf>,
    /// The key of that certificate, as PEM.
    pub key_file: Option<PathBuf>,
    /// The password of the key file, where it has one.
    pub key_password: Option<Secret>,
}

/// Sign-in with SASL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaslSettings {
    /// How to sign in.
    pub mechanism: Mechanism,
    /// The user, for `PLAIN` and `SCRAM`.
    #[serde(default)]
    pub username: Option<String>,
    /// The password, for `PLAIN` and `SCRAM`; already resolved, not a reference.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A file that somebody else keeps filled with a current token, for `OAUTHBEARER`. It is read anew
    /// whenever the old token runs out. Left out where the program brings a token source of its own.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The Kerberos service name of the brokers, for `GSSAPI`.
    #[serde(default)]
    pub kerberos_service: Option<String>,
    /// The principal to sign in as, for `GSSAPI`.
    #[serde(default)]
    pub kerberos_principal: Option<String>,
    /// The principal's key table, for `GSSAPI`.
    #[serde(default)]
    pub kerberos_keytab: Option<PathBuf>,
}

/// The ways to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mechanism {
    /// User and password in the clear, inside TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// User and salted password.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// User and salted password.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A token.
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
    /// Kerberos; only in builds with the feature `gssapi`.
    #[serde(rename = "GSSAPI")]
    Gssapi,
}

impl Mechanism {
    /// The name that Kafka uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Gssapi => "GSSAPI",
        }
    }
}

impl ConnectionSettings {
    /// Settings for these brokers and nothing else.
    pub fn new(brokers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            brokers: brokers.into_iter().map(Into::into).collect(),
            client_id: default_client_id(),
            security: SecuritySettings::default(),
            connect_deadline_seconds: default_connect_deadline_seconds(),
            metadata_refresh_seconds: default_metadata_refresh_seconds(),
            create_topics: None,
        }
    }

    /// The brokers as one text, for the client and for messages.
    pub fn broker_list(&self) -> String {
        self.brokers.join(",")
    }

    pub(crate) fn connect_deadline(&self) -> Duration {
        Duration::from_secs(self.connect_deadline_seconds.into())
    }

    /// Refuses settings that could not work, without connecting.
    pub fn check(&self) -> Result<(), IngestError> {
        if self.brokers.is_empty() || self.brokers.iter().any(|broker| broker.trim().is_empty()) {
            return refuse("connection.brokers", "name at least one broker, as host:port");
        }
        if let Some(bare) = self.brokers.iter().find(|broker| !has_port(broker)) {
            return refuse("connection.brokers", &format!("`{bare}` has no port; write host:port"));
        }
        if !(1..180).contains(&self.metadata_refresh_seconds) {
            return refuse("connection.metadata_refresh_seconds", "must be from 1 to 179");
        }
        if self.connect_deadline_seconds == 0 {
            return refuse("connection.connect_deadline_seconds", "must be at least 1");
        }
        if self.create_topics.is_some_and(|shape| shape.partitions == 0 || shape.replication == 0) {
            return refuse("connection.create_topics", "partitions and replication must be at least 1");
        }
        Ok(())
    }
}

impl KafkaSettings {
    /// Settings for these topics with every default.
    pub fn new(connection: ConnectionSettings, topics: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            connection,
            topics: topics.into_iter().map(Into::into).collect(),
            group: default_group(),
            start: StartAt::default(),
            flow: FlowLimits::default(),
            fetch_ahead_kilobytes: default_fetch_ahead_kilobytes(),
            largest_message_megabytes: default_largest_message_megabytes(),
            commit_interval_milliseconds: default_commit_interval_milliseconds(),
            hand_over_seconds: default_hand_over_seconds(),
            session_timeout_seconds: default_session_timeout_seconds(),
        }
    }

    pub(crate) fn hand_over(&self) -> Duration {
        Duration::from_secs(self.hand_over_seconds.into())
    }

    /// Refuses settings that could not work, without connecting.
    pub fn check(&self) -> Result<(), IngestError> {
        self.connection.check()?;
        self.flow.check()?;
        if self.topics.is_empty() || self.topics.iter().any(|topic| topic.trim().is_empty()) {
            return refuse("topics", "name at least one topic");
        }
        if let Some(pattern) = self.topics.iter().find(|topic| topic.starts_with('^')) {
            return refuse("topics", &format!("`{pattern}` is a pattern; write out the topics' names"));
        }
        if self.group.trim().is_empty() {
            return refuse("group", "must not be empty");
        }
        if !(6..=300).contains(&self.session_timeout_seconds) {
            return refuse("session_timeout_seconds", "must be from 6 to 300");
        }
        if self.hand_over_seconds >= 240 {
            return refuse("hand_over_seconds", "must be under 240, or the group gives this member up");
        }
        if self.commit_interval_milliseconds == 0 {
            return refuse("commit_interval_milliseconds", "must be at least 1");
        }
        if !(1..=1900).contains(&self.largest_message_megabytes) {
            return refuse("largest_message_megabytes", "must be from 1 to 1900");
        }
        if !(1..=2_097_151).contains(&self.fetch_ahead_kilobytes) {
            return refuse("fetch_ahead_kilobytes", "must be from 1 to 2097151");
        }
        Ok(())
    }
}

pub(crate) fn refuse(key: &str, problem: &str) -> Result<(), IngestError> {
    Err(IngestError::Settings { key: key.into(), problem: problem.into() })
}

fn has_port(broker: &str) -> bool {
    broker.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn default_group() -> String {
    "quell".into()
}
fn default_client_id() -> String {
    "quell".into()
}
fn default_connect_deadline_seconds() -> u32 {
    15
}
fn default_metadata_refresh_seconds() -> u32 {
    120
}
fn default_fetch_ahead_kilobytes() -> u32 {
    16 * 1024
}
fn default_largest_message_megabytes() -> u32 {
    128
}
fn default_commit_interval_milliseconds() -> u32 {
    1_000
}
fn default_hand_over_seconds() -> u32 {
    10
}
fn default_session_timeout_seconds() -> u32 {
    45
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typical_event_hubs_file_reads_and_checks() {
        let settings: KafkaSettings = serde_json::from_value(serde_json::json!({
            "connection": {
                "brokers": ["ns.servicebus.windows.net:9093"],
                "security": {
                    "tls": {},
                    "sasl": { "mechanism": "PLAIN", "username": "$ConnectionString", "password": "Endpoint=sb" }
                }
            },
            "topics": ["am-SecurityAlert"]
        }))
        .unwrap();
        settings.check().unwrap();
        assert!(!format!("{settings:?}").contains("Endpoint=sb"));
    }

    #[test]
    fn unknown_keys_are_refused_everywhere() {
        for (at, key) in [("", "topic"), ("connection", "broker"), ("security", "ssl"), ("tls", "verify")] {
            let mut tree = serde_json::json!({
                "connection": { "brokers": ["h:1"], "security": { "tls": {} } }, "topics": ["t"]
            });
            let place = match at {
                "connection" => &mut tree["connection"],
                "security" => &mut tree["connection"]["security"],
                "tls" => &mut tree["connection"]["security"]["tls"],
                _ => &mut tree,
            };
            place[key] = serde_json::json!(false);
            assert!(serde_json::from_value::<KafkaSettings>(tree).is_err(), "{at} {key}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let good = KafkaSettings::new(ConnectionSettings::new(["h:9092"]), ["t"]);
        good.check().unwrap();
        type Spoil = fn(&mut KafkaSettings);
        let cases: [(&str, Spoil); 11] = [
            ("connection.brokers", |s| s.connection.brokers.clear()),
            ("connection.brokers", |s| s.connection.brokers = vec!["host".into()]),
            ("connection.metadata_refresh_seconds", |s| s.connection.metadata_refresh_seconds = 180),
            ("connection.connect_deadline_seconds", |s| s.connection.connect_deadline_seconds = 0),
            ("connection.create_topics", |s| {
                s.connection.create_topics = Some(TopicShape { partitions: 0, replication: 1 });
            }),
            ("topics", |s| s.topics.clear()),
            ("topics", |s| s.topics = vec!["^alerts.*".into()]),
            ("group", |s| s.group = " ".into()),
            ("hand_over_seconds", |s| s.hand_over_seconds = 240),
            ("commit_interval_milliseconds", |s| s.commit_interval_milliseconds = 0),
            ("flow", |s| s.flow.high_count = 0),
        ];
        for (key, spoil) in cases {
            let mut bad = good.clone();
            spoil(&mut bad);
            let error = bad.check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("setting `{key}`")), "{error}");
        }
    }
}
