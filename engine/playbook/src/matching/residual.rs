//! What the index does not decide: evaluated for candidates only, each distinct condition, and each distinct group of
//! them, once per alert. Playbooks are many, and what they have left to ask is mostly the same.

use std::collections::HashMap;

use crate::condition::{Group, Item, Test, Truth};
use crate::scope::AlertScope;

/// The residual conditions of all playbooks, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Residuals {
    /// For each playbook, which of the groups is its own.
    of_playbook: Vec<usize>,
    groups: Vec<Compiled>,
    group_numbers: HashMap<Compiled, usize>,
    tests: Vec<Test>,
    test_numbers: HashMap<String, usize>,
}

/// A group whose tests are numbers.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
struct Compiled {
    all: Vec<Part>,
    any: Vec<Part>,
    none: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Test(usize),
    Group(Compiled),
}

impl Residuals {
    /// Adds the residual of the next playbook.
    pub(super) fn add(&mut self, group: Group) {
        let compiled = self.compile(group);
        let Self { of_playbook, groups, group_numbers, .. } = self;
        let number = *group_numbers.entry(compiled).or_insert_with_key(|compiled| {
            groups.push(compiled.clone());
            groups.len() - 1
        });
        of_playbook.push(number);
    }

    /// Begins to judge one alert.
    pub(super) fn judge<'a>(&'a self, scope: AlertScope<'a>) -> Judged<'a> {
        Judged { residuals: self, scope, groups: Vec::new(), tests: Vec::new() }
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
        if let Some(number) = self.test_numbers.get(&written) {
            return *number;
        }
        let number = self.tests.len();
        self.tests.push(test);
        self.test_numbers.insert(written, number);
        number
    }
}

/// One alert being judged.
pub(super) struct Judged<'a> {
    residuals: &'a Residuals,
    scope: AlertScope<'a>,
    /// Whether each group holds, by its number; made when the first one is asked, as are the tests.
    groups: Vec<Option<bool>>,
    /// What each test has come to.
    tests: Vec<Option<Truth>>,
}

impl Judged<'_> {
    /// Whether the residual of this playbook holds.
    pub(super) fn holds(&mut self, playbook: usize) -> bool {
        let residuals = self.residuals;
        let number = residuals.of_playbook[playbook];
        if self.groups.is_empty() {
            self.groups.resize(residuals.groups.len(), None);
        }
        if let Some(holds) = self.groups[number] {
            return holds;
        }
        let holds = self.group(&residuals.groups[number]).is_true();
        self.groups[number] = Some(holds);
        holds
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
        let Self { residuals, scope, tests, .. } = self;
        if tests.is_empty() {
            tests.resize(residuals.tests.len(), None);
        }
        *tests[number].get_or_insert_with(|| residuals.tests[number].truth(scope))
    }
}
