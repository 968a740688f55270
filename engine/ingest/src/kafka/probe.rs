//! The first look at the brokers, so that a wrong setting is an error at the start and not a silence.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use super::client::{KafkaAccess, create};
use super::explain::{About, plain};
use super::topics::create_topics;
use super::watch::Watch;
use crate::error::IngestError;

/// How long one attempt may take before it is looked whether the brokers refuse us.
const ATTEMPT: Duration = Duration::from_secs(1);

/// Connects, signs in, and looks for the topics; creates those that are missing where the settings say so.
///
/// Gives the number of partitions of each topic.
pub async fn look_for_topics(
    access: &KafkaAccess,
    topics: &[String],
) -> Result<HashMap<String, usize>, IngestError> {
    let found = look(access, topics).await?;
    let missing: Vec<String> = topics.iter().filter(|topic| !found.contains_key(*topic)).cloned().collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let Some(shape) = access.connection.create_topics else {
        return Err(IngestError::MissingTopics { brokers: access.connection.broker_list(), topics: missing });
    };
    create_topics(access, &missing, shape).await?;
    // A topic that was just made takes a moment until every broker knows of it.
    let deadline = Instant::now() + access.connection.connect_deadline();
    loop {
        let found = look(access, topics).await?;
        if topics.iter().all(|topic| found.contains_key(topic)) {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            let problem = "it was created, and yet the brokers do not show it".into();
            return Err(IngestError::CreateTopic { topic: missing.join(", "), problem });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn look(access: &KafkaAccess, topics: &[String]) -> Result<HashMap<String, usize>, IngestError> {
    let (access, topics) = (access.clone(), topics.to_vec());
    on_blocking_thread("looking at the brokers", move || {
        let mut config = access.config()?;
        // A broker that hangs up at once tells that encryption or sign-in is not what it expects.
        config.set("log.connection.close", "true");
        let consumer: BaseConsumer<Watch> = create(&config, access.watch())?;
        while_polling(&consumer, || ask(&access, &consumer, &topics))
    })
    .await
}

/// Does something that blocks where blocking harms nobody.
pub(crate) async fn on_blocking_thread<T: Send + 'static>(
    doing: &str,
    work: impl FnOnce() -> Result<T, IngestError> + Send + 'static,
) -> Result<T, IngestError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|failed| {
        Err(IngestError::Kafka { doing: doing.to_owned(), problem: failed.to_string() })
    })
}

/// Asks the brokers something, which blocks, while the client's events are served: the token for the
/// sign-in is one of them. The consumer must not have any partitions yet.
pub(crate) fn while_polling<T>(consumer: &BaseConsumer<Watch>, ask: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = consumer.poll(Duration::from_millis(50));
            }
        });
        // Even when asking panics the scope must be able to end.
        let _end = SetOnDrop(&done);
        ask()
    })
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ask(
    access: &KafkaAccess,
    consumer: &BaseConsumer<Watch>,
    topics: &[String],
) -> Result<HashMap<String, usize>, IngestError> {
    let deadline = Instant::now() + access.connection.connect_deadline();
    let mut found = HashMap::new();
    for topic in topics {
        if let Some(partitions) = ask_for(access, consumer, topic, deadline)? {
            found.insert(topic.clone(), partitions);
        }
    }
    Ok(found)
}

fn ask_for(
    access: &KafkaAccess,
    consumer: &BaseConsumer<Watch>,
    topic: &str,
    deadline: Instant,
) -> Result<Option<usize>, IngestError> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match consumer.fetch_metadata(Some(topic), left.min(ATTEMPT)) {
            Ok(metadata) => return read(topic, &metadata),
            Err(error) => refused_or_late(access, consumer, &plain(&error), left)?,
        }
    }
}

fn read(topic: &str, metadata: &rdkafka::metadata::Metadata) -> Result<Option<usize>, IngestError> {
    let Some(known) = metadata.topics().iter().find(|known| known.name() == topic) else { return Ok(None) };
    let Some(code) = known.error() else { return Ok(Some(known.partitions().len())) };
    let problem = match RDKafkaErrorCode::from(code) {
        RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => return Ok(None),
        // The topic is there; its leaders are being chosen.
        RDKafkaErrorCode::LeaderNotAvailable => return Ok(Some(known.partitions().len())),
        RDKafkaErrorCode::TopicAuthorizationFailed => "not allowed: grant READ and DESCRIBE on it".into(),
        RDKafkaErrorCode::InvalidTopic => "not a name that a topic can have".into(),
        other => other.to_string(),
    };
    Err(IngestError::Kafka { doing: format!("looking for topic {topic}"), problem })
}

/// Ends the attempts when they are refused or the time is up.
fn refused_or_late(
    access: &KafkaAccess,
    consumer: &BaseConsumer<Watch>,
    problem: &str,
    left: Duration,
) -> Result<(), IngestError> {
    let state = consumer.context().state();
    let state = state.lock();
    match state.refusal() {
        Some((About::Tls, problem)) => return Err(IngestError::Tls { problem }),
        Some((_, problem)) => return Err(IngestError::SignIn { problem }),
        None => {}
    }
    if !left.is_zero() {
        return Ok(());
    }
    Err(IngestError::Unreachable {
        brokers: access.connection.broker_list(),
        within: access.connection.connect_deadline(),
        problem: state.trouble().map_or_else(|| problem.to_owned(), |trouble| trouble.what),
    })
}
