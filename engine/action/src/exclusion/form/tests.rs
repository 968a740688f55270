use serde_json::{Value, json};

use super::*;
use quell_alert::{DeviceIdentifier, Identifier};

fn read(entry: Value) -> Result<Entry, Vec<String>> {
    let form: EntryForm = serde_json::from_value(entry).map_err(|error| vec![error.to_string()])?;
    form.read(EntryId("site:1".into()), Source::Site, None, None)
        .map_err(|found| found.into_iter().map(|p| format!("{}: {}", p.place, p.message)).collect())
}

fn excludes(entry: Value) -> Excludes {
    read(entry).unwrap().excludes
}

#[test]
fn the_example_of_the_language_reads() {
    let file: ExclusionFile = serde_json::from_value(json!({
        "language": 1,
        "exclusions": [
            { "account": { "upn": "break-glass-1@contoso.example", "sid": "S-1-5-21-1-2-3-500", "sam": "CONTOSO\\bg1" },
              "because": "Break glass account" },
            { "group": { "entra_id": "5f0e0000-0000-0000-0000-000000000001", "name": "Tier 0 Service Accounts" },
              "because": "Would stop domain services", "actions": ["account.disable"] },
            { "device": { "name": "dc01.contoso.example" }, "because": "Domain controller" },
            { "device_tag": "do-not-isolate", "because": "Medical equipment", "until": "2027-06-30" },
            { "address": "10.20.0.0/16", "because": "Plant network", "owner": "plant" },
        ],
        "if_unresolved": "stop",
        "lift": [{ "protection": "built_in_guest", "because": "It is disabled here anyway" }],
    }))
    .unwrap();
    let site = file.read(None).unwrap();
    assert_eq!(site.entries.len(), 5);
    assert_eq!(site.entries[0].id, EntryId("site:1".into()));
    assert_eq!(site.lifted(), BTreeSet::from([Protected::BuiltInGuest]));
    let Excludes::Group { identifiers, names } = &site.entries[1].excludes else { panic!() };
    assert_eq!((identifiers.len(), names.as_slice()), (1, ["tier 0 service accounts".to_owned()].as_slice()));
    assert_eq!(site.entries[3].until.unwrap().to_rfc3339(), "2027-06-30T23:59:59.999999999+00:00");
}

/// What cannot be kept must not be promised.
#[test]
fn nobody_can_be_asked_to_act_on_somebody_unknown() {
    let file = json!({ "language": 1, "if_unresolved": "ask" });
    let refused = serde_json::from_value::<ExclusionFile>(file).unwrap_err().to_string();
    assert!(refused.contains("`ask`") && refused.contains("`stop`"), "{refused}");
}

#[test]
fn each_field_takes_its_own_form() {
    for (field, text, expected) in [
        ("sid", "s-1-5-21-1-2-3-1104", Identifier::Sid("S-1-5-21-1-2-3-1104".into())),
        ("upn", " Alice@Contoso.example ", Identifier::Upn("alice@contoso.example".into())),
        ("sam", "CONTOSO\\Alice", Identifier::Sam { domain: "contoso".into(), name: "alice".into() }),
        ("okta_id", "00ub0oNGTSWTBKOLGLNR", Identifier::OktaId("00ub0oNGTSWTBKOLGLNR".into())),
        ("login", "Alice", Identifier::Login("alice".into())),
        ("name", "Alice", Identifier::Name("alice".into())),
        ("dn", "CN=Alice, DC=x", Identifier::Dn("cn=alice,dc=x".into())),
        ("mail", "a@x.example", Identifier::Mail("a@x.example".into())),
    ] {
        let found = excludes(json!({ "account": { field: text }, "because": "b" }));
        assert_eq!(found, Excludes::Account(vec![expected]), "{field}");
    }
    let device =
        excludes(json!({ "device": { "name": "CONTOSO\\WKS1", "mde_id": "A1".repeat(20) }, "because": "b" }));
    let netbios = DeviceIdentifier::Netbios { domain: "contoso".into(), name: "wks1".into() };
    assert_eq!(device, Excludes::Device(vec![netbios, DeviceIdentifier::MdeId("a1".repeat(20))]));
}

#[test]
fn group_names_lose_their_domain() {
    let Excludes::Group { names, .. } =
        excludes(json!({ "group": { "name": "CONTOSO\\Tier 0" }, "because": "b" }))
    else {
        panic!()
    };
    assert_eq!(names, ["tier 0"]);
}

#[test]
fn what_would_never_match_or_always_match_is_refused() {
    for (entry, word) in [
        (json!({ "because": "b" }), "says nobody"),
        (
            json!({ "account": { "name": "a" }, "device_tag": "t", "because": "b" }),
            "account and device_tag at once",
        ),
        (json!({ "account": {}, "because": "b" }), "account: has no name"),
        (json!({ "account": { "upn": "S-1-5-21-1-2-3-4" }, "because": "b" }), "account.upn"),
        (json!({ "account": { "sam": "bg1" }, "because": "b" }), "account.sam"),
        (json!({ "account": { "name": "CONTOSO\\bg1" }, "because": "b" }), "use sam"),
        (json!({ "account": { "sid": "bg1" }, "because": "b" }), "account.sid"),
        (json!({ "account": { "upm": "a@b.example" }, "because": "b" }), "unknown field `upm`"),
        (json!({ "group": { "okta_id": "00u00000000000000000" }, "because": "b" }), "group.okta_id"),
        (json!({ "device": { "name": "10.0.0.1" }, "because": "b" }), "device.name"),
        (json!({ "device": { "mde_id": "wks1" }, "because": "b" }), "device.mde_id"),
        (json!({ "device_tag": " ", "because": "b" }), "device_tag"),
        (json!({ "name_pattern": "**", "because": "b" }), "everybody"),
        (json!({ "address": "0.0.0.0/0", "because": "b" }), "every device"),
        (json!({ "address": "10.20.1.0/16", "because": "b" }), "write 10.20.0.0/16"),
        (json!({ "address": "plant", "because": "b" }), "address"),
        (json!({ "dn_subtree": "People", "because": "b" }), "dn_subtree"),
        (json!({ "account": { "name": "a" } }), "because"),
        (json!({ "account": { "name": "a" }, "because": "  " }), "because"),
        (json!({ "account": { "name": "a" }, "because": "b", "actions": [] }), "actions"),
        (json!({ "account": { "name": "a" }, "because": "b", "only": [] }), "only"),
        (json!({ "account": { "name": "a" }, "because": "b", "until": "30.6.2027" }), "until"),
        (json!({ "account": { "name": "a" }, "because": "b", "untill": "2027-06-30" }), "unknown field"),
    ] {
        let found = read(entry.clone()).unwrap_err().join("\n");
        assert!(found.contains(word), "{entry}\n{found}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_with_its_place() {
    let file: ExclusionFile = serde_json::from_value(json!({
        "language": 2,
        "exclusions": [
            { "account": { "name": "fine" }, "because": "b" },
            { "account": { "sid": "x", "upn": "y" }, "because": "" },
        ],
        "lift": [{ "protection": "krbtg", "because": "" }],
    }))
    .unwrap();
    let places: Vec<String> = file.read(None).unwrap_err().into_iter().map(|found| found.place).collect();
    assert_eq!(
        places,
        [
            "language",
            "exclusions[1].account.sid",
            "exclusions[1].account.upn",
            "exclusions[1].because",
            "lift[0].protection",
            "lift[0].because",
        ]
    );
}

#[test]
fn a_misspelt_action_is_found_where_the_catalogue_is_known() {
    let form: EntryForm = serde_json::from_value(json!({
        "account": { "name": "a" }, "because": "b", "actions": ["account.disabel"], "only": ["octa"],
    }))
    .unwrap();
    let id = EntryId("site:1".into());
    let found = form.read(id, Source::Site, None, Some(&Catalogue::default())).unwrap_err();
    let places: Vec<&str> = found.iter().map(|found| found.place.as_str()).collect();
    assert_eq!(places, ["actions", "only"]);
}

#[test]
fn times_and_networks_are_read_exactly() {
    let until = |text: &str| {
        read(json!({ "account": { "name": "a" }, "because": "b", "until": text }))
            .unwrap()
            .until
            .unwrap()
            .to_rfc3339()
    };
    assert_eq!(until("2027-06-30T18:00:00+02:00"), "2027-06-30T16:00:00+00:00");
    assert_eq!(until("2028-02-29"), "2028-02-29T23:59:59.999999999+00:00");
    let network = |text: &str| excludes(json!({ "address": text, "because": "b" }));
    assert_eq!(network("10.0.0.1"), Excludes::Address("10.0.0.1/32".parse().unwrap()));
    assert_eq!(network("::ffff:10.0.0.1"), Excludes::Address("10.0.0.1/32".parse().unwrap()));
    assert_eq!(network("fd00::/8"), Excludes::Address("fd00::/8".parse().unwrap()));
}
