//! What can be said only of all playbooks together.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::Catalogue;

use super::apart::are_apart;
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{Mode, Playbook, Verb};

/// Names that are taken, and playbooks that do opposite things.
pub(crate) fn check_across(playbooks: &[(Arc<Playbook>, Place)], catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut found = same_names(playbooks);
    found.extend(opposites(playbooks, catalogue));
    found
}

fn same_names(playbooks: &[(Arc<Playbook>, Place)]) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    let mut found = Vec::new();
    for (playbook, place) in playbooks {
        match first.get(playbook.name.0.as_str()) {
            Some(earlier) => found.push(
                Diagnostic::error(
                    codes::SAME_NAME,
                    place.clone(),
                    format!("two playbooks are called `{}`", playbook.name),
                )
                .help("give one of them another name, and its file too")
                .related((*earlier).clone(), "the other stands here"),
            ),
            None => {
                first.insert(&playbook.name.0, place);
            }
        }
    }
    found
}

/// One playbook disables what another one enables, for alerts in the same state of their lives.
fn opposites(playbooks: &[(Arc<Playbook>, Place)], catalogue: &Catalogue) -> Vec<Diagnostic> {
    let acting = || playbooks.iter().filter(|(playbook, _)| matches!(playbook.mode, Mode::Act | Mode::Ask));
    let mut by_action: BTreeMap<&str, Vec<&(Arc<Playbook>, Place)>> = BTreeMap::new();
    for one in acting() {
        for action in actions(&one.0) {
            by_action.entry(action).or_default().push(one);
        }
    }
    let undone_by: BTreeMap<&str, &str> =
        catalogue.iter().filter_map(|info| Some((info.spec.name, info.spec.undo?))).collect();
    let mut found = Vec::new();
    for (action, doing) in &by_action {
        // A pair of actions that undo each other is met once; what is undone by itself is no opposite.
        let is_met_before = |undo: &&&str| undone_by.get(**undo) == Some(action) && **undo < *action;
        let Some(undo) = undone_by.get(action).filter(|undo| **undo != *action && !is_met_before(undo))
        else {
            continue;
        };
        let Some(undoing) = by_action.get(undo) else { continue };
        for one in doing {
            found.extend(undoing.iter().find_map(|other| opposite(one, other, action, undo)));
        }
    }
    found
}

fn opposite(
    (one, place): &(Arc<Playbook>, Place),
    (other, other_place): &(Arc<Playbook>, Place),
    action: &str,
    undo: &str,
) -> Option<Diagnostic> {
    let (Some(of_one), Some(of_other)) = (&one.when.alert, &other.when.alert) else { return None };
    let overlap = of_one.states.iter().any(|state| of_other.states.contains(state));
    if !overlap || one.name == other.name || are_apart(&of_one.group, &of_other.group) {
        return None;
    }
    let message = format!(
        "`{}` does `{action}` and `{}` does `{undo}`, for alerts in the same state",
        one.name, other.name
    );
    Some(
        Diagnostic::warning(codes::OPPOSITE, place.clone(), message)
            .help("make sure that no alert starts both, or give them different `states`")
            .related(other_place.clone(), "the other stands here"),
    )
}

fn actions(playbook: &Playbook) -> impl Iterator<Item = &str> {
    playbook.all_steps().filter_map(|step| match &step.verb {
        Verb::Do(action) => Some(action.action.as_str()),
        _ => None,
    })
}
