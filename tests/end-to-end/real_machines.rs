//! Computer accounts: an alert about a machine shuts exactly this one out of the real domain, and never one that is
//! excluded, under whatever name of its account.

use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, Person, sign_in};
use quell_tests::environment::variable;
use serde_json::Value;

use crate::alert::{dcsync, machine, machine_in_dns};
use crate::real_straight_path::{entries, line};
use crate::site::{Site, assert_untouched};

/// A global security group.
const GLOBAL: i32 = -0x7fff_fffe;

const SHUT_OUT: &str = "language: 1
playbook: shut-out
title: Shut machines out of the domain
mode: act
when: { alert: { all: [ alert.severity: { at_least: medium } ] } }
for_each: { device: { at_most: 5 } }
steps:
  - do: device.disable_account
";

async fn site() -> Site {
    let site = Site::new().await;
    std::fs::remove_file(site.path("playbooks/dcsync.yaml")).unwrap();
    site.write("playbooks/shut-out.yaml", SHUT_OUT);
    site
}

#[tokio::test]
async fn an_alert_shuts_out_exactly_the_machine_that_it_names_and_an_undo_lets_it_back() {
    let mut admin = Admin::new().await;
    let guilty = admin.machine("qm-e-guilty").await;
    let neighbour = admin.machine("qm-e-guilty2").await;
    let user = admin.person("qm-e-guilty").await;
    assert_eq!(sign_in(&guilty.upn).await, None);
    let site = site().await;
    let engine = site.engine().await;

    let alert = dcsync(machine_in_dns("qm-e-guilty", &variable("QUELL_TEST_AD_DOMAIN")));
    let offset = site.produce(&alert).await;
    let record = site.finished(&alert).await;
    site.until_committed(offset + 1).await;
    assert_eq!(record["summary"]["finish"], "contained", "{record:#}");
    assert_eq!(line(&record, "succeeded")["fulfilled"]["verification"], "seen");
    assert_eq!(sign_in(&guilty.upn).await.as_deref(), Some("533"));
    assert_eq!(admin.get(&guilty, "userAccountControl").await, "4098");
    assert_eq!(audit::all_changes(&guilty), 1);
    assert_untouched(&neighbour).await;
    assert_untouched(&user).await;

    // The same machine by another name: it is found to be shut out.
    let again = dcsync(machine("CORP", "QM-E-Guilty"));
    site.produce(&again).await;
    let second = site.finished(&again).await;
    assert_eq!(second["summary"]["counts"]["changed"], 0, "{second:#}");
    for record in [&record, &second] {
        let run = record["summary"]["id"].as_str().unwrap();
        let undone = site.quell(&["undo", run]).await;
        assert_eq!(undone.code, 0, "{undone:?}");
    }
    assert_eq!(sign_in(&guilty.upn).await, None);
    assert_eq!(admin.get(&guilty, "userAccountControl").await, "4096");
    assert_eq!(audit::all_changes(&guilty), 2);
    engine.stop().await;
}

/// A machine for each way to stand on the list, by its own name or by what its account is and is in.
async fn excluded(admin: &mut Admin) -> Vec<(Person, &'static str, String)> {
    let mut all = Vec::new();
    let domain = variable("QUELL_TEST_AD_DOMAIN");
    let mut add = |machine: Person, name, entry: String| all.push((machine, name, entry));
    let machine = admin.machine("qm-x-host").await;
    add(machine, "qm-x-host", "device: { name: qm-x-host }".into());
    let machine = admin.machine("qm-x-dns").await;
    add(machine, "qm-x-dns", format!("device: {{ dns_name: QM-X-DNS.{domain} }}"));
    let machine = admin.machine("qm-x-sid").await;
    let entry = format!("account: {{ sid: {} }}", machine.sid);
    add(machine, "qm-x-sid", entry);
    let machine = admin.machine("qm-x-sam").await;
    add(machine, "qm-x-sam", r"account: { sam: 'corp\QM-X-SAM$' }".into());
    let machine = admin.machine("qm-x-guid").await;
    let entry = format!("account: {{ ad_guid: {} }}", machine.guid);
    add(machine, "qm-x-guid", entry);
    let machine = admin.machine("qm-x-dn").await;
    let entry = format!("account: {{ dn: \"{}\" }}", machine.dn.to_lowercase());
    add(machine, "qm-x-dn", entry);
    let machine = admin.machine("qm-x-pattern").await;
    add(machine, "qm-x-pattern", "name_pattern: \"qm-x-patt*\"".into());
    let machine = admin.machine("qm-x-nested").await;
    let inner = admin.group("qm-x-inner", GLOBAL, &[&machine.dn]).await;
    admin.group("qm-x-outer", GLOBAL, &[&inner]).await;
    add(machine, "qm-x-nested", "group: { name: QM-X-Outer }".into());
    all
}

#[tokio::test]
async fn every_name_on_the_list_protects_a_machine_by_every_name_in_an_alert() {
    let mut admin = Admin::new().await;
    let excluded = excluded(&mut admin).await;
    let bystander = admin.machine("qm-x-other").await;
    let site = site().await;
    let list: Vec<_> =
        excluded.iter().map(|(_, name, entry)| format!("  - {entry}\n    because: {name}\n")).collect();
    site.write("exclusions.yaml", &format!("language: 1\nexclusions:\n{}", list.concat()));
    let engine = site.engine().await;

    let domain = variable("QUELL_TEST_AD_DOMAIN");
    let mut alerts = Vec::new();
    for (number, (_, name, _)) in excluded.iter().enumerate() {
        for about in [machine_in_dns(name, &domain), machine("CORP", &name.to_uppercase())] {
            let alert = dcsync(about);
            site.produce(&alert).await;
            alerts.push((number, alert));
        }
    }
    // Nobody has put the controller on a list.
    let controller = dcsync(machine_in_dns("dc1", &domain));
    site.produce(&controller).await;
    let last = dcsync(machine("CORP", "qm-x-other"));
    site.produce(&last).await;
    for (number, alert) in &alerts {
        let record = site.finished(alert).await;
        let entry = &excluded[*number].2;
        assert_eq!(record["summary"]["finish"], "excluded", "{entry}: {record:#}");
        assert!(!entries(&record).contains(&"started".to_owned()), "{entry}: {record:#}");
        let why = &line(&record, "task_excluded")["excluded"]["reason"];
        assert!(why.to_string().contains(&format!("\"site:{}\"", number + 1)), "{entry}: {why}");
    }
    let record = site.finished(&controller).await;
    let why: &Value = &line(&record, "task_excluded")["excluded"]["reason"];
    assert!(why.to_string().contains("domain_controller"), "{why}");
    site.finished(&last).await;
    for (machine, _, _) in &excluded {
        assert_untouched(machine).await;
    }
    assert_eq!(admin.get(&bystander, "userAccountControl").await, "4098");
    engine.stop().await;
}
