//! What started a run, in words.

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
        "{} starts for {:?} ({}, mode {}, {lanes} {})",
        styled(NAME, &plan.playbook.name),
        plan.alert.title,
        plan.alert.product,
        word(&plan.mode),
        if lanes == 1 { "lane" } else { "lanes" }
    )
}

/// The inputs of a run.
fn given(plan: &Plan) -> String {
    let inputs: Vec<String> = plan.inputs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if inputs.is_empty() { String::new() } else { format!(" with {}", inputs.join(", ")) }
}
