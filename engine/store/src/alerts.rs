//! Alerts with their versions and the records they came in.
//!
//! Acceptance is one commit: the alert's version *and* the first lines of the runs that it starts. If the alert could be
//! on disk without its runs, a redelivery would be taken for a duplicate and the decision would be lost; the other way
//! round, it would be decided twice.

use quell_alert::{Alert, AlertId, Product, Severity, Status, Timestamp};
use quell_run::{Attached, Batch, Opening, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::{self, Audited};
use crate::claims;
use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::journal::{self, Staged};
use crate::keys::{self, Key};
use crate::record::{self, Kind};
use crate::store::Store;

/// The alerts in the store.
#[derive(Clone)]
pub struct Alerts(pub(crate) Store);

/// What the store knows of an alert that has just come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it is the first of its detection.
    First,
    /// Other versions of it: so many.
    Newer {
        /// How many.
        versions: u32,
    },
    /// This very version: it was accepted before.
    Repeated,
}

/// An alert to be accepted.
#[derive(Debug, Clone)]
pub struct NewAlert {
    /// The alert, understood.
    pub alert: std::sync::Arc<Alert>,
    /// The record it came in, untouched.
    pub raw: Vec<u8>,
    /// Where that came from: topic, partition and offset, or file and line.
    pub origin: Value,
    /// When it came in.
    pub received: Timestamp,
}

/// What became of an alert that was to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk, and so are the runs.
    Recorded {
        /// Its number among the versions of its detection, from 1.
        version: u32,
        /// The runs that were created. One that existed already is not among them.
        created: Vec<RunId>,
    },
    /// It was on disk before. Nothing was written.
    Repeated,
    /// Another version came in between, or another alert made a claim, so what was planned rests on what is no longer
    /// so. Nothing was written; plan again.
    Changed(Standing),
}

/// A detection in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Its id.
    pub id: AlertId,
    /// What all its versions have in common: product and id.
    pub detection: String,
    /// The product that found it.
    pub product: Product,
    /// What it is called.
    pub title: String,
    /// How bad, as its latest version says.
    pub severity: Option<Severity>,
    /// Where it stands, as its latest version says.
    pub status: Status,
    /// When its first version came in.
    pub first_received: Timestamp,
    /// When its latest version came in.
    pub last_received: Timestamp,
    /// How many versions came in.
    pub versions: u32,
}

/// One version of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertVersion {
    /// Its number among the versions, from 1, in the order in which they came in.
    pub number: u32,
    /// What tells it from the others.
    pub version: String,
    /// When it came in.
    pub received: Timestamp,
    /// Where from.
    pub origin: Value,
    /// How bad, as this version says.
    pub severity: Option<Severity>,
    /// Where it stands, as this version says.
    pub status: Status,
    /// The runs that it started.
    pub runs: Vec<RunId>,
    /// The runs to which it was attached, since they have its matter in hand already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<RunId>,
    raw: Raw,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Raw {
    Text(String),
    Bytes(Vec<u8>),
}

impl AlertVersion {
    /// The record it came in, untouched.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        match &self.raw {
            Raw::Text(text) => text.as_bytes(),
            Raw::Bytes(bytes) => bytes,
        }
    }
}

impl Store {
    /// The alerts in this store.
    #[must_use]
    pub fn alerts(&self) -> Alerts {
        Alerts(self.clone())
    }
}

impl Alerts {
    /// What is known of this alert now.
    pub fn standing(&self, alert: &Alert) -> Result<Standing, StoreError> {
        let detection = alert.same_detection_key();
        if self.0.get(&version_key(&detection, &alert.version_key()))?.is_some() {
            return Ok(Standing::Repeated);
        }
        let head: Option<AlertRecord> = self.0.read(Kind::AlertHead, &head_key(&alert.id, &detection))?;
        Ok(head.map_or(Standing::First, |head| Standing::Newer { versions: head.versions }))
    }

    /// Accepts an alert together with the runs that it starts. `planned_for` is the standing on which the plans rest.
    /// Only after this has answered may the source forget the record.
    pub async fn accept(
        &self,
        new: NewAlert,
        planned_for: Standing,
        runs: Vec<Batch>,
    ) -> Result<Accepted, StoreError> {
        self.accept_with(new, planned_for, runs.into_iter().map(Opening::from).collect()).await
    }

    /// The same, with what the runs claim: a claim that another run has made meanwhile changes what was planned.
    pub async fn accept_with(
        &self,
        new: NewAlert,
        planned_for: Standing,
        openings: Vec<Opening>,
    ) -> Result<Accepted, StoreError> {
        self.0.decide(move |view| accept(view, new, planned_for, &openings)).await
    }

    /// Detections, the latest received first; at most `limit`, and only those received before `before`.
    pub async fn list(
        &self,
        limit: usize,
        before: Option<Timestamp>,
    ) -> Result<Vec<AlertRecord>, StoreError> {
        self.0
            .aside(move |store| {
                let mut found = Vec::new();
                let mut scan =
                    Scan::prefix(keys::ALERT_TIME).descending().limit(limit.saturating_add(1).min(1000));
                if let Some(before) = before {
                    scan = scan.from(Key::of(keys::ALERT_TIME).moment(before).build());
                }
                store.walk(Kind::AlertMark, scan, |named: Named| {
                    if found.len() < limit {
                        let head = store.read(Kind::AlertHead, &named.head_key());
                        found.extend(store.damage().leave_out(head)?.flatten());
                    }
                    Ok(found.len() < limit)
                })?;
                Ok(found)
            })
            .await
    }

    /// The detections whose id begins so, at most ten. The same id can stand for detections of several products.
    pub fn find(&self, beginning: &str) -> Result<Vec<AlertRecord>, StoreError> {
        let mut found = Vec::new();
        let scan = Scan::prefix(Key::of(keys::ALERT_HEAD).beginning(beginning).build()).limit(10);
        for (key, bytes) in self.0.scan(&scan)?.pairs {
            found.extend(self.0.damage().leave_out(record::decode(Kind::AlertHead, &key, &bytes))?);
        }
        Ok(found)
    }

    /// All versions of a detection, in the order in which they came in.
    pub async fn versions(&self, detection: &str) -> Result<Vec<AlertVersion>, StoreError> {
        let space = Key::of(keys::ALERT_VERSION).text(detection).build();
        self.0
            .aside(move |store| {
                let mut found = Vec::new();
                store.walk(Kind::AlertVersion, Scan::prefix(space), |version: AlertVersion| {
                    found.push(version);
                    Ok(true)
                })?;
                found.sort_by_key(|version| version.number);
                Ok(found)
            })
            .await
    }
}

/// Where a detection in one line stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    id: AlertId,
    detection: String,
}

impl Named {
    pub(crate) fn head_key(&self) -> Vec<u8> {
        head_key(&self.id, &self.detection)
    }
}

/// The key of a detection in one line. The id comes first, so that it is found by the beginning of it.
pub(crate) fn head_key(id: &AlertId, detection: &str) -> Vec<u8> {
    Key::of(keys::ALERT_HEAD).text(id.as_str()).text(detection).build()
}

/// The key under which a detection is found by time.
pub(crate) fn time_key(head: &AlertRecord) -> Vec<u8> {
    Key::of(keys::ALERT_TIME).moment(head.last_received).text(&head.detection).build()
}

fn accept(
    view: &mut View<'_>,
    new: NewAlert,
    planned_for: Standing,
    openings: &[Opening],
) -> Result<Accepted, StoreError> {
    let alert = &new.alert;
    let detection = alert.same_detection_key();
    let version = alert.version_key();
    if view.get(&version_key(&detection, &version))?.is_some() {
        return Ok(Accepted::Repeated);
    }
    let old: Option<AlertRecord> = view.read(Kind::AlertHead, &head_key(&alert.id, &detection))?;
    let versions = old.as_ref().map_or(0, |old| old.versions);
    let standing = if versions == 0 { Standing::First } else { Standing::Newer { versions } };
    if standing != planned_for {
        return Ok(Accepted::Changed(standing));
    }
    for opening in openings {
        if !claims::still_so(view, opening, new.received)? {
            return Ok(Accepted::Changed(standing));
        }
    }
    let (created, attached) = open(view, &new, openings)?;
    let head = AlertRecord {
        id: alert.id.clone(),
        product: alert.product.clone(),
        title: alert.title.clone(),
        severity: alert.severity,
        status: alert.status,
        first_received: old.as_ref().map_or(new.received, |old| old.first_received),
        last_received: new.received,
        versions: versions + 1,
        detection,
    };
    stage_head(view, old.as_ref(), &head)?;
    let what = Audited::Alert { detection: head.detection.clone(), version: version.clone() };
    audit::append(view, new.received, what, &new.raw)?;
    let record = AlertVersion {
        number: head.versions,
        version,
        received: new.received,
        origin: new.origin,
        severity: alert.severity,
        status: alert.status,
        runs: created.clone(),
        attached,
        raw: String::from_utf8(new.raw).map_or_else(|error| Raw::Bytes(error.into_bytes()), Raw::Text),
    };
    view.record(Kind::AlertVersion, version_key(&head.detection, &record.version), &record)?;
    Ok(Accepted::Recorded { version: head.versions, created })
}

/// Stages the runs with their claims, and notes where the alert belongs to others. Returns which were created, and
/// to which it was attached.
fn open(
    view: &mut View<'_>,
    new: &NewAlert,
    openings: &[Opening],
) -> Result<(Vec<RunId>, Vec<RunId>), StoreError> {
    let (mut created, mut attached): (Vec<RunId>, Vec<RunId>) = Default::default();
    for opening in openings {
        // A run that exists was started by an earlier version; its id says that it is the same decision.
        if let Some(batch) = &opening.batch
            && journal::stage(view, batch)? == Staged::Fits
        {
            claims::stage(view, opening)?;
            created.push(batch.run.clone());
        }
        for (claim, run) in &opening.attached {
            // A run is never attached to itself: it is the same decision, made again.
            if attached.contains(run) || *run == opening.run {
                continue;
            }
            let record = Attached {
                alert: new.alert.id.clone(),
                title: new.alert.title.clone(),
                version: new.alert.version_key(),
                at: new.received,
                because: claim.shown.clone(),
            };
            claims::attach(view, run, &record)?;
            attached.push(run.clone());
        }
    }
    Ok((created, attached))
}

pub(crate) fn stage_head(
    view: &mut View<'_>,
    old: Option<&AlertRecord>,
    head: &AlertRecord,
) -> Result<(), StoreError> {
    if let Some(old) = old {
        view.delete(time_key(old));
    }
    let named = Named { id: head.id.clone(), detection: head.detection.clone() };
    view.record(Kind::AlertMark, time_key(head), &named)?;
    view.record(Kind::AlertHead, named.head_key(), head)
}

/// The key of a version.
pub(crate) fn version_key(detection: &str, version: &str) -> Vec<u8> {
    Key::of(keys::ALERT_VERSION).text(detection).text(version).build()
}
