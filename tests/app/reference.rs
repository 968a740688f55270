//! The page of the whole language is made by the program, and what is in the repository is what it makes.

use std::fs;
use std::path::Path;

use crate::place::Place;

#[test]
fn the_page_in_the_repository_is_fresh() {
    let page = Place::new().quell(&["reference"]).well().out;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../playbooks/REFERENCE.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == there,
        "playbooks/REFERENCE.md is old: `quell reference > playbooks/REFERENCE.md` writes it again"
    );
}

#[test]
fn it_names_every_operator_name_filter_and_mistake() {
    let place = Place::new();
    let page = place.quell(&["reference", "--all"]).well().out;
    for word in [
        "`in_list`",
        "`older_than`",
        "`alert.changed`",
        "`alert.kept.NAME`",
        "`account.groups`",
        "`run.report`",
        "`table`",
        "`keep`",
        "`choose`",
        "`if_unknown`",
        "`at_most`",
        "`account.disable`",
        "`list.add`",
        "PB0320",
        "PB0622",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("any of several forms |  |"), "a key without a meaning");
}
