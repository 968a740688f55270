//! The reading of one message.

use std::collections::HashMap;

use serde_json::Value;

use super::{Decoded, Refusal};
use crate::alert::{Alert, Format, Oddity};
use crate::decode::json::{MOST_LEVELS, levels, parse};
use crate::decode::place::Place;
use crate::decode::record::{Record, as_text};
use crate::decode::shape::{Shape, shape};
use crate::decode::split::{Lines, Piece, category, is_envelope, split};
use crate::decode::unfold::unfold;
use crate::decode::{cef, draft, endpoint, graph, office, security_alert, sentinel, xdr_stream};

/// Records inside records inside envelopes: real ones have two or three levels.
const MOST_WRAPPERS: usize = 6;

/// Reads a message.
pub(super) fn read(message: &[u8]) -> Vec<Decoded> {
    let mut reading =
        Reading { message, answers: Vec::new(), lines: Lines::default(), streams: HashMap::new() };
    if !reading.single(message) {
        for piece in split(message) {
            reading.piece(&piece);
        }
    }
    reading.finish()
}

/// An answer, or the place that an alert of the stream will take when all its records are there.
enum Answer {
    Done(Decoded),
    Stream(Vec<Value>, Vec<Oddity>),
}

struct Reading<'m> {
    message: &'m [u8],
    answers: Vec<Answer>,
    lines: Lines,
    /// The answers that wait for further records of their alert.
    streams: HashMap<String, usize>,
}

/// A value in the message that may be a record.
struct Found<'f> {
    /// Where it stands in the message.
    place: String,
    /// The bytes it came in.
    raw: &'f [u8],
    /// What was odd on the way to it.
    oddities: Vec<Oddity>,
    /// How many envelopes and wrappers were opened.
    depth: usize,
}

impl Found<'_> {
    /// A part of this value, one level down.
    fn inner(&self, step: &str) -> Self {
        Self {
            place: format!("{}{step}", self.place),
            raw: self.raw,
            oddities: self.oddities.clone(),
            depth: self.depth + 1,
        }
    }
}

impl Reading<'_> {
    /// The usual message: one whole record and nothing else. Whatever is not that is left to the slower way.
    fn single(&mut self, message: &[u8]) -> bool {
        if message.first() != Some(&b'{') || is_envelope(message) || category(message).is_some() {
            return false;
        }
        let Ok(parsed) = parse(message) else { return false };
        if parsed.mended || levels(&parsed.value) > MOST_LEVELS {
            return false;
        }
        let found = Found { place: "$".to_owned(), raw: message, oddities: Vec::new(), depth: 0 };
        self.value(parsed.value, found);
        true
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        let found = Found { place: piece.place.clone(), raw: piece.bytes, oddities: Vec::new(), depth: 0 };
        if piece.bytes.is_empty() {
            return self.refuse(found, "the message is empty");
        }
        if !matches!(piece.bytes[0], b'{' | b'[') {
            return self.text(&String::from_utf8_lossy(piece.bytes), found);
        }
        if let Some(category) = other_table_of_stream(piece.bytes) {
            return self.pass(category, found);
        }
        match parse(piece.bytes) {
            Ok(parsed) => {
                let mut found = found;
                if parsed.mended {
                    found.oddities.push(oddity("$", "characters that are no Unicode were replaced"));
                }
                if levels(&parsed.value) > MOST_LEVELS {
                    return self.refuse(found, &format!("nested deeper than {MOST_LEVELS} levels"));
                }
                self.value(parsed.value, found);
            }
            Err(error) => {
                let place = self.place_of_error(piece, &error);
                let reason = format!("not JSON: {}", without_position(&error));
                self.refuse(Found { place, ..found }, &reason);
            }
        }
    }

    /// Text that is no JSON: a CEF line, or nothing that is known.
    fn text(&mut self, text: &str, found: Found<'_>) {
        match cef::parse(text) {
            Some(line) if line.is_ours() => self.alert(line.read(), found),
            Some(line) => self.pass(format!("CEF {} {}", line.source[0], line.source[1]), found),
            None if serde_json::from_str::<Value>(text).is_ok() => self.refuse(found, "JSON, but no object"),
            None => self.refuse(found, "neither JSON nor a CEF line"),
        }
    }

    /// Any value: what it is decides who reads it.
    fn value(&mut self, mut value: Value, mut found: Found<'_>) {
        if found.depth > MOST_WRAPPERS {
            return self.refuse(found, "records inside records inside records");
        }
        match shape(&value) {
            Shape::Alert(format) => self.read(value, format, found),
            Shape::Resource(format) => {
                let inner = value.get_mut("properties").map(Value::take).unwrap_or_default();
                found.oddities.push(oddity("$", "the alert is a resource, read from its properties"));
                self.read(inner, format, found);
            }
            Shape::Stream => self.stream(value, found),
            Shape::Passed(what) => self.pass(what, found),
            Shape::List(name) => {
                self.list(value.get_mut(&name).map(Value::take).unwrap_or_default(), &name, &found)
            }
            Shape::Tables => self.tables(&value, &found),
            Shape::Incident => self.incident(value, found),
            Shape::Wrapper(name) => self.wrapper(&value, &name, found),
            Shape::Unknown => match value {
                Value::Array(_) => self.list(value, "", &found),
                _ => self.refuse(found, "not recognised as an alert of any known form"),
            },
        }
    }

    fn list(&mut self, value: Value, name: &str, found: &Found<'_>) {
        let member = if name.is_empty() { String::new() } else { format!(".{name}") };
        match value {
            Value::Array(elements) if elements.is_empty() => {
                self.pass("empty list of records".to_owned(), found.inner(&member));
            }
            Value::Array(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    self.value(element, found.inner(&format!("{member}[{index}]")));
                }
            }
            other => self.value(other, found.inner(&member)),
        }
    }

    /// Rows and columns become records.
    fn tables(&mut self, value: &Value, found: &Found<'_>) {
        let tables = Record::of(value).map(|record| record.list(&["tables"])).unwrap_or_default();
        for (index, table) in tables.iter().filter_map(Record::of).enumerate() {
            let columns: Vec<&str> = table
                .list(&["columns"])
                .iter()
                .map(|column| column.get("name").unwrap_or(column).as_str().unwrap_or(""))
                .collect();
            let rows = table.list(&["rows"]);
            if rows.is_empty() {
                self.pass("empty list of records".to_owned(), found.inner(&format!(".tables[{index}]")));
            }
            for (row_index, row) in rows.iter().enumerate() {
                let found = found.inner(&format!(".tables[{index}].rows[{row_index}]"));
                match row {
                    Value::Array(cells) if cells.len() == columns.len() => {
                        let cells = columns.iter().map(|name| (*name).to_owned()).zip(cells.iter().cloned());
                        self.value(Value::Object(cells.collect()), found);
                    }
                    _ => self.refuse(found, "a row that does not fit its columns"),
                }
            }
        }
    }

    /// Every alert of an incident is one answer.
    fn incident(&mut self, mut value: Value, found: Found<'_>) {
        let Some(record) = Record::of(&value) else { return };
        let incident_id = record.id(&["incidentId", "id"]);
        let name = record.member(&["alerts"]).map(|(name, _)| name.to_owned());
        let alerts = name.as_ref().and_then(|name| value.get_mut(name)).map(Value::take).unwrap_or_default();
        let (alerts, is_list) = match alerts {
            Value::Array(alerts) => (alerts, true),
            Value::Object(_) => (vec![alerts], false),
            _ => (Vec::new(), true),
        };
        if alerts.is_empty() {
            return self.pass("incident without alerts".to_owned(), found);
        }
        for (index, alert) in alerts.into_iter().enumerate() {
            let step = if is_list { format!(".alerts[{index}]") } else { ".alerts".to_owned() };
            let mut found = found.inner(&step);
            if !is_list {
                found.oddities.push(oddity("$", "one alert alone where a list belongs"));
            }
            self.alert_of_incident(alert, incident_id.clone(), found);
        }
    }

    fn alert_of_incident(&mut self, mut value: Value, incident_id: Option<String>, mut found: Found<'_>) {
        let mut alert = draft::blank(Format::Incident);
        alert.incident_id = incident_id;
        alert.oddities.append(&mut found.oddities);
        unfold(&mut value, Place::Root, &mut alert.oddities);
        let Some(record) = Record::of(&value) else {
            return self.refuse(found, "an alert of an incident that is no object");
        };
        let older = ["alertId", "entities", "devices"].iter().any(|name| record.has(name));
        if older {
            endpoint::read(record, &mut alert)
        } else {
            graph::read(record, &mut alert)
        }
        self.alert(draft::finish(alert, value), found);
    }

    fn wrapper(&mut self, value: &Value, name: &str, found: Found<'_>) {
        let Some(inner) = Record::of(value).and_then(|record| record.get(&[name])) else { return };
        let mut inside = found.inner(&format!(".{name}"));
        inside.oddities.push(oddity("$", &format!("wrapped in a member {name:?}")));
        match as_text(inner).map(|text| (text, parse(text.as_bytes()))) {
            None => self.value(inner.clone(), inside),
            Some((_, Ok(parsed))) if levels(&parsed.value) <= MOST_LEVELS => self.value(parsed.value, inside),
            Some((text, _)) => self.text(text, inside),
        }
    }

    /// Keeps a record of the stream until all records of the message are there.
    fn stream(&mut self, value: Value, mut found: Found<'_>) {
        let mut value = value;
        // An id that is a list or an object written as text is none, and must not be taken for one.
        unfold(&mut value, Place::Root, &mut found.oddities);
        let Some(id) = xdr_stream::alert_id(&value) else {
            return self.refuse(found, "a record of the stream without AlertId");
        };
        match self.streams.get(&id).and_then(|at| self.answers.get_mut(*at)) {
            Some(Answer::Stream(records, oddities)) => {
                records.push(value);
                oddities.append(&mut found.oddities);
            }
            _ => {
                self.streams.insert(id, self.answers.len());
                self.answers.push(Answer::Stream(vec![value], found.oddities));
            }
        }
    }

    fn read(&mut self, mut value: Value, format: Format, mut found: Found<'_>) {
        let mut alert = draft::blank(format);
        alert.oddities.append(&mut found.oddities);
        unfold(&mut value, Place::Root, &mut alert.oddities);
        let Some(record) = Record::of(&value) else {
            return self.refuse(found, "an alert that is no object");
        };
        let held = if format == Format::SentinelIncident { sentinel::held_alerts(record) } else { 0 };
        if held == 0 {
            read_as(record, &mut alert);
            return self.alert(draft::finish(alert, value), found);
        }
        for index in 0..held {
            let mut one = alert.clone();
            sentinel::read_incident(record, Some(index), &mut one);
            if held > 1 {
                one.oddities
                    .push(oddity("$", "one of several alerts: the entities are those of the whole incident"));
            }
            let document = sentinel::with_one_alert(&value, index);
            self.alert(draft::finish(one, document), found.inner(&format!(".Alerts[{index}]")));
        }
    }

    fn alert(&mut self, alert: Result<Alert, String>, found: Found<'_>) {
        match alert {
            Ok(mut alert) => {
                alert.oddities.splice(0..0, found.oddities);
                self.answers.push(Answer::Done(Decoded::Alert(Box::new(alert))));
            }
            Err(reason) => self.refuse(found, &reason),
        }
    }

    fn pass(&mut self, what: String, found: Found<'_>) {
        self.answers.push(Answer::Done(Decoded::Passed { what, place: found.place }));
    }

    fn refuse(&mut self, found: Found<'_>, reason: &str) {
        let refusal = Refusal { reason: reason.to_owned(), place: found.place, raw: found.raw.to_vec() };
        self.answers.push(Answer::Done(Decoded::Refused(refusal)));
    }

    fn finish(self) -> Vec<Decoded> {
        let done = |answer| match answer {
            Answer::Done(decoded) => decoded,
            Answer::Stream(records, oddities) => joined(records, oddities),
        };
        self.answers.into_iter().map(done).collect()
    }

    /// The place at which a record does not parse, in lines and columns of the message.
    fn place_of_error(&mut self, piece: &Piece<'_>, error: &serde_json::Error) -> String {
        let (first_line, first_column) = self.lines.at(self.message, piece.offset);
        let line = first_line + error.line().saturating_sub(1);
        let column =
            if error.line() <= 1 { first_column + error.column().saturating_sub(1) } else { error.column() };
        let of_lines = piece.place.strip_prefix("line ").and_then(|rest| rest.split_once(' '));
        let inside = of_lines.map_or(piece.place.as_str(), |(_, inside)| inside);
        let inside = if inside == "$" { String::new() } else { format!("{inside} ") };
        format!("{inside}line {line} column {column}")
    }
}

/// The alert that several records of the stream make together.
fn joined(records: Vec<Value>, oddities: Vec<Oddity>) -> Decoded {
    let mut alert = draft::blank(Format::XdrStream);
    alert.oddities = oddities;
    let document = xdr_stream::read(records, &mut alert);
    Decoded::Alert(Box::new(draft::complete(alert, document)))
}

fn read_as(record: Record<'_>, alert: &mut Alert) {
    match alert.format {
        Format::SentinelIncident if record.has("SystemAlertId") => security_alert::read(record, alert),
        Format::SentinelIncident => sentinel::read_incident(record, None, alert),
        Format::SentinelEntity => sentinel::read_entity(record, alert),
        Format::Office365Activity => office::read(record, alert),
        Format::GraphV1 => graph::read_legacy(record, alert),
        Format::GraphV2 => graph::read(record, alert),
        Format::Cef => cef::read(record, alert),
        Format::DefenderEndpoint | Format::Incident => endpoint::read(record, alert),
        // `Given` is no form in which anything comes in.
        Format::SecurityAlert | Format::V3 | Format::XdrStream | Format::Given => {
            security_alert::read(record, alert);
        }
    }
}

/// The category of a record of the stream that carries no alert, found without parsing it: most records on such a
/// topic are of that kind.
fn other_table_of_stream(bytes: &[u8]) -> Option<String> {
    let category = category(bytes)?;
    let table = xdr_stream::table(&category)?;
    (!xdr_stream::carries_alerts(table)).then_some(category)
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn oddity(place: &str, what: &str) -> Oddity {
    Oddity { place: place.to_owned(), what: what.to_owned() }
}
