//! [`TheHiveConnector`]: the connector itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionInfo, ConnectError, Connection, Connector, Probe, ProbeReport, Problem, bind};
use quell_kit::{Deadline, probed_by_reading};

use crate::comment::Comment;
use crate::desk::Desk;
use crate::open::Open;
use crate::resolve::Resolve;
use crate::settings::TheHiveSettings;
use crate::update::Update;

pub(crate) const NAME: &str = "thehive";
const PATIENCE: Duration = Duration::from_secs(10);

/// Alerts of TheHive.
pub struct TheHiveConnector;

impl Connector for TheHiveConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Alerts of TheHive, opened, updated, commented and resolved.";
    type Settings = TheHiveSettings;

    fn actions(_: Option<&TheHiveSettings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<Open>(),
            ActionInfo::of::<Update>(),
            ActionInfo::of::<Comment>(),
            ActionInfo::of::<Resolve>(),
        ]
    }

    fn check(settings: &TheHiveSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: TheHiveSettings) -> Result<Connection, ConnectError> {
        let desk = Arc::new(Desk::new(settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![
                bind::<Open>(Arc::clone(&desk)),
                bind::<Update>(Arc::clone(&desk)),
                bind::<Comment>(Arc::clone(&desk)),
                bind::<Resolve>(Arc::clone(&desk)),
            ],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(Reach(desk)),
        })
    }
}

/// Signs in and reads. Whether the rights allow writing, only writing could tell.
struct Reach(Arc<Desk>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let found = self.0.reach(Deadline::after(PATIENCE)).await;
        probed_by_reading(found, &TheHiveConnector::actions(None))
    }
}
