//! [`SmtpConnector`]: how a relay is set up.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, Reaches, bind,
};
use quell_alert::Provider;

use crate::ask::ByMail;
use crate::relay::Relay;
use crate::send::Send;
use crate::settings::SmtpSettings;

pub(crate) const NAME: &str = "smtp";

/// Mail.
pub struct SmtpConnector;

impl Connector for SmtpConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Mail to people, by way of a relay.";
    type Settings = SmtpSettings;

    fn actions(settings: Option<&SmtpSettings>) -> Vec<ActionInfo> {
        let send = ActionInfo::of::<Send>();
        vec![match settings {
            Some(site) => send.naming("to", site.recipients.keys()),
            None => send,
        }]
    }

    fn reaches(settings: &SmtpSettings) -> Reaches {
        Reaches { people: settings.people.keys().cloned().collect(), channel: false }
    }

    fn check(settings: &SmtpSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: SmtpSettings) -> Result<Connection, ConnectError> {
        let relay = Arc::new(Relay::new(settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![bind::<Send>(Arc::clone(&relay))],
            directories: Vec::new(),
            carrier: Some(Arc::new(ByMail(Arc::clone(&relay)))),
            probe: Arc::new(Reach(relay)),
        })
    }
}

/// Connects and signs in. Whether the relay takes mail for somebody, only a mail could tell.
struct Reach(Arc<Relay>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let found = self.0.reach().await;
        let note = match &found {
            Ok(_) => {
                "it was signed in; whether the relay takes mail for the recipients, only a mail could tell"
            }
            Err(_) => "nobody signed in, so nothing can be said",
        };
        let provider = Provider::from(NAME);
        let grant =
            Grant { action: "smtp.send".to_owned(), provider, allowed: None, note: Some(note.to_owned()) };
        match found {
            Ok(system) => ProbeReport { system: Some(system), problems: Vec::new(), grants: vec![grant] },
            Err(error) => ProbeReport { system: None, problems: vec![error.message], grants: vec![grant] },
        }
    }
}
