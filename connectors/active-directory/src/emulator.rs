//! [`Emulator`]: which of the named controllers is the PDC emulator of the domain.
//!
//! The others ask it before they refuse a password, and lock-outs are worked out there: what it is told about passwords,
//! lock-outs and disabling holds at once. To know it is a convenience that keeps no call waiting for long: a question
//! that takes its time goes on beside the calls, which meanwhile keep to the order of the settings.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::error::CallError;
use crate::query::{Place, Query};
use crate::server::Server;

/// How long an answer holds. The role is moved by hand, and rarely.
const HOLDS: Duration = Duration::from_secs(3600);
/// When to ask again where nobody could tell, or where the one that has the role is none of ours.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(300);
/// So long a call waits for the first answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which controller has the role, as was found out last.
#[derive(Default)]
pub(crate) struct Emulator {
    asked: parking_lot::Mutex<Option<Asked>>,
}

/// A controller that has the role.
#[derive(Clone)]
pub(crate) struct Holder {
    /// Its own name, in lower case.
    pub(crate) host: String,
    /// The same one among those of the settings, where it is there and could be recognized.
    pub(crate) server: Option<Arc<Server>>,
}

/// `None` where nobody could tell.
type Answer = Option<Holder>;

/// A question, and its answer when there is one.
#[derive(Clone)]
struct Asked {
    at: Instant,
    answer: watch::Receiver<Option<Answer>>,
    /// What the question before it brought.
    before: Option<Answer>,
}

impl Emulator {
    /// The controller to prefer, where it is known or found soon.
    pub(crate) async fn server(&self, servers: &[Arc<Server>]) -> Option<Arc<Server>> {
        // Nothing to choose from.
        if servers.len() < 2 {
            return None;
        }
        let mut asked = self.asked(servers);
        let known = asked.answer.borrow().clone().or(asked.before);
        let answer = match known {
            Some(answer) => answer,
            None => {
                let soon = timeout_at(asked.at + PATIENCE, asked.answer.wait_for(Option::is_some));
                soon.await.ok()?.ok()?.clone().flatten()
            }
        };
        answer?.server
    }

    /// The last question; a new one where there is none, or where its answer is old.
    fn asked(&self, servers: &[Arc<Server>]) -> Asked {
        let mut last = self.asked.lock();
        if let Some(asked) = last.as_ref().filter(|asked| !asked.is_old()) {
            return asked.clone();
        }
        let before = last.as_ref().and_then(|asked| asked.answer.borrow().clone());
        let (tell, answer) = watch::channel(None);
        let servers = servers.to_vec();
        // A task of its own: a caller that gives up does not take back the question that others wait for.
        tokio::spawn(async move { tell.send_replace(Some(find(&servers).await)) });
        let asked = Asked { at: Instant::now(), answer, before };
        *last = Some(asked.clone());
        asked
    }
}

impl Asked {
    fn is_old(&self) -> bool {
        let found = self.answer.borrow().clone().flatten().is_some_and(|holder| holder.server.is_some());
        self.at.elapsed() >= if found { HOLDS } else { ASKED_AGAIN_AFTER }
    }
}

/// Asks the first controller that answers which one has the role, and looks for that one among them.
pub(crate) async fn find(servers: &[Arc<Server>]) -> Option<Holder> {
    for server in servers {
        match host_told_by(server).await {
            Ok(host) => {
                let server = among(servers, &host).await;
                return Some(Holder { host, server });
            }
            Err(error) => {
                tracing::debug!(%error, "the controller does not tell which one is the PDC emulator")
            }
        }
    }
    None
}

/// The name of the controller that has the role. The domain names the settings object of that controller, and its name
/// stands on the object above.
async fn host_told_by(server: &Server) -> Result<String, CallError> {
    let settings = text_at(server, Place::DomainItself, &["fSMORoleOwner"]).await?;
    let above = settings.split_once(',').map(|(_, above)| above.to_owned()).unwrap_or_default();
    let host = text_at(server, Place::Told(above), &["dNSHostName"]).await?;
    Ok(host.to_ascii_lowercase())
}

async fn text_at(
    server: &Server,
    place: Place,
    name: &'static [&'static str; 1],
) -> Result<String, CallError> {
    let entries = server.ask(&Query::at(place, name)).await?;
    let value = entries.first().and_then(|entry| entry.text(&name[0].to_ascii_lowercase()));
    value.map(str::to_owned).ok_or_else(|| CallError::Nonsense {
        server: server.address().to_string(),
        why: format!("{} cannot be read", name[0]),
    })
}

/// Certificates make administrators write controllers by their names, so mostly nobody has to be asked. Whoever is
/// written otherwise says its name itself.
async fn among(servers: &[Arc<Server>], host: &str) -> Option<Arc<Server>> {
    if let Some(server) = servers.iter().find(|server| server.address().host == host) {
        return Some(Arc::clone(server));
    }
    let roots = join_all(servers.iter().map(|server| server.root())).await;
    let mut named = servers.iter().zip(roots);
    named
        .find(|(_, root)| root.as_ref().is_ok_and(|root| root.host == host))
        .map(|(server, _)| Arc::clone(server))
}
