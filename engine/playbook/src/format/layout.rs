//! The order at the top of a playbook, and the empty lines between its sections.

/// The keys at the top of a playbook, in the order in which it is read: what it is, when it starts, for whom, within
/// which bounds, what it does.
const ORDER: [&str; 21] = [
    "language",
    "playbook",
    "title",
    "owner",
    "description",
    "labels",
    "severity_note",
    "mode",
    "when",
    "inputs",
    "once_per",
    "for_each",
    "unless",
    "limits",
    "approval",
    "defaults",
    "deadline",
    "steps",
    "always",
    "afterwards",
    "outputs",
];

/// What a playbook is, in a few lines without empty ones between: no section.
const HEAD: [&str; 9] =
    ["language", "playbook", "title", "owner", "description", "labels", "severity_note", "mode", "deadline"];

/// A key at the top, with its comments and all that belongs to it; or what stands above them all.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) key: Option<String>,
    /// Whether it goes over several lines by its nature.
    pub(super) is_block: bool,
    pub(super) lines: Vec<String>,
}

/// Puts the pieces together.
pub(super) fn join(mut chunks: Vec<Chunk>, rest: Vec<String>) -> String {
    let is_playbook = chunks.iter().any(|chunk| chunk.key.as_deref() == Some("playbook"));
    let is_known = chunks.iter().all(|chunk| chunk.key.as_deref().is_none_or(|key| ORDER.contains(&key)));
    if is_playbook && is_known {
        chunks.sort_by_key(|chunk| {
            chunk.key.as_deref().and_then(|key| ORDER.iter().position(|known| *known == key).map(|at| at + 1))
        });
    }
    let mut lines: Vec<String> = Vec::new();
    let mut after_section = false;
    for mut chunk in chunks {
        let is_section =
            is_playbook && chunk.is_block && chunk.key.as_deref().is_some_and(|key| !HEAD.contains(&key));
        let was_apart = trim(&mut chunk.lines);
        if (is_section || after_section || was_apart) && !lines.is_empty() {
            lines.push(String::new());
        }
        after_section = is_section || chunk.key.is_none();
        lines.extend(chunk.lines);
    }
    let mut rest = rest;
    if trim(&mut rest) && !rest.is_empty() && !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(rest);
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// Takes the empty lines at both ends away. Returns whether there was one at the beginning.
fn trim(lines: &mut Vec<String>) -> bool {
    let blanks = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blanks);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    blanks > 0
}
