//! Values that are kept for an alert, and what has changed since the version before it.

use std::sync::Arc;

use quell_playbook::model::Playbook;
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::read;

use crate::shipped::known;

const TICKET: &str = "language: 1
playbook: ticket
title: One ticket for an alert, however often it changes
mode: act
when:
  alert:
    states: [new, updated, resolved]
    all:
      - alert.external_id: { is: \"2006\" }
    any:
      - alert.changed: { any_of: [severity, status] }
      - alert.before.status: { exists: false }
steps:
  - choose:
      - if:
          all:
            - alert.kept.ticket: { exists: true }
        steps:
          - stop: { outcome: \"updated {{ alert.kept.ticket }}, was {{ alert.before.severity }}\" }
      - otherwise:
          - id: note
            keep:
              ticket: \"T-{{ alert.external_id }}\"
          - if:
              all:
                - alert.kept.ticket: { is: T-2006 }
                - note.ticket: { is: T-2006 }
            stop: { outcome: \"opened {{ alert.kept.ticket }}\" }
";

fn playbook(text: &str) -> Arc<Playbook> {
    let file = SourceFile { name: "ticket.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(&[file], &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    Arc::clone(&loaded.playbooks[0])
}

/// What is not as expected, and the journal.
fn played(text: &str, lines: &str) -> (Vec<String>, String) {
    let test = format!(
        "language: 1\ntests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n    {lines}\n"
    );
    let test = read("ticket.test.yaml", test.as_bytes(), &known()).unwrap().remove(0);
    let played = test.play(crate::rehearsed::alert(&test), &playbook(text), &[], &known()).unwrap();
    let journal = played.journal.iter().map(|line| format!("{:?}\n", line.entry)).collect();
    (played.differences.iter().map(|one| format!("{one:?}")).collect(), journal)
}

#[test]
fn the_first_run_keeps_and_a_later_one_reads() {
    let (wrong, journal) = played(TICKET, "expect: { kept: { ticket: T-2006 } }");
    assert_eq!(wrong, Vec::<String>::new());
    assert!(journal.contains("opened T-2006"), "what was kept is seen by the next step: {journal}");
    let (wrong, journal) = played(
        TICKET,
        "given: { kept: { ticket: T-1 } }\n    before: { AlertSeverity: Low }\n    expect: {}",
    );
    assert_eq!(wrong, Vec::<String>::new());
    assert!(journal.contains("updated T-1, was low"), "{journal}");
    let (wrong, _) =
        played(TICKET, "given: { kept: { ticket: T-1 } }\n    expect: { kept: { ticket: T-2 } }");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

#[test]
fn only_a_change_that_is_asked_for_starts_it() {
    for (before, starts) in [
        ("{ AlertSeverity: Low }", true),
        ("{ Status: Resolved }", true),
        ("{ AlertName: Another, DisplayName: Another }", false),
        ("{}", false),
    ] {
        let (wrong, _) = played(
            TICKET,
            &format!(
                "given: {{ kept: {{ ticket: T-1 }} }}\n    before: {before}\n    expect: {{ matched: {starts} }}"
            ),
        );
        assert_eq!(wrong, Vec::<String>::new(), "{before}");
    }
}

#[test]
fn a_run_that_only_observes_keeps_nothing_for_others() {
    let (wrong, journal) = played(&TICKET.replace("mode: act", "mode: observe"), "expect: {}");
    assert_eq!(wrong, Vec::<String>::new());
    assert!(journal.contains("of: None") && journal.contains("opened T-2006"), "{journal}");
}

#[test]
fn a_missing_value_is_unknown_and_stops_what_needs_it() {
    let asks = TICKET.replace("alert.kept.ticket: { exists: true }", "alert.kept.ticket: { is: T-1 }");
    let (_, journal) = played(&asks, "expect: {}");
    assert!(journal.contains("Unknown") && !journal.contains("Kept"), "{journal}");
}

#[test]
fn one_playbook_may_read_what_another_keeps() {
    let reads = "language: 1\nplaybook: reads\ntitle: Reads\nwhen: { alert: { all: [{ alert.title: { exists: true } }] } }\nsteps:\n  - stop: { outcome: \"{{ alert.kept.ticket }}\" }\n";
    let file = |name: &str, text: &str| SourceFile { name: name.into(), bytes: text.as_bytes().to_vec() };
    let both = [file("reads.yaml", reads), file("ticket.yaml", TICKET)];
    assert!(load(&both, &known(), &Surroundings::default()).is_usable());
    let alone = load(&both[..1], &known(), &Surroundings::default());
    assert!(!alone.is_usable());
    assert!(alone.diagnostics[0].message.contains("no playbook that is loaded here keeps `ticket`"));
}
