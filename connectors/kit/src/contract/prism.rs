//! A second opinion on what connectors say, and on what our scripted vendors answer: Stoplight Prism, a program of
//! somebody else, stands between them with the vendor's own description and lets nothing pass that does not fit it.
//!
//! What was said before is said once more through it, request by request, and answered as it was. `tests/run` brings
//! the program; a test without it fails and says so.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use parking_lot::Mutex;
use reqwest::Client;
use serde_json::{Value, json};

use crate::scripted::{Exchange, Reply, ScriptedCloud, ScriptedServer, Seen};

/// By this header a request says which answer it is to get.
const NUMBER: &str = "x-exchange";

/// Prism, before a vendor that repeats what it is told.
pub struct Prism {
    url: String,
    folder: PathBuf,
    client: Client,
    base: String,
    replies: Arc<Mutex<Vec<Reply>>>,
    _vendor: ScriptedServer,
}

/// What Prism makes of everything that a scripted vendor was asked and has answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Opinion {
    /// What does not fit the description, of the requests or of the answers.
    pub faults: Vec<String>,
    /// What is wrong and passes all the same.
    pub lets_pass: Vec<String>,
    /// The operations of the connector's own contract that were not asked for.
    pub never_asked: Vec<String>,
}

/// Asks Prism about everything that this vendor was asked and has answered, by one of the descriptions in
/// `tests/services/openapi`. `base` is what paths begin with before those of the description; `name` is the test's own.
///
/// # Panics
/// As [`Prism::start`].
pub async fn opinion_of(name: &str, description: &str, base: &str, vendor: &ScriptedCloud) -> Opinion {
    let used = vendor.contract().used();
    let mut never_asked = vendor.contract().operations();
    never_asked.retain(|operation| !used.contains(operation));
    let exchanges = vendor.exchanges();
    let prism = Prism::start(name, description, base).await;
    Opinion {
        faults: prism.faults(&exchanges).await,
        lets_pass: prism.lets_pass(&exchanges).await,
        never_asked,
    }
}

/// What Prism makes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Judgement {
    /// It passed, and so did the answer.
    Fits,
    /// Why it did not.
    Refused(String),
}

impl Prism {
    /// Puts it before a vendor, with one of the descriptions in `tests/services/openapi`. `base` is what paths begin with
    /// before those of the description: `/v1.0`. `name` is the test's own.
    ///
    /// # Panics
    /// When it is not there or does not start: such a test never passes by not running.
    pub async fn start(name: &str, description: &str, base: &str) -> Self {
        let replies = Arc::new(Mutex::new(Vec::<Reply>::new()));
        let known = Arc::clone(&replies);
        let vendor = ScriptedServer::start(move |seen| {
            let number = seen.headers.get(NUMBER).and_then(|number| number.parse::<usize>().ok());
            number.and_then(|number| known.lock().get(number).cloned()).unwrap_or_else(|| Reply::status(200))
        });
        let vendor = vendor.await.unwrap_or_else(|error| panic!("no vendor to stand before: {error}"));
        let folder = PathBuf::from(variable("QUELL_TEST_PRIVATE")).join(format!("prism-{name}"));
        let described = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/services/openapi/");
        let output = Command::new(variable("QUELL_TEST_PRISM_CTL"))
            .arg("start")
            .arg(&folder)
            .env("PRISM_HOME", variable("QUELL_TEST_PRISM_HOME"))
            .env("PRISM_SPEC", format!("{described}{description}"))
            .env("PRISM_UPSTREAM", vendor.url())
            .output()
            .unwrap_or_else(|error| panic!("prism cannot be started: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let url = said.lines().find_map(|line| line.strip_prefix("PRISM_URL='")?.strip_suffix('\''));
        let url =
            url.unwrap_or_else(|| panic!("prism: {}", String::from_utf8_lossy(&output.stderr))).to_owned();
        let (client, base) = (Client::new(), base.to_owned());
        Self { url, folder, client, base, replies, _vendor: vendor }
    }

    /// Says everything once more; what does not fit the description, of the requests or of the answers.
    pub async fn faults(&self, exchanges: &[Exchange]) -> Vec<String> {
        let mut faults = Vec::new();
        let whole = exchanges.iter().filter(|exchange| matches!(exchange.reply, Reply::Answer { .. }));
        for exchange in whole {
            if let Judgement::Refused(why) = self.judge(&exchange.seen, &exchange.reply).await {
                let fault = format!("{} {}: {why}", exchange.seen.method, exchange.seen.path);
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        faults
    }

    /// Says everything once more, each time with one thing wrong: another path, another method, no credential, and every
    /// member of a body in turn of another type. What is let pass all the same.
    pub async fn lets_pass(&self, exchanges: &[Exchange]) -> Vec<String> {
        let mut passed = Vec::new();
        for exchange in exchanges {
            for (what, wrong) in with_one_thing_wrong(&exchange.seen) {
                let line = format!("{} {} with {what}", exchange.seen.method, exchange.seen.path);
                if !passed.contains(&line) && self.judge(&wrong, &exchange.reply).await == Judgement::Fits {
                    passed.push(line);
                }
            }
        }
        passed
    }

    async fn judge(&self, seen: &Seen, reply: &Reply) -> Judgement {
        let number = {
            let mut replies = self.replies.lock();
            replies.push(reply.clone());
            replies.len() - 1
        };
        let path = seen.path.strip_prefix(self.base.as_str()).unwrap_or(&seen.path);
        let method = seen.method.parse().unwrap_or_default();
        let mut request = self.client.request(method, format!("{}{path}", self.url)).header(NUMBER, number);
        for (name, value) in &seen.headers {
            if !["host", "content-length", "connection", "accept-encoding"].contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        let answer = match request.body(seen.body.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => return Judgement::Refused(format!("prism gives no answer: {error}")),
        };
        let own =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let problem = own("content-type").is_some_and(|kind| kind.starts_with("application/problem+json"));
        let (status, noted) = (answer.status().as_u16(), own("sl-violations"));
        let body = answer.text().await.unwrap_or_default();
        match (problem, noted, reply) {
            (true, ..) => Judgement::Refused(short(&body)),
            (_, Some(noted), _) => Judgement::Refused(noted),
            (_, None, Reply::Answer { status: expected, .. }) if *expected != status => {
                Judgement::Refused(format!("{status} instead of {expected}: {body}"))
            }
            _ => Judgement::Fits,
        }
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = Command::new(variable("QUELL_TEST_PRISM_CTL")).arg("stop").arg(&self.folder).output();
    }
}

/// The request in every way of being wrong.
fn with_one_thing_wrong(seen: &Seen) -> Vec<(String, Seen)> {
    let change = |change: &dyn Fn(&mut Seen)| {
        let mut wrong = seen.clone();
        change(&mut wrong);
        wrong
    };
    let mut all = vec![
        ("another path".to_owned(), change(&|seen| seen.path = format!("/nowhere{}", seen.path))),
        ("another method".to_owned(), change(&|seen| seen.method = "TRACE".into())),
    ];
    // Whoever asks for a token shows nothing yet.
    if seen.headers.contains_key("authorization") {
        all.push(("no credential".to_owned(), change(&|seen| drop(seen.headers.remove("authorization")))));
    }
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(&seen.body) else { return all };
    all.push(("a text for a body".to_owned(), change(&|seen| seen.body = b"\"wrong\"".to_vec())));
    for (name, value) in &body {
        let mut body = body.clone();
        body[name] =
            if value.is_object() || value.is_array() { json!(7) } else { json!([{ "wrong": true }]) };
        let body = Value::Object(body).to_string().into_bytes();
        all.push((format!("another type of {name}"), change(&|seen| seen.body.clone_from(&body))));
    }
    all
}

/// What Prism's problem says, without its preamble.
fn short(body: &str) -> String {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    match &problem["validation"] {
        Value::Null => body.to_owned(),
        validation => validation.to_string(),
    }
}

#[expect(clippy::disallowed_methods, reason = "where the program is comes from the environment of the tests")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the suite with tests/run"))
}
