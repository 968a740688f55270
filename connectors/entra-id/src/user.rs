//! [`User`]: one user as Microsoft Graph describes it, and the names that it has.

use std::collections::BTreeMap;

use quell_alert::{Identifier, Sid, parse_guid};
use serde::Deserialize;

/// What is fetched of a user. Most of it comes only when it is asked for.
pub(crate) const USER: &str = "id,userPrincipalName,displayName,mail,accountEnabled,userType,externalUserState,\
onPremisesSyncEnabled,onPremisesSamAccountName,onPremisesDomainName,onPremisesSecurityIdentifier,\
onPremisesImmutableId,onPremisesDistinguishedName,securityIdentifier,passwordProfile,\
signInSessionsValidFromDateTime,isManagementRestricted";

/// One user.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) user_principal_name: Option<String>,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) mail: Option<String>,
    #[serde(default)]
    pub(crate) account_enabled: Option<bool>,
    #[serde(default)]
    user_type: Option<String>,
    #[serde(default)]
    external_user_state: Option<String>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    on_premises_sam_account_name: Option<String>,
    #[serde(default)]
    on_premises_domain_name: Option<String>,
    #[serde(default)]
    on_premises_security_identifier: Option<String>,
    #[serde(default)]
    on_premises_immutable_id: Option<String>,
    #[serde(default)]
    on_premises_distinguished_name: Option<String>,
    #[serde(default)]
    security_identifier: Option<String>,
    #[serde(default)]
    pub(crate) password_profile: Option<PasswordProfile>,
}

/// What a user must do about the password. The password itself is never told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordProfile {
    #[serde(default)]
    pub(crate) force_change_password_next_sign_in: Option<bool>,
}

impl User {
    /// What people call it.
    pub(crate) fn display(&self) -> String {
        self.user_principal_name.clone().unwrap_or_else(|| self.id.clone())
    }

    /// Whether it belongs to another tenant: nothing here reaches its home.
    pub(crate) fn is_guest(&self) -> bool {
        self.user_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("guest"))
            || self.external_user_state.is_some()
    }

    /// Whether Active Directory is its master.
    pub(crate) fn is_synchronised(&self) -> bool {
        self.on_premises_sync_enabled == Some(true)
    }

    /// Every name that it has. Those from Active Directory count only while it is synchronised: they stay behind, and
    /// go stale, when that ends. `domains` has the DNS names of on-premises domains by their short names.
    pub(crate) fn identifiers(&self, domains: &BTreeMap<String, String>) -> Vec<Identifier> {
        let mut names: Vec<Identifier> = Identifier::entra_id(&self.id).into_iter().collect();
        let cloud = parse_guid(&self.id).map(|id| Sid::from_entra_object_id(id).to_string());
        names.extend([cloud, self.security_identifier.clone()].into_iter().flatten().filter_map(sid));
        names.extend(self.user_principal_name.as_deref().and_then(|upn| Identifier::upn(upn).ok()));
        names.extend(self.mail.as_deref().and_then(|mail| Identifier::mail(mail).ok()));
        if self.is_synchronised() {
            names.extend(self.on_premises_security_identifier.clone().and_then(sid));
            names.extend(
                self.on_premises_immutable_id.as_deref().and_then(|id| Identifier::immutable_id(id).ok()),
            );
            names.extend(
                self.on_premises_distinguished_name.as_deref().and_then(|dn| Identifier::dn(dn).ok()),
            );
            names.extend(self.down_level(domains));
        }
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// `corp.example\alice`, and under each short name of that domain.
    fn down_level(&self, domains: &BTreeMap<String, String>) -> Vec<Identifier> {
        let (Some(dns), Some(name)) = (&self.on_premises_domain_name, &self.on_premises_sam_account_name)
        else {
            return Vec::new();
        };
        let short =
            domains.iter().filter(|(_, other)| other.eq_ignore_ascii_case(dns)).map(|(short, _)| short);
        std::iter::once(dns).chain(short).filter_map(|domain| Identifier::sam(domain, name).ok()).collect()
    }
}

fn sid(text: impl AsRef<str>) -> Option<Identifier> {
    Identifier::sid(text.as_ref()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn user(changes: Value) -> User {
        let mut all = json!({
            "id": "73D664E4-0886-4a73-b745-c694da45ddb4",
            "userPrincipalName": "Alice@Contoso.example",
            "onPremisesSyncEnabled": true,
            "onPremisesSamAccountName": "Alice",
            "onPremisesDomainName": "corp.contoso.example",
            "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104",
            "onPremisesImmutableId": "EJ1aJpQDR0SnJqXG9itKpQ==",
        });
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn every_name_is_there_once() {
        let domains = BTreeMap::from([("CORP".to_owned(), "CORP.contoso.example".to_owned())]);
        let cloud = "S-1-12-1-1943430372-1249052806-2496021943-3034400218";
        let names = user(json!({ "securityIdentifier": cloud })).identifiers(&domains);
        assert_eq!(
            names,
            [
                Identifier::EntraId("73d664e4-0886-4a73-b745-c694da45ddb4".into()),
                Identifier::Sid(cloud.into()),
                Identifier::Upn("alice@contoso.example".into()),
                Identifier::Sid("S-1-5-21-1-2-3-1104".into()),
                Identifier::ImmutableId("EJ1aJpQDR0SnJqXG9itKpQ==".into()),
                Identifier::Sam { domain: "corp.contoso.example".into(), name: "alice".into() },
                Identifier::Sam { domain: "corp".into(), name: "alice".into() },
            ]
        );
    }

    #[test]
    fn names_from_active_directory_end_with_the_synchronisation() {
        for sync in [json!(false), json!(null)] {
            let names = user(json!({ "onPremisesSyncEnabled": sync })).identifiers(&BTreeMap::new());
            assert_eq!(names.len(), 3, "{names:?}");
        }
    }

    #[test]
    fn guests_are_known_by_either_sign() {
        assert!(user(json!({ "userType": "Guest" })).is_guest());
        assert!(user(json!({ "userType": "Member", "externalUserState": "Accepted" })).is_guest());
        assert!(!user(json!({ "userType": "Member" })).is_guest());
    }
}
