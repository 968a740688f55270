//! Who is meant: from the names that somebody was given to the one account that has all of them.
//!
//! One search asks for all names at once. What comes back is then compared name by name, here and exactly: a directory
//! compares more loosely than the engine does (Windows takes `rené` for `rene`), and a loose hit is no hit.

use std::fmt::Display;

use quell_alert::{DistinguishedName, Identifier, guid_of_immutable_id, parse_guid};

use crate::account::{ACCOUNT, Account};
use crate::domain::{Forest, RootDse, suffix_of};
use crate::names::identifiers;
use crate::query::{Filter, Query};

pub(crate) mod machine;

/// More accounts than this for a handful of names means that the names are no names.
const AT_MOST: usize = 50;

/// What the names lead to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// Exactly one.
    One(Box<Account>),
    /// Nobody.
    Nobody,
    /// Several, or two of the names belong to different ones.
    Several(String),
}

/// What one name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hit {
    /// This directory does not know names of that kind, or of that domain.
    NotHere,
    /// It would know it, and nobody has it.
    Nobody,
    /// This one of the accounts.
    One(usize),
    /// More than one.
    Several,
}

/// The search for all of these names, where any of them can be searched for.
pub(crate) fn query(names: &[Identifier], root: &RootDse, forest: &Forest) -> Option<Query> {
    let filters: Vec<Filter> = names.iter().flat_map(|name| filters(name, root, forest)).collect();
    (!filters.is_empty())
        .then(|| Query::domain(Filter::all([Filter::class("user"), Filter::any(filters)]), &ACCOUNT, AT_MOST))
}

/// Judges what the search brought.
///
/// A lasting id that finds nobody ends the matter: the names beside it may belong to somebody else by now. A name that
/// finds nobody beside an id that finds somebody is an old or a foreign name, and the id is right. Without any id, all
/// names that are this directory's own must lead to the same account.
pub(crate) fn judge(names: &[Identifier], accounts: Vec<Account>, root: &RootDse, forest: &Forest) -> Found {
    let known: Vec<Vec<Identifier>> =
        accounts.iter().map(|account| identifiers(account, root, forest)).collect();
    let hits: Vec<(&Identifier, Hit)> =
        names.iter().map(|name| (name, hit(name, &accounts, &known, root, forest))).collect();
    verdict(&hits, accounts)
}

/// What several names lead to together.
fn verdict<N: Name>(hits: &[(&N, Hit)], accounts: Vec<Account>) -> Found {
    if let Some((name, _)) = hits.iter().find(|(_, hit)| *hit == Hit::Several) {
        return Found::Several(format!("more than one account has the name {name}"));
    }
    let found: Vec<(&N, usize)> = hits
        .iter()
        .filter_map(|(name, hit)| match hit {
            Hit::One(at) => Some((*name, *at)),
            _ => None,
        })
        .collect();
    if let Some(conflict) = conflict(&found) {
        return Found::Several(conflict);
    }
    let missing = |lasting: bool| {
        hits.iter().find(|(name, hit)| *hit == Hit::Nobody && name.lasts() == lasting).map(|(name, _)| *name)
    };
    let Some((first, at)) = found.iter().max_by_key(|(name, _)| name.lasts()).copied() else {
        return Found::Nobody;
    };
    match (missing(true), missing(false), first.lasts()) {
        (Some(id), _, true) => Found::Several(conflicting(first, id)),
        (Some(_), _, false) => Found::Nobody,
        (None, Some(name), false) => Found::Several(conflicting(first, name)),
        (None, _, _) => accounts.into_iter().nth(at).map_or(Found::Nobody, |one| Found::One(Box::new(one))),
    }
}

/// A name of somebody, or of something.
trait Name: Display {
    /// Whether it is an id, which its bearer keeps for good.
    fn lasts(&self) -> bool;
}

impl Name for Identifier {
    fn lasts(&self) -> bool {
        self.is_immutable()
    }
}

fn conflict<N: Name>(found: &[(&N, usize)]) -> Option<String> {
    let (first, at) = found.first()?;
    let (other, _) = found.iter().find(|(_, other)| other != at)?;
    Some(format!("ConflictingIdentity: {first} and {other} belong to different accounts"))
}

fn conflicting<N: Name>(found: &N, missing: &N) -> String {
    format!("ConflictingIdentity: {found} belongs to an account, {missing} to none")
}

fn hit(
    name: &Identifier,
    accounts: &[Account],
    known: &[Vec<Identifier>],
    root: &RootDse,
    forest: &Forest,
) -> Hit {
    if filters(name, root, forest).is_empty() {
        return if is_of_another_domain(name, root, forest) { Hit::Nobody } else { Hit::NotHere };
    }
    let mut fitting = (0..accounts.len()).filter(|at| known[*at].contains(name) || has(&accounts[*at], name));
    match (fitting.next(), fitting.next()) {
        (Some(at), None) => Hit::One(at),
        (Some(_), Some(_)) => Hit::Several,
        (None, _) if is_foreign(name, forest) => Hit::NotHere,
        (None, _) => Hit::Nobody,
    }
}

/// Both the object's own GUID and its anchor count as a source anchor: which of them a site uses is not known here.
fn has(account: &Account, name: &Identifier) -> bool {
    match name {
        Identifier::ImmutableId(text) => guid_of_immutable_id(text) == Some(account.guid),
        _ => false,
    }
}

/// A principal name with an ending that this forest does not use may still be somebody's; when it is nobody's, it is a
/// name in another directory.
fn is_foreign(name: &Identifier, forest: &Forest) -> bool {
    suffix_of(name).is_some_and(|suffix| !forest.owns_suffix(suffix))
}

/// A down-level name of another domain of this forest says for certain that the account is not in this one.
fn is_of_another_domain(name: &Identifier, root: &RootDse, forest: &Forest) -> bool {
    match name {
        Identifier::Sam { domain, .. } => forest.dns_of(domain).is_some_and(|dns| dns != root.domain),
        _ => false,
    }
}

/// The filters that find this name; none for a kind, or a domain, that this directory does not know.
fn filters(name: &Identifier, root: &RootDse, forest: &Forest) -> Vec<Filter> {
    match name {
        Identifier::Sid(_) => match name.as_sid().filter(|sid| !sid.is_entra()) {
            Some(sid) => vec![Filter::sid("objectSid", &sid), Filter::sid("sIDHistory", &sid)],
            None => Vec::new(),
        },
        Identifier::AdGuid(text) => {
            parse_guid(text).map(|guid| Filter::guid("objectGUID", guid)).into_iter().collect()
        }
        Identifier::ImmutableId(text) => match guid_of_immutable_id(text) {
            Some(guid) => vec![Filter::guid("objectGUID", guid), Filter::guid("mS-DS-ConsistencyGuid", guid)],
            // Anchored on something else (an employee number): this directory cannot look that up.
            None => Vec::new(),
        },
        Identifier::Upn(text) => upn_filters(text, root),
        Identifier::Sam { domain, name } if forest.dns_of(domain).unwrap_or(domain) == root.domain => {
            vec![Filter::text("sAMAccountName", name)]
        }
        Identifier::Dn(text) if is_under(text, &root.domain_dn) => {
            vec![Filter::text("distinguishedName", text)]
        }
        _ => Vec::new(),
    }
}

/// With the domain's own ending the implicit principal name counts too. Where the explicit name of one and the implicit
/// name of another are the same, two are found, and nobody is meant.
fn upn_filters(text: &str, root: &RootDse) -> Vec<Filter> {
    let mut filters = vec![Filter::text("userPrincipalName", text)];
    if let Some((name, _)) = text.split_once('@').filter(|(_, suffix)| *suffix == root.domain) {
        filters.push(Filter::text("sAMAccountName", name));
    }
    filters
}

fn is_under(dn: &str, above: &str) -> bool {
    match (dn.parse::<DistinguishedName>(), above.parse::<DistinguishedName>()) {
        (Ok(dn), Ok(above)) => dn.is_under(&above),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
