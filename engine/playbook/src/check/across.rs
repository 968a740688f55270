//! What can be said only of all playbooks together.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::Catalogue;

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
    let mut found = Vec::new();
    for (position, (one, place)) in playbooks.iter().enumerate() {
        for (other, other_place) in &playbooks[position + 1..] {
            let both_act = one.mode == Mode::Act && other.mode == Mode::Act;
            let overlap = one.when.states.iter().any(|state| other.when.states.contains(state));
            if !both_act || !overlap {
                continue;
            }
            let clash = actions(one).find_map(|action| {
                // What is undone by itself (a second forced password change) is no opposite.
                let undo =
                    catalogue.named(action).find_map(|info| info.spec.undo).filter(|undo| *undo != action)?;
                actions(other).find(|theirs| *theirs == undo).map(|theirs| (action, theirs))
            });
            if let Some((action, theirs)) = clash {
                let message = format!(
                    "`{}` does `{action}` and `{}` does `{theirs}`, for alerts in the same state",
                    one.name, other.name
                );
                found.push(
                    Diagnostic::warning(codes::OPPOSITE, place.clone(), message)
                        .help("make sure that no alert starts both, or give them different `states`")
                        .related(other_place.clone(), "the other stands here"),
                );
            }
        }
    }
    found
}

fn actions(playbook: &Playbook) -> impl Iterator<Item = &str> {
    playbook.steps.iter().chain(&playbook.always).map(|step| match &step.verb {
        Verb::Do(action) => action.action.as_str(),
    })
}
