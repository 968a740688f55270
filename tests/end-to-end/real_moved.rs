//! Two engines in one consumer group. One joins while the other decides a backlog, and later the first one leaves: the
//! partitions move in the middle of it. Together they decide every alert once, and what they commit has no gap.

use std::collections::BTreeMap;

use quell_tests::broker::unique;
use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, Person};
use quell_tests::waiting::until;
use serde_json::json;

use crate::alert::{Alert, by_sid, dcsync};
use crate::engine::Engine;
use crate::site::{Site, assert_disabled};

/// So many alerts wait in each partition when the second engine joins, and again when the first one leaves.
const BACKLOG: usize = 2_000;
/// So many of each backlog start a run that touches somebody; the others start nothing.
const PEOPLE: usize = 3;

/// What was produced: the alerts that start a run, whom they are about, and how many alerts lie in each partition.
#[derive(Default)]
struct Produced {
    alerts: Vec<Alert>,
    people: Vec<Person>,
    lies_in: [i64; 2],
}

impl Produced {
    /// A backlog in both partitions.
    async fn backlog(&mut self, site: &Site, admin: &mut Admin) {
        for partition in 0..2 {
            let mut records: Vec<Vec<u8>> = (0..BACKLOG).map(|_| of_no_concern()).collect();
            for number in 0..PEOPLE {
                let person = admin.person(&format!("q-m-{}", self.people.len())).await;
                // All over the backlog, and one of them is the last.
                let alert = dcsync(by_sid(&person.sid));
                records[(number + 1) * BACKLOG / PEOPLE - 1] = alert.bytes();
                self.alerts.push(alert);
                self.people.push(person);
            }
            site.broker.send_all_to(&site.form.topic, partition, &records).await;
            self.lies_in[partition as usize] += records.len() as i64;
        }
    }
}

/// An alert that starts nothing.
fn of_no_concern() -> Vec<u8> {
    let id = unique("alert");
    let alert = json!({
        "Type": "SecurityAlert",
        "TimeGenerated": "2026-03-02T09:30:00.0000000Z",
        "SystemAlertId": id,
        "AlertName": "Something of no concern",
        "AlertSeverity": "Low",
        "ProviderName": "Azure Advanced Threat Protection",
        "ProductName": "Azure Advanced Threat Protection",
    });
    alert.to_string().into_bytes()
}

/// How many alerts an engine has accepted, by what it says of itself when it stops.
async fn accepted(engine: Engine) -> u64 {
    let said = engine.said.clone();
    engine.stop().await;
    let lines = said.lock();
    let told = lines.iter().find_map(|line| line.split_once(" alerts accepted").map(|(number, _)| number));
    told.expect("it says so").parse().unwrap()
}

/// Returns when an engine has been given so many partitions so far.
async fn until_assigned(engine: &Engine, times: usize) {
    until(&format!("{times} partitions were given to it"), async || {
        (engine.log().matches("\"partition assigned\"").count() >= times).then_some(())
    })
    .await;
}

#[tokio::test]
async fn partitions_that_move_in_the_middle_of_a_backlog_have_each_alert_decided_once() {
    let mut admin = Admin::new().await;
    let first = Site::with(|form| form.topic = unique("alerts")).await;
    first.broker.create(&first.form.topic, 2, &[]).await;
    let second = Site::with(|form| {
        form.topic.clone_from(&first.form.topic);
        form.group.clone_from(&first.form.group);
    })
    .await;
    let mut produced = Produced::default();

    let one = first.engine().await;
    until_assigned(&one, 2).await;
    produced.backlog(&first, &mut admin).await;
    let other = second.run();
    until_assigned(&other, 1).await;

    produced.backlog(&first, &mut admin).await;
    let by_first = accepted(one).await;
    until_assigned(&other, 2).await;

    // The first one has stopped: what it began goes on when it is started again, without the broker having anything
    // left for it.
    let expected: BTreeMap<i32, i64> = [(0, produced.lies_in[0]), (1, produced.lies_in[1])].into();
    until("all is committed", async || {
        let committed = first.broker.committed(&first.form.group, &first.form.topic, 2);
        for (partition, offset) in &committed {
            assert!(*offset <= expected[partition], "{committed:?} is behind {expected:?}");
        }
        (committed.into_iter().collect::<BTreeMap<_, _>>() == expected).then_some(())
    })
    .await;
    let again = first.engine().await;

    let mut runs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (site, name) in [(&first, "first"), (&second, "second")] {
        let listed = until("all its runs have ended", async || {
            let listed = site.ask(&["runs", "list", "--limit", "10000"]).await;
            let listed = listed.as_array()?.clone();
            listed.iter().all(|run| run["status"] == "finished").then_some(listed)
        })
        .await;
        for run in listed {
            runs.entry(run["alert"].as_str().unwrap().to_owned()).or_default().push(name);
        }
    }
    for alert in &produced.alerts {
        assert_eq!(runs.get(&alert.id).map_or(0, Vec::len), 1, "decided by {:?}", runs.get(&alert.id));
    }
    for person in &produced.people {
        assert_eq!(audit::changes(person, "userAccountControl"), 1, "{}", person.upn);
        assert_disabled(&mut admin, person).await;
    }
    again.stop().await;
    let by_second = accepted(other).await;
    let all = produced.lies_in.iter().sum::<i64>() as u64;
    assert!(by_first > 0 && by_second > 0, "no partition has moved: {by_first} and {by_second}");
    assert_eq!(by_first + by_second, all, "{by_first} by the first, {by_second} by the second");
}
