//! Hundreds of histories, each from a seed: people, playbooks, faults, crashes, exclusions, cancellations and undos at
//! random moments. Each is held against a small model of the promises. A failure names its seed: `SEED=…` repeats it,
//! and `HISTORIES=…` plays more of them.

mod limits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::Failure;
use quell_playbook::model::Playbook;
use quell_run::{Engine, EngineError, Phase, Plan, RunId, RunState, Settlement};
use quell_tests::run::{
    AD, Breakage, Call, CallKind, ENTRA, Fault, House, OKTA, Person, account, alert, in_time, settle_down,
};

use limits::some_limits;

use crate::ask::says;
use crate::playbooks::{ASKING, AT_ONCE, CAREFUL, CONTAIN, CUT_OFF};

const HISTORIES: u64 = 300;

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_of<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.roll(things.len() as u64) as usize].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_histories() {
    let only = number("SEED");
    let seeds = only.map_or(0..number("HISTORIES").unwrap_or(HISTORIES), |seed| seed..seed + 1);
    let mut seen = Seen::default();
    for seed in seeds {
        History::new(seed).play(&mut seen).await;
    }
    if only.is_none() {
        seen.something_of_everything();
    }
}

fn number(named: &str) -> Option<u64> {
    let found = std::env::vars().find(|(name, _)| name == named);
    found.map(|(_, number)| number.parse().expect("a number"))
}

/// What the histories have shown: a simulation in which nothing happens proves nothing.
#[derive(Debug, Default)]
struct Seen {
    crashes: u32,
    excluded: u32,
    cancelled: u32,
    undone: u32,
    retried: u32,
    settled: u32,
    answered: u32,
    expired: u32,
    held_back: u32,
    let_through: u32,
}

impl Seen {
    fn something_of_everything(&self) {
        let Self { crashes, excluded, cancelled, undone, retried, settled, answered, expired, .. } = self;
        let limited = [self.held_back, self.let_through];
        let others = [crashes, excluded, cancelled, undone, retried, settled, answered, expired];
        for count in limited.iter().chain(others) {
            assert!(*count > 20, "{self:?}");
        }
    }
}

/// Who was excluded, and how many calls had begun by then.
type Exclusions = Arc<Mutex<BTreeMap<String, usize>>>;

struct History {
    seed: u64,
    dice: Dice,
    house: House,
    people: Vec<Person>,
    before: BTreeSet<String>,
    plans: Vec<(Plan, Arc<Playbook>)>,
    excluded: Exclusions,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let people: Vec<Person> = (0..2 + dice.roll(3))
            .map(|number| {
                let at = dice.one_of(&[vec![AD], vec![AD, ENTRA], vec![AD, ENTRA, OKTA], vec![ENTRA, OKTA]]);
                let name = if dice.roll(5) == 0 { format!("admin{number}") } else { format!("user{number}") };
                Person::only_at(&name, &at)
            })
            .collect();
        let mut house = House::new().with(&people);
        house.settings.patience = Duration::from_secs(3600);
        house.settings.limits = some_limits(&mut dice);
        for person in &people {
            for provider in &person.at {
                house.vendor.set_disabled(provider, person, dice.roll(6) == 0);
            }
        }
        let plans =
            (0..1 + dice.roll(4)).map(|number| some_plan(&mut dice, &house, &people, number)).collect();
        let before = house.vendor.disabled();
        let mut history = Self { seed, dice, house, people, before, plans, excluded: Exclusions::default() };
        history.disturb();
        history
    }

    /// Calls go wrong, people are excluded, processes die: so often, and then no more.
    fn disturb(&mut self) {
        let (faults, dice) = (Mutex::new(3 + self.dice.roll(8)), Mutex::new(self.dice.clone()));
        let frequency = 3 + self.dice.roll(8);
        self.house.vendor.script(move |call| {
            let (mut left, mut dice) = (faults.lock(), dice.lock());
            if *left == 0 || dice.roll(frequency) != 0 {
                return None;
            }
            *left -= 1;
            some_fault(&mut dice, call)
        });
        for _ in 0..self.dice.roll(3) {
            let write = 1 + self.dice.roll(20) as usize;
            let how = self.dice.one_of(&[Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses]);
            self.house.journal.break_at(write, how);
        }
        let mut moments: BTreeMap<usize, Person> = BTreeMap::new();
        for _ in 0..self.dice.roll(3) {
            moments.insert(self.dice.roll(30) as usize, self.dice.one_of(&self.people));
        }
        let (house, excluded) = (self.house.clone(), Arc::clone(&self.excluded));
        self.house.vendor.at_each_call(move |call| {
            if let Some(person) = moments.get(&call.number) {
                excluded.lock().entry(person.name.clone()).or_insert(call.number);
                let names: Vec<_> = excluded.lock().keys().map(|name| Person::new(name).upn()).collect();
                let logins: Vec<_> = excluded.lock().keys().map(|name| Person::new(name).login()).collect();
                house.exclude(&[names, logins].concat());
            }
        });
    }

    async fn play(mut self, seen: &mut Seen) {
        self.run_all(seen).await;
        self.check("in the end", seen).await;
        self.take_everything_back().await;
        let restored = self.house.vendor.disabled();
        assert_eq!(restored, self.before, "seed {}: everything was taken back", self.seed);
    }

    /// Starts the runs, asks for cancellations and undos in between, and restarts whatever dies.
    async fn run_all(&mut self, seen: &mut Seen) {
        let mut engine = self.house.engine();
        let mut begun = 0;
        loop {
            let house = self.house.clone();
            let crashed = tokio::select! {
                () = house.crashed() => true,
                () = self.go_on(&engine, &mut begun) => false,
            };
            if !crashed {
                return;
            }
            seen.crashes += 1;
            engine.stop_now();
            settle_down().await;
            self.house.restart();
            engine = self.house.engine();
            let found = engine.recover().await.expect("readable");
            assert!(found.refused.is_empty(), "seed {}: {:?}", self.seed, found.refused);
        }
    }

    async fn go_on(&mut self, engine: &Engine, begun: &mut usize) {
        while let Some((plan, playbook)) = self.plans.get(*begun) {
            if engine.start(plan.clone(), Arc::clone(playbook)).await.is_ok() {
                *begun += 1;
            }
            self.meddle(engine, *begun).await;
        }
        in_time(engine.idle()).await;
        while self.dice.roll(4) != 0 {
            self.answer(engine).await;
            in_time(engine.idle()).await;
        }
        // What nobody answered expires. An undo that could not be made is tried again after a while.
        tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
        in_time(engine.idle()).await;
    }

    /// A person stops a run, or takes it back, whatever it is doing.
    async fn meddle(&mut self, engine: &Engine, begun: usize) {
        tokio::time::sleep(Duration::from_millis(self.dice.roll(1500))).await;
        if begun == 0 || self.dice.roll(3) != 0 {
            return;
        }
        if self.dice.roll(4) == 0 {
            return self.answer(engine).await;
        }
        let run = self.plans[self.dice.roll(begun as u64) as usize].0.run.clone();
        let answered = match self.dice.roll(3) {
            0 => engine.cancel(&run, "operator").await,
            _ => engine.undo(&run, None, "operator").await.map(drop),
        };
        assert!(!matches!(answered, Err(EngineError::Damaged { .. })), "seed {}: {answered:?}", self.seed);
    }

    /// Somebody answers one of the open questions, if there is one.
    async fn answer(&mut self, engine: &Engine) {
        let open = engine.questions().await.unwrap_or_default();
        if open.is_empty() {
            return;
        }
        let asked = self.dice.one_of(&open);
        let choice = if self.dice.roll(4) == 0 { "reject" } else { "approve" };
        let (question, by) = (&asked.question, says("somebody", choice));
        let answered = engine.answer(&asked.run, &question.id, &question.bond, by).await;
        assert!(!matches!(answered, Err(EngineError::Damaged { .. })), "seed {}: {answered:?}", self.seed);
    }

    async fn check(&self, when: &str, seen: &mut Seen) {
        let seed = self.seed;
        for (key, effects) in self.house.vendor.effects() {
            assert!(effects <= 1, "seed {seed} {when}: {effects} effects of the one intent {key}");
        }
        for (name, moment) in self.excluded.lock().iter() {
            let late = self.house.vendor.writes().into_iter().find(|call| {
                call.number > *moment
                    && call.target.ends_with(&format!(":{name}"))
                    && takes_something_away(call)
            });
            assert_eq!(late, None, "seed {seed} {when}: {name} was excluded at call {moment}");
        }
        self.check_limits(when).await;
        for state in self.states().await {
            let run = &state.plan().run;
            let story = self.house.story(run).await;
            assert!(state.finish().is_some(), "seed {seed} {when}: run {run} has not ended: {story}");
            assert!(!state.is_open(), "seed {seed} {when}: run {run} is open");
            assert!(state.tasks().all(|task| task.is_settled()), "seed {seed} {when}: {run}");
            // What can be read back is settled by reading; only the rest may end with a person.
            let unclear = state.tasks().find(|task| task.phase == Phase::Attention && task.task.reversible);
            assert!(unclear.is_none(), "seed {seed} {when}: {unclear:?}");
            seen.note(&state);
        }
    }

    async fn states(&self) -> Vec<RunState> {
        let mut states = Vec::new();
        for (plan, _) in &self.plans {
            states.push(self.house.state(&plan.run).await);
        }
        states
    }

    async fn take_everything_back(&mut self) {
        self.house.vendor.behave();
        self.house.journal.behave();
        let engine = self.house.engine();
        engine.recover().await.expect("readable");
        let mut runs: Vec<RunId> = self.plans.iter().map(|(plan, _)| plan.run.clone()).collect();
        while !runs.is_empty() {
            let run = runs.remove(self.dice.roll(runs.len() as u64) as usize);
            // Many have nothing to take back.
            let _ = engine.undo(&run, None, "operator").await;
            if self.dice.roll(2) == 0 {
                in_time(engine.idle()).await;
            }
        }
        in_time(engine.idle()).await;
    }
}

impl Seen {
    fn note(&mut self, state: &RunState) {
        let counts = state.summary().counts;
        self.excluded += counts.excluded;
        self.held_back += state.tasks().filter(|task| task.held.is_some()).count() as u32;
        self.let_through += state.tasks().filter(|task| !task.granted.is_empty()).count() as u32;
        self.undone += counts.undone;
        self.cancelled += u32::from(state.cancelled().is_some());
        self.retried += state.tasks().filter(|task| task.attempts > 1).count() as u32;
        let questions = || state.questions().iter().map(|asked| asked.settled.as_ref());
        self.expired += questions().filter(|how| *how == Some(&Settlement::Expired)).count() as u32;
        self.answered +=
            questions().filter(|how| matches!(how, Some(Settlement::Answered { .. }))).count() as u32;
        let afterwards = |task: &&quell_run::TaskState| {
            let how = task.fulfilled.as_ref().map(|fulfilled| fulfilled.verification);
            how == Some(quell_run::Verification::SeenAfterwards)
        };
        self.settled += state.tasks().filter(afterwards).count() as u32;
    }
}

fn takes_something_away(call: &Call) -> bool {
    call.action.starts_with("account.")
}

fn some_plan(dice: &mut Dice, house: &House, people: &[Person], number: u64) -> (Plan, Arc<Playbook>) {
    let playbook = house.playbook(dice.one_of(&[CONTAIN, CUT_OFF, CAREFUL, AT_ONCE, ASKING]));
    let mut accounts = Vec::new();
    for person in people {
        if dice.roll(4) == 0 {
            continue;
        }
        // Whatever the alert calls them, as long as one of their directories knows the name.
        let name = match person.at.contains(&AD) {
            true => dice.one_of(&[person.sid(), person.upn(), person.anchor()]),
            false => dice.one_of(&[person.entra_id(), person.upn(), person.anchor()]),
        };
        accounts.push(account(&[name]));
    }
    let alert = alert(&format!("alert-{number}"), accounts);
    (house.plan(&alert, &playbook), playbook)
}

fn some_fault(dice: &mut Dice, call: &Call) -> Option<Fault> {
    let dies = [Fault::DiesBefore, Fault::DiesAfter];
    let passes = [
        Fault::Fails(Failure::Unavailable { retry_after: None }),
        Fault::Fails(Failure::Throttled { retry_after: Some(Duration::from_secs(5)) }),
        Fault::SilentBefore,
        Fault::Slow(Duration::from_secs(3)),
    ];
    let unclear = [Fault::UncertainAfter, Fault::SilentAfter, Fault::Panics];
    let for_good = [Fault::Fails(Failure::Forbidden), Fault::Fails(Failure::Rejected)];
    match (call.kind, dice.roll(4)) {
        (_, 0) => Some(dice.one_of(&dies)),
        (CallKind::Execute, 1) => Some(dice.one_of(&for_good)),
        // Sessions cannot be read back: what is unclear there may end with a person.
        (CallKind::Execute | CallKind::Restore, 2) if call.action == "account.disable" => {
            Some(dice.one_of(&unclear))
        }
        _ => Some(dice.one_of(&passes)),
    }
}
