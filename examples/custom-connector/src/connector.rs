//! The three phases of a connector, never mixed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Failure, Grant, Probe, ProbeReport, Problem, bind,
};
use quell_kit::Deadline;

use crate::actions::{DisableAccount, EnableAccount};
use crate::client::Client;
use crate::directory::Badges;
use crate::settings::Settings;

/// The provider: whose accounts these are. The connector's own name is that of its folder, with hyphens.
pub(crate) const PROVIDER: &str = "badge_office";

/// The badge office.
pub struct BadgeOffice;

impl Connector for BadgeOffice {
    const NAME: &'static str = "badge-office";
    const SUMMARY: &'static str = "The badge office of an imaginary company: blocks badges.";
    type Settings = Settings;

    fn actions(_: Option<&Settings>) -> Vec<ActionInfo> {
        vec![ActionInfo::of::<DisableAccount>(), ActionInfo::of::<EnableAccount>()]
    }

    fn check(settings: &Settings) -> Vec<Problem> {
        settings.check()
    }

    async fn connect(name: &str, settings: Settings) -> Result<Connection, ConnectError> {
        let client = Arc::new(Client::new(&settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![
                bind::<DisableAccount>(Arc::clone(&client)),
                bind::<EnableAccount>(Arc::clone(&client)),
            ],
            directories: vec![Arc::new(Badges(Arc::clone(&client)))],
            carrier: None,
            probe: Arc::new(Reach(client)),
        })
    }
}

/// Asks for a badge that nobody has: the answer tells whether the token is taken, and nothing is changed.
struct Reach(Arc<Client>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let answer = self.0.badge("probe", Deadline::after(Duration::from_secs(10))).await;
        let problem = answer.err().filter(|error| error.failure != Failure::NotFound);
        let grant = |info: ActionInfo| Grant {
            action: info.spec.name.to_owned(),
            provider: info.provider(),
            allowed: problem.is_some().then_some(false),
            note: Some("the badge office tells only when a badge is written".to_owned()),
        };
        let grants = BadgeOffice::actions(None).into_iter().map(grant).collect();
        ProbeReport {
            system: problem.is_none().then(|| self.0.system()),
            problems: problem.map(|error| error.message).into_iter().collect(),
            grants,
        }
    }
}
