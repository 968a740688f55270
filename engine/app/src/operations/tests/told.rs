//! What operators are told of runs and of people, and what is taken back, over the made-up tenant.

use quell_api::{RefusalKind, TaskResult};
use quell_run::{Batch, Entry, Journal as _, Line};

use super::*;
use crate::operations::store;

mod in_force;

const TWO: &str = "language: 1
playbook: two
title: Cut two off
mode: act
when: { manual: true }
inputs: { one: account, other: account }
for_each: account
steps:
  - do: account.disable
    at: [okta]
";

const MIXED: &str = "language: 1
playbook: mixed
title: Cut one off
mode: act
when: { manual: true }
inputs: { target: account }
for_each: account
steps:
  - do: account.disable
    at: [okta]
  - do: account.force_password_change
    at: [active_directory]
  - do: account.revoke_sessions
    at: [entra_id]
    retry: { attempts: 1 }
";

const ALICE_IN_AD: &str = "11111111-1111-4111-8111-000000001104";
const BOB_IN_ENTRA: &str = "a0000000-0000-4000-8000-000000001105";

/// A site with these playbooks.
async fn site(folder: &TempDir) -> (Arc<App>, Local) {
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    fs::write(folder.path().join("playbooks/two.yaml"), TWO).unwrap();
    fs::write(folder.path().join("playbooks/mixed.yaml"), MIXED).unwrap();
    let app = app(folder).await;
    (Arc::clone(&app), Local::new(app))
}

fn lab(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("lab/lab.json")
}

fn change_lab(folder: &TempDir, change: impl FnOnce(&mut Value)) {
    let mut lab_now: Value = serde_json::from_slice(&fs::read(lab(folder)).unwrap()).unwrap();
    change(&mut lab_now);
    fs::write(lab(folder), lab_now.to_string()).unwrap();
}

async fn start(local: &Local, playbook: &str, inputs: Value, ticket: &str) -> RunRecord {
    let order = json!({ "playbook": playbook, "inputs": inputs, "by": "ann", "ticket": ticket });
    local.start(&serde_json::from_value(order).unwrap()).await.unwrap().runs.remove(0)
}

fn results(record: &RunRecord) -> Vec<TaskResult> {
    record.tasks.iter().map(|task| task.result).collect()
}

fn undo_of(run: &RunRecord, lane: Option<u32>) -> UndoOrder {
    UndoOrder { run: run.summary.id.0.clone(), task: None, lane, by: "ann".into(), dry: false }
}

fn undo_of_whom(who: &str) -> UndoMany {
    UndoMany { who: Some(who.into()), since: None, until: None, by: "ann".into(), dry: false }
}

async fn in_force_on(local: &Local, who: &str) -> usize {
    local.identity(who).await.unwrap().in_force.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_each_task_is_told_as_it_is() {
    use TaskResult::{Accepted, AlreadySo, Done, NotUndone, Released, Undone, WithoutEffect};
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let service = json!({ "target": "svc-backup@contoso.example" });
    let weak = start(&local, "mixed", service, "0").await;
    assert!(results(&weak).contains(&WithoutEffect), "its password never expires: {:?}", weak.tasks);

    let bob = json!({ "target": "bob@contoso.example" });
    let first = start(&local, "mixed", bob.clone(), "1").await;
    assert_eq!(results(&first), [Done, Done, Accepted]);
    let second = start(&local, "mixed", bob, "2").await;
    assert_eq!(results(&second), [AlreadySo, AlreadySo, Accepted]);
    // What would come of it is told as it will come.
    let foreseen = local.undo(&UndoOrder { dry: true, ..undo_of(&first, None) }).await.unwrap();
    assert!(foreseen.tasks[0].result.starts_with("would stay"), "{:?}", foreseen.tasks);
    let dry = UndoMany { dry: true, ..undo_of_whom("bob@contoso.example") };
    let together = local.undo_many(&dry).await.unwrap();
    let told: Vec<&str> =
        together.iter().flat_map(|one| &one.tasks).map(|task| task.result.as_str()).collect();
    assert_eq!(told, ["would be undone"; 4], "the last of them gives it back");
    local.undo(&undo_of(&first, None)).await.unwrap();
    let foreseen = local.undo(&UndoOrder { dry: true, ..undo_of(&second, None) }).await.unwrap();
    assert_eq!(foreseen.tasks[0].result, "would be undone", "nobody else wants it any more");
    let first = local.run(&first.summary.id.0).await.unwrap();
    assert_eq!(results(&first), [Released, Released, Accepted], "the second still wants it");
    let again = local.undo(&undo_of(&first, None)).await.unwrap();
    assert!(again.tasks[0].result.contains(&second.summary.id.0[..8]), "{:?}", again.tasks);
    assert_eq!(again.tasks[2].result, "irreversible");

    change_lab(&folder, |lab| {
        lab["faults"] = json!([{ "fault": "forbidden", "provider": "okta", "action": "account.disable" }]);
    });
    let undone = local.undo(&undo_of(&second, None)).await.unwrap();
    let open: Vec<bool> = undone.tasks.iter().map(|task| task.open).collect();
    assert_eq!(open, [true, false, false], "a person must look at it: {:?}", undone.tasks);
    let second = local.run(&second.summary.id.0).await.unwrap();
    assert_eq!(results(&second), [NotUndone, Undone, Accepted]);
    let dry = local.undo(&UndoOrder { dry: true, ..undo_of(&second, None) }).await.unwrap();
    assert!(dry.tasks[0].open, "nobody is promised that it would work this time: {:?}", dry.tasks);
    let asked = local.attention().await.unwrap();
    let open: Vec<(&str, bool)> = asked
        .iter()
        .map(|one| (one.task.as_str(), one.what.starts_with("undo of account.disable of")))
        .collect();
    assert_eq!(open, [(second.tasks[0].task.as_str(), true)]);
    let by_hand = SettleOrder {
        run: second.summary.id.0.clone(),
        task: second.tasks[0].task.clone(),
        happened: true,
        by: "ann".into(),
    };
    local.settle(&by_hand).await.unwrap();
    assert_eq!(local.attention().await.unwrap(), []);
    let second = local.run(&second.summary.id.0).await.unwrap();
    assert_eq!(results(&second), [Undone, Undone, Accepted]);
    app.store.close();
}

/// Whatever is taken back together lets go together; what lets go already does so no second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_two_tasks_that_hold_the_same_is_foreseen() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let twice = TWO.replace("playbook: two", "playbook: twice").replace("one: account, other", "target");
    let step = twice.split_once("steps:\n").unwrap().1;
    fs::write(folder.path().join("playbooks/twice.yaml"), format!("{twice}{step}")).unwrap();
    let bob = json!({ "target": "bob@contoso.example" });
    let run = start(&local, "twice", bob.clone(), "1").await;
    let dry = UndoOrder { dry: true, ..undo_of(&run, None) };
    let foreseen = local.undo(&dry).await.unwrap();
    let told: Vec<&str> = foreseen.tasks.iter().map(|task| task.result.as_str()).collect();
    assert_eq!(told, ["would be undone"; 2]);

    start(&local, "mixed", bob, "2").await;
    let one = UndoOrder { task: Some(run.tasks[0].task.clone()), ..undo_of(&run, None) };
    local.undo(&one).await.unwrap();
    let foreseen = local.undo(&dry).await.unwrap();
    assert!(foreseen.tasks[1].result.starts_with("would stay"), "{:?}", foreseen.tasks);
    app.store.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_somebody_is_told_for_each_of_their_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let told = local.test_exclusion("bob@contoso.example").await.unwrap();
    assert_eq!((told.found.len(), &told.built_in), (3, &None));
    let actions: std::collections::BTreeSet<&String> =
        told.stopped.iter().map(|(action, _)| action).collect();
    assert_eq!(actions.len(), told.stopped.len(), "each at the system that has the account: {told:?}");
    assert!(told.stopped.iter().all(|(_, stopped)| !stopped), "{told:?}");
    let told = local.test_exclusion("CONTOSO\\krbtgt").await.unwrap();
    assert!(told.built_in.is_some() && told.stopped.iter().all(|(_, stopped)| *stopped), "{told:?}");
    // A name that anybody may have is nobody's.
    for weak in ["alice", "wks-alice"] {
        assert_eq!(local.test_exclusion(weak).await.unwrap_err().kind, RefusalKind::Invalid, "{weak}");
    }
    app.store.close();
}

/// Somebody had switched the account off already: it is not ours to switch on.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_so_before_the_run_stays_so_and_is_foreseen_to() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let is_carols = |one: &Value| one["provider"] == "okta" && one["display"] == "carol@contoso.example";
    change_lab(&folder, |lab| {
        let mut all = lab["accounts"].as_array_mut().unwrap().iter_mut();
        all.find(|one| is_carols(one)).unwrap()["attributes"]["status"] = json!("SUSPENDED");
    });
    let run = start(&local, "mixed", json!({ "target": "carol@contoso.example" }), "1").await;
    assert_eq!(results(&run)[..2], [TaskResult::AlreadySo, TaskResult::Done]);
    let foreseen = local.undo(&UndoOrder { dry: true, ..undo_of(&run, None) }).await.unwrap();
    assert_eq!(foreseen.tasks[0].result, "would stay: it was so before the run");
    local.undo(&undo_of(&run, None)).await.unwrap();
    let lab_now: Value = serde_json::from_slice(&fs::read(lab(&folder)).unwrap()).unwrap();
    let carol = lab_now["accounts"].as_array().unwrap().iter().find(|one| is_carols(one)).unwrap();
    assert_eq!(carol["attributes"]["status"], "SUSPENDED");
    app.store.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_nobody_can_tell_is_put_to_people() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    change_lab(&folder, |lab| {
        lab["faults"] = json!([{ "fault": "timeout_after_sending", "action": "account.revoke_sessions" }]);
    });
    let run = start(&local, "mixed", json!({ "target": "bob@contoso.example" }), "1").await;
    assert_eq!(results(&run), [TaskResult::Done, TaskResult::Done, TaskResult::NeedsAttention]);
    let asked = local.attention().await.unwrap();
    let tasks: Vec<&str> = asked.iter().map(|one| one.task.as_str()).collect();
    assert_eq!(tasks, [run.tasks[2].task.as_str()]);
    let dry = local.undo(&UndoOrder { dry: true, ..undo_of(&run, None) }).await.unwrap();
    let open: Vec<bool> = dry.tasks.iter().map(|task| task.open).collect();
    assert_eq!(open, [false, false, true], "{:?}", dry.tasks);
    let done = &run.tasks[0].task;
    let order = |task: &str| SettleOrder {
        run: run.summary.id.0.clone(),
        task: task.into(),
        happened: true,
        by: "ann".into(),
    };
    assert_eq!(local.settle(&order(done)).await.unwrap_err().kind, RefusalKind::Conflict);
    local.settle(&order(&run.tasks[2].task)).await.unwrap();
    assert_eq!(local.attention().await.unwrap(), []);
    // Nobody is told that a change stays which was never to be taken back by itself.
    let stays = ConfirmOrder { run: run.summary.id.0.clone(), task: None, by: "ann".into() };
    assert_eq!(local.confirm(&stays).await.unwrap_err().kind, RefusalKind::Conflict);
    app.store.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_one_lane_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let inputs = json!({ "one": "alice@contoso.example", "other": "bob@contoso.example" });
    let run = start(&local, "two", inputs, "1").await;
    let on_both = async || {
        [in_force_on(&local, "alice@contoso.example").await, in_force_on(&local, "bob@contoso.example").await]
    };
    assert_eq!(on_both().await, [1, 1]);
    let nowhere = local.undo(&undo_of(&run, Some(9))).await.unwrap_err();
    assert_eq!(nowhere.kind, RefusalKind::NotFound);
    let undone = local.undo(&undo_of(&run, Some(0))).await.unwrap();
    assert_eq!(undone.tasks.len(), 1, "{:?}", undone.tasks);
    assert_eq!(on_both().await, [0, 1]);
    assert_eq!(local.undo_many(&undo_of_whom("alice@contoso.example")).await.unwrap(), []);
    assert_eq!(on_both().await, [0, 1]);
    // The beginning of every id is not one of them.
    start(&local, "mixed", json!({ "target": "carol@contoso.example" }), "2").await;
    let any = UndoOrder { run: String::new(), ..undo_of(&run, None) };
    assert_eq!(local.undo(&any).await.unwrap_err().kind, RefusalKind::Invalid);
    assert_eq!(on_both().await, [0, 1]);
    app.store.close();
}

/// What a lane has called is taken back with it, and what other lanes have called is not.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_one_lane_leaves_alone_what_others_have_called() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let called =
        TWO.replace("playbook: two", "playbook: called").replace("{ manual: true }", "{ called: true }");
    let called = called.replace("{ one: account, other: account }", "{ target: account }");
    let calls = TWO.replace("playbook: two", "playbook: calls");
    let (calls, _) = calls.split_once("  - do:").unwrap();
    fs::write(folder.path().join("playbooks/called.yaml"), called).unwrap();
    fs::write(folder.path().join("playbooks/calls.yaml"), format!("{calls}  - run: called\n")).unwrap();
    let inputs = json!({ "one": "alice@contoso.example", "other": "bob@contoso.example" });
    let run = start(&local, "calls", inputs, "1").await;
    let on_both = async || {
        [in_force_on(&local, "alice@contoso.example").await, in_force_on(&local, "bob@contoso.example").await]
    };
    assert_eq!(on_both().await, [1, 1]);
    let undone = local.undo(&undo_of(&run, Some(0))).await.unwrap();
    assert_eq!(undone.called.len(), 1, "{undone:?}");
    assert_eq!(on_both().await, [0, 1]);

    // Of a call that was never made there is a line, and no run.
    let record = local.run(&run.summary.id.0).await.unwrap();
    let called = undo::called_by(&app, &run.summary.id).await.unwrap();
    assert_eq!(called.len(), 2);
    let mut line = record.lines.into_iter().rfind(|line| matches!(line.entry, Entry::Called { .. })).unwrap();
    if let Entry::Called { call, .. } = &mut line.entry {
        call.run = RunId("never made".into());
    }
    let summary = record.summary;
    let line = Line { number: summary.lines, ..line };
    let summary = RunSummary { lines: summary.lines + 1, ..summary };
    let batch = Batch { run: summary.id.clone(), lines: vec![line], summary, holds: Vec::new() };
    app.store.runs().append(batch).await.unwrap();
    assert_eq!(undo::called_by(&app, &run.summary.id).await.unwrap(), called);
    app.store.close();
}

/// What was done before, or from that moment on, is not meant.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_some_time_takes_back_what_was_done_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let mut moments = Vec::new();
    for who in ["alice", "bob", "carol"] {
        moments.push(app.clock.now());
        start(&local, "mixed", json!({ "target": format!("{who}@contoso.example") }), who).await;
    }
    let (since, until) = (Some(moments[1]), Some(moments[2]));
    let order = UndoMany { who: None, since, until, by: "ann".into(), dry: false };
    assert_eq!(local.undo_many(&order).await.unwrap().len(), 1);
    let mut left = Vec::new();
    for who in ["alice", "bob", "carol"] {
        left.push(in_force_on(&local, &format!("{who}@contoso.example")).await);
    }
    assert_eq!(left, [2, 0, 2]);
    app.store.close();
}

/// One thread: no more than its beginning is done before whoever asked has gone.
#[tokio::test]
async fn an_undo_goes_through_all_runs_though_whoever_asked_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let (since, people) = (Some(app.clock.now()), ["alice@contoso.example", "bob@contoso.example"]);
    for who in people {
        start(&local, "mixed", json!({ "target": who }), who).await;
    }
    let order = UndoMany { who: None, since, until: None, by: "ann".into(), dry: false };
    assert!(poll_immediate(local.undo_many(&order)).await.is_none());
    let gone = async {
        for who in people {
            while in_force_on(&local, who).await > 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(LONGEST, gone).await.expect("the rest of it was forgotten");
    app.store.close();
}

/// Taken back in part, they would be told that nothing is in force on them any more.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_back_from_somebody_of_whom_not_all_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    start(&local, "mixed", json!({ "target": "alice@contoso.example" }), "1").await;
    assert_eq!(in_force_on(&local, "alice@contoso.example").await, 2);
    let silent = json!([{ "fault": "unavailable", "provider": "entra_id", "during": "finding" }]);
    change_lab(&folder, |lab| lab["faults"] = silent);
    let refused = local.undo_many(&undo_of_whom("alice@contoso.example")).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Unavailable, "{refused}");

    change_lab(&folder, |lab| lab["faults"] = json!([]));
    let text = fs::read_to_string(lab(&folder)).unwrap();
    assert!(text.contains(BOB_IN_ENTRA));
    fs::write(lab(&folder), text.replace(BOB_IN_ENTRA, ALICE_IN_AD)).unwrap();
    let refused = local.undo_many(&undo_of_whom(ALICE_IN_AD)).await.unwrap_err();
    assert!(refused.message.contains("names several"), "{refused}");
    let told = local.test_exclusion(ALICE_IN_AD).await.unwrap();
    assert!(told.found.is_empty() && told.unknown.is_some(), "{told:?}");
    assert_eq!(in_force_on(&local, "CONTOSO\\alice").await, 2, "nothing was taken back");
    app.store.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_days_than_there_are_forget_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let run = start(&local, "mixed", json!({ "target": "carol@contoso.example" }), "1").await;
    local.undo(&undo_of(&run, None)).await.unwrap();
    let later = app.clock.now() + chrono::Duration::days(2);
    let prune = async |days| {
        let order = Prune { days, runs: None, dry: true };
        store::prune(&app.store, later, &order).await.unwrap().runs
    };
    assert_eq!((prune(1).await, prune(u32::MAX).await), (1, 0));
    app.store.close();
}
