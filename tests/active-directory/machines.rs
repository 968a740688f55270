//! Computer accounts, where a real directory cannot be brought to show it: what is no machine though it looks like one,
//! names that machines gave themselves, and changes that somebody else makes meanwhile.

use std::time::Duration;

use quell_action::{
    ActionError, Connection, DeviceFacts, Effect, Failure, LookUp, Outcome, Protected, Request, RequestKey,
    Restore, State, Target,
};
use quell_alert::{DeviceIdentifier, Identifier};
use quell_kit::conformance::clear;
use serde_json::json;

use crate::controller::domain::{Domain, Object};
use crate::controller::objects::{machine, sid};
use crate::controller::{Controller, Mood, device, target};

const DISABLE: &str = "device.disable_account";
const ENABLE: &str = "device.enable_account";

async fn call(
    connection: &Connection,
    name: &str,
    target: Target,
) -> Result<Outcome<serde_json::Value>, ActionError> {
    let action = connection.actions.iter().find(|one| one.info().spec.name == name).unwrap();
    let cleared = clear(&target, &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey("k".into()), Duration::from_secs(5), json!({}))).await
}

async fn look(connection: &Connection, names: &[&str]) -> LookUp<DeviceFacts> {
    let names: Vec<DeviceIdentifier> = names.iter().map(|name| name.parse().unwrap()).collect();
    connection.directories[0].device(&names).await.unwrap()
}

fn classes(object: &mut Object, all: &[&str]) {
    let all = all.iter().map(|class| class.as_bytes().to_vec()).collect();
    object.attributes.insert("objectclass".into(), all);
}

/// A domain with this machine in it besides the others.
async fn with(name: &str, change: impl FnOnce(&mut Object)) -> (Controller, Connection) {
    let controller = Controller::start(Mood::Answers).await;
    let mut other = machine(name, 1700);
    change(&mut other);
    controller.domain.lock().objects.push(other);
    let connection = controller.connect().await;
    (controller, connection)
}

fn control(controller: &Controller, name: &str) -> String {
    let mut domain = controller.domain.lock();
    let domain: &mut Domain = &mut domain;
    domain.object(name).text("useraccountcontrol")
}

#[tokio::test]
async fn one_flag_is_changed_and_the_others_stay() {
    // Trusted for delegation, and its password never expires.
    let (controller, connection) = with("SRV1", |machine| {
        machine.set("useraccountcontrol", &(0x1000 | 0x8_0000 | 0x1_0000).to_string())
    })
    .await;
    let outcome = call(&connection, DISABLE, device("SRV1$")).await.unwrap();
    assert_eq!(control(&controller, "SRV1$"), (0x1000 | 0x8_0000 | 0x1_0000 | 2).to_string());
    assert_eq!(outcome.output["device"], "SRV1.corp.example");
    let Effect::Changed { before, after } = outcome.effect else { panic!("{outcome:?}") };
    let undo = connection.actions.iter().find(|one| one.info().spec.name == DISABLE).unwrap();
    let cleared = clear(&device("SRV1$"), &undo.info().spec).unwrap();
    let restore = Restore { params: json!({}), before: State(before.0), after: State(after.0) };
    let request = Request::new(cleared, RequestKey("undo".into()), Duration::from_secs(5), restore);
    undo.restore(request).await.unwrap();
    assert_eq!(control(&controller, "SRV1$"), (0x1000 | 0x8_0000 | 0x1_0000).to_string());
    assert_eq!(controller.domain.lock().changes, 2);
    assert_eq!(call(&connection, ENABLE, device("SRV1$")).await.unwrap().effect, Effect::Unchanged);
}

#[tokio::test]
async fn what_a_directory_keeps_as_a_computer_is_not_always_a_machine() {
    for kind in ["msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount"] {
        let (controller, connection) =
            with("SVC1", |object| classes(object, &["user", "computer", kind])).await;
        for name in ["dns_name:svc1.corp.example", "netbios:corp\\svc1"] {
            assert_eq!(look(&connection, &[name]).await, LookUp::NotFound, "{kind}");
        }
        let error = call(&connection, DISABLE, device("SVC1$")).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{error}");
        // To people it is the account of a service.
        let names = [Identifier::sam("corp", "svc1$").unwrap()];
        assert!(matches!(connection.directories[0].account(&names).await, Ok(LookUp::Found(_))));
        assert_eq!(controller.domain.lock().changes, 0);
    }
}

#[tokio::test]
async fn machines_and_people_are_not_taken_for_one_another() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    for (action, target) in [
        ("account.disable", target("WKS1$")),
        ("account.unlock", target("WKS1$")),
        (DISABLE, device("Alice")),
        (ENABLE, device("Alice")),
    ] {
        let error = call(&connection, action, target).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{action}: {error}");
    }
    let alice = format!("sid:{}", quell_alert::Sid::from_bytes(&sid(1102)).unwrap());
    assert_eq!(look(&connection, &[&alice]).await, LookUp::NotFound);
    let wks1 = [Identifier::Sid(quell_alert::Sid::from_bytes(&sid(1104)).unwrap().to_string())];
    assert_eq!(connection.directories[0].account(&wks1).await.unwrap(), LookUp::NotFound);
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn machines_of_another_domain_or_provider_are_not_ours() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    let Target::Device(own) = device("WKS1$") else { panic!() };
    let (mut realm, mut provider) = (own.clone(), own);
    realm.realm = "other.example".into();
    provider.provider = "defender_endpoint".into();
    for key in [realm, provider] {
        let error = call(&connection, DISABLE, Target::Device(key)).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{error}");
    }
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn what_the_domain_stands_on_is_never_shut_out() {
    for (name, changes, protected) in [
        ("DC2", &[("useraccountcontrol", "532480")][..], Protected::DomainController),
        ("RODC1", &[("primarygroupid", "521")], Protected::DomainController),
        ("AZUREADSSOACC", &[], Protected::System),
    ] {
        let (controller, connection) =
            with(name, |machine| changes.iter().for_each(|(attribute, value)| machine.set(attribute, value)))
                .await;
        let found = look(&connection, &[&format!("netbios:corp\\{name}")]).await;
        let LookUp::Found(facts) = found else { panic!("{name}: {found:?}") };
        assert_eq!(facts.protected, Some(protected), "{name}");
        for action in [DISABLE, ENABLE] {
            let error = call(&connection, action, Target::Device(facts.key.clone())).await.unwrap_err();
            assert_eq!(error.failure, Failure::Forbidden, "{name}: {error}");
        }
        assert_eq!(controller.domain.lock().changes, 0);
    }
}

#[tokio::test]
async fn what_is_known_of_the_account_is_known_of_the_machine() {
    let (_controller, connection) =
        with("SRV1", |machine| machine.set("memberof", "CN=VIP,OU=Groups,DC=corp,DC=example")).await;
    let found = look(&connection, &["dns_name:srv1.corp.example", "netbios:corp\\srv1"]).await;
    let LookUp::Found(facts) = found else { panic!("{found:?}") };
    assert_eq!((facts.tags, facts.addresses), (None, None));
    let account = facts.account.unwrap();
    assert!(account.identifiers.contains(&Identifier::sam("corp", "srv1$").unwrap()));
    assert!(account.groups.unwrap().iter().any(|group| group.name.as_deref() == Some("VIP")));
    assert!(!connection.directories[0].sees_machines());
}

#[tokio::test]
async fn a_name_in_dns_that_is_not_its_own_leads_to_nobody() {
    let (_controller, connection) =
        with("ROGUE", |machine| machine.set("dnshostname", "srv7.corp.example")).await;
    assert!(matches!(look(&connection, &["dns_name:srv7.corp.example"]).await, LookUp::Ambiguous(_)));
    let two = ["dns_name:wks1.corp.example", "netbios:corp\\rogue"];
    assert!(matches!(look(&connection, &two).await, LookUp::Ambiguous(_)));
    let (_controller, connection) =
        with("ROGUE", |machine| machine.set("dnshostname", "wks1.corp.example")).await;
    assert!(matches!(look(&connection, &["dns_name:wks1.corp.example"]).await, LookUp::Ambiguous(_)));
    // What the engine would refuse as a name finds nobody either.
    for text in ["*", "wks*.corp.example", "wks1.corp.example)(cn=*"] {
        let names = [DeviceIdentifier::DnsName(text.into())];
        assert_eq!(connection.directories[0].device(&names).await.unwrap(), LookUp::NotFound, "{text}");
    }
}

#[tokio::test]
async fn a_machine_that_cannot_be_read_is_not_taken_for_none() {
    let (_controller, connection) = with("SRV1", |machine| {
        machine.attributes.remove("objectsid");
    })
    .await;
    let names = ["dns_name:srv1.corp.example".parse().unwrap()];
    let error = connection.directories[0].device(&names).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden, "{error}");
}
