//! The probe: is the organisation there, is the credential good, and what may it do? It changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{Grant, Probe, ProbeReport};
use quell_alert::Provider;
use quell_kit::Deadline;

use crate::client::Okta;
use crate::connector::actions;

/// Roles that may do everything that is offered here.
const MAY_ALL: [&str; 2] = ["SUPER_ADMIN", "ORG_ADMIN"];
/// Roles that may do these and nothing else that is offered here.
const MAY_SOME: [(&str, &[&str]); 4] = [
    (
        "USER_ADMIN",
        &[
            "account.disable",
            "account.enable",
            "account.activate",
            "account.reactivate",
            "account.deactivate",
            "account.force_password_change",
            "account.reset_password",
            "account.unlock",
            "account.revoke_sessions",
            "account.add_to_group",
            "account.remove_from_group",
            "okta.get_user",
            "okta.get_groups",
        ],
    ),
    (
        "HELP_DESK_ADMIN",
        &[
            "account.force_password_change",
            "account.reset_password",
            "account.unlock",
            "account.revoke_sessions",
            "okta.get_user",
            "okta.get_groups",
        ],
    ),
    (
        "GROUP_MEMBERSHIP_ADMIN",
        &["account.add_to_group", "account.remove_from_group", "okta.get_user", "okta.get_groups"],
    ),
    ("READ_ONLY_ADMIN", &["okta.get_user", "okta.get_groups"]),
];

/// Probes one organisation.
pub(crate) struct OktaProbe {
    pub(crate) okta: Arc<Okta>,
}

#[async_trait]
impl Probe for OktaProbe {
    async fn probe(&self) -> ProbeReport {
        let deadline = Deadline::after(self.okta.patience());
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        let roles = match self.okta.own_user(deadline).await {
            Err(error) => {
                report.problems.push(error.message);
                None
            }
            Ok(owner) => {
                report.system = Some(format!("{} as {}", self.okta.realm(), owner.display()));
                match self.okta.roles_of(&owner.id, deadline).await {
                    Ok(roles) => Some(roles.into_iter().map(|role| role.kind).collect::<Vec<_>>()),
                    Err(error) => {
                        report
                            .problems
                            .push(format!("the roles of the token's owner cannot be read: {error}"));
                        None
                    }
                }
            }
        };
        for app in &self.okta.settings.active_directory_apps {
            // Without an id the question would be about everybody.
            let Ok(own) = self.okta.own_id(deadline).await else { continue };
            if let Err(error) = self.okta.app_user(app, own, deadline).await {
                report.problems.push(format!("the integration {app} cannot be read: {error}"));
            }
        }
        report.grants = actions().iter().map(|info| grant(info.spec.name, roles.as_deref())).collect();
        report
    }
}

fn grant(action: &str, roles: Option<&[String]>) -> Grant {
    let (allowed, note) = match roles {
        None => (None, None),
        Some(roles) => (may(action, roles), Some(format!("the token's owner has {}", listed(roles)))),
    };
    Grant { action: action.to_owned(), provider: Provider::from(Provider::OKTA), allowed, note }
}

/// `None` where a role of the organisation's own making takes part: what is in it Okta does not say here.
fn may(action: &str, roles: &[String]) -> Option<bool> {
    let has = |role: &str| roles.iter().any(|known| known == role);
    let allowed = MAY_ALL.into_iter().any(has)
        || MAY_SOME.iter().any(|(role, actions)| has(role) && actions.contains(&action));
    let known =
        |role: &String| MAY_ALL.contains(&role.as_str()) || MAY_SOME.iter().any(|(known, _)| known == role);
    match (allowed, roles.iter().all(known)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

fn listed(roles: &[String]) -> String {
    if roles.is_empty() { "no administrative role".to_owned() } else { roles.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_tell_what_is_allowed_and_own_roles_do_not() {
        let may = |action: &str, roles: &[&str]| {
            may(action, &roles.iter().map(|role| (*role).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(may("account.set_risk", &["SUPER_ADMIN"]), Some(true));
        assert_eq!(may("account.disable", &["HELP_DESK_ADMIN"]), Some(false));
        assert_eq!(may("account.unlock", &["HELP_DESK_ADMIN"]), Some(true));
        assert_eq!(may("account.disable", &["CUSTOM"]), None);
        assert_eq!(may("account.disable", &["CUSTOM", "USER_ADMIN"]), Some(true));
        assert_eq!(may("account.disable", &[]), Some(false));
    }

    #[test]
    fn the_table_names_actions_that_exist() {
        let known: Vec<&str> = actions().iter().map(|info| info.spec.name).collect();
        for (role, actions) in MAY_SOME {
            for action in actions {
                assert!(known.contains(action), "{role}: {action}");
            }
        }
    }
}
