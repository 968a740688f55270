//! Somebody is left alone under whatever name they are excluded, and whatever name they are asked about.

use crate::place::{Place, Said};

/// Every name of one person in the made-up tenant: the option of `add`, and the name.
const NAMES: [(&str, &str); 7] = [
    ("--upn", "alice@contoso.example"),
    ("--sid", "S-1-5-21-1004336348-1177238915-682003330-1104"),
    ("--sam", "CONTOSO\\alice"),
    ("--entra-id", "a0000000-0000-4000-8000-000000001104"),
    ("--okta-id", "00u0000000000aliceXX"),
    ("--login", "alice@contoso.example"),
    ("--ad-guid", "11111111-1111-4111-8111-000000001104"),
];

fn add(place: &Place, option: &str, name: &str) -> String {
    let args = ["exclusions", "add", option, name, "--because", "tested", "--json"];
    let added = place.quell(&args).well().json();
    added[0]["id"].as_str().unwrap().to_owned()
}

fn test(place: &Place, who: &str) -> Said {
    place.quell(&["exclusions", "test", who])
}

#[test]
fn any_name_of_a_person_stands_for_all_of_them() {
    let place = Place::with_site();
    for (option, name) in NAMES {
        let id = add(&place, option, name);
        for (_, other) in NAMES {
            let said = test(&place, other).well();
            assert!(said.out.contains("every disruptive action: tested"), "{name} and {other}: {}", said.out);
            assert!(!said.out.contains("can be acted on"), "{name} and {other}: {}", said.out);
        }
        test(&place, "bob@contoso.example").with_code(1);
        place.quell(&["exclusions", "remove", &id]).well();
        test(&place, name).with_code(1);
    }
}

#[test]
fn a_group_protects_its_members() {
    let place = Place::with_site();
    test(&place, "grace@contoso.example").with_code(1);
    let id = add(&place, "--group-name", "Domain Admins");
    test(&place, "grace@contoso.example").well();
    place.quell(&["exclusions", "remove", &id]).well();
    add(&place, "--group-sid", "S-1-5-21-1004336348-1177238915-682003330-512");
    test(&place, "CONTOSO\\grace").well();
    test(&place, "alice@contoso.example").with_code(1);
}

#[test]
fn devices_are_protected_by_name_tag_and_network() {
    let place = Place::with_site();
    let device = "wks-bob.contoso.example";
    test(&place, device).with_code(1);
    let id = add(&place, "--device", device);
    test(&place, device).well();
    test(&place, "srv-files.contoso.example").with_code(1);
    place.quell(&["exclusions", "remove", &id]).well();
    let id = add(&place, "--address", "10.0.0.0/8");
    test(&place, device).well();
    place.quell(&["exclusions", "remove", &id]).well();
    test(&place, device).with_code(1);
    add(&place, "--device-tag", "do-not-isolate");
    test(&place, "med-scanner-1.contoso.example").well();
}

#[test]
fn an_entry_is_kept_and_counts_for_the_next_run() {
    let place = Place::with_acting_site();
    add(&place, "--okta-id", "00u00000000000daveXX");
    let listed = place.quell(&["exclusions", "list"]).well().out;
    assert!(listed.contains("tested") && listed.contains("operator"), "{listed}");
    place.quell(&["run"]).well();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert_eq!(
        (&runs[0]["finish"], &runs[0]["counts"]["changed"]),
        (&"excluded".into(), &0.into()),
        "{runs}"
    );
}

#[test]
fn playbooks_with_mistakes_keep_nobody_from_adding_an_entry() {
    let place = Place::with_site();
    place.change("playbooks/disable-on-dcsync.yaml", "any_of", "anyof");
    add(&place, "--upn", "alice@contoso.example");
    test(&place, "CONTOSO\\alice").well();
    place.quell(&["run"]).with_code(3);
    place.quell(&["runs", "list"]).well();
}

#[test]
fn an_entry_that_is_over_is_refused() {
    let place = Place::with_site();
    let args =
        ["exclusions", "add", "--upn", "alice@contoso.example", "--because", "x", "--until", "2020-01-01"];
    let said = place.quell(&args).with_code(3);
    assert!(said.err.contains("protect nobody"), "{}", said.err);
}
