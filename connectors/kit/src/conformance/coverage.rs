//! What the suite was never played for: an action that no bench brings would otherwise be left out without a word.

use std::collections::BTreeSet;

use quell_action::Connector;

use super::Report;

/// Every action that this connector could ever offer, whatever its settings, and that worked in none of these reports of
/// [`check`](super::check).
pub fn not_played<'a, C: Connector>(reports: impl IntoIterator<Item = &'a Report>) -> Vec<String> {
    missing::<C>(reports, |report| &report.worked)
}

/// Every action that this connector could ever offer, and that met no mishap in any of these reports of
/// [`check_positions`](super::check_positions).
pub fn not_met_by_mishaps<'a, C: Connector>(reports: impl IntoIterator<Item = &'a Report>) -> Vec<String> {
    missing::<C>(reports, |report| &report.mishaps)
}

fn missing<'a, C: Connector>(
    reports: impl IntoIterator<Item = &'a Report>,
    of: fn(&Report) -> &BTreeSet<String>,
) -> Vec<String> {
    let played: BTreeSet<&String> = reports.into_iter().flat_map(of).collect();
    let offered =
        C::actions(None).into_iter().map(|info| format!("{} at {}", info.spec.name, info.spec.provider));
    offered.filter(|action| !played.contains(action)).collect()
}
