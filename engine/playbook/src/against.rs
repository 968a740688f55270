//! [`Against`]: playbooks held against sample alerts. A condition that none of them meets, and a path that finds nothing in
//! any of them, may be right; most are a slip that no checker can see.

use std::sync::Arc;

use quell_alert::Alert;
use serde::Serialize;

use crate::condition::{Group, Item, Operator, Subject, Test, Truth};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{DoStep, Form, Playbook, Step, Verb};
use crate::path::Path;
use crate::scope::AlertScope;
use crate::{Moment, codes};

/// Playbooks being held against sample alerts.
#[derive(Debug)]
pub struct Against {
    alerts: usize,
    playbooks: Vec<Held>,
}

/// One playbook, and how often what is in it was met.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// Its name.
    pub playbook: String,
    /// How many of the alerts start it, its states and mode apart.
    pub starts: usize,
    /// Its conditions on the alert.
    pub conditions: Vec<ConditionHeld>,
    /// Its paths.
    pub paths: Vec<PathHit>,
    #[serde(skip)]
    of: Arc<Playbook>,
    #[serde(skip)]
    tests: Vec<Test>,
    #[serde(skip)]
    looked: Vec<Path>,
}

/// How often a condition held.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConditionHeld {
    /// What it asks, in words.
    pub condition: String,
    /// For how many alerts it held.
    pub held: usize,
    /// For how many it could not be known.
    pub unknown: usize,
}

/// How often a path found something.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PathHit {
    /// The path.
    pub path: String,
    /// In how many alerts it found something.
    pub hit: usize,
}

impl Against {
    /// Begins with those of these playbooks that an alert starts.
    pub fn new(playbooks: &[Arc<Playbook>]) -> Self {
        let started = playbooks.iter().filter(|playbook| playbook.when.alert.is_some());
        Self { alerts: 0, playbooks: started.map(Held::new).collect() }
    }

    /// Looks at one more alert.
    pub fn look(&mut self, alert: &Alert, moment: &Moment) {
        self.alerts += 1;
        let scope = AlertScope { alert, moment };
        for held in &mut self.playbooks {
            let starts = held.of.when.alert.as_ref().is_some_and(|when| when.group.truth(&scope).is_true());
            held.starts += usize::from(starts);
            for (test, seen) in held.tests.iter().zip(&mut held.conditions) {
                match test.truth(&scope) {
                    Truth::True => seen.held += 1,
                    Truth::Unknown => seen.unknown += 1,
                    Truth::False => {}
                }
            }
            for (path, seen) in held.looked.iter().zip(&mut held.paths) {
                seen.hit += usize::from(path.find(&alert.document).iter().any(|found| !found.is_null()));
            }
        }
    }

    /// How many alerts were looked at.
    pub fn alerts(&self) -> usize {
        self.alerts
    }

    /// What was met, playbook by playbook.
    pub fn held(&self) -> &[Held] {
        &self.playbooks
    }

    /// What none of the alerts has met. `file` says where a playbook stands.
    pub fn warnings(&self, file: impl Fn(&Playbook) -> String) -> Vec<Diagnostic> {
        self.playbooks.iter().flat_map(|held| held.warnings(&file(&held.of), self.alerts)).collect()
    }
}

impl Held {
    fn new(playbook: &Arc<Playbook>) -> Self {
        let when = playbook.when.alert.as_ref().map(|when| &when.group);
        let tests: Vec<Test> = when.into_iter().flat_map(wanted).cloned().collect();
        let looked = paths(playbook);
        let condition = |test: &Test| ConditionHeld {
            condition: format!(
                "{} {} {}",
                test.subject_text(),
                test.operator.name(),
                test.operator.expected()
            ),
            ..ConditionHeld::default()
        };
        let path = |path: &Path| PathHit { path: path.to_string(), hit: 0 };
        Self {
            playbook: playbook.name.to_string(),
            starts: 0,
            conditions: tests.iter().map(condition).collect(),
            paths: looked.iter().map(path).collect(),
            of: Arc::clone(playbook),
            tests,
            looked,
        }
    }

    fn warnings(&self, file: &str, alerts: usize) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut places = Places { file, source: &self.of.source, taken: Vec::new() };
        for (test, seen) in self.tests.iter().zip(&self.conditions) {
            let place = places.of(&test.subject_text(), test.operator.name());
            if seen.held == 0 {
                let known = alerts - seen.unknown;
                let message = format!(
                    "this holds for none of {alerts} alerts: false for {known}, unknown for {}",
                    seen.unknown
                );
                found.push(Diagnostic::warning(codes::NEVER_HELD, place, message).help(
                    "look at an alert that should start the playbook with `quell explain`: it shows every value",
                ));
            }
        }
        // A path may stand in the very condition that was spoken of above.
        let mut places = Places { file, source: &self.of.source, taken: Vec::new() };
        for (path, _) in self.looked.iter().zip(&self.paths).filter(|(_, seen)| seen.hit == 0) {
            let place = places.of(path.as_str(), "");
            let message = format!("this path finds nothing in any of {alerts} alerts");
            found.push(
                Diagnostic::warning(codes::NEVER_HIT, place, message)
                    .help("`quell decode` shows the document that a path sees; names in it keep their case"),
            );
        }
        found
    }
}

/// Where conditions and paths stand: the model does not keep it, and their words are in the file as they are.
struct Places<'a> {
    file: &'a str,
    source: &'a str,
    taken: Vec<usize>,
}

impl Places<'_> {
    /// The next line that has these words, with a second word behind them; the whole file where there is none.
    fn of(&mut self, words: &str, second: &str) -> Place {
        let mut from = 0;
        while let Some(at) = self.source.get(from..).and_then(|rest| rest.find(words)) {
            let start = from + at;
            let end = start + words.len();
            let line = self.source[end..].lines().next().unwrap_or_default();
            let two = self.source[end..].lines().take(2).any(|line| line.contains(second));
            if (line.contains(second) || two) && !self.taken.contains(&start) {
                self.taken.push(start);
                return Place::of(self.file, self.source, start, end);
            }
            from = end;
        }
        Place::top(self.file)
    }
}

/// The conditions that should hold for some alert: what stands under `none` need not, and neither need the absence of
/// something.
fn wanted(group: &Group) -> Vec<&Test> {
    let items = group.all.iter().chain(&group.any);
    items
        .flat_map(|item| match item {
            Item::Test(test) if matches!(test.operator, Operator::Exists(false)) => Vec::new(),
            Item::Test(test) => vec![test],
            Item::Group(group) => wanted(group),
        })
        .collect()
}

/// Every path of a playbook, each once.
fn paths(playbook: &Playbook) -> Vec<Path> {
    let mut found: Vec<Path> = Vec::new();
    let mut add = |path: &Path| {
        if !found.contains(path) {
            found.push(path.clone());
        }
    };
    let eaches = playbook.for_each.iter().chain(playbook.all_steps().filter_map(|step| match &step.verb {
        Verb::ForEach(each) => Some(&each.each),
        _ => None,
    }));
    for each in eaches {
        each.from.iter().for_each(&mut add);
        each.only.iter().for_each(|group| in_group(group, &mut add));
    }
    playbook.when.alert.iter().for_each(|when| in_group(&when.group, &mut add));
    playbook.unless.iter().for_each(|group| in_group(group, &mut add));
    for step in playbook.all_steps() {
        step.conditions().into_iter().for_each(|group| in_group(group, &mut add));
        forms(step).into_iter().for_each(|form| in_form(form, &mut add));
    }
    found
}

fn in_group(group: &Group, add: &mut impl FnMut(&Path)) {
    for test in group.tests() {
        if let Subject::Path(path, ..) = &test.subject {
            add(path);
        }
    }
}

fn in_form(form: &Form, add: &mut impl FnMut(&Path)) {
    match form {
        // Where something stands for what is not found, nothing found is expected.
        Form::Path { path, or: None, .. } => add(path),
        Form::List(members) => members.iter().for_each(|member| in_form(member, add)),
        Form::Map(members) => members.values().for_each(|member| in_form(member, add)),
        Form::Path { .. } | Form::Literal(_) | Form::Template(_) | Form::From { .. } => {}
    }
}

fn forms(step: &Step) -> Vec<&Form> {
    match &step.verb {
        Verb::Do(DoStep { with, .. }) => with.values().collect(),
        Verb::Set(values) | Verb::Keep(values) => values.values().collect(),
        Verb::Ask(ask) => vec![&ask.question],
        Verb::Stop(stop) => vec![&stop.outcome],
        _ => Vec::new(),
    }
}
