//! [`Tally`]: who was touched, and when last; as long as any window reaches back.

use chrono::TimeDelta;
use quell_alert::Timestamp;
use quell_playbook::model::{Per, PlaybookName};
use serde::{Deserialize, Serialize};

use super::{Exceeded, Limit, Member, Reservation};
use crate::RunId;

/// Who was touched, and when last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// One for each identity or device.
    touches: Vec<Touch>,
    /// The limits that were last held against it.
    #[serde(default)]
    limits: Vec<Limit>,
}

/// Somebody or something that was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Who or what.
    #[serde(flatten)]
    pub member: Member,
    /// When last.
    pub at: Timestamp,
    /// By which run last.
    pub run: RunId,
    /// Of which playbook.
    pub playbook: PlaybookName,
}

impl Touch {
    fn is(&self, member: &Member) -> bool {
        !self.member.keys.is_disjoint(&member.keys)
    }
}

impl Tally {
    /// Those who count over this stretch at this moment, in the order in which they leave it. What is noted in what is
    /// now the future counts: a clock that jumps back frees nothing.
    pub fn counted(&self, per: Per, now: Timestamp) -> Vec<&Touch> {
        let counts =
            |touch: &&Touch| length(per).is_none_or(|length| now.signed_duration_since(touch.at) < length);
        let mut counted: Vec<&Touch> = self.touches.iter().filter(counts).collect();
        counted.sort_by_key(|touch| touch.at);
        counted
    }

    /// The limits that were last held against it.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// When somebody touched at this moment leaves the window; `None`: not with time.
    pub fn leaves_at(per: Per, at: Timestamp) -> Option<Timestamp> {
        at.checked_add_signed(length(per)?)
    }

    pub(super) fn remember(&mut self, limit: Limit) {
        match self.limits.iter_mut().find(|other| (other.whose, other.per) == (limit.whose, limit.per)) {
            Some(other) => *other = limit,
            None => self.limits.push(limit),
        }
    }

    /// Whether there is no room for one more; whoever is counted needs none.
    pub(super) fn exceeded(&self, limit: &Limit, member: &Member, now: Timestamp) -> Option<Exceeded> {
        let counted = self.counted(limit.per, now);
        let at_most = limit.at_most as usize;
        if counted.len() < at_most || counted.iter().any(|touch| touch.is(member)) {
            return None;
        }
        // So many must leave that one place is free.
        let last_to_leave = counted.get(counted.len() - at_most).map(|touch| touch.at);
        Some(Exceeded {
            limit: *limit,
            used: u32::try_from(counted.len()).unwrap_or(u32::MAX),
            frees_at: last_to_leave.and_then(|at| Self::leaves_at(limit.per, at)),
        })
    }

    pub(super) fn note(&mut self, order: &Reservation) {
        let mut keys = order.member.keys.clone();
        let mut at = order.at;
        for known in self.touches.iter().filter(|touch| touch.is(&order.member)) {
            keys.extend(known.member.keys.iter().cloned());
            at = at.max(known.at);
        }
        self.touches.retain(|touch| !touch.is(&order.member));
        let member = Member { keys, display: order.member.display.clone() };
        self.touches.push(Touch { member, at, run: order.run.clone(), playbook: order.playbook.clone() });
        self.forget(order.at);
    }

    /// Lets go of those whom no window counts any more. The latest are kept, as many as a limit has places: a clock
    /// that jumped ahead and comes back finds them still counted.
    fn forget(&mut self, now: Timestamp) {
        let Some(longest) = self
            .limits
            .iter()
            .map(|limit| length(limit.per))
            .max_by_key(|length| length.unwrap_or(TimeDelta::MAX))
        else {
            return;
        };
        let Some(longest) = longest else { return };
        let most = self.limits.iter().map(|limit| limit.at_most as usize).max().unwrap_or_default();
        self.touches.sort_by_key(|touch| std::cmp::Reverse(touch.at));
        let mut place = 0;
        self.touches.retain(|touch| {
            place += 1;
            place <= most || now.signed_duration_since(touch.at) < longest
        });
    }
}

/// How far a window reaches back; a run's for ever.
fn length(per: Per) -> Option<TimeDelta> {
    match per {
        Per::Run => None,
        Per::Hour => Some(TimeDelta::hours(1)),
        Per::Day => Some(TimeDelta::days(1)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::convert::Infallible;

    use quell_playbook::model::Counted;

    use super::super::{CounterName, Reserved, Whose, reserve};
    use super::*;

    /// The tallies of one test.
    #[derive(Default)]
    struct Books(BTreeMap<CounterName, Tally>);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).expect("a moment")
    }

    fn limit(whose: Whose, per: Per, at_most: u32) -> Limit {
        Limit { whose, what: Counted::Accounts, per, at_most }
    }

    impl Books {
        fn take(&mut self, keys: &[&str], seconds: i64, limits: &[Limit]) -> Vec<Exceeded> {
            self.take_with(keys, seconds, limits, &[])
        }

        fn take_with(
            &mut self,
            keys: &[&str],
            seconds: i64,
            limits: &[Limit],
            granted: &[(Whose, Per)],
        ) -> Vec<Exceeded> {
            let order = Reservation {
                run: RunId("run".into()),
                playbook: PlaybookName("playbook".into()),
                what: Counted::Accounts,
                member: Member {
                    keys: keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>(),
                    display: keys.join("="),
                },
                limits: limits.to_vec(),
                granted: granted.to_vec(),
                at: at(seconds),
            };
            let load = |name: &CounterName| Ok::<_, Infallible>(self.0.get(name).cloned());
            let Ok((reserved, changed)) = reserve(&order, load);
            self.0.extend(changed);
            match reserved {
                Reserved::Counted => Vec::new(),
                Reserved::Over(over) => over,
            }
        }

        fn used(&self, per: Per, seconds: i64) -> usize {
            let site = self.0.get(&CounterName::Site(Counted::Accounts));
            site.map_or(0, |tally| tally.counted(per, at(seconds)).len())
        }
    }

    #[test]
    fn a_window_gives_out_its_places_once_and_again_when_time_has_passed() {
        let mut books = Books::default();
        let hourly = [limit(Whose::Site, Per::Hour, 3)];
        assert_eq!(books.take(&["a"], 0, &hourly), []);
        assert_eq!(books.take(&["b"], 60, &hourly), []);
        assert_eq!(books.take(&["a"], 120, &hourly), []);
        assert_eq!(books.take(&["c"], 180, &hourly), []);
        // "a" was touched again at 120, so "b" is the first to leave.
        let over = [Exceeded { limit: hourly[0], used: 3, frees_at: Some(at(3660)) }];
        assert_eq!(books.take(&["d"], 240, &hourly), over);
        assert_eq!(books.take(&["d"], 3659, &hourly), over);
        assert_eq!(books.take(&["a"], 3659, &hourly), [], "who is counted needs no further place");
        assert_eq!(books.take(&["d"], 3660, &hourly), []);
        assert_eq!(books.used(Per::Hour, 3660), 3);
    }

    #[test]
    fn somebody_known_by_several_keys_counts_once() {
        let mut books = Books::default();
        let two = [limit(Whose::Site, Per::Day, 2)];
        assert_eq!(books.take(&["ad:1", "entra:1"], 0, &two), []);
        assert_eq!(books.take(&["entra:1"], 1, &two), []);
        assert_eq!(books.take(&["okta:1", "entra:1"], 2, &two), []);
        assert_eq!(books.take(&["okta:1"], 3, &two), [], "what was learned of somebody is kept");
        assert_eq!(books.take(&["ad:2"], 4, &two), []);
        assert_eq!(books.take(&["ad:3"], 5, &two).len(), 1);
        assert_eq!(books.used(Per::Day, 5), 2);
    }

    #[test]
    fn all_limits_have_room_or_none_is_charged() {
        let mut books = Books::default();
        let all = [
            limit(Whose::Site, Per::Hour, 10),
            limit(Whose::Site, Per::Day, 2),
            limit(Whose::Playbook, Per::Hour, 1),
        ];
        assert_eq!(books.take(&["a"], 0, &all), []);
        let over = books.take(&["b"], 1, &all);
        assert_eq!(over.iter().map(|over| over.limit).collect::<Vec<_>>(), [all[2]]);
        assert_eq!(books.used(Per::Hour, 1), 1, "the site was charged for nothing");
        assert_eq!(books.take(&["b"], 3601, &all), []);
        let over = books.take(&["c"], 7300, &all);
        assert_eq!(over.iter().map(|over| over.limit).collect::<Vec<_>>(), [all[1]]);
    }

    #[test]
    fn what_people_let_pass_is_counted_all_the_same() {
        let mut books = Books::default();
        let one = [limit(Whose::Site, Per::Hour, 1), limit(Whose::Site, Per::Day, 1)];
        assert_eq!(books.take(&["a"], 0, &one), []);
        assert_eq!(books.take(&["b"], 1, &one).len(), 2);
        assert_eq!(
            books.take_with(&["b"], 2, &one, &[(Whose::Site, Per::Hour)]).len(),
            1,
            "only what was granted"
        );
        let both = [(Whose::Site, Per::Hour), (Whose::Site, Per::Day)];
        assert_eq!(books.take_with(&["b"], 3, &one, &both), []);
        assert_eq!(books.used(Per::Hour, 3), 2);
        let over = books.take(&["c"], 3599, &one);
        assert_eq!(over[0].frees_at, Some(at(3603)), "both have to leave");
        assert_eq!(over[0].used, 2);
    }

    /// What people let past the site's limit is still held against the playbook's own.
    #[test]
    fn what_is_let_past_one_limit_is_let_past_no_other() {
        let mut books = Books::default();
        let both = [limit(Whose::Site, Per::Hour, 1), limit(Whose::Playbook, Per::Hour, 1)];
        assert_eq!(books.take(&["a"], 0, &both), []);
        let over = books.take_with(&["b"], 1, &both, &[(Whose::Site, Per::Hour)]);
        assert_eq!(over.iter().map(|over| over.limit).collect::<Vec<_>>(), [both[1]]);
    }

    /// Each counts what is its own: a run, a playbook, the site.
    #[test]
    fn whose_limit_it_is_says_what_is_counted() {
        let named = |limit: Limit, run: &str, playbook: &str| {
            let member = Member { keys: BTreeSet::new(), display: String::new() };
            limit.counter(&Reservation {
                run: RunId(run.into()),
                playbook: PlaybookName(playbook.into()),
                what: Counted::Accounts,
                member,
                limits: vec![limit],
                granted: Vec::new(),
                at: at(0),
            })
        };
        let [site, playbook] = [Whose::Site, Whose::Playbook].map(|whose| limit(whose, Per::Hour, 1));
        let run = limit(Whose::Site, Per::Run, 1);
        assert_eq!(named(site, "r1", "p1"), named(site, "r2", "p2"));
        assert_eq!(named(playbook, "r1", "p1"), named(playbook, "r2", "p1"));
        let all = [named(site, "r1", "p1"), named(playbook, "r1", "p1"), named(playbook, "r1", "p2")];
        let of_runs = [named(run, "r1", "p1"), named(run, "r2", "p1")];
        let different: std::collections::HashSet<_> = all.into_iter().chain(of_runs).collect();
        assert_eq!(different.len(), 5);
    }

    #[test]
    fn a_clock_that_jumps_frees_no_place_early() {
        let two = [limit(Whose::Site, Per::Hour, 2), limit(Whose::Site, Per::Day, 2)];
        let mut books = Books::default();
        books.take(&["a"], 100_000, &two);
        books.take(&["b"], 100_000, &two);
        assert_eq!(books.take(&["c"], 0, &two).len(), 2, "back");
        let mut books = Books::default();
        books.take(&["a"], 0, &two);
        books.take(&["b"], 0, &two);
        assert_eq!(books.take(&["c"], 1_000_000, &two), [], "ahead");
        assert_eq!(books.take(&["d"], 1_000_001, &two), []);
        assert_eq!(books.take(&["e"], 60, &two).len(), 2, "ahead and back again");
    }

    #[test]
    fn a_limit_of_none_never_has_a_place() {
        let mut books = Books::default();
        let over = books.take(&["a"], 0, &[limit(Whose::Site, Per::Hour, 0)]);
        assert_eq!(over[0].frees_at, None);
    }

    #[test]
    fn those_whom_nothing_counts_any_more_are_forgotten() {
        let mut books = Books::default();
        let many = [limit(Whose::Site, Per::Hour, 10)];
        for number in 0..200 {
            books.take(&[&format!("user {number}")], number * 3_600, &many);
        }
        let site = &books.0[&CounterName::Site(Counted::Accounts)];
        assert_eq!(site.touches.len(), 10);
        let mut books = Books::default();
        let in_a_run = [limit(Whose::Site, Per::Run, 500)];
        for number in 0..200 {
            books.take(&[&format!("user {number}")], number * 36_000, &in_a_run);
        }
        assert_eq!(
            books.0.values().next().map(|tally| tally.touches.len()),
            Some(200),
            "a run remembers all"
        );
    }
}
