//! [`Coverage`]: what of a playbook its tests have reached, read from their journals.

use std::collections::{BTreeMap, BTreeSet};

use quell_playbook::model::{Playbook, Step, StepId, Verb};
use serde::Serialize;

use crate::{Entry, LeftOut, Line, Settlement, Skip};

/// What of a playbook its tests have reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The playbook.
    pub playbook: String,
    /// How many tests were played.
    pub tests: usize,
    /// How many steps it has.
    pub steps: usize,
    /// How many of them were taken.
    pub taken: usize,
    /// How many ways there are: to begin and, where alerts start it, not to; of each `if`, of each `choose`, and of each question.
    pub ways: usize,
    /// How many of them were gone.
    pub gone: usize,
    /// What was never reached, in words, in the order of the playbook.
    pub missing: Vec<String>,
}

/// What the journals of all tests show.
#[derive(Debug, Default)]
struct Reached {
    taken: BTreeSet<StepId>,
    not_taken: BTreeSet<StepId>,
    ways: BTreeSet<(StepId, Option<u32>)>,
    answers: BTreeSet<(StepId, String)>,
    spared: bool,
    lane: bool,
}

impl Coverage {
    /// What these journals have reached, a journal for each test; empty where the alert did not start the playbook.
    pub fn of(playbook: &Playbook, journals: &[&[Line]]) -> Self {
        let mut reached = Reached::default();
        for line in journals.iter().flat_map(|journal| journal.iter()) {
            reached.take(&line.entry);
        }
        reached.answers_in(journals);
        let steps: Vec<&Step> = playbook.all_steps().collect();
        let taken = steps.iter().filter(|step| reached.taken.contains(&step.id)).count();
        let mut ways: Vec<(bool, String)> = Vec::new();
        if playbook.when.alert.is_some() {
            ways.push((
                journals.iter().any(|journal| journal.is_empty()),
                "no test shows an alert that does not start it".into(),
            ));
        }
        ways.push((journals.iter().any(|journal| !journal.is_empty()), "no test starts it".into()));
        if playbook.unless.is_some() {
            ways.push((reached.spared, "`unless` spares nobody in any test".into()));
            ways.push((reached.lane, "`unless` spares everybody in every test".into()));
        }
        steps.iter().for_each(|step| reached.ways_of(step, &mut ways));
        let untaken = steps.iter().filter(|step| !reached.taken.contains(&step.id));
        let missing = untaken.map(|step| format!("step {}: never taken", step.id));
        let not_gone = ways.iter().filter(|(gone, _)| !gone).map(|(_, words)| words.clone());
        Self {
            playbook: playbook.name.to_string(),
            tests: journals.len(),
            steps: steps.len(),
            taken,
            ways: ways.len(),
            gone: ways.iter().filter(|(gone, _)| *gone).count(),
            missing: missing.chain(not_gone).collect(),
        }
    }

    /// Whether everything was reached.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }
}

impl Reached {
    fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Created { plan } => {
                let spared = |because: &Option<LeftOut>| matches!(because, Some(LeftOut::Unless { .. }));
                self.spared |= plan.lanes.iter().any(|lane| spared(&lane.left_out));
                self.lane |= plan.lanes.iter().any(|lane| lane.left_out.is_none() && !lane.unless_open);
            }
            Entry::LaneLeftOut { because: LeftOut::Unless { .. }, .. } => self.spared = true,
            Entry::StepSkipped { step, because: Skip::Condition { .. } | Skip::Unknown { .. }, .. } => {
                self.not_taken.insert(step.clone());
            }
            Entry::Chosen { step, way, .. } => {
                self.taken.insert(step.clone());
                self.ways.insert((step.clone(), *way));
            }
            Entry::Expanded { step, .. }
            | Entry::Entered { step, .. }
            | Entry::Branched { step, .. }
            | Entry::Called { step, .. }
            | Entry::WaitBegun { step, .. }
            | Entry::ValuesSet { step, .. }
            | Entry::Kept { step, .. }
            | Entry::StepFailed { step, .. }
            | Entry::Stopped { step, .. } => {
                self.lane = true;
                self.taken.insert(step.clone());
            }
            Entry::Asked { question, .. } => {
                self.lane = true;
                if let crate::About::Step { step, .. } = &question.about {
                    self.taken.insert(step.clone());
                }
            }
            _ => {}
        }
    }

    /// What people answered to the questions of steps, or that nobody did.
    fn answers_in(&mut self, journals: &[&[Line]]) {
        for journal in journals.iter().filter(|journal| !journal.is_empty()) {
            let Ok(state) = crate::RunState::replay(journal) else { continue };
            for asked in state.questions() {
                let crate::About::Step { step, .. } = &asked.question.about else { continue };
                let answer = match &asked.settled {
                    Some(Settlement::Answered { choice, .. }) => choice.clone(),
                    Some(Settlement::Expired) => EXPIRED.to_owned(),
                    _ => continue,
                };
                self.answers.insert((step.clone(), answer));
            }
        }
    }

    fn ways_of(&self, step: &Step, ways: &mut Vec<(bool, String)>) {
        let id = &step.id;
        if step.condition.is_some() {
            // That it holds is counted as the step.
            ways.push((self.not_taken.contains(id), format!("step {id}: its `if` holds in every test")));
        }
        match &step.verb {
            Verb::Choose(branches) => {
                for (number, branch) in branches.iter().enumerate() {
                    let way = u32::try_from(number).ok();
                    let name = if branch.condition.is_some() {
                        format!("way {}", number + 1)
                    } else {
                        "`otherwise`".into()
                    };
                    ways.push((
                        self.ways.contains(&(id.clone(), way)),
                        format!("step {id}: {name} never taken"),
                    ));
                }
                if branches.iter().all(|branch| branch.condition.is_some()) {
                    ways.push((
                        self.ways.contains(&(id.clone(), None)),
                        format!("step {id}: one of its ways is taken in every test"),
                    ));
                }
            }
            Verb::Ask(ask) => {
                let choices = ask.choices.iter().map(String::as_str).chain([EXPIRED]);
                for choice in choices {
                    let given = self.answers.contains(&(id.clone(), choice.to_owned()));
                    ways.push((given, format!("step {id}: never answered with `{choice}`")));
                }
            }
            _ => {}
        }
    }
}

/// How a test writes that nobody answers.
const EXPIRED: &str = "expired";

/// The coverage of each playbook: what its tests have reached, and those without any test.
pub fn coverage<'a>(
    playbooks: impl IntoIterator<Item = &'a Playbook>,
    journals: &BTreeMap<String, Vec<&'a [Line]>>,
) -> Vec<Coverage> {
    let none = Vec::new();
    let of = |playbook: &'a Playbook| Coverage::of(playbook, journals.get(&playbook.name.0).unwrap_or(&none));
    playbooks.into_iter().map(of).collect()
}
