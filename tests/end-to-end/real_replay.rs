//! `quell replay` from a topic: by offset and by time, dry unless told otherwise. It says who would be touched, who would
//! be left alone and why, and touches nobody; the group's offsets stay where they are.

use chrono::{DateTime, SecondsFormat, Utc};
use quell_tests::directory::people::{Admin, Person};
use quell_tests::waiting::until;
use serde_json::Value;

use crate::alert::{Alert, by_name, by_sid, dcsync};
use crate::site::{Site, assert_disabled, assert_untouched};

/// Three alerts in a topic: about somebody, about somebody excluded, about nobody.
struct Past {
    site: Site,
    guilty: Person,
    excluded: Person,
    alerts: [Alert; 3],
    /// A moment after the first alert was written and before the second was.
    between: DateTime<Utc>,
}

async fn past(tag: &str) -> Past {
    let mut admin = Admin::new().await;
    let guilty = admin.person(&format!("q-r-guilty{tag}")).await;
    let excluded = admin.person(&format!("q-r-spared{tag}")).await;
    let site = Site::new().await;
    site.write(
        "exclusions.yaml",
        &format!(
            "language: 1\nexclusions:\n  - account: {{ upn: {} }}\n    because: On call\n",
            excluded.upn
        ),
    );
    let alerts =
        [dcsync(by_sid(&guilty.sid)), dcsync(by_sid(&excluded.sid)), dcsync(by_name("CORP", "q-r-nobody"))];
    site.produce(&alerts[0]).await;
    let between = a_moment_later().await;
    site.produce(&alerts[1]).await;
    site.produce(&alerts[2]).await;
    Past { site, guilty, excluded, alerts, between }
}

#[tokio::test]
async fn a_dry_replay_says_who_would_be_touched_and_who_left_alone_and_touches_nobody() {
    let past = past("").await;
    let topic = past.site.form.topic.as_str();
    let told = past.site.quell(&["replay", "--topic", topic]).await;
    assert_eq!(told.code, 0, "{told:?}");
    let would = format!("{} at active_directory would be called", past.guilty.upn);
    assert!(told.out.contains(&would), "{told:?}");
    let spared =
        told.out.lines().find(|line| line.contains(&past.excluded.upn) && line.contains("left alone"));
    assert!(spared.is_some_and(|line| line.contains("On call") || line.contains("site:1")), "{told:?}");
    assert!(told.err.contains("nothing was touched"), "{told:?}");
    assert_untouched(&past.guilty).await;
    assert_untouched(&past.excluded).await;
    assert_eq!(past.site.committed(), None, "a replay is no member of the group");
    assert!(!past.site.form.state.join("store").exists(), "and remembers nothing");
    let again = past.site.quell(&["replay", "--topic", topic]).await;
    assert_eq!(again.out, told.out, "the same alerts give the same answer");
}

#[tokio::test]
async fn a_range_of_offsets_or_of_time_is_what_is_read() {
    let past = past("-range").await;
    let topic = past.site.form.topic.as_str();
    let between = past.between.to_rfc3339_opts(SecondsFormat::Millis, true);
    let [first, second, third] = &past.alerts;
    let cases: [(&[&str], &[&Alert]); 6] = [
        (&["--from-offset", "1"], &[second, third]),
        (&["--until-offset", "1"], &[first]),
        (&["--from-offset", "1", "--until-offset", "2"], &[second]),
        (&["--from", &between], &[second, third]),
        (&["--until", &between], &[first]),
        (&["--partition", "0"], &[first, second, third]),
    ];
    for (range, expected) in cases {
        let answer = past.site.ask(&[&["replay", "--topic", topic], range].concat()).await;
        let mut found: Vec<&str> =
            answer["runs"].as_array().unwrap().iter().map(|run| run["alert"].as_str().unwrap()).collect();
        found.sort_unstable();
        let mut wanted: Vec<&str> = expected.iter().map(|alert| alert.id.as_str()).collect();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{range:?}");
        assert_eq!(answer["live"], false);
        assert_eq!(answer["records"]["alerts"], expected.len(), "{range:?}");
    }
    assert_untouched(&past.guilty).await;
}

#[tokio::test]
async fn a_replay_acts_only_when_it_is_told_to_and_confirmed() {
    let past = past("-live").await;
    let mut admin = Admin::new().await;
    let topic = past.site.form.topic.as_str();
    let unconfirmed = past.site.quell(&["replay", "--topic", topic, "--live"]).await;
    assert_eq!(unconfirmed.code, 3, "{unconfirmed:?}");
    assert!(unconfirmed.err.contains("--yes"), "{unconfirmed:?}");
    assert_untouched(&past.guilty).await;

    let told = past.site.quell(&["replay", "--topic", topic, "--live", "--yes"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert_disabled(&mut admin, &past.guilty).await;
    assert_untouched(&past.excluded).await;
    let Value::Array(runs) = past.site.ask(&["runs", "list"]).await else { panic!() };
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run["origin"] != "live"), "they are marked as a replay: {runs:#?}");
}

#[tokio::test]
async fn a_live_replay_beside_a_running_engine_is_refused() {
    let past = past("-busy").await;
    past.site.write("playbooks/dcsync.yaml", &crate::site::DCSYNC.replace("mode: act", "mode: observe"));
    let engine = past.site.engine().await;
    let refused = past.site.quell(&["replay", "--topic", &past.site.form.topic, "--live", "--yes"]).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("stop the running engine"), "{refused:?}");
    // A dry one needs no store.
    let dry = past.site.quell(&["replay", "--topic", &past.site.form.topic]).await;
    assert_eq!(dry.code, 0, "{dry:?}");
    assert_untouched(&past.guilty).await;
    engine.stop().await;
}

/// The present, as soon as it is later than every message that was written before.
async fn a_moment_later() -> DateTime<Utc> {
    let now = now();
    until("time passes", async || (self::now() > now + chrono::Duration::milliseconds(2)).then_some(()))
        .await;
    self::now()
}

#[expect(clippy::disallowed_methods, reason = "the broker stamps messages with the time of this machine")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
