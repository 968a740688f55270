//! What started a run, in words.

use quell_alert::{AccountKind, EntityKind};
use quell_run::{Occasion, Plan, RunId};

use super::journal::word;
use super::{NAME, styled};

/// As much of a run's id as people need.
pub(super) fn short(run: &RunId) -> &str {
    run.0.get(..8).unwrap_or(&run.0)
}

/// What started a run, in words; nothing where it was an alert.
pub(crate) fn occasion(occasion: &Occasion) -> Option<String> {
    match occasion {
        Occasion::Alert => None,
        Occasion::Manual { by } => Some(format!("started by {by}")),
        Occasion::Schedule { due } => Some(format!("by the clock, due {}", due.format("%Y-%m-%d %H:%M UTC"))),
        Occasion::Called { caller } => {
            Some(format!("called by run {}, step {}", short(&caller.run), caller.step))
        }
    }
}

/// The beginning of a run, in words.
pub(super) fn created(plan: &Plan) -> String {
    let lanes = plan.lanes.len();
    if let Some(occasion) = occasion(&plan.occasion) {
        return format!(
            "{} starts, {occasion} (mode {}, {lanes} {}){}",
            styled(NAME, &plan.playbook.name),
            word(&plan.mode),
            if lanes == 1 { "lane" } else { "lanes" },
            given(plan)
        );
    }
    format!(
        "{} starts for {:?} ({}, mode {}, {lanes} {}{})",
        styled(NAME, &plan.playbook.name),
        plan.alert.title,
        plan.alert.product,
        word(&plan.mode),
        if lanes == 1 { "lane" } else { "lanes" },
        passed_over(plan)
    )
}

/// The accounts of the alert that no playbook goes through, because they belong to nobody: whoever looks for them in the
/// record finds them there.
fn passed_over(plan: &Plan) -> String {
    // Where there is no lane at all, that may be why.
    let through_accounts = plan.lanes.first().is_none_or(|lane| lane.kind == Some(EntityKind::Account));
    let accounts = plan.alert.entities.accounts.iter().filter(|_| through_accounts);
    let others: Vec<String> = accounts
        .filter(|account| account.kind != AccountKind::Person)
        .map(|account| format!("{} ({} account)", account.display(), account.kind.as_str()))
        .collect();
    if others.is_empty() { String::new() } else { format!("; passes over {}", others.join(", ")) }
}

/// The inputs of a run.
fn given(plan: &Plan) -> String {
    let inputs: Vec<String> = plan.inputs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if inputs.is_empty() { String::new() } else { format!(" with {}", inputs.join(", ")) }
}

/// Runs by the beginnings of their ids, and how many more there are.
pub(crate) fn in_short(runs: &[RunId], more: u64) -> String {
    let named: Vec<&str> = runs.iter().map(short).collect();
    match more {
        0 => named.join(", "),
        _ => format!("{} and {more} more", named.join(", ")),
    }
}
