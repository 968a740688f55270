//! CEF lines of Defender for Identity, with whatever syslog puts in front of them.

use serde_json::{Map, Value};

use crate::alert::{Alert, Format, Status};
use crate::decode::draft;
use crate::decode::entities::{Gathered, Kind};
use crate::decode::place::Place;
use crate::decode::record::Record;
use crate::decode::times;

/// A line that was taken apart.
pub(crate) struct Line {
    /// Who wrote it: vendor and product.
    pub(crate) source: [String; 2],
    document: Value,
}

/// The fields between the bars, after what stands in front of the first one.
const HEADER: [&str; 6] = ["vendor", "product", "version", "type", "name", "severity"];

/// Takes a line apart; nothing where it is no CEF line.
pub(crate) fn parse(text: &str) -> Option<Line> {
    // A colon and a version belong after the word; the published samples have blanks and a process id.
    let marker = text.find("CEF")?;
    let bar = marker + text[marker..].find('|')?;
    let prefix = &text[..bar];
    let (fields, extension) = header(&text[bar + 1..])?;
    let mut document = Map::new();
    document.insert("prefix".to_owned(), Value::from(prefix.trim()));
    for (name, field) in HEADER.iter().zip(&fields) {
        document.insert((*name).to_owned(), Value::from(field.trim()));
    }
    let extension = pairs(extension);
    document.insert("labels".to_owned(), Value::Object(labels(&extension)));
    document.insert("extension".to_owned(), Value::Object(extension));
    let source = [fields[0].trim().to_owned(), fields[1].trim().to_owned()];
    Some(Line { source, document: Value::Object(document) })
}

impl Line {
    /// Whether Defender for Identity wrote it.
    pub(crate) fn is_ours(&self) -> bool {
        let product = self.source[1].to_lowercase();
        self.source[0].eq_ignore_ascii_case("Microsoft")
            && (product.contains("azure atp") || product.contains("defender for identity"))
    }

    /// Reads the alert.
    pub(crate) fn read(self) -> Result<Alert, String> {
        let mut alert = draft::blank(Format::Cef);
        if let Some(record) = Record::of(&self.document) {
            read(record, &mut alert);
        }
        draft::finish(alert, self.document)
    }
}

/// Whether an object is a line that was taken apart before.
pub(crate) fn is_document(record: Record<'_>) -> bool {
    HEADER.iter().chain(&["prefix", "extension"]).all(|name| record.has(name))
}

/// Reads a line that was taken apart.
pub(crate) fn read(record: Record<'_>, alert: &mut Alert) {
    let extension = record.record(&["extension"]);
    let labels = record.record(&["labels"]);
    let said = |name: &str| extension.and_then(|extension| extension.text(&[name]));
    let labelled = |name: &str| labels.and_then(|labels| labels.text(&[name]));
    draft::set_title(alert, record.text(&["name"]));
    alert.description = said("msg").map(str::to_owned);
    alert.alert_type = record.text(&["type"]).map(str::to_owned);
    alert.external_id = said("externalId").map(str::to_owned);
    alert.severity = record.text(&["severity"]).and_then(draft::cef_severity);
    draft::set_product(alert, &[record.text(&["product"])]);
    alert.link = labelled("url").map(str::to_owned);
    let last = labelled("url").and_then(|url| url.split(['?', '#']).next()?.rsplit('/').next());
    alert.id.0 = last.unwrap_or_default().to_owned();
    alert.provider_id = Some(alert.id.without_prefix().to_owned()).filter(|id| !id.is_empty());
    alert.status = match labelled("trigger").map(str::to_lowercase).as_deref() {
        Some("new") => Status::New,
        Some("close" | "closed" | "resolved") => Status::Resolved,
        _ => Status::Unknown,
    };
    alert.times.start = said("start").and_then(times::parse);
    alert.times.end = said("end").and_then(times::parse);
    let written = record.text(&["prefix"]).and_then(time_in_prefix);
    alert.times.updated = written.or_else(|| said("rt").and_then(times::parse));
    alert.entities = entities(extension, labels).finish(&mut alert.oddities);
}

fn entities(extension: Option<Record<'_>>, labels: Option<Record<'_>>) -> Gathered {
    let mut gathered = Gathered::default();
    let Some(extension) = extension else { return gathered };
    let place = Place::Root.member("extension");
    for (user, host, address, role) in
        [("suser", "shost", "src", "source"), ("duser", "dhost", "dst", "destination")]
    {
        if let Some(name) = extension.text(&[user]) {
            // A blank in it makes it the name that people know.
            let is_logon_name = !name.contains(' ') || name.contains('\\') || name.contains('@');
            let column = if is_logon_name { "Name" } else { "DisplayName" };
            gathered.named(&Kind::Account, &[(column, name)], Some(role), place.member(user));
        }
        let fqdn = labels.and_then(|labels| labels.text(&[&format!("{host}fqdn")]));
        let short = extension.text(&[host]);
        match (short, fqdn) {
            (Some(short), Some(fqdn)) if !is_label_of(short, fqdn) => {
                gathered.note(place.member(host), format!("{short} and {fqdn} are two devices"));
                gathered.named(&Kind::Device, &[("HostName", short)], Some(role), place.member(host));
                gathered.named(&Kind::Device, &[("FQDN", fqdn)], Some(role), Place::Root.member("labels"));
            }
            (None, None) => {}
            (short, fqdn) => {
                let names: Vec<_> =
                    short.map(|n| ("HostName", n)).into_iter().chain(fqdn.map(|n| ("FQDN", n))).collect();
                gathered.named(&Kind::Device, &names, Some(role), place.member(host));
            }
        }
        if let Some(address_text) = extension.text(&[address]) {
            gathered.named(&Kind::Ip, &[("Address", address_text)], Some(role), place.member(address));
        }
    }
    gathered
}

fn is_label_of(short: &str, fqdn: &str) -> bool {
    fqdn.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case(short))
        || fqdn.eq_ignore_ascii_case(short)
}

/// Splits the header at its bars, which a backslash protects, and gives back the rest.
fn header(text: &str) -> Option<(Vec<String>, &str)> {
    let mut fields = vec![String::new()];
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                let (_, escaped) = characters.next()?;
                fields.last_mut()?.push(escaped);
            }
            '|' if fields.len() == HEADER.len() => return Some((fields, &text[at + 1..])),
            '|' => fields.push(String::new()),
            other => fields.last_mut()?.push(other),
        }
    }
    // A line without an extension ends with its severity.
    (fields.len() == HEADER.len()).then_some((fields, ""))
}

/// The pairs of the extension. A value reaches to the blank before the next name, so it may hold blanks.
fn pairs(text: &str) -> Map<String, Value> {
    let mut starts = Vec::new();
    for (at, _) in text.match_indices('=') {
        let escaped = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let length = text[..at].bytes().rev().take_while(|byte| is_name_byte(*byte)).count();
        let name = &text[at - length..at];
        let is_apart = text[..at - length].chars().next_back().is_none_or(char::is_whitespace);
        if !escaped && is_apart && !name.is_empty() {
            starts.push((at - name.len(), at));
        }
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    let read = |((start, equals), end): (&(usize, usize), usize)| {
        let name = &text[*start..*equals];
        // Published lines hold DOMAIN\nancy with one backslash; line breaks are for messages only.
        let value = unescape(text.get(equals + 1..end).unwrap_or("").trim(), name == "msg");
        (name.to_owned(), Value::from(value))
    };
    starts.iter().zip(ends).map(read).collect()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// `cs1Label=url cs1=…` says that the first custom string is the URL.
fn labels(extension: &Map<String, Value>) -> Map<String, Value> {
    let named = extension.iter().filter_map(|(key, label)| {
        let value = extension.get(key.strip_suffix("Label")?)?;
        Some((label.as_str()?.to_owned(), value.clone()))
    });
    named.collect()
}

fn unescape(text: &str, breaks_lines: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') if breaks_lines => plain.push('\n'),
                Some('r') if breaks_lines => plain.push('\r'),
                Some(other) if !other.is_alphanumeric() => plain.push(other),
                other => {
                    plain.push('\\');
                    plain.extend(other);
                }
            },
            other => plain.push(other),
        }
    }
    plain
}

/// The time at which syslog says the line was written.
fn time_in_prefix(prefix: &str) -> Option<crate::alert::Timestamp> {
    prefix
        .split_whitespace()
        .rev()
        .filter(|word| word.len() >= 19 && word.contains('T'))
        .find_map(times::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = "<14>1 2018-10-29T09:22:00.1+00:00 DC CEF:0|Microsoft|Azure ATP|2.5|Key|A \\| b|10|start=2018-10-29T09:19:45Z \
            suser=CONTOSO\\\\alice duser=corp.example\\nancy shost=WKS msg=Said a\\=b to DC1 twice cs1Label=url cs1=https\\://x.example/alerts/aa12?a\\=b";
        let line = parse(line).unwrap();
        assert!(line.is_ours());
        let alert = line.read().unwrap();
        assert_eq!(alert.title, "A | b");
        assert_eq!(alert.id.as_str(), "aa12");
        assert_eq!(alert.link.as_deref(), Some("https://x.example/alerts/aa12?a=b"));
        assert_eq!(alert.description.as_deref(), Some("Said a=b to DC1 twice"));
        assert_eq!(alert.entities.accounts[0].sam().as_deref(), Some("contoso\\alice"));
        assert_eq!(alert.entities.accounts[1].sam().as_deref(), Some("corp.example\\nancy"));
        assert!(alert.times.updated.is_some() && alert.times.start.is_some());
    }

    #[test]
    fn what_is_no_line_is_nothing() {
        for text in ["", "CEF", "CEF:0|a|b", "hello | world", "CEF:0|Microsoft|Azure ATP|1|2\\"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(!parse("CEF:0|Trend|Deep Security|1|2|3|4|a=b").unwrap().is_ours());
        assert!(parse("CEF:0|Microsoft|Azure ATP|1|2|3|4").is_some(), "an extension may be missing");
    }
}
