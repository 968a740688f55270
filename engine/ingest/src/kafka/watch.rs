//! What a Kafka client tells about itself: errors, statistics, and its need for tokens.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use serde::Deserialize;

use super::explain::{About, explain};
use super::settings::ConnectionSettings;
use super::token::TokenSource;
use crate::source::Trouble;

/// Listens to one client. Every client of this room has one as its context or inside it.
pub(crate) struct Watch {
    connection: Arc<ConnectionSettings>,
    tokens: Option<Arc<dyn TokenSource>>,
    state: Arc<Mutex<WatchState>>,
}

/// What is known of one client; shared with whoever shows health.
#[derive(Default)]
pub(crate) struct WatchState {
    /// Whether a broker was up when last heard of.
    pub(crate) connected: bool,
    /// Messages behind the committed offset, by topic and partition.
    pub(crate) lag: HashMap<(String, i32), i64>,
    /// Trouble with reaching the brokers, over when one is up again.
    reach: Option<Seen>,
    /// Trouble with a topic, the group, or something else, over when partitions are assigned again.
    subject: Option<Seen>,
}

struct Seen {
    about: About,
    what: String,
    last: Instant,
    times: u64,
}

impl Watch {
    pub(crate) fn new(connection: Arc<ConnectionSettings>, tokens: Option<Arc<dyn TokenSource>>) -> Self {
        Self { connection, tokens, state: Arc::default() }
    }

    /// A message of this topic has come.
    pub(crate) fn note_read(&self, topic: &str) {
        let mut state = self.state.lock();
        if !state.connected {
            state.note_reached();
        }
        state.note_read(topic);
    }

    pub(crate) fn state(&self) -> Arc<Mutex<WatchState>> {
        self.state.clone()
    }
}

impl ClientContext for Watch {
    // Only clients that sign in with OAUTHBEARER ever ask for a token.
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, about: &str, words: &str) {
        // Being hung up on is only logged by the library, but at the first look it tells a wrong setting.
        if about == "FAIL" && words.contains("Disconnected") {
            let (about, what) =
                explain(Some(RDKafkaErrorCode::BrokerTransportFailure), words, &self.connection);
            self.state.lock().note(about, what);
        }
        // So is the worst that can happen to a reader who comes too late.
        if about == "OFFSET" && words.contains("offset reset") && words.contains("out of range") {
            let what = format!(
                "messages may be lost: the topic does not hold the committed offset, because it no longer keeps \
                 messages that long or was made anew; reading begins anew ({words})"
            );
            self.state.lock().note(About::Subject, what);
        }
        use RDKafkaLogLevel as Level;
        match level {
            Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
                tracing::error!(target: "quell::kafka::client", about, "{words}");
            }
            Level::Warning => tracing::warn!(target: "quell::kafka::client", about, "{words}"),
            Level::Notice | Level::Info => tracing::info!(target: "quell::kafka::client", about, "{words}"),
            Level::Debug => tracing::debug!(target: "quell::kafka::client", about, "{words}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        let (about, what) = explain(error.rdkafka_error_code(), reason, &self.connection);
        self.state.lock().note(about, what);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match serde_json::from_slice::<Statistics>(statistics) {
            Ok(statistics) => self.state.lock().take_statistics(statistics),
            Err(error) => tracing::warn!(%error, "the kafka client's statistics cannot be read"),
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let source = self.tokens.as_ref().ok_or("no token source is configured")?;
        match source.token() {
            Ok(token) => Ok(OAuthToken {
                token: token.value.reveal().to_owned(),
                principal_name: token.principal,
                lifetime_ms: token.expires_ms,
            }),
            Err(error) => {
                // The library ends the text at a NUL, and panics nowhere if there is none.
                let what = error.to_string().replace('\0', " ");
                self.state.lock().note(About::SignIn, format!("no token for OAUTHBEARER: {what}"));
                Err(what.into())
            }
        }
    }
}

// For the consumers that belong to no group.
impl ConsumerContext for Watch {}

impl WatchState {
    pub(crate) fn note(&mut self, about: About, what: String) {
        if about == About::NoBroker {
            self.connected = false;
        }
        let place = match about {
            About::Reach | About::NoBroker | About::Tls | About::SignIn => &mut self.reach,
            About::Gone | About::Subject | About::Other => &mut self.subject,
        };
        match place {
            // That no broker is left follows upon the reason for it, and must not hide it.
            Some(seen) if about == About::NoBroker => {
                seen.last = Instant::now();
                seen.times += 1;
            }
            Some(seen) if seen.what == what => {
                seen.last = Instant::now();
                seen.times += 1;
            }
            _ => {
                tracing::warn!(target: "quell::kafka", "{what}");
                *place = Some(Seen { about, what, last: Instant::now(), times: 1 });
            }
        }
    }

    /// A broker has answered: what hindered that is over.
    pub(crate) fn note_reached(&mut self) {
        self.connected = true;
        if let Some(over) = self.reach.take() {
            tracing::info!(target: "quell::kafka", "the kafka brokers answer again, after: {}", over.what);
        }
    }

    /// A message of this topic was read: a topic that was gone and is back need not have been assigned anew.
    fn note_read(&mut self, topic: &str) {
        let of_another = |what: &str| what.contains("Subscribed topic") && !what.contains(topic);
        let over = |seen: &mut Seen| seen.about == About::Gone && !of_another(&seen.what);
        if let Some(over) = self.subject.take_if(over) {
            tracing::info!(target: "quell::kafka", topic, "messages come again, after: {}", over.what);
        }
    }

    /// Partitions were assigned: what hindered that is over.
    pub(crate) fn note_assigned(&mut self) {
        self.note_reached();
        self.subject = None;
    }

    /// What is wrong with the connection, when it is a refusal and not mere absence.
    pub(crate) fn refusal(&self) -> Option<(About, String)> {
        let seen = self.reach.as_ref()?;
        matches!(seen.about, About::Tls | About::SignIn).then(|| (seen.about, seen.what.clone()))
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let seen = self.reach.as_ref().or(self.subject.as_ref())?;
        Some(Trouble {
            what: seen.what.clone(),
            seconds_ago: seen.last.elapsed().as_secs(),
            times: seen.times,
        })
    }

    fn take_statistics(&mut self, statistics: Statistics) {
        let up = statistics.brokers.values().any(|broker| broker.nodeid >= 0 && broker.state == "UP");
        if up {
            self.note_reached();
        } else {
            self.connected = false;
        }
        self.lag.clear();
        for (topic, of_topic) in statistics.topics {
            for (number, of_partition) in of_topic.partitions {
                if let Ok(partition) = number.parse::<i32>()
                    && partition >= 0
                    && of_partition.consumer_lag >= 0
                {
                    self.lag.insert((topic.clone(), partition), of_partition.consumer_lag);
                }
            }
        }
    }
}

/// The few statistics that matter here, out of the many that the library gives.
#[derive(Deserialize)]
struct Statistics {
    #[serde(default)]
    brokers: HashMap<String, BrokerStatistics>,
    #[serde(default)]
    topics: HashMap<String, TopicStatistics>,
}

#[derive(Deserialize)]
struct BrokerStatistics {
    nodeid: i32,
    state: String,
}

#[derive(Deserialize)]
struct TopicStatistics {
    #[serde(default)]
    partitions: HashMap<String, PartitionStatistics>,
}

#[derive(Deserialize)]
struct PartitionStatistics {
    #[serde(default = "unknown_lag")]
    consumer_lag: i64,
}

fn unknown_lag() -> i64 {
    -1
}

#[cfg(test)]
mod tests {
    use super::super::token::{Token, TokenError};
    use super::*;

    #[test]
    fn the_reason_is_not_hidden_by_what_follows_from_it() {
        let mut state = WatchState::default();
        state.note(About::SignIn, "wrong user or password".into());
        state.note(About::NoBroker, "no broker can be reached; trying again".into());
        let trouble = state.trouble().unwrap();
        assert_eq!((trouble.what.as_str(), trouble.times), ("wrong user or password", 2));
        assert_eq!(state.refusal().unwrap().0, About::SignIn);
        state.note_reached();
        assert!(state.connected && state.trouble().is_none());
    }

    #[test]
    fn trouble_with_a_topic_is_over_when_partitions_come_and_not_when_a_broker_does() {
        let mut state = WatchState::default();
        state.note(About::Subject, "a topic is gone".into());
        state.note_reached();
        assert!(state.trouble().is_some());
        state.note_assigned();
        assert!(state.trouble().is_none());
    }

    #[test]
    fn a_topic_that_is_back_is_noticed_by_its_own_messages() {
        let mut state = WatchState::default();
        let gone = "a topic is gone (Subscribed topic not available: alerts: unknown)";
        state.note(About::Gone, gone.into());
        state.note_read("another");
        assert!(state.trouble().is_some());
        state.note_read("alerts");
        assert!(state.trouble().is_none());
        // That messages were lost is not mended by others that come.
        state.note(About::Subject, "messages may be lost".into());
        state.note_read("alerts");
        assert!(state.trouble().is_some());
    }

    #[test]
    fn statistics_tell_the_lag_and_who_is_up() {
        let text = br#"{"brokers":{"a":{"nodeid":-1,"state":"UP","x":1},"b":{"nodeid":1,"state":"DOWN"}},
            "topics":{"t":{"partitions":{"0":{"consumer_lag":7},"1":{"consumer_lag":-1},"-1":{"consumer_lag":3}}}}}"#;
        let mut state = WatchState { connected: true, ..WatchState::default() };
        state.take_statistics(serde_json::from_slice(text).unwrap());
        assert!(!state.connected, "the bootstrap entry does not count, and b is down");
        assert_eq!(state.lag, HashMap::from([(("t".to_owned(), 0), 7)]));
        state.take_statistics(
            serde_json::from_slice(br#"{"brokers":{"b":{"nodeid":1,"state":"UP"}}}"#).unwrap(),
        );
        assert!(
            state.connected && state.lag.is_empty(),
            "what is not known any more is not told: {:?}",
            state.lag
        );
    }

    #[test]
    fn why_there_is_no_token_is_told_without_what_would_end_the_text() {
        struct Nothing;
        impl TokenSource for Nothing {
            fn token(&self) -> Result<Token, TokenError> {
                Err("out of \0 tokens".into())
            }
        }
        let connection = Arc::new(ConnectionSettings::new(["127.0.0.1:1"]));
        let watch = Watch::new(connection, Some(Arc::new(Nothing)));
        let Err(error) = watch.generate_oauth_token(None) else { panic!("a token") };
        assert_eq!(error.to_string(), "out of   tokens");
        let (about, what) = watch.state.lock().refusal().unwrap();
        assert!(about == About::SignIn && what.contains("out of   tokens"), "{what}");
    }
}
