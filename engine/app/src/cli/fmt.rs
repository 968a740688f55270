//! `quell fmt`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use quell_playbook::{Layout, format};
use serde_json::json;

use super::{Context, yes_if};
use crate::config::Mistakes;
use crate::playbooks;
use crate::show::{GOOD, NAME, counted, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What a file says stays as it is, and so do its comments. A file that is no YAML is not touched,
nor is one that is written so unusually that it could not be laid out safely; both are named.
Exit code 1 when a file could not be read as YAML; with --check also when one would be laid out anew.

Examples:
  quell fmt playbooks
  quell fmt --check playbooks/identity/dcsync.yaml"
)]
pub(crate) struct Args {
    /// Playbooks, their tests, or folders of them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write nothing; say which files would be laid out anew.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let mut files = Vec::new();
    for path in &args.files {
        let read = playbooks::yaml_below(path);
        files.extend(read.with_context(|| format!("{} could not be read", path.display()))?);
    }
    let mut refused = Mistakes::default();
    let mut crooked: Vec<String> = Vec::new();
    let mut unusual: Vec<String> = Vec::new();
    for file in &files {
        match format(&file.name, &file.bytes) {
            Ok(Layout::Unusual) => unusual.push(file.name.clone()),
            Ok(Layout::Settled(text)) if text.as_bytes() == file.bytes => {}
            Ok(Layout::Settled(text)) => {
                if !args.check {
                    replace(Path::new(&file.name), &text)?;
                }
                crooked.push(file.name.clone());
            }
            Err(diagnostics) => {
                refused.diagnostics.extend(diagnostics);
                let text = String::from_utf8_lossy(&file.bytes).into_owned();
                refused.sources.insert(file.name.clone(), text);
            }
        }
    }
    tell(
        args,
        context,
        Told { crooked: &crooked, unusual: &unusual, refused: &refused, files: files.len() },
    )?;
    let is_straight = crooked.is_empty() || !args.check;
    Ok(yes_if(is_straight && refused.diagnostics.is_empty()))
}

struct Told<'a> {
    crooked: &'a [String],
    unusual: &'a [String],
    refused: &'a Mistakes,
    files: usize,
}

fn tell(args: &Args, context: &Context, told: Told<'_>) -> anyhow::Result<()> {
    let Told { crooked, unusual, refused, files } = told;
    let show = context.show;
    if show.json {
        let diagnostics = quell_playbook::render::json(&refused.diagnostics);
        let word = if args.check { "would_change" } else { "changed" };
        return show
            .json(&json!({ word: crooked, "left_alone": unusual, "refused": diagnostics["diagnostics"] }));
    }
    show.mistakes(refused)?;
    let word = if args.check { "would be laid out anew" } else { "laid out anew" };
    for name in crooked {
        show.line(format_args!("{} {word}", styled(NAME, name)));
    }
    for name in unusual {
        let why = "is written in a way that is not laid out safely: left as it is";
        show.aside(format_args!("{} {why}", styled(NAME, name)));
    }
    if crooked.is_empty() && unusual.is_empty() && refused.diagnostics.is_empty() {
        let files = counted(u64::try_from(files).unwrap_or(u64::MAX), "file");
        show.aside(styled(GOOD, format_args!("{files}: nothing to lay out anew")));
    }
    Ok(())
}

/// Puts a new file in the place of the old one, whole at every moment, with the same rights.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    // Through a link, what it leads to is replaced, and the link stays.
    let path = path.canonicalize().with_context(|| format!("{} could not be found", path.display()))?;
    let write = || -> std::io::Result<()> {
        let rights = fs::metadata(&path)?.permissions();
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.set_permissions(rights))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            // The old file is still whole; what is left of the new one is of no use.
            let _ = fs::remove_file(&beside);
        }
        written
    };
    write().with_context(|| format!("{} could not be written", path.display()))
}
