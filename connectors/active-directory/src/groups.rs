//! The groups that an account is in, nested and primary ones included.
//!
//! `tokenGroups` gives the SIDs of all security groups, worked out by the controller. Distribution groups are not among
//! them, and an exclusion may well name one ("all executives"): they are followed upwards from `memberOf`, level by
//! level. What a group is called, and what it is itself in, is kept for a minute, so that a hundred alerts about a
//! hundred people of one department ask once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use quell_action::GroupFacts;
use quell_alert::{Identifier, Sid, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::account::Account;
use crate::client::Home;
use crate::clock;
use crate::entry::Entry;
use crate::error::CallError;
use crate::query::{Filter, Query};

const GROUP: [&str; 6] = ["objectGUID", "objectSid", "distinguishedName", "sAMAccountName", "cn", "memberOf"];
const TOKEN_GROUPS: [&str; 1] = ["tokenGroups"];
/// So many groups are asked for at once.
const AT_ONCE: usize = 100;
/// How long a group's name and its own groups are taken for the same.
const HOLDS: Duration = Duration::from_secs(60);
/// Groups are nested a few levels deep; this bounds what a damaged directory can cost.
const MOST_LEVELS: usize = 50;
const MOST_KEPT: usize = 20_000;

/// The administrative groups of a domain, by relative id: Enterprise Read-only Domain Controllers, Domain Admins, Domain
/// Controllers, Schema Admins, Enterprise Admins, Group Policy Creator Owners, Read-only Domain Controllers.
const PRIVILEGED_IN_DOMAIN: [u32; 7] = [498, 512, 516, 518, 519, 520, 521];
/// The built-in ones: Administrators, Account, Server, Print and Backup Operators, Replicator.
const PRIVILEGED_BUILT_IN: [u32; 6] = [544, 548, 549, 550, 551, 552];

/// What was found out about an account's groups.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Membership {
    pub(crate) groups: Vec<GroupFacts>,
    pub(crate) privileged: bool,
    /// When the oldest part of it was read.
    pub(crate) read_at: Timestamp,
}

/// What is known of groups, for a short while.
#[derive(Default)]
pub(crate) struct GroupCache {
    kept: parking_lot::Mutex<HashMap<Handle, Kept>>,
}

/// How a group is referred to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Handle {
    Sid(Sid),
    /// Folded.
    Dn(String),
}

#[derive(Debug, Clone)]
struct Kept {
    until: Instant,
    read_at: Timestamp,
    group: Arc<Group>,
}

#[derive(Debug, PartialEq, Eq)]
struct Group {
    guid: Option<Uuid>,
    sid: Option<Sid>,
    dn: String,
    name: Option<String>,
    member_of: Vec<String>,
}

impl GroupCache {
    /// All groups of an account; nothing where the controller does not let them be read.
    pub(crate) async fn of(&self, account: &Account, home: &Home) -> Result<Option<Membership>, CallError> {
        let mut read_at = clock::now();
        let query = Query::object(account.guid, Filter::class("user"), &TOKEN_GROUPS);
        let entries = home.server.ask(&query).await?;
        // Everybody has a primary group: no group at all means that they may not be seen.
        let sids = match entries.first().and_then(|entry| entry.sids("tokengroups")) {
            Some(sids) if !sids.is_empty() => sids,
            _ => return Ok(None),
        };
        let mut walk = Walk::new(&sids, &account.member_of);
        for _ in 0..MOST_LEVELS {
            let wanted = walk.take();
            if wanted.is_empty() {
                break;
            }
            for kept in self.fetch(&wanted, home).await? {
                read_at = read_at.min(kept.read_at);
                walk.add(kept.group);
            }
        }
        // What is nested deeper was not read: some of the groups are never taken for all of them.
        if !walk.take().is_empty() {
            return Ok(None);
        }
        Ok(Some(Membership { groups: walk.facts(home), privileged: sids.iter().any(is_privileged), read_at }))
    }

    async fn fetch(&self, wanted: &[Handle], home: &Home) -> Result<Vec<Kept>, CallError> {
        let (mut found, missing) = self.look(wanted);
        for chunk in missing.chunks(AT_ONCE) {
            let query = Query::domain(Filter::any(chunk.iter().map(Handle::filter)), &GROUP, AT_ONCE * 2);
            let read_at = clock::now();
            let entries = home.server.ask(&query).await?;
            let until = Instant::now() + HOLDS;
            let fresh: Vec<Kept> = entries
                .iter()
                .map(|entry| Kept { until, read_at, group: Arc::new(Group::read(entry)) })
                .collect();
            self.keep(&fresh);
            found.extend(fresh);
        }
        Ok(found)
    }

    fn look(&self, wanted: &[Handle]) -> (Vec<Kept>, Vec<Handle>) {
        let now = Instant::now();
        let kept = self.kept.lock();
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for handle in wanted {
            match kept.get(handle).filter(|kept| kept.until > now) {
                Some(kept) => found.push(kept.clone()),
                None => missing.push(handle.clone()),
            }
        }
        (found, missing)
    }

    fn keep(&self, fresh: &[Kept]) {
        let mut kept = self.kept.lock();
        if kept.len() > MOST_KEPT {
            kept.clear();
        }
        for one in fresh {
            for handle in one.group.handles() {
                kept.insert(handle, one.clone());
            }
        }
    }
}

/// The way upwards through the groups.
struct Walk {
    pending: Vec<Handle>,
    seen: HashSet<Handle>,
    groups: Vec<Arc<Group>>,
}

impl Walk {
    fn new(sids: &[Sid], member_of: &[String]) -> Self {
        let mut walk = Self { pending: Vec::new(), seen: HashSet::new(), groups: Vec::new() };
        sids.iter().for_each(|sid| walk.want(Handle::Sid(sid.clone())));
        member_of.iter().for_each(|dn| walk.want(Handle::dn(dn)));
        walk
    }

    fn want(&mut self, handle: Handle) {
        if self.seen.insert(handle.clone()) {
            self.pending.push(handle);
        }
    }

    fn take(&mut self) -> Vec<Handle> {
        std::mem::take(&mut self.pending)
    }

    fn add(&mut self, group: Arc<Group>) {
        if self.groups.contains(&group) {
            return;
        }
        self.seen.extend(group.handles());
        group.member_of.iter().for_each(|dn| self.want(Handle::dn(dn)));
        self.groups.push(group);
    }

    /// Every group; those of other domains, which this controller does not show, by their SID or their name alone.
    fn facts(self, home: &Home) -> Vec<GroupFacts> {
        let named = self.groups.iter().map(|group| group.facts(home));
        let bare = |identifier| GroupFacts { identifiers: vec![identifier], name: None };
        named.chain(self.not_shown().into_iter().map(bare)).collect()
    }

    /// What stands for the groups that were not found: an exclusion may name them so.
    fn not_shown(&self) -> Vec<Identifier> {
        let found: HashSet<Handle> = self.groups.iter().flat_map(|group| group.handles()).collect();
        let mut bare: Vec<Identifier> = self.seen.difference(&found).map(Handle::identifier).collect();
        bare.sort_unstable();
        bare
    }
}

impl Handle {
    fn dn(dn: &str) -> Self {
        match Identifier::dn(dn) {
            Ok(Identifier::Dn(folded)) => Self::Dn(folded),
            _ => Self::Dn(dn.to_lowercase()),
        }
    }

    fn identifier(&self) -> Identifier {
        match self {
            Self::Sid(sid) => Identifier::Sid(sid.to_string()),
            Self::Dn(dn) => Identifier::Dn(dn.clone()),
        }
    }

    fn filter(&self) -> Filter {
        match self {
            Self::Sid(sid) => Filter::sid("objectSid", sid),
            Self::Dn(dn) => Filter::text("distinguishedName", dn),
        }
    }
}

impl Group {
    fn read(entry: &Entry) -> Self {
        Self {
            guid: entry.guid("objectguid"),
            sid: entry.bytes("objectsid").and_then(|bytes| Sid::from_bytes(bytes).ok()),
            dn: entry.text("distinguishedname").unwrap_or(&entry.dn).to_owned(),
            name: entry.text("samaccountname").or_else(|| entry.text("cn")).map(str::to_owned),
            member_of: entry.texts("memberof").map(str::to_owned).collect(),
        }
    }

    fn handles(&self) -> impl Iterator<Item = Handle> {
        self.sid.clone().map(Handle::Sid).into_iter().chain([Handle::dn(&self.dn)])
    }

    fn facts(&self, home: &Home) -> GroupFacts {
        let mut identifiers: Vec<Identifier> = Vec::new();
        identifiers.extend(self.sid.as_ref().map(|sid| Identifier::Sid(sid.to_string())));
        identifiers.extend(self.guid.map(|guid| Identifier::AdGuid(guid.to_string())));
        identifiers.extend(Identifier::dn(&self.dn));
        if let Some(name) = &self.name {
            let netbios = home.forest.netbios_of(&home.root.domain);
            let domains = netbios.into_iter().chain([home.root.domain.as_str()]);
            identifiers.extend(domains.filter_map(|domain| Identifier::sam(domain, name).ok()));
        }
        GroupFacts { identifiers, name: self.name.clone() }
    }
}

/// Whether members of this group have administrative rights. `adminCount` is not asked: it stays when they leave.
pub(crate) fn is_privileged(sid: &Sid) -> bool {
    let Some(rid) = sid.rid() else { return false };
    match sid.is_issued() {
        true => PRIVILEGED_IN_DOMAIN.contains(&rid),
        false => PRIVILEGED_BUILT_IN.iter().any(|rid| sid.to_string() == format!("S-1-5-32-{rid}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(dn: &str, rid: u32, member_of: &[&str]) -> Arc<Group> {
        Arc::new(Group {
            guid: None,
            sid: Some(format!("S-1-5-21-1-2-3-{rid}").parse().unwrap()),
            dn: dn.into(),
            name: Some(dn.into()),
            member_of: member_of.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn administrative_groups_are_known_by_their_sid() {
        for (sid, expected) in [
            ("S-1-5-21-1-2-3-512", true),
            ("S-1-5-21-9-9-9-519", true),
            ("S-1-5-32-544", true),
            ("S-1-5-32-551", true),
            ("S-1-5-21-1-2-3-513", false),
            ("S-1-5-21-1-2-3-544", false),
            ("S-1-5-32-545", false),
            ("S-1-5-32-512", false),
            ("S-1-18-1", false),
        ] {
            assert_eq!(is_privileged(&sid.parse().unwrap()), expected, "{sid}");
        }
    }

    #[test]
    fn groups_are_followed_upwards_once_and_circles_end() {
        let mut walk = Walk::new(&[], &["CN=A,DC=x".to_owned()]);
        assert_eq!(walk.take(), [Handle::dn("cn=a,dc=x")]);
        walk.add(group("CN=A,DC=x", 1, &["CN=B,DC=x", "CN=C,DC=x"]));
        assert_eq!(walk.take().len(), 2);
        walk.add(group("CN=B,DC=x", 2, &["CN=A,DC=x"]));
        walk.add(group("CN=C,DC=x", 3, &["CN=B,DC=x"]));
        assert_eq!(walk.take(), []);
        assert_eq!(walk.groups.len(), 3);
        assert_eq!(walk.not_shown(), []);
    }

    /// Groups of other domains are not shown, and neither are those that may not be read.
    #[test]
    fn groups_that_are_not_shown_are_known_by_what_stands_for_them() {
        let one = group("CN=A,DC=x", 1, &["CN=Hidden,DC=x"]);
        let other: Sid = "S-1-5-21-9-9-9-7".parse().unwrap();
        let mut walk = Walk::new(&[one.sid.clone().unwrap(), other], &["CN=Executives,DC=y".to_owned()]);
        walk.take();
        walk.add(one);
        walk.take();
        let bare = ["S-1-5-21-9-9-9-7"].map(|sid| Identifier::Sid(sid.into())).into_iter();
        let bare = bare.chain(["CN=Executives,DC=y", "CN=Hidden,DC=x"].map(|dn| Identifier::dn(dn).unwrap()));
        assert_eq!(walk.not_shown(), bare.collect::<Vec<_>>());
    }

    #[test]
    fn what_was_kept_too_long_is_asked_for_anew() {
        let cache = GroupCache::default();
        let until = |until| Kept { until, read_at: clock::now(), group: group("CN=A,DC=x", 1, &[]) };
        let wanted = [Handle::dn("CN=A,DC=x")];
        cache.keep(&[until(Instant::now() + HOLDS)]);
        assert_eq!(cache.look(&wanted).1, []);
        cache.keep(&[until(Instant::now())]);
        assert_eq!(cache.look(&wanted).1, wanted);
    }

    #[test]
    fn a_group_known_by_sid_and_name_is_one() {
        let one = group("CN=A,DC=x", 1, &[]);
        let mut walk = Walk::new(&[one.sid.clone().unwrap()], &["CN=A,DC=x".to_owned()]);
        walk.take();
        walk.add(Arc::clone(&one));
        walk.add(one);
        assert_eq!(walk.groups.len(), 1);
    }
}
