//! `smtp.send` to a relay that is not ours (Python's aiosmtpd), through each of its doors. What came is what Python's own
//! parser reads in the mail.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use quell_action::{ActionError, Connection, Connector, Failure, Outcome};
use quell_smtp::{SmtpConnector, SmtpSettings};
use quell_tests::environment::variable;
use serde_json::{Value, json};

use crate::stand::call;

/// A way in, and the settings that lead there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Plain,
    Submission,
    Tls,
}

impl Door {
    const ALL: [Self; 3] = [Self::Plain, Self::Submission, Self::Tls];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Submission => "submission",
            Self::Tls => "tls",
        }
    }

    fn settings(self) -> Value {
        let port: u16 =
            variable(&format!("QUELL_TEST_MAIL_{}_PORT", self.name().to_uppercase())).parse().unwrap();
        let encryption = match self {
            Self::Plain => "none",
            Self::Submission => "starttls",
            Self::Tls => "tls",
        };
        let mut settings = json!({
            "host": "127.0.0.1", "port": port, "encryption": encryption,
            "from": "Quell Überwachung <quell@corp.example>", "domains": ["corp.example"], "per_minute": 6000,
        });
        if self != Self::Plain {
            settings["ca_file"] = json!(variable("QUELL_TEST_MAIL_CA"));
            let password = file("right", &variable("QUELL_TEST_MAIL_PASSWORD"));
            settings["login"] =
                json!({ "user": variable("QUELL_TEST_MAIL_USER"), "password": { "file": password } });
        }
        settings
    }
}

fn file(name: &str, text: &str) -> PathBuf {
    static FOLDER: std::sync::LazyLock<tempfile::TempDir> =
        std::sync::LazyLock::new(|| tempfile::tempdir().unwrap());
    let path = FOLDER.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn connect(settings: Value) -> Connection {
    let settings: SmtpSettings = serde_json::from_value(settings).unwrap();
    assert_eq!(SmtpConnector::check(&settings), []);
    SmtpConnector::connect("smtp", settings).await.unwrap()
}

async fn send(door: Door, to: &[String], key: &str) -> Result<Outcome<Value>, ActionError> {
    let mail = json!({
        "to": to, "title": "Konto gesperrt: Jürgen Größe, 測試 🔒",
        "text": format!("erste Zeile\n.\n.. dritte\n{}", "lang ".repeat(400)),
        "facts": { "Account": "CORP\\jürgen", "Script": "<b>&\"" }, "link": "https://quell.example/runs/1?a=b&c=d",
    });
    call(&connect(door.settings()).await, "smtp.send", key, mail).await
}

/// An address of this test's own: the relay is everybody's, and behaves by what stands before the hyphen.
fn somebody(manner: &str) -> String {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    format!("{manner}-{}-{}@corp.example", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed))
}

/// The mails that were taken for this address.
fn taken(address: &str) -> Vec<Value> {
    let lines = std::fs::read_to_string(variable("QUELL_TEST_MAIL_TAKEN")).unwrap();
    let mails = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    mails.filter(|mail| mail["to"].as_array().unwrap().contains(&json!(address))).collect()
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written_through_every_door() {
    for door in Door::ALL {
        let to = [somebody("soc"), somebody("lead")];
        let key = format!("run/{}", to[0]);
        let sent = send(door, &to, &key).await.unwrap();
        assert_eq!(sent.output["answer"], "2.0.0 kept");
        let mails = taken(&to[0]);
        let [mail] = mails.as_slice() else { panic!("{door:?}: {mails:#?}") };
        let signed_in =
            if door == Door::Plain { Value::Null } else { json!(variable("QUELL_TEST_MAIL_USER")) };
        assert_eq!((&mail["door"], &mail["user"]), (&json!(door.name()), &signed_in));
        assert_eq!(mail["tls"], door != Door::Plain);
        assert_eq!(mail["from"], "quell@corp.example");
        assert_eq!(mail["to"].as_array().unwrap().len(), 2);
        assert_eq!(mail["defects"], json!([]));
        assert!(mail["longest_line"].as_u64().unwrap() <= 998, "{}", mail["longest_line"]);
        let headers = &mail["headers"];
        assert_eq!(headers["Subject"], "Konto gesperrt: Jürgen Größe, 測試 🔒");
        assert_eq!(headers["From"], "Quell Überwachung <quell@corp.example>");
        assert_eq!(headers["Message-ID"], format!("<{}>", sent.output["message_id"].as_str().unwrap()));
        assert!(
            !headers.to_string().contains(&to[1]),
            "whoever gets it does not see who else does: {headers}"
        );
        let plain = mail["plain"].as_str().unwrap().replace("\r\n", "\n");
        assert!(plain.contains("erste Zeile\n.\n.. dritte\nlang lang"), "{plain}");
        assert!(plain.contains("CORP\\jürgen"), "{plain}");
        let html = mail["html"].as_str().unwrap();
        assert!(html.contains("&lt;b&gt;&amp;&quot;") && html.contains("runs/1?a=b&amp;c=d"), "{html}");

        // A repetition has the same id, by which programs know it.
        send(door, &to, &key).await.unwrap();
        let twice = taken(&to[0]);
        assert_eq!(twice[0]["headers"]["Message-ID"], twice[1]["headers"]["Message-ID"]);
    }
}

#[tokio::test]
async fn what_the_relay_refuses_is_told_as_it_meant_it() {
    let unavailable = Failure::Unavailable { retry_after: None };
    for (manner, failure) in [
        ("reject", Failure::NotFound),
        ("relay", Failure::Forbidden),
        ("later", Failure::Throttled { retry_after: None }),
        ("full", unavailable),
        ("spam", Failure::Forbidden),
        ("busy", unavailable),
    ] {
        for door in Door::ALL {
            let (good, bad) = (somebody("soc"), somebody(manner));
            let error = send(door, &[good.clone(), bad], "run/1").await.unwrap_err();
            assert_eq!(error.failure, failure, "{manner}, {door:?}: {error}");
            assert_eq!(taken(&good), Vec::<Value>::new(), "{manner}: one who is refused keeps the mail back");
        }
    }
}

#[tokio::test]
async fn a_relay_that_goes_after_it_took_the_mail_leaves_that_open() {
    for door in Door::ALL {
        let to = somebody("cut");
        let error = send(door, std::slice::from_ref(&to), "run/1").await.unwrap_err();
        assert_eq!(error.failure, Failure::Uncertain, "{door:?}: {error}");
        assert_eq!(taken(&to).len(), 1, "{door:?}");
    }
}

#[tokio::test]
async fn an_address_with_letters_of_other_scripts_is_written_to() {
    let to = somebody("jürgen");
    send(Door::Submission, std::slice::from_ref(&to), "run/1").await.unwrap();
    let mails = taken(&to);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["headers"]["To"], to);
}

#[tokio::test]
async fn whoever_is_not_let_in_sends_nothing_and_says_no_secret() {
    for door in [Door::Submission, Door::Tls] {
        let to = somebody("soc");
        let mut wrong = door.settings();
        wrong["login"]["password"] = json!({ "file": file("wrong", "planted-wrong-password") });
        let mut nobody = door.settings();
        nobody.as_object_mut().unwrap().remove("login");
        for settings in [wrong, nobody] {
            let connection = connect(settings).await;
            let mail = json!({ "to": [to], "text": "x" });
            let error = call(&connection, "smtp.send", "run/1", mail).await.unwrap_err();
            assert_eq!(error.failure, Failure::Credentials, "{door:?}: {error}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
        assert_eq!(taken(&to), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_relay_that_cannot_show_who_it_is_gets_nothing() {
    let to = somebody("soc");
    let mut unknown = Door::Submission.settings();
    unknown["ca_file"] = json!(variable("QUELL_TEST_MAIL_OTHER_CA"));
    let mut unknown_from_the_start = Door::Tls.settings();
    unknown_from_the_start["ca_file"] = json!(variable("QUELL_TEST_MAIL_OTHER_CA"));
    // It offers no STARTTLS.
    let mut in_clear = Door::Submission.settings();
    in_clear["port"] = Door::Plain.settings()["port"].clone();
    for settings in [unknown, unknown_from_the_start, in_clear] {
        let connection = connect(settings).await;
        let error =
            call(&connection, "smtp.send", "run/1", json!({ "to": [to], "text": "x" })).await.unwrap_err();
        assert_ne!(error.failure, Failure::Uncertain, "{error}");
    }
    assert_eq!(taken(&to), Vec::<Value>::new());
}

#[tokio::test]
async fn the_probe_signs_in_and_writes_to_nobody() {
    for door in Door::ALL {
        let report = connect(door.settings()).await.probe.probe().await;
        assert!(report.system.unwrap().starts_with("mail.corp.test (127.0.0.1:"), "{:?}", report.problems);
        assert_eq!(report.problems, Vec::<String>::new());
    }
}
