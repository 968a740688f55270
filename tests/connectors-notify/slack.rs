//! `slack.post`, by an app's token and by a webhook.

use parking_lot::Mutex;
use quell_action::{Answering, Callback, Connector, Failure, Heard};
use quell_kit::conformance::{Vendor, not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, ScriptedServer, Seen};
use quell_slack::SlackConnector;
use serde_json::{Value, json};

use crate::asking::{LIMIT, card, settled};
use crate::stand::{SECRET, Service, Stand};

const POST: (&str, &str) = ("slack", "slack.post");

/// Keeps what was posted.
#[derive(Default)]
struct Workspace {
    posted: Mutex<Vec<Value>>,
    /// What the interface says instead.
    instead: Mutex<Option<Value>>,
}

impl Service for Workspace {
    fn answer(&self, seen: &Seen) -> Reply {
        if let Some(instead) = &*self.instead.lock() {
            return Reply::json(200, instead);
        }
        if seen.path.starts_with("/services/") {
            if seen.path != format!("/services/{SECRET}") {
                return Reply::status(404);
            }
            self.posted.lock().push(serde_json::from_slice(&seen.body).unwrap());
            return Reply::Answer { status: 200, headers: Vec::new(), body: b"ok".to_vec() };
        }
        if seen.headers.get("authorization").map(String::as_str) != Some(&format!("Bearer {SECRET}")) {
            return Reply::json(200, &json!({ "ok": false, "error": "invalid_auth" }));
        }
        match seen.path.as_str() {
            "/api/auth.test" => Reply::json(200, &json!({ "ok": true, "team": "Corp", "user": "quell" })),
            "/api/chat.postMessage" | "/api/chat.update" => {
                self.posted.lock().push(serde_json::from_slice(&seen.body).unwrap());
                Reply::json(200, &json!({ "ok": true, "channel": "C0123ABCD", "ts": "1700000000.000100" }))
            }
            _ => Reply::json(200, &json!({ "ok": false, "error": "unknown_method" })),
        }
    }

    fn reset(&self, _: bool) {
        self.posted.lock().clear();
    }

    fn changes(&self) -> usize {
        self.posted.lock().len()
    }

    fn refusal(&self, vendor: Vendor) -> Option<Reply> {
        let told = |word: &str| Some(Reply::json(200, &json!({ "ok": false, "error": word })));
        match vendor {
            Vendor::Forbids => told("missing_scope"),
            Vendor::RefusesCredentials => told("token_revoked"),
            Vendor::Throttles(hint) => {
                let reply = Reply::json(429, &json!({ "ok": false, "error": "ratelimited" }));
                Some(match hint {
                    Some(hint) => reply.with_header("retry-after", &hint.as_secs().to_string()),
                    None => reply,
                })
            }
            _ => None,
        }
    }

    fn nonsense(&self) -> Reply {
        Reply::Answer { status: 200, headers: Vec::new(), body: b"<html>it works</html>".to_vec() }
    }
}

/// The same, with the statuses that webhooks have.
#[derive(Default)]
struct Hooks(Workspace);

impl Service for Hooks {
    fn answer(&self, seen: &Seen) -> Reply {
        self.0.answer(seen)
    }

    fn reset(&self, done: bool) {
        self.0.reset(done);
    }

    fn changes(&self) -> usize {
        self.0.changes()
    }

    fn nonsense(&self) -> Reply {
        self.0.nonsense()
    }
}

fn app(url: &str, secret: Value) -> Value {
    json!({
        "token": secret, "channels": { "soc": "C0123ABCD" }, "api": format!("{url}/api/"),
        "http": { "connect_timeout_secs": 1, "timeout_secs": 10 },
    })
}

/// The whole address is the secret, so it lies in the file.
fn webhook(url: &str, secret: Value) -> Value {
    let path = std::path::PathBuf::from(secret["file"].as_str().unwrap()).with_file_name("address");
    std::fs::write(&path, format!("{url}/services/{SECRET}\n")).unwrap();
    json!({ "webhooks": { "soc": { "file": path } }, "http": { "connect_timeout_secs": 1, "timeout_secs": 10 } })
}

fn message() -> Value {
    json!({
        "channel": "soc", "title": "Account disabled", "text": "<!channel> see <https://evil.example|this>",
        "facts": { "Account": "CORP\\alice & co" }, "link": "https://quell.example/runs/1",
    })
}

#[tokio::test]
async fn posting_as_an_app_conforms() {
    let reports = Stand::new(POST, message(), app, Workspace::default()).await.conforms(&[]).await;
    assert_eq!(not_played::<SlackConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<SlackConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn posting_by_a_webhook_conforms() {
    Stand::new(POST, message(), webhook, Hooks::default()).await.conforms(&[]).await;
}

#[tokio::test]
async fn a_message_is_whole_and_mentions_nobody() {
    let stand = Stand::new(POST, message(), app, Workspace::default()).await;
    let mut params = message();
    params["thread"] = json!("1699999999.000100");
    let outcome = stand.call("run/1", params).await.unwrap();
    assert_eq!(outcome.output, json!({ "channel": "C0123ABCD", "ts": "1700000000.000100" }));
    let posted = stand.service.posted.lock()[0].clone();
    assert_eq!(
        (&posted["channel"], &posted["thread_ts"]),
        (&json!("C0123ABCD"), &json!("1699999999.000100"))
    );
    assert_eq!((&posted["unfurl_links"], &posted["unfurl_media"]), (&json!(false), &json!(false)));
    assert_eq!(posted["metadata"]["event_payload"]["key"], "run/1");
    let text = posted.to_string();
    assert!(!text.contains("<!channel>") && text.contains("&lt;!channel&gt;"), "{text}");
    assert!(text.contains("https://quell.example/runs/1") && text.contains("alice &amp; co"), "{text}");
}

/// What `facts: { from: run.report }` hands on.
#[tokio::test]
async fn the_report_of_a_run_is_shown_as_a_table() {
    let stand = Stand::new(POST, message(), app, Workspace::default()).await;
    let done = json!({ "action": "account.disable", "at": "entra_id", "to": "alice", "stands": "succeeded" });
    let report = json!([{ "about": "alice", "outcome": "contained", "said": null, "done": [done] }]);
    stand.call("run/1", json!({ "title": "contained", "facts": report })).await.unwrap();
    let posted = stand.service.posted.lock()[0].to_string();
    assert!(posted.contains(r"*alice*\ncontained: account.disable at entra_id succeeded"), "{posted}");
    let error = stand.call("k", json!({ "facts": ["x"] })).await.unwrap_err();
    assert!(error.failure == Failure::Rejected && error.message.contains("report of the run"), "{error}");
}

#[tokio::test]
async fn the_words_of_the_interface_are_understood() {
    let stand = Stand::new(POST, message(), app, Workspace::default()).await;
    for (word, failure) in [
        ("channel_not_found", Failure::NotFound),
        ("not_in_channel", Failure::Forbidden),
        ("invalid_auth", Failure::Credentials),
        ("ratelimited", Failure::Throttled { retry_after: None }),
        ("fatal_error", Failure::Uncertain),
        ("msg_too_long", Failure::Rejected),
        ("of_a_new_kind", Failure::Rejected),
    ] {
        *stand.service.instead.lock() = Some(json!({ "ok": false, "error": word }));
        let error = stand.call("k", message()).await.unwrap_err();
        assert_eq!(error.failure, failure, "{word}");
        assert!(error.message.contains(word), "{error}");
    }
    // What is no word is not repeated: it may hold anything.
    *stand.service.instead.lock() = Some(json!({ "ok": false, "error": format!("<{SECRET}>\n") }));
    let error = stand.call("k", message()).await.unwrap_err();
    assert!(!error.message.contains(['<', '\n', '-']), "{error}");
}

#[tokio::test]
async fn what_comes_with_a_failure_is_not_the_word_of_the_interface() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, SECRET).unwrap();
    for (status, failure) in [(502, Failure::Uncertain), (403, Failure::Forbidden), (302, Failure::Rejected)]
    {
        let told = json!({ "ok": true, "channel": "C0123456789", "ts": "1.2" });
        let server = ScriptedServer::start(move |_| Reply::json(status, &told));
        let server = server.await.unwrap();
        let settings = serde_json::from_value(app(&server.url(), json!({ "file": path }))).unwrap();
        let connection = SlackConnector::connect("slack", settings).await.unwrap();
        let error = crate::stand::call(&connection, POST.1, "k", message()).await.unwrap_err();
        assert_eq!(error.failure, failure, "{status}: {error}");
    }
}

#[tokio::test]
async fn a_webhook_that_does_not_say_ok_has_not_said_that_the_message_was_posted() {
    let stand = Stand::new(POST, message(), webhook, Hooks::default()).await;
    *stand.service.0.instead.lock() = Some(json!("no_text"));
    let error = stand.call("k", message()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
}

#[tokio::test]
async fn channels_are_those_of_the_site_and_a_probe_writes_nothing() {
    let stand = Stand::new(POST, message(), app, Workspace::default()).await;
    let error = stand.call("k", json!({ "channel": "general", "text": "x" })).await.unwrap_err();
    assert!(error.message.contains("no Slack channel \"general\"; there is soc"), "{error}");
    let empty = stand.call("k", json!({})).await.unwrap_err();
    assert!(empty.message.contains("says nothing"), "{empty}");
    let report = stand.connection().await.probe.probe().await;
    assert_eq!(report.system.as_deref(), Some("Corp as quell"));
    assert_eq!(stand.service.changes(), 0);
    let answered = Stand::new(POST, message(), webhook, Hooks::default()).await;
    let error = answered.call("k", json!({ "text": "x", "thread": "1" })).await.unwrap_err();
    assert!(error.message.contains("thread"), "{error}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("address");
    for content in [format!("http://hooks.slack.com/services/{SECRET}"), SECRET.to_owned()] {
        std::fs::write(&path, content).unwrap();
        let settings = serde_json::from_value(json!({ "webhooks": { "soc": { "file": path } } })).unwrap();
        let refused = SlackConnector::connect("slack", settings).await.err().unwrap().to_string();
        assert!(refused.contains("webhooks.soc") && !refused.contains(SECRET), "{refused}");
    }
}

/// With the app's signing secret, which is a vector's here, so that it can be told what Slack would sign.
fn asking(url: &str, secret: Value) -> Value {
    let path = std::path::PathBuf::from(secret["file"].as_str().unwrap()).with_file_name("signing");
    std::fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
    let mut settings = app(url, secret);
    settings["signing_secret"] = json!({ "file": path });
    settings["people"] = json!({ "ann": "U0123ABCD", "bob": "U0456EFGH" });
    settings
}

fn signed(sent: i64, body: &str) -> Vec<(String, String)> {
    use hmac::{Hmac, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"0123456789abcdef0123456789abcdef").unwrap();
    mac.update(format!("v0:{sent}:{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        ("x-slack-request-timestamp".into(), sent.to_string()),
        ("x-slack-signature".into(), format!("v0={hex}")),
    ]
}

fn clicked(user: &str, back: &str) -> String {
    let payload = json!({
        "type": "block_actions", "user": { "id": user }, "response_url": back,
        "actions": [{ "action_id": "answer-0", "value": "sealed.answer" }],
    });
    let mut form = quell_kit::Url::parse("http://localhost/").unwrap();
    form.query_pairs_mut().append_pair("payload", &payload.to_string());
    form.query().unwrap().to_owned()
}

#[tokio::test]
async fn a_question_has_buttons_which_go_when_it_is_settled() {
    let stand = Stand::new(POST, message(), asking, Workspace::default()).await;
    let carrier = stand.connection().await.carrier.unwrap();
    assert_eq!(carrier.answering(), Answering::Buttons);
    assert!(carrier.recipients(&["eve".into()]).is_empty(), "nobody there could answer");
    let to = carrier.recipients(&["ann".into(), "eve".into()]).remove(0);
    assert_eq!((to.name.as_str(), to.personal), ("soc", false));
    let sent = carrier.ask(&to, &card(), LIMIT).await.unwrap();
    assert_eq!(sent.as_deref(), Some("C0123ABCD:1700000000.000100"));
    carrier.tell(&to, sent.as_deref(), &settled(), "Answered: approve, by ann", LIMIT).await.unwrap();
    let posted = stand.service.posted.lock().clone();
    let text = posted[0].to_string();
    assert!(text.contains(r#""value":"https://quell.example/answer/approve""#), "{text}");
    assert!(text.contains("Cut off alice?"), "{text}");
    // Slack reads no commands in plain text, such as a header; everywhere else they are taken apart.
    let mut posted_text = posted[0].clone();
    posted_text["blocks"][0] = json!(null);
    assert!(!posted_text.to_string().contains("<!channel>"), "{text}");
    assert_eq!((&posted[1]["ts"], &posted[1]["channel"]), (&json!("1700000000.000100"), &json!("C0123ABCD")));
    let changed = posted[1].to_string();
    assert!(changed.contains("Answered: approve, by ann") && !changed.contains("\"button\""), "{changed}");
}

#[tokio::test]
async fn a_click_is_believed_only_with_slacks_signature() {
    let stand = Stand::new(POST, message(), asking, Workspace::default()).await;
    let carrier = stand.connection().await.carrier.unwrap();
    let now = 1_700_000_000;
    let at = |now: i64| quell_alert::Timestamp::from_timestamp(now, 0).unwrap();
    let body = clicked("U0123ABCD", "https://hooks.slack.com/actions/1");
    let headers = signed(now, &body);
    let heard = carrier.hear(&Callback { headers: &headers, body: body.as_bytes(), at: at(now) }).unwrap();
    assert_eq!((heard.by.as_str(), heard.seal.as_str()), ("ann", "sealed.answer"));
    for later in [-301, 301] {
        let callback = Callback { headers: &headers, body: body.as_bytes(), at: at(now + later) };
        assert!(carrier.hear(&callback).is_err(), "{later} s later");
    }
    assert!(carrier.hear(&Callback { headers: &[], body: body.as_bytes(), at: at(now) }).is_err());
    for place in 0..body.len() {
        let mut changed = body.clone().into_bytes();
        changed[place] ^= 1;
        assert!(
            carrier.hear(&Callback { headers: &headers, body: &changed, at: at(now) }).is_err(),
            "{place}"
        );
    }
    // A stranger is heard under their own name, and is nobody who is asked.
    let body = clicked("U0999EVIL", "");
    let headers = signed(now, &body);
    let heard = carrier.hear(&Callback { headers: &headers, body: body.as_bytes(), at: at(now) }).unwrap();
    assert_eq!(heard.by, "the Slack user U0999EVIL");
    // A word for them goes to Slack, and nowhere else.
    for back in
        ["https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/"]
    {
        let heard = Heard { back: Some(back.into()), ..heard.clone() };
        let refused = carrier.reply(&heard, "no").await.unwrap_err();
        assert_eq!(refused.failure, Failure::Rejected, "{back}: nothing was sent");
    }
    let slack = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let heard = Heard { back: Some(slack.url()), ..heard };
    carrier.reply(&heard, "<!channel>").await.unwrap();
    let word: Value = serde_json::from_slice(&slack.seen()[0].body).unwrap();
    assert_eq!((&word["text"], &word["response_type"]), (&json!("&lt;!channel&gt;"), &json!("ephemeral")));
    // Only buttons answer.
    let body = body.replace("block_actions", "view_submission");
    let headers = signed(now, &body);
    assert!(carrier.hear(&Callback { headers: &headers, body: body.as_bytes(), at: at(now) }).is_err());
}

#[tokio::test]
async fn without_a_signing_secret_the_buttons_open_pages() {
    let stand = Stand::new(POST, message(), webhook, Hooks::default()).await;
    let carrier = stand.connection().await.carrier.unwrap();
    assert_eq!(carrier.answering(), Answering::Links);
    let to = carrier.recipients(&[]).remove(0);
    assert_eq!(carrier.ask(&to, &card(), LIMIT).await.unwrap(), None);
    carrier.tell(&to, None, &settled(), "Nobody answered in time", LIMIT).await.unwrap();
    let posted = stand.service.0.posted.lock().clone();
    assert!(posted[0].to_string().contains(r#""url":"https://quell.example/answer/approve""#));
    assert!(posted[1].to_string().contains("Nobody answered in time"));
}
