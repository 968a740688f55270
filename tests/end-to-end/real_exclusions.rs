//! Whoever is on the exclusion list is left alone, under whatever name they stand on it and whatever name the alert has.

use quell_tests::directory::people::{Admin, Person};
use quell_tests::environment::variable;
use serde_json::{Value, json};

use crate::alert::{Alert, by_name, by_sid, by_upn, dcsync};
use crate::real_straight_path::{entries, line};
use crate::site::{Site, assert_disabled, assert_untouched};

/// A global security group.
const GLOBAL: i32 = -0x7fff_fffe;

/// Somebody, and the entry of the exclusion file that means them.
struct Excluded {
    person: Person,
    entry: String,
}

#[tokio::test]
async fn every_name_on_the_list_protects_from_every_name_in_an_alert() {
    let mut admin = Admin::new().await;
    let excluded = everybody(&mut admin).await;
    let bystander = admin.person("q-x-bystander").await;
    let site = Site::new().await;
    let list: Vec<_> =
        excluded.iter().map(|one| format!("  - {}\n    because: {}\n", one.entry, one.person.upn)).collect();
    site.write("exclusions.yaml", &format!("language: 1\nexclusions:\n{}", list.concat()));
    let engine = site.engine().await;

    let mut alerts = Vec::new();
    for (number, one) in excluded.iter().enumerate() {
        for about in names_in_alerts(&one.person) {
            let alert = dcsync(about);
            site.produce(&alert).await;
            alerts.push((number, alert));
        }
    }
    let last = dcsync(by_sid(&bystander.sid));
    let offset = site.produce(&last).await;
    for (number, alert) in &alerts {
        left_alone(&site, alert, *number, &excluded[*number]).await;
    }
    site.finished(&last).await;
    site.until_committed(offset + 1).await;

    for one in &excluded {
        assert_untouched(&one.person).await;
    }
    assert_disabled(&mut admin, &bystander).await;
    engine.stop().await;
}

/// One person for each way to stand on the list.
async fn everybody(admin: &mut Admin) -> Vec<Excluded> {
    let mut all = Vec::new();
    let mut add = |person: &Person, entry: String| all.push(Excluded { person: person.clone(), entry });

    let person = admin.person("q-x-sid").await;
    add(&person, format!("account: {{ sid: {} }}", person.sid));
    let person = admin.person("q-x-upn").await;
    add(&person, "account: { upn: Q-X-UPN@Example.COM }".into());
    let person = admin.person("q-x-sam").await;
    add(&person, r"account: { sam: 'corp\Q-X-Sam' }".into());
    let person = admin.person("q-x-dns").await;
    add(&person, r"account: { sam: 'corp.test\q-x-dns' }".into());
    let person = admin.person("q-x-dn").await;
    add(&person, format!("account: {{ dn: \"{}\" }}", person.dn.to_lowercase()));
    let person = admin.person("q-x-guid").await;
    add(&person, format!("account: {{ ad_guid: \"{}\" }}", person.guid.braced()));
    let person = admin.person("q-x-mail").await;
    admin.set(&person, "mail", "quite.another.name@example.com").await;
    add(&person, "account: { mail: Quite.Another.Name@example.com }".into());
    let person = admin.person("q-x-name").await;
    add(&person, "account: { name: q-x-name }".into());
    let person = admin.person("q-x-pattern").await;
    add(&person, "name_pattern: \"q-x-patt*\"".into());
    let unit = format!("OU=Staff-Contractors,{}", variable("QUELL_TEST_AD_STAFF_OU"));
    let person = admin.person_in("q-x-below", &unit, "q-x-below Test").await;
    add(&person, format!("dn_subtree: \"{unit}\""));

    let person = admin.person("q-x-group").await;
    let group = admin.group("q-x-direct", GLOBAL, &[&person.dn]).await;
    add(&person, format!("group: {{ dn: \"{group}\" }}"));
    let person = admin.person("q-x-nested").await;
    let inner = admin.group("q-x-inner", GLOBAL, &[&person.dn]).await;
    let middle = admin.group("q-x-middle", GLOBAL, &[&inner]).await;
    admin.group("q-x-outer", GLOBAL, &[&middle]).await;
    add(&person, "group: { name: Q-X-Outer }".into());
    // A primary group is no `member` of anything: it stands in another attribute.
    let person = admin.person("q-x-primary").await;
    let group = admin.group("q-x-primary-g", GLOBAL, &[]).await;
    admin.join(&person, &group).await;
    let rid = admin.primary_group(&person, &group).await;
    let domain = variable("QUELL_TEST_AD_DOMAIN_SID");
    add(&person, format!("group: {{ sid: {domain}-{rid} }}"));
    all
}

/// The forms in which alerts name a person.
fn names_in_alerts(person: &Person) -> [Value; 4] {
    let name = person.upn.split('@').next().unwrap();
    [
        by_sid(&person.sid),
        by_name("CORP", name),
        by_upn(&person.upn),
        json!({ "$id": "3", "Type": "account", "Name": name.to_uppercase(), "DnsDomain": "corp.test", "NTDomain": "corp" }),
    ]
}

/// The record says that they were left alone, and by which entry.
async fn left_alone(site: &Site, alert: &Alert, number: usize, excluded: &Excluded) {
    let record = site.finished(alert).await;
    assert!(!entries(&record).contains(&"started".to_owned()), "{}: {record:#}", excluded.entry);
    assert_eq!(record["summary"]["finish"], "excluded", "{}: {record:#}", excluded.entry);
    assert_eq!(record["summary"]["counts"]["excluded"], 1);
    let why = &line(&record, "task_excluded")["excluded"]["reason"];
    let id = format!("site:{}", number + 1);
    assert!(why.to_string().contains(&format!("\"{id}\"")), "{}: {why}", excluded.entry);
    let shown = site.quell(&["runs", "show", record["summary"]["id"].as_str().unwrap()]).await.out;
    assert!(shown.contains(&id) && shown.contains(&excluded.person.upn), "{shown}");
}

#[tokio::test]
async fn what_is_built_in_is_left_alone_without_an_entry() {
    let mut admin = Admin::new().await;
    let site = Site::new().await;
    let engine = site.engine().await;
    // Only the directory can tell who is behind a GUID.
    let mut by_guid = Vec::new();
    for (name, protection) in [("Administrator", "built_in_administrator"), ("krbtgt", "krbtgt")] {
        let guid = admin.guid_of(name).await;
        by_guid.push((dcsync(json!({ "$id": "3", "Type": "account", "ObjectGuid": guid })), protection));
    }
    by_guid.push((dcsync(by_upn(&variable("QUELL_TEST_AD_USER"))), "own_account"));
    // Who is named in clear is no person already in the alert.
    let in_clear = [
        dcsync(by_name("CORP", "Administrator")),
        dcsync(by_name("CORP", "krbtgt")),
        dcsync(by_sid(&format!("{}-500", variable("QUELL_TEST_AD_DOMAIN_SID")))),
    ];
    for alert in by_guid.iter().map(|(alert, _)| alert).chain(&in_clear) {
        site.produce(alert).await;
    }
    for (alert, protection) in &by_guid {
        let record = site.finished(alert).await;
        assert_eq!(record["summary"]["finish"], "excluded", "{record:#}");
        let why = line(&record, "task_excluded").to_string();
        assert!(why.contains(protection), "{why}");
    }
    for alert in &in_clear {
        let record = site.finished(alert).await;
        assert!(!entries(&record).contains(&"started".to_owned()), "{record:#}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn the_list_says_who_is_left_alone_before_anything_happens() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-x-asked").await;
    let other = admin.person("q-x-notasked").await;
    let site = Site::new().await;
    site.write(
        "exclusions.yaml",
        &format!(
            "language: 1\nexclusions:\n  - account: {{ sid: {} }}\n    because: Asked about\n",
            person.sid
        ),
    );
    let engine = site.engine().await;
    for name in [person.upn.as_str(), r"CORP\q-x-asked", &person.sid, &person.dn, &person.guid.to_string()] {
        let answer = site.quell(&["exclusions", "test", name]).await;
        assert_eq!(answer.code, 0, "{name}: {answer:?}");
        assert!(answer.out.contains("Asked about") && answer.out.contains("site:1"), "{name}: {answer:?}");
    }
    let answer = site.quell(&["exclusions", "test", &other.upn]).await;
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("can be acted on"), "{answer:?}");
    engine.stop().await;
}
