//! [`Difference`]: where what happened is not what a test expects.

use std::collections::BTreeMap;
use std::fmt;

use quell_playbook::duration;
use serde::Serialize;

use super::expect::{Actions, Deed, Expect, SkipExpected, is_called};
use super::seen::{Happened, Seen, Skipped};
use super::wanted::{QuestionWanted, Wanted};

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
    found.extend(expect.questions().ok().flatten().and_then(|asks| questions(&asks, seen)));
    found.extend(expect.kept.as_ref().and_then(|kept| values("kept", kept, &seen.kept)));
    found.extend(expect.outputs.as_ref().and_then(|outputs| values("outputs", outputs, &seen.outputs)));
    if let Some(outcome) = expect.outcome.as_ref().filter(|outcome| seen.outcome.as_ref() != Some(outcome)) {
        let got = seen.outcome.clone().unwrap_or_else(|| "the run has not ended".to_owned());
        found.push(Difference { what: "outcome", expected: vec![outcome.clone()], got: vec![got] });
    }
    if let Some(length) = expect.length().ok().flatten().filter(|length| *length != seen.length) {
        let (expected, got) = (vec![duration::write(length)], vec![duration::write(seen.length)]);
        found.push(Difference { what: "ends_after", expected, got });
    }
    found
}

/// Values by name; those that a test does not name are passed over.
fn values<V: PartialEq + fmt::Display>(
    what: &'static str,
    expected: &BTreeMap<String, V>,
    got: &BTreeMap<String, V>,
) -> Option<Difference> {
    let lines =
        |of: &BTreeMap<String, V>| of.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let is_so = expected.iter().all(|(name, value)| got.get(name) == Some(value));
    (!is_so).then(|| Difference { what, expected: lines(expected), got: lines(got) })
}

/// In order. A line without a system stands for the calls of one step at all of them; what only tells, and is not
/// expected, is passed over, unless a test says that nothing happens at all (`none`).
fn actions(what: &'static str, expected: Option<&Actions>, happened: &[Happened]) -> Option<Difference> {
    let lines = expected.map_or(Some(Vec::new()), |actions| actions.lines().unwrap_or_default());
    let wanted = lines?;
    let nothing_at_all = expected.is_some() && wanted.is_empty();
    let counts = |one: &&Happened| {
        one.is_disruptive || nothing_at_all || wanted.iter().any(|line| line.deed.fits(&one.deed))
    };
    let mut left: &[Wanted] = &wanted;
    let got: Vec<&Happened> = happened.iter().filter(counts).collect();
    let mut current: Option<(&Wanted, Vec<&Deed>)> = None;
    for one in &got {
        let deed = &one.deed;
        if let Some((line, taken)) = &mut current
            && line.deed.at.is_none()
            && line.fits(one)
            && taken.iter().all(|before| before.at != deed.at && before.of == deed.of)
        {
            taken.push(deed);
            continue;
        }
        match left.split_first() {
            Some((line, rest)) if line.fits(one) => {
                current = Some((line, vec![deed]));
                left = rest;
            }
            _ => return Some(listed(what, &wanted, &got)),
        }
    }
    (!left.is_empty()).then(|| listed(what, &wanted, &got))
}

fn listed(what: &'static str, wanted: &[Wanted], got: &[&Happened]) -> Difference {
    Difference {
        what,
        expected: wanted.iter().map(ToString::to_string).collect(),
        got: got.iter().map(|one| Wanted::told(wanted, one)).collect(),
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

/// One line for each question, in order.
fn questions(wanted: &[QuestionWanted], seen: &Seen) -> Option<Difference> {
    let same = wanted.len() == seen.asked.len()
        && wanted.iter().zip(&seen.asked).all(|(line, asked)| line.fits(asked));
    (!same).then(|| Difference {
        what: "asks",
        expected: wanted.iter().map(ToString::to_string).collect(),
        got: seen.asked.iter().map(QuestionWanted::told).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn happened(line: &str) -> Happened {
        Happened {
            using: None,
            deed: Deed::read(line).unwrap(),
            is_disruptive: !line.starts_with("chat"),
            params: serde_json::Value::Null,
            after: Duration::ZERO,
            step: String::new(),
        }
    }

    fn is_as_expected(wanted: &[&str], got: &[&str]) -> bool {
        let wanted = Actions::Lines(wanted.iter().map(|line| (*line).into()).collect());
        let got: Vec<Happened> = got.iter().map(|line| happened(line)).collect();
        actions("actions", Some(&wanted), &got).is_none()
    }

    #[test]
    fn actions_come_in_order_and_none_too_many() {
        let (ad, okta) = ("account.disable of a at active_directory", "account.disable of a at okta");
        assert!(is_as_expected(&["account.disable of a"], &[ad, okta]), "one line for all systems");
        assert!(is_as_expected(&[ad, okta], &[ad, okta]));
        assert!(is_as_expected(&[ad], &[ad, "chat.post"]), "what only tells is passed over");
        assert!(!is_as_expected(&["chat.post"], &[]), "unless it is expected");
        assert!(!is_as_expected(&[], &["chat.post"]), "or nothing at all is to happen");
        assert!(actions("actions", None, &[happened("chat.post")]).is_none(), "nobody has said a word of it");
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
        let any = Actions::Word("any".to_owned());
        assert!(actions("actions", Some(&any), &[happened(ad)]).is_none());
    }
}
