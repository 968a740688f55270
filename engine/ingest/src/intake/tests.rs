//! The hand-over, without any source.

use super::*;

fn intake(high: usize, low: usize) -> Intake {
    Intake::new(FlowLimits { high_count: high, low_count: low, ..FlowLimits::default() })
}

fn record(offset: i64) -> Incoming {
    Incoming {
        offset,
        origin: Origin::Kafka { topic: "t".into(), partition: 0, offset, timestamp_ms: None },
        key: None,
        payload: Payload::Bytes(vec![0; 10]),
    }
}

fn push_all(intake: &Intake, stream: u64, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        assert_eq!(intake.push(stream, record(offset)), Pushed::Taken);
    }
}

async fn fetch(intake: &Intake, most: usize) -> Vec<Receipt> {
    intake.fetch(most).await.unwrap().unwrap().iter().map(|delivery| delivery.receipt).collect()
}

#[tokio::test]
async fn reading_rests_at_the_high_mark_and_goes_on_at_the_low_one() {
    let intake = intake(4, 1);
    let stream = intake.open_stream();
    push_all(&intake, stream, 0..3);
    assert!(!intake.is_over());
    push_all(&intake, stream, 3..4);
    assert!(intake.is_over());
    let handed = fetch(&intake, 100).await;
    assert!(intake.is_over(), "handing out relieves nobody, only accepting does");
    intake.accept(&handed[..2]);
    assert!(intake.is_over(), "between the marks it stays as it was");
    intake.accept(&handed[2..3]);
    assert!(!intake.is_over());
}

#[tokio::test]
async fn reading_rests_for_bytes_as_well() {
    let limits = FlowLimits { high_bytes: 25, low_bytes: 10, ..FlowLimits::default() };
    let intake = Intake::new(limits);
    let stream = intake.open_stream();
    push_all(&intake, stream, 0..3);
    assert!(intake.is_over());
    let handed = fetch(&intake, 2).await;
    intake.accept(&handed[..1]);
    assert!(intake.is_over(), "between the marks it stays as it was");
    intake.accept(&handed[1..]);
    assert!(!intake.is_over());
    assert_eq!(intake.load(), Load { in_flight: 1, in_flight_bytes: 10, accepted: 2 });
}

/// Nobody would accept anything any more, and reading would rest for ever.
#[tokio::test]
async fn reading_goes_on_when_what_it_rested_for_is_taken_back_or_goes_with_its_stream() {
    for is_handed_out in [false, true] {
        let intake = intake(3, 1);
        let stream = intake.open_stream();
        push_all(&intake, stream, 0..3);
        if is_handed_out {
            assert_eq!(fetch(&intake, 3).await.len(), 3);
        }
        intake.withdraw(&[stream]);
        assert_eq!(intake.is_over(), is_handed_out, "what was handed out is still in flight");
        intake.close_stream(stream);
        assert!(!intake.is_over());
    }
}

#[tokio::test]
async fn a_closed_stream_leaves_nothing_behind_and_its_receipts_are_stale() {
    let intake = intake(100, 10);
    let (gone, stays) = (intake.open_stream(), intake.open_stream());
    push_all(&intake, gone, 0..3);
    push_all(&intake, stays, 0..1);
    push_all(&intake, gone, 3..6);
    let handed = fetch(&intake, 2).await;
    assert!(intake.is_current(&handed[0]));
    assert_eq!(intake.close_stream(gone), 2);
    assert!(!intake.is_current(&handed[0]));
    assert_eq!(intake.accept(&handed), Acceptance { counted: 0, ignored: 2 });
    assert_eq!(intake.push(gone, record(9)), Pushed::Closed);
    let left = fetch(&intake, 100).await;
    assert_eq!(left, [Receipt { stream: stays, offset: 0 }]);
    assert!(intake.is_current(&left[0]));
    intake.accept(&left);
    assert!(!intake.is_current(&left[0]), "what is accepted is nobody's to work on any more");
    assert_eq!(intake.load(), Load { in_flight: 0, in_flight_bytes: 0, accepted: 1 });
}

#[tokio::test]
async fn the_same_partition_coming_back_does_not_revive_old_receipts() {
    let intake = intake(100, 10);
    let first = intake.open_stream();
    push_all(&intake, first, 0..1);
    let old = fetch(&intake, 1).await;
    intake.close_stream(first);
    let second = intake.open_stream();
    push_all(&intake, second, 0..1);
    assert_eq!(intake.accept(&old).counted, 0);
    assert!(intake.take_positions().iter().all(|position| *position == (second, 0)));
}

#[tokio::test]
async fn withdrawing_waits_only_for_what_was_handed_out() {
    let intake = intake(100, 10);
    let stream = intake.open_stream();
    push_all(&intake, stream, 0..5);
    let handed = fetch(&intake, 2).await;
    intake.withdraw(&[stream]);
    assert!(!intake.wait_until_accepted(&[stream], Duration::ZERO));
    intake.accept(&handed);
    assert!(intake.wait_until_accepted(&[stream], Duration::ZERO));
    assert_eq!(intake.take_positions(), [(stream, 2)], "not one of the withdrawn is counted as done");
    assert_eq!(intake.take_positions(), [], "told once");
}

#[tokio::test]
async fn acceptance_wakes_whoever_waits_for_it() {
    let intake = std::sync::Arc::new(intake(1, 0));
    let stream = intake.open_stream();
    push_all(&intake, stream, 0..1);
    let waiting = {
        let intake = intake.clone();
        std::thread::spawn(move || intake.wait_for_room(Duration::from_secs(30)))
    };
    let handed = fetch(&intake, 1).await;
    intake.accept(&handed);
    assert!(waiting.join().unwrap());
}

#[tokio::test]
async fn the_end_comes_after_what_is_queued_and_a_failure_is_told_once() {
    let intake = intake(100, 10);
    let stream = intake.open_stream();
    push_all(&intake, stream, 0..1);
    intake.end(Some(IngestError::Empty { path: "x".into() }));
    intake.end(None);
    assert_eq!(fetch(&intake, 5).await.len(), 1);
    assert!(intake.fetch(5).await.is_err());
    assert!(intake.fetch(5).await.unwrap().is_none());
    assert!(intake.fetch(5).await.unwrap().is_none());
    assert!(!intake.wait_for_room(Duration::ZERO));
}

#[tokio::test]
async fn a_fetch_that_waits_is_woken_and_one_that_is_dropped_takes_nothing() {
    let intake = std::sync::Arc::new(intake(100, 10));
    let stream = intake.open_stream();
    let dropped = intake.fetch(5);
    assert!(futures::FutureExt::now_or_never(dropped).is_none());
    let waiting = {
        let intake = intake.clone();
        tokio::spawn(async move { fetch(&intake, 5).await })
    };
    tokio::task::yield_now().await;
    push_all(&intake, stream, 0..1);
    assert_eq!(waiting.await.unwrap().len(), 1);
}

/// The reader goes on pushing while the source is stopped: whichever comes first, nothing is handed out.
#[tokio::test]
async fn what_is_pushed_while_the_source_stops_is_handed_to_nobody() {
    for _ in 0..2_000 {
        let intake = intake(1_000_000, 10);
        let stream = intake.open_stream();
        push_all(&intake, stream, 0..1);
        std::thread::scope(|threads| {
            let reader = threads.spawn(|| {
                let mut offsets = 1..;
                while intake.push(stream, record(offsets.next().unwrap())) == Pushed::Taken {}
            });
            intake.stop();
            reader.join().unwrap();
        });
        assert!(intake.fetch(1).await.unwrap().is_none());
        assert_eq!(intake.load().in_flight, 0);
    }
}
