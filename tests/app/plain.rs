//! Replaces what differs from time to time and from machine to machine.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

static KINDS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // A moment of the engine, in text and in JSON. Those of the samples are written in other ways.
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\b", "yyyy-mm-dd hh:mm:ss.fff"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "yyyy-mm-dd hh:mm:ss"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z", "yyyy-mm-ddThh:mm:ss.fffZ"),
        (r"\b\d+ ms\b", "N ms"),
        (r"\bin \d+\.\d s\b", "in N s"),
        (r"\b\d+ bytes\b", "N bytes"),
        (r"\b\d+ (records|playbooks)\b", "N $1"),
        (r"\bcommit \d+", "commit N"),
        (r"\bcommits \d+ to \d+\b", "commits N to N"),
        (r#""commit": \d+"#, "\"commit\": N"),
        (r"\b127\.0\.0\.1:[1-9]\d*\b", "127.0.0.1:port"),
        // Runs, beginnings of runs, entries of the exclusion list.
        (r"(^|[^0-9a-zA-Z-])[0-9a-f]{32}($|[^0-9a-zA-Z-])", "${1}run-id-run-id-run-id-run-id-run-i${2}"),
        (r"(?m)(^|[ (])[0-9a-f]{8}($|[ )])", "${1}run-id-r${2}"),
        (r"(?m)(^|[ (])[0-9a-f]{12}($|[ )])", "${1}entry-id-ent${2}"),
    ]
    .into_iter()
    .map(|(kind, word)| (Regex::new(kind).unwrap(), word))
    .collect()
});

/// The text without what differs.
pub(crate) fn of(text: &str, place: &Path) -> String {
    let text = text.replace(&place.display().to_string(), "[here]");
    KINDS.iter().fold(text, |text, (kind, word)| kind.replace_all(&text, *word).into_owned())
}
