//! What a playbook sees of an alert that comes in parts or in versions, and what is kept of the bytes that it came in.

use quell_alert::{Alert, Decoded, Severity, decode};
use quell_run::{Plan, RunState};
use serde_json::{Value, json};

use super::*;
use crate::records::raw_of;

const SEVERE: &str = "language: 1
playbook: severe
title: Whoever is in something severe
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: high }
for_each: account
steps:
  - stop: { outcome: done }
";

const UPDATED: &str = "language: 1
playbook: updated
title: What has become severe
mode: act
when:
  alert:
    states: [updated]
    all:
      - alert.severity: { at_least: high }
steps:
  - stop: { outcome: done }
";

async fn start(folder: &Path) -> Process {
    fs::create_dir(folder.join("playbooks")).unwrap();
    fs::write(folder.join("playbooks/severe.yaml"), SEVERE).unwrap();
    fs::write(folder.join("playbooks/updated.yaml"), UPDATED).unwrap();
    Process::with(&MemoryDisk::new(), folder, false, &folder.join("playbooks"), Vec::new()).await
}

/// Decides all alerts of a message, one after the other, and returns the plans that came of them.
async fn decide(decider: &Decider, message: &Value) -> Vec<Plan> {
    let bytes = message.to_string().into_bytes();
    let mut plans = Vec::new();
    for decoded in decode(&bytes) {
        let Decoded::Alert(alert) = decoded else { continue };
        let (alert, raw) = (Arc::new(Alert::clone(&alert)), raw_of(&alert, &bytes, false));
        let decided = decider.decide(&alert, &raw, &json!({}), &mut Vec::new()).await.unwrap();
        let Decision::Accepted { runs, .. } = decided else { panic!("it was decided before: {decided:?}") };
        for run in runs {
            let state = RunState::replay(&decider.store.runs().lines(&run).await.unwrap()).unwrap();
            plans.push(state.plan().clone());
        }
    }
    plans
}

fn sample() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("tests/alert/samples/own/xdr-head-and-evidence.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// What says who: alice, or somebody else whom it names in the same way.
fn evidence(alert: &str, who: &str) -> Value {
    let mut record = sample()["records"][1].clone();
    record["properties"]["AlertId"] = alert.into();
    serde_json::from_str(
        &record.to_string().replace("alice", who).replace("1104", &(1200 + who.len()).to_string()),
    )
    .unwrap()
}

/// What says how bad it is.
fn head(alert: &str) -> Value {
    let mut record = sample()["records"][2].clone();
    record["properties"]["AlertId"] = alert.into();
    record
}

/// The evidence, under the same product as the head.
fn of_one_product(mut evidence: Value) -> Value {
    evidence["properties"]["ServiceSource"] = head("a-1")["properties"]["ServiceSource"].clone();
    evidence
}

fn message(records: &[Value]) -> Value {
    json!({ "records": records })
}

fn names(plan: &Plan) -> Vec<String> {
    let persons = plan.alert.entities.persons();
    let mut names: Vec<String> = persons.map(|person| format!("{:?}", person.identifiers)).collect();
    names.sort();
    names
}

fn is_about(plan: &Plan, who: &str) -> bool {
    names(plan).iter().any(|name| name.contains(&format!("{who}@contoso.example")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_comes_in_parts_is_seen_whole_in_whatever_order() {
    let alike: fn(Value) -> Value = |evidence| evidence;
    for (head_first, made) in [(false, alike), (true, alike), (false, of_one_product), (true, of_one_product)]
    {
        let folder = tempfile::tempdir().unwrap();
        let process = start(folder.path()).await;
        let decider = &process.pipeline.decider;
        let mut parts = [message(&[made(evidence("a-1", "alice"))]), message(&[head("a-1")])];
        if head_first {
            parts.reverse();
        }
        let mut plans = decide(decider, &parts[0]).await;
        plans.extend(decide(decider, &parts[1]).await);
        let last = plans.last().expect("the whole of it starts a run");
        assert_eq!(last.playbook.name.0, "severe", "a part is no update of another one");
        assert_eq!(last.alert.severity, Some(Severity::High));
        assert!(is_about(last, "alice"), "{:?}", names(last));
        // Evidence that comes later names others: they are not taken for those who were seen to.
        let later = decide(decider, &message(&[made(evidence("a-1", "bobby-late"))])).await;
        assert!(later.iter().any(|plan| is_about(plan, "bobby-late")), "head first: {head_first}");
        decider.engine.idle().await;
    }
}

/// What is kept of a part is the message that it came in, and that tells of others too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_drawn_into_an_alert_by_what_came_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let process = start(folder.path()).await;
    let decider = &process.pipeline.decider;
    decide(decider, &message(&[evidence("a-1", "alice"), evidence("a-2", "bobby-late")])).await;
    let plans = decide(decider, &message(&[head("a-2"), head("a-1")])).await;
    assert_eq!(plans.len(), 2);
    for plan in &plans {
        let whose = if plan.alert.id.as_str().contains("a-1") { "alice" } else { "bobby-late" };
        assert_eq!(names(plan).len(), 1, "{:?}", names(plan));
        assert!(is_about(plan, whose), "{}: {:?}", plan.alert.id, names(plan));
    }
    decider.engine.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_starts_what_asks_for_updates_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let process = start(folder.path()).await;
    let decider = &process.pipeline.decider;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("examples/alerts/01-dcsync.json")).unwrap();
    let mut alert: Value = serde_json::from_slice(&bytes).unwrap();
    let mut version = async |severity: &str, hour: u32| {
        alert["AlertSeverity"] = severity.into();
        for key in ["TimeGenerated", "ProcessingEndTime"] {
            alert[key] = format!("2026-03-02T{hour:02}:00:00Z").into();
        }
        decide(decider, &alert).await
    };
    assert_eq!(version("Low", 9).await.len(), 0);
    let plans = version("High", 10).await;
    let playbooks: Vec<&str> = plans.iter().map(|plan| plan.playbook.name.0.as_str()).collect();
    assert_eq!(playbooks, ["updated"]);
    let before = plans[0].alert.before.as_ref().expect("it knows how it stood before");
    assert_eq!((before.severity, &before.changed[..]), (Some(Severity::Low), &["severity".to_owned()][..]));
    decider.engine.idle().await;
}

#[test]
fn what_came_in_alone_is_kept_untouched_and_what_did_not_is_kept_for_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("examples/alerts/01-dcsync.json")).unwrap();
    let Some(Decoded::Alert(alert)) = decode(&bytes).into_iter().next() else { panic!("it is an alert") };
    assert_eq!(raw_of(&alert, &bytes, true), bytes);
    let own = decode(&raw_of(&alert, b"with others", false));
    assert!(matches!(&own[..], [Decoded::Alert(own)] if own.version_key() == alert.version_key()), "{own:?}");
    let part = message(&[evidence("a-1", "alice")]).to_string();
    let Some(Decoded::Alert(alert)) = decode(part.as_bytes()).into_iter().next() else {
        panic!("it is a part")
    };
    assert_eq!(raw_of(&alert, b"with others", false), b"with others");
}
