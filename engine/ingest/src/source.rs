//! What every source of alerts can do, and what it shows of itself.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, Receipt};
use crate::error::IngestError;

/// Something that alerts come from.
#[async_trait]
pub trait AlertSource: Send + Sync {
    /// Waits until something is there, then hands out what is waiting, `most` deliveries at the most.
    ///
    /// Deliveries of one partition come in order. `None` means that the source is at its end: a file that
    /// was read to the end, or a source that was closed. Dropping the future loses nothing.
    async fn fetch(&self, most: usize) -> Result<Option<Vec<Delivery>>, IngestError>;

    /// Says that these deliveries are durably recorded and need not come again.
    ///
    /// In any order, in any number, more than once: only the first time counts. Receipts of a partition
    /// that has been taken away meanwhile are stale and change nothing.
    fn accept(&self, receipts: &[Receipt]) -> Acceptance;

    /// Whether accepting this receipt would still count. When it would not, the record is somebody
    /// else's by now, and it is better not to begin with it.
    fn is_current(&self, receipt: &Receipt) -> bool;

    /// How the source is doing at this moment.
    fn health(&self) -> SourceHealth;

    /// Stops reading, makes known what was accepted, and leaves within the deadline.
    ///
    /// Deliveries that were fetched and not accepted are delivered again next time.
    async fn close(&self, deadline: Duration) -> Result<(), IngestError>;
}

/// What became of the receipts of one [`AlertSource::accept`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// Accepted now, for the first time.
    pub counted: usize,
    /// Stale, or accepted before.
    pub ignored: usize,
}

/// How much may be in flight: read from the source and not yet accepted.
///
/// When either high mark is reached the source stops reading; it goes on when both are at or under their
/// low marks. One delivery is always let through, however large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowLimits {
    /// Stop reading at this many deliveries in flight.
    pub high_count: usize,
    /// Go on reading at this many deliveries in flight.
    pub low_count: usize,
    /// Stop reading at this many bytes in flight.
    pub high_bytes: usize,
    /// Go on reading at this many bytes in flight.
    pub low_bytes: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { high_count: 2_000, low_count: 500, high_bytes: 32 << 20, low_bytes: 8 << 20 }
    }
}

impl FlowLimits {
    pub(crate) fn check(&self) -> Result<(), IngestError> {
        let problem = if self.high_count == 0 || self.high_bytes == 0 {
            "high_count and high_bytes must be at least 1, or nothing could ever be read"
        } else if self.low_count >= self.high_count || self.low_bytes >= self.high_bytes {
            "each low mark must be under its high mark, or reading would stop for good"
        } else {
            return Ok(());
        };
        Err(IngestError::Settings { key: "flow".into(), problem: problem.into() })
    }

    pub(crate) fn is_over(&self, count: usize, bytes: usize) -> bool {
        count >= self.high_count || bytes >= self.high_bytes
    }

    pub(crate) fn is_under(&self, count: usize, bytes: usize) -> bool {
        count <= self.low_count && bytes <= self.low_bytes
    }
}

/// A snapshot of a source, for health, metrics and the status page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceHealth {
    /// Whether the source can be reached, as far as it is known.
    pub connected: bool,
    /// Whether reading has stopped because too much is in flight.
    pub paused: bool,
    /// Deliveries read and not yet accepted.
    pub in_flight: usize,
    /// Their bytes.
    pub in_flight_bytes: usize,
    /// Deliveries accepted since the start.
    pub accepted: u64,
    /// The partitions that this member reads at the moment.
    pub partitions: Vec<PartitionHealth>,
    /// The last thing that went wrong and has not been seen to be over.
    pub trouble: Option<Trouble>,
}

/// One partition in the care of this member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionHealth {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// The offset from which reading would go on after a restart, once something was accepted.
    pub accepted_up_to: Option<i64>,
    /// Deliveries of this partition read and not yet accepted.
    pub in_flight: usize,
    /// Messages in the partition behind the committed offset, when the broker has told.
    pub lag: Option<i64>,
}

/// Something that went wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What it is and what to do, in words.
    pub what: String,
    /// Seconds since it was last seen.
    pub seconds_ago: u64,
    /// How often it was seen in a row.
    pub times: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_would_stop_reading_for_good_are_refused() {
        let good = FlowLimits::default();
        assert!(good.check().is_ok());
        for bad in [
            FlowLimits { high_count: 0, ..good },
            FlowLimits { high_bytes: 0, ..good },
            FlowLimits { low_count: good.high_count, ..good },
            FlowLimits { low_bytes: good.high_bytes + 1, ..good },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
