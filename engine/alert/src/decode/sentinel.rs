//! What Sentinel hands out: incidents, the bodies of its triggers, entities of kind SecurityAlert.

use serde_json::Value;

use crate::alert::Alert;
use crate::decode::draft;
use crate::decode::entities::Gathered;
use crate::decode::place::Place;
use crate::decode::record::{Record, is_same_name};
use crate::decode::{security_alert, words};
use crate::product::Product;

/// The members in which the incident itself stands, in the body of a trigger.
pub(crate) const OBJECT: &str = "object";

/// Reads an incident, or the body of an incident trigger. `only` picks one of the alerts that it holds.
pub(crate) fn read_incident(record: Record<'_>, only: Option<usize>, alert: &mut Alert) {
    let body = record.record(&[OBJECT]).unwrap_or(record);
    let incident = Incident { outer: body, inner: body.record(&["properties"]) };
    alert.id.0 = body.id(&["name", "id"]).unwrap_or_default();
    alert.incident_id = incident.id("incidentNumber").or_else(|| body.id(&["name"]));
    draft::set_title(alert, incident.text("title"));
    alert.description = incident.text("description").map(str::to_owned);
    alert.severity = incident.text("severity").and_then(words::severity);
    alert.status = incident.text("status").map_or(alert.status, words::status);
    set_product(&incident, alert);
    for (name, read) in
        [("tactics", words::tactics as fn(&Value, &mut Vec<String>)), ("techniques", words::techniques)]
    {
        let found = if name == "tactics" { &mut alert.tactics } else { &mut alert.techniques };
        incident.additional(name).into_iter().for_each(|value| read(value, found));
    }
    alert.times.start = incident.time("firstActivityTimeUtc");
    alert.times.end = incident.time("lastActivityTimeUtc");
    alert.times.updated = incident.time("lastModifiedTimeUtc").or_else(|| incident.time("createdTimeUtc"));
    alert.link = incident.text("incidentUrl").map(str::to_owned);
    if let Some(held) = only.and_then(|index| incident.alerts().get(index)).and_then(Record::of) {
        let incident_times = alert.times;
        held_alert(held, alert);
        alert.times.updated = alert.times.updated.or(incident_times.updated);
    }
    alert.entities = entities(record, &incident).finish(&mut alert.oddities);
}

/// Sentinel puts at most this many alerts into an incident.
const MOST_HELD: usize = 150;

/// How many alerts of its own an incident holds that can be told apart.
pub(crate) fn held_alerts(record: Record<'_>) -> usize {
    let body = record.record(&[OBJECT]).unwrap_or(record);
    let incident = Incident { outer: body, inner: body.record(&["properties"]) };
    let alerts = incident.alerts();
    let with_id =
        |value: &Value| Record::of(value).is_some_and(|held| own(held).id(&["SystemAlertId"]).is_some());
    if alerts.len() <= MOST_HELD && alerts.iter().all(with_id) { alerts.len() } else { 0 }
}

/// The body with only one of the alerts that it holds.
pub(crate) fn with_one_alert(body: &Value, index: usize) -> Value {
    let mut body = body.clone();
    for place in ["/object/properties", "/object", "/properties", ""] {
        let held = body.pointer_mut(place).and_then(Value::as_object_mut);
        let alerts = held
            .into_iter()
            .flatten()
            .filter(|(name, _)| is_same_name(name, "Alerts"))
            .map(|(_, value)| value);
        for list in alerts.filter_map(Value::as_array_mut).filter(|list| list.len() > index) {
            *list = vec![list.swap_remove(index)];
        }
    }
    body
}

/// Reads an entity of kind SecurityAlert.
pub(crate) fn read_entity(record: Record<'_>, alert: &mut Alert) {
    security_alert::read(own(record), alert);
    if alert.id.0.is_empty() {
        alert.id.0 = record.id(&["name", "id"]).unwrap_or_default();
    }
}

/// One of the alerts of an incident: what it says of itself goes before what the incident says.
fn held_alert(held: Record<'_>, alert: &mut Alert) {
    let incident = std::mem::replace(alert, draft::blank(alert.format));
    security_alert::read(own(held), alert);
    alert.incident_id = incident.incident_id;
    alert.severity = alert.severity.or(incident.severity);
    if alert.status == crate::alert::Status::Unknown {
        alert.status = incident.status;
    }
    if alert.title.is_empty() {
        alert.title = incident.title;
    }
    if !alert.product.is_known() {
        alert.product = incident.product;
    }
    if alert.tactics.is_empty() {
        alert.tactics = incident.tactics;
    }
    alert.link = alert.link.take().or(incident.link);
    alert.oddities.extend(incident.oddities);
}

/// The properties of a resource, or the resource where they were flattened.
fn own(record: Record<'_>) -> Record<'_> {
    record.record(&["properties"]).unwrap_or(record)
}

/// An incident of one product is that product's; otherwise Sentinel put it together.
fn set_product(incident: &Incident<'_>, alert: &mut Alert) {
    let names: Vec<&str> = match incident.additional("alertProductNames") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let name = match names.as_slice() {
        [only] => *only,
        _ => Product::SENTINEL,
    };
    alert.product = Product::canonical([name]);
    alert.provider =
        incident.text("providerName").map(str::to_owned).or_else(|| names.first().map(|n| (*n).to_owned()));
}

fn entities(record: Record<'_>, incident: &Incident<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    let root = if record.record(&[OBJECT]).is_some() { Place::Root.member(OBJECT) } else { Place::Root };
    let inside = root.member("properties");
    for name in ["relatedEntities", "Entities"] {
        let found = incident.inner.and_then(|inner| inner.member(&[name])).map(|found| (found, inside));
        if let Some(((name, value), place)) =
            found.or_else(|| incident.outer.member(&[name]).map(|f| (f, root)))
        {
            related(&mut gathered, value, place.member(name));
        }
    }
    gathered
}

/// Related entities keep their facts one level down, under `properties`.
fn related(gathered: &mut Gathered, value: &Value, place: Place<'_>) {
    let Value::Array(elements) = value else { return gathered.list(value, place) };
    for (index, element) in elements.iter().enumerate() {
        let place = place.element(index);
        let facts = Record::of(element).and_then(|record| record.get(&["properties"]));
        match (facts, crate::decode::entities::Kind::of(element)) {
            (Some(facts), Some(kind)) => gathered.tree(facts, Some(kind), place.member("properties")),
            _ => gathered.element(element, place),
        }
    }
}

/// An incident, whose facts stand under `properties`, or beside it as `properties.title`, or without any prefix.
struct Incident<'a> {
    outer: Record<'a>,
    inner: Option<Record<'a>>,
}

impl<'a> Incident<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        let dotted = format!("properties.{name}");
        let inner = self.inner.and_then(|inner| inner.get(&[name]));
        inner.or_else(|| self.outer.get(&[&dotted])).or_else(|| self.outer.get(&[name]))
    }

    fn additional(&self, name: &str) -> Option<&'a Value> {
        let dotted = format!("additionalData.{name}");
        let nested = self.get("additionalData").and_then(Record::of).and_then(|data| data.get(&[name]));
        nested.or_else(|| self.get(&dotted))
    }

    fn alerts(&self) -> &'a [Value] {
        match self.get("Alerts") {
            Some(Value::Array(alerts)) => alerts,
            Some(alert) => std::slice::from_ref(alert),
            None => &[],
        }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(crate::decode::record::as_text)
    }

    fn id(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::Number(number) => Some(number.to_string()),
            value => crate::decode::record::as_text(value).map(str::to_owned),
        }
    }

    fn time(&self, name: &str) -> Option<crate::alert::Timestamp> {
        self.get(name).and_then(crate::decode::times::of_value)
    }
}
