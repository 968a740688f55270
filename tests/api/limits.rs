//! Requests that do not fit are refused, in JSON, before anything is asked.

use quell_api::RefusalKind;
use serde_json::json;

use crate::server::{Server, refused};

const BODY_BYTES: usize = 256 * 1024;

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = Server::new().await;
    let filled = |bytes: usize| {
        let rest = json!({ "entry": "", "by": "me" }).to_string().len();
        json!({ "entry": "x".repeat(bytes - rest), "by": "me" }).to_string()
    };
    let send = |body: String| {
        server.allowed("POST", "/api/v1/exclusions").header("content-type", "application/json").body(body)
    };
    assert_eq!(send(filled(BODY_BYTES)).send().await.unwrap().status(), 200);
    assert_eq!(server.recorder.asked().len(), 1);
    let (status, refusal) = refused(send(filled(BODY_BYTES + 1))).await;
    assert_eq!((status.as_u16(), refusal.kind), (413, RefusalKind::TooLarge));
    let (status, _) = refused(send(filled(8 * BODY_BYTES))).await;
    assert_eq!(status, 413);
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused() {
    let server = Server::new().await;
    let undo = json!({ "run": "7ffc", "task": null, "by": "me", "dry": true });
    let mut unknown = undo.clone();
    unknown["force"] = json!(true);
    let mut missing = undo.clone();
    missing.as_object_mut().unwrap().remove("by");
    for body in
        ["", "{", "null", "[]", "7", &unknown.to_string(), &missing.to_string(), "{\"run\": \"\u{0}\"}"]
    {
        let request = server.allowed("POST", "/api/v1/undo").header("content-type", "application/json");
        let (status, refusal) = refused(request.body(body.to_owned())).await;
        assert_eq!((status.as_u16(), refusal.kind), (400, RefusalKind::Invalid), "{body}");
        assert!(refusal.message.starts_with("the body does not fit"), "{}", refusal.message);
    }
    let not_utf8 = server.allowed("POST", "/api/v1/undo").header("content-type", "application/json");
    assert_eq!(refused(not_utf8.body(vec![0xff, 0xfe])).await.0, 400);
    let no_json = server.allowed("POST", "/api/v1/undo").body(undo.to_string());
    assert_eq!(refused(no_json).await.0, 400);
    let form =
        server.allowed("POST", "/api/v1/undo").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(refused(form.body("run=7ffc&by=me&dry=false")).await.0, 400);
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_refused() {
    let server = Server::new().await;
    for (method, path) in [
        ("GET", "/api/v1/exclusions/test"),
        ("GET", "/api/v1/exclusions/test?whom=alice"),
        ("GET", "/api/v1/exclusions/test?who=alice&who=bob"),
        ("DELETE", "/api/v1/exclusions/08bb"),
        ("POST", "/api/v1/alerts"),
        ("POST", "/api/v1/alerts?by=me&origin=%7B"),
        ("GET", "/api/v1/runs?limit=many"),
        ("GET", "/api/v1/runs?limit=-1"),
        ("GET", "/api/v1/runs?status=lost"),
        ("GET", "/api/v1/audit?from=0"),
        ("GET", "/api/v1/runs/%ff"),
    ] {
        let (status, refusal) = refused(server.allowed(method, path)).await;
        assert_eq!((status.as_u16(), refusal.kind), (400, RefusalKind::Invalid), "{method} {path}");
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_refused() {
    let server = Server::new().await;
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/run",
        "/api/v2/runs",
        "/api/v1/runs/",
        "/api/v1/runs/a/b",
        "/metrics/",
    ] {
        let (status, refusal) = refused(server.allowed("GET", path)).await;
        assert_eq!((status.as_u16(), refusal.kind), (404, RefusalKind::NotFound), "{path}");
    }
    for (method, path) in [
        ("DELETE", "/api/v1/runs"),
        ("PUT", "/api/v1/exclusions"),
        ("GET", "/api/v1/undo"),
        ("POST", "/healthz"),
        ("OPTIONS", "/api/v1/runs"),
        ("TRACE", "/readyz"),
    ] {
        let (status, refusal) = refused(server.allowed(method, path)).await;
        assert_eq!((status.as_u16(), refusal.kind), (405, RefusalKind::MethodNotAllowed), "{method} {path}");
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn only_names_of_this_machine_are_answered() {
    let server = Server::new().await;
    let port = server.address.rsplit(':').next().unwrap();
    for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let response = server.allowed("GET", "/api/v1/runs").header("host", &host).send().await.unwrap();
            assert_eq!(response.status(), 200, "{host}");
        }
    }
    server.recorder.asked();
    for host in [
        "quell.example",
        "localhost.example",
        "127.0.0.1.example",
        "192.168.0.1",
        "0.0.0.0",
        "evil.example:80",
    ] {
        for path in ["/api/v1/runs", "/healthz", "/readyz", "/metrics", "/nowhere"] {
            let (status, refusal) = refused(server.allowed("GET", path).header("host", host)).await;
            assert_eq!((status.as_u16(), refusal.kind), (421, RefusalKind::Misdirected), "{host}{path}");
        }
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}
