//! No text makes the reader of playbooks, or one of its small languages, fail, hang or grow.

use quell_playbook::model::AlertState;
use quell_playbook::path::Path;
use quell_playbook::schedule::{self, Missed, Schedule};
use quell_playbook::template::{Template, TextFormat};
use quell_playbook::{
    AlertScope, Layout, Matcher, Moment, SourceFile, Surroundings, duration, format, load, render,
};
use quell_tests::fuzz::mutate::{bytes, lines, sentence};
use quell_tests::fuzz::{Random, fuzz};

use crate::fixtures::{alert, load_files, now};
use crate::shipped::{known, shipped};

fn samples() -> Vec<Vec<u8>> {
    shipped().into_iter().map(|file| file.bytes).collect()
}

/// Loads a file as the program does, shows what is wrong with it in every form, and lays it out.
fn read(catalogue: &quell_action::Catalogue, case: &[u8]) {
    let file = SourceFile { name: "case.yaml".into(), bytes: case.to_vec() };
    let loaded = load(&[file], catalogue, &Surroundings::default());
    assert_eq!(loaded.is_usable(), loaded.diagnostics.iter().all(|found| !found.is_error()));
    let _said = (render::summary(&loaded.diagnostics), render::json(&loaded.diagnostics));
    if let Ok(Layout::Settled(text)) = format("case.yaml", case) {
        assert_eq!(
            format("case.yaml", text.as_bytes()).unwrap(),
            Layout::Settled(text),
            "laid out once is laid out"
        );
    }
    if !loaded.playbooks.is_empty() {
        Matcher::new(loaded.playbooks).matching(&alert(), AlertState::New, now());
    }
}

#[test]
fn shipped_playbooks_with_other_lines() {
    let (samples, catalogue) = (samples(), known());
    fuzz("playbook-lines", 700, |random| lines(random, &samples), |case| read(&catalogue, case));
}

#[test]
fn shipped_playbooks_with_wounds_in_their_bytes() {
    let (samples, catalogue) = (samples(), known());
    fuzz("playbook-bytes", 500, |random| bytes(random, &samples), |case| read(&catalogue, case));
}

#[test]
fn conditions() {
    const NAMES: [&str; 14] = [
        "alert.severity",
        "alert.title",
        "alert.techniques",
        "alert.start",
        "alert.product",
        "account.upn",
        "account.groups",
        "ip.address",
        "$.Entities[*].Type",
        "$.ExtendedProperties['Risk Score']",
        "inputs.x",
        "$..Type",
        "now",
        "alert.entities.accounts.count",
    ];
    const OPERATORS: [&str; 18] = [
        "is",
        "is_not",
        "any_of",
        "none_of",
        "contains",
        "starts_with",
        "matches",
        "at_least",
        "more_than",
        "exists",
        "in_network",
        "older_than",
        "in_list",
        "some",
        "every",
        "between",
        "count",
        "length",
    ];
    const VALUES: [&str; 18] = [
        "high",
        "true",
        "\"2018\"",
        "[a, b]",
        "[[a], {b: c}]",
        "10.0.0.0/8",
        "-1",
        "1e400",
        "\"(a+)+$\"",
        "8h",
        "{ from: alert.title }",
        "\"(a{100}){100}\"",
        "\"(a{1000}){1000}{1000}\"",
        "\"(a\"",
        "{ account.upn: { is: x } }",
        "''",
        "~",
        "2026-02-30",
    ];
    let make = |random: &mut Random| {
        let mut text =
            "language: 1\nplaybook: case\ntitle: x\nmode: observe\nwhen:\n  alert:\n    all:\n".to_owned();
        for _ in 0..=random.below(4) {
            let (name, operator) = (random.of(&NAMES), random.of(&OPERATORS));
            let value = random.of(&VALUES);
            let line = match random.below(4) {
                0 => format!("      - any: [{{ {name}: {{ {operator}: {value} }} }}, {{ all: [] }}]\n"),
                1 => format!("      - {name}: {{ {operator}: {value}, exists: true }}\n"),
                2 => format!("      - {name}: {}\n", sentence(random, &VALUES)),
                _ => format!("      - {name}: {{ {operator}: {value} }}\n"),
            };
            text.push_str(&line);
        }
        text.push_str("for_each: account\nsteps:\n  - do: account.disable\n");
        text.into_bytes()
    };
    fuzz("conditions", 1_500, make, |case| {
        let loaded = load_files(&[("case.yaml", case)]);
        if !loaded.playbooks.is_empty() {
            let matcher = Matcher::new(loaded.playbooks);
            matcher.matching(&alert(), AlertState::New, now());
        }
    });
}

#[test]
fn templates() {
    const WORDS: [&str; 23] = [
        "{{ 'x' * 100000000 }}",
        "{{ range(99999999) | join('x') }}",
        "{% for x in range(99999999) %}{{ x }}{% endfor %}",
        "{{",
        "}}",
        "alert.title",
        "alert.id",
        "| truncate(80)",
        "| default('x')",
        "| upper",
        "| json",
        "account.upn",
        "|",
        "(",
        ")",
        "'",
        "\"",
        "{%",
        "for",
        "range(100000000)",
        "{#",
        "#}",
        "~",
    ];
    let (about, moment) = (alert(), Moment::from(now()));
    fuzz(
        "templates",
        6_000,
        |random| sentence(random, &WORDS).into_bytes(),
        |case| {
            let text = String::from_utf8_lossy(case);
            for format in [TextFormat::Plain, TextFormat::Html, TextFormat::Json] {
                if let Ok(template) = Template::parse(&text, format)
                    && let Ok(filled) = template.fill(&AlertScope { alert: &about, moment: &moment })
                {
                    assert!(filled.len() < 1_000_000, "a short text does not become a long one");
                }
            }
        },
    );
}

#[test]
fn paths_schedules_and_spans_of_time() {
    const WORDS: [&str; 26] = [
        "$",
        "$.",
        "..",
        "*",
        "[*]",
        "[?",
        "(@.Type == 'account')",
        "]",
        "['a']",
        "[0]",
        "[-1]",
        "[::0]",
        "[1:9e9:1]",
        "Entities",
        "length(",
        "match(@.Name, '(a+)+b')",
        "0",
        "30",
        "*/7",
        "mon-fri",
        "31 2",
        "1-5",
        "8h",
        "2d",
        "99999999999999999d",
        "1.5h",
    ];
    let document = alert().document;
    let zone = schedule::zone("Europe/Vienna").unwrap();
    fuzz(
        "paths",
        8_000,
        |random| sentence(random, &WORDS).into_bytes(),
        |case| {
            let text = String::from_utf8_lossy(case);
            if let Ok(path) = Path::parse(&text) {
                assert!(path.find(&document).len() < 10_000);
            }
            if let Ok(times) = Schedule::parse(&text, zone, Missed::Skip) {
                assert!(times.after(now()).is_none_or(|next| next > now()));
            }
            if let Ok(span) = duration::read(&text) {
                assert_eq!(duration::read(&duration::write(span)), Ok(span));
            }
        },
    );
}
