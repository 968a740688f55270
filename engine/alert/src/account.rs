//! What can be asked about an account that an alert names.

use crate::identity::{Account, AccountKind, Identifier, Role};

impl Account {
    /// The name for people: the user principal name, else `DOMAIN\name`, else what there is.
    pub fn display(&self) -> String {
        if let Some(upn) = self.upn() {
            return upn.to_owned();
        }
        if let Some(sam) = self.sam() {
            return sam;
        }
        let named = self.name.as_deref().or(self.display_name.as_deref());
        named.map(str::to_owned).or_else(|| self.strongest().map(ToString::to_string)).unwrap_or_default()
    }

    /// The identifier that says most surely which account it is.
    pub fn strongest(&self) -> Option<&Identifier> {
        self.identifiers.first()
    }

    /// One text for this account within its alert: the strongest identifier in its written form. An account that is
    /// local to a computer is told apart by that computer. Two accounts of one alert never share it.
    pub fn key(&self) -> String {
        let strongest = self.strongest().map(ToString::to_string).unwrap_or_default();
        match (&self.host, self.kind) {
            (Some(host), AccountKind::Local | AccountKind::System) => format!("{strongest}@{host}"),
            _ => strongest,
        }
    }

    /// The user principal name.
    pub fn upn(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            Identifier::Upn(text) => Some(text),
            _ => None,
        })
    }

    /// The security identifier; that of its domain where Entra ID derived another one.
    pub fn sid(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            Identifier::Sid(text) => Some(text),
            _ => None,
        })
    }

    /// The down-level name: `domain\name`.
    pub fn sam(&self) -> Option<String> {
        self.identifiers.iter().find_map(|identifier| match identifier {
            Identifier::Sam { domain, name } => Some(format!("{domain}\\{name}")),
            _ => None,
        })
    }

    /// The domain of its down-level name, else that of its user principal name.
    pub fn domain(&self) -> Option<&str> {
        let of_sam = self.pick(|identifier| match identifier {
            Identifier::Sam { domain, .. } => Some(domain),
            _ => None,
        });
        of_sam.or_else(|| self.upn()?.split_once('@').map(|(_, domain)| domain))
    }

    /// The Entra object id.
    pub fn entra_id(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            Identifier::EntraId(text) => Some(text),
            _ => None,
        })
    }

    /// The Active Directory object GUID.
    pub fn ad_guid(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            Identifier::AdGuid(text) => Some(text),
            _ => None,
        })
    }

    /// The Okta user id.
    pub fn okta_id(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            Identifier::OktaId(text) => Some(text),
            _ => None,
        })
    }

    /// The mail address.
    pub fn mail(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            Identifier::Mail(text) => Some(text),
            _ => None,
        })
    }

    /// Whether a directory may be asked about it and it may be acted on: a person or service account that is named by
    /// more than a bare name or a mail address.
    pub fn is_actionable(&self) -> bool {
        self.kind == AccountKind::Person && self.identifiers.iter().any(Identifier::is_strong)
    }

    /// Whether it played a part, in the sender's words, folded.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.contains(&Role(role.to_lowercase()))
    }

    fn pick<'a>(&'a self, of: impl Fn(&'a Identifier) -> Option<&'a String>) -> Option<&'a str> {
        self.identifiers.iter().find_map(of).map(String::as_str)
    }
}

impl AccountKind {
    /// The kind in one word: `person`, `machine`, `system`, `local`, `foreign`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Machine => "machine",
            Self::System => "system",
            Self::Local => "local",
            Self::Foreign => "foreign",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(kind: AccountKind, identifiers: &[&str]) -> Account {
        Account {
            kind,
            identifiers: identifiers.iter().map(|text| text.parse().unwrap()).collect(),
            name: None,
            display_name: None,
            entra_tenant: None,
            host: None,
            roles: vec![Role("compromised".into())],
            place: "$".into(),
        }
    }

    #[test]
    fn every_identifier_can_be_asked_for() {
        let alice = account(
            AccountKind::Person,
            &[
                "sid:S-1-5-21-1-2-3-1104",
                "ad_guid:265a9d10-0394-4447-a726-a5c6f62b4aa5",
                "entra_id:7d1f0d4e-1234-5678-9abc-def012345678",
                "okta_id:00ub0oNGTSWTBKOLGLNR",
                "upn:alice@contoso.example",
                "sam:contoso\\alice",
                "mail:a@contoso.example",
            ],
        );
        assert_eq!(alice.key(), "sid:S-1-5-21-1-2-3-1104");
        assert_eq!(alice.sid(), Some("S-1-5-21-1-2-3-1104"));
        assert_eq!(alice.ad_guid(), Some("265a9d10-0394-4447-a726-a5c6f62b4aa5"));
        assert_eq!(alice.entra_id(), Some("7d1f0d4e-1234-5678-9abc-def012345678"));
        assert_eq!(alice.okta_id(), Some("00ub0oNGTSWTBKOLGLNR"));
        assert_eq!(alice.upn(), Some("alice@contoso.example"));
        assert_eq!(alice.sam().as_deref(), Some("contoso\\alice"));
        assert_eq!(alice.domain(), Some("contoso"));
        assert_eq!(alice.mail(), Some("a@contoso.example"));
        assert_eq!(alice.display(), "alice@contoso.example");
        assert!(alice.is_actionable() && alice.has_role("Compromised"));
    }

    #[test]
    fn weak_names_and_other_kinds_are_not_acted_on() {
        assert!(!account(AccountKind::Person, &["name:alice", "mail:a@x.example"]).is_actionable());
        for kind in [AccountKind::Machine, AccountKind::System, AccountKind::Local, AccountKind::Foreign] {
            assert!(!account(kind, &["sid:S-1-5-21-1-2-3-1104"]).is_actionable(), "{kind:?}");
        }
        assert!(!account(AccountKind::Person, &[]).is_actionable());
    }

    #[test]
    fn local_accounts_are_told_apart_by_their_computer() {
        let mut one = account(AccountKind::Local, &["name:bob"]);
        one.host = Some("wks1".into());
        assert_eq!(one.key(), "name:bob@wks1");
    }
}
