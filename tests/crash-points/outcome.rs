//! What has come of a story: what two tellings are compared by.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use quell_api::{AuditPage, Operations};
use quell_run::RunSummary;
use serde_json::Value;

use crate::lives::Lives;
use crate::stage::Stage;

/// What has come of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How often each thing was changed from what to what, for each account. What may be repeated without harm, and
    /// cannot be read back (ended sessions), counts once.
    pub effects: BTreeMap<String, usize>,
    /// Of each run, by playbook and alert: how it ended, and the counts of its tasks.
    pub runs: BTreeMap<String, String>,
    /// How far the group has committed.
    pub committed: Option<i64>,
    /// The records that could not be read, by their bytes. One may be there twice: it is sent again where nobody knows.
    pub letters: BTreeSet<String>,
    /// What the chain of the audit log is about: how often each alert was accepted, and how many lines it has of the
    /// journal's.
    pub audited: BTreeMap<String, usize>,
}

/// Asks everybody what has come of it.
pub async fn outcome(lives: &mut Lives<'_>, stage: &Stage, runs: &[RunSummary]) -> Outcome {
    let verdict =
        lives.order("the audit log is followed", async |engine| engine.audit_verify(None).await).await;
    assert_eq!(verdict.broken, None, "the chain is broken\n{}", stage.log());
    Outcome {
        effects: effects(stage),
        runs: runs.iter().map(|run| (name_of(run), told(run))).collect(),
        committed: stage.committed(),
        letters: letters(stage).await,
        audited: audited(lives, runs).await,
    }
}

fn effects(stage: &Stage) -> BTreeMap<String, usize> {
    let world: Value = serde_json::from_slice(&fs::read(stage.path("lab/lab.json")).unwrap()).unwrap();
    let mut effects = BTreeMap::new();
    for change in world["history"].as_array().unwrap() {
        let text = |key: &str| change[key].to_string().replace('"', "");
        let what = format!("{} {} {}", text("provider"), text("of"), text("attribute"));
        // A session that is ended again is another moment, and no other effect.
        if ["sessions", "sign_in"].contains(&text("attribute").as_str()) {
            effects.insert(what, 1);
            continue;
        }
        *effects
            .entry(format!("{what} {} to {} by {}", text("from"), text("to"), text("by")))
            .or_default() += 1;
    }
    effects
}

fn name_of(run: &RunSummary) -> String {
    format!("{} {}", run.playbook.name, run.alert)
}

fn told(run: &RunSummary) -> String {
    format!("{:?} {:?}", run.finish, run.counts)
}

async fn letters(stage: &Stage) -> BTreeSet<String> {
    if stage.form.letters_in_topic {
        let letters = stage.broker.read(&stage.letters, 1).await;
        let bytes = letters.iter().map(|letter| rdkafka::Message::payload(letter).unwrap_or_default());
        return bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect();
    }
    let text = fs::read_to_string(stage.path("letters.jsonl")).unwrap();
    // A letter that was cut off in its middle is no letter: its record came again.
    let letters = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    letters.map(|letter| letter["text"].as_str().unwrap().to_owned()).collect()
}

/// Every record of the chain is counted by what it is about. Every line of every journal stands there once.
async fn audited(lives: &mut Lives<'_>, runs: &[RunSummary]) -> BTreeMap<String, usize> {
    let page = AuditPage { from: 0, most: 1000 };
    let records = lives.order("the audit log is read", async |engine| engine.audit_export(&page).await).await;
    let mut lines: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut audited = BTreeMap::new();
    for what in records.iter().map(|record| &record["what"]) {
        if let Some(line) = what.get("line") {
            let run = line["run"].as_str().unwrap().to_owned();
            let news = lines.entry(run).or_default().insert(line["number"].as_u64().unwrap());
            assert!(news, "a line stands twice in the chain: {line}");
        } else if let Some(alert) = what.get("alert") {
            *audited.entry(alert.to_string()).or_default() += 1;
        } else {
            // What an operator asked for may have been asked for twice.
            let kind = what.as_object().and_then(|what| what.keys().next()).unwrap();
            audited.insert(kind.clone(), 1);
        }
    }
    for run in runs {
        let known: BTreeSet<u64> = (0..run.lines).collect();
        assert_eq!(lines.remove(&run.id.0), Some(known), "the lines of {} in the chain", name_of(run));
    }
    assert!(lines.is_empty(), "the chain knows of runs that are not there: {lines:?}");
    audited
}
