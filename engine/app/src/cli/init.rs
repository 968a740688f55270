//! `quell init`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::Context;
use crate::show::{FAINT, GOOD, HEAD, Show, styled};

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
        bail!("nothing was written, for this is there already: {}", there.join(", "));
    }
    for (name, text) in FILES {
        write(&args.folder.join(name), text)?;
    }
    if context.show.json {
        let files: Vec<PathBuf> = FILES.iter().map(|(name, _)| args.folder.join(name)).collect();
        context.show.json(&serde_json::json!({ "written": files }))?;
    } else {
        tell(context.show, &args.folder);
    }
    Ok(super::YES)
}

fn tell(show: Show, folder: &Path) {
    for (name, _) in FILES {
        show.aside(format_args!("{} {}", styled(GOOD, "wrote"), folder.join(name).display()));
    }
    let site = folder.join("quell.yaml").display().to_string();
    let alerts = folder.join("alerts").display().to_string();
    let commands = [
        (format!("quell check --config {site}"), "all of it, before anything runs"),
        (format!("quell replay --config {site} {alerts}"), "what would be done; nothing is touched"),
        (format!("quell run --config {site}"), "do it"),
    ];
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    show.aside(format_args!("\n{}", styled(HEAD, "Next:")));
    for (command, what) in commands {
        show.aside(format_args!("  {command:<width$}   {}", styled(FAINT, what)));
    }
}

/// Writes a file and the folders it is in.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{} could not be written", path.display()))
}
