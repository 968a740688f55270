//! [`Identity`]: one identity as Defender for Identity describes it. The metadata and the pages of the reference differ
//! in names and shapes; both are read.

use quell_action::{ActionError, Failure, Protected};
use quell_alert::{Identifier, Sid};
use quell_kit::lenient::or_nothing;
use serde::Deserialize;

/// One identity, with the accounts that it has at its providers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    pub(crate) is_enabled: Option<bool>,
    #[serde(default)]
    on_premises_security_identifier: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    accounts: Vec<Account>,
}

/// One account of an identity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Account {
    pub(crate) identifier: String,
    #[serde(rename = "identityProvider", alias = "provider", default, deserialize_with = "or_nothing")]
    provider: String,
    #[serde(default, deserialize_with = "or_nothing")]
    actions: Vec<String>,
}

impl Identity {
    /// What people call it.
    pub(crate) fn display(&self) -> String {
        match (&self.display_name, &self.domain) {
            (Some(name), Some(domain)) => format!("{name} ({domain})"),
            (Some(name), None) => name.clone(),
            _ => self.id.clone(),
        }
    }

    /// The DNS name of its domain.
    pub(crate) fn realm(&self) -> String {
        self.domain.as_deref().unwrap_or_default().trim().to_lowercase()
    }

    /// Its security identifier in Active Directory.
    pub(crate) fn sid(&self) -> Option<Sid> {
        self.on_premises_security_identifier.as_deref()?.parse().ok()
    }

    /// Every name that it has for certain.
    pub(crate) fn identifiers(&self) -> Vec<Identifier> {
        self.sid().map(|sid| Identifier::Sid(sid.to_string())).into_iter().collect()
    }

    /// Why it is never touched; nothing for an ordinary account.
    pub(crate) fn protection(&self) -> Option<Protected> {
        match self.sid()?.rid()? {
            500 => Some(Protected::BuiltInAdministrator),
            501 => Some(Protected::BuiltInGuest),
            502 => Some(Protected::Krbtgt),
            _ => None,
        }
    }

    /// The one account that it has in Active Directory.
    pub(crate) fn on_premises(&self) -> Result<&Account, ActionError> {
        let mut found =
            self.accounts.iter().filter(|account| account.provider.eq_ignore_ascii_case("activeDirectory"));
        match (found.next(), found.next()) {
            (Some(account), None) => Ok(account),
            (None, _) => Err(ActionError::not_found(format!(
                "{} has no account of Active Directory in Defender for Identity",
                self.display()
            ))),
            (Some(_), Some(_)) => Err(ActionError::new(
                Failure::Ambiguous,
                format!(
                    "{} has several accounts of Active Directory, and nothing tells which",
                    self.display()
                ),
            )),
        }
    }
}

impl Account {
    /// Whether the sensor offers this action now.
    pub(crate) fn offers(&self, action: &str) -> bool {
        self.actions.iter().any(|offered| offered.eq_ignore_ascii_case(action))
    }

    /// What it offers, for people.
    pub(crate) fn offered(&self) -> String {
        if self.actions.is_empty() { "nothing".to_owned() } else { self.actions.join(", ") }
    }
}

/// An object, or an object in a wrapping: the two shapes of an answer.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum MaybeWrapped<T> {
    Wrapped { value: T },
    Plain(T),
}

impl<T> MaybeWrapped<T> {
    pub(crate) fn inner(self) -> T {
        match self {
            Self::Wrapped { value } | Self::Plain(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_shapes_are_read() {
        let plain = json!({
            "id": "i", "displayName": "user01", "domain": "Corp.example", "isEnabled": true,
            "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104",
            "accounts": [{ "identityProvider": "activeDirectory", "identifier": "a", "actions": ["disable"] }],
        });
        let printed = json!({ "value": {
            "id": "i", "displayName": "user01", "domain": "Corp.example", "isEnabled": true,
            "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104",
            "accounts": [{ "provider": "ActiveDirectory", "identifier": "a", "actions": ["disable"] }],
        }});
        for answer in [plain, printed] {
            let identity = serde_json::from_value::<MaybeWrapped<Identity>>(answer).unwrap().inner();
            assert_eq!(identity.realm(), "corp.example");
            let account = identity.on_premises().unwrap();
            assert!(account.offers("Disable") && !account.offers("enable"));
        }
    }

    #[test]
    fn built_in_accounts_are_known_by_their_rid() {
        let of = |sid: &str| -> Identity {
            serde_json::from_value(json!({ "id": "i", "onPremisesSecurityIdentifier": sid })).unwrap()
        };
        assert_eq!(of("S-1-5-21-1-2-3-502").protection(), Some(Protected::Krbtgt));
        assert_eq!(of("S-1-5-21-1-2-3-500").protection(), Some(Protected::BuiltInAdministrator));
        assert_eq!(of("S-1-5-21-1-2-3-1104").protection(), None);
        assert_eq!(of("S-1-5-21-1-2-3-1104").on_premises().unwrap_err().failure, Failure::NotFound);
    }
}
