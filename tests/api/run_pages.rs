//! `/run/…` over real HTTP: opened links change nothing, the button takes back what the link is for, and nothing of it
//! needs the token.

use std::sync::Arc;

use futures::{StreamExt as _, stream};
use quell_alert::Timestamp;
use quell_api::{LinkKey, Refusal, RunLink, RunPages, UndoOrder};
use quell_run::testing::ManualClock;
use quell_run::{LaneId, RunId};
use reqwest::StatusCode;
use secrecy::SecretString;

use crate::answers::NAME;
use crate::recorder::{Mood, Recorder};
use crate::server::{AT_ONCE, Server};

const HOST: &str = "quell.corp.example";

fn key(text: &str) -> LinkKey {
    LinkKey::new(&SecretString::from(text.repeat(32))).unwrap()
}

async fn server() -> Server {
    let pages = RunPages {
        key: key("k"),
        host: HOST.into(),
        pace: Arc::default(),
        now: Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)),
    };
    Server::with_pages(Recorder::default(), pages).await
}

fn link(undo: Option<u32>, expires: i64) -> RunLink {
    RunLink { run: RunId("7ffc64eb".into()), undo: undo.map(LaneId), expires }
}

fn path(undo: Option<u32>) -> String {
    format!("/run/{}", key("k").seal(&link(undo, 1)))
}

fn order(by: &str, dry: bool) -> String {
    let order = UndoOrder { run: "7ffc64eb".into(), task: None, lane: Some(3), by: by.into(), dry };
    format!("undo {order:?}")
}

#[tokio::test]
async fn opening_a_link_changes_nothing() {
    let server = server().await;
    for method in ["GET", "HEAD"] {
        for undo in [None, Some(3)] {
            let opened = server.to(method, &path(undo)).send().await.unwrap();
            assert_eq!(opened.status(), StatusCode::OK);
            assert_eq!(opened.headers()["referrer-policy"], "no-referrer");
            assert_eq!(opened.headers()["cache-control"], "no-store");
            let asked = server.recorder.asked();
            let looked = asked.iter().all(|one| one.starts_with("run ") || *one == order("link", true));
            assert!(looked, "{asked:?}");
        }
    }
}

#[tokio::test]
async fn the_page_shows_what_it_is_about_as_text() {
    let server = server().await;
    let page = async |undo| server.to("GET", &path(undo)).send().await.unwrap().text().await.unwrap();
    let (shown, undo) = (page(None).await, page(Some(3)).await);
    assert!(shown.contains("account.disable of") && shown.contains("left alone"), "{shown}");
    assert!(!shown.contains("<form"), "what is only shown has no button: {shown}");
    assert!(undo.contains("could not be undone") && undo.contains("Take it back"), "{undo}");
    for text in [shown, undo] {
        assert!(text.contains("/&quot;a&quot; &amp; b?c"), "{text}");
        assert!(!text.contains(NAME), "what comes from outside is text: {text}");
    }
}

#[tokio::test]
async fn the_button_takes_back_what_the_link_is_for_in_somebodys_name() {
    let server = server().await;
    let click = async |path: &str, body: &'static str| {
        server.to("POST", path).body(body).send().await.unwrap().status()
    };
    for nameless in ["", "name=", "name=+%20", "other=ann"] {
        assert_eq!(click(&path(Some(3)), nameless).await, StatusCode::UNPROCESSABLE_ENTITY, "{nameless}");
    }
    assert_eq!(click(&path(None), "name=ann").await, StatusCode::FORBIDDEN);
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
    assert_eq!(click(&path(Some(3)), "name=Ann+Lee").await, StatusCode::OK);
    assert_eq!(server.recorder.asked(), [order("Ann Lee (by a link)", false)]);
}

#[tokio::test]
async fn what_is_old_changed_or_of_somebody_else_leads_nowhere() {
    let server = server().await;
    let status = async |method: &str, seal: &str| {
        server.to(method, &format!("/run/{seal}")).body("name=ann").send().await.unwrap().status()
    };
    let good = key("k").seal(&link(Some(3), 1));
    let (said, seal) = good.split_once('.').unwrap();
    let other = key("k").seal(&link(Some(4), 1));
    let cases = [
        (key("k").seal(&link(Some(3), 0)), StatusCode::GONE),
        (key("x").seal(&link(Some(3), 1)), StatusCode::FORBIDDEN),
        (format!("{}.{seal}", other.split_once('.').unwrap().0), StatusCode::FORBIDDEN),
        (said.to_owned(), StatusCode::FORBIDDEN),
        ("x".to_owned(), StatusCode::FORBIDDEN),
    ];
    for (seal, wanted) in cases {
        for method in ["GET", "POST"] {
            assert_eq!(status(method, &seal).await, wanted, "{method} {seal}");
        }
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
    // Those who guess find a closed door soon, and whoever has a link still gets in.
    let guesses = stream::iter((0..300).map(|_| status("GET", "guess")));
    let guesses: Vec<StatusCode> = guesses.buffer_unordered(AT_ONCE).collect().await;
    assert!(guesses.contains(&StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(status("GET", &good).await, StatusCode::OK);
}

#[tokio::test]
async fn the_public_name_leads_to_the_pages_and_to_nothing_else() {
    let server = server().await;
    let status = async |path: &str, host: &str| {
        server.allowed("GET", path).header("host", host).send().await.unwrap().status()
    };
    assert_eq!(status(&path(None), HOST).await, StatusCode::OK);
    assert_eq!(status(&path(None), "evil.example").await, StatusCode::MISDIRECTED_REQUEST);
    for path in ["/api/v1/runs", "/healthz", "/metrics", "/run", "/running"] {
        assert_eq!(status(path, HOST).await, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    let without = Server::new().await;
    assert_eq!(without.to("GET", &path(None)).send().await.unwrap().status(), StatusCode::GONE);
}

#[tokio::test]
async fn the_name_that_somebody_gives_is_text() {
    let server = server().await;
    let done = server.to("POST", &path(Some(3))).body("name=%3Cu%3EAnn").send().await.unwrap();
    let page = done.text().await.unwrap();
    assert!(page.contains("&lt;u&gt;Ann (by a link)") && !page.contains("<u>"), "{page}");
}

/// It stands in the record, in terminals and on pages.
#[tokio::test]
async fn a_name_is_short_and_has_no_unseen_letters() {
    let server = server().await;
    let long = format!("name=A%07nn%1B+%0AL{}", "e".repeat(500));
    let done = server.to("POST", &path(Some(3))).body(long).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::OK);
    let by = format!("Ann L{} (by a link)", "e".repeat(195));
    assert_eq!(server.recorder.asked(), [order(&by, false)]);
    let huge = format!("name=Ann&x={}", "e".repeat(64 * 1024));
    let done = server.to("POST", &path(Some(3))).body(huge).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_is_gone_is_told_apart_from_one_that_cannot_be_read() {
    let server = server().await;
    let opened = async |refusal| {
        server.recorder.is(Mood::Refusing(refusal));
        let answer = server.to("GET", &path(Some(3))).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(opened(Refusal::not_found("there is no run")).await.0, StatusCode::GONE);
    let (status, page) = opened(Refusal::unavailable("the <b>store</b> is away")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("&lt;b&gt;store") && !page.contains("<b>"), "{page}");
}
