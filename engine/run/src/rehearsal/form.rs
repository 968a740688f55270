//! How people write the tests of a playbook, and reading them with the care of a playbook.

use std::collections::BTreeMap;

use quell_action::exclusion::form::EntryForm;
use quell_action::exclusion::{Entry, EntryId, Source};
use quell_action::lists::Lists;
use quell_action::{Catalogue, Protected};
use quell_alert::Timestamp;
use quell_playbook::diagnostic::Diagnostic;
use quell_playbook::document::{Document, Unreadable};
use serde::Deserialize;
use serde_json::Value;

use super::expect::{Deed, Expect};
use super::lists::{self, ListsGiven};
use super::world::Fault;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    language: u32,
    tests: Vec<TestForm>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestForm {
    name: String,
    alert: Value,
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

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Given {
    /// What is known of people whom the alert names; the others are ordinary people, known everywhere.
    pub(super) accounts: Vec<SomebodyGiven>,
    /// The same of devices.
    pub(super) devices: Vec<SomebodyGiven>,
    /// The systems whose directories do not answer.
    pub(super) away: Vec<String>,
    /// What does not last, though it was done: somebody takes it back behind our back.
    pub(super) drifts: Vec<String>,
    /// What calls come to, by action: `account.disable of alice at okta`.
    calls: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SomebodyGiven {
    pub(super) name: String,
    #[serde(default = "yes")]
    pub(super) known: bool,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) privileged: bool,
    #[serde(default)]
    pub(super) protected: Option<Protected>,
    /// The systems that know them; all where it is left out.
    #[serde(default)]
    pub(super) at: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}

/// One test of a playbook, ready to be played.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// What it shows, in words.
    pub name: String,
    /// The alert.
    pub alert: AlertGiven,
    pub(super) at: Timestamp,
    pub(super) given: Given,
    pub(super) faults: Vec<Fault>,
    pub(super) drifts: Vec<Deed>,
    pub(super) exclusions: Vec<Entry>,
    pub(super) lists: Lists,
    pub(super) answers: BTreeMap<String, String>,
    pub(super) expect: Expect,
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
    let form: FileForm = document.to_typed().map_err(|wrong| refused(vec![*wrong]))?;
    let mut reader = Reader { document: &document, catalogue, wrong: Vec::new() };
    if form.language != 1 {
        reader.complain("language", "this version reads language 1");
    }
    if form.tests.is_empty() {
        reader.complain("tests", "there is no test in it");
    }
    let mut tests = Vec::new();
    for (number, form) in form.tests.into_iter().enumerate() {
        tests.extend(reader.test(&format!("tests[{number}]"), form));
    }
    if reader.wrong.is_empty() { Ok(tests) } else { Err(refused(reader.wrong)) }
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

    fn test(&mut self, place: &str, form: TestForm) -> Option<Rehearsal> {
        let before = self.wrong.len();
        let at = form.at.as_deref().unwrap_or(NOON).parse::<Timestamp>();
        if at.is_err() {
            self.complain(&format!("{place}.at"), "is no moment: write \"2026-03-02T12:00:00Z\", in quotes");
        }
        let alert = self.alert(place, form.alert);
        let faults = self.faults(place, &form.given);
        let drifts = self.drifts(place, &form.given);
        let exclusions = self.exclusions(place, &form.exclusions);
        let lists = self.lists(place, &form.lists);
        self.expectations(place, &form.expect);
        (self.wrong.len() == before).then_some(())?;
        let TestForm { name, given, answers, expect, .. } = form;
        Some(Rehearsal {
            name,
            alert: alert?,
            at: at.ok()?,
            given,
            faults,
            drifts,
            exclusions,
            lists: lists?,
            answers,
            expect,
        })
    }

    fn alert(&mut self, place: &str, alert: Value) -> Option<AlertGiven> {
        match alert {
            Value::String(file) => Some(AlertGiven::File(file)),
            Value::Object(_) => Some(AlertGiven::Inline(alert)),
            _ => {
                self.complain(&format!("{place}.alert"), "is neither the name of a file nor an alert");
                None
            }
        }
    }

    fn faults(&mut self, place: &str, given: &Given) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (line, value) in &given.calls {
            let place = format!("{place}.given.calls.{line}");
            match Deed::read(line)
                .and_then(|deed| self.offered(deed))
                .and_then(|deed| Fault::read(deed, value))
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
            match Deed::read(line).and_then(|deed| self.offered(deed)) {
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
                Ok(deeds) => {
                    for deed in deeds {
                        if let Err(why) = self.offered(deed) {
                            self.complain(&place, why);
                        }
                    }
                }
                Err(why) => self.complain(&place, why),
            }
        }
        if let Some(word) = &expect.outcome
            && serde_json::from_value::<crate::Finish>(Value::from(word.as_str())).is_err()
        {
            self.complain(&format!("{place}.expect.outcome"), format!("no run ends {word:?}"));
        }
    }

    /// A misspelt action would never be seen, and never fail.
    fn offered(&self, deed: Deed) -> Result<Deed, String> {
        let offered: Vec<&str> = self.catalogue.named(&deed.action).map(|info| info.spec.provider).collect();
        match &deed.at {
            _ if offered.is_empty() => Err(format!("there is no action {}", deed.action)),
            Some(at) if !offered.contains(&at.as_str()) => {
                Err(format!("{} is not offered at {at}", deed.action))
            }
            _ => Ok(deed),
        }
    }
}
