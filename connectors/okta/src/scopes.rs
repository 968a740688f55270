//! Scopes: what tokens of an application are for, and what the actions need of them.

use std::collections::BTreeSet;

use quell_action::{ActionSpec, TargetKind};

use crate::application::OktaApplication;
use crate::connector::actions;

/// What it takes to say of somebody that they may be touched: who they are, in which groups, and whether they
/// administer. Without it nobody is.
const TO_CLEAR: [&str; 3] = ["okta.users.read", "okta.groups.read", "okta.roles.read"];

/// What it takes to read who comes from Active Directory.
const TO_READ_APPS: &str = "okta.apps.read";

/// What tokens are asked for: what is written down, or everything that the actions need.
pub(crate) fn wanted(application: &OktaApplication, reads_apps: bool) -> Vec<String> {
    if !application.scopes.is_empty() {
        return application.scopes.clone();
    }
    let mut needed: BTreeSet<&str> = actions().iter().flat_map(|info| needed(&info.spec)).collect();
    needed.extend(reads_apps.then_some(TO_READ_APPS));
    needed.into_iter().map(str::to_owned).collect()
}

/// What this action needs.
pub(crate) fn needed(spec: &ActionSpec) -> BTreeSet<&'static str> {
    let to_clear = TO_CLEAR.into_iter().filter(|_| spec.target != TargetKind::None);
    spec.permissions.iter().copied().chain(to_clear).collect()
}

/// What this action needs and is not among these scopes.
pub(crate) fn missing(spec: &ActionSpec, granted: &[String]) -> Vec<&'static str> {
    needed(spec).into_iter().filter(|scope| !holds(granted, scope)).collect()
}

/// Whether a text has the form of a scope of Okta's interface.
pub(crate) fn is_scope(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_alphanumeric());
    let parts: Vec<&str> = text.split('.').collect();
    matches!(parts.as_slice(), ["okta", rest @ ..] if rest.len() >= 2 && rest.iter().all(|part| fits(part)))
}

/// Whoever may manage may read.
fn holds(granted: &[String], scope: &str) -> bool {
    let broader = scope.strip_suffix(".read").map(|family| format!("{family}.manage"));
    granted.iter().any(|known| known == scope || Some(known) == broader.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_the_actions_need() {
        let application = serde_json::json!({ "client_id": "0oa1", "key": { "env": "KEY" } });
        let mut application: OktaApplication = serde_json::from_value(application).unwrap();
        assert_eq!(
            wanted(&application, true),
            [
                "okta.apps.read",
                "okta.groups.manage",
                "okta.groups.read",
                "okta.roles.read",
                "okta.userRisk.manage",
                "okta.userRisk.read",
                "okta.users.manage",
                "okta.users.read",
            ]
        );
        assert!(wanted(&application, true).iter().all(|scope| is_scope(scope)));
        assert_eq!(wanted(&application, false).len(), 7);
        application.scopes = vec!["okta.users.read".into()];
        assert_eq!(wanted(&application, true), ["okta.users.read"]);
        for no_scope in ["", "okta", "okta.users", "openid", "okta.users.", "okta.users.read okta.logs.read"]
        {
            assert!(!is_scope(no_scope), "{no_scope}");
        }
    }

    #[test]
    fn managing_holds_reading_and_clearing_is_never_forgotten() {
        let actions = actions();
        let spec = |name: &str| actions.iter().find(|info| info.spec.name == name).unwrap().spec;
        let granted = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
        let disable = spec("account.disable");
        assert_eq!(missing(&disable, &[]).len(), 4);
        assert_eq!(
            missing(&disable, &granted(&["okta.users.manage"])),
            ["okta.groups.read", "okta.roles.read"]
        );
        let enough = granted(&["okta.users.manage", "okta.groups.manage", "okta.roles.read"]);
        assert_eq!(missing(&disable, &enough), [""; 0]);
        assert_eq!(missing(&spec("okta.get_user"), &granted(&["okta.users.read"])), ["okta.roles.read"]);
    }
}
