//! [`chosen`]: one of the channels, services or receivers that a connection has.

use std::collections::BTreeMap;

use quell_action::ActionError;

/// The one of this name; the only one, where none is named. `what` says what they are, for the error.
///
/// # Errors
/// When there is none of this name, or none is named and there are several.
pub fn chosen<'m, V>(
    all: &'m BTreeMap<String, V>,
    name: Option<&str>,
    what: &str,
) -> Result<(&'m str, &'m V), ActionError> {
    let known = || all.keys().cloned().collect::<Vec<_>>().join(", ");
    let found = match name {
        Some(name) => all.get_key_value(name),
        None => all.iter().next().filter(|_| all.len() == 1),
    };
    let why = || match name {
        Some(name) => format!("there is no {what} {name:?}; there is {}", known()),
        None => format!("name the {what}: {}", known()),
    };
    found.map(|(name, one)| (name.as_str(), one)).ok_or_else(|| ActionError::rejected(why()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_one_needs_no_name_and_several_do() {
        let one = BTreeMap::from([("soc".to_owned(), 1)]);
        let two = BTreeMap::from([("soc".to_owned(), 1), ("soc-now".to_owned(), 2)]);
        assert_eq!(chosen(&one, None, "channel").unwrap(), ("soc", &1));
        assert_eq!(chosen(&two, Some("soc-now"), "channel").unwrap(), ("soc-now", &2));
        let why = |all, name| chosen(all, name, "channel").unwrap_err().message;
        assert_eq!(why(&two, None), "name the channel: soc, soc-now");
        assert_eq!(why(&one, Some("x")), "there is no channel \"x\"; there is soc");
    }
}
