//! Who is never touched, whatever is asked for: the same accounts that the exclusion list protects, once more on the
//! last step before a change.

use quell_action::{ActionError, Failure, Protected};
use quell_alert::Identifier;

use crate::account::{Account, Control};
use crate::domain::{Forest, RootDse};
use crate::names::identifiers;

const ADMINISTRATOR: u32 = 500;
const GUEST: u32 = 501;
const KRBTGT: u32 = 502;
const DOMAIN_CONTROLLERS: u32 = 516;
const READ_ONLY_DOMAIN_CONTROLLERS: u32 = 521;

/// The computer account that stands for Entra ID in a domain with single sign-on.
const CLOUD_SIGN_ON: &str = "AZUREADSSOACC$";

/// Why an account is never touched; nothing for an ordinary one. `signs_in` is the account of the settings.
pub(crate) fn protection(
    account: &Account,
    root: &RootDse,
    forest: &Forest,
    signs_in: &str,
) -> Option<Protected> {
    if root.own_sids.contains(&account.sid) || is_named(account, root, forest, signs_in) {
        return Some(Protected::OwnAccount);
    }
    if account.secondary_krbtgt {
        return Some(Protected::Krbtgt);
    }
    match account.sid.rid() {
        Some(ADMINISTRATOR) => return Some(Protected::BuiltInAdministrator),
        Some(GUEST) => return Some(Protected::BuiltInGuest),
        Some(KRBTGT) => return Some(Protected::Krbtgt),
        _ => {}
    }
    let control = account.control.unwrap_or(Control::from_integer(0));
    let controllers = [Some(DOMAIN_CONTROLLERS), Some(READ_ONLY_DOMAIN_CONTROLLERS)];
    if control.has(Control::SERVER_TRUST)
        || control.has(Control::PARTIAL_SECRETS)
        || controllers.contains(&account.primary_group)
    {
        return Some(Protected::DomainController);
    }
    // The account of a trust between domains is no person's: without it the trust is cut. Nor is the one over which a
    // cloud lets everybody in a machine's.
    let is_of_the_system =
        control.has(Control::INTERDOMAIN_TRUST) || account.sam.eq_ignore_ascii_case(CLOUD_SIGN_ON);
    is_of_the_system.then_some(Protected::System)
}

/// The refusal to touch it.
pub(crate) fn refusal(display: &str, protected: Protected) -> ActionError {
    let what = match protected {
        Protected::OwnAccount => "the account with which Quell itself signs in",
        Protected::Krbtgt => "the key-distribution account of the domain",
        Protected::BuiltInAdministrator => "the built-in Administrator",
        Protected::BuiltInGuest => "the built-in Guest",
        Protected::System => "an account of the system",
        Protected::DomainController => "a domain controller",
    };
    ActionError::new(Failure::Forbidden, format!("{display} is {what}: it is never touched"))
}

/// Controllers that do not tell whom they see as signed in are helped out by the name in the settings.
fn is_named(account: &Account, root: &RootDse, forest: &Forest, signs_in: &str) -> bool {
    let name = match signs_in.split_once('\\') {
        Some((domain, name)) => Identifier::sam(domain, name),
        None => Identifier::upn(signs_in).or_else(|_| Identifier::dn(signs_in)),
    };
    name.is_ok_and(|name| identifiers(account, root, forest).contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::account;
    use crate::domain::DomainNames;

    fn root(own: &[&str]) -> RootDse {
        RootDse {
            host: "dc1.corp.example".into(),
            domain_dn: "DC=corp,DC=example".into(),
            domain: "corp.example".into(),
            configuration_dn: "CN=Configuration,DC=corp,DC=example".into(),
            read_only: false,
            own_sids: own.iter().map(|sid| sid.parse().unwrap()).collect(),
        }
    }

    fn protected(changes: &[(&str, &str)], signs_in: &str) -> Option<Protected> {
        let forest = Forest {
            domains: vec![DomainNames { netbios: "corp".into(), dns: "corp.example".into() }],
            upn_suffixes: Vec::new(),
        };
        protection(&account(changes), &root(&["S-1-5-21-1-2-3-1000"]), &forest, signs_in)
    }

    #[test]
    fn people_are_not_protected() {
        assert_eq!(protected(&[], "quell@corp.example"), None);
        assert_eq!(
            protected(&[("useraccountcontrol", "4096"), ("primarygroupid", "515")], "CORP\\quell"),
            None
        );
    }

    #[test]
    fn its_own_account_is_known_by_every_name() {
        for name in [
            "alice@example.com",
            "ALICE@corp.example",
            "CORP\\alice",
            "corp.example\\alice",
            "cn=alice, ou=staff, dc=corp, dc=example",
        ] {
            assert_eq!(protected(&[], name), Some(Protected::OwnAccount), "{name}");
        }
        let alice = "S-1-5-21-430931326-2955467119-2056817798-1102";
        let forest = Forest::default();
        assert_eq!(
            protection(&account(&[]), &root(&[alice]), &forest, "CORP\\other"),
            Some(Protected::OwnAccount)
        );
    }

    #[test]
    fn controllers_and_trusts_are_protected() {
        for changes in [
            [("useraccountcontrol", "532480")],
            [("useraccountcontrol", "83890176")],
            [("primarygroupid", "516")],
            [("primarygroupid", "521")],
        ] {
            assert_eq!(protected(&changes, "CORP\\q"), Some(Protected::DomainController), "{changes:?}");
        }
        assert_eq!(protected(&[("useraccountcontrol", "2080")], "CORP\\q"), Some(Protected::System));
        assert_eq!(protected(&[("samaccountname", "AzureADSSOAcc$")], "CORP\\q"), Some(Protected::System));
        assert_eq!(protected(&[("msds-secondarykrbtgtnumber", "7")], "CORP\\q"), Some(Protected::Krbtgt));
    }

    #[test]
    fn built_in_accounts_are_known_by_their_rid() {
        for (rid, expected) in
            [(500, Protected::BuiltInAdministrator), (501, Protected::BuiltInGuest), (502, Protected::Krbtgt)]
        {
            let mut account = account(&[]);
            account.sid = format!("S-1-5-21-1-2-3-{rid}").parse().unwrap();
            assert_eq!(protection(&account, &root(&[]), &Forest::default(), "CORP\\q"), Some(expected));
        }
    }
}
