//! [`PagerDutyConnector`]: how services are set up.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, bind,
};
use quell_alert::Provider;

use crate::acknowledge::Acknowledge;
use crate::raise::Raise;
use crate::resolve::Resolve;
use crate::services::Services;
use crate::settings::PagerDutySettings;

pub(crate) const NAME: &str = "pagerduty";

/// Services of PagerDuty.
pub struct PagerDutyConnector;

impl Connector for PagerDutyConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Incidents at services of PagerDuty, raised, acknowledged and resolved.";
    type Settings = PagerDutySettings;

    fn actions(settings: Option<&PagerDutySettings>) -> Vec<ActionInfo> {
        let all = [ActionInfo::of::<Raise>(), ActionInfo::of::<Acknowledge>(), ActionInfo::of::<Resolve>()];
        let here = |info: ActionInfo| match settings {
            Some(site) => info.naming("service", site.services.keys()),
            None => info,
        };
        all.into_iter().map(here).collect()
    }

    fn check(settings: &PagerDutySettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: PagerDutySettings) -> Result<Connection, ConnectError> {
        let services = Arc::new(Services::new(&settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![
                bind::<Raise>(Arc::clone(&services)),
                bind::<Acknowledge>(Arc::clone(&services)),
                bind::<Resolve>(Arc::clone(&services)),
            ],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(Reach(services)),
        })
    }
}

/// Asks whether PagerDuty is there, and shows it no key.
struct Reach(Arc<Services>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let note = "only an event could tell whether the key is taken";
        let grant = |info: &ActionInfo| Grant {
            action: info.spec.name.to_owned(),
            provider: Provider::from(NAME),
            allowed: None,
            note: Some(note.to_owned()),
        };
        let grants = PagerDutyConnector::actions(None).iter().map(grant).collect();
        match self.0.reach().await {
            Ok(host) => ProbeReport { system: Some(host), problems: Vec::new(), grants },
            Err(error) => ProbeReport { system: None, problems: vec![error.message], grants },
        }
    }
}
