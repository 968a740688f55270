//! How people write the tests of a playbook, and reading them with the care of a playbook.

use std::collections::BTreeMap;

use quell_action::Catalogue;
use quell_action::exclusion::form::EntryForm;
use quell_action::exclusion::{Entry, EntryId, Source};
use quell_action::lists::Lists;
use quell_alert::Timestamp;
use quell_playbook::diagnostic::Diagnostic;
use quell_playbook::document::{Document, Unreadable};
use serde::Deserialize;
use serde_json::Value;

use super::expect::{Deed, Expect};
use super::given::{Given, calls_together};
use super::later::{Later, LaterForm};
use super::lists::{self, ListsGiven};
use super::sense::{is_of_nothing, offered};
use super::vary::{changed, crowd};
use super::world::Fault;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    /// The playbook that the tests are about says it; they may say it too.
    #[serde(default = "first")]
    language: u32,
    /// The alert of all tests that do not bring one of their own.
    #[serde(default)]
    alert: Option<Value>,
    tests: Vec<TestForm>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestForm {
    name: String,
    #[serde(default)]
    alert: Option<Value>,
    /// What is different in the alert.
    #[serde(default)]
    change: Option<Value>,
    /// How many made-up ones the alert names, by kind.
    #[serde(default)]
    crowd: Option<BTreeMap<String, usize>>,
    /// Changes with which the same is expected.
    #[serde(default)]
    same_with: Vec<Value>,
    /// Changes with which the alert starts nothing.
    #[serde(default)]
    not_with: Vec<Value>,
    /// Whether an earlier version of the alert came before.
    #[serde(default)]
    seen_before: bool,
    /// Alerts that come after it, and what of them belongs to its run.
    #[serde(default)]
    later: Vec<LaterForm>,
    #[serde(default)]
    inputs: Option<BTreeMap<String, Value>>,
    /// Who gives the inputs, where the playbook can be started in both ways.
    #[serde(default)]
    start: Option<Start>,
    #[serde(default)]
    before: Option<Value>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    given: Given,
    #[serde(default)]
    exclusions: Vec<EntryForm>,
    #[serde(default)]
    lists: ListsGiven,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    expect: Expect,
}

/// How a test with inputs is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Start {
    /// By a person.
    Manual,
    /// By another playbook.
    Called,
}

/// One test of a playbook, ready to be played.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// What it shows, in words.
    pub name: String,
    /// The alert that starts the playbook. Without one a person does, with the inputs, or the clock.
    pub alert: Option<AlertGiven>,
    pub(super) inputs: Option<BTreeMap<String, Value>>,
    pub(super) start: Option<Start>,
    pub(super) later: Vec<Later>,
    /// How the alert stood in the version before, where it is a newer one: a file, or the fields that stood otherwise.
    pub before: Option<AlertGiven>,
    pub(super) at: Timestamp,
    pub(super) at_is_told: bool,
    pub(super) seen_before: bool,
    pub(super) given: Given,
    pub(super) faults: Vec<Fault>,
    pub(super) drifts: Vec<Deed>,
    pub(super) exclusions: Vec<Entry>,
    pub(super) lists: Lists,
    pub(super) answers: BTreeMap<String, String>,
    pub(super) expect: Expect,
    /// Whether its alert is that of another test with something changed.
    pub(super) is_variant: bool,
}

impl Rehearsal {
    /// The actions that it expects to see done, or planned where the playbook observes.
    pub fn expects(&self) -> Vec<String> {
        let lists = [&self.expect.actions, &self.expect.would];
        let wanted =
            lists.into_iter().flatten().filter_map(|actions| actions.lines().ok().flatten()).flatten();
        wanted.filter(|wanted| !wanted.deed.undo).map(|wanted| wanted.deed.action).collect()
    }
}

/// Where the alert of a test is.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertGiven {
    /// In a file, named from the folder of the test.
    File(String),
    /// In the test itself, as its sender writes it.
    Inline(Value),
}

/// When tests happen that do not say when.
const NOON: &str = "2026-03-02T12:00:00Z";

/// Reads the tests of a playbook.
///
/// # Errors
/// All that is wrong with them, at its place.
pub fn read(file: &str, bytes: &[u8], catalogue: &Catalogue) -> Result<Vec<Rehearsal>, Unreadable> {
    let document = Document::read(file, bytes)?;
    let refused = |diagnostics| Unreadable { diagnostics, source: document.source().clone() };
    let form: FileForm = document.to_typed_after(calls_together).map_err(|wrong| refused(vec![*wrong]))?;
    let mut reader = Reader { document: &document, catalogue, wrong: Vec::new() };
    if form.language != 1 {
        reader.complain("language", "this version reads language 1");
    }
    if form.tests.is_empty() {
        reader.complain("tests", "there is no test in it");
    }
    let mut tests = Vec::new();
    let form_alert = form.alert;
    for (number, form) in form.tests.into_iter().enumerate() {
        tests.extend(reader.test(&format!("tests[{number}]"), form, form_alert.as_ref()));
    }
    if reader.wrong.is_empty() { Ok(tests) } else { Err(refused(reader.wrong)) }
}

fn first() -> u32 {
    1
}

struct Reader<'a> {
    document: &'a Document,
    catalogue: &'a Catalogue,
    wrong: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn complain(&mut self, place: &str, message: impl std::fmt::Display) {
        self.wrong.push(self.document.complain(place, format!("{place}: {message}")));
    }

    fn test(&mut self, place: &str, form: TestForm, of_all: Option<&Value>) -> Vec<Rehearsal> {
        let before = self.wrong.len();
        let at = form.at.as_deref().unwrap_or(NOON).parse::<Timestamp>();
        if at.is_err() {
            self.complain(
                &format!("{place}.at"),
                "this is no moment: write \"2026-03-02T12:00:00Z\", in quotes",
            );
        }
        if form.alert.is_some() && form.inputs.is_some() {
            self.complain(&format!("{place}.inputs"), "an alert gives no inputs: a test has one of the two");
        }
        if form.start.is_some() && form.inputs.is_none() {
            self.complain(&format!("{place}.start"), "says who gives the inputs, and there are none");
        }
        let alerts = self.alerts(place, &form, of_all);
        let later = self.later(place, &form.later, alerts.first().and_then(|(alert, ..)| alert.as_ref()));
        let earlier = form.before.as_ref().map(|before| self.earlier(place, before));
        let faults = self.faults(place, &form.given);
        let drifts = self.drifts(place, &form.given);
        let exclusions = self.exclusions(place, &form.exclusions);
        let lists = self.lists(place, &form.lists);
        self.expectations(place, &form.expect);
        let (Ok(at), Some(lists)) = (at, lists) else { return Vec::new() };
        if self.wrong.len() > before {
            return Vec::new();
        }
        let TestForm { name, inputs, start, given, answers, expect, seen_before, .. } = form;
        let first = Rehearsal {
            name,
            alert: None,
            inputs,
            start,
            later: Vec::new(),
            at,
            at_is_told: form.at.is_some(),
            seen_before,
            before: earlier.flatten(),
            given,
            faults,
            drifts,
            exclusions,
            lists,
            answers,
            expect,
            is_variant: false,
        };
        let one = |(alert, with, starts): (Option<AlertGiven>, Option<Value>, bool)| Rehearsal {
            name: with
                .as_ref()
                .map_or_else(|| first.name.clone(), |with| format!("{}, with {with}", first.name)),
            alert,
            is_variant: with.is_some(),
            // A variant shows what the first alert starts, and nothing of what comes after it.
            later: if with.is_none() { later.clone() } else { Vec::new() },
            expect: if starts { first.expect.clone() } else { Expect::not_matched() },
            ..first.clone()
        };
        alerts.into_iter().map(one).collect()
    }

    /// How the alert stood before: a file, or the fields that stood otherwise.
    fn earlier(&mut self, place: &str, before: &Value) -> Option<AlertGiven> {
        match before {
            Value::String(file) => Some(AlertGiven::File(file.clone())),
            Value::Object(_) => Some(AlertGiven::Inline(before.clone())),
            _ => {
                self.complain(
                    &format!("{place}.before"),
                    "is neither the name of a file nor fields of an alert",
                );
                None
            }
        }
    }

    /// The alert of a test, and its variants: what is changed, and whether they start the playbook.
    fn alerts(
        &mut self,
        place: &str,
        form: &TestForm,
        of_all: Option<&Value>,
    ) -> Vec<(Option<AlertGiven>, Option<Value>, bool)> {
        if form.inputs.is_some() {
            return vec![(None, None, true)];
        }
        let alert = match form.alert.as_ref().or(of_all) {
            None => return vec![(None, None, true)],
            Some(Value::String(file)) => {
                let varies = form.change.is_some() || form.crowd.is_some();
                if varies || !form.same_with.is_empty() || !form.not_with.is_empty() {
                    self.complain(&format!("{place}.alert"), "is in a file: write it here to change it");
                }
                return vec![(Some(AlertGiven::File(file.clone())), None, true)];
            }
            Some(alert @ Value::Object(_)) => alert,
            _ => {
                self.complain(&format!("{place}.alert"), "is neither the name of a file nor an alert");
                return Vec::new();
            }
        };
        let mut alert = form.change.as_ref().map_or_else(|| alert.clone(), |change| changed(alert, change));
        match form.crowd.as_ref().map(crowd).transpose() {
            Ok(crowd) => alert = crowd.map_or(alert.clone(), |crowd| changed(&alert, &crowd)),
            Err(why) => self.complain(&format!("{place}.crowd"), why),
        }
        let with = |change: &Value, starts| {
            (Some(AlertGiven::Inline(changed(&alert, change))), Some(change.clone()), starts)
        };
        let same = form.same_with.iter().map(|change| with(change, true));
        let not = form.not_with.iter().map(|change| with(change, false));
        let variants: Vec<_> = same.chain(not).collect();
        [(Some(AlertGiven::Inline(alert)), None, true)].into_iter().chain(variants).collect()
    }

    fn later(&mut self, place: &str, forms: &[LaterForm], of: Option<&AlertGiven>) -> Vec<Later> {
        if of.is_none() && !forms.is_empty() {
            self.complain(&format!("{place}.later"), "comes after an alert, and this test has none");
        }
        let alert = match of {
            Some(AlertGiven::Inline(alert)) => Some(alert),
            _ => None,
        };
        let mut read = Vec::new();
        for (number, form) in forms.iter().enumerate() {
            match form.read(alert) {
                Ok(one) => read.push(one),
                Err(why) => self.complain(&format!("{place}.later[{number}]"), why),
            }
        }
        read
    }

    fn faults(&mut self, place: &str, given: &Given) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (line, value) in &given.calls {
            let place = format!("{place}.given.calls.{line}");
            match Deed::read(line)
                .and_then(|deed| offered(deed, self.catalogue))
                .and_then(|deed| Fault::read(deed, value))
                .and_then(|fault| fault.can_be(self.catalogue).map(|()| fault))
            {
                Ok(fault) => faults.push(fault),
                Err(why) => self.complain(&place, why),
            }
        }
        faults
    }

    fn drifts(&mut self, place: &str, given: &Given) -> Vec<Deed> {
        let mut drifts = Vec::new();
        for (number, line) in given.drifts.iter().enumerate() {
            match Deed::read(line).and_then(|deed| offered(deed, self.catalogue)) {
                Ok(deed) => drifts.push(deed),
                Err(why) => self.complain(&format!("{place}.given.drifts[{number}]"), why),
            }
        }
        drifts
    }

    fn exclusions(&mut self, place: &str, forms: &[EntryForm]) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (number, form) in forms.iter().enumerate() {
            let id = EntryId(format!("test:{}", number + 1));
            match form.read(id, Source::Site, None, Some(self.catalogue)) {
                Ok(entry) => entries.push(entry),
                Err(problems) => {
                    for problem in problems {
                        let place = format!("{place}.exclusions[{number}].{}", problem.place);
                        self.complain(&place, problem.message);
                    }
                }
            }
        }
        entries
    }

    fn lists(&mut self, place: &str, given: &ListsGiven) -> Option<Lists> {
        match lists::read(given) {
            Ok(lists) => Some(lists),
            Err((name, why)) => {
                self.complain(&format!("{place}.lists.{name}"), why);
                None
            }
        }
    }

    fn expectations(&mut self, place: &str, expect: &Expect) {
        for (name, actions) in [("actions", &expect.actions), ("would", &expect.would)] {
            let Some(actions) = actions else { continue };
            let place = format!("{place}.expect.{name}");
            match actions.lines() {
                Ok(lines) => {
                    for wanted in lines.into_iter().flatten() {
                        if let Err(why) = offered(wanted.deed, self.catalogue) {
                            self.complain(&place, why);
                        }
                    }
                }
                Err(why) => self.complain(&place, why),
            }
        }
        if is_of_nothing(expect) {
            let why = "an alert that starts nothing does nothing: what else is expected is never looked at";
            self.complain(&format!("{place}.expect"), why);
        }
        if let Err(why) = expect.questions() {
            self.complain(&format!("{place}.expect.asks"), why);
        }
        if let Err(why) = expect.length() {
            self.complain(&format!("{place}.expect.ends_after"), why);
        }
        if let Some(word) = &expect.outcome
            && serde_json::from_value::<crate::Finish>(Value::from(word.as_str())).is_err()
        {
            self.complain(&format!("{place}.expect.outcome"), format!("no run ends {word:?}"));
        }
    }
}
