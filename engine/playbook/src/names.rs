//! The names in scope: what each is called, of which kind it is, and how much of it a trace may show.
//!
//! This is the one list of them. The checker, the conditions, the completion of nearly right names and the reference
//! all read it.

use quell_alert::EntityKind;
use serde_json::Value;

use crate::model::Reference;
use crate::path::Path;

/// Of which kind a value is: decides which operators can be asked of it, and where it can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Text,
    /// A product of the vendors, under its canonical name or any alias.
    Product,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A moment.
    Time,
    /// How bad, in order.
    Severity,
    /// An IP address.
    Address,
    /// A list of texts.
    Texts,
    /// A list of ATT&CK techniques.
    Techniques,
    /// A list of entities, which can be counted.
    Entities(EntityKind),
    /// Any JSON.
    Json,
}

impl Kind {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Product => "a product",
            Self::Words(_) => "a word",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Time => "a moment",
            Self::Severity => "a severity",
            Self::Address => "an IP address",
            Self::Texts | Self::Techniques => "a list of text",
            Self::Entities(_) => "a list of entities",
            Self::Json => "JSON",
        }
    }
}

/// Whose business a value is: decides how much of it a trace shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Anybody's.
    Open,
    /// It names a person.
    Personal,
}

/// One name in scope.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// The first part: `alert`, `account`.
    pub root: &'static str,
    /// The rest: `title`.
    pub field: &'static str,
    /// Of which kind it is.
    pub kind: Kind,
    /// Whose business it is.
    pub class: Class,
    /// What it is.
    pub summary: &'static str,
}

/// The words of `alert.status`.
pub const STATUS_WORDS: &[&str] = &["new", "in_progress", "resolved", "dismissed"];
/// The words of `account.kind`.
pub const ACCOUNT_KINDS: &[&str] = &["person", "machine", "system", "local", "foreign"];

/// Every name that does not depend on the steps of a playbook.
pub const NAMES: &[Name] = &[
    open("alert", "id", Kind::Text, "The id of the alert, the same on every version of it"),
    open("alert", "title", Kind::Text, "What the alert is called; vendors rename titles"),
    open("alert", "description", Kind::Text, "The sender's explanation"),
    open("alert", "type", Kind::Text, "The type key of the detection (`AlertType`)"),
    open("alert", "external_id", Kind::Text, "The permanent number of a Defender for Identity detection"),
    open("alert", "detector_id", Kind::Text, "The detector of an XDR detection"),
    open("alert", "provider", Kind::Text, "The service that sent it, in its own words (`ProviderName`)"),
    open("alert", "product", Kind::Product, "The product that found it; aliases count"),
    open("alert", "severity", Kind::Severity, "informational < low < medium < high"),
    open("alert", "status", Kind::Words(STATUS_WORDS), "Where it stands at its sender"),
    open("alert", "tactics", Kind::Texts, "ATT&CK tactics, without blanks: LateralMovement"),
    open("alert", "techniques", Kind::Techniques, "ATT&CK techniques and sub-techniques"),
    open("alert", "start", Kind::Time, "The first activity"),
    open("alert", "end", Kind::Time, "The last activity"),
    open("alert", "updated", Kind::Time, "When this version of it was written"),
    open("alert", "link", Kind::Text, "Where a person can look at it"),
    open("alert", "tenant", Kind::Text, "The directory tenant"),
    open("alert", "incident_id", Kind::Text, "The incident that the sender had put it into"),
    open("alert", "accounts", Kind::Entities(EntityKind::Account), "The persons and services that it names"),
    open("alert", "devices", Kind::Entities(EntityKind::Device), "The machines that it names"),
    open("alert", "ips", Kind::Entities(EntityKind::Ip), "The addresses that it names"),
    open("alert", "mailboxes", Kind::Entities(EntityKind::Mailbox), "The mailboxes that it names"),
    open("alert", "files", Kind::Entities(EntityKind::File), "The files that it names"),
    open("alert", "hashes", Kind::Entities(EntityKind::Hash), "The hashes of files that it names"),
    open("alert", "urls", Kind::Entities(EntityKind::Url), "The URLs that it names"),
    open("alert", "domains", Kind::Entities(EntityKind::Domain), "The DNS domains that it names"),
    personal("account", "name", Kind::Text, "The logon name without domain"),
    personal("account", "display_name", Kind::Text, "The name that people know; never a key"),
    personal("account", "upn", Kind::Text, "The user principal name"),
    personal("account", "mail", Kind::Text, "The mail address"),
    personal("account", "sid", Kind::Text, "The security identifier"),
    personal("account", "sam", Kind::Text, "The down-level name: domain\\name"),
    personal("account", "entra_id", Kind::Text, "The Entra object id"),
    personal("account", "okta_id", Kind::Text, "The Okta user id"),
    personal("account", "canonical_id", Kind::Text, "The strongest of its identifiers"),
    open("account", "domain", Kind::Text, "The domain of the down-level name"),
    open("account", "kind", Kind::Words(ACCOUNT_KINDS), "Whether it is somebody who can be acted on"),
    open("account", "host", Kind::Text, "The computer on which a local account lives"),
    open("account", "tenant", Kind::Text, "The Entra tenant it is in"),
    open("account", "roles", Kind::Texts, "What part it played: compromised, source, destination"),
    open(
        "account",
        "groups",
        Kind::Texts,
        "Its groups by name and by id, nested ones included; a directory is asked",
    ),
    open(
        "account",
        "privileged",
        Kind::Boolean,
        "Whether it holds administrative rights; a directory is asked",
    ),
    open("account", "enabled", Kind::Boolean, "Whether it can sign in; a directory is asked"),
    open("device", "name", Kind::Text, "The host name"),
    open("device", "dns_name", Kind::Text, "The fully qualified DNS name"),
    open("device", "mde_id", Kind::Text, "The machine id of Defender for Endpoint"),
    open("device", "entra_device_id", Kind::Text, "The Entra device id"),
    open("device", "sid", Kind::Text, "The SID of its computer account"),
    open("device", "canonical_id", Kind::Text, "The strongest of its identifiers"),
    open("device", "os", Kind::Text, "The platform"),
    open("device", "tags", Kind::Texts, "Its tags"),
    open("device", "roles", Kind::Texts, "What part it played"),
    open("ip", "address", Kind::Address, "The address"),
    open("ip", "country", Kind::Text, "Two-letter country"),
    open("ip", "roles", Kind::Texts, "What part it played"),
    personal("mailbox", "address", Kind::Text, "Its primary address"),
    personal("mailbox", "display_name", Kind::Text, "The name that people know"),
    personal("mailbox", "upn", Kind::Text, "The user principal name of its owner"),
    personal("mailbox", "entra_id", Kind::Text, "The Entra object id of its owner"),
    open("file", "name", Kind::Text, "Its name"),
    open("file", "directory", Kind::Text, "The folder it is in"),
    open("file", "sha256", Kind::Text, "Its SHA-256"),
    open("file", "sha1", Kind::Text, "Its SHA-1"),
    open("file", "md5", Kind::Text, "Its MD5"),
    open("hash", "algorithm", Kind::Text, "md5, sha1, sha256"),
    open("hash", "value", Kind::Text, "The digest in lower-case hex"),
    open("url", "url", Kind::Text, "As written"),
    open("domain", "name", Kind::Text, "The DNS name"),
    open("lane", "started", Kind::Time, "When this lane began"),
    open("lane", "outcome", Kind::Text, "How this lane ended; known in `always` only"),
    open("run", "id", Kind::Text, "The id of this run"),
    open("run", "started", Kind::Time, "When this run began"),
];

/// Names of the language that this version does not have yet.
pub const COMING: &[&str] = &["lane.undo_link", "run.outcome", "run.report", "run.link"];

/// The name behind a reference, unless it is the result of a step.
pub fn find(reference: &Reference) -> Option<&'static Name> {
    let (root, field) = reference.split();
    NAMES.iter().find(|name| name.root == root && name.field == field)
}

/// The fields below a root.
pub fn fields(root: &str) -> impl Iterator<Item = &'static Name> {
    NAMES.iter().filter(move |name| name.root == root)
}

/// The name under which a lane has its entity.
pub fn root_of(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Account => "account",
        EntityKind::Device => "device",
        EntityKind::Ip => "ip",
        EntityKind::Mailbox => "mailbox",
        EntityKind::File => "file",
        EntityKind::Hash => "hash",
        EntityKind::Url => "url",
        EntityKind::Domain => "domain",
    }
}

/// The kinds of entity, in the order of the language.
pub const ENTITY_KINDS: [EntityKind; 8] = [
    EntityKind::Account,
    EntityKind::Device,
    EntityKind::Ip,
    EntityKind::Mailbox,
    EntityKind::File,
    EntityKind::Hash,
    EntityKind::Url,
    EntityKind::Domain,
];

/// Longer texts are cut in a trace.
const LONGEST_SHOWN: usize = 200;

/// The value of a name as a trace may show it.
pub(crate) fn redact(reference: &Reference, value: Value) -> Value {
    let (_, field) = reference.split();
    if is_secret(field) { hidden() } else { cut(value) }
}

/// What a path found, as a trace may show it.
pub(crate) fn redact_found(path: &Path, value: Value) -> Value {
    if path.last_name().is_some_and(is_secret) { hidden() } else { cut(value) }
}

fn is_secret(field: &str) -> bool {
    const WORDS: [&str; 6] = ["password", "secret", "token", "credential", "apikey", "privatekey"];
    let squeezed: String =
        field.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| squeezed.contains(word))
}

fn hidden() -> Value {
    Value::from("(hidden)")
}

fn cut(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONGEST_SHOWN => {
            Value::from(text.chars().take(LONGEST_SHOWN).chain("…".chars()).collect::<String>())
        }
        Value::Array(members) => members.into_iter().map(cut).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| if is_secret(&name) { (name, hidden()) } else { (name, cut(value)) })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

const fn open(root: &'static str, field: &'static str, kind: Kind, summary: &'static str) -> Name {
    Name { root, field, kind, class: Class::Open, summary }
}

const fn personal(root: &'static str, field: &'static str, kind: Kind, summary: &'static str) -> Name {
    Name { root, field, kind, class: Class::Personal, summary }
}
