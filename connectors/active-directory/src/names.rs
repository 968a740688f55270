//! Every name of an account, as the engine writes names.

use std::collections::HashSet;
use std::hash::Hash;

use quell_action::{AccountKey, DeviceKey};
use quell_alert::{DeviceIdentifier, Identifier, Provider, immutable_id_of_guid};

use crate::account::Account;
use crate::domain::{Forest, RootDse};

/// The key under which the engine knows an account for good.
pub(crate) fn key(account: &Account, root: &RootDse) -> AccountKey {
    AccountKey {
        provider: Provider::from(Provider::ACTIVE_DIRECTORY),
        realm: root.domain.clone(),
        id: account.guid.to_string(),
    }
}

/// The key under which the engine knows a machine by its account.
pub(crate) fn machine_key(account: &Account, root: &RootDse) -> DeviceKey {
    let AccountKey { provider, realm, id } = key(account, root);
    DeviceKey { provider, realm, id }
}

/// What people call it: the DNS name of a machine, the principal name of others, or `CORP\name`.
pub(crate) fn display(account: &Account, root: &RootDse, forest: &Forest) -> String {
    if let Some(host) = account.dns_host.as_ref().filter(|_| account.is_machine()) {
        return host.clone();
    }
    match (&account.upn, forest.netbios_of(&root.domain)) {
        (Some(upn), _) => upn.clone(),
        (None, Some(netbios)) => format!("{}\\{}", netbios.to_uppercase(), account.sam),
        (None, None) => format!("{}\\{}", root.domain, account.sam),
    }
}

/// Every name that it answers to: an exclusion may be written with any of them.
pub(crate) fn identifiers(account: &Account, root: &RootDse, forest: &Forest) -> Vec<Identifier> {
    let mut names = vec![Ok(Identifier::Sid(account.sid.to_string()))];
    names.push(Ok(Identifier::AdGuid(account.guid.to_string())));
    names.extend(account.former_sids.iter().map(|sid| Ok(Identifier::Sid(sid.to_string()))));
    names.push(Identifier::immutable_id(&immutable_id_of_guid(account.anchor.unwrap_or(account.guid))));
    names.extend(account.upn.as_deref().map(Identifier::upn));
    // Nobody can keep an account from signing in under its implicit principal name, which no attribute holds.
    names.push(Identifier::upn(&format!("{}@{}", account.sam, root.domain)));
    names.extend(forest.netbios_of(&root.domain).map(|netbios| Identifier::sam(netbios, &account.sam)));
    names.push(Identifier::sam(&root.domain, &account.sam));
    names.push(Identifier::dn(&account.dn));
    names.extend(account.mails.iter().map(|mail| Identifier::mail(mail)));
    good(names)
}

/// Every name that a machine answers to.
pub(crate) fn machine_identifiers(
    account: &Account,
    root: &RootDse,
    forest: &Forest,
) -> Vec<DeviceIdentifier> {
    let host = account.sam.strip_suffix('$').unwrap_or(&account.sam);
    let mut names = vec![Ok(DeviceIdentifier::Sid(account.sid.to_string()))];
    names.extend(account.former_sids.iter().map(|sid| Ok(DeviceIdentifier::Sid(sid.to_string()))));
    names.extend(account.dns_host.as_deref().map(DeviceIdentifier::dns_name));
    names.extend(forest.netbios_of(&root.domain).map(|netbios| DeviceIdentifier::netbios(netbios, host)));
    names.push(DeviceIdentifier::netbios(&root.domain, host));
    good(names)
}

/// A name that is no name (a mail attribute with a remark in it) names nobody.
fn good<N: Clone + Eq + Hash, E>(names: Vec<Result<N, E>>) -> Vec<N> {
    let mut good: Vec<N> = names.into_iter().filter_map(Result::ok).collect();
    let mut seen = HashSet::new();
    good.retain(|name| seen.insert(name.clone()));
    good
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::account;
    use crate::domain::DomainNames;

    #[test]
    fn an_account_has_many_names() {
        let root = RootDse {
            host: "dc1.corp.example".into(),
            domain_dn: "DC=corp,DC=example".into(),
            domain: "corp.example".into(),
            configuration_dn: String::new(),
            read_only: false,
            own_sids: Vec::new(),
        };
        let forest = Forest {
            domains: vec![DomainNames { netbios: "corp".into(), dns: "corp.example".into() }],
            upn_suffixes: Vec::new(),
        };
        let alice = account(&[("mail", "Alice@example.com")]);
        let written: Vec<String> =
            identifiers(&alice, &root, &forest).iter().map(ToString::to_string).collect();
        assert_eq!(
            written,
            [
                "sid:S-1-5-21-430931326-2955467119-2056817798-1102",
                "ad_guid:265a9d10-0394-4447-a726-a5c6f62b4aa5",
                "immutable_id:EJ1aJpQDR0SnJqXG9itKpQ==",
                "upn:alice@example.com",
                "upn:alice@corp.example",
                "sam:corp\\alice",
                "sam:corp.example\\alice",
                "dn:cn=alice,ou=staff,dc=corp,dc=example",
                "mail:alice@example.com",
            ]
        );
        let expected = "active_directory:corp.example/265a9d10-0394-4447-a726-a5c6f62b4aa5";
        assert_eq!(key(&alice, &root).to_string(), expected);
        assert_eq!(display(&account(&[("userprincipalname", "")]), &root, &forest), "CORP\\Alice");
    }
}
