//! The controller's own log of changes: who has written what.

use serde_json::Value;

use super::people::Person;
use crate::environment::variable;

/// How often the service account has written this attribute of somebody with success.
pub fn changes(person: &Person, attribute: &str) -> usize {
    lines(person.born)
        .iter()
        .filter(|change| is_of(change, person) && change["attributes"][attribute].is_object())
        .count()
}

/// How often the service account has written anything of somebody with success.
pub fn all_changes(person: &Person) -> usize {
    lines(person.born).iter().filter(|change| is_of(change, person)).count()
}

fn is_of(change: &Value, person: &Person) -> bool {
    change["operation"] == "Modify"
        && change["statusCode"] == 0
        && change["performedAsSystem"] == false
        // Changes by GUID are logged by the name that the object had.
        && change["dn"].as_str().is_some_and(|dn| dn.eq_ignore_ascii_case(&person.dn))
        && change["remoteAddress"].is_string()
        && change["userSid"].as_str().is_some_and(|sid| !sid.ends_with("-500"))
}

/// How long the log is.
pub fn length() -> usize {
    read().len()
}

fn lines(from: usize) -> Vec<Value> {
    read()[from..]
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok())
        .map(|line| line["dsdbChange"].clone())
        .collect()
}

fn read() -> String {
    std::fs::read_to_string(variable("QUELL_TEST_AD_AUDIT_LOG")).unwrap()
}
