//! What a record is, told by its shape: nothing on a topic says of itself which product wrote it.

use serde_json::Value;

use crate::alert::Format;
use crate::decode::record::{Record, as_text};
use crate::decode::{cef, office, sentinel, xdr_stream};

/// What a value is.
#[derive(Debug, PartialEq)]
pub(crate) enum Shape {
    /// A list of records under this member.
    List(String),
    /// An answer of Log Analytics: columns and rows.
    Tables,
    /// An alert in this form.
    Alert(Format),
    /// A resource with an alert under `properties`.
    Resource(Format),
    /// A record of the stream.
    Stream,
    /// A Graph or Defender XDR incident, which holds alerts.
    Incident,
    /// A record of another table or kind: passed over, with its name.
    Passed(String),
    /// Something around a record, under this member.
    Wrapper(String),
    /// None of these.
    Unknown,
}

/// Members in which forwarders put a record that they took over whole.
const WRAPPERS: [&str; 12] = [
    "message",
    "event",
    "data",
    "body",
    "payload",
    "alert",
    "record",
    "original",
    "_source",
    "content",
    "result",
    "triggerBody",
];

/// Tells what a value is.
pub(crate) fn shape(value: &Value) -> Shape {
    let Some(record) = Record::of(value) else { return Shape::Unknown };
    if is_plain_row(value) {
        return Shape::Alert(Format::SecurityAlert);
    }
    stream(record)
        .or_else(|| envelope(record))
        .or_else(|| sentinel(record))
        .or_else(|| other_table(record))
        .or_else(|| alert(record))
        .or_else(|| other_category(record))
        .or_else(|| wrapper(record))
        .unwrap_or(Shape::Unknown)
}

/// The usual row, recognised at once: most records on most topics are one.
fn is_plain_row(value: &Value) -> bool {
    value.get("Type").and_then(Value::as_str) == Some("SecurityAlert") && value.get("SystemAlertId").is_some()
}

fn stream(record: Record<'_>) -> Option<Shape> {
    let category = record.text(&["category"])?;
    let table = xdr_stream::table(category)?;
    Some(if xdr_stream::carries_alerts(table) { Shape::Stream } else { Shape::Passed(category.to_owned()) })
}

fn envelope(record: Record<'_>) -> Option<Shape> {
    let rows = record.list(&["tables"]).first().and_then(Record::of).is_some_and(|table| table.has("rows"));
    if rows {
        return Some(Shape::Tables);
    }
    // "value" is a common word: only where nothing but paging stands beside it.
    let only_paging = record.members().all(|(name, _)| {
        matches!(name, "records" | "Records" | "value" | "count" | "nextLink") || name.starts_with("@odata.")
    });
    let list = record.members().find(|(name, value)| {
        (value.is_array() || value.is_object()) && (is(name, "records") || (only_paging && *name == "value"))
    });
    list.map(|(name, _)| Shape::List(name.to_owned()))
}

fn sentinel(record: Record<'_>) -> Option<Shape> {
    if let Some(object) = record.record(&[sentinel::OBJECT])
        && object.has("properties")
        && ["objectSchemaType", "objectEventType", "workspaceInfo", "workspaceId"]
            .iter()
            .any(|name| record.has(name))
    {
        return Some(Shape::Alert(Format::SentinelIncident));
    }
    if record.record(&["Entity"]).is_some_and(|entity| entity.has("properties")) {
        return Some(Shape::Passed("Sentinel entity trigger".to_owned()));
    }
    let resource = record.text(&["type"]).unwrap_or("").to_lowercase();
    if resource.ends_with("/incidents") {
        return Some(Shape::Alert(Format::SentinelIncident));
    }
    if resource.starts_with("microsoft.security/") && resource.ends_with("/alerts") {
        return Some(Shape::Resource(Format::V3));
    }
    let kind = record.text(&["kind"]).filter(|_| record.record(&["properties"]).is_some())?;
    Some(match kind.eq_ignore_ascii_case("SecurityAlert") {
        true => Shape::Alert(Format::SentinelEntity),
        false => Shape::Passed(format!("Sentinel entity {kind}")),
    })
}

/// Rows of other tables that share a topic.
fn other_table(record: Record<'_>) -> Option<Shape> {
    let is_row = record.has("TimeGenerated") || record.has("_ItemId");
    let table = record.text(&["Type"]).filter(|_| is_row)?;
    if table != "SecurityAlert" && record.id(&["SystemAlertId"]).is_none() {
        return Some(Shape::Passed(table.to_owned()));
    }
    None
}

fn alert(record: Record<'_>) -> Option<Shape> {
    if record.has("IncidentNumber") && record.has("AlertIds") {
        return Some(Shape::Passed("SecurityIncident".to_owned()));
    }
    if record.has("Operation") && record.text(&["Workload", "RecordType"]).is_some() {
        let operation = || format!("Office 365 {}", record.text(&["Operation"]).unwrap_or("activity"));
        let carries = office::carries_alert(record);
        return Some(if carries {
            Shape::Alert(Format::Office365Activity)
        } else {
            Shape::Passed(operation())
        });
    }
    if cef::is_document(record) {
        return Some(Shape::Alert(Format::Cef));
    }
    let has_title = record.text(&["title"]).is_some();
    let vendor = ["vendorInformation", "vendorInformation_provider"].iter().any(|name| record.has(name));
    if has_title && vendor {
        return Some(Shape::Alert(Format::GraphV1));
    }
    if is_incident(record, has_title) {
        return Some(Shape::Incident);
    }
    if let Some(format) = row(record) {
        return Some(Shape::Alert(format));
    }
    if is_bare_stream(record) {
        return Some(Shape::Stream);
    }
    let any = |names: &[&str]| names.iter().any(|name| record.has(name));
    if has_title && any(&["alertCreationTime", "machineId", "firstEventTime", "alertId"]) {
        return Some(Shape::Alert(Format::DefenderEndpoint));
    }
    let graph = ["serviceSource", "evidence", "alertWebUrl", "firstActivityDateTime", "createdDateTime"];
    (has_title && record.has("id") && any(&graph)).then_some(Shape::Alert(Format::GraphV2))
}

/// A row, a V3 alert, or the body of an alert trigger: the same members in different company.
fn row(record: Record<'_>) -> Option<Format> {
    let named =
        ["AlertName", "AlertDisplayName", "AlertSeverity", "AlertType"].iter().any(|name| record.has(name));
    let identified =
        ["SystemAlertId", "VendorOriginalId", "ProviderAlertId"].iter().any(|name| record.has(name));
    let is_row = record.text(&["Type"]) == Some("SecurityAlert");
    let is_v3 = ["CorrelationKey", "ResourceIdentifiers", "AzureResourceId", "AlertUri"]
        .iter()
        .any(|n| record.has(n));
    // Any column may have been dropped on the way; entities beside techniques are still an alert's.
    let remains =
        record.has("Entities") && ["Techniques", "ExtendedProperties"].iter().any(|name| record.has(name));
    if !is_row && !remains && !(named && (identified || is_v3)) {
        return None;
    }
    let trigger = record.text(&["WorkspaceId"]).is_some() && !record.has("TenantId");
    Some(match (is_v3 || record.text(&["Version"]).is_some(), trigger) {
        _ if is_row => Format::SecurityAlert,
        (false, true) => Format::SentinelIncident,
        (true, _) => Format::V3,
        (false, false) => Format::SecurityAlert,
    })
}

fn is_incident(record: Record<'_>, has_title: bool) -> bool {
    let says_so = record.text(&["@odata.type"]).is_some_and(|kind| kind.ends_with("security.incident"));
    let graph =
        record.has("displayName") && ["incidentWebUrl", "redirectIncidentId"].iter().any(|n| record.has(n));
    let older = record.has("incidentName") && record.has("incidentId");
    says_so || (!has_title && (graph || older || (record.has("alerts") && record.has("incidentId"))))
}

/// A record of the stream that lost its envelope, as a query gives it back.
fn is_bare_stream(record: Record<'_>) -> bool {
    let columns = ["EntityType", "EvidenceRole", "AttackTechniques"].iter().any(|name| record.has(name));
    record.text(&["AlertId"]).is_some() && columns && record.has("Timestamp")
}

/// Diagnostic records of other services, which have a category and properties too.
fn other_category(record: Record<'_>) -> Option<Shape> {
    let category = record.text(&["category", "operationName"])?;
    (record.has("time") && record.has("properties")).then(|| Shape::Passed(category.to_owned()))
}

fn wrapper(record: Record<'_>) -> Option<Shape> {
    let named = record.text(&["integration"]).into_iter();
    named
        .chain(WRAPPERS)
        .find(|name| record.get(&[name]).is_some_and(is_record_like))
        .map(|name| Shape::Wrapper(name.to_owned()))
}

fn is_record_like(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => true,
        _ => as_text(value).is_some_and(|text| text.starts_with(['{', '[']) || cef::parse(text).is_some()),
    }
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}
