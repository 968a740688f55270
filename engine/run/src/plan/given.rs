//! [`Given`]: the inputs of a run, held against what its playbook wants.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use quell_alert::{
    Account, AccountKind, Device, DeviceIdentifier, Entities, EntityKind, FileEntity, HashEntity, Hint,
    Identifier, IpEntity, MailboxEntity, UrlEntity,
};
use quell_playbook::model::{Input, InputKind, Playbook};
use quell_playbook::{Entity, nearest};
use serde_json::{Number, Value};

/// The inputs of a run, as its playbook wants them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// By name; entities as people call them.
    pub values: BTreeMap<String, Value>,
    /// Those whom they name.
    pub entities: Entities,
}

/// An input that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("input {input}: {why}")]
pub struct WrongInput {
    /// Which.
    pub input: String,
    /// What is wrong with it, and what to do.
    pub why: String,
}

impl Given {
    /// Reads what somebody gives. Numbers may be written as text, since a command line has nothing else.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(playbook: &Playbook, given: &BTreeMap<String, Value>) -> Result<Self, Vec<WrongInput>> {
        let mut wrong = Vec::new();
        let mut read = Self { values: Self::defaults(playbook), entities: Entities::default() };
        for (name, value) in given {
            let taken = match playbook.inputs.get(name) {
                Some(input) => read.take(name, input, value),
                None => Err(unknown(playbook, name)),
            };
            wrong.extend(taken.err().map(|why| WrongInput { input: name.clone(), why }));
        }
        for (name, input) in &playbook.inputs {
            if input.is_required() && !given.contains_key(name) {
                let why = format!("it must be given ({})", input.kind.word());
                wrong.push(WrongInput { input: name.clone(), why });
            }
        }
        if wrong.is_empty() { Ok(read) } else { Err(wrong) }
    }

    /// What inputs are where nobody gives them.
    pub fn defaults(playbook: &Playbook) -> BTreeMap<String, Value> {
        let inputs = playbook.inputs.iter();
        inputs.filter_map(|(name, input)| Some((name.clone(), input.or.clone()?))).collect()
    }

    /// Adds an entity of another run's alert, under the name of an input.
    pub(crate) fn hand_on(&mut self, name: &str, entity: Entity<'_>, display: &str) {
        self.values.insert(name.to_owned(), Value::from(display));
        let entities = &mut self.entities;
        match entity {
            Entity::Account(account) => entities.accounts.push(account.clone()),
            Entity::Device(device) => entities.devices.push(device.clone()),
            Entity::Ip(ip) => entities.ips.push(ip.clone()),
            Entity::Mailbox(mailbox) => entities.mailboxes.push(mailbox.clone()),
            Entity::File(file) => entities.files.push(file.clone()),
            Entity::Hash(hash) => entities.hashes.push(hash.clone()),
            Entity::Url(url) => entities.urls.push(url.clone()),
            Entity::Domain(domain) => entities.domains.push(domain.to_owned()),
        }
        without_doubles(&mut self.entities);
    }

    fn take(&mut self, name: &str, input: &Input, value: &Value) -> Result<(), String> {
        let InputKind::Entity(kind) = input.kind else {
            self.values.insert(name.to_owned(), plain(input, value)?);
            return Ok(());
        };
        let texts: Vec<&str> = match value {
            Value::String(text) => vec![text.as_str()],
            Value::Array(members) => members.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if texts.is_empty() || value.as_array().is_some_and(|members| members.len() != texts.len()) {
            return Err(format!("it takes the name of {}, or a list of names", input.kind.word()));
        }
        for text in &texts {
            self.name(kind, text.trim())?;
        }
        without_doubles(&mut self.entities);
        self.values.insert(name.to_owned(), Value::from(texts.join(", ")));
        Ok(())
    }

    /// Adds somebody or something by a name that leads to nobody else.
    fn name(&mut self, kind: EntityKind, text: &str) -> Result<(), String> {
        let entities = &mut self.entities;
        match kind {
            EntityKind::Account => entities.accounts.push(account(text)?),
            EntityKind::Device => entities.devices.push(device(text)?),
            EntityKind::Ip => {
                let address: IpAddr = text.parse().map_err(|_| format!("{text} is no IP address"))?;
                entities.ips.push(IpEntity {
                    address: address.to_string(),
                    country: None,
                    roles: Vec::new(),
                });
            }
            EntityKind::Mailbox if is_address(text) => entities.mailboxes.push(MailboxEntity {
                address: text.to_lowercase(),
                display_name: None,
                upn: None,
                entra_id: None,
            }),
            EntityKind::Mailbox => return Err(format!("{text} is no mail address")),
            EntityKind::File => entities.files.push(FileEntity {
                name: Some(text.to_owned()),
                directory: None,
                hashes: Vec::new(),
            }),
            EntityKind::Hash => entities.hashes.push(hash(text)?),
            EntityKind::Url if text.contains("://") => entities.urls.push(UrlEntity { url: text.to_owned() }),
            EntityKind::Url => return Err(format!("{text} is no URL: write https://…")),
            EntityKind::Domain if is_domain(text) => entities.domains.push(text.to_lowercase()),
            EntityKind::Domain => return Err(format!("{text} is no DNS domain")),
        }
        Ok(())
    }
}

fn unknown(playbook: &Playbook, name: &str) -> String {
    let known: Vec<&str> = playbook.inputs.keys().map(String::as_str).collect();
    match (nearest::one(name, known.iter().copied()), known.as_slice()) {
        (_, []) => format!("{} takes no inputs", playbook.name),
        (Some(near), _) => format!("{} has no such input; did you mean {near}?", playbook.name),
        (None, known) => format!("{} has no such input; it takes {}", playbook.name, known.join(", ")),
    }
}

fn plain(input: &Input, value: &Value) -> Result<Value, String> {
    let refused = || format!("{value} is no {}", input.kind.word());
    let text = value.as_str().map(str::trim);
    match input.kind {
        InputKind::Text => {
            let text = value.as_str().ok_or_else(refused)?;
            if !input.one_of.is_empty() && !input.one_of.iter().any(|word| word == text) {
                return Err(format!("{text:?} is none of {}", input.one_of.join(", ")));
            }
            Ok(value.clone())
        }
        InputKind::Integer => match (value.is_i64() || value.is_u64(), text) {
            (true, _) => Ok(value.clone()),
            (false, Some(text)) => text.parse::<i64>().map(Value::from).map_err(|_| refused()),
            (false, None) => Err(refused()),
        },
        InputKind::Number => match (value.is_number(), text) {
            (true, _) => Ok(value.clone()),
            (false, Some(text)) => {
                let number = text.parse::<f64>().ok().and_then(Number::from_f64);
                number.map(Value::Number).ok_or_else(refused)
            }
            (false, None) => Err(refused()),
        },
        InputKind::Boolean => match (value, text) {
            (Value::Bool(_), _) => Ok(value.clone()),
            (_, Some("true")) => Ok(Value::Bool(true)),
            (_, Some("false")) => Ok(Value::Bool(false)),
            _ => Err(format!("{value} is neither true nor false")),
        },
        InputKind::Entity(_) => Err(refused()),
    }
}

/// An account by a name that is enough to act on: a name that two people may share is not.
fn account(text: &str) -> Result<Account, String> {
    let name = text.parse::<Identifier>().or_else(|_| Identifier::recognise(text, Hint::Any));
    match name {
        Ok(Identifier::Sam { name, .. }) if name.ends_with('$') => {
            Err(format!("{text} is the account of a computer, and nobody to act on"))
        }
        Ok(name) if name.is_strong() => Ok(Account {
            kind: AccountKind::Person,
            identifiers: vec![name],
            name: None,
            display_name: None,
            entra_tenant: None,
            host: None,
            roles: Vec::new(),
            place: "$".into(),
        }),
        Ok(_) => Err(format!(
            "{text} is not enough to act on anybody: write a user principal name, DOMAIN\\name, a SID or an object id"
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn device(text: &str) -> Result<Device, String> {
    let name = text.parse::<DeviceIdentifier>().or_else(|_| DeviceIdentifier::recognise(text));
    match name {
        Ok(name) if name.is_strong() => Ok(Device {
            identifiers: vec![name],
            name: None,
            tags: Vec::new(),
            os: None,
            roles: Vec::new(),
            place: "$".into(),
        }),
        Ok(_) => Err(format!(
            "{text} is not enough to act on a device: write its full DNS name, DOMAIN\\name, or an id"
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn hash(text: &str) -> Result<HashEntity, String> {
    let algorithm = match text.len() {
        32 => "md5",
        40 => "sha1",
        64 => "sha256",
        _ => "",
    };
    if algorithm.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("{text} is no MD5, SHA-1 or SHA-256 in hex"));
    }
    Ok(HashEntity { algorithm: algorithm.into(), value: text.to_lowercase() })
}

fn is_address(text: &str) -> bool {
    matches!(text.split_once('@'), Some((name, domain)) if !name.is_empty() && is_domain(domain))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    text.split('.').count() > 1 && text.split('.').all(is_label)
}

/// Whoever is named twice is one.
fn without_doubles(entities: &mut Entities) {
    fn once<T>(all: &mut Vec<T>, key: impl Fn(&T) -> String) {
        let mut seen = BTreeSet::new();
        all.retain(|one| seen.insert(key(one)));
    }
    once(&mut entities.accounts, Account::key);
    once(&mut entities.devices, Device::key);
    once(&mut entities.ips, IpEntity::key);
    once(&mut entities.mailboxes, MailboxEntity::key);
    once(&mut entities.files, FileEntity::key);
    once(&mut entities.hashes, HashEntity::key);
    once(&mut entities.urls, UrlEntity::key);
    once(&mut entities.domains, String::clone);
}
