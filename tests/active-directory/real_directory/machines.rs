//! Computer accounts: which one is meant, and whether the machine can still sign in.

use quell_action::{DeviceFacts, Effect, Failure, InEffect, LookUp, Protected, Target};
use quell_alert::{DeviceIdentifier, Identifier};
use serde_json::json;

use super::people::{Admin, Person, sign_in};
use super::{audit, connect, execute, find, observe, undo, variable};
use quell_action::Connection;

const DISABLE: &str = "device.disable_account";
const ENABLE: &str = "device.enable_account";

/// What the connector finds under these names.
async fn look(connection: &Connection, names: &[DeviceIdentifier]) -> LookUp<DeviceFacts> {
    connection.directories[0].device(names).await.unwrap()
}

fn in_dns(machine: &str) -> DeviceIdentifier {
    DeviceIdentifier::dns_name(&format!("{machine}.{}", variable("QUELL_TEST_AD_DOMAIN"))).unwrap()
}

async fn target(connection: &Connection, machine: &str) -> Target {
    match look(connection, &[in_dns(machine)]).await {
        LookUp::Found(facts) => Target::Device(facts.key),
        other => panic!("{machine}: {other:?}"),
    }
}

async fn control(admin: &mut Admin, machine: &Person) -> String {
    admin.get(machine, "userAccountControl").await
}

#[tokio::test]
async fn a_disabled_machine_cannot_sign_in_until_it_is_undone() {
    let mut admin = Admin::new().await;
    let machine = admin.machine("qm-disable").await;
    assert_eq!(sign_in(&machine.upn).await, None);
    let connection = connect(json!({})).await;
    let target = target(&connection, "qm-disable").await;
    let earlier = audit::all_changes(&machine);

    let outcome = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }), "{outcome:?}");
    assert_eq!(outcome.output["device"], in_dns("qm-disable").to_string().trim_start_matches("dns_name:"));
    assert_eq!(outcome.output["controller"], format!("dc1.{}", variable("QUELL_TEST_AD_DOMAIN")));
    assert_eq!(control(&mut admin, &machine).await, "4098");
    assert_eq!(sign_in(&machine.upn).await.as_deref(), Some("533"));
    assert_eq!(observe(&connection, DISABLE, &target).await.in_effect, InEffect::Yes);
    assert_eq!(observe(&connection, ENABLE, &target).await.in_effect, InEffect::No);
    let again = execute(&connection, DISABLE, &target, json!({})).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);

    let undone = undo(&connection, DISABLE, &target, &outcome).await.unwrap();
    assert!(matches!(undone.effect, Effect::Changed { .. }), "{undone:?}");
    assert_eq!(control(&mut admin, &machine).await, "4096");
    assert_eq!(sign_in(&machine.upn).await, None);
    assert_eq!(audit::all_changes(&machine) - earlier, 2);
}

#[tokio::test]
async fn a_machine_that_was_disabled_is_enabled_and_goes_back_with_every_flag() {
    let mut admin = Admin::new().await;
    let machine = admin.machine("qm-flags").await;
    // Disabled, its password never expires, and it is not delegated.
    let flags = 0x1000 | 0x2 | 0x1_0000 | 0x10_0000;
    admin.set(&machine, "userAccountControl", &flags.to_string()).await;
    let connection = connect(json!({})).await;
    let target = target(&connection, "qm-flags").await;
    let outcome = execute(&connection, ENABLE, &target, json!({})).await.unwrap();
    assert_eq!(control(&mut admin, &machine).await, (flags & !2).to_string());
    undo(&connection, ENABLE, &target, &outcome).await.unwrap();
    assert_eq!(control(&mut admin, &machine).await, flags.to_string());
}

#[tokio::test]
async fn every_name_leads_to_the_same_machine() {
    let mut admin = Admin::new().await;
    let machine = admin.machine("qm-names").await;
    let group = admin.group("Q-Machines", -2_147_483_646, &[&machine.dn]).await;
    let connection = connect(json!({})).await;
    let (domain, netbios) = (variable("QUELL_TEST_AD_DOMAIN"), variable("QUELL_TEST_AD_NETBIOS"));
    let names = [
        in_dns("QM-Names"),
        DeviceIdentifier::netbios(&netbios, "qm-names").unwrap(),
        DeviceIdentifier::netbios(&domain, "QM-NAMES$").unwrap(),
        DeviceIdentifier::sid(&machine.sid).unwrap(),
    ];
    for name in &names {
        let LookUp::Found(facts) = look(&connection, std::slice::from_ref(name)).await else {
            panic!("{name}")
        };
        assert_eq!(facts.key.to_string(), format!("active_directory:{domain}/{}", machine.guid), "{name}");
        assert!(names.iter().all(|name| facts.identifiers.contains(name)), "{:?}", facts.identifiers);
        assert_eq!((&facts.tags, &facts.addresses, facts.protected), (&None, &None, None));
        let account = facts.account.unwrap();
        assert!(account.identifiers.contains(&Identifier::sam(&netbios, "qm-names$").unwrap()));
        assert!(account.identifiers.contains(&Identifier::dn(&machine.dn).unwrap()));
        let in_group = Identifier::dn(&group).unwrap();
        assert!(account.groups.unwrap().iter().any(|group| group.identifiers.contains(&in_group)));
    }
    assert!(matches!(look(&connection, &names).await, LookUp::Found(_)));
}

#[tokio::test]
async fn no_other_name_leads_to_a_machine() {
    let mut admin = Admin::new().await;
    let machine = admin.machine("qm-weak").await;
    let person = admin.person("q-not-machine").await;
    let connection = connect(json!({})).await;
    for name in [
        DeviceIdentifier::host_name("qm-weak"),
        DeviceIdentifier::dns_name("qm-weak.elsewhere.example"),
        DeviceIdentifier::netbios("ELSEWHERE", "qm-weak"),
        DeviceIdentifier::netbios(&variable("QUELL_TEST_AD_NETBIOS"), "qm-wea"),
        DeviceIdentifier::sid(&person.sid),
    ] {
        let name = name.unwrap();
        assert_eq!(look(&connection, std::slice::from_ref(&name)).await, LookUp::NotFound, "{name}");
    }
    // And a machine is nobody.
    let sid = Identifier::sid(&machine.sid).unwrap();
    let found = connection.directories[0].account(std::slice::from_ref(&sid)).await.unwrap();
    assert_eq!(found, LookUp::NotFound);
}

#[tokio::test]
async fn a_controller_is_never_shut_out() {
    let mut admin = Admin::new().await;
    let connection = connect(json!({})).await;
    let LookUp::Found(facts) = look(&connection, &[in_dns("dc1")]).await else { panic!() };
    assert_eq!(facts.protected, Some(Protected::DomainController));
    let guid = admin.guid_of("DC1$").await;
    assert_eq!(facts.key.id, guid.to_string());
    let error = execute(&connection, DISABLE, &Target::Device(facts.key), json!({})).await.unwrap_err();
    assert!(error.failure == Failure::Forbidden && error.message.contains("domain controller"), "{error}");
}

#[tokio::test]
async fn machines_and_people_are_not_taken_for_one_another() {
    let mut admin = Admin::new().await;
    let machine = admin.machine("qm-kinds").await;
    let person = admin.person("q-kinds").await;
    let connection = connect(json!({})).await;
    let Target::Device(key) = target(&connection, "qm-kinds").await else { panic!() };
    let account = find(&connection, Identifier::upn(&person.upn).unwrap()).await.key;

    let mut as_person = account.clone();
    as_person.id.clone_from(&key.id);
    let as_person = Target::Account(as_person);
    let mut as_machine = key;
    as_machine.id = account.id;
    let as_machine = Target::Device(as_machine);
    for (action, target) in [("account.disable", as_person), (DISABLE, as_machine)] {
        let error = execute(&connection, action, &target, json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{action}: {error}");
    }
    assert_eq!(control(&mut admin, &machine).await, "4096");
    assert_eq!(control(&mut admin, &person).await, "512");
}

#[tokio::test]
async fn without_the_right_nothing_is_changed_and_the_error_says_what_to_grant() {
    let mut admin = Admin::new().await;
    let machine = admin.machine("qm-rights").await;
    let connection = connect(json!({
        "account": variable("QUELL_TEST_AD_READER_USER"),
        "password_of": "QUELL_TEST_AD_READER_PASSWORD",
    }))
    .await;
    let target = target(&connection, "qm-rights").await;
    let error = execute(&connection, DISABLE, &target, json!({})).await.unwrap_err();
    assert!(error.failure == Failure::Forbidden && error.message.contains("userAccountControl"), "{error}");
    assert_eq!(control(&mut admin, &machine).await, "4096");
}
