//! Microsoft Graph: `alerts_v2` with evidence, and the legacy alert with states.

use serde_json::Value;

use crate::alert::Alert;
use crate::decode::draft::{self, text};
use crate::decode::entities::{Gathered, Kind, Layers};
use crate::decode::place::Place;
use crate::decode::record::Record;

/// Reads an alert of `alerts_v2`.
pub(crate) fn read(record: Record<'_>, alert: &mut Alert) {
    alert.id.0 = record.id(&["id"]).unwrap_or_default();
    alert.provider_id = record.id(&["providerAlertId"]);
    alert.incident_id = record.id(&["incidentId"]).or_else(|| alert.incident_id.take());
    draft::set_title(alert, record.text(&["title"]));
    alert.description = text(record, &["description"]);
    alert.alert_type = text(record, &["alertType"]);
    alert.detector_id = record.id(&["detectorId"]);
    alert.external_id = record.record(&["additionalData"]).and_then(|data| data.id(&["ExternalId"]));
    draft::set_severity(alert, record, &["severity"]);
    draft::set_status(alert, record, &["status"]);
    let names = ["serviceSource", "productName", "detectionSource"].map(|name| record.text(&[name]));
    draft::set_product(alert, &names);
    for name in ["category", "categories"] {
        draft::add_category(alert, record, name);
    }
    draft::add_techniques(alert, record, "mitreTechniques");
    alert.times.start = draft::time(alert, record, &["firstActivityDateTime"]);
    alert.times.end = draft::time(alert, record, &["lastActivityDateTime"]);
    alert.times.updated = draft::time(alert, record, &["lastUpdateDateTime", "createdDateTime"]);
    alert.link = text(record, &["alertWebUrl"]);
    alert.tenant = text(record, &["tenantId"]);
    alert.entities = evidence(record).finish(&mut alert.oddities);
}

/// Reads a legacy alert.
pub(crate) fn read_legacy(record: Record<'_>, alert: &mut Alert) {
    alert.id.0 = record.id(&["id"]).unwrap_or_default();
    alert.incident_id = record.list(&["incidentIds"]).iter().find_map(|id| id.as_str().map(str::to_owned));
    draft::set_title(alert, record.text(&["title"]));
    alert.description = text(record, &["description"]);
    // The category is the type key of the detection here.
    alert.alert_type = text(record, &["category"]);
    draft::set_severity(alert, record, &["severity"]);
    draft::set_status(alert, record, &["status"]);
    let vendor = record.record(&["vendorInformation"]);
    let of_vendor = |name: &str| {
        let flat = format!("vendorInformation_{name}");
        vendor.and_then(|vendor| vendor.text(&[name])).or_else(|| record.text(&[&flat]))
    };
    draft::set_product(alert, &[of_vendor("provider"), of_vendor("subProvider"), of_vendor("vendor")]);
    draft::add_category(alert, record, "category");
    alert.times.start = draft::time(alert, record, &["eventDateTime"]);
    alert.times.end = draft::time(alert, record, &["lastEventDateTime"]);
    alert.times.updated = draft::time(alert, record, &["lastModifiedDateTime", "createdDateTime"]);
    alert.link = record.texts(&["sourceMaterials"]).first().map(|link| (*link).to_owned());
    alert.tenant = text(record, &["azureTenantId"]);
    alert.entities = states(record).finish(&mut alert.oddities);
}

/// Evidence stands in one list; one converter makes a list for each kind of it.
fn evidence(record: Record<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    if let Some((name, value)) = record.member(&["evidence"]) {
        gathered.list(value, Place::Root.member(name));
        return gathered;
    }
    for (name, value) in record.members().filter(|(name, _)| name.ends_with("Evidence")) {
        gathered.note(Place::Root.member(name), "evidence grouped by kind");
        gathered.tree(value, Some(Kind::named(name)), Place::Root.member(name));
    }
    gathered
}

/// The states of a legacy alert, each list with the kind of entity that it holds.
fn states(record: Record<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    let lists = [
        ("userStates", Kind::Account),
        ("hostStates", Kind::Device),
        ("fileStates", Kind::File),
        ("processes", Kind::Other("process".to_owned())),
        ("registryKeyStates", Kind::Other("registrykey".to_owned())),
        ("networkConnections", Kind::Other("networkconnection".to_owned())),
        ("malwareStates", Kind::Other("malware".to_owned())),
        ("cloudAppStates", Kind::Other("cloudapplication".to_owned())),
    ];
    for (name, kind) in lists {
        for (index, value) in record.list(&[name]).iter().enumerate() {
            let place = Place::Root.member(name);
            state(&mut gathered, &kind, value, place.element(index));
        }
    }
    gathered
}

fn state(gathered: &mut Gathered, kind: &Kind, value: &Value, place: Place<'_>) {
    let Some(record) = Record::of(value) else { return };
    // One converter mixes the process states into the host states.
    let is_host = record.text(&["fqdn", "netBiosName"]).is_some();
    if *kind == Kind::Device && !is_host {
        let private = record.text(&["privateIpAddress", "publicIpAddress"]);
        return gathered.note(
            place,
            if private.is_some() { "host without a name" } else { "host state without a host" },
        );
    }
    let mut facts = Layers::of(record);
    if *kind == Kind::File {
        facts = facts.and(record.record(&["fileHash"]));
    }
    gathered.entity(kind, &facts, place);
    if *kind == Kind::Other("networkconnection".to_owned()) {
        ends_of_connection(gathered, record, place);
    }
}

/// The addresses and names at both ends of a connection.
fn ends_of_connection(gathered: &mut Gathered, record: Record<'_>, place: Place<'_>) {
    let ends = [
        (Kind::Ip, "sourceAddress", "Address", Some("source")),
        (Kind::Ip, "destinationAddress", "Address", Some("destination")),
        (Kind::Url, "destinationUrl", "Url", None),
        (Kind::Domain, "destinationDomain", "DomainName", None),
    ];
    for (kind, column, name, role) in ends {
        if let Some(text) = record.text(&[column]) {
            gathered.named(&kind, &[(name, text)], role, place.member(column));
        }
    }
}
