//! Files with mistakes: each is named with its place, by `quell check` and by an engine that refuses to start on it.
//! Nothing is read from the topic meanwhile.

use quell_tests::broker::unique;

use crate::alert::{by_name, dcsync};
use crate::site::Site;

/// A file, what is wrong with it, and what must be said of it.
struct Mistake {
    file: &'static str,
    change: fn(&str) -> String,
    said: &'static [&'static str],
}

const MISTAKES: [Mistake; 14] = [
    Mistake {
        file: "playbooks/dcsync.yaml",
        change: |text| text.replace("title: Disable", "title: \"Disable"),
        said: &["PB0104", "dcsync.yaml:4", "quotes"],
    },
    Mistake {
        file: "playbooks/dcsync.yaml",
        change: |text| text.replace("do: account.disable", "do: account.disabel"),
        said: &["account.disabel", "account.disable", "dcsync.yaml:", "PB0301"],
    },
    Mistake {
        file: "playbooks/dcsync.yaml",
        change: |text| text.replace("mode: act", "mode: yes"),
        said: &["dcsync.yaml:", "quotes"],
    },
    Mistake {
        file: "playbooks/dcsync.yaml",
        change: |text| text.replace("title: Disable", "titel: Disable"),
        said: &["titel", "title", "dcsync.yaml:3"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("dead_letters:", "dead_leters:"),
        said: &["dead_leters", "dead_letters", "quell.yaml:"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("    group: ", "    gruop: "),
        said: &["gruop", "quell.yaml:"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("    ca_file:", "    verify: false\n    ca_file:"),
        said: &["verify", "quell.yaml:"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("\"127.0.0.1:0\"", "\"0.0.0.0:0\""),
        said: &["loopback", "quell.yaml:"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("  active-directory:", "  active-drectory:"),
        said: &["active-drectory", "active-directory", "quell.yaml:"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("mechanism: SCRAM-SHA-512", "mechanism: SCRAM-SHA-3"),
        said: &["SCRAM-SHA-3", "SCRAM-SHA-512", "quell.yaml:"],
    },
    Mistake {
        file: "quell.yaml",
        change: |text| text.replace("ldaps://", "ldap://"),
        said: &["in clear", "ldaps://", "quell.yaml:"],
    },
    Mistake {
        file: "exclusions.yaml",
        change: |_| "language: 1\nexclusions:\n  - account: { upn: nobody }\n    because: x\n".into(),
        said: &["nobody", "exclusions.yaml:3"],
    },
    Mistake {
        file: "exclusions.yaml",
        change: |_| "language: 1\nexclusions:\n  - account: { sid: S-1-5-21-1-2-3-4 }\n".into(),
        said: &["because", "exclusions.yaml:3"],
    },
    Mistake {
        file: "exclusions.yaml",
        change: |_| {
            "language: 1\nexclusions:\n  - account: { sid: S-1-5-21-1-2-3-4 }\n    because: x\n    actions: [account.disabel]\n"
                .into()
        },
        said: &["account.disabel", "exclusions.yaml:5"],
    },
];

#[tokio::test]
async fn every_mistake_is_named_with_its_place_and_no_engine_starts_on_it() {
    let site = Site::new().await;
    assert_eq!(site.quell(&["check"]).await.code, 0);
    site.produce(&dcsync(by_name("CORP", "q-m-nobody"))).await;
    for mistake in &MISTAKES {
        let good = std::fs::read_to_string(site.path(mistake.file)).unwrap();
        let bad = (mistake.change)(&good);
        assert_ne!(bad, good, "{:?} changes nothing", mistake.said);
        site.write(mistake.file, &bad);

        let checked = site.quell(&["check"]).await;
        assert_eq!(checked.code, 1, "{:?}: {checked:?}", mistake.said);
        let engine = site.run();
        let said = engine.said.clone();
        assert_eq!(engine.ended().await.code(), Some(3), "{:?}", mistake.said);
        let started = said.lock().join("\n");
        for words in mistake.said {
            assert!(checked.err.contains(words), "check: {words:?} is not in {}", checked.err);
            assert!(started.contains(words), "run: {words:?} is not in {started}");
        }
        // The line itself is shown, with a mark under it.
        assert!(checked.err.contains('^'), "{}", checked.err);
        let listed = site.quell(&["check", "--json"]).await;
        let listed: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
        assert!(listed["diagnostics"].as_array().is_some_and(|all| !all.is_empty()), "{listed}");
        site.write(mistake.file, &good);
    }
    assert_eq!(site.quell(&["check"]).await.code, 0);
    assert_eq!(site.committed(), None, "nothing was read meanwhile");
    assert!(!site.form.state.exists(), "nor written");
}

#[tokio::test]
async fn a_missing_exclusion_file_is_no_empty_list() {
    let site = Site::new().await;
    std::fs::remove_file(site.path("exclusions.yaml")).unwrap();
    let engine = site.run();
    let said = engine.said.clone();
    assert_eq!(engine.ended().await.code(), Some(3));
    let words = said.lock().join("\n");
    assert!(words.contains("exclusions.yaml") && words.contains("write an empty list"), "{words}");
}

#[tokio::test]
async fn a_secret_that_is_written_out_is_refused_and_not_repeated() {
    let site = Site::new().await;
    let good = std::fs::read_to_string(site.path("quell.yaml")).unwrap();
    let planted = unique("hunter");
    for reference in ["{ env: QUELL_AD_PASSWORD }", "{ file: kafka-password }"] {
        site.write("quell.yaml", &good.replace(reference, &planted));
        for command in ["check", "run"] {
            let answer = site.quell(&[command]).await;
            assert_ne!(answer.code, 0, "{answer:?}");
            assert!(
                answer.err.contains("password") && answer.err.contains("quell.yaml:"),
                "{command} does not name the place: {answer:?}"
            );
            assert!(!(answer.out + &answer.err).contains(&planted), "{command} repeats the secret");
        }
    }
}

#[tokio::test]
async fn a_reference_to_a_secret_that_is_not_there_is_named() {
    let site = Site::new().await;
    std::fs::remove_file(site.path("kafka-password")).unwrap();
    let answer = site.quell(&["run"]).await;
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.err.contains("kafka-password"), "{answer:?}");

    let site = Site::new().await;
    let good = std::fs::read_to_string(site.path("quell.yaml")).unwrap();
    site.write("quell.yaml", &good.replace("QUELL_AD_PASSWORD", "QUELL_NOT_SET"));
    let answer = site.quell(&["run"]).await;
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.err.contains("QUELL_NOT_SET") && answer.err.contains("active-directory"), "{answer:?}");
}

#[tokio::test]
async fn a_wrong_kafka_password_is_refused_at_the_start() {
    let site = Site::new().await;
    site.write("kafka-password", "this is not the password");
    let answer = site.quell(&["run"]).await;
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.err.contains("refused the sign-in"), "{answer:?}");
    assert!(!answer.err.contains("this is not the password"), "{answer:?}");
}
