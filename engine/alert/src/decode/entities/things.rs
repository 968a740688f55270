//! Entities that inform: addresses, files, hashes, URLs, domains, mailboxes.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde_json::Value;

use super::{Gathered, Layers};
use crate::decode::place::Place;
use crate::decode::record::Record;
use crate::encoding::parse_guid;
use crate::entity::{FileEntity, HashEntity, IpEntity, MailboxEntity, UrlEntity};
use crate::folding::{clean, fold};

/// There are five algorithms.
const MOST_HASHES: usize = 32;

impl Gathered {
    pub(super) fn ip(&mut self, facts: &Layers<'_>, place: Place<'_>) {
        let Some(text) = facts.text(&["Address", "ipAddress", "IPAddress", "RemoteIP", "LocalIP"]) else {
            return self.note(place, "address entity without an address");
        };
        let parsed = text.parse::<IpAddr>();
        if parsed.is_err() {
            self.note(place, format!("{text:?} is no IP address"));
        }
        let address = parsed.map_or_else(|_| text.to_owned(), |ip| ip.to_canonical().to_string());
        let country = facts.text(&["CountryCode", "countryLetterCode"]).map(str::to_uppercase);
        let entity = IpEntity { address, country, roles: facts.roles() };
        if self.seen.insert(entity.key()) {
            self.rest.ips.push(entity);
        }
    }

    pub(super) fn file(&mut self, facts: &Layers<'_>) {
        let mut hashes: Vec<HashEntity> = Vec::new();
        let mut add = |hash: Option<HashEntity>| {
            if let Some(hash) = hash.filter(|hash| !hashes.contains(hash)) {
                hashes.push(hash);
            }
        };
        for value in facts.list(&["FileHashes", "fileHash"]).iter().take(MOST_HASHES) {
            add(Record::of(value).and_then(|record| hash_of(&Layers::of(record))));
        }
        for algorithm in ["md5", "sha1", "sha256", "sha256ac"] {
            add(facts.text(&[algorithm]).map(|value| hash(algorithm, value)));
        }
        let entity = FileEntity {
            name: facts.text(&["fileName", "Name"]).map(str::to_owned),
            directory: facts.text(&["Directory", "filePath", "FolderPath", "path"]).map(str::to_owned),
            hashes,
        };
        if entity.name.is_none() && entity.hashes.is_empty() {
            return;
        }
        entity.hashes.iter().for_each(|hash| self.add_hash(hash.clone()));
        let place = format!("file in {:?} {}", entity.directory, entity.key());
        if self.seen.insert(place) {
            self.rest.files.push(entity);
        }
    }

    pub(super) fn hash(&mut self, facts: &Layers<'_>, place: Place<'_>) {
        match hash_of(facts) {
            Some(hash) => self.add_hash(hash),
            None => self.note(place, "hash without a value"),
        }
    }

    pub(super) fn url(&mut self, facts: &Layers<'_>) {
        if let Some(url) = facts.text(&["Url", "RemoteUrl"]) {
            let entity = UrlEntity { url: url.to_owned() };
            if self.seen.insert(entity.key()) {
                self.rest.urls.push(entity);
            }
        }
    }

    pub(super) fn domain(&mut self, facts: &Layers<'_>) {
        let name = facts.text(&["DomainName"]).and_then(|name| clean(name).ok());
        if let Some(name) = name.map(|name| fold(name.trim_end_matches('.'))).filter(|name| !name.is_empty())
            && self.seen.insert(format!("domain:{name}"))
        {
            self.rest.domains.push(name);
        }
    }

    pub(super) fn mailbox(&mut self, facts: &Layers<'_>, place: Place<'_>) {
        let owner = ["UserPrincipalName", "Upn", "AccountUpn"];
        let upn = facts.text(&owner).and_then(|upn| clean(upn).ok()).map(|upn| fold(&upn));
        let address = facts.text(&["MailboxPrimaryAddress", "primaryAddress", "mailboxAddress"]);
        let address = address.and_then(|address| clean(address).ok()).map(|address| fold(&address));
        let Some(address) = address.or_else(|| upn.clone()) else {
            return self.note(place, "mailbox without an address");
        };
        let id = facts.text(&["AadId", "AzureAdUserId", "AadUserId", "AccountObjectId"]).and_then(parse_guid);
        let entity = MailboxEntity {
            address,
            display_name: facts.text(&["DisplayName", "mailboxDisplayName"]).map(str::to_owned),
            upn,
            entra_id: id.filter(|id| !id.is_nil()).map(|id| id.to_string()),
        };
        if self.seen.insert(entity.key()) {
            self.rest.mailboxes.push(entity);
        }
    }

    fn add_hash(&mut self, hash: HashEntity) {
        if self.seen.insert(hash.key()) {
            self.rest.hashes.push(hash);
        }
    }
}

/// What tells an entity of another kind from others of its kind: its own texts and numbers, not what is nested in it,
/// since one entity is listed with and without its company.
pub(super) fn fingerprint(kind: &str, fields: &Value) -> String {
    let mut print = format!("other {kind}");
    for (name, value) in fields.as_object().into_iter().flatten() {
        if !value.is_object() && !value.is_array() {
            // Writing to a string cannot fail.
            let _ = write!(print, "|{name}={value}");
        }
    }
    print
}

fn hash_of(facts: &Layers<'_>) -> Option<HashEntity> {
    let value = facts.text(&["Value", "hashValue"])?;
    Some(hash(facts.text(&["Algorithm", "hashType"]).unwrap_or("unknown"), value))
}

fn hash(algorithm: &str, value: &str) -> HashEntity {
    let algorithm: String =
        algorithm.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    HashEntity { algorithm, value: value.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_looks_at_an_entity_alone() {
        let one = serde_json::json!({"$id": "3", "ProcessId": "1", "Host": {"HostName": "a"}});
        let two = serde_json::json!({"$id": "3", "ProcessId": "1", "Host": {"$ref": "1"}});
        let three = serde_json::json!({"$id": "3", "ProcessId": "2"});
        assert_eq!(fingerprint("process", &one), fingerprint("process", &two));
        assert_ne!(fingerprint("process", &one), fingerprint("process", &three));
    }

    #[test]
    fn algorithms_lose_their_hyphens() {
        assert_eq!(hash("SHA-256", "AB"), HashEntity { algorithm: "sha256".into(), value: "ab".into() });
    }
}
