//! Reads a stream in pieces that never cross a line end and are never large, and knows where it is.

use std::io::{self, BufRead};

/// The longest piece of a line that is taken at once.
const LONGEST: usize = 8 << 10;

/// A stream with a place in it.
pub(crate) struct Pieces<R> {
    reader: R,
    /// Bytes that were read and put back.
    again: Vec<u8>,
    again_from: usize,
    at: Place,
    longest: usize,
}

/// A place in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes before it.
    pub(crate) byte: u64,
    /// Its line, counted from 1.
    pub(crate) line: u64,
    /// Whether a line begins here.
    pub(crate) line_start: bool,
}

impl<R: BufRead> Pieces<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self::with_longest(reader, LONGEST)
    }

    fn with_longest(reader: R, longest: usize) -> Self {
        let at = Place { byte: 0, line: 1, line_start: true };
        Self { reader, again: Vec::new(), again_from: 0, at, longest }
    }

    /// Where the next byte is.
    pub(crate) fn place(&self) -> Place {
        self.at
    }

    /// The next byte, which stays where it is.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.waiting()?.first().copied())
    }

    /// Takes the next piece: up to and with the line end, or less of a long line. It is added to `into`;
    /// gives how many bytes it has, none at the end of the stream.
    pub(crate) fn take(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let longest = self.longest;
        let waiting = self.waiting()?;
        let piece = &waiting[..waiting.len().min(longest)];
        let length = piece.iter().position(|byte| *byte == b'\n').map_or(piece.len(), |at| at + 1);
        into.extend_from_slice(&piece[..length]);
        self.consume(length, &into[into.len() - length..]);
        Ok(length)
    }

    /// Takes a single byte.
    pub(crate) fn take_byte(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.peek()? else { return Ok(None) };
        self.consume(1, &[byte]);
        Ok(Some(byte))
    }

    /// Puts bytes back that were taken from `place` on; they come again.
    pub(crate) fn put_back(&mut self, bytes: &[u8], place: Place) {
        let taken = &self.again[..self.again_from];
        if taken.ends_with(bytes) {
            // They came from here: there is nothing to copy.
            self.again_from -= bytes.len();
        } else {
            let mut again = bytes.to_vec();
            again.extend_from_slice(&self.again[self.again_from..]);
            self.again = again;
            self.again_from = 0;
        }
        self.at = place;
    }

    fn waiting(&mut self) -> io::Result<&[u8]> {
        if self.again_from < self.again.len() {
            return Ok(&self.again[self.again_from..]);
        }
        loop {
            match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        // The buffer is filled, so this reads nothing.
        self.reader.fill_buf()
    }

    fn consume(&mut self, length: usize, bytes: &[u8]) {
        if self.again_from < self.again.len() {
            self.again_from += length;
        } else {
            self.again.clear();
            self.again_from = 0;
            self.reader.consume(length);
        }
        let Some(last) = bytes.last() else { return };
        self.at.byte += length as u64;
        self.at.line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at.line_start = *last == b'\n';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_lines_and_know_their_place() {
        let mut pieces = Pieces::with_longest(&b"ab\ncdefg\n\nh"[..], 3);
        let mut seen = Vec::new();
        loop {
            let place = pieces.place();
            let mut piece = Vec::new();
            if pieces.take(&mut piece).unwrap() == 0 {
                break;
            }
            seen.push((String::from_utf8(piece).unwrap(), place.byte, place.line, place.line_start));
        }
        let expected = [
            ("ab\n", 0, 1, true),
            ("cde", 3, 2, true),
            ("fg\n", 6, 2, false),
            ("\n", 9, 3, true),
            ("h", 10, 4, true),
        ];
        assert_eq!(seen, expected.map(|(text, byte, line, start)| (text.to_owned(), byte, line, start)));
    }

    #[test]
    fn what_is_put_back_comes_again_in_order_before_the_rest() {
        let mut pieces = Pieces::new(&b"one\ntwo\nthree"[..]);
        let mut taken = Vec::new();
        pieces.take(&mut taken).unwrap();
        let second = pieces.place();
        let mut two = Vec::new();
        pieces.take(&mut two).unwrap();
        pieces.put_back(&two, second);
        pieces.put_back(b"x\n", second);
        assert_eq!(pieces.peek().unwrap(), Some(b'x'));
        assert_eq!(pieces.take_byte().unwrap(), Some(b'x'));
        let mut rest = Vec::new();
        while pieces.take(&mut rest).unwrap() > 0 {}
        assert_eq!(rest, b"\ntwo\nthree");
    }
}
