//! What goes wrong around the engine: records that are no alerts, topics that are missing, authorities that are not
//! trusted, a controller that is away. It is said in words that name the thing, and nothing is lost.

use quell_tests::broker::unique;
use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, sign_in};
use quell_tests::directory::proxy::Proxy;
use quell_tests::environment::{control, variable};
use rdkafka::message::{Headers, Message, OwnedMessage};
use serde_json::Value;

use crate::alert::{Alert, by_name, by_sid, dcsync};
use crate::site::{Site, assert_disabled, assert_untouched};

#[tokio::test]
async fn what_is_no_alert_goes_to_the_dead_letters_and_the_next_one_is_handled() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-f-next").await;
    let site = Site::new().await;
    let engine = site.engine().await;
    let broken = br#"{"SystemAlertId": "x", "AlertName": "cut off in the mid"#;
    let bad: [&[u8]; 3] = [broken, b"\xff\xfe\x00{", b""];
    let mut offsets = Vec::new();
    for bytes in bad {
        offsets.push(site.broker.send(&site.form.topic, bytes).await);
    }
    let alert = dcsync(by_sid(&person.sid));
    let last = site.produce(&alert).await;
    site.finished(&alert).await;
    site.until_committed(last + 1).await;
    assert_disabled(&mut admin, &person).await;

    let letters = site.broker.read(&site.form.dead_letters, bad.len()).await;
    assert_eq!(letters.len(), bad.len());
    for ((letter, bytes), offset) in letters.iter().zip(bad).zip(&offsets) {
        assert_eq!(letter.payload().unwrap_or_default(), bytes, "the bytes are untouched");
        assert_eq!(header(letter, "quell-origin-topic"), site.form.topic);
        assert_eq!(header(letter, "quell-origin-partition"), "0");
        assert_eq!(header(letter, "quell-origin-offset"), offset.to_string());
        assert!(header(letter, "quell-reason").len() > 5, "{letter:?}");
        assert!(!header(letter, "quell-engine-version").is_empty());
    }
    assert!(header(&letters[0], "quell-place").contains("line 1"), "{:?}", letters[0]);
    let (_, metrics) = engine.get("/metrics").await.unwrap();
    assert!(metrics.contains(r#"quell_records_total{result="refused"} 3"#), "{metrics}");
    engine.stop().await;
}

#[tokio::test]
async fn one_bad_record_in_an_envelope_does_not_take_its_neighbours_with_it() {
    let mut admin = Admin::new().await;
    let (before, after) = (admin.person("q-f-before").await, admin.person("q-f-after").await);
    let site = Site::new().await;
    let engine = site.engine().await;
    let alerts = [dcsync(by_sid(&before.sid)), dcsync(by_sid(&after.sid))];
    let text = |alert: &Alert| String::from_utf8(alert.bytes()).unwrap();
    let envelope = format!(r#"{{"records":[{},"not a record",{}]}}"#, text(&alerts[0]), text(&alerts[1]));
    let offset = site.broker.send(&site.form.topic, envelope.as_bytes()).await;
    for alert in &alerts {
        site.finished(alert).await;
    }
    assert_disabled(&mut admin, &before).await;
    assert_disabled(&mut admin, &after).await;
    let letters = site.broker.read(&site.form.dead_letters, 1).await;
    assert_eq!(header(&letters[0], "quell-origin-offset"), offset.to_string());
    assert_eq!(letters[0].payload(), Some(&br#""not a record""#[..]));
    site.until_committed(offset + 1).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_missing_topic_is_named_and_its_creation_heals_it() {
    for which in ["topic", "dead letters"] {
        let missing = unique("missing");
        let site = Site::with(|form| {
            let place = if which == "topic" { &mut form.topic } else { &mut form.dead_letters };
            place.clone_from(&missing);
        })
        .await;
        let engine = site.run();
        let said = engine.said.clone();
        let status = engine.ended().await;
        assert_eq!(status.code(), Some(3), "{which}");
        let said = said.lock().join("\n");
        assert!(said.contains(&format!("have no topic {missing}")), "{which}: {said}");
        // It has made none by itself.
        site.broker.create(&missing, 1, &[]).await;
        let engine = site.engine().await;
        let alert = dcsync(by_name("CORP", "q-f-nobody"));
        site.produce(&alert).await;
        site.finished(&alert).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_topic_that_goes_away_meanwhile_shows_on_health_and_its_return_heals_it() {
    let site = Site::new().await;
    let mut engine = site.engine().await;
    site.broker.delete(&site.form.topic).await;
    engine
        .until("health says that the topic is gone", async |engine| {
            let (well, note) = engine.part("source").await?;
            (!well && note.contains("topic is gone")).then_some(())
        })
        .await;
    assert_eq!(engine.get("/healthz").await.unwrap().0, 200, "the process lives");

    site.broker.create(&site.form.topic, 1, &[]).await;
    let alert = dcsync(by_name("CORP", "q-f-nobody"));
    site.produce(&alert).await;
    site.finished(&alert).await;
    engine.until_ready().await;
    engine.stop().await;
}

#[tokio::test]
async fn a_broker_with_a_certificate_of_another_authority_is_refused_at_the_start() {
    let site = Site::with(|form| form.kafka_ca = variable("QUELL_TEST_KAFKA_OTHER_CA")).await;
    let engine = site.run();
    let said = engine.said.clone();
    assert_eq!(engine.ended().await.code(), Some(3));
    let said = said.lock().join("\n");
    assert!(said.contains("tls with the kafka broker failed") && said.contains("ca_file"), "{said}");
}

#[tokio::test]
async fn a_controller_with_a_certificate_of_another_authority_is_named_and_nobody_is_touched() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-f-other-ca").await;
    let mut site = Site::with(|form| form.controller_ca = variable("QUELL_TEST_AD_OTHER_CA")).await;
    let probed = site.quell(&["connectors", "probe"]).await;
    assert_eq!(probed.code, 1, "{probed:?}");
    assert!(probed.out.contains("active-directory") && probed.out.contains("ca_file"), "{probed:?}");

    let mut engine = site.run();
    // It is said without waiting for an alert, on health and in the log, with the connector's name.
    let note = engine.until("health names the connector", async |engine| {
        engine.part("connector active-directory").await.filter(|(well, _)| !well).map(|(_, note)| note)
    });
    let note = note.await;
    assert!(note.contains("ca_file"), "{note}");
    engine.until_said("active-directory").await;
    let alert = dcsync(by_sid(&person.sid));
    let offset = site.produce(&alert).await;
    site.until_committed(offset + 1).await;
    assert_untouched(&person).await;
    engine.stop().await;

    // With the right authority the alert that waited is carried out.
    site.form.controller_ca = variable("QUELL_TEST_AD_CA");
    site.write_site_file();
    let engine = site.engine().await;
    site.finished(&alert).await;
    assert_disabled(&mut admin, &person).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_and_does_not_lock_the_service_account() {
    let mut admin = Admin::new().await;
    let (service, person) = (admin.person("q-f-service").await, admin.person("q-f-pwd").await);
    let mut site = Site::with(|form| form.account.clone_from(&service.upn)).await;
    let mut engine = site.run();
    let alerts: Vec<_> = (0..8).map(|_| dcsync(by_sid(&person.sid))).collect();
    let mut last = 0;
    for alert in &alerts {
        last = site.produce(alert).await;
    }
    site.until_committed(last + 1).await;
    let note = engine.until("health names the connector", async |engine| {
        engine.part("connector active-directory").await.filter(|(well, _)| !well).map(|(_, note)| note)
    });
    let note = note.await;
    assert!(note.contains(&service.upn) && note.contains("password"), "{note}");
    // Three wrong ones would have locked it.
    assert_eq!(sign_in(&service.upn).await, None);
    assert_untouched(&person).await;
    engine.stop().await;

    site.form.account = variable("QUELL_TEST_AD_USER");
    site.write_site_file();
    let engine = site.engine().await;
    for alert in &alerts {
        site.finished(alert).await;
    }
    assert_disabled(&mut admin, &person).await;
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);
    engine.stop().await;
}

#[tokio::test]
async fn while_the_way_to_the_controller_is_closed_the_alert_waits_and_is_carried_out_later() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-f-away").await;
    let proxy = Proxy::start().await;
    let address = proxy.url.replace("ldaps://", "");
    let site = Site::with(|form| form.controller = proxy.url.clone()).await;
    let mut engine = site.engine().await;
    drop(proxy);
    let alert = dcsync(by_sid(&person.sid));
    let offset = site.produce(&alert).await;
    site.until_committed(offset + 1).await;
    engine
        .until("the record says that it waits", async |_| {
            let run = site.runs_of(&alert).await.pop()?;
            let shown = site.quell(&["runs", "show", run["id"].as_str()?]).await.out;
            (run["status"] == "running" && shown.contains("again at")).then_some(())
        })
        .await;
    assert_untouched(&person).await;

    let _proxy = Proxy::at(&address).await;
    site.finished(&alert).await;
    assert_disabled(&mut admin, &person).await;
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);
    engine.stop().await;
}

#[tokio::test]
async fn while_a_real_controller_is_stopped_the_alert_waits_and_is_carried_out_later() {
    const CTL: &str = "QUELL_TEST_AD_CTL";
    let folder = format!("{}/samba-end-to-end", variable("QUELL_TEST_PRIVATE"));
    let started = control(CTL, &["start", &folder]);
    let value = |name: &str| {
        let line = started.lines().find_map(|line| line.strip_prefix(&format!("{name}='")));
        line.and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or_else(|| panic!("no {name}: {started}"))
            .to_owned()
    };
    let (url, authority) = (value("AD_URL"), value("AD_CA"));
    let site = Site::with(|form| {
        form.controller.clone_from(&url);
        form.controller_ca.clone_from(&authority);
    })
    .await;
    let mut admin = Admin::at(&url, &authority).await;
    let person = admin.person("q-f-stopped").await;
    let engine = site.engine().await;
    control(CTL, &["kill", &folder]);
    let alert = dcsync(by_sid(&person.sid));
    let offset = site.produce(&alert).await;
    site.until_committed(offset + 1).await;
    let Some(Value::String(status)) = site.runs_of(&alert).await.pop().map(|run| run["status"].clone())
    else {
        panic!("the run is not recorded")
    };
    assert_eq!(status, "running");
    control(CTL, &["start", &folder]);
    site.finished(&alert).await;
    let mut admin = Admin::at(&url, &authority).await;
    assert_eq!(admin.get(&person, "userAccountControl").await, "514");
    engine.stop().await;
    control(CTL, &["stop", &folder]);
}

fn header(message: &OwnedMessage, name: &str) -> String {
    let headers = message.headers().expect("a letter has headers");
    let found = headers.iter().find(|header| header.key == name).and_then(|header| header.value);
    String::from_utf8(found.unwrap_or_else(|| panic!("no {name}: {message:?}")).to_vec()).unwrap()
}
