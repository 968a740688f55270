//! Which machine is meant: from the names of a device to the one computer account that has all of them.
//!
//! A host name alone finds nobody. The name in DNS is one that a machine can give itself, so by itself it counts only
//! where it fits the name of the account, which the domain keeps unique.

use quell_alert::{DeviceIdentifier, Sid};

use super::{AT_MOST, Found, Hit, Name, verdict};
use crate::account::{ACCOUNT, Account};
use crate::domain::{Forest, RootDse};
use crate::names::machine_identifiers;
use crate::query::{Filter, Query};

/// So many characters of a host name are the name of its account.
const ACCOUNT_NAME_LENGTH: usize = 15;

/// The search for all of these names, where any of them can be searched for.
pub(crate) fn query(names: &[DeviceIdentifier], root: &RootDse, forest: &Forest) -> Option<Query> {
    let filters: Vec<Filter> = names.iter().flat_map(|name| filters(name, root, forest)).collect();
    (!filters.is_empty()).then(|| {
        Query::domain(Filter::all([Filter::class("computer"), Filter::any(filters)]), &ACCOUNT, AT_MOST)
    })
}

/// Judges what the search brought, by the same rules as for accounts of people.
pub(crate) fn judge(
    names: &[DeviceIdentifier],
    accounts: Vec<Account>,
    root: &RootDse,
    forest: &Forest,
) -> Found {
    let known: Vec<Vec<DeviceIdentifier>> =
        accounts.iter().map(|account| machine_identifiers(account, root, forest)).collect();
    let hits: Vec<(&DeviceIdentifier, Hit)> =
        names.iter().map(|name| (name, hit(name, &known, root, forest))).collect();
    let only_by_dns = hits
        .iter()
        .filter(|(_, hit)| matches!(hit, Hit::One(_)))
        .all(|(name, _)| matches!(name, DeviceIdentifier::DnsName(_)));
    match verdict(&hits, accounts) {
        Found::One(account) if only_by_dns && !is_called_alike(&account) => Found::Several(format!(
            "the account {} calls itself {} in DNS, which does not fit its name",
            account.sam,
            account.dns_host.as_deref().unwrap_or_default()
        )),
        found => found,
    }
}

impl Name for DeviceIdentifier {
    fn lasts(&self) -> bool {
        matches!(self, Self::Sid(_))
    }
}

fn hit(name: &DeviceIdentifier, known: &[Vec<DeviceIdentifier>], root: &RootDse, forest: &Forest) -> Hit {
    if filters(name, root, forest).is_empty() {
        return if is_of_another_domain(name, root, forest) { Hit::Nobody } else { Hit::NotHere };
    }
    let mut fitting = (0..known.len()).filter(|at| known[*at].contains(name));
    match (fitting.next(), fitting.next()) {
        (Some(at), None) => Hit::One(at),
        (Some(_), Some(_)) => Hit::Several,
        (None, _) if is_foreign(name, forest) => Hit::NotHere,
        (None, _) => Hit::Nobody,
    }
}

/// A down-level name of another domain of this forest says for certain that the machine is not in this one.
fn is_of_another_domain(name: &DeviceIdentifier, root: &RootDse, forest: &Forest) -> bool {
    match name {
        DeviceIdentifier::Netbios { domain, .. } => {
            forest.dns_of(domain).is_some_and(|dns| dns != root.domain)
        }
        _ => false,
    }
}

/// A machine may be registered in a zone that is no domain of this forest; when none is, the name is another system's.
fn is_foreign(name: &DeviceIdentifier, forest: &Forest) -> bool {
    match name {
        DeviceIdentifier::DnsName(text) => {
            text.split_once('.').is_none_or(|(_, zone)| forest.dns_of(zone).is_none())
        }
        _ => false,
    }
}

/// The filters that find this name; none for a kind, or a domain, that this directory does not know.
fn filters(name: &DeviceIdentifier, root: &RootDse, forest: &Forest) -> Vec<Filter> {
    match name {
        DeviceIdentifier::Sid(text) => match text.parse::<Sid>().ok().filter(|sid| !sid.is_entra()) {
            Some(sid) => vec![Filter::sid("objectSid", &sid), Filter::sid("sIDHistory", &sid)],
            None => Vec::new(),
        },
        DeviceIdentifier::DnsName(text) => vec![Filter::text("dNSHostName", text)],
        DeviceIdentifier::Netbios { domain, name }
            if forest.dns_of(domain).unwrap_or(domain) == root.domain =>
        {
            vec![Filter::text("sAMAccountName", &format!("{name}$"))]
        }
        _ => Vec::new(),
    }
}

/// Whether the name in DNS begins as the account is called; of a long one, the account has the beginning.
fn is_called_alike(account: &Account) -> bool {
    let host = account.dns_host.as_deref().and_then(|name| name.split('.').next()).unwrap_or_default();
    let begins: String = host.chars().take(ACCOUNT_NAME_LENGTH).collect();
    account.sam.strip_suffix('$').is_some_and(|sam| sam.to_lowercase() == begins.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::account;
    use crate::find::tests::{forest, root};

    fn machine(rid: u32, sam: &str, dns: &str) -> Account {
        let mut machine =
            account(&[("objectclass", "computer"), ("samaccountname", sam), ("dnshostname", dns)]);
        machine.guid = uuid::Uuid::from_u128(u128::from(rid));
        machine.sid = format!("S-1-5-21-430931326-2955467119-2056817798-{rid}").parse().unwrap();
        machine.former_sids = vec![format!("S-1-5-21-7-8-9-{rid}").parse().unwrap()];
        machine
    }

    fn who(texts: &[&str]) -> String {
        let names: Vec<DeviceIdentifier> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let machines = vec![
            machine(1601, "WKS1$", "Wks1.corp.example"),
            machine(1602, "WKS2$", "wks2.corp.example"),
            machine(1603, "ROGUE$", "srv1.corp.example"),
            machine(1604, "TWIN-A$", "twin.corp.example"),
            machine(1605, "TWIN-B$", "twin.corp.example"),
            machine(1606, "PRODUCTION-WEB-$", "production-web-server-7.corp.example"),
            machine(1607, "KIOSK$", "kiosk.shop.example"),
            machine(1608, "BARE$", ""),
        ];
        match judge(&names, machines, &root(), &forest()) {
            Found::One(account) => account.sam,
            Found::Nobody => "nobody".into(),
            Found::Several(why) => why,
        }
    }

    const SID: &str = "sid:S-1-5-21-430931326-2955467119-2056817798";

    #[test]
    fn every_name_of_a_machine_finds_it() {
        for name in [
            &format!("{SID}-1601"),
            "sid:S-1-5-21-7-8-9-1601",
            "dns_name:WKS1.corp.example",
            "netbios:CORP\\wks1",
            "netbios:corp.example\\WKS1$",
        ] {
            assert_eq!(who(&[name]), "WKS1$", "{name}");
        }
        assert_eq!(who(&["dns_name:production-web-server-7.corp.example"]), "PRODUCTION-WEB-$");
        assert_eq!(who(&["dns_name:kiosk.shop.example"]), "KIOSK$");
        assert_eq!(who(&["netbios:corp\\bare"]), "BARE$");
    }

    #[test]
    fn nothing_that_is_only_like_a_name_finds_a_machine() {
        for name in [
            "host_name:wks1",
            "dns_name:wks1.corp.example.com",
            "dns_name:wks1.emea.corp.example",
            "dns_name:bare.corp.example",
            "netbios:emea\\wks1",
            "netbios:elsewhere\\wks1",
            "netbios:corp\\production-web-server-7",
            "mde_id:0123456789012345678901234567890123456789",
            &format!("{SID}-9999"),
        ] {
            assert_eq!(who(&[name]), "nobody", "{name}");
        }
    }

    #[test]
    fn names_that_disagree_lead_to_nobody_in_particular() {
        for names in [
            &["dns_name:wks1.corp.example", "netbios:corp\\wks2"][..],
            &["dns_name:wks1.corp.example", "netbios:emea\\wks1"],
            &["netbios:corp\\wks1", "dns_name:wks1.emea.corp.example"],
            &["netbios:corp\\gone", "dns_name:wks1.corp.example"],
            &[&format!("{SID}-1601"), "netbios:corp\\wks2"],
        ] {
            assert!(who(names).starts_with("ConflictingIdentity"), "{names:?}: {}", who(names));
        }
        assert_eq!(who(&[&format!("{SID}-9999"), "dns_name:wks1.corp.example"]), "nobody");
        // An id is right where a name beside it has passed to nobody.
        assert_eq!(who(&[&format!("{SID}-1601"), "netbios:corp\\gone"]), "WKS1$");
        // What another system calls it says nothing here.
        assert_eq!(who(&["sid:S-1-12-1-1-2-3-4", "dns_name:wks1.corp.example"]), "WKS1$");
        assert_eq!(who(&["dns_name:wks1.corp.example", "netbios:workstation7\\wks1"]), "WKS1$");
    }

    #[test]
    fn a_name_that_a_machine_gave_itself_is_not_enough() {
        assert!(who(&["dns_name:srv1.corp.example"]).contains("does not fit its name"));
        assert!(who(&["dns_name:twin.corp.example"]).starts_with("more than one"));
        assert_eq!(who(&["dns_name:srv1.corp.example", "netbios:corp\\rogue"]), "ROGUE$");
        assert_eq!(who(&["dns_name:srv1.corp.example", &format!("{SID}-1603")]), "ROGUE$");
    }
}
