//! An engine in memory: a vendor that counts what really changed, a journal that fails where told, virtual time.
//!
//! Everything that can go wrong is counted: each write to the journal and each call to the vendor has a number, so
//! that a test can break *every* position and not the three that somebody thought of.

mod actions;
mod alerts;
mod journal;
mod vendor;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{TimeZone, Utc};
use quell_action::exclusion::{Entry as Exclusion, EntryId, Excludes, Source};
use quell_action::{Catalogue, ExclusionList, Registry};
use quell_alert::{Identifier, Timestamp};
use quell_playbook::model::{AlertState, Playbook};
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::{
    ArchiveError, Brake, Clock, Engine, EngineParts, Exclusions, Hands, Journal, Line, MemoryLists,
    NamedLists, NoJitter, Origin, Plan, PlaybookArchive, PlaybookVersion, RunEvent, RunId, RunState,
    Settings,
};

pub use actions::{AD, ENTRA, MDE, OKTA};
pub use alerts::{Person, account, alert, alert_about, device_alert};
pub use journal::{Breakage, BreakingJournal};
pub use vendor::{Call, CallKind, Fault, Vendor};

/// Virtual time: it passes only when nothing else is to be done. Tests run with `start_paused`.
#[derive(Clone)]
pub struct VirtualClock {
    began: tokio::time::Instant,
    /// By how much the clock was set, and nobody slept for it.
    set: Arc<parking_lot::Mutex<chrono::TimeDelta>>,
}

impl VirtualClock {
    /// Sets the clock ahead by so much, or back.
    pub fn jump(&self, by: chrono::TimeDelta) {
        *self.set.lock() += by;
    }
}

/// When virtual time begins.
pub fn dawn() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 3, 1, 8, 0, 0).single().expect("a moment")
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        dawn() + chrono::Duration::from_std(self.began.elapsed()).expect("not too long") + *self.set.lock()
    }

    async fn sleep(&self, wait: Duration) {
        // Longer than a century is for ever.
        tokio::time::sleep(wait.min(Duration::from_secs(3_000_000_000))).await;
    }
}

/// A house with everything in it: vendor, journal, exclusion list, playbooks. Engines come and go.
#[derive(Clone)]
pub struct House {
    /// The outside world.
    pub vendor: Vendor,
    /// What survives.
    pub journal: Arc<BreakingJournal>,
    /// Who must not be touched.
    pub exclusions: Arc<Exclusions>,
    /// The named lists.
    pub lists: Arc<NamedLists>,
    /// The global stop.
    pub brake: Arc<Brake>,
    /// How patient its engines are.
    pub settings: Settings,
    /// Virtual time.
    pub clock: VirtualClock,
    playbooks: Arc<parking_lot::Mutex<BTreeMap<String, Arc<Playbook>>>>,
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

impl House {
    /// A house with nobody in it.
    pub fn new() -> Self {
        let clock = VirtualClock { began: tokio::time::Instant::now(), set: Arc::default() };
        Self {
            vendor: Vendor::new(clock.clone()),
            journal: Arc::new(BreakingJournal::default()),
            exclusions: Arc::new(Exclusions::new(list(Vec::new()))),
            lists: Arc::default(),
            brake: Arc::default(),
            settings: Settings::default(),
            clock,
            playbooks: Arc::default(),
        }
    }

    /// The same with these people in all its directories.
    pub fn with<'a>(self, people: impl IntoIterator<Item = &'a Person>) -> Self {
        people.into_iter().for_each(|person| self.vendor.hire(person.clone()));
        self
    }

    /// The same world, and a journal in which nothing stands.
    pub fn with_an_empty_journal(&self) -> Self {
        Self { journal: Arc::default(), ..self.clone() }
    }

    /// Everything that its vendor offers.
    pub fn registry(&self) -> Registry {
        let keeper = MemoryLists::new(Arc::clone(&self.lists), Arc::new(self.clock.clone()));
        let mut connection = self.vendor.connection();
        connection.actions.extend(quell_action::lists::actions(Arc::new(keeper)));
        Registry::new(&[connection]).expect("no two connectors")
    }

    /// A playbook from YAML; it must be without fault.
    pub fn playbook(&self, yaml: &str) -> Arc<Playbook> {
        self.playbook_of(yaml, &self.registry().catalogue())
    }

    /// A playbook of a site that offers something else than the vendor does.
    pub fn playbook_of(&self, yaml: &str, catalogue: &Catalogue) -> Arc<Playbook> {
        let playbook = read(yaml, catalogue);
        self.playbooks.lock().insert(playbook.hash.0.clone(), Arc::clone(&playbook));
        playbook
    }

    /// Playbooks that may call one another, from YAML; they must be without fault. In the order in which they are given.
    pub fn playbooks(&self, yaml: &[&str]) -> Vec<Arc<Playbook>> {
        let read = read_all(yaml, &self.registry().catalogue());
        let mut known = self.playbooks.lock();
        known.extend(read.iter().map(|playbook| (playbook.hash.0.clone(), Arc::clone(playbook))));
        read
    }

    /// A new engine on the same journal: what a restart makes.
    pub fn engine(&self) -> Engine {
        self.engine_with(Hands::acting(self.registry()))
    }

    /// A new engine with other hands.
    pub fn engine_with(&self, hands: Hands) -> Engine {
        self.engine_of(hands, Arc::clone(&self.journal) as Arc<dyn Journal>)
    }

    /// A new engine on another journal: on a store.
    pub fn engine_on(&self, journal: Arc<dyn Journal>) -> Engine {
        self.engine_of(Hands::acting(self.registry()), journal)
    }

    fn engine_of(&self, hands: Hands, journal: Arc<dyn Journal>) -> Engine {
        Engine::new(EngineParts {
            hands,
            journal,
            exclusions: Arc::clone(&self.exclusions),
            lists: Arc::clone(&self.lists),
            brake: Arc::clone(&self.brake),
            archive: Arc::new(self.clone()),
            clock: Arc::new(self.clock.clone()),
            jitter: Arc::new(NoJitter),
            settings: self.settings.clone(),
        })
    }

    /// The plan of a playbook for an alert, live.
    pub fn plan(&self, alert: &Arc<quell_alert::Alert>, playbook: &Playbook) -> Plan {
        Plan::new(Arc::clone(alert), playbook, Origin::Live, AlertState::New, self.clock.now())
    }

    /// Puts these on the exclusion list, and nobody else.
    pub fn exclude(&self, names: &[Identifier]) {
        let entries = names.iter().enumerate().map(|(number, name)| entry(number, name.clone())).collect();
        self.exclusions.replace(list(entries));
    }

    /// Runs a plan to its end, through crashes: whenever something breaks for good, the engine is thrown away and
    /// another one recovers.
    pub async fn carry_through(&self, plans: &[(Plan, Arc<Playbook>)]) {
        let mut engine = self.engine();
        let mut begun = 0;
        loop {
            let crashed = tokio::select! {
                () = self.crashed() => true,
                () = in_time(begin(&engine, plans, &mut begun)) => false,
            };
            if !crashed {
                return;
            }
            engine.stop_now();
            settle_down().await;
            self.restart();
            engine = self.engine();
            engine.recover().await.expect("the journal can be read");
        }
    }

    /// Another engine recovers and goes on until nothing is to be done.
    pub async fn carry_on(&self) {
        loop {
            let engine = self.engine();
            let found = engine.recover().await.expect("the journal can be read");
            assert!(found.refused.is_empty(), "{:?}", found.refused);
            let crashed = tokio::select! {
                () = self.crashed() => true,
                () = in_time(engine.idle()) => false,
            };
            if !crashed {
                return;
            }
            engine.stop_now();
            settle_down().await;
            self.restart();
        }
    }

    /// The machine is up again.
    pub fn restart(&self) {
        self.vendor.reboot();
        self.journal.reboot();
    }

    /// The time in this house.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns when the process has died.
    pub async fn crashed(&self) {
        tokio::select! {
            () = self.vendor.crashed() => {}
            () = self.journal.crashed() => {}
        }
    }

    /// The state of a run, read from its journal.
    pub async fn state(&self, run: &RunId) -> RunState {
        RunState::replay(&self.lines(run).await).expect("a journal in order")
    }

    /// The journal of a run.
    pub async fn lines(&self, run: &RunId) -> Vec<Line> {
        self.journal.read(run).await.expect("readable")
    }

    /// The names of a run's entries, in order: `created expanded started …`.
    pub async fn story(&self, run: &RunId) -> String {
        let names = self.lines(run).await.into_iter().map(|line| entry_name(&line.entry));
        names.collect::<Vec<_>>().join(" ")
    }
}

#[async_trait]
impl PlaybookArchive for House {
    async fn load(
        &self,
        version: &PlaybookVersion,
        _beside: &[PlaybookVersion],
    ) -> Result<Arc<Playbook>, ArchiveError> {
        self.playbooks.lock().get(&version.hash.0).cloned().ok_or_else(|| ArchiveError {
            version: version.clone(),
            source: "the playbook was never there".into(),
        })
    }
}

/// Starts what has not been started, and waits until nothing is to be done.
async fn begin(engine: &Engine, plans: &[(Plan, Arc<Playbook>)], begun: &mut usize) {
    while let Some((plan, playbook)) = plans.get(*begun) {
        engine.start(plan.clone(), Arc::clone(playbook)).await.expect("started");
        *begun += 1;
    }
    engine.idle().await;
}

/// What does not come to its end within a year of virtual time never will.
pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    let year = Duration::from_secs(366 * 24 * 3600);
    tokio::time::timeout(year, what).await.expect("nothing moves any more")
}

/// Lets everything that is let go of come to its end.
pub async fn settle_down() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A playbook from YAML; it must be without fault.
pub fn read(yaml: &str, catalogue: &Catalogue) -> Arc<Playbook> {
    read_all(&[yaml], catalogue).remove(0)
}

/// Playbooks from YAML, in the order in which they are given; they must be without fault.
pub fn read_all(yaml: &[&str], catalogue: &Catalogue) -> Vec<Arc<Playbook>> {
    let name = |yaml: &str| {
        let name = yaml.lines().find_map(|line| line.strip_prefix("playbook: ")).expect("a name");
        name.trim().to_owned()
    };
    let file =
        |yaml: &&str| SourceFile { name: format!("{}.yaml", name(yaml)), bytes: yaml.as_bytes().to_vec() };
    let files: Vec<SourceFile> = yaml.iter().map(file).collect();
    let loaded = load(&files, catalogue, &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    let find = |wanted: String| loaded.playbooks.iter().find(|playbook| playbook.name.0 == wanted).cloned();
    yaml.iter().map(|yaml| find(name(yaml)).expect("a playbook")).collect()
}

/// An exclusion list of these entries. What directories said counts for an hour.
pub fn list(entries: Vec<Exclusion>) -> ExclusionList {
    ExclusionList::new(entries, BTreeSet::new(), chrono::Duration::hours(1))
}

/// An entry of the exclusion list.
pub fn entry(number: usize, name: Identifier) -> Exclusion {
    Exclusion {
        id: EntryId(format!("entry-{number}")),
        excludes: Excludes::Account(vec![name]),
        because: "break glass".into(),
        owner: None,
        actions: Vec::new(),
        only: Vec::new(),
        until: None,
        source: Source::Site,
        added: None,
    }
}

/// An entry's own name: `started`.
pub fn entry_name(entry: &quell_run::Entry) -> String {
    serde_json::to_value(entry).expect("JSON")["entry"].as_str().expect("a name").to_owned()
}

/// The names of the lines that have come so far.
pub fn heard(events: &mut tokio::sync::broadcast::Receiver<RunEvent>) -> Vec<String> {
    std::iter::from_fn(|| events.try_recv().ok()).map(|event| entry_name(&event.line.entry)).collect()
}
