//! `quell actions`.

use std::process::ExitCode;

use anyhow::bail;
use quell_action::{ActionInfo, Catalogue, Impact, Repeat};
use quell_playbook::nearest;
use serde_json::{Value, json};

use super::Context;
use crate::show::{BAD, GOOD, HEAD, NAME, Show, Table, styled, word};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell actions
  quell actions account.disable
  quell actions --json")]
pub(crate) struct Args {
    /// Explain this action: parameters, rights to grant, undo, at each provider.
    action: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let catalogue = quell_connectors::catalogue();
    match &args.action {
        Some(name) => explain(context.show, &catalogue, name)?,
        None => list(context.show, &catalogue)?,
    }
    Ok(super::YES)
}

fn list(show: Show, catalogue: &Catalogue) -> anyhow::Result<()> {
    if show.json {
        return show.json(&catalogue.iter().map(described).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["ACTION", "PROVIDER", "IMPACT", "UNDONE BY", "WHAT IT DOES"]);
    for info in catalogue.iter() {
        table.row([
            styled(NAME, info.spec.name),
            info.spec.provider.to_owned(),
            impact(info.spec.impact),
            info.spec.undone_by().to_owned(),
            info.spec.summary.to_owned(),
        ]);
    }
    show.line(table);
    Ok(())
}

fn explain(show: Show, catalogue: &Catalogue, name: &str) -> anyhow::Result<()> {
    let offers: Vec<&ActionInfo> = catalogue.named(name).collect();
    if offers.is_empty() {
        let near = nearest::one(name, catalogue.iter().map(|info| info.spec.name));
        let hint = near.map(|near| format!("; the nearest is {near}")).unwrap_or_default();
        bail!("there is no action {name}{hint} (`quell actions` lists all)");
    }
    if show.json {
        return show.json(&offers.into_iter().map(described).collect::<Vec<_>>());
    }
    for info in offers {
        one(show, info);
    }
    Ok(())
}

fn one(show: Show, info: &ActionInfo) {
    let spec = info.spec;
    show.line(format_args!(
        "{} at {}: {}",
        styled(NAME, spec.name),
        styled(HEAD, spec.provider),
        spec.summary
    ));
    show.line(format_args!("  impact     {}", impact(spec.impact)));
    show.line(format_args!("  undone by  {}", spec.undone_by()));
    let repeat = match spec.repeat {
        Repeat::Safe => "harmless",
        Repeat::Keyed => "recognised by the system, which does nothing twice",
        Repeat::Never => "a second effect, so never repeated blindly",
    };
    show.line(format_args!("  called twice  {repeat}"));
    show.line(format_args!(
        "  read back  {}",
        if spec.readable { "yes" } else { "no: accepted, not verified" }
    ));
    show.line(format_args!("  rights     {}", spec.permissions.join(", ")));
    if let Some(licence) = info.licence {
        show.line(format_args!("  licence    {licence}"));
    }
    show.line(format_args!("  see        {}", spec.vendor_page));
    for (title, fields) in [("with", &info.params), ("gives", &info.outputs)] {
        for field in fields {
            let need = if field.required { " (required)" } else { "" };
            show.line(format_args!(
                "  {title:<10} {}: {}{need}  {}",
                field.name,
                field.kind.word(),
                field.summary
            ));
        }
    }
}

fn described(info: &ActionInfo) -> Value {
    json!({
        "name": info.spec.name,
        "provider": info.spec.provider,
        "target": info.spec.target,
        "impact": info.spec.impact,
        "undo": info.spec.undo,
        "repeat": info.spec.repeat,
        "readable": info.spec.readable,
        "permissions": info.spec.permissions,
        "licence": info.licence,
        "summary": info.spec.summary,
        "vendor_page": info.spec.vendor_page,
        "with": info.params,
        "gives": info.outputs,
    })
}

fn impact(impact: Impact) -> String {
    let style = match impact {
        Impact::Disruptive => BAD,
        Impact::Restoring => GOOD,
        Impact::Informing => anstyle::Style::new(),
    };
    styled(style, word(&impact))
}
