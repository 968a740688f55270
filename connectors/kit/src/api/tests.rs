use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::oauth::{ClientCredential, Grant};
use crate::scripted::{Reply, ScriptedServer, TokenDesk};
use crate::{HttpSettings, SecretRef, microsoft};

struct Bench {
    server: ScriptedServer,
    desk: Arc<TokenDesk>,
    api: Api,
    _folder: tempfile::TempDir,
}

/// A service behind a sign-in. Where `expires` says so, every token ends at the first use.
async fn bench(
    expires: &'static AtomicBool,
    limits: Vec<RateLimit>,
    script: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> Bench {
    let desk = Arc::new(TokenDesk::default());
    let behind = Arc::clone(&desk);
    let server = ScriptedServer::start(move |seen| {
        if seen.path == "/token" {
            return behind.issue(seen);
        }
        if expires.swap(false, Ordering::SeqCst) {
            behind.expire_all();
        }
        if behind.accepts(seen) { script(&seen.path) } else { Reply::status(401) }
    });
    let server = server.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "planted").unwrap();
    let credential = ClientCredential::Secret(SecretRef::File(secret));
    let http = Http::new(&HttpSettings { connect_timeout_secs: 1, ..HttpSettings::default() }).unwrap();
    let endpoint = Url::parse(&format!("{}/token", server.url())).unwrap();
    let grant = Grant::new(endpoint, "client", "scope", &credential).unwrap();
    let tokens = Arc::new(Tokens::new(http.clone(), grant, |_, _| None));
    let base = Url::parse(&format!("{}/v1.0", server.url())).unwrap();
    let api = Api::new(http, base, tokens, limits, "client-request-id");
    Bench { server, desk, api, _folder: folder }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(2))
}

#[tokio::test]
async fn a_token_that_ends_in_mid_flight_is_renewed_and_the_write_is_made_once() {
    static EXPIRES: AtomicBool = AtomicBool::new(true);
    let bench = bench(&EXPIRES, Vec::new(), |_| Reply::status(204)).await;
    let ask = Ask::write(Method::PATCH, bench.api.url(["users", "a/b#c"])).json(json!({ "x": 1 }));
    assert_eq!(bench.api.ask(ask, soon()).await.unwrap().status(), 204);
    assert_eq!(bench.desk.issued(), 2);
    let seen: Vec<_> = bench.server.seen().into_iter().filter(|seen| seen.path != "/token").collect();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].path, "/v1.0/users/a%2Fb%23c");
    let ids: Vec<_> = seen.iter().map(|seen| &seen.headers["client-request-id"]).collect();
    assert_ne!(ids[0], ids[1], "each call has a number of its own");
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_not_fought_for() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |_| Reply::status(401)).await;
    let answer = bench.api.ask(Ask::get(bench.api.url(["users"])), soon()).await.unwrap();
    assert_eq!(answer.failure(), Some(Failure::Credentials));
    assert_eq!((bench.desk.issued(), bench.server.seen().len()), (2, 4));
    // Nor is it kept for the next call.
    bench.api.ask(Ask::get(bench.api.url(["users"])), soon()).await.unwrap();
    assert_eq!((bench.desk.issued(), bench.server.seen().len()), (4, 8));
}

#[tokio::test]
async fn what_a_call_demands_of_the_sign_in_is_handed_on() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |_| {
        let challenge = "Bearer error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"";
        Reply::status(401).with_header("www-authenticate", challenge)
    });
    let bench = bench.await;
    bench.api.ask(Ask::get(bench.api.url(["users"])), soon()).await.unwrap();
    let seen = bench.server.seen().into_iter().filter(|seen| seen.path == "/token");
    let asked: Vec<String> = seen.map(|seen| String::from_utf8(seen.body).unwrap()).collect();
    assert_eq!(asked.iter().map(|form| form.contains("claims=")).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |path| {
        let next = match path {
            "/v1.0/list" => json!("http://127.0.0.1:1/v1.0/list"),
            _ => json!(null),
        };
        Reply::json(200, &json!({ "value": [1], "@odata.nextLink": next }))
    });
    let bench = bench.await;
    let list = |name: &str| Ask::get(bench.api.url([name]));
    let error = microsoft::pages::<u8>(&bench.api, list("list"), soon()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    assert_eq!(microsoft::pages::<u8>(&bench.api, list("other"), soon()).await.unwrap(), [1]);
    let here = format!("{}/v1.0/list?$skiptoken=x", bench.server.url());
    assert_eq!(bench.api.next_page(&here).unwrap().as_str(), here);
}

#[tokio::test]
async fn a_list_that_is_refused_is_not_empty_and_only_a_code_is_told_of_why() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |path| {
        let code = if path.ends_with("list") { "accessDenied" } else { "planted word of a proxy" };
        Reply::json(403, &json!({ "value": [], "error": { "code": code, "message": "planted" } }))
    });
    let bench = bench.await;
    for (name, code) in [("list", Some("accessDenied")), ("other", None)] {
        let ask = Ask::get(bench.api.url([name]));
        let error = microsoft::pages::<u8>(&bench.api, ask, soon()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Forbidden);
        assert_eq!(error.vendor.as_ref().and_then(|vendor| vendor.code.as_deref()), code);
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}

#[tokio::test]
async fn a_list_without_end_is_an_error_and_not_a_part_of_it() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let base = Arc::new(parking_lot::Mutex::new(String::new()));
    let told = Arc::clone(&base);
    let bench = bench(&NEVER, Vec::new(), move |_| {
        Reply::json(200, &json!({ "value": [1], "@odata.nextLink": format!("{}/v1.0/more", told.lock()) }))
    });
    let bench = bench.await;
    *base.lock() = bench.server.url();
    let ask = Ask::get(bench.api.url(["list"]));
    let error = microsoft::pages::<u8>(&bench.api, ask, soon()).await.unwrap_err();
    assert!(error.message.contains("more than 50 pages"), "{error}");
}

#[tokio::test]
async fn a_system_that_wants_to_be_left_alone_is() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |_| Reply::status(429).with_header("retry-after", "7")).await;
    let ask = || Ask::get(bench.api.url(["users"]));
    let hint = Some(Duration::from_secs(7));
    let first = bench.api.ask(ask(), soon()).await.unwrap();
    assert_eq!(first.failure(), Some(Failure::Throttled { retry_after: hint }));
    let held = bench.api.ask(ask(), soon()).await.unwrap_err();
    assert_eq!(held.failure, Failure::Throttled { retry_after: hint });
    assert_eq!(bench.server.seen().len(), 2, "a token and one call");
}

#[tokio::test]
async fn a_call_without_a_turn_is_not_made() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let limit = RateLimit::new(NonZeroU32::MIN, Duration::from_secs(3600), NonZeroU32::MIN);
    let bench = bench(&NEVER, vec![limit], |_| Reply::status(200)).await;
    let ask = || Ask::get(bench.api.url(["users"]));
    assert!(bench.api.ask(ask(), soon()).await.is_ok());
    let error = bench.api.ask(ask(), Deadline::after(Duration::from_millis(5))).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled { retry_after: None });
}

#[tokio::test]
async fn a_call_keeps_the_pace_that_is_its_own_as_well() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |_| Reply::status(200)).await;
    let own = RateLimit::new(NonZeroU32::MIN, Duration::from_secs(3600), NonZeroU32::MIN);
    let ask = || Ask::get(bench.api.url(["users"])).at_pace_of(&own);
    assert!(bench.api.ask(ask(), soon()).await.is_ok());
    let error = bench.api.ask(ask(), Deadline::after(Duration::from_millis(5))).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled { retry_after: None });
}

/// The sign-in may use up all of the time.
#[tokio::test]
async fn a_write_for_which_no_time_is_left_is_not_made() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let bench = bench(&NEVER, Vec::new(), |_| Reply::status(204)).await;
    bench.api.ask(Ask::get(bench.api.url(["users"])), soon()).await.unwrap();
    let before = bench.server.seen().len();
    let ask = Ask::write(Method::PATCH, bench.api.url(["users"]));
    let error = bench.api.ask(ask, Deadline::after(Duration::ZERO)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{error}");
    assert_eq!(bench.server.seen().len(), before);
}

/// What each page of a list answers in turn, and what comes of the list.
#[tokio::test]
async fn pages_that_are_odd_are_read_to_the_end_or_not_at_all() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let whole = |all: &[u8]| Some(all.to_vec());
    for (pages, expected) in [
        (vec![r#"{"value":[],"@odata.nextLink":"NEXT"}"#, r#"{"value":[2],"nextLink":null}"#], whole(&[2])),
        (vec![r#"{"value":[1],"nextLink":"NEXT"}"#, r#"{"value":[],"nextLink":""}"#], whole(&[1])),
        (vec!["\u{feff}{\"value\":[1],\"@odata.count\":\"1\"}"], whole(&[1])),
        (vec![r#"{"value":[]}"#], whole(&[])),
        (vec![r#"{"value":null}"#], None),
        (vec!["{}"], None),
        (vec![""], None),
        (vec!["[1]"], None),
        (vec![r#"{"value":[1],"nextLink":"NEXT"}"#, ""], None),
        (vec![r#"{"value":[1],"nextLink":"https://elsewhere.example/v1.0/more"}"#], None),
        (vec![r#"{"value":[1],"nextLink":"/v1.0/more"}"#], None),
    ] {
        let told = Arc::new(parking_lot::Mutex::new(pages.clone()));
        let base = Arc::new(parking_lot::Mutex::new(String::new()));
        let (turn, host) = (Arc::clone(&told), Arc::clone(&base));
        let bench = bench(&NEVER, Vec::new(), move |_| {
            let next = format!("{}/v1.0/more", host.lock());
            let body = turn.lock().remove(0).replace("NEXT", &next).into_bytes();
            Reply::Answer { status: 200, headers: Vec::new(), body }
        });
        let bench = bench.await;
        *base.lock() = bench.server.url();
        let read = microsoft::pages::<u8>(&bench.api, Ask::get(bench.api.url(["list"])), soon()).await;
        assert_eq!(read.as_ref().ok(), expected.as_ref(), "{pages:?}: {read:?}");
    }
}

#[tokio::test]
async fn of_a_list_so_many_are_read_and_no_page_more() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    for (most, read, asked) in
        [(1, vec![1], 1), (2, vec![1, 2], 1), (3, vec![1, 2, 3], 2), (9, vec![1, 2, 3], 2)]
    {
        let base = Arc::new(parking_lot::Mutex::new(String::new()));
        let host = Arc::clone(&base);
        let bench = bench(&NEVER, Vec::new(), move |path| match path.ends_with("/list") {
            true => Reply::json(
                200,
                &json!({ "value": [1, 2], "nextLink": format!("{}/v1.0/more", host.lock()) }),
            ),
            false => Reply::json(200, &json!({ "value": [3] })),
        });
        let bench = bench.await;
        *base.lock() = bench.server.url();
        let ask = Ask::get(bench.api.url(["list"]));
        let before = bench.server.seen().len();
        assert_eq!(microsoft::beginning::<u8>(&bench.api, ask, most, soon()).await.unwrap(), read);
        let lists = bench.server.seen()[before..].iter().filter(|seen| seen.path != "/token").count();
        assert_eq!(lists, asked, "{most}");
    }
}

/// Only the interface itself is believed that there is no such thing.
#[tokio::test]
async fn a_front_door_that_has_lost_its_way_is_no_answer() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    for (body, believed) in [
        (r#"{"error":{"code":"Request_ResourceNotFound","message":"no","innerError":{"new":null}}}"#, true),
        (r#"{"error":{"code":"ResourceNotFound","target":"|0.1"}}"#, true),
        (r#"{"code":"NotFound","message":"no"}"#, true),
        ("", false),
        ("<html><title>404</title>", false),
        (r#"{"statusCode":404,"message":"Resource not found"}"#, false),
        (r#"{"error":"not_found"}"#, false),
        (r#"{"error":{"code":null}}"#, false),
        (r#"{"error":{"code":404}}"#, false),
        (r#"{"error":null,"code":"x","message":"y"}"#, false),
    ] {
        let bench = bench(&NEVER, Vec::new(), move |_| Reply::Answer {
            status: 404,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: body.as_bytes().to_vec(),
        });
        let bench = bench.await;
        let url = bench.api.url(["one"]);
        for (ask, lost) in [
            (Ask::get(url.clone()), Failure::Unavailable { retry_after: None }),
            (Ask::write(Method::POST, url), Failure::Uncertain),
        ] {
            let error = microsoft::success(bench.api.ask(ask, soon()).await.unwrap()).unwrap_err();
            assert_eq!(error.failure, if believed { Failure::NotFound } else { lost }, "{body}: {error}");
        }
    }
}
