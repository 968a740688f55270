//! The nearest right name to a wrong one.

/// The nearest of these names, where one is near enough that the author may have meant it.
pub fn one<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = simplified(wrong);
    if wrong.is_empty() {
        return None;
    }
    names
        .into_iter()
        .map(|name| (distance(&wrong, &simplified(name)), name))
        .filter(|(distance, name)| *distance <= most(wrong.len().max(name.len())))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// Case, hyphens, underscores and blanks are what people mix up most: they weigh nothing.
fn simplified(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '.').flat_map(char::to_lowercase).collect()
}

fn distance(wrong: &str, name: &str) -> f64 {
    if wrong.len() >= 4 && (name.ends_with(&format!(".{wrong}")) || name.starts_with(&format!("{wrong}."))) {
        return 0.5;
    }
    strsim::damerau_levenshtein(wrong, name) as f64
}

/// A third of a name may be wrong.
fn most(length: usize) -> f64 {
    (length as f64 / 3.0).clamp(1.0, 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["account.disable", "account.enable", "device.isolate"];
        assert_eq!(one("account.disabel", names), Some("account.disable"));
        assert_eq!(one("Account_Disable", ["account.disable"]), Some("account.disable"));
        assert_eq!(one("disable", names), Some("account.disable"));
        assert_eq!(one("teams.post", names), None);
        assert_eq!(one("at-least", ["at_least", "at_most"]), Some("at_least"));
        assert_eq!(one("", names), None);
    }
}
