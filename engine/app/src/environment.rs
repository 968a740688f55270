//! The one place in the program that reads the environment, apart from the connectors' references to secrets.

/// The value of an environment variable, where it is set and is text.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who is at the keyboard, for the record.
pub(crate) fn operator() -> String {
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(variable).unwrap_or_else(|| "operator".into())
}
