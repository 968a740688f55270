//! No message makes the decoder fail, hang or grow: samples of every form, their trees and their bytes changed.

use std::fs;
use std::path::Path;

use quell_tests::fuzz::mutate::{bytes, tree};
use quell_tests::fuzz::{Random, fuzz};
use serde_json::Value;

use crate::mutation::hold;

/// Everything that is kept as a sample or an example.
fn samples() -> Vec<Vec<u8>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [tests.join("alert/samples"), tests.join("../examples/alerts")] {
        below(&folder, &mut found);
    }
    assert!(found.len() > 60, "only {} samples", found.len());
    found
}

fn below(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else {
            found.push(fs::read(path).unwrap());
        }
    }
}

#[test]
fn samples_with_wounds_in_their_bytes() {
    let samples = samples();
    fuzz("alert-bytes", 2_000, |random| bytes(random, &samples), hold);
}

#[test]
fn samples_whose_trees_are_others() {
    let trees: Vec<Value> =
        samples().iter().filter_map(|sample| serde_json::from_slice(sample).ok()).collect();
    assert!(trees.len() > 40, "only {} trees", trees.len());
    let make = |random: &mut Random| {
        let mut changed = tree(random, random.clone().of::<Value>(&trees), &trees);
        // Senders put JSON into texts; what is in there is changed as well.
        if changed.is_object() && random.below(3) == 0 {
            changed["Entities"] = Value::String(tree(random, &changed["Entities"], &trees).to_string());
        }
        serde_json::to_vec(&changed).unwrap()
    };
    fuzz("alert-trees", 2_000, make, hold);
}

#[test]
fn lines_of_cef() {
    let lines: Vec<Vec<u8>> = samples()
        .into_iter()
        .flat_map(|sample| sample.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>())
        .filter(|line| line.windows(4).any(|part| part == b"CEF:"))
        .collect();
    assert!(!lines.is_empty());
    fuzz("cef", 3_000, |random| bytes(random, &lines), hold);
}
