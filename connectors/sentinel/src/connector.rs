//! [`Sentinel`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, bind};

use crate::actions::{
    AddComment, AddTag, AddTask, CloseIncident, GetIncident, RemoveTag, SetOwner, SetSeverity, SetStatus,
    SetTitle,
};
use crate::client::Client;
use crate::probe::WorkspaceProbe;
use crate::settings::Settings;

/// Incidents of Microsoft Sentinel.
pub struct Sentinel;

impl Connector for Sentinel {
    const NAME: &'static str = "sentinel";
    const SUMMARY: &'static str =
        "Comments, tags, assigns, rates and closes incidents of Microsoft Sentinel.";
    type Settings = Settings;

    fn actions(_: Option<&Settings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<GetIncident>(),
            ActionInfo::of::<AddComment>(),
            ActionInfo::of::<AddTask>(),
            ActionInfo::of::<AddTag>(),
            ActionInfo::of::<RemoveTag>(),
            ActionInfo::of::<SetOwner>(),
            ActionInfo::of::<SetSeverity>(),
            ActionInfo::of::<SetStatus>(),
            ActionInfo::of::<SetTitle>(),
            ActionInfo::of::<CloseIncident>(),
        ]
    }

    fn check(settings: &Settings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: Settings) -> Result<Connection, ConnectError> {
        let client = Client::new(&settings).map_err(|error| ConnectError(format!("{name}: {error}")))?;
        let client = Arc::new(client);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![
                bind::<GetIncident>(Arc::clone(&client)),
                bind::<AddComment>(Arc::clone(&client)),
                bind::<AddTask>(Arc::clone(&client)),
                bind::<AddTag>(Arc::clone(&client)),
                bind::<RemoveTag>(Arc::clone(&client)),
                bind::<SetOwner>(Arc::clone(&client)),
                bind::<SetSeverity>(Arc::clone(&client)),
                bind::<SetStatus>(Arc::clone(&client)),
                bind::<SetTitle>(Arc::clone(&client)),
                bind::<CloseIncident>(Arc::clone(&client)),
            ],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(WorkspaceProbe { client, actions: Self::actions(Some(&settings)) }),
        })
    }
}
