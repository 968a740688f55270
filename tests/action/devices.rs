//! Which name of a device matches which entry, as a table.

use chrono::TimeDelta;
use quell_action::exclusion::Reason;
use quell_action::{AccountFacts, ActionSpec, DeviceFacts, DeviceKey, Subject, Target, TargetKind};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use serde_json::{Value, json};

use crate::people::{DISABLE, account, entry, group, list, now};

const ISOLATE: ActionSpec = ActionSpec {
    name: "device.isolate",
    provider: Provider::DEFENDER_ENDPOINT,
    target: TargetKind::Device,
    ..DISABLE
};

fn device(names: &[&str], tags: &[&str], addresses: &[&str]) -> DeviceFacts {
    DeviceFacts {
        key: DeviceKey { provider: Provider::DEFENDER_ENDPOINT.into(), realm: "t".into(), id: "d".into() },
        display: "the device".into(),
        identifiers: names.iter().map(|name| name.parse().unwrap()).collect(),
        tags: Some(tags.iter().map(ToString::to_string).collect()),
        addresses: Some(addresses.iter().map(|address| address.parse().unwrap()).collect()),
        account: None,
        protected: None,
        read_at: now(),
    }
}

fn stops(form: &Value, device: &DeviceFacts) -> bool {
    let target = Target::Device(device.key.clone());
    list(vec![entry(form)]).clear(&Subject::Device(device.clone()), target, &ISOLATE, now()).is_err()
}

fn workstation() -> DeviceFacts {
    let names = [
        &format!("mde_id:{}", "a1".repeat(20)),
        "entra_device_id:cfcf4177-227e-4cdb-ac8e-f9a3da1ca30c",
        "sid:S-1-5-21-1-2-3-1601",
        "dns_name:wks-1.contoso.example",
        "azure_id:/subscriptions/x/virtualmachines/wks-1",
    ];
    device(&names, &["Do-Not-Isolate", "floor 3"], &["10.20.30.40", "fd00::17"])
}

#[test]
fn any_name_tag_or_address_stands_for_the_device() {
    for (form, expected) in [
        (json!({ "device": { "mde_id": "A1".repeat(20) } }), true),
        (json!({ "device": { "mde_id": "a2".repeat(20) } }), false),
        (json!({ "device": { "entra_id": "{CFCF4177-227E-4CDB-AC8E-F9A3DA1CA30C}" } }), true),
        (json!({ "device": { "sid": "s-1-5-21-1-2-3-1601" } }), true),
        (json!({ "account": { "sid": "S-1-5-21-1-2-3-1601" } }), true),
        (json!({ "device": { "azure_id": "/Subscriptions/X/VirtualMachines/WKS-1/" } }), true),
        (json!({ "device": { "dns_name": "WKS-1.Contoso.Example." } }), true),
        (json!({ "device": { "name": "wks-1.contoso.example" } }), true),
        (json!({ "device": { "name": "wks-1" } }), true),
        (json!({ "device": { "name": "WKS-1" } }), true),
        (json!({ "device": { "name": "wks-10" } }), false),
        (json!({ "device": { "name": "wks-1.fabrikam.example" } }), false),
        // CONTOSO may be contoso.example: of this device no NetBIOS name is known.
        (json!({ "device": { "name": r"CONTOSO\wks-1" } }), true),
        (json!({ "device": { "name": r"CONTOSO\wks-2" } }), false),
        (json!({ "device_tag": "do-not-isolate" }), true),
        (json!({ "device_tag": " DO-NOT-ISOLATE " }), true),
        (json!({ "device_tag": "do-not" }), false),
        (json!({ "address": "10.20.0.0/16" }), true),
        (json!({ "address": "10.20.30.40" }), true),
        (json!({ "address": "10.20.30.41" }), false),
        (json!({ "address": "10.21.0.0/16" }), false),
        (json!({ "address": "fd00::/8" }), true),
        (json!({ "address": "fe80::/10" }), false),
    ] {
        let mut form = form;
        form["because"] = json!("b");
        assert_eq!(stops(&form, &workstation()), expected, "{form}");
    }
}

#[test]
fn names_of_different_kinds_meet() {
    let by_name = |name: &str| json!({ "device": { "name": name }, "because": "b" });
    let of = |names: &[&str]| device(names, &[], &["192.0.2.1"]);
    assert!(stops(&by_name("dc01.contoso.example"), &of(&[r"netbios:contoso\dc01"])));
    assert!(stops(&by_name("dc01.contoso.example"), &of(&["host_name:dc01"])));
    assert!(stops(&by_name(r"CONTOSO\dc01"), &of(&["host_name:dc01"])));
    assert!(!stops(&by_name(r"CONTOSO\dc01"), &of(&[r"netbios:fabrikam\dc01"])));
    assert!(!stops(&by_name("dc01.contoso.example"), &of(&["dns_name:dc01.fabrikam.example"])));
    // NetBIOS cuts names off after fifteen characters.
    let long = of(&["dns_name:plant-controller-7.contoso.example"]);
    assert!(stops(&by_name(r"CONTOSO\plant-controlle"), &long));
    assert!(stops(&by_name("plant-controller-7"), &of(&[r"netbios:contoso\plant-controlle"])));
    // The account of a computer stands for the computer.
    let account = json!({ "account": { "sam": r"CONTOSO\dc01$" }, "because": "b" });
    assert!(stops(&account, &of(&[r"netbios:contoso\dc01"])));
}

#[test]
fn an_address_in_other_clothes_is_the_same() {
    let plant = json!({ "address": "10.20.0.0/16", "because": "b" });
    assert!(stops(&plant, &device(&["host_name:x"], &[], &["::ffff:10.20.1.2"])));
    assert!(!stops(&plant, &device(&["host_name:x"], &[], &["::ffff:10.21.1.2"])));
}

#[test]
fn what_could_not_be_read_stops_where_an_entry_depends_on_it() {
    let tag = json!({ "device_tag": "t", "because": "b" });
    let address = json!({ "address": "10.20.0.0/16", "because": "b" });
    let name = json!({ "device": { "name": "other" }, "because": "b" });
    let mut unread = workstation();
    unread.identifiers = vec![DeviceIdentifier::HostName("x".into())];
    (unread.tags, unread.addresses) = (None, None);
    assert!(stops(&tag, &unread) && stops(&address, &unread));
    assert!(!stops(&name, &unread), "no entry depends on tags or addresses");
    unread.addresses = Some(Vec::new());
    assert!(stops(&address, &unread), "a machine that reports no address has one all the same");
}

/// A machine with the account that it has in its domain.
fn in_the_domain() -> DeviceFacts {
    let names = [
        "sid:S-1-5-21-1-2-3-1650",
        r"sam:contoso\fin-1$",
        "dn:cn=fin-1,ou=finance,ou=servers,dc=contoso,dc=example",
    ];
    let tier_0 = group(&["sid:S-1-5-21-1-2-3-1304"], Some("Tier 0"));
    let account = account(Provider::ACTIVE_DIRECTORY, "c", &names, vec![tier_0]);
    DeviceFacts { account: Some(Box::new(account)), ..workstation() }
}

#[test]
fn what_excludes_the_account_of_a_machine_excludes_the_machine() {
    for (form, expected) in [
        (json!({ "group": { "name": "tier 0" } }), true),
        (json!({ "group": { "sid": "S-1-5-21-1-2-3-1304" } }), true),
        (json!({ "group": { "name": "tier 1" } }), false),
        (json!({ "account": { "sid": "S-1-5-21-1-2-3-1650" } }), true),
        (json!({ "account": { "sam": r"CONTOSO\FIN-1$" } }), true),
        (json!({ "account": { "sam": r"CONTOSO\FIN-2$" } }), false),
        (json!({ "dn_subtree": "OU=Servers,DC=contoso,DC=example" }), true),
        (json!({ "dn_subtree": "OU=People,DC=contoso,DC=example" }), false),
        (json!({ "name_pattern": "fin-*" }), true),
        (json!({ "name_pattern": "hr-*" }), false),
    ] {
        let mut form = form;
        form["because"] = json!("b");
        assert!(!stops(&form, &workstation()), "without its account: {form}");
        assert_eq!(stops(&form, &in_the_domain()), expected, "{form}");
    }
}

#[test]
fn what_is_not_known_of_its_account_stops_what_an_entry_may_concern() {
    type Change = fn(&mut AccountFacts);
    let tier_1 = json!({ "group": { "name": "tier 1" }, "because": "b" });
    let people = json!({ "dn_subtree": "OU=People,DC=contoso,DC=example", "because": "b" });
    let another = json!({ "device": { "name": "elsewhere" }, "because": "b" });
    let cases: [(&Value, Change); 4] = [
        (&tier_1, |account| account.groups = None),
        (&tier_1, |account| account.groups.as_mut().unwrap()[0].name = None),
        (&people, |account| account.identifiers.retain(|name| !matches!(name, Identifier::Dn(_)))),
        (&another, |account| account.read_at = now() - TimeDelta::hours(24)),
    ];
    for (form, change) in cases {
        let mut machine = in_the_domain();
        assert!(!stops(form, &machine), "{form}");
        change(machine.account.as_mut().unwrap());
        let target = Target::Device(machine.key.clone());
        let refused =
            list(vec![entry(form)]).clear(&Subject::Device(machine), target, &ISOLATE, now()).unwrap_err();
        assert!(matches!(refused.reason, Reason::Unknown(_)), "{form}: {refused:?}");
    }
}
