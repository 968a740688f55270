//! One message to its records: envelopes, arrays, lines, values one after another.
//!
//! This works on bytes and brackets, before anything is parsed: so one record that is broken inside does not take its
//! neighbours with it, and each refused record keeps its own bytes.

mod scan;

use scan::{is_container, member_names, skip_blanks, skip_value};

/// Envelopes inside envelopes are opened to this depth.
const MOST_ENVELOPES: usize = 3;

/// A part of a message that should hold one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// Where they begin in the message.
    pub(crate) offset: usize,
    /// Where it stands: `$.records[3]`, `line 2 $`.
    pub(crate) place: String,
}

/// Splits a message. Nothing of it is lost: what cannot be split is a piece by itself.
pub(crate) fn split(message: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let start = if message.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let start = skip_blanks(message, start);
    let whole = Piece { bytes: trim_end(&message[start..]), offset: start, place: "$".to_owned() };
    if is_by_lines(whole.bytes) {
        by_lines(&whole, &mut pieces);
    } else {
        by_values(whole, &mut pieces);
    }
    pieces
}

/// Whether a message is an object with a list of records in it.
pub(crate) fn is_envelope(message: &[u8]) -> bool {
    envelope(message).is_some()
}

/// The category of a record of the XDR stream, found without parsing it. Only members that such records have may stand
/// before it: so any other record is let go at its first member.
pub(crate) fn category(record: &[u8]) -> Option<String> {
    for (name, value) in member_names(record) {
        match name {
            b"category" => {
                let end = skip_value(record, value)?;
                return serde_json::from_slice(&record[value..end]).ok();
            }
            b"time" | b"tenantId" | b"operationName" | b"_TimeReceivedBySvc" | b"Tenant" | b"properties" => {}
            _ => return None,
        }
    }
    None
}

/// Counts lines and columns of a message, from one, for offsets that do not go back.
#[derive(Default)]
pub(crate) struct Lines {
    offset: usize,
    /// Line breaks before the offset.
    breaks: usize,
    /// Where the line begins in which the offset lies.
    begins: usize,
}

impl Lines {
    /// The line and column of an offset.
    pub(crate) fn at(&mut self, message: &[u8], offset: usize) -> (usize, usize) {
        let end = offset.min(message.len()).max(self.offset);
        for (index, byte) in message[self.offset..end].iter().enumerate() {
            if *byte == b'\n' {
                self.breaks += 1;
                self.begins = self.offset + index + 1;
            }
        }
        self.offset = end;
        (self.breaks + 1, offset.saturating_sub(self.begins) + 1)
    }
}

/// Whether each line is a record: text that is no JSON, or JSON whose first line is complete, or whose lines mostly
/// begin a new object. Pretty-printed JSON is none of these.
fn is_by_lines(bytes: &[u8]) -> bool {
    if !is_container(bytes) {
        return !bytes.is_empty();
    }
    let Some(first_end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
    if skip_value(bytes, 0).is_some_and(|end| end <= first_end) {
        return true;
    }
    let lines = || bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let beginning = lines().filter(|line| line.starts_with(b"{") && line.len() > 2).count();
    beginning > 1 && beginning * 2 > lines().count()
}

fn by_lines<'a>(whole: &Piece<'a>, pieces: &mut Vec<Piece<'a>>) {
    let many = whole.bytes.contains(&b'\n');
    let mut offset = whole.offset;
    for (index, line) in whole.bytes.split(|byte| *byte == b'\n').enumerate() {
        let blanks = skip_blanks(line, 0);
        let bytes = trim_end(&line[blanks..]);
        if !bytes.is_empty() {
            let place = if many { format!("line {} $", index + 1) } else { "$".to_owned() };
            by_values(Piece { bytes, offset: offset + blanks, place }, pieces);
        }
        offset += line.len() + 1;
    }
}

/// Values one after another, each of them opened.
fn by_values<'a>(whole: Piece<'a>, pieces: &mut Vec<Piece<'a>>) {
    let mut ends = Vec::new();
    let mut at = 0;
    while at < whole.bytes.len() && is_container(&whole.bytes[at..]) {
        let Some(end) = skip_value(whole.bytes, at) else { break };
        ends.push((at, end));
        at = skip_blanks(whole.bytes, end);
    }
    if ends.is_empty() {
        return open(whole, 0, pieces);
    }
    if at < whole.bytes.len() {
        // What follows the last complete value begins a broken one, or is none at all.
        ends.push((at, whole.bytes.len()));
    }
    let several = ends.len() > 1;
    for (index, (from, to)) in ends.into_iter().enumerate() {
        let place =
            if several { format!("value {} {}", index + 1, whole.place) } else { whole.place.clone() };
        let piece = Piece { bytes: &whole.bytes[from..to], offset: whole.offset + from, place };
        open(piece, 0, pieces);
    }
}

/// Takes an envelope apart; anything else is a record.
fn open<'a>(piece: Piece<'a>, depth: usize, pieces: &mut Vec<Piece<'a>>) {
    let Some((list, name)) = envelope(piece.bytes).filter(|_| depth < MOST_ENVELOPES) else {
        return pieces.push(piece);
    };
    let elements = elements(piece.bytes, list);
    let holds_records = elements.iter().any(|(from, to)| is_container(&piece.bytes[*from..*to]));
    if !holds_records {
        return pieces.push(piece);
    }
    for (index, (from, to)) in elements.into_iter().enumerate() {
        let place = format!("{}{name}[{index}]", piece.place);
        let element = Piece { bytes: &piece.bytes[from..to], offset: piece.offset + from, place };
        open(element, depth + 1, pieces);
    }
}

/// Where the list of records begins in an envelope, and how a place names it. Only members that envelopes have may
/// stand before it: so an ordinary record is let go at its first member.
fn envelope(bytes: &[u8]) -> Option<(usize, String)> {
    if bytes.first() == Some(&b'[') {
        return Some((0, String::new()));
    }
    if bytes.first() != Some(&b'{') {
        return None;
    }
    for (name, value) in member_names(bytes) {
        match name {
            b"records" | b"Records" | b"value" if bytes.get(value) == Some(&b'[') => {
                return Some((value, format!(".{}", String::from_utf8_lossy(name))));
            }
            b"count" | b"nextLink" => {}
            other if other.starts_with(b"@odata.") => {}
            _ => return None,
        }
    }
    None
}

/// The elements of a list, as ranges. The last one may be broken: it then reaches to the end.
fn elements(bytes: &[u8], list: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = skip_blanks(bytes, list + 1);
    while at < bytes.len() && bytes[at] != b']' {
        if bytes[at] == b',' {
            at = skip_blanks(bytes, at + 1);
            continue;
        }
        let end = skip_value(bytes, at).unwrap_or(bytes.len()).max(at + 1);
        found.push((at, end));
        at = skip_blanks(bytes, end);
    }
    found
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_end()
}

#[cfg(test)]
mod tests;
