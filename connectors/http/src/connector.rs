//! [`HttpConnector`]: how hosts are set up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, bind,
};
use quell_alert::Provider;
use quell_kit::{Method, host_of};

use crate::call::Call;
use crate::hosts::{Host, Hosts};
use crate::settings::HttpConnectorSettings;

pub(crate) const NAME: &str = "http";
/// How long a host may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Any HTTP interface.
pub struct HttpConnector;

impl Connector for HttpConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Calls to any HTTP interface of hosts that the site allows.";
    type Settings = HttpConnectorSettings;

    fn actions(settings: Option<&HttpConnectorSettings>) -> Vec<ActionInfo> {
        let call = ActionInfo::of::<Call>();
        vec![match settings {
            Some(site) => call.naming("host", site.hosts.keys()),
            None => call,
        }]
    }

    fn check(settings: &HttpConnectorSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: HttpConnectorSettings) -> Result<Connection, ConnectError> {
        let hosts = Arc::new(Hosts::new(settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![bind::<Call>(Arc::clone(&hosts))],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(Reach(hosts)),
        })
    }
}

/// Asks every host whether it is there, without its credential: what that may do only a call could tell.
struct Reach(Arc<Hosts>);

#[async_trait]
impl Probe for Reach {
    async fn probe(&self) -> ProbeReport {
        let (mut there, mut problems) = (Vec::new(), Vec::new());
        for host in self.0.iter() {
            match reach(host).await {
                Ok(found) => there.push(found),
                Err(why) => problems.push(why),
            }
        }
        let grant = Grant {
            action: "http.call".to_owned(),
            provider: Provider::from(NAME),
            allowed: None,
            note: Some("only a call could tell what the credential may do".to_owned()),
        };
        ProbeReport { system: (!there.is_empty()).then(|| there.join(", ")), problems, grants: vec![grant] }
    }
}

async fn reach(host: &Host) -> Result<String, String> {
    let request = host.http.request(Method::HEAD, host.url.clone());
    match host.http.send(request, quell_kit::Call::Reads, PATIENCE).await {
        Ok(answer) => Ok(format!("{} at {} (status {})", host.name, host_of(&host.url), answer.status())),
        Err(error) => Err(format!("{}: {error}", host.name)),
    }
}
