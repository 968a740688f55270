//! Who is meant, as a run has recorded it, and how old that was.

use quell_action::{AccountFacts, Subject};
use quell_alert::Timestamp;
use quell_run::{Entry, Line};

use super::{FAINT, counted, styled};

/// Who a lane is about, as the directories say.
pub(super) fn who(subject: &Subject) -> String {
    match subject {
        Subject::Identity(identity) if identity.accounts.is_empty() => "known to no directory".into(),
        Subject::Identity(identity) => {
            let account = |facts: &AccountFacts| {
                let name =
                    facts.identifiers.first().map_or_else(|| facts.display.clone(), ToString::to_string);
                format!("{name} at {}", facts.key.provider)
            };
            identity.accounts.iter().map(account).collect::<Vec<_>>().join(" and ")
        }
        Subject::Device(device) => format!("{} at {}", device.display, device.key.provider),
        Subject::Nobody => "about nobody".into(),
    }
}

/// What a step came to, once it was known who is meant.
pub(super) fn worked_out(entry: &Entry) -> String {
    let Entry::Expanded { step, tasks, nobody, meant, .. } = entry else { return String::new() };
    if let Some(why) = nobody {
        return format!("{step} has nobody to act on: {why}");
    }
    let none_at: Vec<&str> = meant.iter().flat_map(|meant| &meant.none_at).map(|at| at.as_str()).collect();
    let none = if none_at.is_empty() { String::new() } else { format!("; none at {}", none_at.join(", ")) };
    format!("{step} comes to {}{none}", counted(tasks.len() as u64, "task"))
}

/// How old what the directories had said was, where a line rests on it.
pub(super) fn age(line: &Line) -> String {
    let read_at: Option<Timestamp> = match &line.entry {
        Entry::Expanded { meant: Some(meant), .. } => Some(meant.read_at),
        Entry::Resolved { subject, .. } => match subject.as_ref() {
            Subject::Identity(facts) => facts.accounts.iter().map(|account| account.read_at).min(),
            Subject::Device(device) => Some(device.read_at),
            Subject::Nobody => None,
        },
        _ => None,
    };
    let Some(age) = read_at.and_then(|read_at| (line.at - read_at).to_std().ok()) else {
        return String::new();
    };
    let age =
        if age.as_secs() < 10 { format!("{} ms", age.as_millis()) } else { format!("{} s", age.as_secs()) };
    format!(" {}", styled(FAINT, format_args!("(as read {age} before)")))
}
