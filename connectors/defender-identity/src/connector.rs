//! [`DefenderIdentity`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, bind};

use crate::actions::{DisableAccount, EnableAccount, ForcePasswordReset};
use crate::client::Client;
use crate::directory::Sensors;
use crate::probe::SensorProbe;
use crate::settings::Settings;

/// Accounts of Active Directory, through the sensors of Defender for Identity.
pub struct DefenderIdentity;

impl Connector for DefenderIdentity {
    const NAME: &'static str = "defender-identity";
    const SUMMARY: &'static str =
        "Contains accounts of Active Directory through the sensors of Microsoft Defender for Identity.";
    type Settings = Settings;

    fn actions(_: Option<&Settings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<DisableAccount>(),
            ActionInfo::of::<EnableAccount>(),
            ActionInfo::of::<ForcePasswordReset>(),
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
                bind::<DisableAccount>(Arc::clone(&client)),
                bind::<EnableAccount>(Arc::clone(&client)),
                bind::<ForcePasswordReset>(Arc::clone(&client)),
            ],
            directories: vec![Arc::new(Sensors { client: Arc::clone(&client) })],
            carrier: None,
            probe: Arc::new(SensorProbe { client, actions: Self::actions(Some(&settings)) }),
        })
    }
}
