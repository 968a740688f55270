//! From a range in offsets or time to a stretch of each partition.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{ReplayFrom, ReplayRange, ReplayUntil, Stretch, failed};
use crate::error::IngestError;

/// Works out what to read of each partition. Partitions with nothing to read are left out.
///
/// Brokers refuse for a moment while the leaders of new or moved partitions are chosen, so whatever they
/// refuse is asked again until the deadline.
pub(super) fn stretches<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    range: &ReplayRange,
    partitions: usize,
    deadline: Duration,
) -> Result<HashMap<i32, Stretch>, IngestError> {
    let wanted = wanted_partitions(range, partitions)?;
    let ask = Ask { consumer, topic: &range.topic, until: Instant::now() + deadline };
    let from_time = match range.from {
        ReplayFrom::Time(time) => Some(ask.again(|left| ask.offsets_at(&wanted, time, left))?),
        _ => None,
    };
    let until_time = match range.until {
        ReplayUntil::Time(time) => Some(ask.again(|left| ask.offsets_at(&wanted, time, left))?),
        _ => None,
    };
    let mut stretches = HashMap::new();
    for partition in wanted {
        let kept = ask.again(|left| consumer.fetch_watermarks(&range.topic, partition, left))?;
        let from = match range.from {
            ReplayFrom::Oldest => kept.0,
            ReplayFrom::Offset(offset) => offset,
            ReplayFrom::Time(_) => at(&from_time, partition).unwrap_or(kept.1),
        };
        let until = match range.until {
            ReplayUntil::Newest => kept.1,
            ReplayUntil::Offset(offset) => offset,
            ReplayUntil::Time(_) => at(&until_time, partition).unwrap_or(kept.1),
        };
        if let Some(stretch) = stretch(kept, from, until) {
            stretches.insert(partition, stretch);
        }
    }
    Ok(stretches)
}

fn wanted_partitions(range: &ReplayRange, partitions: usize) -> Result<Vec<i32>, IngestError> {
    let wrong = |problem: String| Err(IngestError::Range { problem });
    if let (ReplayFrom::Offset(from), ReplayUntil::Offset(until)) = (range.from, range.until)
        && from >= until
    {
        return wrong(format!("it ends at offset {until}, before it begins at {from}"));
    }
    if let (ReplayFrom::Time(from), ReplayUntil::Time(until)) = (range.from, range.until)
        && from >= until
    {
        return wrong(format!("it ends at {until}, before it begins at {from}"));
    }
    let all: Vec<i32> = (0..i32::try_from(partitions).unwrap_or(i32::MAX)).collect();
    let Some(wanted) = &range.partitions else { return Ok(all) };
    match wanted.iter().find(|partition| !all.contains(partition)) {
        Some(absent) => {
            wrong(format!("topic {} has no partition {absent}; it has {partitions}", range.topic))
        }
        None => Ok(wanted.clone()),
    }
}

/// Asks the brokers about one topic, until there is an answer or no more time.
struct Ask<'a, C: ConsumerContext> {
    consumer: &'a BaseConsumer<C>,
    topic: &'a str,
    until: Instant,
}

impl<C: ConsumerContext> Ask<'_, C> {
    fn again<T>(&self, ask: impl Fn(Duration) -> Result<T, KafkaError>) -> Result<T, IngestError> {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            match ask(left.max(Duration::from_millis(1))) {
                Ok(answer) => return Ok(answer),
                Err(error) if left.is_zero() => return Err(failed(&error)),
                Err(_) => std::thread::sleep(Duration::from_millis(100).min(left)),
            }
        }
    }

    /// The first offset at this time or later, of each partition that has one.
    fn offsets_at(
        &self,
        partitions: &[i32],
        time: DateTime<Utc>,
        left: Duration,
    ) -> Result<HashMap<i32, i64>, KafkaError> {
        let mut times = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            times.add_partition_offset(self.topic, *partition, Offset::Offset(time.timestamp_millis()))?;
        }
        let found = self.consumer.offsets_for_times(times, left)?;
        let mut offsets = HashMap::new();
        for element in found.elements() {
            element.error()?;
            if let Offset::Offset(offset) = element.offset() {
                offsets.insert(element.partition(), offset);
            }
        }
        Ok(offsets)
    }
}

fn at(offsets: &Option<HashMap<i32, i64>>, partition: i32) -> Option<i64> {
    offsets.as_ref()?.get(&partition).copied()
}

/// What is wanted, as far as it is there.
fn stretch((oldest, end): (i64, i64), from: i64, until: i64) -> Option<Stretch> {
    let stretch = Stretch { start: from.max(oldest), end: until.min(end) };
    (stretch.start < stretch.end).then_some(stretch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: ReplayFrom, until: ReplayUntil) -> ReplayRange {
        ReplayRange { topic: "t".into(), partitions: None, from, until }
    }

    #[test]
    fn only_what_is_wanted_and_there_is_read() {
        let whole = |start, end| Some(Stretch { start, end });
        assert_eq!(stretch((5, 10), 0, 100), whole(5, 10));
        assert_eq!(stretch((5, 10), 6, 8), whole(6, 8));
        for (from, until) in [(10, 20), (0, 5), (7, 7), (8, 7)] {
            assert_eq!(stretch((5, 10), from, until), None);
        }
        assert_eq!(stretch((0, 0), 0, 100), None);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_and_an_absent_partition_are_refused() {
        let backwards = range(ReplayFrom::Offset(5), ReplayUntil::Offset(5));
        assert!(wanted_partitions(&backwards, 3).is_err());
        let time = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert!(wanted_partitions(&range(ReplayFrom::Time(time), ReplayUntil::Time(time)), 3).is_err());
        let mut some = range(ReplayFrom::Oldest, ReplayUntil::Newest);
        assert_eq!(wanted_partitions(&some, 3).unwrap(), [0, 1, 2]);
        some.partitions = Some(vec![2, 3]);
        assert!(wanted_partitions(&some, 3).unwrap_err().to_string().contains("no partition 3"));
    }
}
