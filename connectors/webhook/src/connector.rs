//! [`WebhookConnector`]: how webhooks are set up.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, Reaches, bind,
};
use quell_alert::Provider;

use crate::ask::ToEndpoint;
use crate::endpoint::Endpoints;
use crate::post::Post;
use crate::settings::WebhookSettings;

pub(crate) const NAME: &str = "webhook";

/// Signed HTTP notifications.
pub struct WebhookConnector;

impl Connector for WebhookConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str =
        "Signed HTTP notifications to any receiver, after the Standard Webhooks convention.";
    type Settings = WebhookSettings;

    fn actions(settings: Option<&WebhookSettings>) -> Vec<ActionInfo> {
        let post = ActionInfo::of::<Post>();
        vec![match settings {
            Some(site) => post.naming("endpoint", site.endpoints.keys()),
            None => post,
        }]
    }

    fn reaches(settings: &WebhookSettings) -> Reaches {
        let channel = settings.questions.is_some() || settings.endpoints.len() == 1;
        Reaches { people: Vec::new(), channel }
    }

    fn check(settings: &WebhookSettings) -> Vec<Problem> {
        settings.check()
    }

    async fn connect(name: &str, settings: WebhookSettings) -> Result<Connection, ConnectError> {
        let endpoints = Arc::new(Endpoints::new(&settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![bind::<Post>(Arc::clone(&endpoints))],
            directories: Vec::new(),
            carrier: Some(Arc::new(ToEndpoint {
                endpoints: Arc::clone(&endpoints),
                endpoint: settings.questions,
            })),
            probe: Arc::new(Reach(endpoints)),
        })
    }
}

/// Asks every receiver whether it is there. Whether it takes our signature, only a message could tell.
struct Reach(Arc<Endpoints>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let (mut there, mut problems) = (Vec::new(), Vec::new());
        for endpoint in self.0.iter() {
            match endpoint.reach().await {
                Ok(found) => there.push(found),
                Err(why) => problems.push(why),
            }
        }
        let grant = Grant {
            action: "webhook.post".to_owned(),
            provider: Provider::from(NAME),
            allowed: None,
            note: Some("only a message could tell whether the receiver takes our signature".to_owned()),
        };
        let system = (!there.is_empty()).then(|| there.join(", "));
        ProbeReport { system, problems, grants: vec![grant] }
    }
}
