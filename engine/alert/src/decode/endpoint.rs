//! Alerts of the Defender for Endpoint API and of the older Defender XDR incidents, which share their evidence.

use serde_json::Value;

use crate::alert::{Alert, Format};
use crate::decode::draft::{self, text};
use crate::decode::entities::{Gathered, Kind, Layers};
use crate::decode::place::Place;
use crate::decode::record::Record;

/// Reads an alert of either interface.
pub(crate) fn read(record: Record<'_>, alert: &mut Alert) {
    alert.id.0 = record.id(&["alertId", "id"]).unwrap_or_default();
    alert.provider_id = record.id(&["providerAlertId"]);
    alert.incident_id = record.id(&["incidentId"]).or_else(|| alert.incident_id.take());
    draft::set_title(alert, record.text(&["title"]));
    alert.description = text(record, &["description"]);
    alert.alert_type = text(record, &["threatName"]);
    alert.detector_id = record.id(&["detectorId"]);
    draft::set_severity(alert, record, &["severity"]);
    draft::set_status(alert, record, &["status"]);
    set_product(record, alert);
    for name in ["category", "categories"] {
        draft::add_category(alert, record, name);
    }
    draft::add_techniques(alert, record, "mitreTechniques");
    alert.times.start = draft::time(alert, record, &["firstEventTime", "firstActivity"]);
    alert.times.end = draft::time(alert, record, &["lastEventTime", "lastActivity"]);
    let updates = ["lastUpdateTime", "lastUpdatedTime", "alertCreationTime", "creationTime"];
    alert.times.updated = draft::time(alert, record, &updates);
    alert.tenant = text(record, &["aadTenantId", "tenantId"]);
    alert.entities = entities(record).finish(&mut alert.oddities);
}

/// The interface of Defender for Endpoint gives only its own alerts, and names a sensor rather than a product.
fn set_product(record: Record<'_>, alert: &mut Alert) {
    let service = record.text(&["serviceSource"]);
    let sensor = record.text(&["detectionSource"]);
    draft::set_product(alert, &[service, sensor]);
    if service.is_none() && alert.format == Format::DefenderEndpoint {
        alert.product.0 = crate::product::Product::DEFENDER_FOR_ENDPOINT.to_owned();
    }
}

fn entities(record: Record<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    if record.text(&["machineId", "computerDnsName"]).is_some() {
        gathered.columns(&Kind::Device, record, &["machineId", "computerDnsName"], Place::Root);
    }
    for (index, device) in record.list(&["devices"]).iter().enumerate() {
        let place = Place::Root.member("devices");
        gathered.tree(device, Some(Kind::Device), place.element(index));
    }
    for name in ["entities", "evidence"] {
        let list_place = Place::Root.member(name);
        if let Some(alone @ Value::Object(_)) = record.get(&[name]) {
            gathered.note(list_place, "one entity alone where a list belongs");
            evidence(&mut gathered, alone, list_place);
            continue;
        }
        for (index, value) in record.list(&[name]).iter().enumerate() {
            evidence(&mut gathered, value, list_place.element(index));
        }
    }
    if let Some(user) = record.record(&["relatedUser"]) {
        gathered.entity(&Kind::Account, &Layers::of(user), Place::Root.member("relatedUser"));
    }
    gathered
}

/// One piece of evidence. Its columns are flat, and those of other kinds stand empty beside its own.
fn evidence(gathered: &mut Gathered, value: &Value, place: Place<'_>) {
    let Some(record) = Record::of(value) else { return };
    let Some(kind) = Kind::of(value) else {
        return gathered.note(place, "evidence without a type");
    };
    gathered.entity(&kind, &Layers::of(record), place);
    if kind == Kind::Other("process".to_owned()) {
        gathered.columns(&Kind::File, record, &["fileName", "filePath", "sha1", "sha256"], place);
        let account = ["accountName", "domainName", "userSid", "aadUserId", "userPrincipalName"];
        gathered.columns(&Kind::Account, record, &account, place);
    }
    if kind != Kind::Device {
        gathered.columns(&Kind::Device, record, &["deviceId"], place);
    }
}
