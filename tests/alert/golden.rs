//! Every sample beside its `.out`: what Quell understood of it. `UPDATE=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use quell_alert::decode;

use crate::show;

/// The samples of one folder, in order.
fn samples(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let is_sample = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("json" | "jsonl" | "txt" | "cef"))
    };
    let mut samples: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(is_sample).collect();
    samples.sort();
    samples
}

fn check(folder: &str, outputs: &str) {
    let update = std::env::var_os("UPDATE").is_some();
    let samples = samples(folder);
    assert!(samples.len() > 10, "{folder} holds samples");
    let mut differing = Vec::new();
    for sample in &samples {
        let text = show::message(&decode(&fs::read(sample).unwrap()));
        let name = format!("{}.out", sample.file_name().unwrap().to_str().unwrap());
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(outputs).join(name);
        if update {
            fs::create_dir_all(golden.parent().unwrap()).unwrap();
            fs::write(&golden, &text).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            differing.push(format!("{} is not\n{text}", golden.display()));
        }
    }
    assert!(differing.is_empty(), "{}\nUPDATE=1 writes them anew", differing.join("\n"));
}

#[test]
fn published_samples() {
    check("alert/samples/published", "alert/samples/published");
}

#[test]
fn own_samples() {
    check("alert/samples/own", "alert/samples/own");
}

#[test]
fn examples() {
    check("../examples/alerts", "alert/samples/examples");
}
