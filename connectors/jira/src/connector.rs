//! [`JiraConnector`]: the connector itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionInfo, ConnectError, Connection, Connector, Probe, ProbeReport, Problem, bind};
use quell_kit::{Deadline, probed_by_reading};

use crate::comment::Comment;
use crate::desk::Desk;
use crate::open::Open;
use crate::resolve::Resolve;
use crate::settings::JiraSettings;
use crate::update::Update;

pub(crate) const NAME: &str = "jira";
const PATIENCE: Duration = Duration::from_secs(10);

/// Issues of Jira.
pub struct JiraConnector;

impl Connector for JiraConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Issues of Jira, opened, updated, commented and resolved.";
    type Settings = JiraSettings;

    fn actions(_: Option<&JiraSettings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<Open>(),
            ActionInfo::of::<Update>(),
            ActionInfo::of::<Comment>(),
            ActionInfo::of::<Resolve>(),
        ]
    }

    fn check(settings: &JiraSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: JiraSettings) -> Result<Connection, ConnectError> {
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
        probed_by_reading(found, &JiraConnector::actions(None))
    }
}
