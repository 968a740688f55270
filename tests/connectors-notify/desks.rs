//! Service desks that answer about something else, or do not do what they took: what they give back is held against what
//! was asked for.

use std::sync::atomic::{AtomicBool, Ordering};

use quell_action::{ActionError, Connection, Effect, Failure};
use quell_connectors::find;
use quell_kit::scripted::{Reply, ScriptedServer, Seen};
use serde_json::{Value, json};

use crate::stand::call;

const ID: &str = "0123456789abcdef0123456789abcdef";

struct Desk {
    server: ScriptedServer,
    connection: Connection,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn start(connector: &str, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let server = ScriptedServer::start(script).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "planted-secret").unwrap();
        let (url, file) = (server.url(), json!({ "file": path }));
        let settings = match connector {
            "servicenow" => json!({ "instance": url, "login": { "bearer": file } }),
            "jira" => json!({ "site": url, "login": { "bearer": file }, "project": "SEC" }),
            _ => json!({ "url": url, "key": file }),
        };
        let connection = find(connector).unwrap().connect(connector, settings).await.unwrap();
        Self { server, connection, _folder: folder }
    }

    async fn failure(&self, action: &str, params: Value) -> Failure {
        self.error(action, params).await.failure
    }

    async fn error(&self, action: &str, params: Value) -> ActionError {
        call(&self.connection, action, "run/1", params).await.unwrap_err()
    }

    fn wrote(&self) -> bool {
        let looks = |seen: &Seen| {
            seen.method == "GET" || seen.path.contains("/search/") || seen.path.ends_with("/query")
        };
        !self.server.seen().iter().all(looks)
    }
}

fn incident(id: &str, state: &str) -> Value {
    json!({ "sys_id": id, "number": "INC7", "state": state, "correlation_id": "alert-1" })
}

/// A query that is not understood gives everything.
#[tokio::test]
async fn what_was_not_asked_for_is_not_touched() {
    let other =
        json!({ "sys_id": "f".repeat(32), "number": "INC9", "state": "1", "correlation_id": "other" });
    let desk = Desk::start("servicenow", move |seen| {
        let one = seen.path.contains(ID);
        Reply::json(200, &json!({ "result": if one { other.clone() } else { json!([other]) } }))
    });
    let desk = desk.await;
    for (which, failure) in [
        (json!({ "external_id": "alert-1", "text": "x" }), Failure::NotFound),
        (json!({ "incident": "INC7", "text": "x" }), Failure::NotFound),
        (json!({ "incident": ID, "text": "x" }), Failure::Ambiguous),
    ] {
        assert_eq!(desk.failure("servicenow.comment", which.clone()).await, failure, "{which}");
    }
    assert!(!desk.wrote());

    let issue = json!({ "id": "1", "key": "SEC-1", "fields": { "labels": ["other"] } });
    let desk = Desk::start("jira", move |_| Reply::json(200, &json!({ "issues": [issue] }))).await;
    let which = json!({ "external_id": "alert-1", "text": "x" });
    assert_eq!(desk.failure("jira.comment", which.clone()).await, Failure::NotFound);
    assert!(!desk.wrote());
    let issue = json!({ "id": "1", "key": "SEC-1", "fields": { "status": { "name": "To Do" } } });
    let desk = Desk::start("jira", move |_| Reply::json(200, &issue)).await;
    assert_eq!(desk.failure("jira.resolve_issue", json!({ "issue": "2" })).await, Failure::Ambiguous);
    assert!(!desk.wrote());

    for change in [json!({ "type": "x" }), json!({ "source": "x" }), json!({ "sourceRef": "x" })] {
        let mut alert = json!({
            "_id": "~1", "type": "security-alert", "source": "Quell", "sourceRef": "alert-1",
        });
        alert.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let desk = Desk::start("thehive", move |_| Reply::json(200, &json!([alert]))).await;
        assert_eq!(desk.failure("thehive.comment", which.clone()).await, Failure::NotFound, "{change}");
        assert!(!desk.wrote());
    }
    let desk = Desk::start("thehive", |_| Reply::json(200, &json!({ "_id": "~1", "status": "New" }))).await;
    let which = json!({ "alert": "~2", "text": "x" });
    assert_eq!(desk.failure("thehive.comment", which).await, Failure::Ambiguous);
    assert!(!desk.wrote());
}

/// Whether there is one already is not known then: another one would be opened, or the wrong one taken.
#[tokio::test]
async fn a_part_of_what_was_found_is_not_taken_for_all_of_it() {
    let others = |fits: usize| {
        let mut all: Vec<Value> = (0..10)
            .map(|number| json!({ "sys_id": format!("{number:032}"), "number": "x", "correlation_id": "other" }))
            .collect();
        all.extend((0..fits).map(|_| incident(ID, "1")));
        all.split_off(fits)
    };
    for (all, failure) in [
        (others(0), Failure::Rejected),
        (others(1), Failure::Rejected),
        (others(0).split_off(1), Failure::NotFound),
    ] {
        let desk = Desk::start("servicenow", move |_| Reply::json(200, &json!({ "result": all }))).await;
        let which = json!({ "external_id": "alert-1", "text": "x" });
        assert_eq!(desk.failure("servicenow.comment", which).await, failure);
        if failure == Failure::Rejected {
            let params = json!({ "short_description": "x", "external_id": "alert-1" });
            assert_eq!(desk.failure("servicenow.open_incident", params).await, failure);
        }
        assert!(!desk.wrote());
    }
    let other = json!({ "_id": "~1", "type": "x", "source": "Quell", "sourceRef": "alert-1" });
    for (count, failure) in [(10, Failure::Rejected), (9, Failure::NotFound)] {
        let all = vec![other.clone(); count];
        let desk = Desk::start("thehive", move |_| Reply::json(200, &json!(all))).await;
        let which = json!({ "external_id": "alert-1", "text": "x" });
        assert_eq!(desk.failure("thehive.comment", which).await, failure, "{count}");
    }
}

/// Jira with these pages of what it finds, each a list of the ids of issues.
async fn jira_in_pages(
    pages: Vec<Vec<&'static str>>,
    last: impl Fn(usize) -> Value + Send + Sync + 'static,
) -> Desk {
    Desk::start("jira", move |seen| {
        let asked: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let Some(label) = asked["jql"].as_str().and_then(|jql| jql.rsplit('"').nth(1)) else {
            return Reply::json(201, &json!({ "id": "500" }));
        };
        let page = asked["nextPageToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let issue =
            |id: &&str| json!({ "id": id, "key": format!("SEC-{id}"), "fields": { "labels": [label] } });
        let mut told = last(page);
        told["issues"] = pages.get(page).into_iter().flatten().map(issue).collect();
        Reply::json(200, &told)
    })
    .await
}

#[tokio::test]
async fn what_jira_finds_is_read_to_its_end() {
    let more = |pages: usize| {
        move |page: usize| match page + 1 < pages {
            true => json!({ "nextPageToken": (page + 1).to_string(), "isLast": false }),
            false => json!({ "isLast": true }),
        }
    };
    let which = json!({ "external_id": "alert-1", "text": "x" });
    let open = json!({ "summary": "x", "external_id": "alert-1" });

    let desk = jira_in_pages(vec![vec![], vec!["7"], vec!["7"]], more(3)).await;
    let known = call(&desk.connection, "jira.open_issue", "run/1", open.clone()).await.unwrap();
    assert_eq!((known.effect, &known.output["issue"]), (Effect::Unchanged, &json!("SEC-7")));
    assert!(!desk.wrote());

    let desk = jira_in_pages(vec![vec!["7"], vec!["8"]], more(2)).await;
    assert_eq!(desk.failure("jira.comment", which.clone()).await, Failure::Ambiguous);

    // It does not end, or does not say where the rest is.
    for last in [json!({ "nextPageToken": "0" }), json!({ "isLast": false, "nextPageToken": "" })] {
        let desk = jira_in_pages(vec![vec![]], move |_| last.clone()).await;
        for (action, params) in [("jira.comment", which.clone()), ("jira.open_issue", open.clone())] {
            assert_eq!(desk.failure(action, params).await, Failure::Rejected, "{action}");
        }
        assert!(!desk.wrote());
        assert!(desk.server.seen().len() <= 10);
    }

    // What it says of the end counts, whatever stands beside it.
    let desk = jira_in_pages(vec![vec!["7"]], |_| json!({ "isLast": true, "nextPageToken": "0" })).await;
    call(&desk.connection, "jira.comment", "run/1", which).await.unwrap();
}

#[tokio::test]
async fn two_with_one_external_id_are_a_case_for_a_person() {
    let desk = Desk::start("servicenow", |_| {
        Reply::json(200, &json!({ "result": [incident(ID, "1"), incident(&"f".repeat(32), "1")] }))
    });
    let desk = desk.await;
    let which = json!({ "external_id": "alert-1", "text": "x" });
    assert_eq!(desk.failure("servicenow.comment", which.clone()).await, Failure::Ambiguous);
    assert!(!desk.wrote());

    let desk = Desk::start("jira", |seen| {
        let asked: Value = serde_json::from_slice(&seen.body).unwrap();
        let label = asked["jql"].as_str().unwrap().rsplit('"').nth(1).unwrap().to_owned();
        let issue =
            |id: &str| json!({ "id": id, "key": format!("SEC-{id}"), "fields": { "labels": [label] } });
        Reply::json(200, &json!({ "issues": [issue("1"), issue("2")] }))
    });
    let desk = desk.await;
    assert_eq!(desk.failure("jira.comment", which).await, Failure::Ambiguous);
    assert!(!desk.wrote());
}

#[tokio::test]
async fn what_was_taken_and_not_done_is_not_said_to_be_done() {
    let desk = Desk::start("jira", |seen| match seen.method.as_str() {
        "GET" if seen.path.ends_with("/transitions") => {
            Reply::json(200, &json!({ "transitions": [{ "id": "31", "to": { "name": "Done" } }] }))
        }
        "GET" => Reply::json(
            200,
            &json!({ "id": "1", "key": "SEC-1", "fields": { "status": { "name": "To Do" } } }),
        ),
        _ => Reply::status(204),
    });
    let failure = desk.await.failure("jira.resolve_issue", json!({ "issue": "SEC-1" })).await;
    assert_eq!(failure, Failure::Uncertain);

    let desk = Desk::start("thehive", |seen| match seen.method.as_str() {
        "GET" => Reply::json(200, &json!({ "_id": "~1", "status": "New" })),
        _ => Reply::status(204),
    });
    let failure = desk.await.failure("thehive.resolve_alert", json!({ "alert": "~1" })).await;
    assert_eq!(failure, Failure::Uncertain);

    // Another incident is at its end; of ours nothing is said.
    let desk = Desk::start("servicenow", |seen| match seen.method.as_str() {
        "GET" => Reply::json(200, &json!({ "result": incident(ID, "1") })),
        _ => Reply::json(200, &json!({ "result": incident(&"f".repeat(32), "6") })),
    });
    let desk = desk.await;
    for (action, params) in [
        ("servicenow.resolve_incident", json!({ "incident": ID, "close_notes": "done" })),
        ("servicenow.comment", json!({ "incident": ID, "text": "x" })),
        ("servicenow.update_incident", json!({ "incident": ID, "fields": { "urgency": 1 } })),
    ] {
        assert_eq!(desk.failure(action, params).await, Failure::Uncertain, "{action}");
    }
}

/// Later steps would go on with it.
#[tokio::test]
async fn what_was_opened_is_not_what_was_opened_for_something_else() {
    for (told, opened) in [("alert-2", false), ("alert-1", true), ("", true)] {
        let mut incident = incident(ID, "1");
        incident["correlation_id"] = json!(told);
        let desk = Desk::start("servicenow", move |seen| match seen.method.as_str() {
            "GET" => Reply::json(200, &json!({ "result": [] })),
            _ => Reply::json(201, &json!({ "result": incident })),
        });
        let desk = desk.await;
        let params = json!({ "short_description": "x", "external_id": "alert-1" });
        let outcome = call(&desk.connection, "servicenow.open_incident", "run/1", params).await;
        let failure = (!opened).then_some(Failure::Uncertain);
        assert_eq!(outcome.err().map(|error| error.failure), failure, "{told:?}");

        let alert = json!({ "_id": "~1", "sourceRef": told });
        let desk = Desk::start("thehive", move |_| Reply::json(201, &alert)).await;
        let params = json!({ "title": "x", "external_id": "alert-1" });
        let outcome = call(&desk.connection, "thehive.open_alert", "run/1", params).await;
        let failure = (!opened).then_some(Failure::Unavailable { retry_after: None });
        assert_eq!(outcome.err().map(|error| error.failure), failure, "{told:?}");
    }
}

#[tokio::test]
async fn what_was_done_and_not_read_back_may_have_been_done() {
    for (connector, action, params, done) in [
        (
            "jira",
            "jira.resolve_issue",
            json!({ "issue": "SEC-1" }),
            json!({ "id": "1", "key": "SEC-1", "fields": { "status": { "name": "To Do" } } }),
        ),
        (
            "thehive",
            "thehive.resolve_alert",
            json!({ "alert": "~1" }),
            json!({ "_id": "~1", "status": "New" }),
        ),
    ] {
        let written = AtomicBool::new(false);
        let desk = Desk::start(connector, move |seen| match seen.method.as_str() {
            "GET" if written.load(Ordering::SeqCst) => Reply::status(404),
            "GET" if seen.path.ends_with("/transitions") => {
                Reply::json(200, &json!({ "transitions": [{ "id": "31", "to": { "name": "Done" } }] }))
            }
            "GET" => Reply::json(200, &done),
            _ => {
                written.store(true, Ordering::SeqCst);
                Reply::status(204)
            }
        });
        assert_eq!(desk.await.failure(action, params).await, Failure::Uncertain, "{action}");
    }
}

#[tokio::test]
async fn a_search_whose_answer_got_lost_has_changed_nothing() {
    for (connector, action) in
        [("servicenow", "servicenow.comment"), ("jira", "jira.comment"), ("thehive", "thehive.comment")]
    {
        let desk = Desk::start(connector, |_| Reply::status(502)).await;
        let params = json!({ "external_id": "alert-1", "text": "x" });
        let failure = desk.failure(action, params).await;
        assert_eq!(failure, Failure::Unavailable { retry_after: None }, "{action}");
    }
}

#[tokio::test]
async fn an_order_whose_answer_got_lost_may_have_been_carried_out() {
    let desk = Desk::start("servicenow", |seen| match seen.method.as_str() {
        "GET" => Reply::json(200, &json!({ "result": incident(ID, "1") })),
        _ => Reply::status(502),
    });
    let params = json!({ "incident": ID, "text": "x" });
    assert_eq!(desk.await.failure("servicenow.comment", params).await, Failure::Uncertain);
}

#[tokio::test]
async fn what_is_at_its_end_already_is_left_as_it_is() {
    let desk = Desk::start("servicenow", |_| Reply::json(200, &json!({ "result": incident(ID, "7") }))).await;
    let params = json!({ "incident": ID, "close_notes": "done" });
    let closed = call(&desk.connection, "servicenow.resolve_incident", "run/1", params).await.unwrap();
    assert_eq!((closed.effect, desk.wrote()), (Effect::Unchanged, false));

    // The search still shows how the issue was.
    let desk = Desk::start("jira", |seen| {
        let status = if seen.method == "GET" { "Done" } else { "To Do" };
        let asked: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let label = asked["jql"].as_str().and_then(|jql| jql.rsplit('"').nth(1)).unwrap_or_default();
        let issue = json!({
            "id": "1", "key": "SEC-1", "fields": { "labels": [label], "status": { "name": status } },
        });
        Reply::json(200, &if seen.method == "GET" { issue } else { json!({ "issues": [issue] }) })
    });
    let desk = desk.await;
    let params = json!({ "external_id": "alert-1" });
    let done = call(&desk.connection, "jira.resolve_issue", "run/1", params).await.unwrap();
    assert_eq!((done.effect, desk.wrote()), (Effect::Unchanged, false));
}

/// Only the desk's own word for it says that there is one already.
#[tokio::test]
async fn a_refusal_is_not_taken_for_one_that_is_there() {
    for (status, word, failure) in [
        (400, "BadRequest", Failure::Rejected),
        (503, "CreateError", Failure::Unavailable { retry_after: None }),
    ] {
        let desk = Desk::start("thehive", move |seen| match seen.path.ends_with("/query") {
            true => Reply::json(
                200,
                &json!([{ "_id": "~1", "type": "security-alert", "source": "Quell", "sourceRef": "alert-1" }]),
            ),
            false => Reply::json(status, &json!({ "type": word, "message": "no" })),
        });
        let params = json!({ "title": "x", "external_id": "alert-1" });
        let error = desk.await.error("thehive.open_alert", params).await;
        assert!(error.failure == failure && error.message.contains(word), "{error}");
    }
}

#[tokio::test]
async fn work_notes_are_for_the_team_unless_the_caller_is_meant() {
    let desk = Desk::start("servicenow", |_| Reply::json(200, &json!({ "result": incident(ID, "1") }))).await;
    for (visible, field) in [(false, "work_notes"), (true, "comments")] {
        let params = json!({ "incident": ID, "text": "x", "visible": visible });
        call(&desk.connection, "servicenow.comment", "run/1", params).await.unwrap();
        let written: Value = serde_json::from_slice(&desk.server.seen().last().unwrap().body).unwrap();
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), [field]);
    }
}
