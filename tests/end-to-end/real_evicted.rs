//! An engine that its group has thrown out: it stood still for too long, somebody else was given its partition in the
//! middle of a stream, and it comes back. What the other one did not take is decided here, once.

use quell_tests::directory::audit;
use quell_tests::directory::people::Admin;

use crate::alert::{by_sid, dcsync};
use crate::site::{Site, assert_disabled};

#[tokio::test]
async fn who_was_thrown_out_of_the_group_decides_each_alert_once_when_it_is_back() {
    const PEOPLE: usize = 5;
    let mut admin = Admin::new().await;
    let mut people = Vec::new();
    for number in 0..=PEOPLE {
        people.push(admin.person(&format!("q-e-{number}")).await);
    }
    let site = Site::new().await;
    let engine = site.engine().await;
    let first = dcsync(by_sid(&people[0].sid));
    site.produce(&first).await;
    site.finished(&first).await;
    site.until_committed(1).await;

    engine.signal("STOP").await;
    let alerts: Vec<_> = people[1..].iter().map(|person| dcsync(by_sid(&person.sid))).collect();
    for alert in &alerts {
        site.produce(alert).await;
    }
    // The group gives the partition to somebody else only when it has lost patience with the engine. They read all of
    // it and accept nothing.
    let usurper = site.broker.join(&site.form.topic, &site.form.group).await;
    usurper.read(PEOPLE).await;
    engine.signal("CONT").await;
    usurper.leave().await;

    for (alert, person) in alerts.iter().zip(&people[1..]) {
        let record = site.finished(alert).await;
        assert_eq!(record["summary"]["finish"], "contained", "{record:#}");
        assert_eq!(audit::changes(person, "userAccountControl"), 1, "{}: {record:#}", person.upn);
        assert_disabled(&mut admin, person).await;
    }
    site.until_committed(PEOPLE as i64 + 1).await;
    assert_eq!(audit::changes(&people[0], "userAccountControl"), 1);
    engine.stop().await;
}
