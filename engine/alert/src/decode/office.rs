//! Office 365 management activity records that carry an alert: whole, as the V3 text of an automated investigation,
//! or in the short names that the compliance centre uses.

use crate::alert::{Alert, Status};
use crate::decode::draft::{self, text};
use crate::decode::entities::{Gathered, Kind};
use crate::decode::place::Place;
use crate::decode::record::Record;
use crate::decode::security_alert;
use crate::product::Product;

/// Whether an activity carries an alert. Everything else in the log is somebody's ordinary work.
pub(crate) fn carries_alert(record: Record<'_>) -> bool {
    record.text(&["AlertId"]).is_some() || record.text(&["Operation"]) == Some("AirInvestigationData")
}

/// Reads an activity record.
pub(crate) fn read(record: Record<'_>, alert: &mut Alert) {
    match record.record(&["Data"]).filter(|data| is_v3(*data)) {
        Some(data) => read_investigation(record, data, alert),
        None => read_short(record, alert),
    }
    alert.tenant = alert.tenant.take().or_else(|| text(record, &["OrganizationId"]));
}

/// The alert behind an automated investigation. An investigation that names no alert is known by its own id.
fn read_investigation(record: Record<'_>, data: Record<'_>, alert: &mut Alert) {
    security_alert::read_at(data, Place::Root.member("Data"), alert);
    if alert.id.0.is_empty() {
        alert.id.0 = record.id(&["InvestigationId", "ObjectId", "Id"]).unwrap_or_default();
    }
    if alert.title.is_empty() {
        draft::set_title(alert, record.text(&["InvestigationName", "Operation"]));
    }
    alert.link = alert.link.take().or_else(|| text(record, &["DeepLinkUrl"]));
    let times = &mut alert.times;
    times.start = times.start.or_else(|| record.time(&["StartTimeUtc"]));
    times.end = times.end.or_else(|| record.time(&["EndTimeUtc"]));
    times.updated = times.updated.or_else(|| record.time(&["LastUpdateTimeUtc", "CreationTime"]));
    if !alert.product.is_known() && record.text(&["Operation"]) == Some("AirInvestigationData") {
        Product::DEFENDER_FOR_OFFICE_365.clone_into(&mut alert.product.0);
    }
}

/// An alert of the compliance centre. The short names in its data are nowhere documented; these were met.
fn read_short(record: Record<'_>, alert: &mut Alert) {
    let data = record.record(&["Data"]);
    let of_data = |names: &[&str]| data.and_then(|data| data.text(names));
    alert.id.0 = record.id(&["AlertId"]).unwrap_or_default();
    draft::set_title(alert, record.text(&["Name"]).or_else(|| of_data(&["an"])));
    alert.description = of_data(&["ad"]).or_else(|| record.text(&["Comments"])).map(str::to_owned);
    alert.alert_type = of_data(&["mat", "lon", "op"]).map(str::to_owned);
    draft::set_severity(alert, record, &["Severity"]);
    draft::set_status(alert, record, &["Status"]);
    if alert.status == Status::InProgress
        && record.text(&["Status"]).is_some_and(|s| s.eq_ignore_ascii_case("active"))
    {
        // An alert that is active here is one that nobody has touched.
        alert.status = Status::New;
    }
    draft::set_product(alert, &[record.text(&["Source"]), record.text(&["Workload"])]);
    draft::add_category(alert, record, "Category");
    let time = |name: &str| data.and_then(|data| data.time(&[name]));
    (alert.times.start, alert.times.end) = (time("ts"), time("te"));
    alert.times.updated = draft::time(alert, record, &["CreationTime"]);
    let links = record.list(&["AlertLinks"]).iter().filter_map(Record::of);
    let link = links.filter_map(|link| link.text(&["AlertLinkHref"])).next().or_else(|| of_data(&["alk"]));
    alert.link = link.map(str::to_owned);
    alert.tenant = of_data(&["tid"]).map(str::to_owned);
    alert.entities = entities(record, data).finish(&mut alert.oddities);
}

/// The user that the alert is about, the recipients of a message, the URL that was judged. Senders are left out: they
/// are not ours.
fn entities(record: Record<'_>, data: Option<Record<'_>>) -> Gathered {
    let mut gathered = Gathered::default();
    let place = Place::Root.member("Data");
    let is_user = record.text(&["EntityType"]).or_else(|| data?.text(&["etype"])) == Some("User");
    let user = data.and_then(|data| data.text(&["eid"])).or_else(|| record.text(&["AlertEntityId"]));
    if let Some(user) = user.filter(|user| is_user && user.contains('@')) {
        gathered.named(&Kind::Account, &[("UserPrincipalName", user)], None, place.member("eid"));
    }
    let Some(data) = data else { return gathered };
    if let Some(user) = data.text(&["f3u"]).filter(|user| user.contains('@')) {
        gathered.named(&Kind::Account, &[("UserPrincipalName", user)], None, place.member("f3u"));
    }
    for recipient in data.text(&["trc"]).into_iter().flat_map(|list| list.split([',', ';'])) {
        if recipient.contains('@') {
            gathered.named(
                &Kind::Mailbox,
                &[("MailboxPrimaryAddress", recipient.trim())],
                None,
                place.member("trc"),
            );
        }
    }
    if let Some(url) = data.text(&["zu"]) {
        gathered.named(&Kind::Url, &[("Url", url)], None, place.member("zu"));
    }
    gathered
}

fn is_v3(data: Record<'_>) -> bool {
    data.text(&["Version", "ProviderName", "AlertDisplayName"]).is_some()
}
