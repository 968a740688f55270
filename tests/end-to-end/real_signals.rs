//! SIGTERM finishes what is under way; a second one lets go of it at once; nothing is lost either way. SIGHUP reads
//! playbooks and exclusions anew, all of them or none.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, Person};
use quell_tests::directory::proxy::{Proxy, Way};

use crate::alert::{by_sid, dcsync};
use crate::engine::Engine;
use crate::real_straight_path::entries;
use crate::site::{DCSYNC, Site, assert_disabled, assert_untouched};

/// How many sites are stopped side by side.
const AT_ONCE: usize = 12;

#[tokio::test]
async fn one_sigterm_at_any_request_finishes_what_is_under_way() {
    let mut outcomes = futures::stream::iter(0..).map(|number| stop_at(number, false)).buffered(AT_ONCE);
    let mut positions = 0;
    while outcomes.next().await == Some(true) {
        positions += 1;
    }
    assert!(positions >= 6, "only {positions} positions");
}

#[tokio::test]
async fn two_sigterms_at_any_request_stop_at_once_and_the_next_start_goes_on() {
    let mut outcomes = futures::stream::iter(0..).map(|number| stop_at(number, true)).buffered(AT_ONCE);
    let mut positions = 0;
    while outcomes.next().await == Some(true) {
        positions += 1;
    }
    assert!(positions >= 6, "only {positions} positions");
}

/// Stops an engine while its request with this number waits; whether there was one.
async fn stop_at(number: usize, twice: bool) -> bool {
    let mut admin = Admin::new().await;
    let person = admin.person(&format!("q-s-{}{number}", if twice { "two" } else { "one" })).await;
    let proxy = Proxy::start().await;
    let site = Site::with(|form| form.controller = proxy.url.clone()).await;
    let mut engine = site.engine().await;
    engine.until_asked().await;
    let alert = dcsync(by_sid(&person.sid));
    let last = site.broker.send(&site.form.topic, b"{}").await;
    site.until_committed(last + 1).await;
    proxy.set(Way::WaitAfter(number));
    let offset = site.produce(&alert).await;
    let held = tokio::select! {
        () = proxy.until_held() => true,
        _ = site.finished(&alert) => false,
    };
    engine.signal("TERM").await;
    engine.until_said("told to stop").await;
    if twice {
        let began = Instant::now();
        engine.signal("TERM").await;
        let status = engine.ended().await;
        assert!(status.success(), "{status}");
        assert!(began.elapsed() < Duration::from_secs(8), "at once took {:?}", began.elapsed());
        proxy.set(Way::Open);
    } else {
        proxy.set(Way::Open);
        let said = engine.said.clone();
        let status = engine.ended().await;
        assert!(status.success(), "{status}: {}", said.lock().join("\n"));
        let run = site.runs_of(&alert).await.pop().expect("it was accepted");
        let record = site.ask(&["runs", "show", run["id"].as_str().unwrap()]).await;
        let kinds = entries(&record);
        let count = |kind: &str| kinds.iter().filter(|entry| *entry == kind).count();
        assert_eq!(count("started"), count("succeeded"), "what was begun was finished: {kinds:?}");
    }
    let engine = site.engine().await;
    let record = site.finished(&alert).await;
    assert_eq!(record["summary"]["finish"], "contained", "{number}: {record:#}");
    assert_eq!(audit::changes(&person, "userAccountControl"), 1, "{number}: {record:#}");
    assert_disabled(&mut admin, &person).await;
    site.until_committed(offset + 1).await;
    engine.stop().await;
    held
}

#[tokio::test]
async fn a_signal_before_the_brokers_answer_ends_the_start() {
    let site = Site::new().await;
    // Something that accepts connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let file = std::fs::read_to_string(site.path("quell.yaml")).unwrap();
    let brokers = quell_tests::environment::variable("QUELL_TEST_KAFKA_SASL");
    site.write("quell.yaml", &file.replace(&brokers, &silent.local_addr().unwrap().to_string()));
    let mut engine = site.run();
    engine.until("it listens", async |engine| engine.get("/healthz").await).await;
    assert_eq!(engine.get("/readyz").await.unwrap().0, 503, "its source is not reached yet");
    engine.signal("TERM").await;
    let began = Instant::now();
    let status = engine.ended().await;
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(8), "it took {:?}", began.elapsed());
}

#[tokio::test]
async fn who_is_written_into_the_exclusion_file_is_left_alone_without_a_signal() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-s-written").await;
    let site = Site::new().await;
    let mut engine = site.engine().await;
    engine.until_said("the exclusion file was read anew").await;
    let times = engine.log().matches("the exclusion file was read anew").count();
    site.write("exclusions.yaml", &exclude(&person));
    let again = |engine: &Engine| engine.log().matches("the exclusion file was read anew").count() > times;
    engine.until("the file is read anew", async |engine| again(engine).then_some(())).await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    assert_eq!(site.finished(&alert).await["summary"]["finish"], "excluded");

    // A file that cannot be read is no empty list.
    site.write("exclusions.yaml", "language: 1\nexclusions:\n  - acount: { upn: x@example.com }\n");
    engine.until_said("the exclusion file cannot be used; the old one stays").await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    assert_eq!(site.finished(&alert).await["summary"]["finish"], "excluded");
    assert_untouched(&person).await;
    engine.stop().await;
}

#[tokio::test]
async fn sighup_takes_good_playbooks_and_exclusions_and_a_bad_one_replaces_nothing() {
    let mut admin = Admin::new().await;
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(admin.person(&format!("q-s-hup{number}")).await);
    }
    let site = Site::new().await;
    let mut engine = site.engine().await;

    // One playbook with a mistake, and a good one beside it: neither is taken.
    site.write("playbooks/dcsync.yaml", &DCSYNC.replace("account.disable", "account.disabel"));
    site.write("playbooks/another.yaml", &DCSYNC.replace("playbook: dcsync", "playbook: another"));
    engine.signal("HUP").await;
    engine.until_said("the old playbooks and exclusions stay").await;
    let first = dcsync(by_sid(&people[0].sid));
    site.produce(&first).await;
    assert_eq!(site.finished(&first).await["summary"]["finish"], "contained");
    assert_disabled(&mut admin, &people[0]).await;

    // A mistake in the exclusion file keeps good playbooks out, too.
    std::fs::remove_file(site.path("playbooks/another.yaml")).unwrap();
    site.write("playbooks/dcsync.yaml", &DCSYNC.replace("mode: act", "mode: observe"));
    site.write("exclusions.yaml", "language: 1\nexclusions:\n  - acount: { upn: x@example.com }\n");
    engine.signal("HUP").await;
    engine
        .until("it says so again", async |engine| {
            (engine.log().matches("exclusions stay").count() == 2).then_some(())
        })
        .await;
    let second = dcsync(by_sid(&people[1].sid));
    site.produce(&second).await;
    assert_eq!(site.finished(&second).await["summary"]["finish"], "contained");

    // Both good: both taken, without a restart.
    site.write("playbooks/dcsync.yaml", DCSYNC);
    site.write("exclusions.yaml", &exclude(&people[2]));
    engine.signal("HUP").await;
    engine.until_said("were read anew").await;
    let third = dcsync(by_sid(&people[2].sid));
    site.produce(&third).await;
    assert_eq!(site.finished(&third).await["summary"]["finish"], "excluded");
    assert_untouched(&people[2]).await;

    site.write("playbooks/dcsync.yaml", &DCSYNC.replace("mode: act", "mode: observe"));
    engine.signal("HUP").await;
    engine
        .until("it is read again", async |engine| {
            (engine.log().matches("were read anew").count() == 2).then_some(())
        })
        .await;
    let fourth = dcsync(by_sid(&people[3].sid));
    site.produce(&fourth).await;
    assert_eq!(site.finished(&fourth).await["summary"]["mode"], "observe");
    assert_untouched(&people[3]).await;
    engine.stop().await;
}

/// An exclusion file with this person on it.
fn exclude(person: &Person) -> String {
    format!("language: 1\nexclusions:\n  - account: {{ sid: {} }}\n    because: On call\n", person.sid)
}
