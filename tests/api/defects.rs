//! A defect of one operation ends that request alone, and a refusal arrives as it was said.

use quell_api::{Client, Operations as _, Refusal, RefusalKind, Token};

use crate::recorder::{Mood, Recorder};
use crate::server::{Server, TOKEN, refused};

#[tokio::test]
async fn a_panic_ends_its_request_alone() {
    let server = Server::new().await;
    server.recorder.is(Mood::Panicking);
    for _ in 0..20 {
        let (status, refusal) = refused(server.allowed("GET", "/api/v1/store")).await;
        assert_eq!((status.as_u16(), refusal.kind), (500, RefusalKind::Internal));
        assert!(!refusal.message.contains("secret"), "{}", refusal.message);
    }
    assert_eq!(server.client().store_stats().await.unwrap_err().kind, RefusalKind::Internal);
    server.recorder.is(Mood::Willing);
    server.client().store_stats().await.unwrap();
}

#[tokio::test]
async fn every_refusal_arrives_as_it_was_said() {
    let server = Server::new().await;
    let said = [
        (Refusal::not_found("no run 7 \u{1F510}"), 404),
        (Refusal::invalid("that is \"no\" id"), 400),
        (Refusal::conflict("it is over\nalready"), 409),
        (Refusal::unavailable("the disk is full"), 503),
        (Refusal { kind: RefusalKind::TimedOut, message: String::new() }, 504),
    ];
    for (refusal, code) in said {
        server.recorder.is(Mood::Refusing(refusal.clone()));
        assert_eq!(server.client().run("7ffc").await.unwrap_err(), refusal);
        assert_eq!(refused(server.allowed("GET", "/api/v1/runs/7ffc")).await.0, code);
    }
}

#[tokio::test]
async fn an_engine_that_is_not_well_says_so() {
    let server = Server::over(Recorder::of_an_unwell_engine()).await;
    assert_eq!(server.to("GET", "/readyz").send().await.unwrap().status(), 503);
    assert_eq!(server.to("GET", "/healthz").send().await.unwrap().status(), 200, "it is alive all the same");
    let health = server.client().health().await;
    assert!(!health.ready && health.parts.iter().any(|part| part.name == "store"), "{health:?}");
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_no_panic() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::new(&free.to_string(), Token::new(TOKEN).unwrap()).unwrap();
    assert_eq!(client.store_stats().await.unwrap_err().kind, RefusalKind::Unavailable);
    let health = client.health().await;
    assert!(!health.ready && !health.parts[0].well, "{health:?}");
}

#[tokio::test]
async fn something_else_that_listens_there_is_not_taken_for_an_engine() {
    let other = wiremock::MockServer::start().await;
    let answer = wiremock::ResponseTemplate::new(200).set_body_string("<html>hello</html>");
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&other).await;
    let client = Client::new(&other.address().to_string(), Token::new(TOKEN).unwrap()).unwrap();
    assert_eq!(client.store_stats().await.unwrap_err().kind, RefusalKind::Unavailable);
    assert!(!client.health().await.ready);
}

#[tokio::test]
async fn the_token_follows_no_redirection() {
    let (first, second) = (wiremock::MockServer::start().await, wiremock::MockServer::start().await);
    let away = wiremock::ResponseTemplate::new(307).insert_header("location", format!("{}/x", second.uri()));
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(away).mount(&first).await;
    let client = Client::new(&first.address().to_string(), Token::new(TOKEN).unwrap()).unwrap();
    assert!(client.store_stats().await.is_err());
    assert!(second.received_requests().await.unwrap().is_empty());
}
