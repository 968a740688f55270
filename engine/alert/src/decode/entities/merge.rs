//! One account listed by SID and by user principal name is one account; two people who share a name are two.

use std::collections::HashMap;

use crate::alert::Oddity;
use crate::device::Device;
use crate::identity::{Account, AccountKind, Identifier};

/// More mentions than this that share a name and contradict each other are not compared any further.
const MOST_CANDIDATES: usize = 16;

/// Something that is mentioned under several names.
pub(super) trait Mentioned {
    /// The names by which another mention is recognised as the same.
    fn keys(&self) -> Vec<String>;
    /// Whether the two bear lasting ids that exclude each other, and which.
    fn contradiction(&self, other: &Self) -> Option<String>;
    /// Whether it is named by an id that lasts.
    fn is_certain(&self) -> bool;
    /// Whether the other one says nothing new.
    fn equals(&self, other: &Self) -> bool;
    /// Takes over what the other one knows.
    fn absorb(&mut self, other: Self);
    /// Where it stands.
    fn place(&self) -> &str;
}

/// Merges the mentions of one alert. Mentions are the same when they share a name that is strong enough; where their
/// lasting ids contradict each other they stay apart, whatever name they share, and that is said.
pub(super) fn merge<T: Mentioned>(mentions: Vec<T>, oddities: &mut Vec<Oddity>) -> Vec<T> {
    let mut merging = Merging { slots: Vec::new(), by_key: HashMap::new(), oddities };
    let mut ordered: Vec<(usize, T)> = mentions.into_iter().enumerate().collect();
    // Those with lasting ids first: a bare user principal name then joins them, and not the other way round.
    ordered.sort_by_key(|(_, mention)| !mention.is_certain());
    for (position, mention) in ordered {
        merging.take(position, mention);
    }
    let mut merged: Vec<(usize, T)> = merging.slots.into_iter().flatten().collect();
    merged.sort_by_key(|(position, _)| *position);
    merged.into_iter().map(|(_, mention)| mention).collect()
}

struct Merging<'o, T> {
    /// The merged things with the position of their first mention; empty where one went into another.
    slots: Vec<Option<(usize, T)>>,
    by_key: HashMap<String, Vec<usize>>,
    oddities: &'o mut Vec<Oddity>,
}

impl<T: Mentioned> Merging<'_, T> {
    fn take(&mut self, position: usize, mention: T) {
        let keys = mention.keys();
        let candidates = self.candidates(&keys);
        if let Some(twin) =
            candidates.iter().copied().find(|at| self.get(*at).is_some_and(|t| t.equals(&mention)))
        {
            return self.absorb(twin, position, mention);
        }
        match self.contradiction(&candidates, &mention) {
            Some(what) => {
                self.oddities.push(Oddity { place: mention.place().to_owned(), what });
                self.add(position, mention, keys);
            }
            None => match candidates.split_first() {
                None => self.add(position, mention, keys),
                Some((first, others)) => {
                    self.absorb(*first, position, mention);
                    self.point(*first, keys);
                    for other in others {
                        if let Some((position, other)) = self.slots[*other].take() {
                            let keys = other.keys();
                            self.absorb(*first, position, other);
                            self.point(*first, keys);
                        }
                    }
                }
            },
        }
    }

    /// The things that share a key with a mention, each once.
    fn candidates(&self, keys: &[String]) -> Vec<usize> {
        let shared = keys.iter().filter_map(|key| self.by_key.get(key)).flatten().copied();
        let mut candidates: Vec<usize> = shared.filter(|at| self.slots[*at].is_some()).collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    fn contradiction(&self, candidates: &[usize], mention: &T) -> Option<String> {
        if candidates.len() > MOST_CANDIDATES {
            return Some("shares its name with many others that differ: kept apart".to_owned());
        }
        let all: Vec<&T> = candidates.iter().filter_map(|at| self.get(*at)).chain([mention]).collect();
        let pairs = all
            .iter()
            .enumerate()
            .flat_map(|(index, one)| all[index + 1..].iter().map(move |two| (one, two)));
        pairs
            .filter_map(|(one, two)| one.contradiction(two))
            .next()
            .map(|ids| format!("shares a name with another one, yet {ids}: kept apart"))
    }

    fn add(&mut self, position: usize, mention: T, keys: Vec<String>) {
        self.slots.push(Some((position, mention)));
        self.point(self.slots.len() - 1, keys);
    }

    fn point(&mut self, slot: usize, keys: Vec<String>) {
        for key in keys {
            let slots = self.by_key.entry(key).or_default();
            if slots.len() <= MOST_CANDIDATES && !slots.contains(&slot) {
                slots.push(slot);
            }
        }
    }

    fn absorb(&mut self, slot: usize, position: usize, mention: T) {
        if let Some((first, thing)) = &mut self.slots[slot] {
            *first = position.min(*first);
            thing.absorb(mention);
        }
    }

    fn get(&self, slot: usize) -> Option<&T> {
        self.slots[slot].as_ref().map(|(_, thing)| thing)
    }
}

impl Mentioned for Account {
    fn keys(&self) -> Vec<String> {
        let strong: Vec<String> =
            self.identifiers.iter().filter(|id| id.is_strong()).map(ToString::to_string).collect();
        if strong.is_empty() { vec![format!("{:?} on {:?}", self.identifiers, self.host)] } else { strong }
    }

    fn contradiction(&self, other: &Self) -> Option<String> {
        contradiction(&self.identifiers, &other.identifiers, Identifier::contradicts)
    }

    fn is_certain(&self) -> bool {
        self.identifiers.iter().any(Identifier::is_immutable)
    }

    fn equals(&self, other: &Self) -> bool {
        self.identifiers == other.identifiers && self.host == other.host
    }

    fn absorb(&mut self, other: Self) {
        if rank(other.kind) > rank(self.kind) {
            self.kind = other.kind;
        }
        add_all(&mut self.identifiers, other.identifiers);
        self.identifiers.sort();
        drop_bare_names(&mut self.identifiers);
        self.name = self.name.take().or(other.name);
        self.display_name = self.display_name.take().or(other.display_name);
        self.entra_tenant = self.entra_tenant.take().or(other.entra_tenant);
        self.host = self.host.take().or(other.host);
        add_all(&mut self.roles, other.roles);
    }

    fn place(&self) -> &str {
        &self.place
    }
}

impl Mentioned for Device {
    fn keys(&self) -> Vec<String> {
        let strong: Vec<String> =
            self.identifiers.iter().filter(|id| id.is_strong()).map(ToString::to_string).collect();
        if strong.is_empty() { vec![format!("{:?}", self.identifiers)] } else { strong }
    }

    fn contradiction(&self, other: &Self) -> Option<String> {
        contradiction(&self.identifiers, &other.identifiers, crate::device::DeviceIdentifier::contradicts)
    }

    fn is_certain(&self) -> bool {
        use crate::device::DeviceIdentifier::{AzureId, EntraDeviceId, MdeId, Sid};
        self.identifiers.iter().any(|id| matches!(id, MdeId(_) | EntraDeviceId(_) | AzureId(_) | Sid(_)))
    }

    fn equals(&self, other: &Self) -> bool {
        self.identifiers == other.identifiers
    }

    fn absorb(&mut self, other: Self) {
        add_all(&mut self.identifiers, other.identifiers);
        self.identifiers.sort();
        self.name = self.name.take().or(other.name);
        self.os = self.os.take().or(other.os);
        add_all(&mut self.tags, other.tags);
        add_all(&mut self.roles, other.roles);
    }

    fn place(&self) -> &str {
        &self.place
    }
}

/// Of two kinds the one that allows less counts.
fn rank(kind: AccountKind) -> u8 {
    match kind {
        AccountKind::Person => 0,
        AccountKind::Local => 1,
        AccountKind::Foreign => 2,
        AccountKind::Machine => 3,
        AccountKind::System => 4,
    }
}

fn contradiction<I: ToString>(ours: &[I], theirs: &[I], contradicts: fn(&I, &I) -> bool) -> Option<String> {
    ours.iter().find_map(|one| {
        let other = theirs.iter().find(|other| contradicts(one, other))?;
        Some(format!("{} is not {}", one.to_string(), other.to_string()))
    })
}

fn add_all<I: PartialEq>(list: &mut Vec<I>, more: Vec<I>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// A bare name says nothing beside a whole one.
fn drop_bare_names(identifiers: &mut Vec<Identifier>) {
    let whole = identifiers.iter().any(|id| matches!(id, Identifier::Upn(_) | Identifier::Sam { .. }));
    if whole {
        identifiers.retain(|id| !matches!(id, Identifier::Name(_)));
    }
}

#[cfg(test)]
mod tests;
