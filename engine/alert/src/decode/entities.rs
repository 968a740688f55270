//! What a record names: accounts, devices and things, found in a tree of entities.
//!
//! The same walk serves every wire form. An entity says what it is by `Type`, `kind`, `entityType` or `@odata.type`, or
//! by the member in which it stands (`Host`, `Account`, `ImageFile`). Entities inside entities count too; one that
//! is listed twice, once nested and once by reference, counts once.

mod account;
mod device;
mod kind;
mod layers;
mod merge;
mod things;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::alert::Oddity;
use crate::decode::place::Place;
use crate::decode::record::{Record, is_same_name};
use crate::decode::references::target_of;
use crate::device::Device;
use crate::entity::{Entities, OtherEntity};
use crate::identity::{Account, AccountKind, Identifier};

pub(crate) use kind::Kind;
pub(crate) use layers::Layers;

/// Members under which no entities of the alert stand, only facts about the entity itself: who happened to be logged
/// on to a device has not been accused of anything.
const NOT_ENTITIES: [&str; 5] =
    ["LoggedOnUsers", "RemediationProviders", "ThreatAnalysisSummary", "RbacScopes", "vmMetadata"];

/// What was found so far.
#[derive(Default)]
pub(crate) struct Gathered {
    accounts: Vec<Account>,
    devices: Vec<Device>,
    rest: Entities,
    seen: HashSet<String>,
    copies: HashSet<u64>,
    oddities: Vec<Oddity>,
}

impl Gathered {
    /// Looks through whatever stands where entities belong: a list, one entity alone, an object whose members are
    /// entities or lists of them by type, or pairs of type and entity.
    pub(crate) fn list(&mut self, value: &Value, place: Place<'_>) {
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.element(element, place.element(index));
                }
            }
            Value::Object(members) if Kind::of(value).is_none() && target_of(value).is_none() => {
                self.note(place, "entities are an object, not a list");
                for (name, member) in members {
                    self.tree(member, Kind::of_group(name), place.member(name));
                }
            }
            Value::Object(_) => {
                self.note(place, "one entity alone where a list belongs");
                self.tree(value, None, place);
            }
            Value::String(text) if !text.trim().is_empty() => self.note(place, "entities cannot be read"),
            _ => {}
        }
    }

    /// Looks at one value that may be an entity, and at what stands inside it.
    pub(crate) fn tree(&mut self, value: &Value, implied: Option<Kind>, place: Place<'_>) {
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.tree(element, implied.clone(), place.element(index));
                }
            }
            Value::Object(_) if target_of(value).is_none() && !self.is_copy(value) => {
                if let (Some(record), Some(kind)) = (Record::of(value), Kind::of(value).or(implied)) {
                    self.entity(&kind, &Layers::of(record), place);
                    if kind == Kind::Other(String::new()) {
                        self.note(place, "entity without a type");
                    }
                    self.inside(&kind, record, place);
                }
            }
            _ => {}
        }
    }

    /// Whether the same numbered entity was looked at before: references to it left copies in many places, and what
    /// is nested in a copy is nested in the entity too.
    fn is_copy(&mut self, value: &Value) -> bool {
        let Some(id) = value.get("$id").and_then(Value::as_str) else { return false };
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        for (name, member) in value.as_object().into_iter().flatten() {
            if target_of(member).is_some() {
                // Where a circle was cut, the entity says less than it does elsewhere.
                name.hash(&mut hasher);
            } else if !member.is_object() && !member.is_array() {
                (name, member).hash(&mut hasher);
            }
        }
        !self.copies.insert(hasher.finish())
    }

    /// Takes one entity of a known kind, whose facts may stand in several objects.
    pub(crate) fn entity(&mut self, kind: &Kind, facts: &Layers<'_>, place: Place<'_>) {
        match kind {
            Kind::Account => self.account(facts, place),
            Kind::Device => self.device(facts, place),
            Kind::Ip => self.ip(facts, place),
            Kind::File => self.file(facts),
            Kind::Hash => self.hash(facts, place),
            Kind::Url => self.url(facts),
            Kind::Domain => self.domain(facts),
            Kind::Mailbox => self.mailbox(facts, place),
            Kind::Metadata => {}
            Kind::Other(kind) => self.other(kind, facts),
        }
    }

    /// Takes one entity out of some columns of a flat record, where these say anything.
    pub(crate) fn columns(&mut self, kind: &Kind, record: Record<'_>, names: &[&str], place: Place<'_>) {
        let columns = record.only(names);
        if let Some(columns) = columns.as_ref().and_then(Record::of) {
            self.entity(kind, &Layers::of(columns), place);
        }
    }

    /// Takes one entity that is known by a few texts.
    pub(crate) fn named(
        &mut self,
        kind: &Kind,
        facts: &[(&str, &str)],
        role: Option<&str>,
        place: Place<'_>,
    ) {
        let members = facts.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
        let value = Value::Object(members.collect());
        if let Some(record) = Record::of(&value) {
            self.entity(kind, &Layers::of(record).playing(role), place);
        }
    }

    /// Looks for entities inside an entity.
    pub(crate) fn inside(&mut self, kind: &Kind, record: Record<'_>, place: Place<'_>) {
        if matches!(kind, Kind::Mailbox | Kind::Metadata) {
            return;
        }
        for (name, member) in record.members() {
            let looked_at = member.is_object() || member.is_array();
            if !looked_at || NOT_ENTITIES.iter().any(|skipped| is_same_name(name, skipped)) {
                continue;
            }
            // The layers of a user are read with the user.
            if *kind == Kind::Account && is_same_name(name, "userAccount") {
                continue;
            }
            self.tree(member, Kind::of_member(name), place.member(name));
        }
    }

    /// Notes something odd.
    pub(crate) fn note(&mut self, place: Place<'_>, what: impl Into<String>) {
        self.oddities.push(Oddity { place: place.to_string(), what: what.into() });
    }

    /// Merges what is the same, and gives everything away.
    pub(crate) fn finish(mut self, oddities: &mut Vec<Oddity>) -> Entities {
        let devices = merge::merge(self.devices, &mut self.oddities);
        account::find_local(&mut self.accounts, &devices);
        let accounts = merge::merge(self.accounts, &mut self.oddities);
        for account in &accounts {
            name_oddities(account, &mut self.oddities);
        }
        // One entity that stands in many places is odd once.
        let mut said = HashSet::new();
        oddities.extend(self.oddities.into_iter().filter(|oddity| said.insert(oddity.what.clone())));
        Entities { accounts, devices, ..self.rest }
    }

    /// Takes one element of a list of entities.
    pub(crate) fn element(&mut self, element: &Value, place: Place<'_>) {
        match element {
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(kind), value @ Value::Object(_)] => {
                    self.tree(value, Some(Kind::named(kind)), place.element(1));
                }
                _ => self.tree(element, None, place),
            },
            Value::Object(_) if Kind::of(element).is_none() => {
                self.tree(element, Some(Kind::Other(String::new())), place);
            }
            _ => self.tree(element, None, place),
        }
    }

    fn account(&mut self, facts: &Layers<'_>, place: Place<'_>) {
        match account::read(facts, place, &mut self.oddities) {
            Some(account) => self.accounts.push(account),
            None => self.note(place, "account without any name"),
        }
    }

    fn device(&mut self, facts: &Layers<'_>, place: Place<'_>) {
        match device::read(facts, place, &mut self.oddities) {
            Some(device) => self.devices.push(device),
            None => self.note(place, "device without any name"),
        }
    }

    fn other(&mut self, kind: &str, facts: &Layers<'_>) {
        let fields = facts.first_as_value();
        if self.seen.insert(things::fingerprint(kind, &fields)) {
            self.rest.others.push(OtherEntity { kind: kind.to_owned(), fields });
        }
    }
}

/// Says what is odd about an account that was listed among the entities.
fn name_oddities(account: &Account, oddities: &mut Vec<Oddity>) {
    let what = match account.kind {
        AccountKind::Machine => "machine account, not a person",
        AccountKind::System => "system or built-in account, not a person",
        AccountKind::Local => "account local to one computer, not in a directory",
        AccountKind::Foreign => "not an account of a directory",
        AccountKind::Person if !account.identifiers.iter().any(Identifier::is_strong) => {
            "account with a weak name only"
        }
        AccountKind::Person => return,
    };
    oddities.push(Oddity { place: account.place.clone(), what: format!("{what}: {}", account.display()) });
}
