//! What the client is asked arrives at the operations, and what they answer comes back, unchanged.

use std::fmt::Debug;

use quell_action::exclusion::EntryId;
use quell_alert::Timestamp;
use quell_api::{
    AddExclusion, AddToList, AnswerOrder, AuditPage, Backup, Caller, ConfirmOrder, ExtendOrder,
    ImportExclusions, NewEntry, Operations as _, PauseOrder, Prune, Pruned, RefusalKind, RemoveFromList,
    SettleOrder, StartOrder, Submission, UndoMany, UndoOrder,
};
use quell_playbook::model::PlaybookName;
use quell_run::{Bond, Bundled, QuestionId, RunFilter, RunId, RunStatus};
use serde_json::json;

use crate::answers::{self, NAME};
use crate::server::Server;

/// What was asked is what was meant.
#[track_caller]
fn was_asked(server: &Server, what: &str, with: impl Debug) {
    assert_eq!(server.recorder.asked(), [format!("{what} {with:?}")]);
}

#[tokio::test]
async fn runs() {
    let server = Server::new().await;
    let client = server.client();
    for status in [RunStatus::Running, RunStatus::Undoing, RunStatus::NeedsAttention, RunStatus::Finished] {
        let filter = RunFilter {
            playbook: Some(PlaybookName(NAME.into())),
            subject: Some(NAME.into()),
            status: Some(status),
            live: Some(true),
            limit: Some(7),
            ..RunFilter::default()
        };
        assert_eq!(client.runs(&filter).await.unwrap(), [answers::run()]);
        was_asked(&server, "runs", filter);
    }
    client.runs(&RunFilter::default()).await.unwrap();
    was_asked(&server, "runs", RunFilter::default());
    for name in ["7ffc", NAME, "../store", "a/b", "%2e%2e", "...", "undo"] {
        assert_eq!(client.run(name).await.unwrap(), answers::record());
        was_asked(&server, "run", name);
        assert_eq!(client.cancel(name, NAME).await.unwrap(), answers::run());
        was_asked(&server, "cancel", (name, NAME));
    }
    for name in ["", ".", ".."] {
        assert_eq!(client.run(name).await.unwrap_err().kind, RefusalKind::NotFound, "{name:?}");
        assert_eq!(client.cancel(name, NAME).await.unwrap_err().kind, RefusalKind::NotFound, "{name:?}");
    }
    assert_eq!(server.recorder.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn sending_in() {
    let server = Server::new().await;
    for (origin, bytes) in [
        (None, Vec::new()),
        (Some(json!({ "from": "file", "path": NAME })), vec![0, 0xff, b'{', b'\n']),
        // More than the body of any other request may have.
        (None, vec![b'x'; 3_000_000]),
    ] {
        let submission = Submission { by: NAME.into(), origin, bytes };
        assert_eq!(server.client().submit(&submission).await.unwrap(), answers::submitted());
        was_asked(&server, "submit", submission);
    }
}

#[tokio::test]
async fn starting() {
    let server = Server::new().await;
    for dry in [false, true] {
        let inputs = [(NAME.to_owned(), json!([NAME, "b"])), ("number".to_owned(), json!(7))].into();
        let order = StartOrder { playbook: NAME.into(), inputs, by: NAME.into(), ticket: NAME.into(), dry };
        assert_eq!(server.client().start(&order).await.unwrap(), answers::started());
        was_asked(&server, "start", order);
    }
}

#[tokio::test]
async fn undoing() {
    let server = Server::new().await;
    for (task, dry) in [(None, true), (Some("0/cut_off/1".to_owned()), false)] {
        let order = UndoOrder { run: NAME.into(), task, lane: None, by: NAME.into(), dry };
        assert_eq!(server.client().undo(&order).await.unwrap(), answers::undone());
        was_asked(&server, "undo", order);
    }
}

#[tokio::test]
async fn undoing_over_all_runs() {
    let server = Server::new().await;
    for (who, since) in [(Some(NAME.to_owned()), None), (None, Some(Timestamp::UNIX_EPOCH))] {
        let order = UndoMany { who, since, until: since, by: NAME.into(), dry: since.is_some() };
        assert_eq!(server.client().undo_many(&order).await.unwrap(), [answers::undone()]);
        was_asked(&server, "undo_many", order);
    }
}

#[tokio::test]
async fn importing_exclusions() {
    let server = Server::new().await;
    for (partial, dry) in [(false, true), (true, false)] {
        // More of them than the body of any other request may hold.
        let entries = vec![json!({ "account": { "upn": NAME }, "because": NAME }); 5_000];
        let order = ImportExclusions { entries, by: NAME.into(), partial, dry };
        assert_eq!(server.client().import_exclusions(&order).await.unwrap(), answers::imported());
        was_asked(&server, "import_exclusions", order);
    }
}

#[tokio::test]
async fn undo_timers() {
    let server = Server::new().await;
    for task in [None, Some("0/cut_off/1".to_owned())] {
        let order = ConfirmOrder { run: NAME.into(), task: task.clone(), by: NAME.into() };
        assert_eq!(server.client().confirm(&order).await.unwrap(), answers::timers());
        was_asked(&server, "confirm", order);
        let order = ExtendOrder { run: NAME.into(), task, until: Timestamp::UNIX_EPOCH, by: NAME.into() };
        assert_eq!(server.client().extend(&order).await.unwrap(), answers::timers());
        was_asked(&server, "extend", order);
    }
}

#[tokio::test]
async fn limits() {
    let server = Server::new().await;
    assert_eq!(server.client().limits().await.unwrap(), answers::limits());
    was_asked(&server, "limits", ());
}

#[tokio::test]
async fn people() {
    let server = Server::new().await;
    let client = server.client();
    assert!(client.questions().await.unwrap().is_empty());
    was_asked(&server, "questions", ());
    let answer = AnswerOrder {
        run: NAME.into(),
        question: QuestionId("0/confirm".into()),
        choice: "yes".into(),
        bond: Bond("ab".into()),
        by: NAME.into(),
        remark: Some(NAME.into()),
        with: vec![Bundled {
            run: RunId(NAME.into()),
            question: QuestionId("limits".into()),
            bond: Bond("cd".into()),
            subjects: vec![NAME.into()],
            text: "The site's limit is reached.".into(),
        }],
    };
    assert_eq!(client.answer(&answer, &Caller::Unnamed).await.unwrap(), answers::run());
    was_asked(&server, "answer", (answer, Caller::Unnamed));
    assert_eq!(client.attention().await.unwrap(), answers::in_question());
    was_asked(&server, "attention", ());
    let order =
        SettleOrder { run: NAME.into(), task: "0/cut_off/1".into(), happened: false, by: NAME.into() };
    assert_eq!(client.settle(&order).await.unwrap(), answers::run());
    was_asked(&server, "settle", order);
}

#[tokio::test]
async fn exclusions() {
    let server = Server::new().await;
    let client = server.client();
    assert_eq!(client.exclusions().await.unwrap(), [answers::entry()]);
    was_asked(&server, "exclusions", ());
    let new = AddExclusion { entry: json!({ "account": { "upn": NAME }, "because": NAME }), by: NAME.into() };
    assert_eq!(client.exclude(&new).await.unwrap(), answers::entry());
    was_asked(&server, "exclude", new);
    for id in ["08bb", NAME] {
        let id = EntryId(id.into());
        assert_eq!(client.remove_exclusion(&id, NAME).await.unwrap(), answers::entry());
        was_asked(&server, "remove_exclusion", (&id, NAME));
    }
    for who in [NAME, "CONTOSO\\alice", "alice+x@contoso.example", ""] {
        assert_eq!(client.test_exclusion(who).await.unwrap(), answers::tested());
        was_asked(&server, "test_exclusion", who);
        assert_eq!(client.identity(who).await.unwrap(), answers::identity());
        was_asked(&server, "identity", who);
    }
}

#[tokio::test]
async fn lists() {
    let server = Server::new().await;
    let client = server.client();
    assert_eq!(client.lists().await.unwrap(), [answers::list().summary]);
    was_asked(&server, "lists", ());
    for name in ["vip-users", NAME, "a/b"] {
        assert_eq!(client.list(name).await.unwrap(), answers::list());
        was_asked(&server, "list", name);
    }
    let until = Some("2026-12-01T00:00:00Z".parse().unwrap());
    let entries = vec![NewEntry { value: NAME.into(), because: Some(NAME.into()), until }];
    let order = AddToList { list: NAME.into(), entries, by: NAME.into() };
    assert_eq!(client.add_to_list(&order).await.unwrap(), answers::list().content);
    was_asked(&server, "add_to_list", order);
    let order = RemoveFromList { list: NAME.into(), value: "a/b%".into(), by: NAME.into() };
    assert_eq!(client.remove_from_list(&order).await.unwrap(), answers::list().content[0]);
    was_asked(&server, "remove_from_list", order);
}

#[tokio::test]
async fn pausing_and_the_audit_log() {
    let server = Server::new().await;
    let client = server.client();
    let order = PauseOrder { by: NAME.into(), because: NAME.into() };
    assert_eq!(client.pause(&order).await.unwrap(), answers::paused());
    was_asked(&server, "pause", order);
    assert_eq!(client.resume(NAME).await.unwrap(), Some(answers::paused()));
    was_asked(&server, "resume", NAME);
    for anchor in [None, Some("9:abc")] {
        assert_eq!(client.audit_verify(anchor).await.unwrap(), answers::verdict());
        was_asked(&server, "audit_verify", anchor);
    }
    let page = AuditPage { from: u64::MAX, most: 7 };
    assert_eq!(client.audit_export(&page).await.unwrap(), answers::audited());
    was_asked(&server, "audit_export", page);
}

#[tokio::test]
async fn the_store() {
    let server = Server::new().await;
    let client = server.client();
    assert_eq!(client.store_stats().await.unwrap(), answers::stats());
    was_asked(&server, "store_stats", ());
    for runs in [None, Some(u64::MAX)] {
        let order = Prune { days: u32::MAX, runs, dry: true };
        assert_eq!(client.prune(&order).await.unwrap(), Pruned { alerts: 3, runs: 2, audit: 9 });
        was_asked(&server, "prune", order);
    }
    assert_eq!(client.verify().await.unwrap(), answers::verified());
    was_asked(&server, "verify", ());
    let order = Backup { file: "/var/backups/münchen 1.copy".into() };
    assert_eq!(client.backup(&order).await.unwrap(), answers::backed_up());
    was_asked(&server, "backup", order);
    assert_eq!(client.health().await, answers::health(true));
}
