//! The built-in lab: a small company with ordinary people, somebody privileged, a service account, a break-glass
//! account, the built-in accounts of a domain, and five machines.

use std::collections::BTreeMap;

use quell_action::Protected;
use quell_alert::{DeviceIdentifier, Identifier, Provider, immutable_id_of_guid, parse_guid};
use serde_json::{Value, json};

use crate::world::{Account, Device, Group, World};

/// The domain of Active Directory.
pub const DOMAIN: &str = "contoso.example";
/// The tenant of Entra ID and Defender for Endpoint.
pub const TENANT: &str = "c0000000-0000-4000-8000-000000000001";
/// The organisation of Okta.
pub const ORGANISATION: &str = "contoso.okta.example";

const DOMAIN_SID: &str = "S-1-5-21-1004336348-1177238915-682003330";
const NETBIOS: &str = "contoso";

/// Somebody in the built-in lab.
struct Person {
    name: &'static str,
    sam: &'static str,
    rid: u32,
    groups: &'static [&'static str],
    in_entra: bool,
    in_okta: bool,
    protected: Option<Protected>,
}

const ORDINARY: Person = Person {
    name: "",
    sam: "",
    rid: 0,
    groups: &["Domain Users", "Staff"],
    in_entra: true,
    in_okta: true,
    protected: None,
};

const PEOPLE: [Person; 11] = [
    Person { name: "alice", sam: "alice", rid: 1104, ..ORDINARY },
    Person { name: "bob", sam: "bob", rid: 1105, ..ORDINARY },
    Person { name: "carol", sam: "carol", rid: 1106, ..ORDINARY },
    Person { name: "dave", sam: "dave", rid: 1107, ..ORDINARY },
    Person { name: "erin", sam: "erin", rid: 1108, ..ORDINARY },
    Person { name: "frank", sam: "frank", rid: 1109, ..ORDINARY },
    Person {
        name: "grace",
        sam: "grace",
        rid: 1110,
        groups: &["Domain Users", "Domain Admins"],
        in_okta: false,
        ..ORDINARY
    },
    Person {
        name: "svc-backup",
        sam: "svc-backup",
        rid: 1120,
        groups: &["Domain Users", "Tier 0 Service Accounts"],
        in_okta: false,
        ..ORDINARY
    },
    Person {
        name: "break-glass-1",
        sam: "bg1",
        rid: 1150,
        groups: &["Domain Users", "Break Glass Accounts"],
        in_okta: false,
        ..ORDINARY
    },
    Person {
        name: "krbtgt",
        sam: "krbtgt",
        rid: 502,
        groups: &["Domain Users"],
        in_entra: false,
        in_okta: false,
        protected: Some(Protected::Krbtgt),
    },
    Person {
        name: "Administrator",
        sam: "administrator",
        rid: 500,
        groups: &["Domain Users", "Domain Admins"],
        in_entra: false,
        in_okta: false,
        protected: Some(Protected::BuiltInAdministrator),
    },
];

/// Name, number in the ids, the group that it is in, whether its members are privileged, RID in Active Directory.
const GROUPS: [(&str, u32, Option<&str>, bool, u32); 7] = [
    ("Domain Users", 10, None, false, 513),
    ("Staff", 11, None, false, 1301),
    ("Domain Admins", 12, Some("Tier 0"), true, 512),
    ("Tier 0 Service Accounts", 1, Some("Tier 0"), false, 1302),
    ("Break Glass Accounts", 2, None, false, 1303),
    ("Tier 0", 3, None, false, 1304),
    ("Quarantine", 4, None, false, 1305),
];

/// Host name, the two digits of its machine id, last part of its address, tag.
const MACHINES: [(&str, &str, [u8; 4], Option<&str>); 5] = [
    ("wks-alice", "a1", [10, 10, 1, 11], None),
    ("wks-bob", "b2", [10, 10, 1, 12], None),
    ("srv-files", "f5", [10, 10, 2, 21], None),
    ("dc01", "dc", [10, 10, 2, 10], None),
    ("med-scanner-1", "e5", [10, 30, 0, 5], Some("do-not-isolate")),
];

/// The built-in lab.
pub(crate) fn world() -> World {
    World {
        version: 1,
        faults: Vec::new(),
        accounts: PEOPLE.iter().flat_map(accounts).collect(),
        groups: GROUPS.iter().flat_map(|group| groups(*group)).collect(),
        devices: MACHINES.iter().enumerate().flat_map(|(at, machine)| devices(at, *machine)).collect(),
        history: Vec::new(),
        jobs: BTreeMap::new(),
    }
}

fn accounts(person: &Person) -> Vec<Account> {
    let mut accounts = vec![in_active_directory(person)];
    accounts.extend(person.in_entra.then(|| in_entra_id(person)));
    accounts.extend(person.in_okta.then(|| in_okta(person)));
    accounts
}

fn in_active_directory(person: &Person) -> Account {
    Account {
        person: person.name.to_owned(),
        provider: Provider::ACTIVE_DIRECTORY.to_owned(),
        realm: DOMAIN.to_owned(),
        id: person.ad_guid(),
        display: format!("CONTOSO\\{}", person.sam),
        identifiers: vec![
            Identifier::Sid(person.sid()),
            Identifier::AdGuid(person.ad_guid()),
            Identifier::ImmutableId(person.anchor()),
            Identifier::Upn(person.upn()),
            person.down_level(NETBIOS),
            person.down_level(DOMAIN),
            Identifier::Dn(person.dn()),
        ],
        groups: owned(person.groups),
        privileged: false,
        protected: person.protected,
        attributes: attributes([
            ("enabled", json!(person.name != "krbtgt")),
            ("locked", json!(false)),
            ("must_change_password", json!(false)),
            // A service account's password never expires: a forced change has no effect on it.
            ("password_never_expires", json!(person.name == "svc-backup")),
            ("runs_services", json!(person.name == "svc-backup")),
        ]),
        drift: None,
    }
}

fn in_entra_id(person: &Person) -> Account {
    Account {
        person: person.name.to_owned(),
        provider: Provider::ENTRA_ID.to_owned(),
        realm: TENANT.to_owned(),
        id: person.entra_id(),
        display: person.upn(),
        identifiers: vec![
            Identifier::EntraId(person.entra_id()),
            Identifier::Sid(person.sid()),
            Identifier::ImmutableId(person.anchor()),
            Identifier::Upn(person.upn()),
            person.down_level(DOMAIN),
            Identifier::Dn(person.dn()),
            Identifier::Mail(person.upn()),
        ],
        groups: synchronised(person),
        privileged: person.name == "break-glass-1",
        protected: None,
        attributes: attributes([
            ("enabled", json!(true)),
            ("risk", json!("none")),
            ("must_change_password", json!(false)),
        ]),
        drift: None,
    }
}

fn in_okta(person: &Person) -> Account {
    Account {
        person: person.name.to_owned(),
        provider: Provider::OKTA.to_owned(),
        realm: ORGANISATION.to_owned(),
        id: person.okta_id(),
        display: person.upn(),
        identifiers: vec![
            Identifier::OktaId(person.okta_id()),
            Identifier::ImmutableId(person.anchor()),
            Identifier::Login(person.upn()),
            Identifier::Mail(person.upn()),
        ],
        groups: synchronised(person),
        privileged: false,
        protected: None,
        attributes: attributes([("status", json!("ACTIVE")), ("risk", json!("none"))]),
        drift: None,
    }
}

impl Person {
    fn sid(&self) -> String {
        format!("{DOMAIN_SID}-{}", self.rid)
    }

    fn ad_guid(&self) -> String {
        format!("11111111-1111-4111-8111-{:012}", self.rid)
    }

    fn entra_id(&self) -> String {
        format!("a0000000-0000-4000-8000-{:012}", self.rid)
    }

    fn okta_id(&self) -> String {
        format!("00u{:0>15}XX", self.name)
    }

    /// The object GUID in base64, under which Entra ID and Okta know whom they were synchronised from.
    fn anchor(&self) -> String {
        parse_guid(&self.ad_guid()).map(immutable_id_of_guid).unwrap_or_default()
    }

    fn upn(&self) -> String {
        format!("{}@{DOMAIN}", self.name.to_lowercase())
    }

    fn dn(&self) -> String {
        format!("cn={},ou=people,dc=contoso,dc=example", self.name.to_lowercase())
    }

    fn down_level(&self, domain: &str) -> Identifier {
        Identifier::Sam { domain: domain.to_owned(), name: self.sam.to_owned() }
    }
}

fn groups((name, number, above, privileged, rid): (&str, u32, Option<&str>, bool, u32)) -> Vec<Group> {
    let ids = [
        (
            Provider::ACTIVE_DIRECTORY,
            vec![
                Identifier::Sid(format!("{DOMAIN_SID}-{rid}")),
                Identifier::Dn(format!("cn={},ou=groups,dc=contoso,dc=example", name.to_lowercase())),
            ],
        ),
        (Provider::ENTRA_ID, vec![Identifier::EntraId(format!("5f0e0000-0000-0000-0000-{number:012}"))]),
        (Provider::OKTA, vec![Identifier::OktaId(format!("00g{number:0>15}XX"))]),
    ];
    let group = |(provider, identifiers): (&str, Vec<Identifier>)| Group {
        name: name.to_owned(),
        provider: provider.to_owned(),
        identifiers,
        member_of: above.map(str::to_owned).into_iter().collect(),
        privileged,
    };
    ids.into_iter().map(group).collect()
}

/// A machine as Defender for Endpoint has it, and its account in the domain where it has one: scanners have none.
fn devices(at: usize, machine: (&str, &str, [u8; 4], Option<&str>)) -> Vec<Device> {
    let seen = device(at, machine);
    let of_the_domain = |name: &&DeviceIdentifier| {
        !matches!(name, DeviceIdentifier::MdeId(_) | DeviceIdentifier::EntraDeviceId(_))
    };
    let account = (!seen.name.starts_with("med-")).then(|| Device {
        provider: Provider::ACTIVE_DIRECTORY.to_owned(),
        realm: DOMAIN.to_owned(),
        id: format!("c0000000-0000-4000-8000-{:012}", 1601 + at),
        identifiers: seen.identifiers.iter().filter(of_the_domain).cloned().collect(),
        tags: Vec::new(),
        addresses: Vec::new(),
        attributes: attributes([("enabled", json!(true))]),
        ..seen.clone()
    });
    std::iter::once(seen).chain(account).collect()
}

fn device(at: usize, (name, digits, address, tag): (&str, &str, [u8; 4], Option<&str>)) -> Device {
    let id = digits.repeat(20);
    Device {
        name: name.to_owned(),
        provider: Provider::DEFENDER_ENDPOINT.to_owned(),
        realm: TENANT.to_owned(),
        id: id.clone(),
        identifiers: vec![
            DeviceIdentifier::MdeId(id),
            DeviceIdentifier::EntraDeviceId(format!("d0000000-0000-4000-8000-{:012}", 1601 + at)),
            DeviceIdentifier::Sid(format!("{DOMAIN_SID}-{}", 1601 + at)),
            DeviceIdentifier::DnsName(format!("{name}.{DOMAIN}")),
            DeviceIdentifier::Netbios { domain: NETBIOS.to_owned(), name: name.to_owned() },
            DeviceIdentifier::HostName(name.to_owned()),
        ],
        tags: tag.map(str::to_owned).into_iter().collect(),
        addresses: vec![address.into()],
        protected: (name == "dc01").then_some(Protected::DomainController),
        attributes: attributes([("isolation", json!("none")), ("apps_restricted", json!(false))]),
        drift: None,
    }
}

/// The primary group of Active Directory is not synchronised.
fn synchronised(person: &Person) -> Vec<String> {
    owned(person.groups).into_iter().filter(|group| group != "Domain Users").collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn attributes<const N: usize>(values: [(&str, Value); N]) -> BTreeMap<String, Value> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
