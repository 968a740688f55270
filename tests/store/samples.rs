//! Small alerts, runs and entries, as the rooms before the store would hand them over.

use std::sync::Arc;

use quell_action::{State, Target};
use quell_alert::{Alert, AlertId, Entities, Format, Product, Severity, Status, Times, Timestamp};
use quell_playbook::model::{ContentHash, Mode, PlaybookName};
use quell_run::{
    Batch, Counts, Entry, Finish, Grip, HoldChange, HoldKey, Holder, LaneId, Line, Origin, Ours, Plan,
    PlaybookVersion, RunId, RunStatus, RunSummary, TaskId,
};
use quell_store::NewAlert;
use serde_json::json;

/// A moment, counted in seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

/// An alert; a higher `update` is a newer version of it.
pub(crate) fn alert(id: &str, update: i64) -> Arc<Alert> {
    Arc::new(Alert {
        id: AlertId(id.to_owned()),
        provider_id: None,
        incident_id: None,
        format: Format::SecurityAlert,
        title: format!("Alert {id}"),
        description: None,
        alert_type: None,
        external_id: None,
        detector_id: None,
        severity: Some(Severity::High),
        status: Status::New,
        product: Product("Microsoft Defender for Identity".into()),
        provider: None,
        tactics: vec![],
        techniques: vec![],
        times: Times { updated: Some(at(update)), ..Times::default() },
        link: None,
        tenant: None,
        entities: Entities::default(),
        document: json!({ "SystemAlertId": id }),
        part: None,
        before: None,
        oddities: vec![],
    })
}

pub(crate) fn new_alert(id: &str, update: i64, received: i64) -> NewAlert {
    NewAlert {
        alert: alert(id, update),
        raw: format!(r#"{{"SystemAlertId":"{id}","update":{update}}}"#).into_bytes(),
        origin: json!({ "from": "kafka", "topic": "alerts", "partition": 0, "offset": update }),
        received: at(received),
    }
}

/// The run of this id, about this alert, as it stands with so many lines.
pub(crate) fn summary(run: &str, alert: &str, started: i64, lines: u64) -> RunSummary {
    RunSummary {
        id: RunId(run.to_owned()),
        origin: Origin::Live,
        occasion: Default::default(),
        playbook: playbook("contain"),
        mode: Mode::Act,
        alert: AlertId(alert.to_owned()),
        alert_title: format!("Alert {alert}"),
        product: Product("Microsoft Defender for Identity".into()),
        severity: Some(Severity::High),
        subjects: vec![format!("{alert}@example.com")],
        status: RunStatus::Running,
        finish: None,
        started: at(started),
        finished: None,
        updated: at(started + lines as i64),
        lines,
        counts: Counts::default(),
        open: true,
        wake_at: None,
    }
}

pub(crate) fn finished(summary: RunSummary) -> RunSummary {
    RunSummary {
        status: RunStatus::Finished,
        finish: Some(Finish::Contained),
        finished: Some(summary.updated),
        open: false,
        ..summary
    }
}

pub(crate) fn playbook(name: &str) -> PlaybookVersion {
    PlaybookVersion { name: PlaybookName(name.to_owned()), hash: ContentHash(format!("hash-of-{name}")) }
}

pub(crate) fn line(number: u64, entry: Entry) -> Line {
    Line { number, at: at(number as i64), entry }
}

/// The batch that creates a run.
pub(crate) fn created(run: &str, about: &str, started: i64) -> Batch {
    let plan = Plan {
        run: RunId(run.to_owned()),
        origin: Origin::Live,
        playbook: playbook("contain"),
        mode: Mode::Act,
        alert: alert(about, 0),
        lanes: vec![],
        too_many: None,
        created: at(started),
        occasion: Default::default(),
        inputs: Default::default(),
        beside: Vec::new(),
    };
    Batch {
        run: RunId(run.to_owned()),
        lines: vec![line(0, Entry::Created { plan: Box::new(plan) })],
        summary: summary(run, about, started, 1),
        holds: vec![],
    }
}

/// A batch of one more line.
pub(crate) fn next(run: &str, about: &str, started: i64, number: u64) -> Batch {
    Batch {
        run: RunId(run.to_owned()),
        lines: vec![line(number, Entry::Cancelled { by: format!("line {number}") })],
        summary: summary(run, about, started, number + 1),
        holds: vec![],
    }
}

/// The batch that ends a run.
pub(crate) fn end(run: &str, about: &str, started: i64, number: u64) -> Batch {
    Batch {
        run: RunId(run.to_owned()),
        lines: vec![line(number, Entry::Finished { finish: Finish::Contained })],
        summary: finished(summary(run, about, started, number + 1)),
        holds: vec![],
    }
}

pub(crate) fn hold_key() -> HoldKey {
    HoldKey {
        action: "account.disable".into(),
        provider: quell_alert::Provider("lab".into()),
        target: Target::None,
        item: None,
    }
}

pub(crate) fn holder(run: &str) -> Holder {
    Holder { run: RunId(run.to_owned()), task: task() }
}

/// What our first change of the state came to.
pub(crate) fn ours() -> Ours {
    Ours { before: State::default(), after: State::default(), params: json!(null) }
}

/// A run takes hold of the state, having brought it about.
pub(crate) fn taken(run: &str) -> HoldChange {
    HoldChange { key: hold_key(), holder: holder(run), grip: Grip::Taken { ours: Some(Box::new(ours())) } }
}

/// A run lets go of it.
pub(crate) fn released(run: &str) -> HoldChange {
    HoldChange { key: hold_key(), holder: holder(run), grip: Grip::Released }
}

fn task() -> TaskId {
    TaskId { lane: LaneId(0), step: quell_playbook::model::StepId("cut_off".into()), number: 0 }
}
