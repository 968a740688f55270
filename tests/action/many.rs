//! A million entries: clearing costs a few look-ups, not a walk.

use std::time::{Duration, Instant};

use quell_action::Subject;
use quell_action::exclusion::{Entry, EntryId, Excludes, Source};
use quell_alert::{DeviceIdentifier, Identifier};

use crate::people::{DISABLE, alice, list, now, targets};

const MANY: usize = 1_000_000;

fn entry(at: usize) -> Entry {
    let excludes = match at % 6 {
        0 => Excludes::Account(vec![Identifier::Sid(format!("S-1-5-21-7-7-7-{at}"))]),
        1 => Excludes::Account(vec![Identifier::Upn(format!("user{at}@contoso.example"))]),
        // All in one account name: the worst case for names in domains.
        2 => Excludes::Account(vec![Identifier::Sam { domain: "contoso".into(), name: format!("user{at}") }]),
        3 => Excludes::Group {
            identifiers: vec![Identifier::Sid(format!("S-1-5-21-8-8-8-{at}"))],
            names: vec![format!("group {at}")],
        },
        4 => Excludes::Device(vec![DeviceIdentifier::DnsName(format!("host{at}.contoso.example"))]),
        _ => Excludes::DnSubtree(format!("ou=unit{at},dc=contoso,dc=example")),
    };
    Entry {
        id: EntryId(format!("site:{at}")),
        excludes,
        because: "b".into(),
        owner: None,
        actions: Vec::new(),
        only: Vec::new(),
        until: None,
        source: Source::Site,
        added: None,
    }
}

#[test]
fn a_million_entries_cost_a_few_look_ups() {
    let list = list((0..MANY).map(entry).collect());
    let free = alice();
    let mut listed = alice();
    listed.accounts[2].identifiers.push(Identifier::Upn("user999997@contoso.example".into()));
    assert_eq!(999_997 % 6, 1);
    let (free, listed) =
        ((targets(&free)[0].clone(), Subject::Identity(free)), (targets(&listed)[0].clone(), listed));

    let started = Instant::now();
    for _ in 0..1000 {
        list.clear(&free.1, free.0.clone(), &DISABLE, now()).unwrap();
        list.clear(&Subject::Identity(listed.1.clone()), listed.0.clone(), &DISABLE, now()).unwrap_err();
    }
    // A walk over a million entries would take minutes; this bound is loose enough for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?} for 2000 clearances", started.elapsed());
}
