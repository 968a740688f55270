//! Setting up the client library: the settings that all clients share, and those of each kind.

use std::sync::Arc;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};

use super::explain::plain;
use super::security;
use super::settings::{ConnectionSettings, KafkaSettings, Mechanism, StartAt};
use super::token::{TokenFile, TokenSource};
use super::watch::Watch;
use crate::error::IngestError;

/// How to reach the brokers, with what is needed to sign in. Cheap to copy.
#[derive(Clone)]
pub struct KafkaAccess {
    pub(crate) connection: Arc<ConnectionSettings>,
    tokens: Option<Arc<dyn TokenSource>>,
}

impl KafkaAccess {
    /// Access by these settings alone.
    pub fn new(connection: ConnectionSettings) -> Self {
        let tokens = token_file(&connection).map(|file| Arc::new(file) as Arc<dyn TokenSource>);
        Self { connection: Arc::new(connection), tokens }
    }

    /// Access with a token source of the program's own, for `OAUTHBEARER`.
    pub fn with_tokens(connection: ConnectionSettings, tokens: Arc<dyn TokenSource>) -> Self {
        Self { connection: Arc::new(connection), tokens: Some(tokens) }
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch::new(self.connection.clone(), self.tokens.clone())
    }

    /// What every client has in common. Checks the connection's settings.
    pub(crate) fn config(&self) -> Result<ClientConfig, IngestError> {
        self.connection.check()?;
        let mut config = ClientConfig::new();
        let refresh_ms = u64::from(self.connection.metadata_refresh_seconds) * 1000;
        config
            .set("bootstrap.servers", self.connection.broker_list())
            .set("client.id", &self.connection.client_id)
            .set("topic.metadata.refresh.interval.ms", refresh_ms.to_string())
            .set("metadata.max.age.ms", refresh_ms.to_string())
            .set("socket.keepalive.enable", "true")
            // Longer pauses between attempts would only make recovery slower.
            .set("reconnect.backoff.max.ms", "5000")
            .set("allow.auto.create.topics", "false")
            // Connections that close while idle are no trouble; statistics tell whether a broker is up.
            .set("log.connection.close", "false");
        // What is really logged is decided by the program's own filter.
        config.set_log_level(RDKafkaLogLevel::Info);
        security::apply(&mut config, &self.connection, self.tokens.is_some())?;
        Ok(config)
    }

    /// The mechanism, when the settings name one.
    pub(crate) fn mechanism(&self) -> Option<Mechanism> {
        self.connection.security.sasl.as_ref().map(|sasl| sasl.mechanism)
    }
}

/// The settings of a group member.
pub(crate) fn member_config(
    access: &KafkaAccess,
    settings: &KafkaSettings,
) -> Result<ClientConfig, IngestError> {
    settings.check()?;
    let mut config = access.config()?;
    let start = match settings.start {
        StartAt::Earliest => "earliest",
        StartAt::Latest => "latest",
    };
    config
        .set("group.id", &settings.group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("auto.offset.reset", start)
        // Offsets are committed by the clock, but only those that were stored by us: after acceptance.
        .set("enable.auto.commit", "true")
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", settings.commit_interval_milliseconds.to_string())
        .set("session.timeout.ms", (u64::from(settings.session_timeout_seconds) * 1000).to_string())
        .set("heartbeat.interval.ms", (u64::from(settings.session_timeout_seconds) * 1000 / 15).to_string())
        .set("queued.max.messages.kbytes", settings.fetch_ahead_kilobytes.to_string())
        .set("fetch.error.backoff.ms", "200")
        .set("statistics.interval.ms", "2000");
    limit_messages(&mut config, settings.largest_message_megabytes, settings.fetch_ahead_kilobytes);
    Ok(config)
}

/// Lets messages up to this size in. The fetch sizes only say how much is asked for at once: a broker
/// gives a larger first message whole.
pub(crate) fn limit_messages(config: &mut ClientConfig, largest_megabytes: u32, ahead_kilobytes: u32) {
    let largest = u64::from(largest_megabytes) << 20;
    let fetch = (u64::from(ahead_kilobytes) << 10).clamp(1 << 20, largest);
    config
        .set("fetch.message.max.bytes", fetch.min(1 << 20).to_string())
        .set("message.max.bytes", fetch.min(1 << 20).to_string())
        .set("fetch.max.bytes", fetch.to_string())
        .set("receive.message.max.bytes", (largest + (1 << 20)).to_string());
}

/// Creates a client, with the library's refusal in our words.
pub(crate) fn create<C, T>(config: &ClientConfig, context: C) -> Result<T, IngestError>
where
    C: ClientContext,
    T: FromClientConfigAndContext<C>,
{
    config.create_with_context(context).map_err(|error| IngestError::Setup { problem: plain(&error) })
}

fn token_file(connection: &ConnectionSettings) -> Option<TokenFile> {
    connection.security.sasl.as_ref()?.token_file.as_ref().map(TokenFile::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_library_takes_what_we_set_at_every_extreme() {
        let mut settings = KafkaSettings::new(ConnectionSettings::new(["127.0.0.1:1"]), ["t"]);
        for (megabytes, kilobytes) in [(1, 1), (1, 2_097_151), (1900, 1), (1900, 2_097_151), (128, 16_384)] {
            settings.largest_message_megabytes = megabytes;
            settings.fetch_ahead_kilobytes = kilobytes;
            let access = KafkaAccess::new(settings.connection.clone());
            let config = member_config(&access, &settings).unwrap();
            let _: rdkafka::consumer::BaseConsumer = config.create().unwrap();
        }
    }

    #[test]
    fn the_client_library_is_told_the_bounds_and_never_to_make_a_topic() {
        let mut settings = KafkaSettings::new(ConnectionSettings::new(["127.0.0.1:1"]), ["t"]);
        settings.largest_message_megabytes = 300;
        settings.fetch_ahead_kilobytes = 5000;
        settings.session_timeout_seconds = 30;
        settings.commit_interval_milliseconds = 70;
        settings.connection.metadata_refresh_seconds = 9;
        let config = member_config(&KafkaAccess::new(settings.connection.clone()), &settings).unwrap();
        for (name, value) in [
            ("allow.auto.create.topics", "false"),
            ("session.timeout.ms", "30000"),
            ("auto.commit.interval.ms", "70"),
            ("topic.metadata.refresh.interval.ms", "9000"),
            ("queued.max.messages.kbytes", "5000"),
            ("fetch.max.bytes", "5120000"),
            ("receive.message.max.bytes", "315621376"),
        ] {
            assert_eq!(config.get(name), Some(value), "{name}");
        }
    }
}
