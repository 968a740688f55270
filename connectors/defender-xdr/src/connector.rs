//! [`DefenderXdr`]: the connector itself.

use std::sync::Arc;

use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, bind};

use crate::actions::{
    AddAlertComment, AddComment, AddTag, CloseAlert, CloseIncident, GetAlert, GetIncident, RemoveTag,
    SetAlertOwner, SetAlertStatus, SetOwner, SetSeverity, SetStatus,
};
use crate::client::Client;
use crate::probe::TenantProbe;
use crate::settings::Settings;

/// Incidents and alerts of Defender XDR.
pub struct DefenderXdr;

impl Connector for DefenderXdr {
    const NAME: &'static str = "defender-xdr";
    const SUMMARY: &'static str =
        "Comments, tags, assigns, rates and closes incidents and alerts of Microsoft Defender XDR.";
    type Settings = Settings;

    fn actions(_: Option<&Settings>) -> Vec<ActionInfo> {
        vec![
            ActionInfo::of::<GetIncident>(),
            ActionInfo::of::<AddComment>(),
            ActionInfo::of::<AddTag>(),
            ActionInfo::of::<RemoveTag>(),
            ActionInfo::of::<SetOwner>(),
            ActionInfo::of::<SetSeverity>(),
            ActionInfo::of::<SetStatus>(),
            ActionInfo::of::<CloseIncident>(),
            ActionInfo::of::<GetAlert>(),
            ActionInfo::of::<AddAlertComment>(),
            ActionInfo::of::<SetAlertOwner>(),
            ActionInfo::of::<SetAlertStatus>(),
            ActionInfo::of::<CloseAlert>(),
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
                bind::<AddTag>(Arc::clone(&client)),
                bind::<RemoveTag>(Arc::clone(&client)),
                bind::<SetOwner>(Arc::clone(&client)),
                bind::<SetSeverity>(Arc::clone(&client)),
                bind::<SetStatus>(Arc::clone(&client)),
                bind::<CloseIncident>(Arc::clone(&client)),
                bind::<GetAlert>(Arc::clone(&client)),
                bind::<AddAlertComment>(Arc::clone(&client)),
                bind::<SetAlertOwner>(Arc::clone(&client)),
                bind::<SetAlertStatus>(Arc::clone(&client)),
                bind::<CloseAlert>(Arc::clone(&client)),
            ],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(TenantProbe { client, actions: Self::actions(Some(&settings)) }),
        })
    }
}
