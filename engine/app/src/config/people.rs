//! The people who have a token of their own.

use std::path::Path;

use quell_kit::SecretRef;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Config;
use crate::reach;

/// Somebody who has a token of their own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonSettings {
    /// Their name, as `teams` has it. It stands on record for whatever is done with the token.
    pub(crate) name: String,
    /// Where the token lies: 32 characters or more, without blanks.
    pub(crate) token: SecretRef,
}

/// What is wrong with them, each at its place. Their tokens are not looked at.
pub(super) fn complaints(people: &[PersonSettings], state: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let engines_own = state.join(reach::TOKEN);
    for (number, PersonSettings { name, token }) in people.iter().enumerate() {
        let before = &people[..number];
        let mut complain =
            |what: &str, why: String| found.push((format!("api.people[{number}].{what}"), why));
        if name.is_empty() {
            complain("name", "is empty: whatever is done with the token stands under this name".into());
        } else if name.trim() != name || name.chars().any(char::is_control) {
            complain("name", format!("{name:?} has blanks at its ends, or letters that nobody can see"));
        }
        if before.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
            complain("name", format!("{name:?} has a token already: one person has one name, and one token"));
        }
        if let Some(other) = before.iter().find(|other| other.token == *token) {
            complain(
                "token",
                format!("is the token of {:?} too: nobody could tell the two apart", other.name),
            );
        }
        if *token == SecretRef::File(engines_own.clone()) {
            complain("token", "is the engine's own, which is another one after each start".into());
        }
    }
    found
}

/// What a person should look at.
pub(super) fn doubts(config: &Config) -> Vec<(String, String)> {
    let in_a_team = |name: &String| config.teams.values().any(|members| members.contains(name));
    let people = config.api.people.iter().enumerate();
    people
        .filter(|(_, person)| !config.teams.is_empty() && !in_a_team(&person.name))
        .map(|(number, person)| {
            let why = format!("{:?} is in no team of `teams`, and so can answer nothing", person.name);
            (format!("api.people[{number}].name"), why)
        })
        .collect()
}
