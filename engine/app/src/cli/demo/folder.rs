//! The folder of the demo: a site with the shipped playbooks and the sample alerts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::init::write;

/// Everything the site is made of: names and texts.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/demo_files.rs"));

/// The file that says that a folder was made by the demo, and may be made anew.
const MARK: &str = ".made-by-quell-demo";

/// Makes the folder, in place of the one that an earlier demo has left. Returns the site file.
pub(super) fn make_anew(folder: &Path) -> anyhow::Result<PathBuf> {
    if folder.exists() && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        if !folder.join(MARK).exists() {
            bail!("{} is not empty and not an earlier demo's: name another folder", folder.display());
        }
        fs::remove_dir_all(folder)
            .with_context(|| format!("the earlier demo in {} could not be removed", folder.display()))?;
    }
    write(&folder.join(MARK), "")?;
    for (name, text) in FILES {
        write(&folder.join(name), text)?;
    }
    Ok(folder.join("quell.yaml"))
}
