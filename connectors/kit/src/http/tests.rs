use std::time::Duration;

use quell_action::{ActionError, Failure};

use super::*;
use crate::scripted::{DeafServer, Reply, ScriptedServer, refusing_url};

const UNAVAILABLE: Failure = Failure::Unavailable { retry_after: None };
const SECRET_PATH: &str = "/hooks/T0P-SECRET-TOKEN";

fn client() -> Http {
    Http::new(&HttpSettings { connect_timeout_secs: 1, timeout_secs: 2, ..HttpSettings::default() }).unwrap()
}

async fn post(base: &str, call: Call, time_limit: Duration) -> Result<Answer, ActionError> {
    let http = client();
    let url = Url::parse(&format!("{base}{SECRET_PATH}")).unwrap();
    http.send(http.request(Method::POST, url).body("{}"), call, time_limit).await
}

async fn failure_of(reply: Reply, call: Call) -> ActionError {
    let server = ScriptedServer::start(move |_| reply.clone()).await.unwrap();
    let answer = post(&server.url(), call, Duration::from_secs(1)).await;
    let error = match answer.and_then(Answer::success) {
        Err(error) => error,
        Ok(answer) => answer.json::<serde_json::Value>().unwrap_err(),
    };
    assert_eq!(server.seen().len(), 1, "nothing is repeated behind the engine's back");
    assert!(!error.to_string().contains("SECRET"), "{error}");
    error
}

#[tokio::test]
async fn an_answer_that_got_lost_after_sending_is_uncertain_for_writes_only() {
    for reply in [
        Reply::Silence,
        Reply::Cut,
        Reply::Trickle,
        Reply::Raw(b"garbage\r\n\r\n".to_vec()),
        Reply::Raw(Vec::new()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<html>no!".to_vec()),
        Reply::status(500),
        Reply::status(502),
    ] {
        assert_eq!(failure_of(reply.clone(), Call::Writes).await.failure, Failure::Uncertain, "{reply:?}");
        assert_eq!(failure_of(reply.clone(), Call::Reads).await.failure, UNAVAILABLE, "{reply:?}");
        assert_eq!(failure_of(reply.clone(), Call::WritesKeyed).await.failure, UNAVAILABLE, "{reply:?}");
    }
}

/// What a refusal says in its body changes nothing about it.
#[tokio::test]
async fn a_refusal_whose_body_is_cut_is_a_refusal() {
    let cut = Reply::Raw(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 99\r\n\r\n{\"err".to_vec());
    assert_eq!(failure_of(cut, Call::Writes).await.failure, Failure::Forbidden);
}

#[tokio::test]
async fn a_call_ends_with_the_time_that_the_site_gives_to_calls() {
    let server = ScriptedServer::start(|_| Reply::Silence).await.unwrap();
    let http = Http::new(&HttpSettings { timeout_secs: 1, ..HttpSettings::default() }).unwrap();
    let url = Url::parse(&server.url()).unwrap();
    let call = http.send(http.request(Method::GET, url), Call::Reads, Duration::from_secs(600));
    let ended = tokio::time::timeout(Duration::from_secs(60), call).await.expect("it goes on");
    assert_eq!(ended.unwrap_err().failure, UNAVAILABLE);
}

#[tokio::test]
async fn a_call_ends_with_the_time_that_it_was_given() {
    let server = ScriptedServer::start(|_| Reply::Silence).await.unwrap();
    let http = Http::new(&HttpSettings { timeout_secs: 600, ..HttpSettings::default() }).unwrap();
    let url = Url::parse(&server.url()).unwrap();
    let call = http.send(http.request(Method::GET, url), Call::Reads, Duration::from_millis(100));
    let ended = tokio::time::timeout(Duration::from_secs(60), call).await.expect("it goes on");
    assert_eq!(ended.unwrap_err().failure, UNAVAILABLE);
}

#[tokio::test]
async fn what_was_never_sent_did_not_happen() {
    let refused =
        post(&refusing_url().await.unwrap(), Call::Writes, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(refused.failure, UNAVAILABLE, "{refused}");
    assert!(refused.message.contains("refused"), "{refused}");

    let deaf = DeafServer::start().await.unwrap();
    let hung = post(&deaf.url(), Call::Writes, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(hung.failure, UNAVAILABLE, "{hung}");

    let unknown =
        post("http://no-such-host.invalid", Call::Writes, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(unknown.failure, UNAVAILABLE, "{unknown}");
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart_before_anything_is_sent() {
    let server = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let url = server.url().replace("http://", "https://");
    let error = post(&url, Call::Writes, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(error.failure, UNAVAILABLE, "{error}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn redirects_are_refused_and_not_followed() {
    let redirect = Reply::status(307).with_header("location", "http://127.0.0.1:1/elsewhere");
    assert_eq!(failure_of(redirect, Call::Writes).await.failure, Failure::Rejected);
}

#[tokio::test]
async fn a_refusal_keeps_the_number_of_the_call() {
    let reply = Reply::status(429).with_header("retry-after", "3").with_header("x-request-id", "r-77");
    let error = failure_of(reply, Call::Writes).await;
    assert_eq!(error.failure, Failure::Throttled { retry_after: Some(Duration::from_secs(3)) });
    let vendor = error.vendor.unwrap();
    assert_eq!((vendor.status, vendor.request_id.as_deref()), (Some(429), Some("r-77")));
}

#[tokio::test]
async fn an_oversized_answer_is_not_read_to_its_end() {
    let huge = Reply::Answer { status: 200, headers: Vec::new(), body: vec![b' '; MAX_ANSWER + 1] };
    let server = ScriptedServer::start(move |_| huge.clone()).await.unwrap();
    // A busy machine takes its time over so much.
    let answer = post(&server.url(), Call::Writes, Duration::from_secs(60)).await;
    let error = answer.and_then(Answer::success).unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain);
    assert!(error.message.contains("larger than"), "{error}");
}

#[test]
fn a_certificate_file_must_hold_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let settings = HttpSettings { ca_file: Some(file.clone()), ..HttpSettings::default() };
    assert!(Http::new(&settings).unwrap_err().to_string().contains("cannot be read"));
    for content in ["", "not a certificate", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&file, content).unwrap();
        let message = Http::new(&settings).unwrap_err().to_string();
        assert!(message.contains("ca.pem"), "{message}");
    }
}

#[test]
fn settings_are_checked_whole() {
    let bad = HttpSettings { connect_timeout_secs: 0, timeout_secs: 1000, ..HttpSettings::default() };
    let places: Vec<String> = bad.check("http").into_iter().map(|problem| problem.place).collect();
    assert_eq!(places, ["http.connect_timeout_secs", "http.timeout_secs"]);
    assert!(HttpSettings::default().check("").is_empty());
}
