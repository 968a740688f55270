//! All collected samples, where they are at hand: their licences do not let us keep every one of them here. Without
//! them this test says so and passes; the goldens cover every form with samples of our own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quell_alert::{Alert, Decoded, decode};

/// Where the samples are: named by the environment, or beside the project.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("QUELL_TEST_SAMPLES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/alerts");
    named.into_iter().chain([beside]).find(|path| path.join("index.jsonl").is_file())
}

/// What became of the samples of one format.
#[derive(Default)]
struct Count {
    samples: usize,
    alerts: usize,
    passed: usize,
    refused: usize,
    oddities: usize,
}

#[test]
fn every_collected_sample_comes_out_as_its_manifest_says() {
    let Some(folder) = folder() else {
        println!("no collected samples here: set QUELL_TEST_SAMPLES to their folder");
        return;
    };
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in index.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let (file, format) = (entry["file"].as_str().unwrap(), entry["format"].as_str().unwrap());
        let decoded = decode(&fs::read(folder.join(file)).unwrap());
        let count = counts.entry(format.to_owned()).or_default();
        count.samples += 1;
        for one in &decoded {
            match one {
                Decoded::Alert(alert) => {
                    count.alerts += 1;
                    count.oddities += alert.oddities.len();
                }
                Decoded::Passed { .. } => count.passed += 1,
                Decoded::Refused(_) => count.refused += 1,
            }
        }
        wrong.extend(complaints(file, &entry, &decoded));
    }
    println!(
        "{:22} {:>7} {:>6} {:>6} {:>7} {:>8}",
        "format", "samples", "alerts", "passed", "refused", "oddities"
    );
    for (format, count) in &counts {
        println!(
            "{format:22} {:>7} {:>6} {:>6} {:>7} {:>8}",
            count.samples, count.alerts, count.passed, count.refused, count.oddities
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the answer to one sample.
fn complaints(file: &str, entry: &serde_json::Value, decoded: &[Decoded]) -> Vec<String> {
    let format = entry["format"].as_str().unwrap();
    let all = |is: fn(&Decoded) -> bool| !decoded.is_empty() && decoded.iter().all(is);
    let holds_none =
        ["no alerts", "empty"].iter().any(|word| entry["note"].as_str().unwrap_or("").contains(word));
    let is_right = match format {
        "malformed" => all(|one| matches!(one, Decoded::Refused(_))),
        "xdr-stream-other" | "la-incident-row" | "sentinel-entity" => {
            all(|one| matches!(one, Decoded::Passed { .. }))
        }
        "graph-incident" | "m365-incident" | "mde-alert" if holds_none || entry["title"].is_null() => {
            all(|one| !matches!(one, Decoded::Refused(_)))
        }
        "graph-incident" | "m365-incident" => all(|one| !matches!(one, Decoded::Refused(_))),
        _ => all(|one| matches!(one, Decoded::Alert(_))),
    };
    let mut complaints = Vec::new();
    if !is_right {
        complaints.push(format!("{file}: {decoded:?}"));
    }
    for one in decoded {
        if let Decoded::Alert(alert) = one {
            complaints
                .extend(complaints_about(alert, entry).into_iter().map(|what| format!("{file}: {what}")));
        }
    }
    complaints
}

fn complaints_about(alert: &Alert, entry: &serde_json::Value) -> Vec<&'static str> {
    let mut complaints = Vec::new();
    let format = entry["format"].as_str().unwrap();
    let title = entry["title"].as_str().unwrap_or("").trim_matches(['\u{200b}', ' ']);
    // The index names CEF lines by their type key, and activities by their operation.
    let by_title =
        !matches!(format, "mdi-cef" | "o365-activity" | "xdr-stream") && !format.contains("incident");
    if by_title && !title.is_empty() && alert.title != title {
        complaints.push("another title");
    }
    if alert.id.as_str().is_empty() {
        complaints.push("no id");
    }
    let named = |kind: &str| entry["entity_types"].get(kind).is_some();
    if named("account") && alert.entities.accounts.is_empty() {
        complaints.push("its accounts were not found");
    }
    if named("host") && alert.entities.devices.is_empty() {
        complaints.push("its devices were not found");
    }
    let read_again = serde_json::from_str::<Alert>(&serde_json::to_string(alert).unwrap());
    if read_again.ok().as_ref() != Some(alert) {
        complaints.push("it changes when it is stored and read again");
    }
    complaints
}
