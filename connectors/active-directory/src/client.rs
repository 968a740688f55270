//! [`Client`]: the domain controllers of one domain, asked in order, and what they have in common.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ldap3::Scope;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::{FOREST, Forest, RootDse};
use crate::emulator::{self, Emulator, Holder};
use crate::entry::Entry;
use crate::error::CallError;
use crate::groups::GroupCache;
use crate::login::Login;
use crate::query::{Filter, Place, Query};
use crate::server::Server;

/// How long the names of a forest's domains are taken for the same.
const FOREST_HOLDS: Duration = Duration::from_secs(3600);
/// Forests have at most some hundred partitions.
const MOST_PARTITIONS: usize = 5000;

/// The domain controllers of one domain.
pub(crate) struct Client {
    servers: Vec<Arc<Server>>,
    login: Arc<Login>,
    domain: OnceLock<String>,
    forest: Mutex<Option<(Instant, Arc<Forest>)>>,
    /// `None` where the settings leave it at their own order.
    emulator: Option<Emulator>,
    pub(crate) groups: GroupCache,
}

/// A controller that answered, with what it says of itself and its forest. Whatever belongs together is asked of the
/// same one: another may not yet know what this one was told.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) server: Arc<Server>,
    pub(crate) root: Arc<RootDse>,
    pub(crate) forest: Arc<Forest>,
}

/// Which controllers will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Any.
    Reading,
    /// One that can be written to.
    Writing,
    /// The same, the PDC emulator first: for what concerns passwords, lock-outs and whether somebody may sign in.
    Deciding,
}

impl Client {
    pub(crate) fn new(servers: Vec<Arc<Server>>, login: Arc<Login>, prefer_pdc: bool) -> Self {
        let (domain, forest) = (OnceLock::new(), Mutex::new(None));
        let emulator = prefer_pdc.then(Emulator::default);
        Self { servers, login, domain, forest, emulator, groups: GroupCache::default() }
    }

    pub(crate) fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// Finds out anew which controller is the PDC emulator.
    pub(crate) async fn pdc_emulator(&self) -> Option<Holder> {
        emulator::find(&self.in_favour_first()).await
    }

    /// The first controller that answers.
    pub(crate) async fn home(&self, need: Need) -> Result<Home, CallError> {
        let mut last = None;
        for server in self.by_preference(need).await {
            match self.home_at(&server, need).await {
                Err(error) if error.is_about_this_server() => last = Some(error),
                other => return other,
            }
        }
        Err(last.unwrap_or_else(nobody_to_ask))
    }

    /// Asks the first controller that answers. A question does no harm, so it goes from one to the next.
    pub(crate) async fn ask(&self, query: &Query, need: Need) -> Result<(Home, Vec<Entry>), CallError> {
        let mut last = None;
        for server in self.by_preference(need).await {
            match self.ask_at(&server, query, need).await {
                Err(error) if error.is_about_this_server() => last = Some(error),
                other => return other,
            }
        }
        Err(last.unwrap_or_else(nobody_to_ask))
    }

    async fn ask_at(
        &self,
        server: &Arc<Server>,
        query: &Query,
        need: Need,
    ) -> Result<(Home, Vec<Entry>), CallError> {
        let home = self.home_at(server, need).await?;
        let entries = server.ask(query).await?;
        Ok((home, entries))
    }

    async fn home_at(&self, server: &Arc<Server>, need: Need) -> Result<Home, CallError> {
        let root = server.root().await?;
        let unfit = |why: String| CallError::Nonsense { server: server.address().to_string(), why };
        let domain = self.domain.get_or_init(|| root.domain.clone());
        if *domain != root.domain {
            return Err(unfit(format!("it belongs to {}, another one to {domain}", root.domain)));
        }
        if need != Need::Reading && root.read_only {
            return Err(unfit("it is read-only; name a writable one in `servers`".into()));
        }
        let forest = self.forest(server, domain).await?;
        Ok(Home { server: Arc::clone(server), root, forest })
    }

    /// The forest, as one of its controllers described it within the last hour.
    async fn forest(&self, server: &Server, domain: &str) -> Result<Arc<Forest>, CallError> {
        let mut known = self.forest.lock().await;
        if let Some((_, forest)) = known.as_ref().filter(|(at, _)| at.elapsed() < FOREST_HOLDS) {
            return Ok(Arc::clone(forest));
        }
        let query = Query {
            place: Place::Partitions,
            scope: Scope::Subtree,
            filter: Filter::any([Filter::has("nETBIOSName"), Filter::has("uPNSuffixes")]),
            attributes: &FOREST,
            at_most: MOST_PARTITIONS,
            cut: false,
        };
        let forest = Arc::new(Forest::read(&server.ask(&query).await?));
        // Without the domain's short name nobody would be found by it, and exclusions written with it would miss.
        if forest.netbios_of(domain).is_none() {
            return Err(CallError::Nonsense {
                server: server.address().to_string(),
                why: format!("it does not show {domain} under CN=Partitions; let the account read there"),
            });
        }
        *known = Some((Instant::now(), Arc::clone(&forest)));
        Ok(forest)
    }

    /// Whom to ask first, second and so on. Those that failed a short while ago are last, whatever their role.
    async fn by_preference(&self, need: Need) -> Vec<Arc<Server>> {
        let mut servers = self.in_favour_first();
        if need == Need::Deciding
            && let Some(emulator) = &self.emulator
            && let Some(holder) = emulator.server(&servers).await
            && !holder.is_out_of_favour()
        {
            servers.retain(|server| !Arc::ptr_eq(server, &holder));
            servers.insert(0, holder);
        }
        servers
    }

    /// In the order of the settings, those that failed a short while ago last.
    fn in_favour_first(&self) -> Vec<Arc<Server>> {
        let (late, first): (Vec<_>, Vec<_>) =
            self.servers.iter().cloned().partition(|server| server.is_out_of_favour());
        first.into_iter().chain(late).collect()
    }
}

fn nobody_to_ask() -> CallError {
    CallError::Unreachable { server: "no domain controller".into(), why: "none is named in `servers`".into() }
}
