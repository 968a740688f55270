//! Which name of an account matches which entry, as a table.

use quell_action::{IdentityFacts, Subject};
use serde_json::{Value, json};

use crate::people::{AD, DISABLE, ENTRA, OKTA, account, alice, entry, group, id, list, now, person, targets};

/// Whether the entry stops every account of the person (`true`) or none (`false`); anything between is a defect.
fn stops(form: &Value, identity: &IdentityFacts) -> bool {
    let list = list(vec![entry(form)]);
    let subject = Subject::Identity(identity.clone());
    let verdicts: Vec<bool> = targets(identity)
        .into_iter()
        .map(|target| list.clear(&subject, target, &DISABLE, now()).is_err())
        .collect();
    assert!(
        verdicts.iter().all(|verdict| *verdict == verdicts[0]),
        "{form} stops some accounts: {verdicts:?}"
    );
    verdicts[0]
}

fn by_account(name: &str, text: &str) -> Value {
    json!({ "account": { name: text }, "because": "b" })
}

#[test]
fn any_name_of_any_account_stands_for_the_whole_person() {
    for (field, text, expected) in [
        ("sid", "S-1-5-21-1-2-3-1104", true),
        ("sid", "s-1-5-21-1-2-3-1104", true),
        ("sid", "S-1-5-21-1-2-3-110", false),
        ("sid", "S-1-5-21-1-2-3-11040", false),
        // The SID that Entra ID derives from the object id.
        ("sid", "S-1-12-1-1943430372-1249052806-2496021943-3034400218", true),
        ("sid", "S-1-12-1-1943430372-1249052806-2496021943-3034400219", false),
        ("ad_guid", "265A9D10-0394-4447-A726-A5C6F62B4AA5", true),
        ("ad_guid", "{265a9d10-0394-4447-a726-a5c6f62b4aa5}", true),
        ("ad_guid", "265a9d1003944447a726a5c6f62b4aa5", true),
        // Read in the wrong byte order it is another one.
        ("ad_guid", "109d5a26-9403-4744-a726-a5c6f62b4aa5", false),
        ("entra_id", "73D664E4-0886-4A73-B745-C694DA45DDB4", true),
        ("entra_id", "73d664e4-0886-4a73-b745-c694da45ddb5", false),
        // A GUID in the wrong field is the same GUID.
        ("entra_id", "265a9d10-0394-4447-a726-a5c6f62b4aa5", true),
        ("immutable_id", "EJ1aJpQDR0SnJqXG9itKpQ==", true),
        ("immutable_id", "ej1aJpQDR0SnJqXG9itKpQ==", false),
        ("okta_id", "00ub0oNGTSWTBKOLGLNR", true),
        ("okta_id", "00uB0oNGTSWTBKOLGLNR", false),
        ("upn", "ALICE@contoso.example", true),
        ("upn", " alice@CONTOSO.EXAMPLE ", true),
        ("upn", "alíce@contoso.example", true),
        ("upn", "alice.smith@contoso.example", true),
        ("upn", "alice@fabrikam.example", false),
        ("upn", "alice2@contoso.example", false),
        // An address is the same name whatever a directory calls it.
        ("login", "alice.smith@contoso.example", true),
        ("login", "A.Smith@Login.example", true),
        ("mail", "a.smith@login.example", true),
        ("mail", "bob@contoso.example", false),
        ("sam", r"CONTOSO\Alice", true),
        ("sam", r"contoso.example\alice", true),
        ("sam", r"FABRIKAM\alice", false),
        ("sam", r"fabrikam.example\alice", false),
        ("sam", r"CONTOSO\alice2", false),
        ("dn", "CN=alice, OU=staff, DC=Contoso, DC=Example", true),
        ("dn", "CN=alice,OU=other,DC=contoso,DC=example", false),
        ("name", "ALICE", true),
        ("name", "a.smith", true),
        ("name", "alic", false),
        ("name", "smith", false),
    ] {
        assert_eq!(stops(&by_account(field, text), &alice()), expected, "{field}: {text}");
    }
}

#[test]
fn groups_patterns_and_subtrees() {
    for (form, expected) in [
        (json!({ "group": { "sid": "S-1-5-21-1-2-3-2001" } }), true),
        (json!({ "group": { "sid": "S-1-5-21-1-2-3-513" } }), true),
        (json!({ "group": { "sid": "S-1-5-21-1-2-3-512" } }), false),
        (json!({ "group": { "name": "tier 0 SERVICE accounts" } }), true),
        (json!({ "group": { "name": r"CONTOSO\Tier 0 Service Accounts" } }), true),
        (json!({ "group": { "name": "Tier 0" } }), false),
        (json!({ "group": { "name": "E\u{301}quipe Se\u{301}curite\u{301}" } }), true),
        (json!({ "group": { "name": "equipe securite" } }), true),
        (json!({ "group": { "dn": "CN=tier 0,OU=groups,DC=contoso,DC=example" } }), true),
        (json!({ "group": { "entra_id": "5F0E0000-0000-0000-0000-000000000001" } }), true),
        (json!({ "group": { "entra_id": "5f0e0000-0000-0000-0000-000000000002" } }), false),
        (json!({ "group": { "okta_id": "00gb0oNGTSWTBKOLGLNR" } }), true),
        (json!({ "group": { "okta_id": "00gB0oNGTSWTBKOLGLNR" } }), false),
        (
            json!({ "group": { "entra_id": "5f0e0000-0000-0000-0000-000000000002", "name": "contractors" } }),
            true,
        ),
        (json!({ "dn_subtree": "OU=Staff, DC=contoso, DC=example" }), true),
        (json!({ "dn_subtree": "DC=contoso,DC=example" }), true),
        (json!({ "dn_subtree": "OU=taff,DC=contoso,DC=example" }), false),
        (json!({ "dn_subtree": "OU=Admins,DC=contoso,DC=example" }), false),
        (json!({ "name_pattern": "ALI*" }), true),
        (json!({ "name_pattern": "*@login.example" }), true),
        (json!({ "name_pattern": "*smith" }), true),
        (json!({ "name_pattern": "svc-*" }), false),
    ] {
        let mut form = form;
        form["because"] = json!("b");
        assert_eq!(stops(&form, &alice()), expected, "{form}");
    }
}

#[test]
fn a_netbios_name_and_a_dns_name_that_cannot_be_compared_may_be_one() {
    let by = |names: &[&str]| person(vec![account(ENTRA, "e", names, vec![])]);
    let sam = by_account("sam", r"CORP\bg1");
    assert!(stops(&sam, &by(&[r"sam:ad.contoso.example\bg1"])), "CORP may well be ad.contoso.example");
    assert!(!stops(&sam, &by(&[r"sam:ad.contoso.example\bg1", r"sam:fabrikam\bg1"])));
    assert!(!stops(&sam, &by(&[r"sam:ad.contoso.example\bg2"])));
    assert!(!stops(&sam, &by(&["upn:bg1@corp.example"])), "a UPN is no down-level name");
    let dns = by_account("sam", r"ad.contoso.example\bg1");
    assert!(stops(&dns, &by(&[r"sam:corp\bg1"])));
    assert!(stops(&dns, &by(&["upn:bg1@ad.contoso.example"])), "whoever has no UPN signs in so");
    // What the alert says is held against what the directory knows.
    let mut known = by(&[r"sam:contoso\bg1", r"sam:contoso.example\bg1"]);
    known.mentioned = vec![id(r"sam:contoso.example\bg1")];
    assert!(!stops(&by_account("sam", r"FABRIKAM\bg1"), &known));
}

#[test]
fn what_only_the_alert_said_counts_too() {
    let mut identity = person(vec![account(OKTA, "o", &["login:x@x.example"], vec![])]);
    identity.mentioned = vec![id("upn:bg1@contoso.example"), id("name:bg9")];
    assert!(stops(&by_account("upn", "BG1@contoso.example"), &identity));
    assert!(stops(&by_account("name", "bg9"), &identity));
}

#[test]
fn a_guest_is_the_person_at_home() {
    let names = ["upn:bob_partner.example#EXT#@contoso.example"];
    let guest = person(vec![account(ENTRA, "g", &names, vec![])]);
    assert!(stops(&by_account("upn", "bob@partner.example"), &guest));
    assert!(!stops(&by_account("upn", "eve@partner.example"), &guest));
}

#[test]
fn a_comma_in_a_name_is_no_border_of_a_subtree() {
    let at = |dn: &str| person(vec![account(AD, "a", &["upn:a@x.example", &format!("dn:{dn}")], vec![])]);
    let vip = json!({ "dn_subtree": "OU=vip,DC=x", "because": "b" });
    assert!(stops(&vip, &at(r"CN=a\\,OU=vip,DC=x")), "an escaped backslash, then a border");
    assert!(!stops(&vip, &at(r"CN=a\,OU=vip,DC=x")), "an escaped comma");
    assert!(stops(&vip, &at("CN=a,OU=deep,OU=vip,DC=x")));
    assert!(!stops(&vip, &at("CN=a,OU=notvip,DC=x")));
}

#[test]
fn a_group_without_a_name_may_be_the_one_that_is_meant() {
    let by_name = json!({ "group": { "name": "Break Glass Accounts" }, "because": "b" });
    let by_both =
        json!({ "group": { "name": "Break Glass Accounts", "sid": "S-1-5-21-1-2-3-3001" }, "because": "b" });
    let of = |groups| person(vec![account(AD, "a", &["upn:a@x.example"], groups)]);
    let nameless = || of(vec![group(&["sid:S-1-5-21-1-2-3-2002"], None)]);
    assert!(stops(&by_name, &nameless()), "nobody can say that it is not");
    assert!(!stops(&by_both, &nameless()), "its SID says that it is not");
    // Groups of Windows itself have no name of the site's making.
    assert!(!stops(&by_name, &of(vec![group(&["sid:S-1-5-32-545"], None)])));
    assert!(!stops(&by_name, &of(vec![group(&["sid:S-1-5-21-1-2-3-2002"], Some("Staff"))])));
}

/// Whoever is synchronised from a domain stands somewhere in it, also where only the cloud was asked.
#[test]
fn where_a_synchronised_account_stands_must_be_known_for_a_subtree() {
    let vip = json!({ "dn_subtree": "OU=vip,DC=x", "because": "b" });
    let cloud = |names: &[&str]| {
        let names: Vec<&str> = ["upn:a@x.example"].iter().chain(names).copied().collect();
        person(vec![account(ENTRA, "e", &names, vec![])])
    };
    for on_premises in ["sid:S-1-5-21-1-2-3-1104", "immutable_id:EJ1aJpQDR0SnJqXG9itKpQ==", r"sam:contoso\a"]
    {
        assert!(stops(&vip, &cloud(&[on_premises])), "{on_premises}");
        assert!(!stops(&vip, &cloud(&[on_premises, "dn:CN=a,OU=other,DC=x"])), "{on_premises}");
    }
    assert!(
        !stops(&vip, &cloud(&["sid:S-1-12-1-1-2-3-4"])),
        "who lives in the cloud alone stands in no subtree"
    );
}

#[test]
fn the_account_of_a_device_is_the_device() {
    let device = json!({ "device": { "dns_name": "dc01.contoso.example" }, "because": "b" });
    let computer = |name: &str| person(vec![account(AD, "c", &[name], vec![])]);
    assert!(stops(&device, &computer(r"sam:contoso.example\dc01$")));
    assert!(!stops(&device, &computer(r"sam:contoso.example\dc02$")));
    assert!(!stops(&device, &computer(r"sam:contoso.example\dc01")), "a person of the same name");
}
