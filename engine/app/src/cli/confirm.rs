//! What cannot be taken back is asked for twice.

use std::io::{BufRead, IsTerminal, stdin};

use anyhow::bail;

use crate::show::{BAD, Show, styled};

/// A person must type a word at the terminal; elsewhere `--yes` must have been given.
pub(crate) fn confirm(show: Show, yes: bool, what: &str, word: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        bail!("{what}: confirm it with --yes");
    }
    show.aside(format_args!("{} {what}. Type `{word}` to go on:", styled(BAD, "careful:")));
    let mut typed = String::new();
    stdin().lock().read_line(&mut typed)?;
    if typed.trim() != word {
        bail!("not confirmed; nothing was done");
    }
    Ok(())
}
