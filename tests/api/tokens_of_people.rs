//! Whoever has a token of their own acts in their own name, whatever they ask for, and in no other.

use quell_api::{AnswerOrder, Caller, Operations as _, RefusalKind};
use quell_run::{Bond, QuestionId};
use serde_json::{Value, json};

use crate::answers;
use crate::server::{ANNS, Server, TOKEN, refused};
use crate::token::GUARDED;

/// Every route at which somebody says who they are, with what they send.
fn signed(by: &str) -> Vec<(&'static str, String, Value)> {
    let query = |path: &str| format!("{path}?by={by}");
    let undo = json!({ "run": "7ffc", "task": null, "by": by, "dry": false });
    vec![
        ("POST", "/api/v1/runs/7ffc/cancel".into(), json!({ "by": by })),
        ("POST", "/api/v1/start".into(), json!({ "playbook": "a", "by": by, "ticket": "1" })),
        ("POST", "/api/v1/undo".into(), undo),
        ("POST", "/api/v1/undo/many".into(), json!({ "who": "alice", "by": by, "dry": false })),
        ("POST", "/api/v1/undo/confirm".into(), json!({ "run": "7ffc", "by": by })),
        (
            "POST",
            "/api/v1/undo/extend".into(),
            json!({ "run": "7ffc", "until": "2026-11-21T07:04:55Z", "by": by }),
        ),
        ("POST", query("/api/v1/alerts"), json!({})),
        (
            "POST",
            "/api/v1/attention/settle".into(),
            json!({ "run": "7ffc", "task": "0/a/0", "happened": true, "by": by }),
        ),
        ("POST", "/api/v1/exclusions".into(), json!({ "entry": {}, "by": by })),
        ("POST", "/api/v1/exclusions/import".into(), json!({ "entries": [], "by": by })),
        ("DELETE", query("/api/v1/exclusions/08bb"), json!({})),
        ("POST", "/api/v1/lists".into(), json!({ "list": "vip", "entries": [], "by": by })),
        ("DELETE", "/api/v1/lists".into(), json!({ "list": "vip", "value": "a", "by": by })),
        ("POST", "/api/v1/pause".into(), json!({ "by": by, "because": "a drill" })),
        ("DELETE", query("/api/v1/pause"), json!({})),
    ]
}

/// What changes something and says nobody's name. An answer says one, and the operations look at it.
const UNSIGNED: [&str; 4] =
    ["/api/v1/questions/answer", "/api/v1/store/prune", "/api/v1/store/verify", "/api/v1/store/backup"];

#[test]
fn every_order_with_a_name_is_in_the_list_above() {
    let bare = |path: &str| path.split('?').next().unwrap().to_owned();
    let signed = signed("ann");
    let changing = GUARDED.iter().filter(|(method, _)| ["POST", "DELETE"].contains(method));
    for (method, path) in changing {
        let is_signed = signed.iter().any(|(kind, to, _)| kind == method && bare(to) == bare(path));
        assert!(is_signed || UNSIGNED.contains(path), "{method} {path}");
    }
}

#[tokio::test]
async fn nobody_acts_in_the_name_of_somebody_else() {
    let server = Server::new().await;
    for (method, path, body) in signed("bob") {
        let (status, refusal) = refused(server.to(method, &path).bearer_auth(ANNS).json(&body)).await;
        assert_eq!((status.as_u16(), refusal.kind), (403, RefusalKind::Forbidden), "{method} {path}");
        let words = "this token is that of ann: nothing is done with it in the name of \"bob\"";
        assert_eq!(refusal.message, words);
        assert_eq!(server.recorder.asked(), Vec::<String>::new(), "{method} {path}");
    }
}

#[tokio::test]
async fn a_name_of_their_own_and_any_name_with_the_engines_token_go_through() {
    let server = Server::new().await;
    for (token, by) in [(ANNS, "ann"), (TOKEN, "ann"), (TOKEN, "bob")] {
        for (method, path, body) in signed(by) {
            let response = server.to(method, &path).bearer_auth(token).json(&body).send().await.unwrap();
            assert_eq!(response.status(), 200, "{method} {path} by {by}");
            assert!(server.recorder.asked()[0].contains(by), "{method} {path} by {by}");
        }
    }
}

#[tokio::test]
async fn the_engine_says_whose_token_it_is() {
    let server = Server::new().await;
    assert_eq!(server.client_of_ann().caller().await.unwrap(), Caller::Person("ann".into()));
    assert_eq!(server.client().caller().await.unwrap(), Caller::Unnamed);
    let almost = format!("{}0", &ANNS[..ANNS.len() - 1]);
    for token in [&almost, "ann", ""] {
        let (status, refusal) = refused(server.to("GET", "/api/v1/me").bearer_auth(token)).await;
        assert_eq!((status.as_u16(), refusal.kind), (401, RefusalKind::Unauthorized), "{token}");
    }
}

/// Whether it counts, the operations say: they are told who has answered by their token, whatever name it has.
#[tokio::test]
async fn an_answer_comes_with_whoever_gave_it() {
    let server = Server::new().await;
    let answer = AnswerOrder {
        run: "7ffc".into(),
        question: QuestionId("plan".into()),
        choice: "approve".into(),
        bond: Bond("ab".into()),
        by: "bob".into(),
        remark: None,
        with: Vec::new(),
    };
    for (client, caller) in
        [(server.client_of_ann(), Caller::Person("ann".into())), (server.client(), Caller::Unnamed)]
    {
        // What the client believes to be makes no difference.
        let told = Caller::Person("bob".into());
        assert_eq!(client.answer(&answer, &told).await.unwrap(), answers::run());
        assert_eq!(server.recorder.asked(), [format!("answer {:?}", (&answer, &caller))]);
    }
    let mut named = serde_json::to_value(&answer).unwrap();
    named["caller"] = json!("bob");
    let posted = server.to("POST", "/api/v1/questions/answer").bearer_auth(ANNS).json(&named);
    assert_eq!(refused(posted).await.0, 400, "no body says who calls");
}
