//! Through what a `for_each` goes: the entities that the alert lists, or what a path finds in its document.
//!
//! A path chooses among the accounts and devices that the alert names; a text in the document never becomes one, since
//! whoever writes that text must not choose whom we disable. Of what cannot be acted on (addresses, files, links) a path
//! may give others than those that are listed.

use quell_alert::{Alert, EntityKind, FileEntity, HashEntity, IpEntity, MailboxEntity, UrlEntity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Entity;
use crate::model::ForEach;
use crate::path::Path;

/// One of the things through which a `for_each` goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Candidate {
    /// An entity of the alert, by its position in the list of its kind.
    Listed(usize),
    /// One that only the path gives.
    Found(FoundEntity),
    /// What the path found is no such entity.
    Unfit(Value),
}

/// An entity that a path gives and the alert does not list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundEntity {
    /// An address.
    Ip(IpEntity),
    /// A mailbox.
    Mailbox(MailboxEntity),
    /// A file.
    File(FileEntity),
    /// A hash of a file.
    Hash(HashEntity),
    /// A URL.
    Url(UrlEntity),
    /// A DNS domain.
    Domain(String),
}

impl FoundEntity {
    /// The entity.
    pub fn entity(&self) -> Entity<'_> {
        match self {
            Self::Ip(ip) => Entity::Ip(ip),
            Self::Mailbox(mailbox) => Entity::Mailbox(mailbox),
            Self::File(file) => Entity::File(file),
            Self::Hash(hash) => Entity::Hash(hash),
            Self::Url(url) => Entity::Url(url),
            Self::Domain(name) => Entity::Domain(name),
        }
    }

    fn read(kind: EntityKind, text: &str) -> Option<Self> {
        let text = text.trim();
        let is_bare = !text.is_empty() && !text.contains(char::is_whitespace);
        match kind {
            EntityKind::Account | EntityKind::Device => None,
            EntityKind::Ip => {
                let address: std::net::IpAddr = text.parse().ok()?;
                let address = address.to_canonical().to_string();
                Some(Self::Ip(IpEntity { address, country: None, roles: Vec::new() }))
            }
            EntityKind::Mailbox => {
                let mailbox =
                    MailboxEntity { address: text.to_owned(), display_name: None, upn: None, entra_id: None };
                (is_bare && text.contains('@')).then_some(Self::Mailbox(mailbox))
            }
            EntityKind::File => (!text.is_empty()).then(|| {
                Self::File(FileEntity { name: Some(text.to_owned()), directory: None, hashes: Vec::new() })
            }),
            EntityKind::Hash => {
                let algorithm = match text.len() {
                    32 => "md5",
                    40 => "sha1",
                    64 => "sha256",
                    _ => return None,
                };
                let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let value = text.to_ascii_lowercase();
                is_hex.then(|| Self::Hash(HashEntity { algorithm: algorithm.to_owned(), value }))
            }
            EntityKind::Url => {
                (is_bare && text.contains("://")).then(|| Self::Url(UrlEntity { url: text.to_owned() }))
            }
            EntityKind::Domain => {
                (is_bare && text.contains('.')).then(|| Self::Domain(text.to_ascii_lowercase()))
            }
        }
    }
}

impl ForEach {
    /// Through what it goes for this alert, each thing once.
    pub fn candidates(&self, alert: &Alert) -> Vec<Candidate> {
        match &self.from {
            None => {
                let all = Entity::all(alert, self.kind).into_iter();
                all.map(|(position, _)| Candidate::Listed(position)).collect()
            }
            Some(path) => found(path, alert, self.kind),
        }
    }
}

fn found(path: &Path, alert: &Alert, kind: EntityKind) -> Vec<Candidate> {
    let listed = Entity::all(alert, kind);
    let mut candidates: Vec<Candidate> = Vec::new();
    // A list that the path ends in is gone through, as if it had been written with `[*]`.
    let nodes = path.find(&alert.document).into_iter().flat_map(|node| match node {
        Value::Array(members) => members.iter().collect(),
        other => vec![other],
    });
    for node in nodes.filter(|node| !node.is_null()) {
        let candidate = listed
            .iter()
            .find(|(_, entity)| is_meant(node, entity))
            .map(|(position, _)| Candidate::Listed(*position))
            .or_else(|| node.as_str().and_then(|text| FoundEntity::read(kind, text)).map(Candidate::Found))
            .unwrap_or_else(|| Candidate::Unfit(node.clone()));
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// Whether a piece of the document means this entity: one of its names stands there.
fn is_meant(node: &Value, entity: &Entity<'_>) -> bool {
    let names = entity.own_names();
    let is_name = |text: &str| names.iter().any(|name| name.eq_ignore_ascii_case(text.trim()));
    match node {
        Value::String(text) => is_name(text),
        Value::Object(members) => members.values().filter_map(Value::as_str).any(is_name),
        _ => false,
    }
}
