//! The story that is told at every point.

use quell_api::{AddExclusion, AddToList, Backup, NewEntry, Operations, PauseOrder, UndoOrder};
use quell_run::{RunFilter, RunStatus, RunSummary};
use quell_tests::waiting::until;
use serde_json::{Value, json};

use crate::alert::dcsync;
use crate::lives::{End, Lives};
use crate::outcome::{Outcome, outcome};
use crate::stage::Stage;

/// Whom the alerts are about: two of them are cut off, the third is excluded, the fourth is cut off for a moment.
const ABOUT: [(&str, u32, &str); 4] =
    [("alice", 1104, CONTAIN), ("bob", 1105, CONTAIN), ("dave", 1107, CONTAIN), ("erin", 1108, FOR_A_WHILE)];

/// The titles by which the playbooks know their alerts.
const CONTAIN: &str = "Replication";
const FOR_A_WHILE: &str = "Forged ticket";

/// A record that cannot be read.
const BROKEN: &[u8] = b"{\"Type\": \"SecurityAlert\", \"SystemAlertId\": \"cut in the mid";

/// Tells the story with an engine that dies so, and returns what has come of it and how often the engine died.
pub async fn tell(stage: &Stage, ends: Vec<End>) -> (Outcome, usize) {
    let mut lives = Lives::begin(stage, ends);
    prepare(&mut lives).await;
    let records = records();
    stage.broker.send_all(&stage.topic, &records).await;
    finished(&mut lives, "every alert has its run, and all have ended").await;
    take_back(&mut lives, "bob").await;
    copy(&mut lives, stage).await;
    let all = finished(&mut lives, "what was taken back is taken back").await;
    let records = i64::try_from(records.len()).unwrap();
    until("everything is committed", async || {
        lives.tend().await;
        (stage.committed() == Some(records)).then_some(())
    })
    .await;
    let outcome = outcome(&mut lives, stage, &all).await;
    let deaths = lives.deaths;
    lives.stop().await;
    (outcome, deaths)
}

/// What the operator does before anything happens.
async fn prepare(lives: &mut Lives<'_>) {
    let entry = json!({ "account": { "upn": "dave@contoso.example" }, "because": "He is needed" });
    lives
        .order("somebody is excluded", async |engine| {
            engine.exclude(&AddExclusion { entry: entry.clone(), by: "olivia".into() }).await
        })
        .await;
    let value = NewEntry { value: "nobody".into(), because: None, until: None };
    let order = AddToList { list: "seen".into(), entries: vec![value], by: "olivia".into() };
    lives.order("a value is put into a list", async |engine| engine.add_to_list(&order).await).await;
    let order = PauseOrder { by: "olivia".into(), because: "I want to look".into() };
    lives.order("the engine is paused", async |engine| engine.pause(&order).await).await;
    lives.order("the engine goes on", async |engine| engine.resume("olivia").await).await;
}

/// Everything that is produced: each alert, the first of them twice, and the record that cannot be read.
fn records() -> Vec<Vec<u8>> {
    let mut records: Vec<Vec<u8>> = ABOUT.iter().map(|(name, rid, title)| alert(name, *rid, title)).collect();
    records.insert(1, records[0].clone());
    records.insert(3, BROKEN.to_vec());
    records
}

fn alert(name: &str, rid: u32, title: &str) -> Vec<u8> {
    let sid = format!("S-1-5-21-1004336348-1177238915-682003330-{rid}");
    let entity = json!({ "$id": "3", "Type": "account", "Name": name, "NTDomain": "CONTOSO", "Sid": sid });
    let mut alert: Value = serde_json::from_slice(&dcsync(entity).bytes()).unwrap();
    for key in ["SystemAlertId", "VendorOriginalId"] {
        alert[key] = json!(format!("the-alert-about-{name}"));
    }
    for key in ["AlertName", "DisplayName"] {
        alert[key] = json!(title);
    }
    serde_json::to_vec(&alert).unwrap()
}

/// All runs, as soon as there are all of them and nothing is left to do for any.
async fn finished(lives: &mut Lives<'_>, what: &str) -> Vec<RunSummary> {
    // The two that are cut off have called one more each.
    const RUNS: usize = ABOUT.len() + 2;
    lives
        .until(what, async |engine| {
            let runs = engine.runs(&RunFilter::default()).await.ok()?;
            let over = |run: &RunSummary| run.status == RunStatus::Finished && !run.open;
            (runs.len() >= RUNS && runs.iter().all(over)).then_some(runs)
        })
        .await
}

/// The operator wants somebody back.
async fn take_back(lives: &mut Lives<'_>, name: &str) {
    let about = format!("the-alert-about-{name}");
    let is_it = |run: &RunSummary| run.alert.as_str() == about && run.playbook.name.to_string() == "contain";
    let run = lives
        .until("the run is found", async |engine| {
            engine.runs(&RunFilter::default()).await.ok()?.into_iter().find(is_it)
        })
        .await;
    let order = UndoOrder { run: run.id.0, task: None, lane: None, by: "olivia".into(), dry: false };
    lives.order("a run is taken back", async |engine| engine.undo(&order).await).await;
}

/// The store is copied while it works. A copy that was made before its answer came is there already.
async fn copy(lives: &mut Lives<'_>, stage: &Stage) {
    let mut number = 0;
    lives
        .order("the store is copied", async |engine| {
            number += 1;
            engine.backup(&Backup { file: stage.path(&format!("copy-{number}")) }).await
        })
        .await;
}
