//! Up to where a partition may be committed.
//!
//! A Kafka commit is a position, not a tick per message: committing 12 says that 11 and everything before
//! it is done. Records are accepted out of order (many at once, some by way of the dead letters), so the
//! position that may be committed is that of the lowest record still open. This file keeps those books
//! for one partition. It is pure.

use std::collections::VecDeque;

/// The open records of one partition.
#[derive(Debug, Default)]
pub struct Contiguous {
    /// Open records and, between them, accepted ones; in order of offset. The first is always open.
    records: VecDeque<Record>,
    /// One past the last record that was ever opened.
    end: Option<i64>,
    open: usize,
}

#[derive(Debug)]
struct Record {
    offset: i64,
    size: usize,
    accepted: bool,
}

/// What opening an offset means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is new, and open now.
    New,
    /// It is open already; the second copy need not be looked at.
    AlreadyOpen,
    /// It lies behind: the partition has been rewound, and these books are closed. Begin new ones.
    Rewound,
}

impl Contiguous {
    /// Books with nothing in them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a record that has just been read. Offsets may have gaps, but must rise.
    pub fn open(&mut self, offset: i64, size: usize) -> Opened {
        if self.end.is_some_and(|end| offset < end) {
            return match self.find(offset) {
                Some(at) if !self.records[at].accepted => Opened::AlreadyOpen,
                _ => Opened::Rewound,
            };
        }
        self.records.push_back(Record { offset, size, accepted: false });
        self.end = Some(offset + 1);
        self.open += 1;
        Opened::New
    }

    /// Accepts an open record and gives its size; `None` when it is not open.
    pub fn accept(&mut self, offset: i64) -> Option<usize> {
        let at = self.find(offset)?;
        let record = &mut self.records[at];
        if record.accepted {
            return None;
        }
        record.accepted = true;
        let size = record.size;
        self.open -= 1;
        while self.records.front().is_some_and(|first| first.accepted) {
            self.records.pop_front();
        }
        Some(size)
    }

    /// Takes back the newest records, from `offset` on, as if they had never been read. They must not
    /// have been handed to anybody.
    pub fn withdraw_from(&mut self, offset: i64) {
        while let Some(last) = self.records.back()
            && last.offset >= offset
        {
            self.open -= usize::from(!last.accepted);
            self.records.pop_back();
            self.end = Some(offset);
        }
        while self.records.front().is_some_and(|first| first.accepted) {
            self.records.pop_front();
        }
    }

    /// The position that may be committed: everything before it is accepted. `None` when no record was
    /// ever opened.
    pub fn committable(&self) -> Option<i64> {
        self.records.front().map(|lowest| lowest.offset).or(self.end)
    }

    /// Whether this record is open.
    pub fn is_open(&self, offset: i64) -> bool {
        self.find(offset).is_some_and(|at| !self.records[at].accepted)
    }

    /// How many records are open.
    pub fn open_count(&self) -> usize {
        self.open
    }

    /// The sizes of the open records, summed.
    pub fn open_size(&self) -> usize {
        self.records.iter().filter(|record| !record.accepted).map(|record| record.size).sum()
    }

    fn find(&self, offset: i64) -> Option<usize> {
        self.records.binary_search_by_key(&offset, |record| record.offset).ok()
    }
}

#[cfg(test)]
mod tests;
