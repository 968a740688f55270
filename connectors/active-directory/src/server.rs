//! [`Server`]: one domain controller, connected and signed in when it is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ldap3::Scope;
use rustls::ClientConfig;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use crate::address::Address;
use crate::domain::{ROOT_DSE, RootDse};
use crate::entry::Entry;
use crate::error::CallError;
use crate::login::Login;
use crate::query::{Place, Query, by_guid};
use crate::settings::Timeouts;
use crate::wire::{Change, Search, Wire};

/// How long a controller that did not answer is asked after the others only.
const OUT_OF_FAVOUR: Duration = Duration::from_secs(30);

/// One domain controller. All requests share one connection, which carries them side by side; it is made when it is
/// first needed, and anew when the controller has closed it (by default after a quarter of an hour without requests).
pub(crate) struct Server {
    address: Address,
    tls: Arc<ClientConfig>,
    timeouts: Timeouts,
    login: Arc<Login>,
    line: Mutex<Line>,
    made: AtomicU64,
    /// When it failed last.
    failed_at: parking_lot::Mutex<Option<Instant>>,
}

/// The connection, or how the last attempt to make one ended.
#[derive(Default)]
struct Line {
    live: Option<Live>,
    failed: Option<(Instant, CallError)>,
}

/// A connection on which the account has signed in.
#[derive(Clone)]
struct Live {
    number: u64,
    wire: Wire,
    root: Arc<RootDse>,
}

impl Server {
    pub(crate) fn new(
        address: Address,
        tls: Arc<ClientConfig>,
        timeouts: Timeouts,
        login: Arc<Login>,
    ) -> Self {
        Self {
            address,
            tls,
            timeouts,
            login,
            line: Mutex::default(),
            made: AtomicU64::new(0),
            failed_at: parking_lot::Mutex::new(None),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Whether it failed a short while ago.
    pub(crate) fn is_out_of_favour(&self) -> bool {
        self.failed_at.lock().is_some_and(|at| at.elapsed() < OUT_OF_FAVOUR)
    }

    /// What it says of itself.
    pub(crate) async fn root(&self) -> Result<Arc<RootDse>, CallError> {
        Ok(self.live().await?.root)
    }

    /// Asks. Reading does no harm, so a question whose connection broke is asked once more on a new one.
    pub(crate) async fn ask(&self, query: &Query) -> Result<Vec<Entry>, CallError> {
        let mut again = true;
        loop {
            let live = self.live().await?;
            let answer = live.wire.search(live.search(query)).await;
            match &answer {
                Err(CallError::Lost { cut: true, .. }) if again => again = false,
                Err(error) if error.is_about_this_server() => {
                    self.drop_connection(live.number).await;
                    self.note_failure();
                    return answer;
                }
                _ => return answer,
            }
            self.drop_connection(live.number).await;
        }
    }

    /// Changes one object, named by the id that it keeps. Sent at most once.
    pub(crate) async fn modify(&self, guid: Uuid, changes: Vec<Change>) -> Result<(), CallError> {
        let live = self.live().await?;
        let answer = live.wire.modify(&by_guid(guid), changes).await;
        if answer.as_ref().is_err_and(CallError::is_about_this_server) {
            self.drop_connection(live.number).await;
        }
        answer
    }

    /// The connection, made where there is none. Whoever waited while another caller's attempt failed shares its end: a
    /// hundred callers do not try a silent controller one after the other.
    async fn live(&self) -> Result<Live, CallError> {
        let asked_at = Instant::now();
        let mut line = self.line.lock().await;
        if let Some(live) = line.live.as_ref().filter(|live| !live.wire.is_closed()) {
            return Ok(live.clone());
        }
        if let Some((_, error)) = line.failed.as_ref().filter(|(at, _)| *at > asked_at) {
            return Err(error.clone());
        }
        line.live = None;
        match self.connect().await {
            Ok(live) => {
                *self.failed_at.lock() = None;
                *line = Line { live: Some(live.clone()), failed: None };
                Ok(live)
            }
            Err(error) => {
                if error.is_about_this_server() {
                    self.note_failure();
                }
                line.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Live, CallError> {
        let wire = Wire::open(&self.address, Arc::clone(&self.tls), self.timeouts).await?;
        self.login.sign_in(&wire).await.map_err(nothing_was_done)?;
        let search = Search {
            base: String::new(),
            scope: Scope::Base,
            filter: "(objectClass=*)".into(),
            attributes: ROOT_DSE.map(str::to_owned).to_vec(),
            at_most: 1,
            cut: false,
        };
        let entries = wire.search(search).await.map_err(nothing_was_done)?;
        let root =
            entries.first().ok_or_else(|| "its root entry is missing".to_owned()).and_then(RootDse::read);
        let root = root.map_err(|why| CallError::Nonsense { server: self.address.to_string(), why });
        let root = Arc::new(root.map_err(nothing_was_done)?);
        Ok(Live { number: self.made.fetch_add(1, Ordering::Relaxed), wire, root })
    }

    /// Gives up a connection, unless somebody else has made a new one already.
    async fn drop_connection(&self, number: u64) {
        let mut line = self.line.lock().await;
        if line.live.as_ref().is_some_and(|live| live.number == number) {
            line.live = None;
        }
    }

    fn note_failure(&self) {
        *self.failed_at.lock() = Some(Instant::now());
    }
}

impl Live {
    fn search(&self, query: &Query) -> Search {
        let base = match &query.place {
            Place::Domain | Place::DomainItself => self.root.domain_dn.clone(),
            Place::Partitions => format!("CN=Partitions,{}", self.root.configuration_dn),
            Place::Guid(guid) => by_guid(*guid),
            Place::Told(name) => name.clone(),
        };
        Search {
            base,
            scope: query.scope,
            filter: query.filter.as_str().to_owned(),
            attributes: query.attributes.iter().map(ToString::to_string).collect(),
            at_most: query.at_most,
            cut: query.cut,
        }
    }
}

/// While a connection is being set up nothing of the caller's has been sent, whatever was lost.
fn nothing_was_done(error: CallError) -> CallError {
    match error {
        CallError::Lost { server, why, .. } | CallError::Nonsense { server, why } => {
            CallError::Unreachable { server, why }
        }
        other => other,
    }
}
