//! What the [`Recorder`](crate::recorder::Recorder) answers: one value of each kind, with something in every field.

use quell_action::exclusion::Entry;
use quell_alert::Timestamp;
use quell_api::{
    AuditVerdict, BackedUp, Counting, DamagedRecord, ExclusionTest, Health, IdentityReport, Imported,
    InQuestion, LimitUse, LimitsReport, ListContent, Part, PauseNote, RunRecord, Started, Submitted,
    TestedEntry, Timer, Timers, Undone, UndoneTask, Verified, WrongEntry,
};
use quell_playbook::model::{Counted, Per};
use quell_run::{Limit, RunId, RunSummary, Whose};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Names hold what makes trouble on the way.
pub(crate) const NAME: &str = "münchen/\"a\" & b?c#d%2F+ e\\..";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn health(ready: bool) -> Health {
    let part = Part { name: "store".into(), well: ready, note: "sled, commit 7".into() };
    Health { version: "1.2.3".into(), ready, parts: vec![part] }
}

pub(crate) fn run() -> RunSummary {
    read(json!({
        "id": "7ffc64ebdc285dc68fe549e7feea3b5a", "origin": { "replay": { "id": "a1" } },
        "playbook": { "name": "disable-on-dcsync", "hash": "15f3" }, "mode": "act", "alert": NAME,
        "alert_title": NAME, "product": "Microsoft Defender for Identity", "severity": "high",
        "subjects": ["contoso\\dave", NAME], "status": "finished", "finish": "contained",
        "started": "2026-11-21T07:04:55.056850451Z", "finished": "2026-11-21T07:04:55.139423803Z",
        "updated": "2026-11-21T07:04:56.023365976Z", "lines": 1,
        "counts": {
            "lanes": 1, "tasks": 3, "changed": 1, "unchanged": 1, "excluded": 1, "failed": 0, "attention": 0,
            "undone": 0, "questions": 0,
        },
        "open": true, "wake_at": "2026-11-21T08:00:00Z",
    }))
}

pub(crate) fn submitted() -> Vec<Submitted> {
    vec![
        Submitted::Decided { alert: NAME.into(), title: NAME.into(), runs: vec![run().id] },
        Submitted::Repeated { alert: NAME.into(), title: NAME.into() },
        Submitted::Passed { what: NAME.into() },
        Submitted::Refused { reason: NAME.into(), place: "$".into() },
    ]
}

pub(crate) fn record() -> RunRecord {
    RunRecord {
        summary: run(),
        tasks: vec![read(json!({
            "task": "0/cut_off/1", "action": "account.disable", "of": NAME, "target": NAME, "provider": "okta",
            "result": "left_alone", "why": NAME, "done_at": null, "undo_due": "2026-11-21T07:04:55Z",
        }))],
        lines: vec![read(json!({
            "number": 4, "at": "2026-11-21T07:04:55.139423803Z",
            "entry": {
                "entry": "expanded", "lane": 0, "step": "cut_off", "tasks": [], "nobody": NAME, "trace": null,
            },
        }))],
        attached: vec![read(json!({
            "alert": NAME, "title": NAME, "version": "2", "at": "2026-11-21T07:04:55.139423803Z",
            "because": "account alice@contoso.example",
        }))],
    }
}

pub(crate) fn started() -> Started {
    Started { dry: true, runs: vec![record()] }
}

pub(crate) fn imported() -> Imported {
    let wrong = WrongEntry { row: 3, place: "account.upn".into(), message: NAME.into() };
    Imported { added: vec![entry()], repeated: 2, wrong: vec![wrong], stored: true }
}

pub(crate) fn timers() -> Timers {
    let timer = |due| Timer { run: NAME.into(), task: "0/cut_off/1".into(), what: NAME.into(), due };
    Timers { run: "7ffc64eb".into(), tasks: vec![timer(Some(Timestamp::UNIX_EPOCH)), timer(None)] }
}

pub(crate) fn undone() -> Undone {
    let task = UndoneTask {
        task: "0/cut_off/1".into(),
        what: NAME.into(),
        result: "could not be undone".into(),
        open: true,
    };
    let called = vec![Undone { run: NAME.into(), tasks: vec![task.clone()], called: Vec::new() }];
    Undone { run: "7ffc64eb".into(), tasks: vec![task], called }
}

pub(crate) fn in_question() -> Vec<InQuestion> {
    vec![InQuestion {
        run: "7ffc64eb".into(),
        playbook: "dcsync".into(),
        task: "0/cut_off/1".into(),
        what: NAME.into(),
        why: "the answer was lost".into(),
    }]
}

pub(crate) fn entry() -> Entry {
    let form = quell_action::exclusion::form::EntryForm {
        because: NAME.into(),
        until: Some("2099-12-31".into()),
        device_tag: Some("do-not-isolate".into()),
        ..read(json!({ "because": "" }))
    };
    let (id, by) =
        (quell_action::exclusion::EntryId("08bb".into()), quell_action::exclusion::Source::Operator);
    form.read(id, by, None, None).unwrap()
}

pub(crate) fn tested() -> ExclusionTest {
    ExclusionTest {
        who: NAME.into(),
        found: vec![NAME.into()],
        entries: vec![TestedEntry { id: "site:1".into(), because: NAME.into(), actions: vec!["a.b".into()] }],
        built_in: Some("krbtgt".into()),
        unknown: Some("no answer".into()),
        stopped: vec![("account.disable at okta".into(), true)],
    }
}

pub(crate) fn identity() -> IdentityReport {
    read(json!({
        "who": NAME, "at": "2026-11-21T07:04:55Z", "standing": "partly", "why": NAME,
        "accounts": [{
            "provider": "okta", "key": NAME, "display": NAME, "names": [NAME], "groups": [NAME], "privileged": null,
            "enabled": true, "protected": "krbtgt", "read_at": "2026-11-21T07:04:55Z",
        }],
        "no_account_at": ["entra_id"],
        "exclusion": {
            "excluded": true, "entries": [{ "id": "site:1", "because": NAME, "actions": ["a.b"] }],
            "built_in": "krbtgt", "open": { "okta": [NAME] },
        },
        "in_force": [{
            "action": "account.disable", "provider": "okta", "account": NAME, "run": NAME, "task": "0/cut_off/1",
            "playbook": NAME, "since": "2026-11-21T07:04:55Z", "changed": true, "undo_due": null, "undoing": false,
        }],
        "more_in_force": 39_900,
    }))
}

pub(crate) fn list() -> ListContent {
    read(json!({
        "name": "vip-users", "about": NAME, "entries": 1, "changed": "2026-11-21T07:04:55Z", "trouble": null,
        "content": [{ "value": NAME, "because": NAME, "until": "2026-12-01T00:00:00Z", "by": NAME }],
    }))
}

pub(crate) fn paused() -> PauseNote {
    read(json!({ "by": NAME, "at": "2026-11-21T07:04:55Z", "because": NAME }))
}

pub(crate) fn verdict() -> AuditVerdict {
    AuditVerdict {
        records: 9,
        first: Some(1),
        anchor: Some("9:abc".into()),
        broken: Some((4, "the record was changed".into())),
    }
}

pub(crate) fn audited() -> Vec<Value> {
    vec![json!({ "number": 1, "what": NAME })]
}

pub(crate) fn stats() -> Value {
    json!({ "engine": "sled", "runs": 18_446_744_073_709_551_615_u64 })
}

pub(crate) fn verified() -> Verified {
    let damage = DamagedRecord { key: "run/summary/7ffc".into(), reason: "the checksum does not fit".into() };
    Verified { records: 25, damaged: vec![damage], more: 2 }
}

pub(crate) fn backed_up() -> BackedUp {
    BackedUp { file: "/var/backups/quell.copy".into(), bytes: 9, changes: 8, commit: 7 }
}

/// What the limits have let through.
pub(crate) fn limits() -> LimitsReport {
    let limit = Limit { whose: Whose::Playbook, what: Counted::Devices, per: Per::Day, at_most: 3 };
    let counting = Counting {
        who: NAME.into(),
        run: RunId(NAME.into()),
        playbook: NAME.into(),
        at: Timestamp::UNIX_EPOCH,
        leaves_at: Some(Timestamp::UNIX_EPOCH),
    };
    let used = LimitUse {
        limit,
        playbook: Some(NAME.into()),
        used: Some(1),
        frees_at: None,
        counted: vec![counting],
    };
    LimitsReport { at: Timestamp::UNIX_EPOCH, limits: vec![used] }
}
