//! Several connectors may reach the same system. What they declare of the same action must be the same: a playbook is
//! checked against one of them and carried out by another.

use std::collections::BTreeMap;

use quell_action::{ActionInfo, Impact, TargetKind};
use quell_connectors::all;

#[test]
fn the_same_action_at_the_same_provider_is_declared_alike() {
    let mut known: BTreeMap<(&str, &str), (&str, String)> = BTreeMap::new();
    for kind in all() {
        for info in kind.actions() {
            let declared = declaration(&info);
            let key = (info.spec.name, info.spec.provider);
            let (other, first) = known.entry(key).or_insert((kind.name(), declared.clone()));
            assert_eq!(*first, declared, "{key:?} of {other} and of {}", kind.name());
        }
    }
}

#[test]
fn an_undo_names_an_action_that_exists() {
    let actions: Vec<ActionInfo> = all().iter().flat_map(|kind| kind.actions()).collect();
    for info in &actions {
        let Some(undo) = info.spec.undo else { continue };
        let exists =
            actions.iter().any(|other| other.spec.name == undo && other.spec.provider == info.spec.provider);
        assert!(
            exists,
            "{} at {} is undone by {undo}, which nobody offers",
            info.spec.name, info.spec.provider
        );
    }
}

/// What one system knows of somebody is asked of that system: look-ups have its name, although they have a target.
#[test]
fn what_is_done_to_a_target_has_a_common_name_and_all_else_its_connectors() {
    for kind in all() {
        for info in kind.actions() {
            let (noun, _) = info.spec.name.split_once('.').unwrap();
            let common = ["account", "device", "file"].contains(&noun);
            let looks = info.spec.only_looks();
            assert!(!looks || info.spec.impact == Impact::Informing, "{}", info.spec.name);
            assert_eq!(common, info.spec.target != TargetKind::None && !looks, "{}", info.spec.name);
            assert!(common || noun == kind.name().replace('-', "_"), "{} of {}", info.spec.name, kind.name());
        }
    }
}

/// No right makes up for a licence, and no administrator finds one where rights are granted.
#[test]
fn a_licence_is_told_apart_from_the_rights() {
    let mut wanted = Vec::new();
    for kind in all() {
        for info in kind.actions() {
            for right in info.spec.permissions {
                let words = right.to_lowercase();
                let is_licence = ["licen", "protection", " p1", " p2", "premium", "plan "];
                assert!(
                    !is_licence.iter().any(|word| words.contains(word)),
                    "{} of {} has {right:?} among its rights",
                    info.spec.name,
                    kind.name()
                );
            }
            wanted.extend(info.licence.map(|licence| (info.spec.name, kind.name(), licence)));
        }
    }
    wanted.retain(|(_, kind, _)| *kind != "defender-identity");
    assert_eq!(
        wanted,
        [
            ("account.mark_compromised", "entra-id", "Entra ID P2"),
            ("account.dismiss_risk", "entra-id", "Entra ID P2"),
            ("account.set_risk", "okta", "Identity Threat Protection with Okta AI"),
        ]
    );
}

fn declaration(info: &ActionInfo) -> String {
    let spec = &info.spec;
    let names = |params: &[quell_action::ParamSpec]| {
        let one =
            |param: &quell_action::ParamSpec| format!("{}: {:?}{}", param.name, param.kind, param.required);
        params.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    format!(
        "{:?} {:?} undo {:?} {:?} readable {} takes [{}] gives [{}]",
        spec.target,
        spec.impact,
        spec.undo,
        spec.repeat,
        spec.readable,
        names(&info.params),
        names(&info.outputs)
    )
}
