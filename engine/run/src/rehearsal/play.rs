//! Playing a test: the engine, a clock that is moved on whenever there is nothing left to do, and people who answer at
//! once or never.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use quell_action::lists::is_about_lists;
use quell_action::{
    AnyAction, Catalogue, Connection, Directory, ExclusionList, Probe, ProbeReport, Registry,
};
use quell_alert::Alert;
use quell_playbook::model::{AlertState, Playbook, Verb};
use quell_playbook::{Matcher, Moment};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::compare::{Difference, differences};
use super::directory::directories;
use super::form::{Rehearsal, Start};
use super::seen::{Called, Seen};
use super::world::World;
use crate::testing::ManualClock;
use crate::{
    ArchiveError, Brake, Clock, Engine, EngineError, EngineParts, Entry, Exclusions, Given, Hands, Journal,
    Line, MemoryJournal, MemoryLists, NamedLists, NoJitter, OpenQuestion, Origin, Plan, PlaybookArchive,
    PlaybookVersion, Reply, RunEvent, RunId, RunState, Settings, scope,
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
    /// The same of the runs that it called, and of those that these called.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub called: BTreeMap<RunId, Vec<Line>>,
}

/// Whether a test starts its playbook.
pub(super) enum Begun {
    /// With this plan.
    Plan(Box<Plan>),
    /// For this reason it does not.
    NotStarted(String),
}

/// More moments than any run that ends: one that asks again every five minutes ends after a day.
const MOST_MOMENTS: usize = 20_000;
/// So often nothing happens before there is nothing left to do. All is in memory and on one thread, where each turn
/// lets everybody move who can.
const QUIET_TURNS: u32 = 64;

impl Rehearsal {
    /// Plays it: this playbook with those that it may call, and what the catalogue offers. `alert` is that of the test,
    /// where it has one. Not to be called from within a runtime.
    ///
    /// # Errors
    /// When it cannot be played to its end, with the reason.
    pub fn play(
        &self,
        alert: Option<Arc<Alert>>,
        playbook: &Arc<Playbook>,
        beside: &[Arc<Playbook>],
        catalogue: &Catalogue,
    ) -> Result<Played, String> {
        let begun = self.begin(alert.clone(), playbook)?;
        let wanted = self.expect.matched.unwrap_or(true);
        let plan = match begun {
            Begun::Plan(plan) => *plan,
            Begun::NotStarted(why) => {
                return Ok(Played {
                    differences: not_as_wanted(wanted, false),
                    not_started: Some(why),
                    journal: Vec::new(),
                    called: Called::new(),
                });
            }
        };
        let known = std::iter::once(playbook).chain(beside).map(Arc::as_ref);
        let strangers = self.strangers(&plan.alert.entities, known, catalogue);
        if !strangers.is_empty() {
            return Err(strangers.join("; "));
        }
        let later = self.later_differences(&plan, alert.as_ref(), playbook)?;
        let plan = plan.calling(beside);
        // One thread, so that nothing happens beside what is looked at, and the same test gives the same answer.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| format!("the test could not be begun: {error}"))?;
        let (journal, called) = runtime.block_on(self.carry_out(plan, playbook, beside, catalogue))?;
        let mut found = not_as_wanted(wanted, true);
        if wanted {
            let outputs = self.outputs(&journal, playbook)?;
            let seen = Seen::of(&journal, &called, catalogue).giving(outputs);
            found.extend(differences(&self.expect, &seen));
            found.extend(later);
        }
        Ok(Played { differences: found, not_started: None, journal, called })
    }

    /// How it is started: by its alert; by a person with its inputs; or, where it has neither, by the clock.
    pub(super) fn begin(&self, alert: Option<Arc<Alert>>, playbook: &Arc<Playbook>) -> Result<Begun, String> {
        let not_started = |way: &str| {
            Begun::NotStarted(format!("{way}: it is started by {}", playbook.when.words().join(" or ")))
        };
        if let Some(inputs) = &self.inputs {
            let (manual, called) = (playbook.when.manual, playbook.when.called);
            match self.start {
                None if !manual && !called => return Ok(not_started("nobody starts it by hand")),
                Some(Start::Manual) if !manual => return Ok(not_started("nobody starts it by hand")),
                Some(Start::Called) if !called => return Ok(not_started("no playbook calls it")),
                _ => {}
            }
            let given = Given::read(playbook, inputs)
                .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
            return Ok(Begun::Plan(Box::new(Plan::manual(
                playbook,
                given,
                "somebody",
                "test",
                self.moment(),
            ))));
        }
        let Some(alert) = alert else {
            let Some(schedule) = &playbook.when.schedule else {
                return Ok(not_started("no clock starts it"));
            };
            let due = schedule.after(self.at - TimeDelta::seconds(1));
            if self.at_is_told && due != Some(self.at) {
                let next = due.map_or_else(String::new, |due| format!("; it is due at {}", due.to_rfc3339()));
                return Ok(Begun::NotStarted(format!("the clock does not start it at this moment{next}")));
            }
            return Ok(Begun::Plan(Box::new(Plan::scheduled(playbook, self.at, self.moment()))));
        };
        let state = AlertState::of(alert.status, self.seen_before || alert.before.is_some());
        let explained = Matcher::new(vec![Arc::clone(playbook)]).explain(&alert, state, self.moment());
        if !explained.iter().any(|one| one.matched) {
            let why = explained.iter().map(|one| format!("{}{}", one.reasons.join("; "), one.why)).collect();
            return Ok(Begun::NotStarted(why));
        }
        Ok(Begun::Plan(Box::new(Plan::new(alert, playbook, Origin::Live, state, self.moment()))))
    }

    async fn carry_out(
        &self,
        plan: Plan,
        playbook: &Arc<Playbook>,
        beside: &[Arc<Playbook>],
        catalogue: &Catalogue,
    ) -> Result<(Vec<Line>, Called), String> {
        let clock = ManualClock::at(self.at);
        let journal = Arc::new(MemoryJournal::default());
        journal.keep(plan.alert.same_detection_key(), self.given.kept.clone());
        let known = std::iter::once(playbook).chain(beside).cloned().collect();
        let engine = self.engine(&plan.alert, Known(known), catalogue, &clock, &journal)?;
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
                None => return written(&journal, &run).await.map_err(|error| error.to_string()),
            }
        }
        Err("the run comes to no end".to_owned())
    }

    fn engine(
        &self,
        alert: &Alert,
        known: Known,
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
        let folk = folk.into_iter().map(|one| Arc::new(one) as Arc<dyn Directory>).collect();
        let registry = connected(others.chain(own).collect(), folk, &known)?;
        let list =
            ExclusionList::new(self.exclusions.clone(), Default::default(), chrono::Duration::minutes(10));
        Ok(Engine::new(EngineParts {
            hands: Hands::acting(registry),
            exclusions: Arc::new(Exclusions::new(list)),
            lists,
            brake: Arc::new(Brake::default()),
            journal: Arc::clone(journal) as Arc<dyn Journal>,
            archive: Arc::new(known),
            clock: time,
            jitter: Arc::new(NoJitter),
            settings: Settings::default(),
        }))
    }

    /// What the run gives back to whoever called it.
    fn outputs(&self, journal: &[Line], playbook: &Playbook) -> Result<BTreeMap<String, Value>, String> {
        let state = RunState::replay(journal).map_err(|error| error.to_string())?;
        let Value::Object(outputs) = scope::outputs(&state, playbook, self.moment()) else {
            return Ok(BTreeMap::new());
        };
        Ok(outputs.into_iter().collect())
    }

    fn moment(&self) -> Moment {
        Moment { now: self.at, lists: Arc::new(self.lists.clone()), kept: Arc::default() }
    }

    /// Answers what is asked, where the test has an answer. Returns whether there was one.
    async fn answer(&self, engine: &Engine) -> Result<bool, String> {
        for open in engine.questions().await.map_err(told)? {
            let Some(choice) = self.answer_to(&open) else { continue };
            let by = format!("person {}", open.replies.len() + 1);
            let reply = Reply { choice, by, remark: None, through: None };
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

/// The journal of a run, and those of the runs that it called.
async fn written(journal: &MemoryJournal, run: &RunId) -> Result<(Vec<Line>, Called), crate::JournalError> {
    let lines = journal.read(run).await?;
    let mut called = Called::new();
    let mut open = called_in(&lines);
    while let Some(run) = open.pop() {
        let lines = journal.read(&run).await?;
        open.extend(called_in(&lines));
        called.insert(run, lines);
    }
    Ok((lines, called))
}

fn called_in(lines: &[Line]) -> Vec<RunId> {
    let called = lines.iter().filter_map(|line| match &line.entry {
        Entry::Called { call, .. } => Some(call.run.clone()),
        _ => None,
    });
    called.collect()
}

/// Everything can be done through the one connection that there is; and through each that a step names.
fn connected(
    actions: Vec<Arc<dyn AnyAction>>,
    directories: Vec<Arc<dyn Directory>>,
    known: &Known,
) -> Result<Registry, String> {
    let connection = |name: &str| Connection {
        name: name.to_owned(),
        actions: actions.clone(),
        directories: Vec::new(),
        probe: Arc::new(Nowhere),
        carrier: None,
    };
    let mut connections = vec![Connection { directories, ..connection(ANY) }];
    connections.extend(known.connections().into_iter().map(connection));
    let preferred = actions.iter().map(|action| (action.info().provider(), ANY.to_owned())).collect();
    Registry::preferring(&connections, &preferred).map_err(|error| error.to_string())
}

/// What the connection of a test is called; a step may name it too.
const ANY: &str = "test";

/// The playbook of a test, and those that it may call.
struct Known(Vec<Arc<Playbook>>);

impl Known {
    /// The connections that steps name.
    fn connections(&self) -> BTreeSet<&str> {
        let steps = self.0.iter().flat_map(|playbook| playbook.all_steps());
        steps
            .filter_map(|step| match &step.verb {
                Verb::Do(act) => act.using.as_deref(),
                _ => None,
            })
            .collect()
    }
}

#[async_trait]
impl PlaybookArchive for Known {
    async fn load(
        &self,
        version: &PlaybookVersion,
        _beside: &[PlaybookVersion],
    ) -> Result<Arc<Playbook>, ArchiveError> {
        let found = self.0.iter().find(|playbook| playbook.hash == version.hash).cloned();
        found.ok_or_else(|| ArchiveError {
            version: version.clone(),
            source: "it is not among the playbooks of the test".into(),
        })
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
