//! [`TeamsConnector`]: how channels are set up.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, Reaches, bind,
};
use quell_alert::Provider;

use crate::ask::ToChannel;
use crate::channels::Channels;
use crate::post::Post;
use crate::settings::TeamsSettings;

pub(crate) const NAME: &str = "teams";

/// Channels of Microsoft Teams.
pub struct TeamsConnector;

impl Connector for TeamsConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Messages to channels of Microsoft Teams, by way of workflows.";
    type Settings = TeamsSettings;

    fn actions(settings: Option<&TeamsSettings>) -> Vec<ActionInfo> {
        let post = ActionInfo::of::<Post>();
        vec![match settings {
            Some(site) => post.naming("channel", site.channels.keys()),
            None => post,
        }]
    }

    fn reaches(settings: &TeamsSettings) -> Reaches {
        let channel = settings.questions.is_some() || settings.channels.len() == 1;
        Reaches { people: Vec::new(), channel }
    }

    fn check(settings: &TeamsSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: TeamsSettings) -> Result<Connection, ConnectError> {
        let channels = Arc::new(Channels::new(&settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![bind::<Post>(Arc::clone(&channels))],
            directories: Vec::new(),
            carrier: Some(Arc::new(ToChannel {
                channels: Arc::clone(&channels),
                channel: settings.questions,
            })),
            probe: Arc::new(Reach(channels)),
        })
    }
}

/// Asks whether the hosts are there, and shows them no address of a workflow.
struct Reach(Arc<Channels>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let (mut there, mut problems) = (Vec::new(), Vec::new());
        for found in self.0.reach().await {
            match found {
                Ok(host) => there.push(host),
                Err(why) => problems.push(why),
            }
        }
        let note = "only a card could tell whether the workflow is there, and posts it".to_owned();
        let provider = Provider::from(NAME);
        let grant = Grant { action: "teams.post".to_owned(), provider, allowed: None, note: Some(note) };
        ProbeReport { system: (!there.is_empty()).then(|| there.join(", ")), problems, grants: vec![grant] }
    }
}
