//! [`Difference`]: where what happened is not what a test expects.

use serde::Serialize;

use super::expect::{Actions, Deed, Expect, SkipExpected, is_called};
use super::seen::{Happened, Seen, Skipped};

/// Where what happened is not what a test expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which part of the expectation: `actions`.
    pub what: &'static str,
    /// What was expected.
    pub expected: Vec<String>,
    /// What happened.
    pub got: Vec<String>,
}

/// Everything in which a run is not as expected.
pub(super) fn differences(expect: &Expect, seen: &Seen) -> Vec<Difference> {
    let mut found = Vec::new();
    found.extend(actions("actions", expect.actions.as_ref(), &seen.done));
    if expect.would.is_some() {
        found.extend(actions("would", expect.would.as_ref(), &seen.would));
    }
    found.extend(expect.failed.as_ref().and_then(|failed| failures(failed, &seen.failed)));
    found.extend(expect.skipped.as_ref().and_then(|skipped| skips(skipped, &seen.skipped)));
    found.extend(expect.asks.as_ref().and_then(|asks| questions(asks, seen)));
    if let Some(outcome) = expect.outcome.as_ref().filter(|outcome| seen.outcome.as_ref() != Some(outcome)) {
        let got = seen.outcome.clone().unwrap_or_else(|| "the run has not ended".to_owned());
        found.push(Difference { what: "outcome", expected: vec![outcome.clone()], got: vec![got] });
    }
    found
}

/// In order. A line without a system stands for the calls of one step at all of them; what only tells, and is not
/// expected, is passed over.
fn actions(what: &'static str, expected: Option<&Actions>, happened: &[Happened]) -> Option<Difference> {
    let wanted: Vec<Deed> = expected.and_then(|actions| actions.lines().ok()).unwrap_or_default();
    let counts = |one: &&Happened| one.is_disruptive || wanted.iter().any(|deed| deed.fits(&one.deed));
    let mut left: &[Deed] = &wanted;
    let got: Vec<&Deed> = happened.iter().filter(counts).map(|one| &one.deed).collect();
    let mut current: Option<(&Deed, Vec<&Deed>)> = None;
    for deed in &got {
        if let Some((line, taken)) = &mut current
            && line.at.is_none()
            && line.fits(deed)
            && taken.iter().all(|before| before.at != deed.at && before.of == deed.of)
        {
            taken.push(deed);
            continue;
        }
        match left.split_first() {
            Some((line, rest)) if line.fits(deed) => {
                current = Some((line, vec![deed]));
                left = rest;
            }
            _ => return Some(listed(what, &wanted, &got)),
        }
    }
    (!left.is_empty()).then(|| listed(what, &wanted, &got))
}

fn listed(what: &'static str, wanted: &[Deed], got: &[&Deed]) -> Difference {
    Difference {
        what,
        expected: wanted.iter().map(ToString::to_string).collect(),
        got: got.iter().map(ToString::to_string).collect(),
    }
}

/// In any order, and nothing else.
fn failures(wanted: &[String], got: &[String]) -> Option<Difference> {
    let fits = |line: &String, failed: &String| {
        let deeds = (Deed::read(line), Deed::read(failed));
        line == failed || matches!(deeds, (Ok(wanted), Ok(failed)) if wanted.fits(&failed))
    };
    let same = wanted.iter().all(|line| got.iter().any(|failed| fits(line, failed)))
        && got.iter().all(|failed| wanted.iter().any(|line| fits(line, failed)));
    (!same).then(|| Difference { what: "failed", expected: wanted.to_vec(), got: got.to_vec() })
}

/// In any order. Steps that are not taken may be left out of what is expected; people may not.
fn skips(wanted: &[SkipExpected], got: &[Skipped]) -> Option<Difference> {
    let fits = |line: &SkipExpected, skipped: &Skipped| {
        is_called(&skipped.who, &line.who)
            && line.step == skipped.step
            && line.because == skipped.because
            && line.says.as_ref().is_none_or(|words| skipped.says.contains(words.as_str()))
    };
    let same = wanted.iter().all(|line| got.iter().any(|skipped| fits(line, skipped)))
        && got
            .iter()
            .filter(|skipped| skipped.step.is_none())
            .all(|skipped| wanted.iter().any(|line| fits(line, skipped)));
    let written = |line: &SkipExpected| {
        let step = line.step.as_ref().map(|step| format!(", step {step}")).unwrap_or_default();
        let says = line.says.as_ref().map(|says| format!(" ({says})")).unwrap_or_default();
        format!("{}{step}: {}{says}", line.who, line.because)
    };
    (!same).then(|| Difference {
        what: "skipped",
        expected: wanted.iter().map(written).collect(),
        got: got.iter().map(ToString::to_string).collect(),
    })
}

/// One line for each question, in order: its name, with or without its lane, or words of it.
fn questions(wanted: &[String], seen: &Seen) -> Option<Difference> {
    let fits = |line: &String, id: &str, text: &str| {
        id == line || id.split_once('/').is_some_and(|(_, name)| name == line) || text.contains(line.as_str())
    };
    let same = wanted.len() == seen.asked.len()
        && wanted.iter().zip(&seen.asked).all(|(line, asked)| fits(line, &asked.id.0, &asked.text));
    let written = |asked: &crate::Question| format!("{}: {}", asked.id, asked.text);
    (!same).then(|| Difference {
        what: "asks",
        expected: wanted.to_vec(),
        got: seen.asked.iter().map(written).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happened(line: &str) -> Happened {
        Happened { deed: Deed::read(line).unwrap(), is_disruptive: !line.starts_with("chat") }
    }

    fn is_as_expected(wanted: &[&str], got: &[&str]) -> bool {
        let wanted = Actions::Lines(wanted.iter().map(ToString::to_string).collect());
        let got: Vec<Happened> = got.iter().map(|line| happened(line)).collect();
        actions("actions", Some(&wanted), &got).is_none()
    }

    #[test]
    fn actions_come_in_order_and_none_too_many() {
        let (ad, okta) = ("account.disable of a at active_directory", "account.disable of a at okta");
        assert!(is_as_expected(&["account.disable of a"], &[ad, okta]), "one line for all systems");
        assert!(is_as_expected(&[ad, okta], &[ad, okta]));
        assert!(is_as_expected(&[], &["chat.post"]), "what only tells is passed over");
        assert!(!is_as_expected(&["chat.post"], &[]), "unless it is expected");
        for (wanted, got) in [
            (&[okta, ad][..], &[ad, okta][..]),
            (&[ad], &[ad, okta]),
            (&[ad, okta], &[ad]),
            (&[], &[ad]),
            (&["account.disable of a"], &[ad, ad]),
            (&["account.disable of b"], &[ad]),
            (&["undo account.disable of a"], &[ad]),
        ] {
            assert!(!is_as_expected(wanted, got), "{wanted:?} {got:?}");
        }
        assert!(actions("actions", None, &[happened(ad)]).is_some(), "nobody expected it");
    }
}
