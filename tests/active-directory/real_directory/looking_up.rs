//! Who is meant by a name, and what is known of them.

use quell_action::{GroupFacts, LookUp, Protected};
use quell_alert::{Identifier, immutable_id_of_guid};
use serde_json::json;

use super::people::Admin;
use super::{connect, execute, find, variable};

fn group<'a>(groups: &'a [GroupFacts], name: &str) -> Option<&'a GroupFacts> {
    groups.iter().find(|group| group.name.as_deref() == Some(name))
}

#[tokio::test]
async fn every_name_leads_to_the_same_account() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-names").await;
    admin.set(&person, "mail", "q-names.mail@example.com").await;
    let connection = connect(json!({})).await;
    let (domain, netbios) = (variable("QUELL_TEST_AD_DOMAIN"), variable("QUELL_TEST_AD_NETBIOS"));
    let braced = format!("{{{}}}", person.guid.to_string().to_uppercase());
    let names = [
        Identifier::sid(&person.sid),
        Identifier::ad_guid(&braced),
        Identifier::immutable_id(&immutable_id_of_guid(person.guid)),
        Identifier::upn(&person.upn.to_uppercase()),
        Identifier::upn(&format!("Q-Names@{domain}")),
        Identifier::sam(&netbios, "Q-NAMES"),
        Identifier::sam(&domain, "q-names"),
        Identifier::dn(&person.dn.to_lowercase()),
    ];
    for name in names {
        let name = name.unwrap();
        let facts = find(&connection, name.clone()).await;
        assert_eq!(facts.key.to_string(), format!("active_directory:{domain}/{}", person.guid), "{name}");
        assert!(facts.identifiers.contains(&name), "{name} is not among {:?}", facts.identifiers);
        assert!(facts.identifiers.contains(&Identifier::mail("q-names.mail@example.com").unwrap()));
        assert_eq!((facts.enabled, facts.privileged, facts.protected), (Some(true), Some(false), None));
    }
}

#[tokio::test]
async fn nobody_is_found_by_a_weak_or_a_foreign_name() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-weak").await;
    admin.set(&person, "mail", "q-weak.mail@example.com").await;
    let directory = connect(json!({})).await.directories[0].clone();
    for name in [
        Identifier::mail("q-weak.mail@example.com"),
        Identifier::bare_name("q-weak"),
        Identifier::upn("q-weak.mail@example.com"),
        Identifier::upn("q-weak@elsewhere.example"),
        Identifier::sam("ELSEWHERE", "q-weak"),
        Identifier::sam(&variable("QUELL_TEST_AD_NETBIOS"), "q-wea*"),
        Identifier::upn("q-wea*@example.com"),
        Identifier::sid("S-1-5-21-1-2-3-1104"),
        Identifier::sid("S-1-5-18"),
        Identifier::sid("S-1-5-32-544"),
        Identifier::entra_id("7d1f0d4e-1234-5678-9abc-def012345678"),
        Identifier::dn("CN=Nobody,OU=Staff,DC=corp,DC=test"),
        Identifier::dn("CN=VIP,OU=Groups,DC=corp,DC=test"),
    ] {
        let name = name.unwrap();
        assert_eq!(directory.account(std::slice::from_ref(&name)).await.unwrap(), LookUp::NotFound, "{name}");
    }
}

#[tokio::test]
async fn names_of_two_people_are_nobody() {
    let mut admin = Admin::new().await;
    let (one, two) = (admin.person("q-one").await, admin.person("q-two").await);
    let directory = connect(json!({})).await.directories[0].clone();
    let mixed = [Identifier::sid(&one.sid).unwrap(), Identifier::upn(&two.upn).unwrap()];
    let LookUp::Ambiguous(why) = directory.account(&mixed).await.unwrap() else { panic!("it chose one") };
    assert!(why.starts_with("ConflictingIdentity"), "{why}");
    // The id of somebody who is gone is not replaced by the name that somebody else has now.
    admin.delete(&one.dn).await;
    admin.set(&two, "userPrincipalName", &one.upn).await;
    let reused = [Identifier::sid(&one.sid).unwrap(), Identifier::upn(&one.upn).unwrap()];
    assert_eq!(directory.account(&reused).await.unwrap(), LookUp::NotFound);
}

#[tokio::test]
async fn groups_are_found_nested_primary_and_for_distribution() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-groups").await;
    let base = variable("QUELL_TEST_AD_BASE");
    admin.join(&person, &format!("CN=VIP-Deep,OU=Groups,{base}")).await;
    // Distribution groups (no security bit), one in the other: no token holds them.
    let inner = admin.group("q-mail-inner", 2, &[&person.dn]).await;
    let outer = admin.group("q-mail-outer", 2, &[&inner]).await;
    let connection = connect(json!({})).await;
    let facts = find(&connection, Identifier::upn(&person.upn).unwrap()).await;
    let groups = facts.groups.unwrap();
    for name in ["VIP-Deep", "VIP-Assistants", "VIP", "Domain Users", "Users", "q-mail-inner", "q-mail-outer"]
    {
        assert!(group(&groups, name).is_some(), "{name} is not among {groups:?}");
    }
    let vip = group(&groups, "VIP").unwrap();
    assert!(vip.identifiers.contains(&Identifier::dn(&variable("QUELL_TEST_AD_VIP_GROUP")).unwrap()));
    assert!(vip.identifiers.contains(&Identifier::sam(&variable("QUELL_TEST_AD_NETBIOS"), "vip").unwrap()));
    let users = group(&groups, "Domain Users").unwrap();
    let sid = format!("{}-513", variable("QUELL_TEST_AD_DOMAIN_SID"));
    assert!(users.identifiers.contains(&Identifier::sid(&sid).unwrap()));
    assert!(group(&groups, "q-mail-outer").unwrap().identifiers.contains(&Identifier::dn(&outer).unwrap()));
    assert_eq!(facts.privileged, Some(false));
}

#[tokio::test]
async fn administrators_and_built_in_accounts_are_known() {
    let connection = connect(json!({})).await;
    let admin01 = find(&connection, Identifier::upn("admin01@example.com").unwrap()).await;
    assert_eq!(admin01.privileged, Some(true));
    assert_eq!(admin01.protected, None);
    let netbios = variable("QUELL_TEST_AD_NETBIOS");
    for (name, expected) in [
        ("krbtgt", Some(Protected::Krbtgt)),
        ("Administrator", Some(Protected::BuiltInAdministrator)),
        ("Guest", Some(Protected::BuiltInGuest)),
        ("svc-respond", Some(Protected::OwnAccount)),
        ("svc-reader", None),
    ] {
        let facts = find(&connection, Identifier::sam(&netbios, name).unwrap()).await;
        assert_eq!(facts.protected, expected, "{name}");
    }
}

#[tokio::test]
async fn odd_names_are_only_names() {
    let mut admin = Admin::new().await;
    let unit = variable("QUELL_TEST_AD_STAFF_OU");
    let common_name = "Q, Odd (the \"2nd\")* #1 + a\\b <c>; \u{e9}\u{df}";
    let person = admin.person_in("q-odd(1)", &unit, common_name).await;
    let connection = connect(json!({})).await;
    for name in [
        Identifier::dn(&person.dn),
        Identifier::sam(&variable("QUELL_TEST_AD_NETBIOS"), "Q-ODD(1)"),
        Identifier::upn(&person.upn),
    ] {
        let facts = find(&connection, name.unwrap()).await;
        assert_eq!(facts.key.id, person.guid.to_string());
        let target = quell_action::Target::Account(facts.key);
        execute(&connection, "account.disable", &target, json!({})).await.unwrap();
    }
    assert_eq!(admin.get(&person, "userAccountControl").await, "514");
}
