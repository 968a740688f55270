//! What the index does not decide: evaluated for candidates only, each distinct condition once per alert.

use std::collections::HashMap;

use crate::condition::{Group, Item, Test, Truth};
use crate::scope::AlertScope;

/// The residual conditions of all playbooks, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Residuals {
    groups: Vec<Compiled>,
    tests: Vec<Test>,
    numbers: HashMap<String, usize>,
}

/// A group whose tests are numbers.
#[derive(Debug, Default)]
struct Compiled {
    all: Vec<Part>,
    any: Vec<Part>,
    none: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Test(usize),
    Group(Compiled),
}

impl Residuals {
    /// Adds the residual of the next playbook.
    pub(super) fn add(&mut self, group: Group) {
        let compiled = self.compile(group);
        self.groups.push(compiled);
    }

    /// Begins to judge one alert.
    pub(super) fn judge<'a>(&'a self, scope: AlertScope<'a>) -> Judged<'a> {
        Judged { residuals: self, scope, known: Vec::new() }
    }

    fn compile(&mut self, group: Group) -> Compiled {
        let mut parts = |items: Vec<Item>| -> Vec<Part> {
            items
                .into_iter()
                .map(|item| match item {
                    Item::Test(test) => Part::Test(self.number(test)),
                    Item::Group(group) => Part::Group(self.compile(group)),
                })
                .collect()
        };
        Compiled { all: parts(group.all), any: parts(group.any), none: parts(group.none) }
    }

    /// Conditions that are written alike are one.
    fn number(&mut self, test: Test) -> usize {
        let written = format!("{test:?}");
        if let Some(number) = self.numbers.get(&written) {
            return *number;
        }
        let number = self.tests.len();
        self.tests.push(test);
        self.numbers.insert(written, number);
        number
    }
}

/// One alert being judged.
pub(super) struct Judged<'a> {
    residuals: &'a Residuals,
    scope: AlertScope<'a>,
    /// What each test has come to, by its number; made when the first one is asked.
    known: Vec<Option<Truth>>,
}

impl Judged<'_> {
    /// Whether the residual of this playbook holds.
    pub(super) fn holds(&mut self, playbook: usize) -> bool {
        let residuals = self.residuals;
        self.group(&residuals.groups[playbook]).is_true()
    }

    fn group(&mut self, group: &Compiled) -> Truth {
        let mut truth = Truth::True;
        for part in &group.all {
            truth = truth.and(self.part(part));
            if truth == Truth::False {
                return truth;
            }
        }
        if !group.any.is_empty() {
            truth = truth.and(self.one_of(&group.any));
        }
        if truth == Truth::False || group.none.is_empty() {
            return truth;
        }
        truth.and(self.one_of(&group.none).not())
    }

    fn one_of(&mut self, parts: &[Part]) -> Truth {
        let mut truth = Truth::False;
        for part in parts {
            truth = truth.or(self.part(part));
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    fn part(&mut self, part: &Part) -> Truth {
        match part {
            Part::Group(group) => self.group(group),
            Part::Test(number) => self.test(*number),
        }
    }

    fn test(&mut self, number: usize) -> Truth {
        let Self { residuals, scope, known } = self;
        if known.is_empty() {
            known.resize(residuals.tests.len(), None);
        }
        *known[number].get_or_insert_with(|| residuals.tests[number].truth(scope))
    }
}
