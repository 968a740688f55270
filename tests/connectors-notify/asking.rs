//! A question as it is handed to those who carry it, and how mail and Teams do.

use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{Answering, Card, Choice, Connector, Failure, Recipient};
use quell_alert::Timestamp;
use quell_kit::scripted::{Reply, Seen};
use quell_smtp::{SmtpConnector, SmtpSettings};
use serde_json::{Value, json};

use crate::mail_sink::{Door, MailSink};
use crate::stand::{SECRET, Service, Stand};

pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A question with two answers.
pub(crate) fn card() -> Card {
    let choice = |label: &str, stops| Choice {
        label: label.into(),
        seal: format!("https://quell.example/answer/{label}"),
        stops,
    };
    Card { choices: vec![choice("approve", false), choice("reject", true)], ..settled() }
}

/// The same when nobody can answer any more.
pub(crate) fn settled() -> Card {
    Card {
        key: "run/0/confirm/ann".into(),
        title: "Quell asks: Ticket theft\r\nBcc: eve@evil.example <!channel>".into(),
        question: "Cut off alice?".into(),
        facts: vec![("About".into(), "<b>alice</b>".into())],
        choices: Vec::new(),
        expires: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_mail_goes_to_one_person_with_a_link_for_each_answer() {
    let sink = MailSink::start(Door::Tls).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    std::fs::write(folder.path().join("ca.pem"), &sink.ca).unwrap();
    let settings: SmtpSettings = serde_json::from_value(json!({
        "host": "127.0.0.1", "port": sink.port, "encryption": "tls", "ca_file": folder.path().join("ca.pem"),
        "login": { "user": "quell", "password": { "file": folder.path().join("secret") } },
        "from": "Quell <quell@corp.example>", "per_minute": 6000,
        "people": { "ann": "ann@corp.example", "bob": "bob@corp.example" },
    }))
    .unwrap();
    assert_eq!(SmtpConnector::check(&settings), []);
    assert_eq!(SmtpConnector::reaches(&settings).people, ["ann", "bob"]);
    let carrier = SmtpConnector::connect("mail", settings).await.unwrap().carrier.unwrap();
    assert_eq!(carrier.answering(), Answering::Links);
    let to = carrier.recipients(&["ann".into(), "carl".into()]);
    assert_eq!(to.len(), 1, "who has no address is not written to");
    assert!(to[0].personal);
    let sent = carrier.ask(&to[0], &card(), LIMIT).await.unwrap();
    let told = Card { key: "run/0/confirm/ann/told".into(), ..settled() };
    carrier.tell(&to[0], sent.as_deref(), &told, "Answered: approve, by bob", LIMIT).await.unwrap();
    // Whoever has no address of their own gets nothing, and nobody gets it in their place.
    let carl = Recipient { name: "carl".into(), personal: true };
    let error = carrier.ask(&carl, &card(), LIMIT).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    let taken = sink.state.taken.lock().clone();
    assert_eq!((taken.len(), &taken[0].to), (2, &vec!["ann@corp.example".to_owned()]));
    let (head, body) = taken[0].data.split_once("\r\n\r\n").unwrap();
    // Long lines are broken and signs written as numbers on the way (quoted-printable).
    let body = body.replace("=\r\n", "").replace("=3D", "=");
    assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
    for answer in ["approve", "reject"] {
        assert!(body.contains(&format!("href=\"https://quell.example/answer/{answer}\"")), "{body}");
    }
    assert!(body.contains("&lt;b&gt;alice") && !body.contains("carl"), "{body}");
    let id = sent.unwrap();
    assert!(taken[1].data.contains(&format!("In-Reply-To: <{id}>")), "{}", taken[1].data);
    assert!(taken[1].data.contains("Answered: approve, by bob") && !taken[1].data.contains("/answer/"));
}

/// A workflow that keeps its cards.
#[derive(Default)]
struct Workflow(Mutex<Vec<Value>>);

impl Service for Workflow {
    fn answer(&self, seen: &Seen) -> Reply {
        self.0.lock().push(serde_json::from_slice(&seen.body).unwrap());
        Reply::status(202)
    }

    fn reset(&self, _: bool) {
        self.0.lock().clear();
    }

    fn changes(&self) -> usize {
        self.0.lock().len()
    }
}

fn workflow(url: &str, secret: Value) -> Value {
    let path = std::path::PathBuf::from(secret["file"].as_str().unwrap()).with_file_name("workflow");
    std::fs::write(&path, format!("{url}/workflow?sig={SECRET}")).unwrap();
    json!({ "channels": { "soc": { "file": path } } })
}

#[tokio::test]
async fn a_card_in_teams_has_a_page_for_each_answer() {
    let stand = Stand::new(("teams", "teams.post"), json!({}), workflow, Workflow::default()).await;
    let carrier = stand.connection().await.carrier.unwrap();
    let to = carrier.recipients(&[]).remove(0);
    assert!(!to.personal);
    carrier.ask(&to, &card(), LIMIT).await.unwrap();
    carrier.tell(&to, None, &settled(), "Nobody answered in time", LIMIT).await.unwrap();
    let cards = stand.service.0.lock().clone();
    let actions = |card: &Value| card["attachments"][0]["content"]["actions"].clone();
    assert_eq!(actions(&cards[0])[1]["url"], "https://quell.example/answer/reject");
    assert_eq!(actions(&cards[1]), Value::Null);
    assert!(cards[1].to_string().contains("Nobody answered in time"));
}
