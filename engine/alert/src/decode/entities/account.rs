//! An account entity: which of its many fields name it, and whether it is somebody.

use crate::alert::Oddity;
use crate::decode::entities::layers::Layers;
use crate::decode::place::Place;
use crate::device::{Device, DeviceIdentifier};
use crate::error::IdentifierError;
use crate::folding::{clean, fold};
use crate::identifier::is_not_a_domain;
use crate::identity::{Account, AccountKind, Identifier};

/// Accounts that every domain and every computer has; only an id can tell that one of these names is somebody else.
const BUILT_IN: [&str; 4] = ["administrator", "guest", "defaultaccount", "wdagutilityaccount"];

/// Names that stand for no particular account when nothing but the name is known.
const GENERIC: [&str; 11] = [
    "admin",
    "root",
    "user",
    "null",
    "test",
    "default",
    "unknown",
    "administrateur",
    "administrador",
    "administrat\u{f6}r",
    "sa",
];

/// Names that belong to the system whatever stands beside them.
const SYSTEM: [&str; 14] = [
    "system",
    "local system",
    "localsystem",
    "network service",
    "networkservice",
    "local service",
    "localservice",
    "network",
    "anonymous",
    "anonymous logon",
    "authenticated user",
    "authenticated users",
    "everyone",
    "krbtgt",
];

/// Reads an account. Nothing where it has no name at all.
pub(super) fn read(facts: &Layers<'_>, place: Place<'_>, oddities: &mut Vec<Oddity>) -> Option<Account> {
    let mut names = Names { identifiers: Vec::new(), place, oddities };
    names.id(facts, &["Sid", "UserSid", "AccountSid", "OnPremisesSecurityIdentifier"], Identifier::sid);
    names.id(facts, &["ObjectGuid", "ActiveDirectoryObjectGuid"], Identifier::ad_guid);
    names.id(facts, &["AadUserId", "AzureAdUserId", "AccountObjectId", "AadId"], Identifier::entra_id);
    names.id(facts, &["OktaId", "OktaUserId"], Identifier::okta_id);
    let written = Written::of(facts);
    names.of_person(facts, &written);
    let host =
        facts.record(&["Host"]).and_then(|host| host.text(&["HostName", "NetBiosName", "FQDN", "fqdn"]));
    let kind = kind(&names.identifiers, &written, facts.flag(&["IsDomainJoined"]));
    let mut identifiers = names.identifiers;
    if identifiers.is_empty() {
        identifiers.extend(facts.text(&["DisplayName"]).and_then(|name| Identifier::bare_name(name).ok()));
    }
    identifiers.sort();
    identifiers.dedup();
    (!identifiers.is_empty()).then(|| Account {
        kind,
        identifiers,
        name: written.name.map(str::to_owned),
        display_name: facts
            .text(&["DisplayName", "FullName", "AccountDisplayName", "FriendlyName"])
            .map(str::to_owned),
        entra_tenant: facts.text(&["AadTenantId", "tenantId"]).map(str::to_lowercase),
        host: host.and_then(|host| clean(host).ok()).map(|host| fold(&host)),
        roles: facts.roles(),
        place: place.to_string(),
    })
}

/// Finds the accounts whose domain is the name of a device in the same alert: those are local to that device. A name
/// that another device of the alert has for its domain is a domain: whoever calls his computer CONTOSO does not make
/// the accounts of the domain CONTOSO local by that.
pub(super) fn find_local(accounts: &mut [Account], devices: &[Device]) {
    let domains: Vec<&str> = devices.iter().flat_map(domains_of).collect();
    let names = devices.iter().filter_map(|device| device.name.as_deref()).map(fold);
    let hosts: Vec<String> = names.filter(|name| !domains.contains(&name.as_str())).collect();
    let can_be = |account: &&mut Account| matches!(account.kind, AccountKind::Person | AccountKind::Local);
    for account in accounts.iter_mut().filter(can_be) {
        let local = account.identifiers.iter().position(
            |identifier| matches!(identifier, Identifier::Sam { domain, .. } if hosts.contains(domain)),
        );
        if let Some(Identifier::Sam { domain, name }) = local.map(|at| account.identifiers.remove(at)) {
            account.host.get_or_insert(domain);
            account.identifiers.push(Identifier::Name(name));
            account.identifiers.sort();
            if !has_directory_name(&account.identifiers) {
                account.kind = AccountKind::Local;
            }
        }
    }
}

/// The domains that a device is in: the one before its name, and both spellings of the one behind it.
fn domains_of(device: &Device) -> impl Iterator<Item = &str> {
    device.identifiers.iter().flat_map(|identifier| match identifier {
        DeviceIdentifier::Netbios { domain, .. } => vec![domain.as_str()],
        DeviceIdentifier::DnsName(name) => {
            let domain = name.split_once('.').map_or("", |(_, domain)| domain);
            vec![domain, domain.split('.').next().unwrap_or(domain)]
        }
        _ => Vec::new(),
    })
}

/// The name of an account as it is written, with a domain or suffix that it carries taken apart.
struct Written<'a> {
    /// Without domain and suffix.
    name: Option<&'a str>,
    /// What stands before a backslash, or in a field of its own.
    domains: Vec<&'a str>,
    /// The whole user principal name, where one is written.
    upn: Option<&'a str>,
}

impl<'a> Written<'a> {
    fn of(facts: &Layers<'a>) -> Self {
        let whole = facts.text(&["Name", "AccountName", "SamAccountName", "userName"]);
        let mut domains: Vec<&str> = ["NTDomain", "AccountDomain", "DomainName", "DnsDomain"]
            .iter()
            .filter_map(|field| facts.text(&[field]))
            .collect();
        let mut upn = facts.text(&["UserPrincipalName", "AccountUpn", "Upn"]);
        let name = match whole {
            Some(whole) if whole.contains('\\') => {
                let (domain, name) = whole.split_once('\\').unwrap_or(("", whole));
                domains.insert(0, domain);
                Some(name)
            }
            // A name with a sign in it is a user principal name already; the suffix beside it is not appended.
            Some(whole) if whole.contains('@') && !is_resource(whole) => {
                upn = Some(upn.unwrap_or(whole));
                whole.split('@').next()
            }
            whole => whole.or_else(|| upn?.split('@').next()),
        };
        Self { name: name.map(str::trim).filter(|name| !name.is_empty()), domains, upn }
    }

    fn folded_name(&self) -> String {
        self.name.map(fold).unwrap_or_default()
    }
}

/// Collects the identifiers of one account.
struct Names<'p, 'o> {
    identifiers: Vec<Identifier>,
    place: Place<'p>,
    oddities: &'o mut Vec<Oddity>,
}

impl Names<'_, '_> {
    /// Adds an id of a fixed form. What does not have that form is named as odd and left out.
    fn id(
        &mut self,
        facts: &Layers<'_>,
        fields: &[&'static str],
        of: fn(&str) -> Result<Identifier, IdentifierError>,
    ) {
        for field in fields {
            let Some(text) = facts.text(&[field]) else { continue };
            match of(text) {
                Ok(identifier) => self.identifiers.push(identifier),
                Err(error) => self.note(field, error.to_string()),
            }
        }
    }

    /// Adds the names by which people know it: user principal name, down-level name, bare name.
    fn of_person(&mut self, facts: &Layers<'_>, written: &Written<'_>) {
        if let Some(whole) = written.upn {
            self.push("UserPrincipalName", Identifier::upn(whole));
        } else if let (Some(name), Some(suffix)) = (written.name, facts.text(&["UPNSuffix"])) {
            let suffix = suffix.trim_start_matches('@');
            self.push("UPNSuffix", Identifier::upn(&format!("{name}@{suffix}")));
        }
        let Some(name) = written.name else { return };
        for domain in &written.domains {
            if !is_not_a_domain(&fold(domain)) && !is_resource(name) {
                self.push("NTDomain", Identifier::sam(domain, name));
            }
        }
        let has_name = |id: &Identifier| matches!(id, Identifier::Upn(_) | Identifier::Sam { .. });
        if !self.identifiers.iter().any(has_name) {
            self.push("Name", Identifier::bare_name(name));
        }
    }

    fn push(&mut self, field: &str, identifier: Result<Identifier, IdentifierError>) {
        match identifier {
            Ok(identifier) => self.identifiers.push(identifier),
            Err(error) => self.note(field, error.to_string()),
        }
    }

    fn note(&mut self, field: &str, what: String) {
        self.oddities.push(Oddity { place: self.place.member(field).to_string(), what });
    }
}

/// Whether an account is somebody. Every doubt speaks against it.
fn kind(identifiers: &[Identifier], written: &Written<'_>, domain_joined: Option<bool>) -> AccountKind {
    let name = written.folded_name();
    let built_in = identifiers.iter().filter_map(Identifier::as_sid).any(|sid| sid.is_built_in());
    let lasting = identifiers.iter().any(Identifier::is_immutable);
    let bare = !identifiers.iter().any(Identifier::is_strong);
    let of_system = written.domains.iter().map(|domain| fold(domain)).any(|domain| is_system_domain(&domain));
    let generic =
        (BUILT_IN.contains(&name.as_str()) && !lasting) || (GENERIC.contains(&name.as_str()) && bare);
    if built_in || of_system || generic || SYSTEM.contains(&name.as_str()) || name.starts_with("krbtgt_") {
        return AccountKind::System;
    }
    if name.ends_with('$') {
        return AccountKind::Machine;
    }
    if written.name.is_some_and(is_resource) {
        return AccountKind::Foreign;
    }
    let on_this_computer =
        written.domains.iter().any(|domain| matches!(fold(domain).as_str(), "." | "workgroup"));
    if (on_this_computer || domain_joined == Some(false)) && !has_directory_name(identifiers) {
        return AccountKind::Local;
    }
    AccountKind::Person
}

/// Whether something names it that only a directory gives.
fn has_directory_name(identifiers: &[Identifier]) -> bool {
    use Identifier::{AdGuid, EntraId, ImmutableId, OktaId, Upn};
    identifiers.iter().any(|id| matches!(id, AdGuid(_) | EntraId(_) | OktaId(_) | ImmutableId(_) | Upn(_)))
}

/// Domains of the system itself, in front of a backslash.
fn is_system_domain(folded: &str) -> bool {
    is_not_a_domain(folded) && !matches!(folded, "." | "workgroup" | "azuread")
}

/// Cloud resources that some rules map as accounts: `AWS:…`, ARNs, paths.
fn is_resource(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("aws:") || lower.starts_with("arn:") || name.contains('/')
}
