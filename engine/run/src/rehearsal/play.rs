//! Playing a test: the engine, a clock that is moved on whenever there is nothing left to do, and people who answer at
//! once or never.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::lists::is_about_lists;
use quell_action::{Catalogue, Connection, Directory, ExclusionList, Probe, ProbeReport, Registry};
use quell_alert::Alert;
use quell_playbook::model::{AlertState, Playbook};
use quell_playbook::{Matcher, Moment};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::compare::{Difference, differences};
use super::directory::directories;
use super::form::Rehearsal;
use super::seen::Seen;
use super::world::World;
use crate::testing::ManualClock;
use crate::{
    ArchiveError, Brake, Clock, Engine, EngineError, EngineParts, Exclusions, Hands, Journal, Line,
    MemoryJournal, MemoryLists, NamedLists, NoJitter, OpenQuestion, Origin, Plan, PlaybookArchive,
    PlaybookVersion, Reply, RunEvent, Settings,
};

/// What a test came to.
#[derive(Debug, Clone, Serialize)]
pub struct Played {
    /// Everything that is not as expected; empty where the test passes.
    pub differences: Vec<Difference>,
    /// Why the alert does not start the playbook, where it does not.
    pub not_started: Option<String>,
    /// What happened, line by line.
    pub journal: Vec<Line>,
}

/// More moments than any run that ends: one that asks again every five minutes ends after a day.
const MOST_MOMENTS: usize = 20_000;
/// So often nothing happens before there is nothing left to do. All is in memory and on one thread, where each turn
/// lets everybody move who can.
const QUIET_TURNS: u32 = 64;

impl Rehearsal {
    /// Plays it: this alert, this playbook, what the catalogue offers. Not to be called from within a runtime.
    ///
    /// # Errors
    /// When it cannot be played to its end, with the reason.
    pub fn play(
        &self,
        alert: Arc<Alert>,
        playbook: &Arc<Playbook>,
        catalogue: &Catalogue,
    ) -> Result<Played, String> {
        let state = AlertState::of(alert.status, self.seen_before);
        let matcher = Matcher::new(vec![Arc::clone(playbook)]);
        let explained = matcher.explain(&alert, state, self.moment());
        let is_started = explained.iter().any(|one| one.matched);
        let wanted = self.expect.matched.unwrap_or(true);
        if !is_started {
            let why = explained.iter().map(|one| format!("{}{}", one.reasons.join("; "), one.why)).collect();
            return Ok(Played {
                differences: not_as_wanted(wanted, false),
                not_started: Some(why),
                journal: Vec::new(),
            });
        }
        // One thread, so that nothing happens beside what is looked at, and the same test gives the same answer.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| format!("the test could not be begun: {error}"))?;
        let journal = runtime.block_on(self.carry_out(alert, playbook, catalogue, state))?;
        let mut found = not_as_wanted(wanted, true);
        if wanted {
            found.extend(differences(&self.expect, &Seen::of(&journal, catalogue)));
        }
        Ok(Played { differences: found, not_started: None, journal })
    }

    async fn carry_out(
        &self,
        alert: Arc<Alert>,
        playbook: &Arc<Playbook>,
        catalogue: &Catalogue,
        state: AlertState,
    ) -> Result<Vec<Line>, String> {
        let clock = ManualClock::at(self.at);
        let journal = Arc::new(MemoryJournal::default());
        let engine = self.engine(&alert, playbook, catalogue, &clock, &journal)?;
        let plan = Plan::new(alert, playbook, Origin::Live, state, self.moment());
        let run = plan.run.clone();
        let mut events = engine.events();
        engine.start(plan, Arc::clone(playbook)).await.map_err(told)?;
        for _ in 0..MOST_MOMENTS {
            settle(&mut events).await;
            if self.answer(&engine).await? {
                continue;
            }
            match clock.next_waking() {
                Some(moment) => clock.set(moment),
                None => return journal.read(&run).await.map_err(|error| error.to_string()),
            }
        }
        Err("the run comes to no end".to_owned())
    }

    fn engine(
        &self,
        alert: &Alert,
        playbook: &Arc<Playbook>,
        catalogue: &Catalogue,
        clock: &ManualClock,
        journal: &Arc<MemoryJournal>,
    ) -> Result<Engine, String> {
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let folk = directories(alert, &self.given, catalogue, &time);
        let displays = folk.iter().flat_map(super::directory::Folk::displays).collect();
        let world = World::new(self.faults.clone(), self.drifts.clone(), displays, Arc::clone(&time));
        let lists = Arc::new(NamedLists::new(self.lists.clone()));
        let keeper = Arc::new(MemoryLists::new(Arc::clone(&lists), Arc::clone(&time)));
        let own = quell_action::lists::actions(keeper).into_iter().map(|action| world.own(action));
        let others = catalogue.iter().filter(|info| !is_about_lists(info.spec.name));
        let others = others.map(|info| world.action(info));
        let connection = Connection {
            name: "test".to_owned(),
            actions: others.chain(own).collect(),
            directories: folk.into_iter().map(|one| Arc::new(one) as Arc<dyn Directory>).collect(),
            probe: Arc::new(Nowhere),
        };
        let registry = Registry::new(&[connection]).map_err(|error| error.to_string())?;
        let list =
            ExclusionList::new(self.exclusions.clone(), Default::default(), chrono::Duration::minutes(10));
        Ok(Engine::new(EngineParts {
            hands: Hands::acting(registry),
            exclusions: Arc::new(Exclusions::new(list)),
            lists,
            brake: Arc::new(Brake::default()),
            journal: Arc::clone(journal) as Arc<dyn Journal>,
            archive: Arc::new(OnlyThis(Arc::clone(playbook))),
            clock: time,
            jitter: Arc::new(NoJitter),
            settings: Settings::default(),
        }))
    }

    fn moment(&self) -> Moment {
        Moment { now: self.at, lists: Arc::new(self.lists.clone()) }
    }

    /// Answers what is asked, where the test has an answer. Returns whether there was one.
    async fn answer(&self, engine: &Engine) -> Result<bool, String> {
        for open in engine.questions().await.map_err(told)? {
            let Some(choice) = self.answer_to(&open) else { continue };
            let reply = Reply { choice, by: format!("person {}", open.replies.len() + 1), remark: None };
            engine.answer(&open.run, &open.question.id, &open.question.bond, reply).await.map_err(told)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn answer_to(&self, open: &OpenQuestion) -> Option<String> {
        let id = &open.question.id.0;
        let name = id.split_once('/').map_or(id.as_str(), |(_, name)| name);
        let answer = self.answers.get(id).or_else(|| self.answers.get(name))?;
        (answer != "expired").then(|| answer.clone())
    }
}

fn not_as_wanted(wanted: bool, is_started: bool) -> Vec<Difference> {
    let word = |started: bool| vec![if started { "starts" } else { "does not start" }.to_owned()];
    let difference = Difference { what: "matched", expected: word(wanted), got: word(is_started) };
    if wanted == is_started { Vec::new() } else { vec![difference] }
}

/// Lets everybody move until nobody does.
async fn settle(events: &mut Receiver<RunEvent>) {
    let mut quiet = 0;
    while quiet < QUIET_TURNS {
        tokio::task::yield_now().await;
        quiet += 1;
        while matches!(events.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {
            quiet = 0;
        }
    }
}

fn told(error: EngineError) -> String {
    error.to_string()
}

/// The one playbook of a test.
struct OnlyThis(Arc<Playbook>);

#[async_trait]
impl PlaybookArchive for OnlyThis {
    async fn load(&self, _version: &PlaybookVersion) -> Result<Arc<Playbook>, ArchiveError> {
        Ok(Arc::clone(&self.0))
    }
}

/// Nothing to reach.
struct Nowhere;

#[async_trait]
impl Probe for Nowhere {
    async fn probe(&self) -> ProbeReport {
        ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() }
    }
}
