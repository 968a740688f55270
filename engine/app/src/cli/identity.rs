//! `quell identity`: a person as the engine sees them.

use std::process::ExitCode;

use quell_api::{IdentityAccount, IdentityExclusion, IdentityReport, IdentityStanding, InForce};

use super::{Context, block_on};
use crate::reach;
use crate::show::{BAD, FAINT, GOOD, HEAD, NAME, NOTE, Show, Table, moment, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The directories are asked now, and nothing is changed. Accounts belong together by ids that one directory has copied
from the other; by equal login names only where the site file says `engine: { link_by_upn: true }`.

Exit code 0 when it is known who is meant; 1 when nobody is, or more than one; 3 when a directory could not be asked.

Examples:
  quell identity alice@contoso.example
  quell identity 'CONTOSO\\alice'
  quell identity S-1-5-21-1004336348-1177238915-682003330-1104 --json"
)]
pub(crate) struct Args {
    /// Any name of theirs: SID, UPN, DOMAIN\name, object id, Okta id, DN.
    who: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let report =
        block_on(async { anyhow::Ok(reach::operations(context).await?.identity(&args.who).await?) })??;
    if context.show.json {
        context.show.json(&report)?;
    } else {
        tell(context.show, &report);
    }
    Ok(match report.standing {
        IdentityStanding::Known => super::YES,
        IdentityStanding::Nobody | IdentityStanding::Ambiguous => ExitCode::from(1),
        IdentityStanding::Partly => ExitCode::from(3),
    })
}

fn tell(show: Show, report: &IdentityReport) {
    let (who, why) = (styled(NAME, &report.who), report.why.as_deref().unwrap_or_default());
    match report.standing {
        IdentityStanding::Known => {}
        IdentityStanding::Nobody => return show.line(format_args!("{who} is nobody: {why}")),
        IdentityStanding::Ambiguous => {
            return show
                .line(format_args!("{who} is {}: {why}", styled(BAD, "ambiguous, so never acted on")));
        }
        IdentityStanding::Partly => {
            show.line(format_args!("{who} is {}: {why}", styled(NOTE, "not wholly known, so not acted on")));
        }
    }
    show.line(accounts(&report.accounts));
    if !report.no_account_at.is_empty() {
        show.line(styled(FAINT, format_args!("no account at {}", report.no_account_at.join(", "))));
    }
    show.line(styled(HEAD, "names"));
    let names = |account: &IdentityAccount| Some(account.names.join(", "));
    each(show, &report.accounts, names);
    show.line(styled(HEAD, "groups, nested ones included"));
    each(show, &report.accounts, |account| Some(account.groups.as_ref()?.join(", ")));
    show.line(styled(HEAD, "exclusion list"));
    exclusion(show, report);
    show.line(styled(HEAD, "in force"));
    match report.in_force.as_slice() {
        [] => show.line("  nothing"),
        held => show.line(in_force(held)),
    }
    if let Some(more) = more(report.more_in_force) {
        show.line(styled(NOTE, more));
    }
}

/// What is in force and not shown is told of all the same.
fn more(number: usize) -> Option<String> {
    (number > 0).then(|| format!("  and {number} more: the oldest and the newest are shown"))
}

fn accounts(accounts: &[IdentityAccount]) -> Table {
    let mut table = Table::new(&["PROVIDER", "ACCOUNT", "SIGN-IN", "PRIVILEGED", "PROTECTED", "READ", "KEY"]);
    for account in accounts {
        table.row([
            account.provider.clone(),
            styled(NAME, &account.display),
            match account.enabled {
                Some(true) => styled(GOOD, "enabled"),
                Some(false) => styled(NOTE, "disabled"),
                None => "not known".into(),
            },
            match account.privileged {
                Some(true) => styled(BAD, "yes"),
                Some(false) => "no".into(),
                None => "not known".into(),
            },
            account.protected.clone().unwrap_or_default(),
            moment(account.read_at),
            account.key.clone(),
        ]);
    }
    table
}

/// A line for each account.
fn each(show: Show, accounts: &[IdentityAccount], what: impl Fn(&IdentityAccount) -> Option<String>) {
    for account in accounts {
        let what = what(account).unwrap_or_else(|| styled(NOTE, "could not be read"));
        show.line(format_args!("  {:<18}{what}", account.provider));
    }
}

fn exclusion(show: Show, report: &IdentityReport) {
    let IdentityExclusion { excluded, entries, built_in, open } = &report.exclusion;
    for entry in entries {
        let actions = match entry.actions.as_slice() {
            [] => "every disruptive action".to_owned(),
            actions => actions.join(", "),
        };
        show.line(format_args!("  entry {} stops {actions}: {}", entry.id, entry.because));
    }
    if let Some(built_in) = built_in {
        show.line(format_args!("  built-in protection: {built_in}"));
    }
    match (excluded, report.standing) {
        (true, IdentityStanding::Partly) => {
            show.line(format_args!(
                "  {}",
                styled(NOTE, "left alone, at least until every directory answers")
            ));
        }
        (true, _) => show.line(format_args!("  {}", styled(GOOD, "left alone"))),
        (false, _) if open.is_empty() => show.line("  no disruptive action is offered for it"),
        (false, _) => {}
    }
    for (provider, actions) in open {
        let verdict = styled(BAD, format_args!("can be acted on at {provider}"));
        show.line(format_args!("  {verdict}: {}", actions.join(", ")));
    }
}

fn in_force(held: &[InForce]) -> Table {
    let mut table = Table::new(&["  ACTION", "OF", "AT", "SINCE", "BY RUN", "OF PLAYBOOK", "UNDONE"]);
    for one in held {
        table.row([
            format!("  {}", one.action),
            styled(NAME, &one.account),
            one.provider.clone(),
            moment(one.since),
            one.run.chars().take(8).collect(),
            one.playbook.clone(),
            match (one.changed, one.undoing, one.undo_due) {
                (_, true, _) => "now".into(),
                (false, ..) => "never: it was so before".into(),
                (true, false, Some(due)) => moment(due),
                (true, false, None) => "when somebody asks".into(),
            },
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::more;

    #[test]
    fn what_is_not_shown_is_counted() {
        assert_eq!(more(0), None);
        assert_eq!(more(39_900).unwrap(), "  and 39900 more: the oldest and the newest are shown");
    }
}
