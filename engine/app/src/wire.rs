//! From the site file to an engine: open the store, connect the connectors, load the playbooks, put them together.

mod folder;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use quell_action::exclusion::form::SiteExclusions;
use quell_action::{Catalogue, Directory, Registry};
use quell_ingest::AlertSource;
use quell_playbook::model::Playbook;
use quell_playbook::{Matcher, Moment};
use quell_run::{Brake, Clock, Courier, Engine, EngineParts, Exclusions, Hands, Journal, Links, Settings};
use quell_store::engine::memory::MemoryDisk;
use quell_store::{PlaybookText, Store, StoreError};

use crate::archive::StoredPlaybooks;
use crate::clock::SystemClock;
use crate::config::{Mistakes, Site};
use crate::courier::SiteCourier;
use crate::lists::SiteLists;
use crate::operations::pause::Pausing;
use crate::pages::Pages;
use crate::random::SystemJitter;
use crate::{connectors, exclusions, playbooks};

use folder::open_store_in_turn;
pub(crate) use folder::{make_private, open_store, store_options};

/// Everything of an engine but its source.
pub(crate) struct App {
    pub(crate) site: Site,
    pub(crate) store: Store,
    /// What can be done here.
    pub(crate) catalogue: Catalogue,
    pub(crate) matcher: Arc<ArcSwap<Matcher>>,
    pub(crate) exclusions: Arc<Exclusions>,
    pub(crate) engine: Engine,
    /// Who carries questions to people.
    pub(crate) courier: Arc<SiteCourier>,
    /// The pages that links in messages lead to, where the site has any.
    pub(crate) pages: Option<Arc<Pages>>,
    /// The named lists.
    pub(crate) lists: Arc<SiteLists>,
    /// The global stop.
    pub(crate) brake: Arc<Brake>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The directories of accounts, by the name of the connector that looks into each.
    pub(crate) directories: Vec<(String, Arc<dyn Directory>)>,
    /// What keeps a connector from its work, as far as it was looked.
    connectors: Mutex<BTreeMap<String, Option<String>>>,
    site_exclusions: ArcSwap<SiteExclusions>,
    /// The lines of it that are not on record yet.
    unnoted: Mutex<Option<Vec<serde_json::Value>>>,
    registry: Registry,
    /// Held by whoever puts the exclusion list together.
    pub(crate) renewing: tokio::sync::Mutex<()>,
    /// Held by whoever pauses the engine or lets it go on.
    pub(crate) pausing: tokio::sync::Mutex<Pausing>,
    /// How often the exclusion list was to be put together anew, and how many of those times it shows.
    exclusions_wanted: AtomicU64,
    exclusions_shown: AtomicU64,
    source: ArcSwap<Option<Arc<dyn AlertSource>>>,
}

/// What an engine may do, and where it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It acts, and remembers in the site's store.
    Acting,
    /// It does what operators ask for, and remembers in the site's store. It takes no alert in, so that playbooks with
    /// mistakes are no reason not to undo a run, or not to add an exclusion.
    Tending,
    /// It looks only, and remembers nothing.
    Observing,
    /// It reads and keeps records in the site's store. No system is connected: what can be done here follows from the
    /// settings, and no secret is read.
    Keeping,
}

impl App {
    /// An engine of this site, without a source of alerts.
    pub(crate) async fn without_source(site: Site) -> anyhow::Result<Self> {
        Self::open(site, Reach::Tending).await
    }

    /// An engine of this site.
    pub(crate) async fn open(site: Site, reach: Reach) -> anyhow::Result<Self> {
        let (mut connections, catalogue) = match reach {
            Reach::Keeping => (Vec::new(), connectors::offered(&site)?),
            Reach::Acting | Reach::Tending | Reach::Observing => {
                let connections = connectors::connections(&site).await?;
                let offered = Registry::preferring(&connections, &site.config.prefer)?.catalogue();
                let own = quell_action::lists::described();
                (connections, Catalogue::new(offered.iter().cloned().chain(own)))
            }
        };
        let playbooks = match reach {
            Reach::Tending | Reach::Keeping => Vec::new(),
            Reach::Acting | Reach::Observing => usable_playbooks(&site, &catalogue)?,
        };
        let site_exclusions = exclusions::read(&site, &catalogue)?;
        let store = match reach {
            Reach::Acting => open_store_in_turn(&site).await?,
            Reach::Tending | Reach::Keeping => open_store(&site).await?,
            Reach::Observing => Store::in_memory(&MemoryDisk::default())?,
        };
        store.playbooks().keep(playbooks.iter().map(|playbook| text(playbook)).collect()).await?;
        quell_crash::point!("app.playbooks.kept");
        if reach == Reach::Acting {
            store.exclusions().note_file(exclusions::lines(&site_exclusions), SystemClock.now()).await?;
            quell_crash::point!("app.exclusions.noted");
        }
        let operators = store.exclusions().list().await?;
        let list = exclusions::list(&site_exclusions, operators, site.config.engine.facts_max_age_secs);
        let exclusions = Arc::new(Exclusions::new(list));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let pages = match reach {
            Reach::Keeping => None,
            Reach::Acting | Reach::Tending | Reach::Observing => Pages::of(&site.config)?.map(Arc::new),
        };
        let courier = Arc::new(SiteCourier::new(&site, &connections, pages.clone()));
        let lists = Arc::new(SiteLists::open(&site, store.clone(), Arc::clone(&clock)).await);
        connections.push(connectors::own(Arc::clone(&lists)));
        let registry = Registry::preferring(&connections, &site.config.prefer)?;
        // A note that cannot be read is a pause: nobody knows that nothing disruptive was forbidden.
        let paused = !matches!(store.pause().read(), Ok(None));
        let brake = Arc::new(Brake::new(paused));
        let engine = Engine::new(EngineParts {
            hands: match reach {
                Reach::Acting | Reach::Tending => {
                    let hands = Hands::acting(registry.clone());
                    let hands = hands.with_courier(Arc::clone(&courier) as Arc<dyn Courier>);
                    match &pages {
                        Some(pages) => hands.with_links(Arc::clone(pages) as Arc<dyn Links>),
                        None => hands,
                    }
                }
                Reach::Observing | Reach::Keeping => Hands::observing(&registry),
            },
            exclusions: Arc::clone(&exclusions),
            lists: lists.handle(),
            brake: Arc::clone(&brake),
            journal: Arc::new(store.runs()),
            archive: Arc::new(StoredPlaybooks::new(store.clone(), catalogue.clone())),
            clock: Arc::clone(&clock),
            jitter: Arc::new(SystemJitter),
            settings: settings(&site),
        });
        Ok(Self {
            matcher: Arc::new(ArcSwap::from_pointee(Matcher::new(playbooks))),
            source: ArcSwap::from_pointee(None),
            site,
            store,
            catalogue,
            exclusions,
            courier,
            pages,
            lists,
            brake,
            engine,
            clock,
            directories: connectors::directories(&connections),
            connectors: Mutex::default(),
            site_exclusions: ArcSwap::from_pointee(site_exclusions),
            unnoted: Mutex::default(),
            registry,
            renewing: tokio::sync::Mutex::default(),
            pausing: tokio::sync::Mutex::new(Pausing::new(paused)),
            exclusions_wanted: AtomicU64::new(0),
            exclusions_shown: AtomicU64::new(0),
        })
    }

    /// Puts the exclusion list together again: an entry has come or gone. Where it fails, the service tries again.
    pub(crate) async fn renew_exclusions(&self) -> Result<(), StoreError> {
        self.exclusions_wanted.fetch_add(1, Ordering::SeqCst);
        let _alone = self.renewing.lock().await;
        self.put_exclusions_together().await
    }

    /// One at a time, `renewing` held: whoever has read file or entries first must not replace the list last.
    async fn put_exclusions_together(&self) -> Result<(), StoreError> {
        let wanted = self.exclusions_wanted.load(Ordering::SeqCst);
        let operators = self.store.exclusions().list().await?;
        let max_age = self.site.config.engine.facts_max_age_secs;
        self.exclusions.replace(exclusions::list(&self.site_exclusions.load(), operators, max_age));
        self.exclusions_shown.store(wanted, Ordering::SeqCst);
        Ok(())
    }

    /// A write of entries has failed, and may have happened all the same: the service looks again.
    pub(crate) fn doubt_exclusions(&self) {
        self.exclusions_wanted.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether an entry may be in the store that is not in force yet.
    pub(crate) fn exclusions_are_stale(&self) -> bool {
        self.exclusions_shown.load(Ordering::SeqCst) < self.exclusions_wanted.load(Ordering::SeqCst)
    }

    /// Reads the site's exclusion file anew. Where it has mistakes, the old one stays.
    pub(crate) async fn reload_exclusions(&self) -> anyhow::Result<usize> {
        let _alone = self.renewing.lock().await;
        let site_exclusions = exclusions::read(&self.site, &self.catalogue)?;
        let count = site_exclusions.entries.len();
        self.put_file_in_force(site_exclusions).await?;
        Ok(count)
    }

    /// In force first, on record then: that it cannot be noted is no reason to touch somebody who is on it.
    async fn put_file_in_force(&self, site_exclusions: SiteExclusions) -> Result<(), StoreError> {
        self.exclusions_wanted.fetch_add(1, Ordering::SeqCst);
        *self.unnoted.lock() = Some(exclusions::lines(&site_exclusions));
        self.site_exclusions.store(Arc::new(site_exclusions));
        self.put_exclusions_together().await?;
        if let Err(error) = self.note_file().await {
            tracing::error!(%error, "the exclusion file is in force, and is not on record yet; trying again");
        }
        Ok(())
    }

    /// Puts on record what of the file is in force, where that could not be done at once.
    pub(crate) async fn note_file_in_force(&self) {
        let _alone = self.renewing.lock().await;
        if !self.exclusions_are_stale() {
            let _told_before = self.note_file().await;
        }
    }

    async fn note_file(&self) -> Result<(), StoreError> {
        let Some(lines) = self.unnoted.lock().clone() else { return Ok(()) };
        self.store.exclusions().note_file(lines, self.clock.now()).await?;
        *self.unnoted.lock() = None;
        Ok(())
    }

    /// Reads playbooks and exclusions anew. Either all of it is good and takes the place of the old, or nothing does.
    pub(crate) async fn reload(&self) -> anyhow::Result<usize> {
        let alone = self.renewing.lock().await;
        let playbooks = usable_playbooks(&self.site, &self.catalogue)?;
        let site_exclusions = exclusions::read(&self.site, &self.catalogue)?;
        self.store.playbooks().keep(playbooks.iter().map(|playbook| text(playbook)).collect()).await?;
        self.put_file_in_force(site_exclusions).await?;
        drop(alone);
        self.lists.read_anew().await;
        let count = playbooks.len();
        self.matcher.store(Arc::new(Matcher::new(playbooks)));
        Ok(count)
    }

    /// The site's playbooks. A process that only tends has loaded none until they are asked for.
    pub(crate) async fn playbooks_loaded(&self) -> anyhow::Result<Arc<Matcher>> {
        if self.matcher.load().playbooks().is_empty() {
            let playbooks = usable_playbooks(&self.site, &self.catalogue)?;
            self.store.playbooks().keep(playbooks.iter().map(|playbook| text(playbook)).collect()).await?;
            self.matcher.store(Arc::new(Matcher::new(playbooks)));
        }
        Ok(self.matcher.load_full())
    }

    /// What is judged by now.
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), lists: self.lists.handle().now(), kept: Arc::default() }
    }

    /// An engine that looks only, and writes into this journal.
    pub(crate) fn looking_only(&self, journal: Arc<dyn Journal>) -> Engine {
        Engine::new(EngineParts {
            hands: Hands::observing(&self.registry),
            exclusions: Arc::clone(&self.exclusions),
            lists: self.lists.handle(),
            brake: Arc::clone(&self.brake),
            journal,
            archive: Arc::new(StoredPlaybooks::new(self.store.clone(), self.catalogue.clone())),
            clock: Arc::clone(&self.clock),
            jitter: Arc::new(SystemJitter),
            settings: settings(&self.site),
        })
    }

    /// Names the source, for health.
    pub(crate) fn watch(&self, source: Arc<dyn AlertSource>) {
        self.source.store(Arc::new(Some(source)));
    }

    /// Notes what keeps a connector from its work, if anything; news are told.
    pub(crate) fn note_connector(&self, name: &str, trouble: Option<String>) {
        let before = self.connectors.lock().insert(name.to_owned(), trouble.clone()).flatten();
        match trouble {
            Some(trouble) if before.as_ref() != Some(&trouble) => {
                tracing::warn!(
                    connector = name,
                    trouble,
                    "a connector cannot do its work: alerts wait for it"
                );
            }
            None if before.is_some() => tracing::info!(connector = name, "the connector does its work again"),
            _ => {}
        }
    }

    /// How the connectors are.
    pub(crate) fn connector_health(&self) -> Vec<quell_api::Part> {
        let part = |(name, trouble): (&String, &Option<String>)| quell_api::Part {
            name: format!("connector {name}"),
            well: trouble.is_none(),
            note: trouble.clone().unwrap_or_else(|| "answers".into()),
        };
        self.connectors.lock().iter().map(part).collect()
    }

    /// How the source is, where there is one yet.
    pub(crate) fn source_health(&self) -> Option<quell_api::Part> {
        let health = self.source.load().as_ref().as_ref()?.health();
        let note = match &health.trouble {
            Some(trouble) => format!("{} ({} s ago)", trouble.what, trouble.seconds_ago),
            None => {
                let paused = if health.paused { ", paused: too much is in flight" } else { "" };
                format!("{} accepted, {} in flight{paused}", health.accepted, health.in_flight)
            }
        };
        Some(quell_api::Part {
            name: "source".into(),
            well: health.connected && health.trouble.is_none(),
            note,
        })
    }
}

pub(crate) fn settings(site: &Site) -> Settings {
    Settings {
        calls_at_once: site.config.engine.calls_at_once,
        link_by_upn: site.config.engine.link_by_upn,
        remember_for: Duration::from_secs(site.config.engine.remember_secs.into()),
        limits: site.config.limits.site_limits(),
        ..Settings::default()
    }
}

/// The site's playbooks, all of them good.
fn usable_playbooks(site: &Site, catalogue: &Catalogue) -> anyhow::Result<Vec<Arc<Playbook>>> {
    let loaded = playbooks::load_from(&site.config.playbooks, catalogue, Some(site))?;
    if !loaded.is_usable() {
        bail!(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
    }
    Ok(loaded.playbooks)
}

pub(crate) fn text(playbook: &Playbook) -> PlaybookText {
    PlaybookText {
        name: playbook.name.clone(),
        hash: playbook.hash.clone(),
        text: playbook.source.to_string(),
    }
}
