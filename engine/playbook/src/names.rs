//! The names in scope: what each is called, of which kind it is, and how much of it a trace may show.
//!
//! What alerts answer is listed in the alert room; this adds what only directories, lanes and runs can answer. The
//! checker, the conditions, the completion of nearly right names and the reference all read this one list.

use std::sync::LazyLock;

use quell_alert::{EntityKind, FieldKind};
use serde_json::Value;

use crate::check::calls::OUTCOMES;
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
    /// One of the words that a step above declares.
    Choice,
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
    /// A list of some of these words.
    Several(&'static [&'static str]),
    /// A list of ATT&CK techniques.
    Techniques,
    /// A list of ATT&CK tactics.
    Tactics,
    /// A list of entities, which can be counted.
    Entities(EntityKind),
    /// An account or a device as a whole: any of its names.
    Whole,
    /// Any JSON.
    Json,
}

impl Kind {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Product => "a product",
            Self::Words(_) | Self::Choice => "a word",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Time => "a moment",
            Self::Severity => "a severity",
            Self::Address => "an IP address",
            Self::Texts | Self::Techniques | Self::Tactics | Self::Several(_) => "a list of text",
            Self::Entities(_) => "a list of entities",
            Self::Whole => "an entity as a whole",
            Self::Json => "JSON",
        }
    }
}

/// One name in scope.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// The whole of it: `alert.title`.
    pub name: &'static str,
    /// Of which kind it is.
    pub kind: Kind,
    /// What it is.
    pub summary: &'static str,
}

/// The words of `alert.status`.
const STATUS_WORDS: &[&str] = &["new", "in_progress", "resolved", "dismissed"];
/// The words of `account.kind`.
const ACCOUNT_KINDS: &[&str] = &["person", "machine", "system", "local", "foreign"];

/// The tactics of ATT&CK, for enterprises and for industry, as alerts write them.
pub const TACTICS: &[&str] = &[
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "CommandAndControl",
    "Exfiltration",
    "Impact",
    "Evasion",
    "InhibitResponseFunction",
    "ImpairProcessControl",
];

/// Names that alerts alone cannot answer: directories, the lane and the run do.
const BEYOND_THE_ALERT: [Name; 13] = [
    of("account", Kind::Whole, "the account under any of its names, for a list"),
    of("device", Kind::Whole, "the device under any of its names, for a list"),
    of("account.canonical_id", Kind::Text, "the same as account.key"),
    of(
        "account.groups",
        Kind::Texts,
        "its groups by name and by id, nested ones included; a directory is asked",
    ),
    of("account.privileged", Kind::Boolean, "whether it holds administrative rights; a directory is asked"),
    of("account.enabled", Kind::Boolean, "whether it can sign in; a directory is asked"),
    of("device.canonical_id", Kind::Text, "the same as device.key"),
    of("domain.name", Kind::Text, "the DNS name"),
    of("lane.started", Kind::Time, "when this lane began"),
    of("lane.outcome", Kind::Text, "how this lane ended; known in `always` only"),
    of(
        "lane.undo_link",
        Kind::Text,
        "the address of a page that takes back what this lane did; in `with` of an action only",
    ),
    of("run.id", Kind::Text, "the id of this run"),
    of("run.link", Kind::Text, "the address of a page that shows this run; in `with` of an action only"),
];

/// Every name that does not depend on the steps of a playbook.
pub fn names() -> &'static [Name] {
    static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| {
        let of_alerts = quell_alert::fields().iter().map(|field| Name {
            name: field.name,
            kind: kind_of(field),
            summary: field.summary,
        });
        of_alerts
            .chain(BEYOND_THE_ALERT)
            .chain([
                of("run.started", Kind::Time, "when this run began"),
                of("run.outcome", Kind::Words(OUTCOMES), "how this run ended; known in `afterwards` only"),
                of(
                    "run.report",
                    Kind::Json,
                    "what was done to whom, and what was not; known in `afterwards` only",
                ),
            ])
            .collect()
    });
    &NAMES
}

fn kind_of(field: &quell_alert::Field) -> Kind {
    if let Some(kind) = field.name.strip_prefix("alert.").and_then(list_of) {
        return Kind::Entities(kind);
    }
    match (field.name, field.kind) {
        ("alert.status" | "alert.before.status", _) => Kind::Words(STATUS_WORDS),
        ("alert.changed", _) => Kind::Several(quell_alert::CHANGEABLE),
        ("account.kind", _) => Kind::Words(ACCOUNT_KINDS),
        ("alert.techniques", _) => Kind::Techniques,
        ("alert.tactics", _) => Kind::Tactics,
        (_, FieldKind::Text) => Kind::Text,
        (_, FieldKind::TextList) => Kind::Texts,
        (_, FieldKind::Product) => Kind::Product,
        (_, FieldKind::Severity) => Kind::Severity,
        (_, FieldKind::Time) => Kind::Time,
        (_, FieldKind::Ip) => Kind::Address,
        (_, FieldKind::Boolean) => Kind::Boolean,
        (_, FieldKind::Integer) => Kind::Integer,
    }
}

/// The kind of entity in the list `alert.…` of this name.
pub fn list_of(field: &str) -> Option<EntityKind> {
    ENTITY_KINDS.into_iter().find(|kind| list_name(*kind) == field)
}

/// What the list of these entities is called below `alert`.
pub fn list_name(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Account => "accounts",
        EntityKind::Device => "devices",
        EntityKind::Ip => "ips",
        EntityKind::Mailbox => "mailboxes",
        EntityKind::File => "files",
        EntityKind::Hash => "hashes",
        EntityKind::Url => "urls",
        EntityKind::Domain => "domains",
    }
}

/// The beginning of the names under which values are kept for an alert: `alert.kept.ticket`.
pub const KEPT: &str = "alert.kept.";

/// Addresses of pages about a run. They are secrets of whoever gets a message: they exist in what an action is given
/// (`with`), and only while it is called.
pub const LINKS: [&str; 2] = ["lane.undo_link", "run.link"];

/// The name behind a reference, unless it is the result of a step.
pub fn find(reference: &Reference) -> Option<&'static Name> {
    names().iter().find(|name| name.name == reference.0)
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
    let field = reference.0.rsplit('.').next().unwrap_or_default();
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

const fn of(name: &'static str, kind: Kind, summary: &'static str) -> Name {
    Name { name, kind, summary }
}
