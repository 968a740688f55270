//! [`DefenderEndpoint`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, bind};

use crate::actions::{
    CollectPackage, GetDevice, Investigate, Isolate, QuarantineFile, Release, RestrictApps, Scan, Tag,
    UnrestrictApps, Watch,
};
use crate::client::Client;
use crate::directory::Fleet;
use crate::probe::FleetProbe;
use crate::settings::Settings;

/// Devices, over Defender for Endpoint.
pub struct DefenderEndpoint;

impl Connector for DefenderEndpoint {
    const NAME: &'static str = "defender-endpoint";
    const SUMMARY: &'static str = "Looks up and contains devices over Microsoft Defender for Endpoint.";
    type Settings = Settings;

    fn actions(_: Option<&Settings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<Isolate>(),
            ActionInfo::of::<Release>(),
            ActionInfo::of::<RestrictApps>(),
            ActionInfo::of::<UnrestrictApps>(),
            ActionInfo::of::<Scan>(),
            ActionInfo::of::<CollectPackage>(),
            ActionInfo::of::<Investigate>(),
            ActionInfo::of::<QuarantineFile>(),
            ActionInfo::of::<Tag>(),
            ActionInfo::of::<Watch>(),
            ActionInfo::of::<GetDevice>(),
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
                bind::<Isolate>(Arc::clone(&client)),
                bind::<Release>(Arc::clone(&client)),
                bind::<RestrictApps>(Arc::clone(&client)),
                bind::<UnrestrictApps>(Arc::clone(&client)),
                bind::<Scan>(Arc::clone(&client)),
                bind::<CollectPackage>(Arc::clone(&client)),
                bind::<Investigate>(Arc::clone(&client)),
                bind::<QuarantineFile>(Arc::clone(&client)),
                bind::<Tag>(Arc::clone(&client)),
                bind::<Watch>(Arc::clone(&client)),
                bind::<GetDevice>(Arc::clone(&client)),
            ],
            directories: vec![Arc::new(Fleet { client: Arc::clone(&client) })],
            carrier: None,
            probe: Arc::new(FleetProbe { client, actions: Self::actions(Some(&settings)) }),
        })
    }
}
