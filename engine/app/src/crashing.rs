//! What a test wants to happen at the crash points of `quell run`, from the environment.

use anyhow::{Context as _, anyhow};
use quell_crash::Arms;

use crate::environment::variable;

/// `NAME:TIME`: the process ends when it passes this point for the so-many-th time.
const KILL_AT: &str = "QUELL_CRASH_AT";

/// A file in which every point that is passed is written down.
const TRACE: &str = "QUELL_CRASH_TRACE";

/// Arms the points as the environment says.
pub(crate) fn arm() -> anyhow::Result<()> {
    let kill_at = variable(KILL_AT).map(|text| read(&text)).transpose()?;
    let arms = Arms { kill_at, trace: variable(TRACE).map(Into::into) };
    quell_crash::arm(arms).map_err(|problem| anyhow!(problem))
}

fn read(text: &str) -> anyhow::Result<(String, u64)> {
    let (name, time) = text.rsplit_once(':').with_context(|| format!("{KILL_AT}={text}: write NAME:TIME"))?;
    let time = time.parse().with_context(|| format!("{KILL_AT}={text}: {time} is no number"))?;
    Ok((name.to_owned(), time))
}
