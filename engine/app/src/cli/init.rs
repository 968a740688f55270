//! `quell init`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::Context;
use crate::show::{GOOD, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell init                  into this folder
  quell init /etc/quell       into another one; it is made when it is missing

Nothing that is there already is written over.")]
pub(crate) struct Args {
    /// The folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// What a new site begins with.
const FILES: [(&str, &str); 4] = [
    ("quell.yaml", include_str!("../../templates/quell.yaml")),
    ("exclusions.yaml", include_str!("../../templates/exclusions.yaml")),
    ("playbooks/disable-on-dcsync.yaml", include_str!("../../templates/disable-on-dcsync.yaml")),
    ("alerts/dcsync.json", include_str!("../../templates/dcsync.json")),
];

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let there: Vec<String> = FILES
        .iter()
        .map(|(name, _)| args.folder.join(name))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() {
        bail!("{} exists already; choose another folder, or move it away", there.join(", "));
    }
    for (name, text) in FILES {
        write(&args.folder.join(name), text)?;
        context.show.aside(format_args!("{} {}", styled(GOOD, "wrote"), args.folder.join(name).display()));
    }
    let config = args.folder.join("quell.yaml");
    context.show.aside(format_args!(
        "
Next:
  quell check   --config {0}     all of it, before anything runs
  quell replay  --config {0} {1}     what would be done; nothing is touched
  quell run     --config {0}     do it",
        config.display(),
        args.folder.join("alerts").display()
    ));
    Ok(super::YES)
}

/// Writes a file and the folders it is in.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{} could not be written", path.display()))
}
