//! `smtp.send`: mail over TLS, and what can have gone.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{Connection, Connector, Failure, Target};
use quell_kit::conformance::{
    Bench, Case, Mishap, PositionBench, Vendor, check, check_positions, not_met_by_mishaps, not_played,
};
use quell_kit::scripted::{DeafServer, refusing_url};
use quell_smtp::{SmtpConnector, SmtpSettings};
use serde_json::{Value, json};

use crate::mail_sink::{Door, MailSink, Taken, base64};
use crate::stand::{SECRET, call};

struct PostOffice {
    sink: MailSink,
    deaf: DeafServer,
    down: String,
    folder: tempfile::TempDir,
}

impl PostOffice {
    async fn open(door: Door) -> Self {
        let sink = MailSink::start(door).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        std::fs::write(folder.path().join("ca.pem"), &sink.ca).unwrap();
        let (deaf, down) = (DeafServer::start().await.unwrap(), refusing_url().await.unwrap());
        Self { sink, deaf, down, folder }
    }

    async fn connected(&self, port: u16, change: Value) -> Connection {
        let place = |name: &str| -> Value { json!(Path::new(self.folder.path()).join(name)) };
        let mut settings = json!({
            "host": "127.0.0.1", "port": port, "encryption": "tls", "ca_file": place("ca.pem"),
            "login": { "user": "quell", "password": { "file": place("secret") } },
            "from": "Quell <quell@corp.example>", "domains": ["corp.example"], "per_minute": 6000,
            "recipients": { "soc": ["soc@corp.example", "lead@corp.example"] }, "connect_timeout_secs": 1,
        });
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let settings: SmtpSettings = serde_json::from_value(settings).unwrap();
        assert_eq!(SmtpConnector::check(&settings), []);
        SmtpConnector::connect("smtp", settings).await.unwrap()
    }

    async fn connection(&self, change: Value) -> Connection {
        self.connected(self.sink.port, change).await
    }

    fn taken(&self) -> Vec<Taken> {
        self.sink.state.taken.lock().clone()
    }
}

fn mail() -> Value {
    json!({
        "to": ["soc"], "title": "Konto gesperrt: Jürgen", "text": "line one\n.\nline three",
        "facts": { "Account": "CORP\\alice" }, "link": "https://quell.example/runs/1",
    })
}

#[async_trait]
impl Bench for PostOffice {
    fn cases(&self) -> Vec<Case> {
        vec![Case { action: "smtp.send", provider: "smtp", target: Target::None, params: mail() }]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        *self.sink.state.behaviour.lock() = vendor;
        let port = |url: &str| url.rsplit(':').next().unwrap().parse().unwrap();
        let port = match vendor {
            Vendor::IsDown => port(&self.down),
            Vendor::HangsBefore => port(&self.deaf.url()),
            _ => self.sink.port,
        };
        self.connected(port, json!({})).await
    }

    async fn arrange(&self, _: &Case, _: bool) -> bool {
        self.sink.state.taken.lock().clear();
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.taken().len()
    }

    fn can(&self, vendor: Vendor) -> bool {
        // Relays have no word for how long to wait.
        !matches!(vendor, Vendor::Throttles(Some(_)))
    }

    fn secrets(&self) -> Vec<String> {
        // As it is, and as it is shown when signing in.
        vec![SECRET.to_owned(), "planted-secret".to_owned(), base64(&format!("\0quell\0{SECRET}"))]
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(2500)
    }
}

impl PositionBench for PostOffice {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.sink.state.mishaps.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.sink.state.mishaps.calls()
    }

    fn mishaps(&self) -> Vec<Mishap> {
        vec![Mishap::Silence, Mishap::Cut, Mishap::Garbage, Mishap::Fails, Mishap::IsBusy]
    }
}

/// At every command, and at the end of the mail.
#[tokio::test]
async fn a_mishap_at_any_command_is_told_truly() {
    let report = check_positions(&PostOffice::open(Door::Tls).await).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_met_by_mishaps::<SmtpConnector>([&report]), [""; 0]);
    assert!(report.played.len() >= 35, "{:?}", report.played);
}

#[tokio::test]
async fn sending_conforms() {
    let report = check(&PostOffice::open(Door::Tls).await).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<SmtpConnector>([&report]), [""; 0]);
    assert_eq!(report.left_out, ["smtp.send at smtp: throttled with a hint"]);
}

#[tokio::test]
async fn a_mail_is_whole_and_its_id_stays() {
    let office = PostOffice::open(Door::Tls).await;
    let connection = office.connection(json!({})).await;
    let one = call(&connection, "smtp.send", "run/1", mail()).await.unwrap();
    let again = call(&connection, "smtp.send", "run/1", mail()).await.unwrap();
    assert_eq!(one.output, again.output);
    assert_eq!(one.output["answer"], "2.0.0 queued as 4F2");
    let taken = &office.taken()[0];
    assert_eq!(
        (taken.from.as_str(), taken.to.as_slice()),
        ("quell@corp.example", ["lead@corp.example", "soc@corp.example"].map(str::to_owned).as_slice())
    );
    let data = &taken.data;
    assert!(
        data.contains(&format!("Message-ID: <{}>", one.output["message_id"].as_str().unwrap())),
        "{data}"
    );
    assert!(
        data.contains("Auto-Submitted: auto-generated") && data.contains("To: Quell <quell@corp.example>"),
        "{data}"
    );
    // A line that is only a full stop does not end the mail.
    assert!(data.contains("\r\n.\r\nline three"), "{data}");
    assert!(data.contains("text/html") && data.contains("https://quell.example/runs/1"), "{data}");
}

#[tokio::test]
async fn nothing_that_matters_is_said_in_clear() {
    let office = PostOffice::open(Door::Starttls).await;
    let connection = office.connection(json!({ "encryption": "starttls" })).await;
    call(&connection, "smtp.send", "run/1", mail()).await.unwrap();
    let overheard = office.sink.state.overheard.lock().clone();
    assert!(overheard.lines().all(|line| line.starts_with("EHLO ") || line == "STARTTLS"), "{overheard}");
    assert_eq!(office.taken().len(), 1);

    let never = PostOffice::open(Door::Clear).await;
    let connection = never.connection(json!({ "encryption": "starttls" })).await;
    let error = call(&connection, "smtp.send", "run/1", mail()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    assert!(!never.sink.state.overheard.lock().contains("MAIL"));
    assert_eq!(never.taken(), []);
}

#[tokio::test]
async fn a_relay_of_another_authority_gets_nothing() {
    let (office, other) = (PostOffice::open(Door::Tls).await, PostOffice::open(Door::Tls).await);
    let connection = other.connected(office.sink.port, json!({})).await;
    let error = call(&connection, "smtp.send", "run/1", mail()).await.unwrap_err();
    assert!(error.failure.is_transient(), "{error}");
    assert_eq!(office.taken(), []);
}

#[tokio::test]
async fn a_relay_that_repeats_what_it_was_shown_is_not_quoted() {
    let office = PostOffice::open(Door::Tls).await;
    let connection = office.connection(json!({})).await;
    let shown = base64(&format!("\0quell\0{SECRET}"));
    for (command, number) in [("AUTH", 535), ("AUTH", 454), ("MAIL", 554), ("RCPT", 451), ("DATA", 554)] {
        for word in [SECRET, shown.as_str()] {
            *office.sink.state.answers.lock() = Some((command, format!("{number} 5.0.0 no: {word}")));
            let error = call(&connection, "smtp.send", "k", mail()).await.unwrap_err();
            assert!(!error.message.contains(word), "{command}: {error}");
            // Of what else stands there, nobody knows whether it is one of the account's secrets.
            let quoted = error.message.contains("no:");
            assert_eq!(quoted, number != 535, "{command}: {error}");
        }
    }
    assert_eq!(office.taken(), []);
    for word in [SECRET, shown.as_str()] {
        *office.sink.state.answers.lock() = Some(("END", format!("250 2.0.0 taken for {word}")));
        let taken = call(&connection, "smtp.send", "k", mail()).await.unwrap();
        assert!(!taken.output.to_string().contains(word), "{}", taken.output);
        *office.sink.state.answers.lock() = Some(("END", format!("{word} is no SMTP")));
        let error = call(&connection, "smtp.send", "k", mail()).await.unwrap_err();
        assert!(error.failure == Failure::Uncertain && !error.message.contains(word), "{error}");
    }
}

#[tokio::test]
async fn an_address_that_the_relay_cannot_write_is_not_sent_to() {
    let office = PostOffice::open(Door::Tls).await;
    let connection = office.connection(json!({})).await;
    let params = json!({ "to": ["soc", "jürgen@corp.example"], "text": "x" });
    let error = call(&connection, "smtp.send", "k", params).await.unwrap_err();
    assert!(error.failure == Failure::Rejected && error.message.contains("SMTPUTF8"), "{error}");
    assert_eq!(office.taken(), []);
}

#[tokio::test]
async fn one_recipient_who_does_not_exist_keeps_the_mail_back() {
    let office = PostOffice::open(Door::Tls).await;
    let connection = office.connection(json!({})).await;
    for (to, failure) in [
        (json!(["soc", "nobody@corp.example"]), Failure::NotFound),
        (json!(["x@evil.example"]), Failure::Rejected),
        (json!([]), Failure::Rejected),
    ] {
        let error = call(&connection, "smtp.send", "k", json!({ "to": to, "text": "x" })).await.unwrap_err();
        assert_eq!(error.failure, failure, "{error}");
    }
    assert_eq!(office.taken(), []);
    let report = connection.probe.probe().await;
    assert!(report.system.unwrap().starts_with("sink (127.0.0.1:"), "{:?}", report.problems);
}
