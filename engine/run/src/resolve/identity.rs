//! Which accounts belong together: asked of every directory, tied by certain ids only.

use std::sync::Arc;

use futures::future::join_all;
use quell_action::{AccountFacts, ActionError, Directory, Failure, IdentityFacts, LookUp};
use quell_alert::{Account, Identifier, Provider, guid_of_immutable_id, immutable_id_of_guid, parse_guid};

use super::{Resolved, Resolver};

/// What asking around has come to so far.
struct Inquiry<'a> {
    asked: Vec<(&'a Arc<dyn Directory>, Option<AccountFacts>)>,
    unanswered: Vec<(Provider, String)>,
}

impl Resolver {
    pub(super) async fn ask_for_identity(&self, account: &Account) -> Resolved<IdentityFacts> {
        let names: Vec<Identifier> =
            account.identifiers.iter().filter(|name| name.is_strong()).cloned().collect();
        if names.is_empty() {
            return Resolved::Nobody(
                "the alert has no identifier of it by which a directory can be asked".into(),
            );
        }
        let directories = self.eyes.directories().iter().filter(|directory| directory.knows_accounts());
        let mut inquiry = Inquiry {
            asked: directories.map(|directory| (directory, None)).collect(),
            unanswered: Vec::new(),
        };
        // All names together first; then what stays for life, one by one: an id that leads to somebody else than the
        // others say must not go unnoticed because nobody has all of them.
        let lasting: Vec<Identifier> = names.iter().filter(|name| name.is_immutable()).cloned().collect();
        let mut questions: Vec<Vec<Identifier>> = match lasting.len() {
            0 | 1 => Vec::new(),
            _ => lasting.into_iter().map(|id| vec![id]).collect(),
        };
        questions.push(names.clone());
        // Each round asks with what the round before it has found; it ends when nothing new is found.
        while let Some(question) = questions.pop() {
            match self.round(&mut inquiry, &question).await {
                Ok(found) => questions.extend(found.iter().map(|facts| self.leads_on(facts))),
                Err(why) => return Resolved::Ambiguous(why),
            }
        }
        self.conclude(account, &names, inquiry)
    }

    /// Asks every directory that has not found anybody yet, all at once.
    async fn round(
        &self,
        inquiry: &mut Inquiry<'_>,
        question: &[Identifier],
    ) -> Result<Vec<AccountFacts>, String> {
        if question.is_empty() {
            return Ok(Vec::new());
        }
        let Inquiry { asked, unanswered } = inquiry;
        let silent = |provider: &Provider| unanswered.iter().any(|(other, _)| other == provider);
        let open: Vec<_> = asked
            .iter_mut()
            .filter(|(directory, found)| found.is_none() && !silent(&directory.provider()))
            .collect();
        let answers = join_all(open.iter().map(|(directory, _)| async {
            let provider = directory.provider();
            (self.ask(&provider, directory.account(question)).await, provider)
        }))
        .await;
        let mut news = Vec::new();
        for ((_, found), (answer, provider)) in open.into_iter().zip(answers) {
            match heard(answer) {
                Ok(LookUp::Found(facts)) => {
                    *found = Some(facts.clone());
                    news.push(facts);
                }
                Ok(LookUp::NotFound) => {}
                Ok(LookUp::Ambiguous(why)) => return Err(format!("{provider}: {why}")),
                Err(error) => unanswered.push((provider, error.message)),
            }
        }
        Ok(news)
    }

    /// What an account that was found can be asked for elsewhere.
    fn leads_on(&self, facts: &AccountFacts) -> Vec<Identifier> {
        let mut certain = certain_ids(facts);
        if self.link_by_upn {
            certain.extend(facts.identifiers.iter().filter(|name| is_login_name(name)).cloned());
        }
        certain
    }

    fn conclude(
        &self,
        account: &Account,
        names: &[Identifier],
        inquiry: Inquiry<'_>,
    ) -> Resolved<IdentityFacts> {
        let found: Vec<AccountFacts> = inquiry.asked.into_iter().filter_map(|(_, found)| found).collect();
        if let Some(why) = contradiction(names, &found) {
            return Resolved::Ambiguous(why);
        }
        let (accounts, strangers) = match self.tie(names, found) {
            Ok(tied) => tied,
            Err(why) => return Resolved::Ambiguous(why),
        };
        let mut mentioned = account.identifiers.clone();
        // Somebody who answers to one of the alert's names and is not certainly the same: not touched. What the
        // exclusion list says of them counts all the same; a wrong hit there only means not acting.
        mentioned.extend(strangers.into_iter().flat_map(|stranger| stranger.identifiers));
        let facts = IdentityFacts { mentioned, accounts, unanswered: inquiry.unanswered.clone() };
        match (inquiry.unanswered.is_empty(), facts.accounts.is_empty()) {
            (false, _) => Resolved::Away(facts, inquiry.unanswered),
            (true, true) => Resolved::Nobody("no directory knows anybody of that name".into()),
            (true, false) => Resolved::Found(facts),
        }
    }

    /// Those that are certainly one, and those that only answer to the same name.
    fn tie(
        &self,
        names: &[Identifier],
        found: Vec<AccountFacts>,
    ) -> Result<(Vec<AccountFacts>, Vec<AccountFacts>), String> {
        let by_id = |facts: &AccountFacts| names.iter().any(|name| has_certain(facts, name));
        let anchored = found.iter().any(by_id);
        let (mut tied, mut rest): (Vec<_>, Vec<_>) = if anchored {
            found.into_iter().partition(by_id)
        } else {
            let mut found = found.into_iter();
            (found.next().into_iter().collect(), found.collect())
        };
        while let Some(at) = rest.iter().position(|one| tied.iter().any(|other| self.are_one(one, other))) {
            tied.push(rest.remove(at));
        }
        // Without an id in the alert there is nothing to say which of the two it means.
        match rest.first() {
            Some(other) if !anchored => Err(format!(
                "the name fits {} at {} and {} at {}, which nothing ties together for certain (`link_by_upn` can be set where equal names are one person)",
                tied[0].display, tied[0].key.provider, other.display, other.key.provider
            )),
            _ => Ok((tied, rest)),
        }
    }

    fn are_one(&self, one: &AccountFacts, other: &AccountFacts) -> bool {
        let shared = certain_ids(one).iter().any(|id| has_certain(other, id));
        shared || (self.link_by_upn && share_login_name(one, other) && !are_two(one, other))
    }
}

/// Whether lasting ids say that two accounts are not one, whatever they are called: each was copied from another account.
fn are_two(one: &AccountFacts, other: &AccountFacts) -> bool {
    let others = certain_ids(other);
    certain_ids(one)
        .iter()
        .filter(|id| is_comparable(id))
        .any(|id| others.iter().filter(|theirs| is_comparable(theirs)).any(|theirs| id.contradicts(theirs)))
}

/// A source anchor that is no GUID was chosen by the site, and says nothing about the anchors of another directory.
fn is_comparable(id: &Identifier) -> bool {
    !matches!(id, Identifier::ImmutableId(anchor) if guid_of_immutable_id(anchor).is_none())
}

/// An answer that says "nobody" or "several" in the form of an error is one all the same.
fn heard(answer: Result<LookUp<AccountFacts>, ActionError>) -> Result<LookUp<AccountFacts>, ActionError> {
    match answer {
        Err(error) if error.failure == Failure::NotFound => Ok(LookUp::NotFound),
        Err(error) if error.failure == Failure::Ambiguous => Ok(LookUp::Ambiguous(error.message)),
        answer => answer,
    }
}

/// The ids that stay with an account for life, each in every form in which another directory may hold it.
fn certain_ids(facts: &AccountFacts) -> Vec<Identifier> {
    let mut ids: Vec<Identifier> =
        facts.identifiers.iter().filter(|name| name.is_immutable()).cloned().collect();
    let other_forms: Vec<Identifier> = ids.iter().filter_map(other_form).collect();
    ids.extend(other_forms.into_iter().filter(|form| !facts.identifiers.contains(form)));
    ids
}

/// A source anchor is, as a rule, the object GUID in other clothes.
fn other_form(id: &Identifier) -> Option<Identifier> {
    match id {
        Identifier::AdGuid(text) => Some(Identifier::ImmutableId(immutable_id_of_guid(parse_guid(text)?))),
        Identifier::ImmutableId(anchor) => {
            Some(Identifier::AdGuid(guid_of_immutable_id(anchor)?.hyphenated().to_string()))
        }
        _ => None,
    }
}

fn has_certain(facts: &AccountFacts, id: &Identifier) -> bool {
    id.is_immutable() && certain_ids(facts).contains(id)
}

fn is_login_name(name: &Identifier) -> bool {
    matches!(name, Identifier::Upn(_) | Identifier::Login(_))
}

fn share_login_name(one: &AccountFacts, other: &AccountFacts) -> bool {
    let text = |name: &Identifier| match name {
        Identifier::Upn(text) | Identifier::Login(text) => Some(text.clone()),
        _ => None,
    };
    let names: Vec<String> = one.identifiers.iter().filter_map(text).collect();
    other.identifiers.iter().filter_map(text).any(|name| names.contains(&name))
}

/// An id of the alert and an id of an account that cannot belong to one: the id wins over every name that led there.
fn contradiction(names: &[Identifier], found: &[AccountFacts]) -> Option<String> {
    let clash = |facts: &AccountFacts| {
        let clashing = names.iter().find_map(|name| {
            let own = facts.identifiers.iter().filter(|own| name.contradicts(own)).collect::<Vec<_>>();
            let is_known = facts.identifiers.contains(name);
            (!own.is_empty() && !is_known).then(|| format!("the alert says {name}"))
        })?;
        Some(format!("{} at {} is somebody else: {clashing}", facts.display, facts.key.provider))
    };
    found.iter().find_map(clash)
}

#[cfg(test)]
mod tests;
