//! Rows of the SecurityAlert table under both sets of column names, and the alert schema V3 that products use among
//! themselves, which has the same members.

use crate::alert::{Alert, Format, Status};
use crate::decode::draft::{self, text};
use crate::decode::entities::Gathered;
use crate::decode::place::Place;
use crate::decode::record::Record;
use crate::product::Product;

/// Reads a row, a V3 alert, or the body of a Sentinel alert trigger.
pub(crate) fn read(record: Record<'_>, alert: &mut Alert) {
    read_at(record, Place::Root, alert);
}

/// The same for an alert that stands inside another record.
pub(crate) fn read_at(record: Record<'_>, place: Place<'_>, alert: &mut Alert) {
    alert.provider_id = record.id(&["VendorOriginalId", "ProviderAlertId"]);
    alert.id.0 = record.id(&["SystemAlertId"]).or_else(|| alert.provider_id.clone()).unwrap_or_default();
    draft::set_title(alert, record.text(&["AlertDisplayName", "DisplayName", "AlertName", "friendlyName"]));
    alert.description = text(record, &["Description"]);
    alert.alert_type = text(record, &["AlertType"]);
    draft::set_severity(alert, record, &["AlertSeverity", "Severity"]);
    draft::set_status(alert, record, &["Status"]);
    if record.text(&["Status"]).is_some_and(|status| status.eq_ignore_ascii_case("Active")) {
        // The word of Defender for Cloud for an alert that nobody has touched.
        alert.status = Status::New;
    }
    set_product(record, alert);
    for name in ["Tactics", "Intent"] {
        draft::add_tactics(alert, record, name);
    }
    for name in ["Techniques", "SubTechniques"] {
        draft::add_techniques(alert, record, name);
    }
    set_times(record, alert);
    alert.link = text(record, &["AlertLink", "AlertUri"]).or_else(|| first_link(record));
    alert.tenant = tenant(record);
    let extended = record.record(&["ExtendedProperties"]);
    let of_either = |names: &[&str]| record.id(names).or_else(|| extended?.id(names));
    alert.external_id = of_either(&["ExternalId"]);
    alert.detector_id = of_either(&["DetectorId"]);
    let mut gathered = Gathered::default();
    if let Some((name, entities)) = record.member(&["Entities"]) {
        gathered.list(entities, place.member(name));
    }
    alert.entities = gathered.finish(&mut alert.oddities);
}

/// The service that sent it is believed before the product; a third party behind a Microsoft service is named by its
/// own name where that is all there is.
fn set_product(record: Record<'_>, alert: &mut Alert) {
    let provider = record.text(&["ProviderName"]);
    let product = record.text(&["ProductName"]);
    let vendor = record.text(&["VendorName"]);
    draft::set_product(alert, &[provider, product, vendor]);
    if !alert.product.is_known() {
        let third_party = vendor.filter(|name| !name.eq_ignore_ascii_case("Microsoft"));
        alert.product = Product::canonical([product, third_party, provider].into_iter().flatten());
    }
}

/// Only TimeGenerated orders two versions of a row. V3 alerts keep it over all versions and count on with the time
/// at which their product finished.
fn set_times(record: Record<'_>, alert: &mut Alert) {
    alert.times.start = draft::time(alert, record, &["StartTime", "StartTimeUtc"]);
    alert.times.end = draft::time(alert, record, &["EndTime", "EndTimeUtc"]);
    let generated = draft::time(alert, record, &["TimeGenerated", "TimeGeneratedUtc"]);
    let processed = draft::time(alert, record, &["ProcessingEndTime", "ProcessingEndTimeUtc"]);
    alert.times.updated = match alert.format {
        Format::V3 | Format::Office365Activity => generated.max(processed),
        _ => generated.or(processed),
    };
}

fn first_link(record: Record<'_>) -> Option<String> {
    let links = record.list(&["ExtendedLinks"]).iter().filter_map(Record::of);
    links.filter_map(|link| text(link, &["Href"])).next()
}

/// The directory tenant. The member TenantId is the workspace, whatever it is called.
fn tenant(record: Record<'_>) -> Option<String> {
    let resources = record.list(&["ResourceIdentifiers"]).iter().filter_map(Record::of);
    let of_resource = resources.filter_map(|resource| text(resource, &["AadTenantId"])).next();
    of_resource.or_else(|| text(record.record(&["ExtendedProperties"])?, &["AadTenantId"]))
}
