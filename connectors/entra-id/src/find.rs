//! Who is meant by a set of names: everybody whom any of them leads to is looked at, and only one who has all of them
//! is found.

use quell_action::{ActionError, Failure, LookUp};
use quell_alert::Identifier;
use quell_kit::Deadline;
use quell_kit::microsoft::literal;

use crate::client::Client;
use crate::user::User;

impl Client {
    /// The user who has all of these names, as far as they can be asked for here.
    pub(crate) async fn find(
        &self,
        identifiers: &[Identifier],
        deadline: Deadline,
    ) -> Result<LookUp<User>, ActionError> {
        let names: Vec<&Identifier> = identifiers.iter().filter(|name| self.can_ask_for(name)).collect();
        let mut touched: Vec<String> = Vec::new();
        for name in &names {
            for id in self.named(name, deadline).await? {
                if !touched.contains(&id) {
                    touched.push(id);
                }
            }
        }
        match touched.as_slice() {
            [] => Ok(LookUp::NotFound),
            [id] => {
                // Filters are answered by an index that lags behind: what counts is the user itself.
                let user = match self.user_by_id(id, deadline).await {
                    Err(error) if error.failure == Failure::NotFound => return Ok(LookUp::NotFound),
                    user => user?,
                };
                let own = user.identifiers(&self.domains);
                Ok(match names.iter().all(|name| own.contains(name)) {
                    true => LookUp::Found(user),
                    false => LookUp::NotFound,
                })
            }
            several => Ok(LookUp::Ambiguous(format!(
                "{} users of the tenant have one of these names",
                several.len()
            ))),
        }
    }

    /// Whether a name can be asked for. Weak ones never are, and `DOMAIN\name` only where the domain is known.
    fn can_ask_for(&self, name: &Identifier) -> bool {
        match name {
            Identifier::EntraId(_) | Identifier::ImmutableId(_) | Identifier::Upn(_) => true,
            Identifier::Sid(_) => name.as_sid().is_some_and(|sid| sid.is_entra() || sid.is_issued()),
            Identifier::Sam { domain, .. } => self.dns_of(domain).is_some(),
            _ => false,
        }
    }

    /// The object ids of everybody who has this name.
    async fn named(&self, name: &Identifier, deadline: Deadline) -> Result<Vec<String>, ActionError> {
        if let Some(id) = object_id(name) {
            return match self.user_by_id(&id, deadline).await {
                Ok(user) => Ok(vec![folded(&user)]),
                Err(error) if error.failure == Failure::NotFound => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let (member, text) = match name {
            Identifier::Sid(sid) => ("onPremisesSecurityIdentifier", sid),
            Identifier::ImmutableId(anchor) => ("onPremisesImmutableId", anchor),
            Identifier::Upn(upn) => ("userPrincipalName", upn),
            Identifier::Sam { name, .. } => ("onPremisesSamAccountName", name),
            _ => return Ok(Vec::new()),
        };
        // Only the index knows account names, and it does not know domains: those are compared here.
        let advanced = matches!(name, Identifier::Sam { .. });
        let found = self.users_where(&format!("{member} eq {}", literal(text)), advanced, deadline).await?;
        let has = |user: &&User| user.identifiers(&self.domains).contains(name);
        Ok(found.iter().filter(has).map(folded).collect())
    }

    fn dns_of(&self, domain: &str) -> Option<String> {
        let domain = domain.to_lowercase();
        if domain.contains('.') { Some(domain) } else { self.domains.get(&domain).cloned() }
    }
}

fn folded(user: &User) -> String {
    user.id.to_lowercase()
}

/// The object id that a name is, or from which it was derived.
fn object_id(name: &Identifier) -> Option<String> {
    match name {
        Identifier::EntraId(id) => Some(id.clone()),
        Identifier::Sid(_) => Some(name.as_sid()?.entra_object_id()?.to_string()),
        _ => None,
    }
}
