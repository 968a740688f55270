//! The tests of the shipped playbooks, put to the test: whatever slips into a playbook is refused when it is loaded, or
//! a test beside it fails.
//!
//! Each slip is one of those that hands make: a line that is gone, an item that is gone, a number or a span that is
//! another one, a word that is another one, an operator turned round. What only people read (titles, descriptions,
//! labels, comments) is left as it is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod book;
mod slip;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use book::{Book, books};
use slip::{Slip, slips};

/// What is not noticed, and why it need not be: the file, words of the line as it is after the slip, the reason.
const HARMLESS: &[(&str, &str, &str)] = &[
    ("device/credential-theft.yaml", OBSERVES, WITHOUT_A_MODE),
    ("identity/directory-reconnaissance.yaml", OBSERVES, WITHOUT_A_MODE),
];

const OBSERVES: &str = r#""mode: observe" -> """#;
const WITHOUT_A_MODE: &str =
    "a playbook that names no mode observes; here it is said for whoever will change it";

#[test]
fn every_slip_is_noticed() {
    let books = books();
    let tried: Vec<(&Book, Slip)> =
        books.iter().flat_map(|book| slips(&book.text).into_iter().map(move |slip| (book, slip))).collect();
    let unnoticed = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((book, slip)) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !is_harmless(book, slip) && !book.notices(&slip.text) {
                        unnoticed.lock().unwrap().push(format!("{}:{}", book.name, slip.what));
                    }
                }
            });
        }
    });
    let mut unnoticed = unnoticed.into_inner().unwrap();
    unnoticed.sort();
    assert!(tried.len() > books.len() * 100, "only {} slips", tried.len());
    assert!(
        unnoticed.is_empty(),
        "{} of {} slips are not noticed:\n{}",
        unnoticed.len(),
        tried.len(),
        unnoticed.join("\n")
    );
}

fn is_harmless(book: &Book, slip: &Slip) -> bool {
    HARMLESS.iter().any(|(file, words, _)| book.name.ends_with(file) && slip.what.contains(words))
}

#[test]
fn what_is_harmless_says_why() {
    for (file, words, why) in HARMLESS {
        assert!(!file.is_empty() && words.len() > 3 && why.len() > 20, "{file}: {words}");
    }
}
