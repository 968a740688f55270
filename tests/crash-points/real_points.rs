//! Every crash point once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use futures::StreamExt as _;

use crate::lives::End;
use crate::outcome::Outcome;
use crate::stage::{Form, Stage};
use crate::story::tell;

/// How many stages are broken side by side. Most of the time a new consumer waits for the old one's session to end.
const AT_ONCE: usize = 12;

/// What comes of the story where nobody dies, and how often each point is passed by then.
pub async fn undisturbed(form: Form) -> (Outcome, BTreeMap<String, u64>) {
    let stage = Stage::new(form).await;
    let (outcome, deaths) = tell(&stage, Vec::new()).await;
    assert_eq!(deaths, 0);
    (outcome, passes(&stage))
}

/// How often each point was passed at a stage.
pub fn passes(stage: &Stage) -> BTreeMap<String, u64> {
    let mut passes = BTreeMap::new();
    for name in fs::read_to_string(stage.path("trace")).unwrap().lines() {
        *passes.entry(name.to_owned()).or_default() += 1;
    }
    passes
}

/// The story is worth telling: people were cut off and given back, somebody was left alone, a record was refused.
fn assert_worth_telling(outcome: &Outcome) {
    let by =
        |action: &str| outcome.effects.keys().filter(|key| key.ends_with(&format!("by {action}"))).count();
    let (done, undone) = (by("account.disable"), by("undo of account.disable"));
    assert_eq!((done, undone), (9, 6), "three people at three systems, two of them back again: {outcome:#?}");
    assert!(!outcome.effects.keys().any(|key| key.contains("dave")), "{outcome:#?}");
    assert!(outcome.effects.values().all(|times| *times == 1), "{outcome:#?}");
    assert_eq!((outcome.committed, outcome.letters.len()), (Some(6), 1), "{outcome:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_crash_point_it_comes_to_the_same() {
    let listed: BTreeSet<&str> = quell_crash::POINTS.iter().copied().collect();
    let mut passed = BTreeSet::new();
    for form in Form::ALL {
        let (expected, passes) = undisturbed(form).await;
        assert_worth_telling(&expected);
        // What the first form comes by is tried there; the second one tries what is left, and the store's once more.
        let wanted = passes.iter().filter(|(name, _)| !passed.contains(*name) || name.starts_with("store."));
        let positions: Vec<(String, u64)> =
            wanted.enumerate().map(|(at, (name, times))| (name.clone(), chosen(at as u64, *times))).collect();
        println!("{form:?}: {} points", positions.len());
        let expected = &expected;
        futures::stream::iter(positions)
            .for_each_concurrent(AT_ONCE, async |(name, time)| break_at(form, &name, time, expected).await)
            .await;
        passed.extend(passes.into_keys());
    }
    let passed: BTreeSet<&str> = passed.iter().map(String::as_str).collect();
    assert_eq!(passed, listed, "the story does not come by every point");
}

/// Which of the times that a point is passed: another one for each, and not among the last, which may not come.
fn chosen(at: u64, times: u64) -> u64 {
    1 + (at * 7) % (times * 2 / 3).max(1)
}

async fn break_at(form: Form, name: &str, time: u64, expected: &Outcome) {
    let stage = Stage::new(form).await;
    let (outcome, deaths) = tell(&stage, vec![End::At(name.to_owned(), time)]).await;
    assert_eq!(&outcome, expected, "killed at {name}, time {time}, {form:?}\n{}", stage.log());
    assert_eq!(deaths, 1, "{name} was not passed {time} times");
}
