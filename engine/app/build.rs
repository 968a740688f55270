//! Puts the quick start, the shipped playbooks and the sample alerts into the program, so that `quell demo` needs no
//! other file: a list of names and texts, which `include_str!` keeps fresh.

use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

/// What is put in: the folder here, and the folder in the demo.
const FOLDERS: [(&str, &str); 2] = [("examples/quickstart", ""), ("examples/alerts", "alerts/")];

fn main() -> Result<()> {
    // Asked now and not when this was built: another checkout may have built it in the same target folder.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let root = here.join("../..").canonicalize()?;
    let mut list = String::from("&[\n");
    for (from, to) in FOLDERS {
        let folder = root.join(from);
        let mut files = Vec::new();
        gather(&folder, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
            list.push_str(&format!("    ({:?}, include_str!({file:?})),\n", format!("{to}{name}")));
        }
    }
    list.push_str("]\n");
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("demo_files.rs"), list)
}

/// The files below a folder that a site is made of. A link to a file is the file; links to folders are passed over, since
/// they lead to folders that are put in anyway.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        let made_by_running = path.file_name().is_some_and(|name| name == "state" || name == "lab");
        if kind.is_dir() && !made_by_running {
            gather(&path, files)?;
        } else if !kind.is_dir() && path.is_file() && belongs_to_a_site(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// What is written for readers and for testers stays out.
fn belongs_to_a_site(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ![".md", ".test.yaml"].iter().any(|end| name.ends_with(end)) && name.contains('.')
}
