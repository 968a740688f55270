//! Records of the Defender XDR streaming API. One alert comes as one AlertInfo and any number of AlertEvidence
//! records, in any order; those that one message brings together are joined here.

use serde_json::Value;

use crate::alert::{Alert, Format, Part};
use crate::decode::draft::{self, text};
use crate::decode::entities::{Gathered, Kind, Layers};
use crate::decode::place::Place;
use crate::decode::record::Record;
use crate::decode::references::target_of;

/// The tables that carry alerts; every other table on the topic is somebody else's.
const TABLES: [&str; 2] = ["AlertInfo", "AlertEvidence"];
/// What stands in front of a table's name in a record's category.
const CATEGORY: &str = "AdvancedHunting-";

/// The member that joined evidence gets in the document of its alert.
const EVIDENCE: &str = "AlertEvidence";

/// The table that a category names; nothing where the record is none of the stream.
pub(crate) fn table(category: &str) -> Option<&str> {
    let (prefix, table) = category.split_at_checked(CATEGORY.len())?;
    prefix.eq_ignore_ascii_case(CATEGORY).then_some(table)
}

/// Whether a table carries alerts.
pub(crate) fn carries_alerts(table: &str) -> bool {
    TABLES.iter().any(|name| name.eq_ignore_ascii_case(table))
}

/// The alert that a record of the stream belongs to.
pub(crate) fn alert_id(record: &Value) -> Option<String> {
    properties(Record::of(record)?).id(&["AlertId"])
}

/// Reads the records of one alert. Where its head and evidence are both there it is whole, otherwise it is a part.
pub(crate) fn read(records: Vec<Value>, alert: &mut Alert) -> Value {
    alert.format = Format::XdrStream;
    let records: Vec<Value> = records.into_iter().flat_map(apart).collect();
    let is_head = |value: &Value| Record::of(value).is_some_and(|record| !is_evidence(record));
    let (heads, evidence): (Vec<Value>, Vec<Value>) = records.into_iter().partition(is_head);
    alert.part = match (heads.is_empty(), evidence.is_empty()) {
        (false, false) => None,
        (false, true) => Some(Part::Head),
        _ => Some(Part::Evidence),
    };
    for value in heads.iter().chain(&evidence) {
        if let Some(record) = Record::of(value) {
            columns(record, alert);
        }
    }
    let document = document(heads, evidence);
    alert.entities = entities(&document).finish(&mut alert.oddities);
    document
}

/// The records that a joined document holds, when it comes in again as it was kept.
fn apart(mut record: Value) -> Vec<Value> {
    let joined = record.as_object_mut().and_then(|members| members.shift_remove(EVIDENCE));
    match joined {
        Some(Value::Array(evidence)) => {
            // Evidence alone is kept under a copy of its first record.
            let is_evidence = Record::of(&record).is_some_and(is_evidence);
            let head = Some(record).filter(|_| !is_evidence);
            head.into_iter().chain(evidence).collect()
        }
        _ => vec![record],
    }
}

/// The first record, with all pieces of evidence beside it where there are several records.
fn document(mut heads: Vec<Value>, mut evidence: Vec<Value>) -> Value {
    if heads.len() + evidence.len() == 1 {
        return heads.pop().or_else(|| evidence.pop()).unwrap_or_default();
    }
    // A head that came twice says the same; the last one is the newest.
    let mut document = heads.pop().or_else(|| evidence.first().cloned()).unwrap_or_default();
    if let (Value::Object(members), false) = (&mut document, evidence.is_empty()) {
        members.insert(EVIDENCE.to_owned(), Value::Array(evidence));
    }
    document
}

/// Takes what the columns of one record say about the alert as a whole.
fn columns(record: Record<'_>, alert: &mut Alert) {
    let properties = properties(record);
    if alert.id.0.is_empty() {
        alert.id.0 = properties.id(&["AlertId"]).unwrap_or_default();
        alert.provider_id = Some(alert.id.without_prefix().to_owned());
    }
    if alert.title.is_empty() {
        draft::set_title(alert, properties.text(&["Title"]));
    }
    if alert.severity.is_none() {
        draft::set_severity(alert, properties, &["Severity"]);
    }
    if alert.provider.is_none() {
        draft::set_product(alert, &["ServiceSource", "DetectionSource"].map(|name| properties.text(&[name])));
    }
    for name in ["Category", "Categories"] {
        draft::add_category(alert, properties, name);
    }
    draft::add_techniques(alert, properties, "AttackTechniques");
    let happened = draft::time(alert, properties, &["Timestamp"]);
    alert.times.start = [alert.times.start, happened].into_iter().flatten().min();
    alert.times.end = alert.times.end.max(happened);
    let sent = draft::time(alert, record, &["time", "_TimeReceivedBySvc"]);
    alert.times.updated = alert.times.updated.max(sent.or(happened));
    alert.tenant = alert.tenant.take().or_else(|| text(record, &["tenantId"]));
    let additional = properties.record(&["AdditionalFields"]);
    alert.detector_id = alert.detector_id.take().or_else(|| properties.id(&["DetectorId"]));
    alert.external_id = alert.external_id.take().or_else(|| additional?.id(&["ExternalId"]));
}

fn entities(document: &Value) -> Gathered {
    let mut gathered = Gathered::default();
    let Some(record) = Record::of(document) else { return gathered };
    let joined = record.list(&[EVIDENCE]);
    if joined.is_empty() {
        evidence(&mut gathered, record, Place::Root);
    }
    for (index, value) in joined.iter().enumerate() {
        let place = Place::Root.member(EVIDENCE);
        if let Some(record) = Record::of(value) {
            evidence(&mut gathered, record, place.element(index));
        }
    }
    gathered
}

/// One piece of evidence: flat columns, and the entity itself under AdditionalFields.
fn evidence(gathered: &mut Gathered, record: Record<'_>, place: Place<'_>) {
    let inner = place.member("properties");
    let properties_place = if record.has("properties") { inner } else { place };
    let properties = properties(record);
    let Some(kind) = properties.text(&["EntityType"]).map(Kind::named) else { return };
    let additional_value = properties.get(&["AdditionalFields"]).filter(|value| target_of(value).is_none());
    let additional = additional_value.and_then(Record::of);
    let columns = properties.only(own_columns(&kind));
    let columns = columns.as_ref().and_then(Record::of);
    let role = properties.text(&["EvidenceRole"]);
    if let Some(first) = columns.or(additional) {
        let facts = Layers::of(first).and(additional.filter(|_| columns.is_some())).playing(role);
        gathered.entity(&kind, &facts, properties_place);
    }
    if let Some(additional) = additional {
        gathered.inside(&kind, additional, properties_place.member("AdditionalFields"));
    }
    if kind != Kind::Device {
        gathered.columns(&Kind::Device, properties, &["DeviceId", "DeviceName"], properties_place);
    }
    if kind == Kind::Other("process".to_owned()) {
        let file = ["FileName", "FolderPath", "SHA1", "SHA256"];
        gathered.columns(&Kind::File, properties, &file, properties_place);
        let account = ["AccountName", "AccountDomain", "AccountSid", "AccountObjectId", "AccountUpn"];
        gathered.columns(&Kind::Account, properties, &account, properties_place);
    }
}

/// The flat columns that speak of the entity itself: the others speak of its surroundings.
fn own_columns(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Account => &["AccountName", "AccountDomain", "AccountSid", "AccountObjectId", "AccountUpn"],
        Kind::Device => &["DeviceId", "DeviceName"],
        Kind::Ip => &["RemoteIP", "LocalIP"],
        Kind::File => &["FileName", "FolderPath", "SHA1", "SHA256"],
        Kind::Url => &["RemoteUrl"],
        Kind::Mailbox => &["AccountUpn"],
        _ => &[],
    }
}

fn is_evidence(record: Record<'_>) -> bool {
    let by_category =
        record.text(&["category"]).and_then(table).map(|table| table.eq_ignore_ascii_case(EVIDENCE));
    by_category.unwrap_or_else(|| properties(record).text(&["EntityType"]).is_some())
}

/// The columns of the table; a record that lost its envelope is its own columns.
fn properties(record: Record<'_>) -> Record<'_> {
    record.record(&["properties"]).unwrap_or(record)
}
