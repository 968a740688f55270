//! Who has a token is let in, and nobody else.

use quell_api::{Client, Operations as _, RefusalKind, Token};

use crate::server::{Server, TOKEN, refused};

/// Every route that needs a token.
pub(crate) const GUARDED: [(&str, &str); 35] = [
    ("GET", "/api/v1/me"),
    ("GET", "/api/v1/runs"),
    ("GET", "/api/v1/runs/7ffc"),
    ("POST", "/api/v1/runs/7ffc/cancel"),
    ("POST", "/api/v1/start"),
    ("POST", "/api/v1/undo"),
    ("POST", "/api/v1/undo/confirm"),
    ("POST", "/api/v1/undo/extend"),
    ("POST", "/api/v1/alerts?by=me"),
    ("GET", "/api/v1/questions"),
    ("POST", "/api/v1/questions/answer"),
    ("GET", "/api/v1/attention"),
    ("POST", "/api/v1/attention/settle"),
    ("GET", "/api/v1/exclusions"),
    ("POST", "/api/v1/exclusions"),
    ("POST", "/api/v1/exclusions/import"),
    ("GET", "/api/v1/exclusions/test?who=alice"),
    ("DELETE", "/api/v1/exclusions/08bb?by=me"),
    ("POST", "/api/v1/undo/many"),
    ("GET", "/api/v1/identity?who=alice"),
    ("GET", "/api/v1/limits"),
    ("GET", "/api/v1/lists"),
    ("POST", "/api/v1/lists"),
    ("DELETE", "/api/v1/lists"),
    ("GET", "/api/v1/lists/vip-users"),
    ("POST", "/api/v1/pause"),
    ("DELETE", "/api/v1/pause?by=me"),
    ("GET", "/api/v1/audit?from=0&most=1"),
    ("GET", "/api/v1/audit/verify"),
    ("GET", "/api/v1/store"),
    ("POST", "/api/v1/store/prune"),
    ("POST", "/api/v1/store/verify"),
    ("POST", "/api/v1/store/backup"),
    ("HEAD", "/api/v1/runs"),
    ("HEAD", "/api/v1/store"),
];

#[test]
fn the_list_above_is_whole() {
    let router = include_str!("../../engine/api/src/router.rs");
    let mut routes = 0;
    for piece in router.split(".route(").skip(1) {
        let path = piece.split('"').nth(1).unwrap();
        if !path.starts_with("/api/") {
            continue;
        }
        let methods = piece.split(')').next().unwrap_or_default().to_owned() + piece;
        let own = methods.split(".route").next().unwrap();
        for method in ["get", "post", "delete", "put", "patch"] {
            if own.contains(&format!("{method}(")) {
                routes += 1;
                let begins = path.split('{').next().unwrap();
                let listed = GUARDED
                    .iter()
                    .any(|(listed, place)| listed.eq_ignore_ascii_case(method) && place.starts_with(begins));
                assert!(listed, "{method} {path}");
            }
        }
    }
    assert_eq!(routes, GUARDED.iter().filter(|(method, _)| *method != "HEAD").count());
}

#[tokio::test]
async fn without_the_token_nothing_is_asked() {
    let server = Server::new().await;
    let almost = format!("{}0", &TOKEN[1..]);
    let wrong = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {almost}"),
        format!("Bearer {TOKEN}0"),
        format!("Bearer {}", &TOKEN[1..]),
        format!("Bearer {TOKEN} {TOKEN}"),
        format!("Bearer  {TOKEN}"),
        format!("Bearer {}", TOKEN.to_uppercase()),
        format!("Basic {TOKEN}"),
        TOKEN.to_owned(),
    ];
    for (method, path) in GUARDED.into_iter().filter(|(method, _)| *method != "HEAD") {
        let (status, refusal) = refused(server.to(method, path)).await;
        assert_eq!((status.as_u16(), refusal.kind), (401, RefusalKind::Unauthorized), "{method} {path}");
        for header in &wrong {
            let (status, refusal) = refused(server.to(method, path).header("authorization", header)).await;
            assert_eq!(status, 401, "{method} {path} with {header}");
            assert!(!refusal.message.contains(&TOKEN[..8]), "{}", refusal.message);
        }
    }
    for (method, path) in GUARDED {
        assert_eq!(server.to(method, path).send().await.unwrap().status(), 401, "{method} {path}");
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn the_token_may_not_come_another_way() {
    let server = Server::new().await;
    let path = format!("/api/v1/runs?token={TOKEN}&access_token={TOKEN}");
    assert_eq!(refused(server.to("GET", &path)).await.0, 401);
    assert_eq!(
        refused(server.to("GET", "/api/v1/runs").header("cookie", format!("token={TOKEN}"))).await.0,
        401
    );
    let lower = server.to("GET", "/api/v1/runs").header("authorization", format!("bearer {TOKEN}"));
    assert_eq!(lower.send().await.unwrap().status(), 200, "the scheme has no case");
}

#[tokio::test]
async fn health_and_metrics_are_open_and_name_nobody() {
    let server = Server::new().await;
    for (path, says) in [("/healthz", "alive"), ("/readyz", "sled, commit 7"), ("/metrics", "")] {
        let response = server.to("GET", path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.text().await.unwrap().contains(says), "{path}");
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_with_another_token_is_told_so() {
    let server = Server::new().await;
    let client = Client::new(&server.address, Token::new(&TOKEN.replace('0', "1")).unwrap()).unwrap();
    assert_eq!(client.store_stats().await.unwrap_err().kind, RefusalKind::Unauthorized);
}

#[test]
fn the_token_is_not_shown() {
    let client = Client::new("127.0.0.1:1", Token::new(TOKEN).unwrap()).unwrap();
    assert!(!format!("{client:?}").contains(&TOKEN[..8]));
    for short in ["", "secret", &TOKEN[..31]] {
        assert!(Token::new(short).is_err(), "{short:?}");
    }
}
