//! `quell explain-code`.

use std::process::ExitCode;

use quell_playbook::codes::{self, Code};
use serde_json::{Value, json};

use super::{Context, yes_if};
use crate::show::{BAD, NAME, Show, Table, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 1 when there is no such code.

Examples:
  quell explain-code PB0412
  quell explain-code            all codes, one line each")]
pub(crate) struct Args {
    /// The code, as `quell check` prints it.
    code: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    match &args.code {
        None => list(context.show),
        Some(wanted) => one(context.show, wanted),
    }
}

fn list(show: Show) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(&codes::ALL.iter().map(described).collect::<Vec<_>>())?;
        return Ok(super::YES);
    }
    let mut table = Table::new(&["CODE", "WHAT IT SAYS"]);
    for code in codes::ALL {
        table.row([styled(NAME, code), title(code).to_owned()]);
    }
    show.line(table);
    Ok(super::YES)
}

fn one(show: Show, wanted: &str) -> anyhow::Result<ExitCode> {
    let Some(code) = codes::find(wanted).or_else(|| codes::find(&format!("PB{wanted:0>4}"))) else {
        show.aside(format_args!("{} there is no code {wanted}; the nearest:", styled(BAD, "error:")));
        for code in nearest(wanted) {
            show.aside(format_args!("  {}  {}", styled(NAME, code), title(&code)));
        }
        show.aside("`quell explain-code` lists all");
        return Ok(yes_if(false));
    };
    if show.json {
        show.json(&described(&code))?;
    } else {
        show.line(code.page.trim_end());
    }
    Ok(super::YES)
}

fn described(code: &Code) -> Value {
    json!({ "code": code, "title": title(code), "page": code.page })
}

/// The first line of the page, without the code.
fn title(code: &Code) -> &'static str {
    let line = code.page.lines().next().unwrap_or_default();
    line.split_once(": ").map_or(line, |(_, title)| title)
}

/// The three codes that look most like it.
fn nearest(wrong: &str) -> Vec<Code> {
    let wrong = wrong.to_ascii_uppercase();
    let mut all = codes::ALL.to_vec();
    all.sort_by_key(|code| (strsim::damerau_levenshtein(&wrong, code.id), code.id));
    all.truncate(3);
    all
}
