//! A record that somebody else wrote (an older version, a newer one, a hand): its checksum is right and its content is
//! not. It is refused or taken for what it says; nothing fails over it.

use std::sync::Arc;

use quell_run::{Journal, Line, RunState, RunSummary};
use quell_store::engine::memory::MemoryDisk;
use quell_store::record::{self, Kind};
use quell_store::{Standing, Store, StoreError};
use quell_tests::fuzz::mutate::{bytes, tree};
use quell_tests::fuzz::{Random, fuzz};
use quell_tests::run::{House, Person, alert_about};
use serde_json::Value;

use crate::wait;

const KEY: &[u8] = b"case";

const PLAYBOOK: &str = "language: 1\nplaybook: case\ntitle: x\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: low }\nfor_each: account\nsteps:\n  - id: cut\n    do: account.disable\n    undo: { after: 8h }\n";

/// The journal of a run that has acted and was taken back, and its summary.
fn journal() -> (Vec<Value>, Value) {
    wait(async {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let playbook = house.playbook(PLAYBOOK);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
        engine.idle().await;
        engine.undo(&plan.run, None, "olivia").await.unwrap();
        engine.idle().await;
        let lines = house.journal.read(&plan.run).await.unwrap();
        let summary = serde_json::to_value(RunState::replay(&lines).unwrap().summary()).unwrap();
        (lines.iter().map(|line| serde_json::to_value(line).unwrap()).collect(), summary)
    })
}

#[test]
fn lines_that_nobody_wrote_are_refused_or_followed() {
    let (lines, _) = journal();
    assert!(lines.len() > 8, "{} lines", lines.len());
    let make = |random: &mut Random| {
        let mut changed = lines.clone();
        let at = random.below(changed.len());
        changed[at] = tree(random, &changed[at], &lines);
        if random.below(4) == 0 {
            let other = random.below(changed.len());
            changed.swap(at, other);
        }
        serde_json::to_vec(&changed).unwrap()
    };
    fuzz("stored-lines", 3_000, make, |case| {
        // What is nested too deep to be read as JSON at all is no content of a record.
        let Ok(values) = serde_json::from_slice::<Vec<Value>>(case) else { return };
        let decoded: Result<Vec<Line>, StoreError> = values
            .iter()
            .map(|value| record::decode(Kind::RunLine, KEY, &record::encode(Kind::RunLine, KEY, value)?))
            .collect();
        if let Ok(lines) = decoded
            && let Ok(state) = RunState::replay(&lines)
        {
            let _said = (state.summary(), state.finish(), state.is_open());
        }
    });
}

#[test]
fn summaries_that_nobody_wrote_are_refused_or_listed() {
    let (lines, summary) = journal();
    let make = |random: &mut Random| serde_json::to_vec(&tree(random, &summary, &lines)).unwrap();
    fuzz("stored-summaries", 2_000, make, |case| {
        let Ok(value) = serde_json::from_slice::<Value>(case) else { return };
        let encoded = record::encode(Kind::RunSummary, KEY, &value).unwrap();
        let _read: Result<RunSummary, StoreError> = record::decode(Kind::RunSummary, KEY, &encoded);
    });
}

#[test]
fn bytes_under_any_key_are_named_and_never_taken_for_a_record() {
    let (lines, _) = journal();
    let good: Vec<Vec<u8>> =
        lines.iter().map(|line| record::encode(Kind::RunLine, KEY, line).unwrap()).collect();
    let originals = good.clone();
    fuzz(
        "stored-bytes",
        3_000,
        |random| bytes(random, &good),
        |case| {
            if !originals.iter().any(|original| original == case) {
                let read: Result<Line, StoreError> = record::decode(Kind::RunLine, KEY, case);
                assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
            }
        },
    );
}

/// A whole store in which records of every kind are others: it opens, says what is damaged, and lists the rest.
#[test]
fn a_store_full_of_such_records_is_looked_over() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    for number in 0..6 {
        let new = crate::samples::new_alert(&format!("a-{number}"), 1, number);
        wait(store.alerts().accept(new, Standing::First, Vec::new())).unwrap();
    }
    let mut random = Random::new(7);
    for _ in 0..40 {
        let seed = random.number();
        disk.tamper(|pairs| {
            let mut random = Random::new(seed);
            let keys: Vec<Vec<u8>> = pairs.keys().filter(|key| !key.starts_with(b"meta")).cloned().collect();
            let key = random.of(&keys).clone();
            let samples = [pairs[&key].clone()];
            pairs.insert(key, bytes(&mut random, &samples));
        });
        let found = wait(store.verify()).unwrap();
        assert!(found.records > 0);
        let _listed = wait(quell_run::Runs::list(&store.runs(), &quell_run::RunFilter::default()));
    }
}
