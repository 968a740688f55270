//! Cuts a stream into records, by its content alone.
//!
//! * A line that begins with `{` or `[` begins a JSON document. It is a record up to its end, be that on
//!   the same line (JSON lines) or many lines later (pretty-printed); several on one line are several
//!   records.
//! * Any other line that is not blank is a record by itself: a CEF line, or something that the decoder
//!   will refuse.
//! * A document that breaks off (a truncated line, a missing quote) must not swallow its neighbours: it
//!   is cut before the next line that begins, without indentation, like a document.
//!
//! Nothing is left out but white space, and commas between documents. Memory is bounded by the limit for
//! one record.

use std::io::{self, BufRead};

use super::pieces::{Pieces, Place};
use super::scan::{Fed, Scanner, begins_document};
use crate::delivery::{Payload, Refusal};

/// How much of a record that is too large is kept, for people to recognise it.
const BEGINNING: usize = 4 << 10;

/// The records of one stream.
pub(crate) struct Records<R> {
    pieces: Pieces<R>,
    largest: usize,
}

/// One record, and where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    pub(crate) payload: Payload,
}

impl<R: BufRead> Records<R> {
    /// The records of this stream, none of them larger than `largest` bytes.
    pub(crate) fn new(reader: R, largest: usize) -> Self {
        Self { pieces: Pieces::new(reader), largest }
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        let Some(first) = self.skip_blank()? else { return Ok(None) };
        let start = self.pieces.place();
        let payload = if begins_document(first) { self.document()? } else { self.line()? };
        Ok(Some(Record { line: start.line, byte: start.byte, payload }))
    }

    /// The line and byte at which reading stands.
    pub(crate) fn place(&self) -> (u64, u64) {
        let place = self.pieces.place();
        (place.line, place.byte)
    }

    fn skip_blank(&mut self) -> io::Result<Option<u8>> {
        while let Some(byte) = self.pieces.peek()? {
            if !byte.is_ascii_whitespace() && byte != b',' {
                return Ok(Some(byte));
            }
            self.pieces.take_byte()?;
        }
        Ok(None)
    }

    fn line(&mut self) -> io::Result<Payload> {
        let mut taken = Taken::new(self.largest);
        self.rest_of_line(&mut taken)?;
        Ok(taken.finish())
    }

    fn document(&mut self) -> io::Result<Payload> {
        let mut scanner = Scanner::default();
        let mut taken = Taken::new(self.largest);
        loop {
            let place = self.pieces.place();
            let mut piece = Vec::new();
            if self.pieces.take(&mut piece)? == 0 {
                return Ok(self.cut(taken).finish());
            }
            taken.note_line(&piece, place);
            match scanner.feed(&piece) {
                Fed::More => taken.add(&piece),
                Fed::Complete(length) => {
                    taken.add(&piece[..length]);
                    let end = Place { byte: place.byte + length as u64, line_start: false, ..place };
                    self.pieces.put_back(&piece[length..], end);
                    return self.after_document(taken);
                }
                Fed::Broken => {
                    taken.add(&piece);
                    return self.broken(taken);
                }
            }
            if taken.is_too_large() && taken.next_start.is_some() {
                return Ok(self.cut(taken).finish());
            }
        }
    }

    /// A document has ended. Another may follow on the line; anything else there spoils it.
    fn after_document(&mut self, mut taken: Taken) -> io::Result<Payload> {
        let mut gap = Vec::new();
        let follows = loop {
            match self.pieces.peek()? {
                Some(b' ' | b'\t' | b'\r' | b',') => gap.extend(self.pieces.take_byte()?),
                other => break other,
            }
        };
        if follows.is_some_and(|byte| byte != b'\n' && !begins_document(byte)) {
            taken.add(&gap);
            self.rest_of_line(&mut taken)?;
        }
        Ok(taken.finish())
    }

    /// A document cannot go on as it does. It is cut before the next document, where one can be seen to
    /// begin; otherwise it goes on as long as its lines look like the inside of one.
    fn broken(&mut self, mut taken: Taken) -> io::Result<Payload> {
        if taken.next_start.is_some() {
            return Ok(self.cut(taken).finish());
        }
        loop {
            if !self.pieces.place().line_start {
                self.rest_of_line(&mut taken)?;
            }
            match self.pieces.peek()? {
                Some(byte) if byte.is_ascii_whitespace() || matches!(byte, b'}' | b']' | b'"' | b',') => {
                    let mut piece = Vec::new();
                    self.pieces.take(&mut piece)?;
                    taken.add(&piece);
                }
                _ => return Ok(taken.finish()),
            }
        }
    }

    /// Puts back everything from the next document on.
    fn cut(&mut self, mut taken: Taken) -> Taken {
        if let Some((length, place)) = taken.next_start.take() {
            self.pieces.put_back(&taken.bytes[length..], place);
            taken.bytes.truncate(length);
            taken.size = length as u64;
        }
        taken
    }

    fn rest_of_line(&mut self, taken: &mut Taken) -> io::Result<()> {
        loop {
            let mut piece = Vec::new();
            let length = self.pieces.take(&mut piece)?;
            taken.add(&piece);
            if length == 0 || piece.last() == Some(&b'\n') {
                return Ok(());
            }
        }
    }
}

/// A record as far as it has been read.
struct Taken {
    bytes: Vec<u8>,
    /// Its size, whether or not its bytes were kept.
    size: u64,
    largest: usize,
    /// Where a further document seems to begin: how many bytes come before it, and its place.
    next_start: Option<(usize, Place)>,
}

impl Taken {
    fn new(largest: usize) -> Self {
        Self { bytes: Vec::new(), size: 0, largest, next_start: None }
    }

    /// Looks whether this piece, which is about to be added, looks like the beginning of a document.
    fn note_line(&mut self, piece: &[u8], place: Place) {
        let begins = place.line_start && piece.first().is_some_and(|byte| begins_document(*byte));
        if begins && self.size > 0 && self.next_start.is_none() && !self.is_too_large() {
            self.next_start = Some((self.bytes.len(), place));
        }
    }

    fn add(&mut self, piece: &[u8]) {
        let was_whole = !self.is_too_large();
        self.size += piece.len() as u64;
        if was_whole {
            self.bytes.extend_from_slice(piece);
        }
        // What a cut may still need is kept for the moment; see `document`.
        if self.is_too_large() && self.next_start.is_none() {
            self.bytes.truncate(BEGINNING);
            self.bytes.shrink_to_fit();
        }
    }

    fn is_too_large(&self) -> bool {
        self.size > self.largest as u64
    }

    fn finish(mut self) -> Payload {
        if self.is_too_large() {
            let reason = format!(
                "the record has {} bytes, over the limit of {}; raise the limit, or write an array as one \
                 object a line",
                self.size, self.largest
            );
            self.bytes.truncate(BEGINNING);
            return Payload::Refused(Refusal { reason, beginning: self.bytes, size: Some(self.size) });
        }
        // The line end belongs to the file, not to the record.
        let end = self.bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
        self.bytes.truncate(end);
        Payload::Bytes(self.bytes)
    }
}

#[cfg(test)]
mod tests;
