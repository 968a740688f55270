//! The books are compared with a model that remembers everything.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn nothing_was_read_nothing_can_be_committed() {
    assert_eq!(Contiguous::new().committable(), None);
}

#[test]
fn the_lowest_open_record_holds_the_position() {
    let mut books = Contiguous::new();
    for offset in 10..15 {
        assert_eq!(books.open(offset, 1), Opened::New);
    }
    assert_eq!(books.committable(), Some(10));
    assert_eq!(books.accept(12), Some(1));
    assert_eq!(books.accept(11), Some(1));
    assert_eq!(books.committable(), Some(10), "10 is still open, whatever came after it");
    assert_eq!(books.accept(10), Some(1));
    assert_eq!(books.committable(), Some(13));
    assert_eq!(books.accept(14), Some(1));
    assert_eq!(books.accept(13), Some(1));
    assert_eq!(books.committable(), Some(15));
}

#[test]
fn accepting_twice_or_something_unknown_changes_nothing() {
    let mut books = Contiguous::new();
    books.open(5, 7);
    assert_eq!(books.accept(4), None);
    assert_eq!(books.accept(6), None);
    assert_eq!(books.accept(5), Some(7));
    assert_eq!(books.accept(5), None);
    assert_eq!(books.committable(), Some(6));
}

#[test]
fn offsets_may_have_gaps() {
    let mut books = Contiguous::new();
    books.open(1, 0);
    books.open(100, 0);
    books.accept(1);
    assert_eq!(books.committable(), Some(100), "nothing between them can ever be read");
}

#[test]
fn a_rewound_partition_is_told_from_a_second_copy() {
    let mut books = Contiguous::new();
    books.open(1, 0);
    books.open(2, 0);
    books.open(3, 0);
    assert_eq!(books.open(2, 0), Opened::AlreadyOpen);
    books.accept(2);
    assert_eq!(books.open(2, 0), Opened::Rewound, "it was accepted, and yet it comes again");
    assert_eq!(books.open(0, 0), Opened::Rewound);
    assert_eq!(books.open_count(), 2);
}

#[test]
fn withdrawn_records_come_again_and_hold_nothing() {
    let mut books = Contiguous::new();
    for offset in 0..6 {
        books.open(offset, 10);
    }
    books.accept(0);
    books.withdraw_from(3);
    assert_eq!((books.open_count(), books.open_size()), (2, 20));
    books.accept(2);
    books.accept(1);
    assert_eq!(books.committable(), Some(3));
    assert_eq!(books.open(3, 10), Opened::New);
}

#[derive(Clone, Debug)]
enum Step {
    /// Open the next offset, after leaving out this many.
    Open(i64),
    /// Accept some offset, known or not.
    Accept(i64),
    /// Take back everything from the open record with this rank among all that were opened.
    Withdraw(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3i64).prop_map(Step::Open),
        5 => (0..60i64).prop_map(Step::Accept),
        1 => (0..60i64).prop_map(Step::Withdraw),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn the_position_never_passes_an_open_record_and_never_lags(steps in steps()) {
        let mut books = Contiguous::new();
        let mut open = BTreeSet::new();
        let mut opened = BTreeSet::new();
        let mut end = 0;
        let mut ever = false;
        for step in steps {
            match step {
                Step::Open(gap) => {
                    let offset = end + gap;
                    prop_assert_eq!(books.open(offset, 3), Opened::New);
                    open.insert(offset);
                    opened.insert(offset);
                    end = offset + 1;
                    ever = true;
                }
                Step::Accept(offset) => {
                    let expected = open.remove(&offset).then_some(3);
                    prop_assert_eq!(books.accept(offset), expected);
                }
                Step::Withdraw(offset) => {
                    // Only what was never handed out is withdrawn, so all of it must still be open.
                    if offset < end && opened.range(offset..).all(|o| open.contains(o)) && opened.range(offset..).next().is_some() {
                        books.withdraw_from(offset);
                        open.split_off(&offset);
                        opened.split_off(&offset);
                        end = offset;
                    }
                }
            }
            let lowest = open.first().copied();
            let expected = lowest.or(ever.then_some(end));
            prop_assert_eq!(books.committable(), expected);
            prop_assert_eq!(books.open_count(), open.len());
            prop_assert_eq!(books.open_size(), open.len() * 3);
            for offset in &opened {
                prop_assert_eq!(books.is_open(*offset), open.contains(offset));
            }
        }
    }
}
