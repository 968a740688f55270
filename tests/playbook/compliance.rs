//! Paths against the compliance suite of RFC 9535: nothing that it calls wrong is taken, and what we take finds what it
//! says. We may refuse more than it does: shapes that the library gets wrong, and what no alert needs.

use std::collections::BTreeMap;

use quell_playbook::path::Path;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    selector: String,
    #[serde(default)]
    document: Value,
    result: Option<Vec<Value>>,
    /// Where an order is not laid down, any of these is right.
    results: Option<Vec<Vec<Value>>>,
    #[serde(default)]
    invalid_selector: bool,
}

fn cases() -> Vec<Case> {
    let suite: Suite = serde_json::from_str(include_str!("rfc9535/cts.json")).unwrap();
    assert!(suite.tests.len() > 600, "only {} cases", suite.tests.len());
    suite.tests
}

#[test]
fn nothing_that_is_wrong_is_taken() {
    let wrong = cases().into_iter().filter(|case| case.invalid_selector);
    let taken: Vec<String> = wrong
        .filter(|case| Path::parse(&case.selector).is_ok())
        .map(|case| format!("{}: {}", case.name, case.selector))
        .collect();
    assert!(taken.is_empty(), "{} of them: {taken:#?}", taken.len());
}

#[test]
fn what_is_taken_finds_what_the_suite_says() {
    let mut wrong = Vec::new();
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut right = 0;
    for case in cases().into_iter().filter(|case| !case.invalid_selector) {
        let path = match Path::parse(&case.selector) {
            Ok(path) => path,
            Err(error) => {
                refused.entry(error.what.to_string()).or_default().push(case.selector);
                continue;
            }
        };
        let found: Vec<Value> = path.find(&case.document).into_iter().cloned().collect();
        let expected = case.results.unwrap_or_else(|| case.result.into_iter().collect());
        match expected.contains(&found) {
            true => right += 1,
            false => {
                wrong.push(format!("{}: {} found {found:?}, not {expected:?}", case.name, case.selector))
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them: {wrong:#?}", wrong.len());
    let counts: Vec<String> =
        refused.iter().map(|(why, of)| format!("{}: {why}, as {}", of.len(), of[0])).collect();
    assert!(right >= 398, "{right} are right; refused are {counts:#?}");
}
