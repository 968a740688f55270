//! Alerts from Kafka, as a member of a consumer group.
//!
//! One thread polls ([`reading`]); the partitions in our care and their coming and going are in [`group`];
//! what the client says about itself in [`watch`], and what that means to people in [`explain`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rdkafka::consumer::Consumer;

pub(crate) mod client;
pub(crate) mod explain;
mod group;
pub(crate) mod probe;
pub(crate) mod reading;
mod security;
pub mod settings;
pub mod token;
mod topics;
pub(crate) mod watch;

pub use client::KafkaAccess;
pub use probe::look_for_topics;
pub use settings::{
    ConnectionSettings, KafkaSettings, Mechanism, SaslSettings, SecuritySettings, StartAt, TlsSettings,
    TopicShape,
};
pub use token::{Token, TokenError, TokenFile, TokenSource, UnsignedTokens};

use crate::delivery::{Delivery, Receipt};
use crate::error::IngestError;
use crate::intake::Intake;
use crate::kafka::explain::plain;
use crate::kafka::group::{Assignment, GroupContext, HandOver, Member};
use crate::kafka::reading::Reading;
use crate::kafka::watch::WatchState;
use crate::source::{Acceptance, AlertSource, SourceHealth};

/// Alerts from Kafka topics.
pub struct KafkaSource {
    intake: Arc<Intake>,
    assignment: Arc<Assignment>,
    watch: Arc<Mutex<WatchState>>,
    paused: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    hand_over: Arc<HandOver>,
    /// Resolves when the reading thread has left the group.
    left: tokio::sync::Mutex<tokio::sync::oneshot::Receiver<()>>,
}

impl KafkaSource {
    /// Connects, makes sure that the topics are there, joins the group and begins to read.
    ///
    /// What is wrong with settings, certificates, credentials or topics is an error here. Whatever goes
    /// wrong afterwards is tried again for ever, and shown on health.
    pub async fn start(settings: &KafkaSettings) -> Result<Self, IngestError> {
        Self::start_with(settings, &KafkaAccess::new(settings.connection.clone())).await
    }

    /// The same, by way of an access that may bring a token source; its connection is the one that counts.
    pub async fn start_with(settings: &KafkaSettings, access: &KafkaAccess) -> Result<Self, IngestError> {
        let config = client::member_config(access, settings)?;
        look_for_topics(access, &settings.topics).await?;
        let intake = Arc::new(Intake::new(settings.flow));
        let assignment = Arc::<Assignment>::default();
        let watch = access.watch();
        let state = watch.state();
        let hand_over = Arc::new(HandOver::new(settings.hand_over()));
        let context = GroupContext::new(watch, intake.clone(), assignment.clone(), hand_over.clone());
        let paused = context.paused.clone();
        let consumer: Member = client::create(&config, context)?;
        let names: Vec<&str> = settings.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| IngestError::Kafka {
            doing: format!("subscribing to {}", names.join(", ")),
            problem: plain(&error),
        })?;
        let stop = Arc::<AtomicBool>::default();
        let (leaving, left) = tokio::sync::oneshot::channel();
        let reading =
            Reading { consumer, intake: intake.clone(), assignment: assignment.clone(), stop: stop.clone() };
        std::thread::Builder::new()
            .name("quell-kafka".into())
            .spawn(move || {
                reading.run();
                let _ = leaving.send(());
            })
            .map_err(|source| IngestError::Thread { purpose: "reading from kafka", source })?;
        Ok(Self { intake, assignment, watch: state, paused, stop, hand_over, left: left.into() })
    }
}

#[async_trait]
impl AlertSource for KafkaSource {
    async fn fetch(&self, most: usize) -> Result<Option<Vec<Delivery>>, IngestError> {
        self.intake.fetch(most).await
    }

    fn accept(&self, receipts: &[Receipt]) -> Acceptance {
        self.intake.accept(receipts)
    }

    fn is_current(&self, receipt: &Receipt) -> bool {
        self.intake.is_current(receipt)
    }

    fn health(&self) -> SourceHealth {
        let load = self.intake.load();
        let watch = self.watch.lock();
        SourceHealth {
            connected: watch.connected && !self.intake.has_ended(),
            paused: self.paused.load(Ordering::Relaxed),
            in_flight: load.in_flight,
            in_flight_bytes: load.in_flight_bytes,
            accepted: load.accepted,
            partitions: self.assignment.health(&self.intake, &watch.lag),
            trouble: watch.trouble(),
        }
    }

    async fn close(&self, deadline: Duration) -> Result<(), IngestError> {
        // Half of the time is for what was begun with, the other half for leaving the group.
        self.hand_over.shorten_to(deadline / 2);
        self.stop.store(true, Ordering::Relaxed);
        self.intake.stop();
        let mut left = self.left.lock().await;
        if left.is_terminated() {
            return Ok(());
        }
        match tokio::time::timeout(deadline, &mut *left).await {
            Ok(_) => Ok(()),
            Err(_) => Err(IngestError::StopDeadline { within: deadline }),
        }
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        // Without a close the thread stops by itself, and nobody waits for it.
        self.hand_over.shorten_to(Duration::ZERO);
        self.stop.store(true, Ordering::Relaxed);
        self.intake.stop();
    }
}
