//! Every sample alert of the project through the program: what it counts is what the decoder understands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quell_alert::{Decoded, decode};

use crate::place::{Place, tests};

/// Alerts, records passed over, records refused.
type Counts = [u64; 3];

fn samples() -> Vec<PathBuf> {
    let tests = tests();
    let folders = ["alert/samples/own", "alert/samples/published", "../examples/alerts"];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(tests.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end != "out" && end != "md"))
        .collect();
    files.sort();
    files
}

fn understood(file: &Path) -> Counts {
    let mut counts = [0; 3];
    for decoded in decode(&fs::read(file).unwrap()) {
        counts[match decoded {
            Decoded::Alert(_) => 0,
            Decoded::Passed { .. } => 1,
            Decoded::Refused(_) => 2,
        }] += 1;
    }
    counts
}

fn arguments(command: &str) -> Vec<String> {
    let files = samples().into_iter().map(|path| path.display().to_string());
    std::iter::once(command.to_owned()).chain(files).chain(["--json".to_owned()]).collect()
}

#[test]
fn decode_counts_what_the_decoder_understands() {
    let samples = samples();
    assert!(samples.len() > 100, "{}", samples.len());
    let args = arguments("decode");
    let said = Place::new().quell(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let mut printed: BTreeMap<PathBuf, Counts> = BTreeMap::new();
    for line in said.json_lines() {
        let (file, _) = line["origin"].as_str().unwrap().rsplit_once(':').unwrap();
        let counts = printed.entry(file.into()).or_default();
        for (count, key) in counts.iter_mut().zip(["alert", "passed", "refused"]) {
            *count += u64::from(line.get(key).is_some());
        }
    }
    for sample in &samples {
        let printed = printed.get(sample).copied().unwrap_or_default();
        assert_eq!(printed, understood(sample), "{}", sample.display());
    }
    let refused = printed.values().any(|counts| counts[2] > 0);
    assert_eq!(said.code, i32::from(refused));
}

#[test]
fn replay_decides_every_one_of_them() {
    let place = Place::new();
    place.quell(&["demo", "site"]).well();
    let mut args = arguments("replay");
    args.extend(["--config".to_owned(), "site/quell.yaml".to_owned()]);
    let replay = place.quell(&args.iter().map(String::as_str).collect::<Vec<_>>()).with_code(1).json();
    let records = |key: &str| replay["records"][key].as_u64().unwrap();
    let counted: Counts = samples().iter().fold([0; 3], |mut sum, sample| {
        sum.iter_mut().zip(understood(sample)).for_each(|(sum, count)| *sum += count);
        sum
    });
    assert_eq!([records("alerts") + records("repeated"), records("passed"), records("refused")], counted);
    let runs = replay["runs"].as_array().unwrap();
    assert_eq!(runs.len() as u64, records("runs"));
    assert!(runs.len() > 10);
    assert!(runs.iter().all(|run| run["finish"].is_string()), "a run has not ended");
}

#[test]
fn a_folder_is_read_whole() {
    let place = Place::new();
    let folder = tests().join("alert/samples/own");
    let said = place.quell(&["decode", &folder.display().to_string(), "--json"]).with_code(1);
    let alerts = said.json_lines().iter().filter(|line| line.get("alert").is_some()).count() as u64;
    let wanted =
        |path: &PathBuf| path.starts_with(&folder) && path.extension().is_some_and(|end| end != "txt");
    let understood: u64 = samples().iter().filter(|path| wanted(path)).map(|path| understood(path)[0]).sum();
    assert_eq!(alerts, understood);
}
