//! Which group or tag is meant, under the name that it has in the lab.

use quell_action::{ActionError, Failure, Target};
use quell_alert::Identifier;
use serde_json::{Value, json};

use crate::deed::{Deed, label};
use crate::world::{Group, World};

/// The parameters with the name that the group has here; a tag must have a name.
///
/// A group can be named by its name, `DOMAIN\name`, or any of its ids.
pub(crate) fn resolved(
    world: &World,
    target: &Target,
    deed: Deed,
    mut params: Value,
) -> Result<Value, ActionError> {
    let label = label(&params);
    match (target, deed) {
        (Target::Account(key), Deed::Member(_)) => {
            let provider = key.provider.as_str();
            let group =
                world.groups.iter().find(|group| group.provider == provider && is_meant(group, &label));
            let group =
                group.ok_or_else(|| ActionError::rejected(format!("{provider} has no group {label:?}")))?;
            params["group"] = json!(group.name);
        }
        (_, Deed::Tags) if label.is_empty() => return Err(ActionError::rejected("the tag has no name")),
        _ => {}
    }
    Ok(params)
}

/// Nobody is ever put into a group that gives administrative rights.
pub(crate) fn may_join(world: &World, deed: Deed, params: &Value) -> Result<(), ActionError> {
    let label = label(params);
    let gives_rights = world.groups.iter().any(|group| group.privileged && is_meant(group, &label));
    match deed {
        Deed::Member(true) if gives_rights => {
            let why = format!("{label} is an administrative group: nobody is ever added to it");
            Err(ActionError::new(Failure::Forbidden, why))
        }
        _ => Ok(()),
    }
}

fn is_meant(group: &Group, label: &str) -> bool {
    let name = label.rsplit_once('\\').map_or(label, |(_, name)| name);
    group.name.eq_ignore_ascii_case(name) || group.identifiers.iter().any(|id| has_text(id, label))
}

fn has_text(id: &Identifier, text: &str) -> bool {
    match id {
        Identifier::OktaId(id) => id == text,
        id => id.to_string().split_once(':').is_some_and(|(_, id)| id.eq_ignore_ascii_case(text)),
    }
}
