//! Source lines as they are shown beside a mistake: what stands where a secret should only be referred to is not.
//!
//! A password that was written into a site file is a mistake, and the line is shown so that it can be found. But what an
//! engine says at its start goes into the log of the system, where a password must never stand.

use std::collections::BTreeMap;

/// The last words of names whose values are secrets.
const SECRETS: [&str; 7] =
    ["password", "secret", "token", "credential", "credentials", "apikey", "connectionstring"];

/// The sources with every written-out secret starred; places in them stay what they are.
pub(crate) fn masked(sources: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    sources.iter().map(|(name, text)| (name.clone(), masked_text(text))).collect()
}

fn masked_text(text: &str) -> String {
    text.split_inclusive('\n').map(masked_line).collect()
}

/// Everything from a secret's beginning to the end of its line, byte for byte: where it ends is not ours to guess.
fn masked_line(line: &str) -> String {
    let content = line.trim_end_matches(['\n', '\r']);
    match secret_in(content) {
        Some(from) => {
            format!("{}{}{}", &line[..from], "*".repeat(content.len() - from), &line[content.len()..])
        }
        None => line.to_owned(),
    }
}

/// Where a value begins that is a secret and no reference to one.
fn secret_in(line: &str) -> Option<usize> {
    line.match_indices(':').find_map(|(colon, _)| {
        let rest = &line[colon + 1..];
        let value = rest.trim_start_matches([' ', '\t']);
        let refers = value.is_empty() || value.starts_with(['{', '[', '#']);
        (names_a_secret(&line[..colon]) && !refers).then(|| line.len() - value.len())
    })
}

fn names_a_secret(before_colon: &str) -> bool {
    let name = before_colon.trim_end_matches([' ', '\t', '"', '\'']);
    let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let word: String =
        name.chars().rev().take_while(is_part).filter(|c| c.is_alphanumeric()).collect::<String>();
    let word: String = word.chars().rev().collect::<String>().to_lowercase();
    SECRETS.iter().any(|secret| word.ends_with(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_out_is_starred_and_references_are_not() {
        for (line, shown) in [
            ("    password: hunter2\n", "    password: *******\n"),
            ("sasl: { username: u, password: 'a b', x: 1 }", "sasl: { username: u, password: *************"),
            ("key_password: \"ü\"\r\n", "key_password: ****\r\n"),
            ("\"apiKey\": \"k\"", "\"apiKey\": ***"),
            ("client-secret:x", "client-secret:*"),
            ("password: { env: QUELL_PASSWORD }", "password: { env: QUELL_PASSWORD }"),
            ("password:", "password:"),
            ("token_file: /run/token", "token_file: /run/token"),
            ("listen: 127.0.0.1:7878", "listen: 127.0.0.1:7878"),
            ("password: { env: A }, token: t", "password: { env: A }, token: *"),
        ] {
            assert_eq!(masked_text(line), shown);
            assert_eq!(masked_text(line).len(), line.len(), "places stay: {line}");
        }
    }
}
