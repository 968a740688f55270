//! The probe: is the organisation there, is the credential good, and what may it do? It changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{ActionError, ActionSpec, Grant, Probe, ProbeReport};
use quell_alert::Provider;
use quell_kit::Deadline;

use crate::calls::Role;
use crate::client::Okta;
use crate::connector::actions;
use crate::credential::{Application, Credential, is_about_scope};
use crate::scopes::missing;

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

/// What is known of our own rights.
#[derive(Default)]
struct Rights {
    /// The scopes of our tokens; nothing where they are not limited by any.
    scopes: Option<Vec<String>>,
    /// The administrative roles, with whose they are; nothing where they could not be read.
    roles: Option<(&'static str, Vec<String>)>,
}

#[async_trait]
impl Probe for OktaProbe {
    async fn probe(&self) -> ProbeReport {
        let deadline = Deadline::after(self.okta.patience());
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        let rights = match self.okta.credential() {
            Credential::User(_) => self.of_user(&mut report, deadline).await,
            Credential::Application(application) => {
                self.of_application(application, &mut report, deadline).await
            }
        };
        // Whoever was not let in is not asked for more.
        let apps = self.okta.settings.active_directory_apps.iter().filter(|_| report.system.is_some());
        for app in apps {
            if let Err(error) = self.okta.can_read_app(app, deadline).await {
                report.problems.push(format!("the integration {app} cannot be read: {error}"));
            }
        }
        report.grants = actions().iter().map(|info| grant(&info.spec, &rights)).collect();
        report
    }
}

impl OktaProbe {
    async fn of_user(&self, report: &mut ProbeReport, deadline: Deadline) -> Rights {
        let owner = match self.okta.own_user(deadline).await {
            Ok(owner) => owner,
            Err(error) => {
                report.problems.push(error.message);
                return Rights::default();
            }
        };
        report.system = Some(format!("{} as {}", self.okta.realm(), owner.display()));
        let roles = self.okta.roles_of(&owner.id, deadline).await;
        Rights { scopes: None, roles: kinds("the token's owner", roles, report) }
    }

    async fn of_application(
        &self,
        application: &Application,
        report: &mut ProbeReport,
        deadline: Deadline,
    ) -> Rights {
        let token = match application.tokens.get(deadline).await {
            Ok(token) => token,
            Err(error) if is_about_scope(&error) => {
                return self.without_a_token(application, error, report, deadline).await;
            }
            Err(error) => {
                report.problems.push(error.message);
                return Rights::default();
            }
        };
        let client = &application.settings.client_id;
        let bound = if token.is_bound() { "" } else { ", whose tokens are not bound to a key (DPoP)" };
        report.system = Some(format!("{} as the application {client}{bound}", self.okta.realm()));
        let roles = self.okta.roles_of_application(client, deadline).await;
        Rights {
            scopes: Some(token.scopes().unwrap_or(&application.scopes).to_vec()),
            roles: kinds("the application", roles, report),
        }
    }

    /// Okta gives no token as long as one of the scopes is not granted; it does not say which.
    async fn without_a_token(
        &self,
        application: &Application,
        error: ActionError,
        report: &mut ProbeReport,
        deadline: Deadline,
    ) -> Rights {
        report.problems.push(error.message);
        match application.refused_scopes(deadline).await {
            Err(error) => {
                report.problems.push(error.message);
                Rights::default()
            }
            Ok(refused) => {
                report.problems.push(format!("not granted to the application: {}", refused.join(", ")));
                let granted =
                    application.scopes.iter().filter(|scope| !refused.contains(scope)).cloned().collect();
                Rights { scopes: Some(granted), roles: None }
            }
        }
    }
}

fn kinds(
    whose: &'static str,
    roles: Result<Vec<Role>, ActionError>,
    report: &mut ProbeReport,
) -> Option<(&'static str, Vec<String>)> {
    match roles {
        Ok(roles) => Some((whose, roles.into_iter().map(|role| role.kind).collect())),
        Err(error) => {
            report.problems.push(format!("the roles of {whose} cannot be read: {error}"));
            None
        }
    }
}

/// It takes both: the scopes, and a role that allows it.
fn grant(spec: &ActionSpec, rights: &Rights) -> Grant {
    let missing = rights.scopes.as_ref().map(|granted| missing(spec, granted)).unwrap_or_default();
    let (allowed, note) = match &rights.roles {
        _ if !missing.is_empty() => (Some(false), Some(format!("grant {}", missing.join(" and ")))),
        None => (None, None),
        Some((whose, roles)) => (may(spec.name, roles), Some(format!("{whose} has {}", listed(roles)))),
    };
    Grant { action: spec.name.to_owned(), provider: Provider::from(Provider::OKTA), allowed, note }
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
