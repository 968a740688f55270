//! Who has a token of their own: the people of `api.people`, with what the references of the site file lead to.

use anyhow::bail;
use quell_api::{Caller, Callers, Token};
use secrecy::ExposeSecret;

use crate::config::{PersonSettings, Site};

/// The people of a site, each with their token.
///
/// # Errors
/// When a token cannot be read, is none, or is that of somebody else: all of it, each at its place.
pub(crate) fn callers(site: &Site) -> anyhow::Result<Callers> {
    let mut callers = Callers::default();
    let mut wrong = Vec::new();
    for (number, person) in site.config.api.people.iter().enumerate() {
        if let Err(why) = add(&mut callers, person) {
            wrong.push((format!("api.people[{number}].token"), why));
        }
    }
    if !wrong.is_empty() {
        bail!(site.mistakes(wrong));
    }
    Ok(callers)
}

fn add(callers: &mut Callers, person: &PersonSettings) -> Result<(), String> {
    let secret = person.token.resolve().map_err(|why| why.to_string())?;
    let token = Token::new(secret.expose_secret());
    let added = token.and_then(|token| callers.add(Caller::Person(person.name.as_str().into()), token));
    added.map_err(|why| format!("{}: {why}", person.token))
}

#[cfg(test)]
mod tests;
