//! [`SlackConnector`]: how channels are set up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, Reaches, bind,
};
use quell_alert::Provider;

use crate::ask::ToChannel;
use crate::channels::Channels;
use crate::post::Post;
use crate::settings::SlackSettings;

pub(crate) const NAME: &str = "slack";
const PATIENCE: Duration = Duration::from_secs(10);

/// Slack channels.
pub struct SlackConnector;

impl Connector for SlackConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Messages to Slack channels, with an app's token or by incoming webhooks.";
    type Settings = SlackSettings;

    fn actions(settings: Option<&SlackSettings>) -> Vec<ActionInfo> {
        let post = ActionInfo::of::<Post>();
        vec![match settings {
            Some(site) => post.naming("channel", site.channels.keys().chain(site.webhooks.keys())),
            None => post,
        }]
    }

    fn reaches(settings: &SlackSettings) -> Reaches {
        match settings.signing_secret {
            Some(_) => Reaches { people: settings.people.keys().cloned().collect(), channel: false },
            None => {
                let ways = settings.channels.len() + settings.webhooks.len();
                Reaches { people: Vec::new(), channel: settings.questions.is_some() || ways == 1 }
            }
        }
    }

    fn check(settings: &SlackSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: SlackSettings) -> Result<Connection, ConnectError> {
        let channels = Arc::new(Channels::new(&settings)?);
        let carrier = ToChannel::new(&channels, &settings)?;
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![bind::<Post>(Arc::clone(&channels))],
            directories: Vec::new(),
            carrier: Some(Arc::new(carrier)),
            probe: Arc::new(Ask(channels)),
        })
    }
}

/// Asks who the token makes us. Webhooks only a message could tell about.
struct Ask(Arc<Channels>);

#[async_trait]
impl Probe for Ask {
    async fn probe(&self) -> ProbeReport {
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        match self.0.who_am_i(PATIENCE).await {
            Some(Ok(who)) => report.system = Some(who),
            Some(Err(error)) => report.problems.push(error.message),
            None => {}
        }
        let note = match self.0.webhooks() {
            0 => "only a message could tell whether the app may write to a channel".to_owned(),
            count => format!("only a message could tell whether {count} webhooks are still there"),
        };
        let provider = Provider::from(NAME);
        report.grants.push(Grant {
            action: "slack.post".to_owned(),
            provider,
            allowed: None,
            note: Some(note),
        });
        report
    }
}
