//! What an entity is.

use serde_json::Value;

use crate::decode::record::{as_text, is_same_name};

/// What an entity is, for reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Account,
    Device,
    Ip,
    File,
    Hash,
    Url,
    Domain,
    Mailbox,
    /// Something that has a type and is no entity.
    Metadata,
    /// Any other kind, folded and without hyphens.
    Other(String),
}

/// The members by which entities, and evidence, say what they are.
const TYPE_MEMBERS: [&str; 5] = ["kind", "@odata.type", "at_sign_odata_type", "entityType", "Type"];

/// What stands in a member needs no type.
const BY_MEMBER: [(&str, Kind); 16] = [
    ("Host", Kind::Device),
    ("Account", Kind::Account),
    ("userAccount", Kind::Account),
    ("ImageFile", Kind::File),
    ("parentProcessImageFile", Kind::File),
    ("fileDetails", Kind::Metadata),
    ("FileHashes", Kind::Hash),
    ("Files", Kind::File),
    ("IpInterfaces", Kind::Ip),
    ("SourceAddress", Kind::Ip),
    ("DestinationAddress", Kind::Ip),
    ("HostIpAddress", Kind::Ip),
    ("DnsServerIp", Kind::Ip),
    ("IpAddress", Kind::Ip),
    ("IpAddresses", Kind::Ip),
    // Misspelt on the wire.
    ("IpAdresses", Kind::Ip),
];

impl Kind {
    /// What an object says that it is.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        if let Some(kind) = members.get("Type").and_then(as_text) {
            return Some(Self::named(kind));
        }
        TYPE_MEMBERS.iter().find_map(|wanted| {
            let exact = members.get(*wanted);
            let found =
                exact.or_else(|| members.iter().find(|(key, _)| is_same_name(key, wanted)).map(|(_, v)| v));
            found.and_then(as_text).map(Self::named)
        })
    }

    /// The kind behind a written name: `K8s-pod`, `mailMessage`, `#microsoft.graph.security.userEvidence`.
    pub(crate) fn named(name: &str) -> Self {
        let name = name.rsplit('.').next().unwrap_or(name);
        let name = name.strip_suffix("Evidence").unwrap_or(name);
        let folded: String = name
            .chars()
            .filter(|c| !matches!(c, '-' | '_' | ' ' | '#'))
            .flat_map(char::to_lowercase)
            .collect();
        match folded.as_str() {
            "account" | "user" => Self::Account,
            "host" | "machine" | "device" => Self::Device,
            "ip" | "ipaddress" => Self::Ip,
            "file" => Self::File,
            "filehash" => Self::Hash,
            "url" => Self::Url,
            "dns" | "dnsresolution" | "domain" => Self::Domain,
            "mailbox" => Self::Mailbox,
            "remediationprovider" => Self::Metadata,
            _ => Self::Other(folded),
        }
    }

    /// The kind that the name of a group of entities implies: `host`, `process`. A number says nothing.
    pub(crate) fn of_group(name: &str) -> Option<Self> {
        name.starts_with(char::is_alphabetic).then(|| Self::named(name))
    }

    /// The kind that the member implies in which an entity stands.
    pub(crate) fn of_member(name: &str) -> Option<Self> {
        BY_MEMBER.iter().find(|(known, _)| is_same_name(name, known)).map(|(_, kind)| kind.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_of_a_type_is_known() {
        for (value, kind) in [
            (json!({"Type": "ACCOUNT"}), Kind::Account),
            (json!({"@odata.type": "#microsoft.graph.security.userEvidence"}), Kind::Account),
            (json!({"at_sign_odata_type": "#microsoft.graph.security.ipEvidence"}), Kind::Ip),
            (json!({"kind": "FileHash"}), Kind::Hash),
            (json!({"EntityType": "Machine"}), Kind::Device),
            (json!({"Type": "mail-message"}), Kind::Other("mailmessage".into())),
            (json!({"Type": "mailMessage"}), Kind::Other("mailmessage".into())),
            (json!({"Type": "K8s-pod"}), Kind::Other("k8spod".into())),
            (json!({"type": "filehash"}), Kind::Hash),
        ] {
            assert_eq!(Kind::of(&value), Some(kind), "{value}");
        }
        assert_eq!(Kind::of(&json!({"Name": "x"})), None);
        assert_eq!(Kind::of_group("2"), None);
    }
}
