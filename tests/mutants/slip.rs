//! [`Slip`]: a playbook with one thing in it that a hand got wrong.

/// A text with one thing in it that a hand got wrong.
#[derive(Debug, Clone)]
pub(crate) struct Slip {
    /// The line, as it was and as it is.
    pub(crate) what: String,
    /// All of it.
    pub(crate) text: String,
}

/// Words that turn a meaning round.
const TURNED: &[(&str, &str)] = &[
    ("any_of", "none_of"),
    ("none_of", "any_of"),
    ("at_least", "more_than"),
    ("at_least", "at_most"),
    ("more_than", "at_least"),
    ("less_than", "at_most"),
    ("contains", "starts_with"),
    ("starts_with", "contains"),
    ("ends_with", "contains"),
    ("is", "is_not"),
    ("is_not", "is"),
    ("in_range", "is"),
    ("true", "false"),
    ("false", "true"),
    ("stop", "continue"),
    ("continue", "stop"),
    ("stop", "ask"),
    ("ask", "stop"),
    ("run", "skip"),
    ("skip", "run"),
    ("act", "observe"),
    ("act", "ask"),
    ("ask", "act"),
    ("observe", "act"),
    ("disabled", "act"),
    ("full", "selective"),
    ("selective", "full"),
    ("low", "medium"),
    ("medium", "high"),
    ("high", "medium"),
    ("account", "device"),
    ("device", "account"),
    ("none", "any"),
    ("any", "none"),
    ("new", "updated"),
    ("active_directory", "entra_id"),
    ("entra_id", "okta"),
    ("okta", "entra_id"),
];

/// Everything that may slip.
pub(crate) fn slips(text: &str) -> Vec<Slip> {
    let mut found = Vec::new();
    for part in spoken(text) {
        let before = &text[part.start..part.end];
        let mut with = |after: &str| {
            if after != before {
                let line = text[..part.start].matches('\n').count() + 1;
                found.push(Slip {
                    what: format!("{line}: {:?} -> {:?}", before.trim(), after.trim()),
                    text: format!("{}{after}{}", &text[..part.start], &text[part.end..]),
                });
            }
        };
        with("");
        for after in items(before).into_iter().chain(words(before)).chain(exchanged(before)) {
            with(&after);
        }
    }
    found
}

struct Part {
    start: usize,
    end: usize,
}

/// The lines that say something to the engine.
fn spoken(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut offset, mut prose, mut params): (usize, Option<usize>, Option<usize>) = (0, None, None);
    for line in text.split_inclusive('\n') {
        let (start, end) = (offset, offset + line.len());
        offset = end;
        let bare = line.trim_start();
        let key = bare.trim_start_matches("- ");
        let indent = line.len() - bare.len();
        let column = line.len() - key.len();
        if bare.trim().is_empty() || bare.starts_with('#') || prose.is_some_and(|at| indent > at) {
            continue;
        }
        prose = None;
        if params.is_some_and(|at| column <= at) {
            params = None;
        }
        let only_people_read =
            ["title:", "description:", "labels:", "owner:"].iter().any(|word| key.starts_with(word));
        if only_people_read && params.is_none() {
            prose = Some(indent);
            continue;
        }
        if params.is_none() && ["with:", "set:"].iter().any(|word| key.starts_with(word)) {
            params = Some(column);
        }
        parts.push(Part { start, end });
    }
    parts
}

/// The line without one of the items of a list in it.
fn items(line: &str) -> Vec<String> {
    let (Some(open), Some(close)) = (line.find('['), line.rfind(']')) else { return Vec::new() };
    let items: Vec<&str> = line[open + 1..close].split(", ").collect();
    if items.len() < 2 || line[..open].contains('"') {
        return Vec::new();
    }
    (0..items.len())
        .map(|gone| {
            let left: Vec<&str> =
                items.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, item)| *item).collect();
            format!("{}[{}]{}", &line[..open], left.join(", "), &line[close + 1..])
        })
        .collect()
}

/// The line with one of its words gone, longer, shorter, or turned round; numbers one more and one less.
fn words(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, end) in tokens(line) {
        let word = &line[start..end];
        let with = |after: &str| format!("{}{after}{}", &line[..start], &line[end..]);
        found.push(with(""));
        let digits = word.len() - word.trim_start_matches(|sign: char| sign.is_ascii_digit()).len();
        if let Ok(number) = word[..digits].parse::<u64>() {
            found.push(with(&format!("{}{}", number + 1, &word[digits..])));
            found.push(with(&format!("{}{}", number.saturating_sub(1), &word[digits..])));
            continue;
        }
        found.push(with(&format!("{word}x")));
        found.extend(TURNED.iter().filter(|(from, _)| *from == word).map(|(_, to)| with(to)));
    }
    found
}

/// The line with two neighbouring words in each other's place; not those of a list, whose order says nothing.
fn exchanged(line: &str) -> Vec<String> {
    let tokens = tokens(line);
    let pairs = tokens.windows(2).map(|pair| (pair[0], pair[1]));
    pairs
        .filter(|((_, b), (c, _))| !line[*b..*c].contains(','))
        .map(|((a, b), (c, d))| {
            format!("{}{}{}{}{}", &line[..a], &line[c..d], &line[b..c], &line[a..b], &line[d..])
        })
        .collect()
}

/// Runs of letters, digits and the signs of names, up to a comment.
fn tokens(line: &str) -> Vec<(usize, usize)> {
    let end = line.find(" #").unwrap_or(line.len());
    let is_part = |sign: char| sign.is_alphanumeric() || sign == '_';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..end].find(is_part).map(|found| at + found) {
        let stop = line[start..end].find(|sign| !is_part(sign)).map_or(end, |found| start + found);
        found.push((start, stop));
        at = stop;
    }
    found
}
