//! Following the chain from its first record to its last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Anchor, AuditRecord, Audited, NOTHING, digest_of, link, record_key};
use crate::alerts::{self, AlertVersion};
use crate::engine::Scan;
use crate::error::StoreError;
use crate::journal::{line_key, summary_key};
use crate::keys;
use crate::record::{self, Kind, readable};
use crate::store::Store;

/// What following the chain came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    /// How many records were followed.
    pub records: u64,
    /// The first record that is kept; those before it were forgotten with age.
    pub first: Option<u64>,
    /// Where the chain ends: keep this elsewhere.
    pub end: Option<Anchor>,
    /// The first place where something is wrong.
    pub broken: Option<Break>,
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// The record's number.
    pub number: u64,
    /// What is wrong.
    pub why: String,
}

/// A walk along the chain.
struct Walk<'a> {
    store: &'a Store,
    anchor: Option<&'a Anchor>,
    verdict: AuditVerdict,
    /// The number and the hash that come next.
    expected: (u64, String),
    /// What is not there any more, with the first record about it, until a record says that it was forgotten.
    gone: BTreeMap<String, u64>,
}

pub(super) fn verify(store: &Store, anchor: Option<&Anchor>) -> Result<AuditVerdict, StoreError> {
    loop {
        let start = start(store)?;
        let verdict = verify_from(store, anchor, start.as_ref())?;
        // What was forgotten with age while we walked is missing as well, and nobody has taken it away.
        if verdict.broken.is_none() || start == self::start(store)? {
            return Ok(verdict);
        }
    }
}

/// Where the log begins: the last record that was forgotten.
fn start(store: &Store) -> Result<Option<Anchor>, StoreError> {
    store.read(Kind::AuditEnd, keys::AUDIT_START.as_bytes())
}

fn verify_from(
    store: &Store,
    anchor: Option<&Anchor>,
    start: Option<&Anchor>,
) -> Result<AuditVerdict, StoreError> {
    // The end first: what is written meanwhile comes after it.
    let end: Option<Anchor> = match store.read(Kind::AuditEnd, keys::AUDIT_END.as_bytes()) {
        Err(StoreError::Damaged { reason, .. }) => {
            let broken = Some(Break {
                number: 0,
                why: format!("the note of where the log ends is damaged: {reason}"),
            });
            return Ok(AuditVerdict { records: 0, first: None, end: None, broken });
        }
        read => read?,
    };
    let verdict = AuditVerdict { records: 0, first: None, end: end.clone(), broken: None };
    if let (Some(start), Some(anchor)) = (start, anchor)
        && let Some(why) = before_the_start(start, anchor)
    {
        let broken = Some(Break { number: anchor.number, why });
        return Ok(AuditVerdict { broken, ..verdict });
    }
    let expected =
        start.map_or_else(|| (0, NOTHING.to_owned()), |start| (start.number + 1, start.hash.clone()));
    let mut walk = Walk { store, anchor, verdict, expected, gone: BTreeMap::new() };
    walk.follow(end.as_ref())?;
    walk.forgotten_meanwhile()?;
    walk.close(end.as_ref());
    Ok(walk.verdict)
}

/// What is wrong with an anchor whose record was forgotten with age: only of the last one of those is the hash still known.
fn before_the_start(start: &Anchor, anchor: &Anchor) -> Option<String> {
    if anchor.number < start.number {
        return Some(format!(
            "record {} of the anchor was forgotten with age, and whether the log went through it cannot be said any more: \
             the log begins with record {}; use a newer anchor",
            anchor.number,
            start.number + 1
        ));
    }
    (anchor.number == start.number && anchor.hash != start.hash)
        .then(|| "it is not the record that the anchor names: the log was written anew".to_owned())
}

impl Walk<'_> {
    /// Record by record, until one is wrong, or up to the end that was noted.
    fn follow(&mut self, end: Option<&Anchor>) -> Result<(), StoreError> {
        let mut scan = Scan::prefix(keys::AUDIT_RECORD);
        loop {
            let page = self.store.scan(&scan)?;
            for (key, bytes) in &page.pairs {
                if end.is_some_and(|end| self.expected.0 > end.number) {
                    return Ok(());
                }
                let wrong = match record::decode::<AuditRecord>(Kind::Audit, key, bytes) {
                    Ok(record) => self.step(&record)?,
                    Err(error) => Some(error.to_string()),
                };
                if let Some(why) = wrong {
                    self.verdict.broken = Some(Break { number: self.expected.0, why });
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => scan.from = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// What is wrong with the next record, if anything is.
    fn step(&mut self, record: &AuditRecord) -> Result<Option<String>, StoreError> {
        let (number, previous) = &self.expected;
        if record.number != *number {
            return Ok(Some(format!(
                "record {} stands where record {number} belongs: it is missing",
                record.number
            )));
        }
        if record.previous != *previous {
            return Ok(Some("it does not follow the record before it: one of the two was changed".into()));
        }
        if link(record.number, record.at, &record.what, &record.digest, &record.previous) != record.hash {
            return Ok(Some("its hash is not its own: it was changed".into()));
        }
        if self.anchor.is_some_and(|anchor| anchor.number == record.number && anchor.hash != record.hash) {
            return Ok(Some("it is not the record that the anchor names: the log was written anew".into()));
        }
        match held_against(self.store, record)? {
            Held::Fits => {}
            Held::Gone(name) => drop(self.gone.entry(name).or_insert(record.number)),
            Held::Wrong(why) => return Ok(Some(why)),
        }
        if let Audited::RunForgotten { .. } | Audited::AlertForgotten { .. } = &record.what {
            self.gone.remove(&thing(&record.what));
        }
        self.verdict.first.get_or_insert(record.number);
        self.verdict.records += 1;
        self.expected = (record.number + 1, record.hash.clone());
        Ok(None)
    }

    /// What was forgotten while we walked is told after the end that we noted.
    fn forgotten_meanwhile(&mut self) -> Result<(), StoreError> {
        if self.gone.is_empty() {
            return Ok(());
        }
        let later = Scan::prefix(keys::AUDIT_RECORD).from(record_key(self.expected.0));
        let gone = &mut self.gone;
        self.store.walk(Kind::Audit, later, |record: AuditRecord| {
            if let Audited::RunForgotten { .. } | Audited::AlertForgotten { .. } = &record.what {
                gone.remove(&thing(&record.what));
            }
            Ok(true)
        })
    }

    /// The chain must end where it was noted that it ends, and reach the anchor.
    fn close(&mut self, end: Option<&Anchor>) {
        if self.verdict.broken.is_some() {
            return;
        }
        let (next, hash) = &self.expected;
        let broken = |why: String| Some(Break { number: *next, why });
        let noted = end.map_or((0, NOTHING), |end| (end.number + 1, end.hash.as_str()));
        if (*next, hash.as_str()) != noted {
            self.verdict.broken =
                broken(format!("the log should go on up to record {}", noted.0.saturating_sub(1)));
        } else if let Some(anchor) = self.anchor.filter(|anchor| anchor.number >= *next) {
            self.verdict.broken =
                broken(format!("the log ends before record {} of the anchor: it was cut", anchor.number));
        } else if let Some((name, number)) = self.gone.iter().min_by_key(|(_, number)| **number) {
            let why =
                format!("what it is about is missing, and no record says that it was forgotten: {name}");
            self.verdict.broken = Some(Break { number: *number, why });
        }
    }
}

/// What became of that which a record is about.
enum Held {
    /// It is as it was, or there is nothing to hold against it.
    Fits,
    /// It is not there any more: the run, or the alert, of this name.
    Gone(String),
    /// It is not as it was.
    Wrong(String),
}

fn held_against(store: &Store, record: &AuditRecord) -> Result<Held, StoreError> {
    let what = &record.what;
    let is_kept = matches!(what, Audited::Line { .. } | Audited::Alert { .. });
    Ok(match content(store, what) {
        Ok(Some(content)) if digest_of(&content) != record.digest => {
            Held::Wrong(format!("what it is about was changed: {}", name(what)))
        }
        Ok(None) if is_in_part(store, what)? => {
            Held::Wrong(format!("what it is about is missing: {}", name(what)))
        }
        Ok(None) if is_kept => Held::Gone(thing(what)),
        Ok(_) => Held::Fits,
        Err(StoreError::Damaged { reason, .. }) => {
            Held::Wrong(format!("what it is about is damaged: {}: {reason}", name(what)))
        }
        Err(error) => return Err(error),
    })
}

/// The content that a record's digest was made of, where it is still there.
pub(super) fn content(store: &Store, what: &Audited) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(match what {
        Audited::Line { run, number } => {
            let key = line_key(run, *number);
            let Some(bytes) = store.get(&key)? else { return Ok(None) };
            // As it stands on disk: a newer version of this program might write the same line otherwise.
            let damaged =
                |reason: &str| StoreError::Damaged { key: readable(&key), reason: reason.to_owned() };
            Some(record::check(&key, &bytes).map_err(damaged)?.to_vec())
        }
        Audited::Alert { detection, version } => {
            let key = alerts::version_key(detection, version);
            store.read::<AlertVersion>(Kind::AlertVersion, &key)?.map(|version| version.raw().to_vec())
        }
        _ => None,
    })
}

/// Whether the rest of it is still there: a run is forgotten as a whole.
fn is_in_part(store: &Store, what: &Audited) -> Result<bool, StoreError> {
    match what {
        Audited::Line { run, .. } => Ok(store.get(&summary_key(run))?.is_some()),
        _ => Ok(false),
    }
}

fn name(what: &Audited) -> String {
    match what {
        Audited::Line { number, .. } => format!("line {number} of {}", thing(what)),
        Audited::Alert { .. } => format!("a version of {}", thing(what)),
        _ => thing(what),
    }
}

/// What is kept, and forgotten, as a whole.
fn thing(what: &Audited) -> String {
    match what {
        Audited::Line { run, .. } | Audited::RunForgotten { run } => format!("run {run}"),
        Audited::Attached { run, alert } => format!("alert {alert} attached to run {run}"),
        Audited::Alert { detection, .. } | Audited::AlertForgotten { detection } => {
            format!("alert {detection}")
        }
        Audited::LogForgotten { .. } => "the beginning of the log".to_owned(),
        Audited::AnswerRefused(_) => "a refused answer".to_owned(),
        Audited::Paused { .. } | Audited::Resumed { .. } => "the pause".to_owned(),
        Audited::ListEntryAdded { list, .. } | Audited::ListEntryRemoved { list, .. } => {
            format!("list {list}")
        }
        Audited::ExclusionAdded { id, .. } | Audited::ExclusionRemoved { id, .. } => {
            format!("exclusion {id}")
        }
        Audited::ExclusionFile { .. } => "the exclusion file".to_owned(),
    }
}
