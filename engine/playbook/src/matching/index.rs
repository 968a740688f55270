//! [`Index`]: from the values of an alert to the playbooks that may match it.
//!
//! A playbook has at most one *own* clause in each slot (one condition of its `all`), and at most one *shared* clause:
//! its `any`, whose conditions may be about several slots. A playbook is a candidate when every clause that it has is
//! met. Clauses are exact: a candidate need not be asked about them again.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use quell_alert::Alert;

use super::bits::Bits;
use super::keys::{self, SLOTS, Slot};
use crate::condition::{Group, Item};
use crate::model::{AlertState, Mode, Playbook};

/// From the values of an alert to the playbooks that may match it.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each state of an alert, the playbooks that start in it.
    by_state: [Bits; 3],
    /// The slots in which any playbook has an own clause.
    slots: Vec<SlotIndex>,
    /// The playbooks without a shared clause.
    without_shared: Bits,
    /// Whether any playbook has a shared clause.
    has_shared: bool,
}

#[derive(Debug)]
struct SlotIndex {
    slot: Slot,
    /// The playbooks without an own clause here.
    without: Bits,
    /// Whether any playbook has one.
    has_own: bool,
    sets: HashMap<String, KeySets>,
    /// All words of the slot `title`, looked for at once, in the order of `word_sets`.
    words: Option<AhoCorasick>,
    word_sets: Vec<KeySets>,
}

#[derive(Debug, Clone)]
struct KeySets {
    /// The playbooks whose own clause in this slot is met by this value.
    own: Bits,
    /// The playbooks whose shared clause is met by it.
    shared: Bits,
}

impl Index {
    /// The playbooks that may match, in order.
    pub(super) fn candidates(&self, alert: &Alert, state: AlertState) -> impl Iterator<Item = usize> + use<> {
        let mut candidates = self.by_state[position(state)].clone();
        let mut met = self.without_shared.clone();
        let mut shared = self.without_shared.clone();
        for slot in &self.slots {
            if slot.has_own {
                met.copy_from(&slot.without);
            }
            slot.visit(alert, |sets| {
                if slot.has_own {
                    met.join(&sets.own);
                }
                if self.has_shared {
                    shared.join(&sets.shared);
                }
            });
            if slot.has_own {
                candidates.cross(&met);
            }
        }
        if self.has_shared {
            candidates.cross(&shared);
        }
        candidates.into_numbers()
    }
}

impl SlotIndex {
    /// Shows the sets that the alert's values in this slot lead to.
    fn visit(&self, alert: &Alert, mut see: impl FnMut(&KeySets)) {
        if let Some(words) = &self.words {
            let title = crate::condition::fold(&alert.title);
            for found in words.find_overlapping_iter(title.as_ref()) {
                see(&self.word_sets[found.pattern().as_usize()]);
            }
            return;
        }
        for value in keys::values(alert, self.slot) {
            if let Some(sets) = self.sets.get(value.as_ref()) {
                see(sets);
            }
        }
    }
}

/// Makes an index.
pub(super) struct Builder {
    limit: usize,
    by_state: [Bits; 3],
    slots: Vec<SlotBuilder>,
    without_shared: Bits,
    has_shared: bool,
}

struct SlotBuilder {
    slot: Slot,
    without: Bits,
    has_own: bool,
    sets: HashMap<String, KeySets>,
}

impl Builder {
    /// An index of so many playbooks.
    pub(super) fn new(limit: usize) -> Self {
        let none = || Bits::none(limit);
        let slot = |slot| SlotBuilder { slot, without: none(), has_own: false, sets: HashMap::new() };
        Self {
            limit,
            by_state: [none(), none(), none()],
            slots: SLOTS.into_iter().map(slot).collect(),
            without_shared: none(),
            has_shared: false,
        }
    }

    /// Adds a playbook, and gives back what of its conditions the index does not decide.
    pub(super) fn add(&mut self, number: usize, playbook: &Playbook) -> Group {
        if playbook.mode != Mode::Disabled {
            for state in playbook.when.alert.iter().flat_map(|alert| &alert.states) {
                self.by_state[position(*state)].insert(number);
            }
        }
        // One that no alert starts is in no state's set: whatever it has here is never asked.
        let mut residual = playbook.when.alert.as_ref().map(|alert| alert.group.clone()).unwrap_or_default();
        let mut taken: Vec<Slot> = Vec::new();
        residual.all.retain(|item| !self.own_clause(number, item, &mut taken));
        for slot in self.slots.iter_mut().filter(|slot| !taken.contains(&slot.slot)) {
            slot.without.insert(number);
        }
        if self.shared_clause(number, &residual.any) {
            residual.any.clear();
        } else {
            self.without_shared.insert(number);
        }
        residual
    }

    /// The index, ready.
    pub(super) fn finish(self) -> Index {
        let slots = self.slots.into_iter().filter(|slot| !slot.sets.is_empty() || slot.has_own);
        Index {
            by_state: self.by_state,
            slots: slots.map(SlotBuilder::finish).collect(),
            without_shared: self.without_shared,
            has_shared: self.has_shared,
        }
    }

    fn own_clause(&mut self, number: usize, item: &Item, taken: &mut Vec<Slot>) -> bool {
        let Item::Test(test) = item else { return false };
        let Some((slot, keys)) = keys::of_test(test).filter(|(slot, _)| !taken.contains(slot)) else {
            return false;
        };
        taken.push(slot);
        let Some(builder) = self.slots.iter_mut().find(|builder| builder.slot == slot) else { return false };
        builder.has_own = true;
        for key in keys {
            builder.sets_of(key, self.limit).own.insert(number);
        }
        true
    }

    /// An `any` of nothing but conditions that have keys.
    fn shared_clause(&mut self, number: usize, any: &[Item]) -> bool {
        let clauses: Option<Vec<(Slot, Vec<String>)>> = any
            .iter()
            .map(|item| match item {
                Item::Test(test) => keys::of_test(test),
                Item::Group(_) => None,
            })
            .collect();
        let Some(clauses) = clauses.filter(|clauses| !clauses.is_empty()) else { return false };
        self.has_shared = true;
        for (slot, keys) in clauses {
            let Some(builder) = self.slots.iter_mut().find(|builder| builder.slot == slot) else { continue };
            for key in keys {
                builder.sets_of(key, self.limit).shared.insert(number);
            }
        }
        true
    }
}

impl SlotBuilder {
    fn sets_of(&mut self, key: String, limit: usize) -> &mut KeySets {
        let none = || KeySets { own: Bits::none(limit), shared: Bits::none(limit) };
        self.sets.entry(key).or_insert_with(none)
    }

    fn finish(self) -> SlotIndex {
        let Self { slot, without, has_own, sets } = self;
        if slot != Slot::Title {
            return SlotIndex { slot, without, has_own, sets, words: None, word_sets: Vec::new() };
        }
        let (texts, word_sets): (Vec<String>, Vec<KeySets>) = sets.into_iter().unzip();
        // Texts of a playbook are short and few: an automaton of them always fits.
        let words = AhoCorasick::new(&texts).ok();
        SlotIndex { slot, without, has_own, sets: HashMap::new(), words, word_sets }
    }
}

fn position(state: AlertState) -> usize {
    match state {
        AlertState::New => 0,
        AlertState::Updated => 1,
        AlertState::Resolved => 2,
    }
}
