//! Answers through the terminal and the interface: of those who are asked, to what is asked; whoever is refused is on
//! record.

use quell_run::{Bond, Bundled};

use super::doubtful::with_playbook;
use super::*;
use crate::answers::tests::ASK_FIRST;

/// An engine with a run that asks the soc.
async fn asks(folder: &TempDir) -> (Arc<App>, Local, OpenQuestion) {
    asks_with(folder, "teams:\n  soc: [ann]\n  it: [carol]\n", ASK_FIRST).await
}

/// The same of a site that says this, and a playbook.
async fn asks_with(folder: &TempDir, says: &str, playbook: &str) -> (Arc<App>, Local, OpenQuestion) {
    app(folder).await.store.close();
    fs::write(folder.path().join("quell.yaml"), format!("{SITE}{says}")).unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    fs::write(folder.path().join("playbooks/ask-first.yaml"), playbook).unwrap();
    let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
    let app = Arc::new(App::open(site, Reach::Tending).await.unwrap());
    let local = Local::new(Arc::clone(&app));
    let inputs = json!({ "target": "bob@contoso.example" });
    let order =
        json!({ "playbook": "ask-first", "inputs": inputs, "by": "eve", "ticket": "1", "dry": false });
    local.start(&serde_json::from_value(order).unwrap()).await.unwrap();
    let open = local.questions().await.unwrap().remove(0);
    (app, local, open)
}

fn approved(asked: &OpenQuestion, by: &str) -> AnswerOrder {
    AnswerOrder {
        run: asked.run.0.clone(),
        question: asked.question.id.clone(),
        choice: asked.question.choices[0].clone(),
        bond: asked.question.bond.clone(),
        by: by.into(),
        remark: None,
        with: Vec::new(),
    }
}

/// Who was refused, and why, in the order in which it happened.
async fn refusals(app: &App) -> Vec<(String, String)> {
    let log = app.store.audit().export(0, 999).await.unwrap();
    let refused = |what| match what {
        Audited::AnswerRefused(refused) => Some((refused.by.unwrap_or_default(), refused.why)),
        _ => None,
    };
    log.into_iter().filter_map(|one| refused(one.record.what)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_asked_answers_and_whoever_is_refused_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local, asked) = asks(&folder).await;
    let run = &asked.run.0;
    for stranger in ["eve", "carol", "soc"] {
        let refused = local.answer(&approved(&asked, stranger), &Caller::Unnamed).await.unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Conflict, "{stranger}");
    }
    let other_plan = AnswerOrder { bond: Bond("0".repeat(64)), ..approved(&asked, "ann") };
    assert_eq!(local.answer(&other_plan, &Caller::Unnamed).await.unwrap_err().kind, RefusalKind::Conflict);
    assert!(local.run(run).await.unwrap().tasks.iter().all(|task| task.done_at.is_none()));
    let summary = local.answer(&approved(&asked, "ann"), &Caller::Unnamed).await.unwrap();
    assert!(summary.finish.is_some(), "{summary:?}");
    assert!(local.run(run).await.unwrap().tasks.iter().all(|task| task.done_at.is_some()));
    assert_eq!(
        local.answer(&approved(&asked, "ann"), &Caller::Unnamed).await.unwrap_err().kind,
        RefusalKind::Conflict
    );
    let expected = [
        ("eve", "not_asked"),
        ("carol", "not_asked"),
        ("soc", "not_asked"),
        ("ann", "other_plan"),
        ("ann", "settled"),
    ];
    assert_eq!(refusals(&app).await, expected.map(|(by, why)| (by.to_owned(), why.to_owned())));
    app.store.close();
}

/// While the engine is paused nobody waits for what would not begin.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_paused_engine_counts_and_nothing_begins() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local, asked) = asks(&folder).await;
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    local.pause(&pause).await.unwrap();
    let answer = approved(&asked, "ann");
    let summary = tokio::time::timeout(LONGEST, local.answer(&answer, &Caller::Unnamed)).await;
    assert_eq!(summary.expect("nobody waits for a paused engine").unwrap().finish, None);
    assert_eq!(local.questions().await.unwrap(), []);
    let tasks = local.run(&asked.run.0).await.unwrap().tasks;
    assert!(tasks.iter().all(|task| task.done_at.is_none()), "{tasks:?}");
    app.store.close();
}

fn person(name: &str) -> Caller {
    Caller::Person(name.into())
}

/// A team of three, of whom two must agree, and each of whom has a token.
async fn asks_two(folder: &TempDir) -> (Arc<App>, Local, OpenQuestion) {
    let people: String = ["ann", "bob", "cem"]
        .map(|name| format!("    - {{ name: {name}, token: {{ file: {name} }} }}\n"))
        .concat();
    let says = format!("teams:\n  soc: [ann, bob, cem]\napi:\n  people:\n{people}");
    let playbook = ASK_FIRST.replace("expires: 30m", "expires: 30m, quorum: 2");
    asks_with(folder, &says, &playbook).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_is_one_voice_and_two_are_a_quorum() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local, asked) = asks_two(&folder).await;
    assert_eq!(asked.question.quorum, 2);
    local.answer(&approved(&asked, "ann"), &person("ann")).await.unwrap();
    let again = local.answer(&approved(&asked, "ann"), &person("ann")).await.unwrap_err();
    assert_eq!(again.kind, RefusalKind::Conflict);
    for (by, kind) in [("bob", RefusalKind::Forbidden), ("Ann", RefusalKind::Forbidden)] {
        let refused = local.answer(&approved(&asked, by), &person("ann")).await.unwrap_err();
        assert_eq!(refused.kind, kind, "{by}: {refused}");
    }
    for by in ["ann", "bob", "cem"] {
        let refused = local.answer(&approved(&asked, by), &Caller::Unnamed).await.unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Forbidden, "{by}: {refused}");
        assert!(refused.message.contains("QUELL_TOKEN"), "it says how: {refused}");
    }
    let open = local.questions().await.unwrap().remove(0);
    let agreed: Vec<&str> = open.replies.iter().map(|reply| reply.by.as_str()).collect();
    assert_eq!(agreed, ["ann"]);
    let tasks = local.run(&asked.run.0).await.unwrap().tasks;
    assert!(tasks.iter().all(|task| task.done_at.is_none()), "{tasks:?}");

    let summary = local.answer(&approved(&asked, "bob"), &person("bob")).await.unwrap();
    assert!(summary.finish.is_some(), "{summary:?}");
    assert!(local.run(&asked.run.0).await.unwrap().tasks.iter().all(|task| task.done_at.is_some()));
    let expected = [
        ("ann", "again"),
        ("ann (as bob)", "as_another"),
        ("ann (as Ann)", "as_another"),
        ("ann", "unproven"),
        ("bob", "unproven"),
        ("cem", "unproven"),
    ];
    assert_eq!(refusals(&app).await, expected.map(|(by, why)| (by.to_owned(), why.to_owned())));
    app.store.close();
}

/// The engine's own token goes on with everything but answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_needs_a_token_as_a_yes_does_and_stopping_the_run_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local, asked) = asks_two(&folder).await;
    let choice = asked.question.stopping[0].clone();
    let no = AnswerOrder { choice, ..approved(&asked, "ann") };
    let refused = local.answer(&no, &Caller::Unnamed).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Forbidden, "{refused}");
    assert_eq!(local.questions().await.unwrap().len(), 1);
    local.cancel(&asked.run.0, "eve").await.unwrap();
    app.engine.idle().await;
    assert_eq!(local.questions().await.unwrap(), []);
    app.store.close();
}

/// What was not answered because something failed was not refused to anybody.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_an_engine_does_not_take_any_more_is_not_on_record_as_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local, asked) = asks(&folder).await;
    app.engine.shut_down(LONGEST).await;
    let unavailable = local.answer(&approved(&asked, "ann"), &Caller::Unnamed).await.unwrap_err();
    assert_eq!(unavailable.kind, RefusalKind::Unavailable, "{unavailable}");
    assert_eq!(refusals(&app).await, []);
    app.store.close();
}

/// Taken back is not only what it has done: it does nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_still_asks_is_stopped_before_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local, asked) = asks(&folder).await;
    let order = UndoOrder { run: asked.run.0.clone(), task: None, lane: None, by: "ann".into(), dry: false };
    local.undo(&order).await.unwrap();
    assert_eq!(local.questions().await.unwrap(), []);
    assert!(local.answer(&approved(&asked, "ann"), &Caller::Unnamed).await.is_err());
    let record = local.run(&asked.run.0).await.unwrap();
    assert!(record.tasks.iter().all(|task| task.done_at.is_none()), "{:?}", record.tasks);
    app.store.close();
}

const ASKS: &str = "language: 1
playbook: asks
title: Asks
mode: act
when: { manual: true }
approval: { ask: [soc], expires: 30m }
steps:
  - ask: { question: Go on? }
";

/// Nobody is told that they answered what they did not answer, nor that somebody was faster.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_could_not_be_written_is_not_given_also_where_others_are() {
    // Each answer is applied and synced.
    for first_that_fails in [1, 3] {
        let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
        let app = with_playbook(&folder, &disk, "asks", ASKS).await;
        let local = Local::new(Arc::clone(&app));
        for ticket in ["1", "2"] {
            let order =
                json!({ "playbook": "asks", "inputs": {}, "by": "eve", "ticket": ticket, "dry": false });
            local.start(&serde_json::from_value(order).unwrap()).await.unwrap();
        }
        let open = local.questions().await.unwrap();
        let other = Bundled {
            run: open[1].run.clone(),
            question: open[1].question.id.clone(),
            bond: open[1].question.bond.clone(),
            subjects: Vec::new(),
            text: String::new(),
        };
        let order = AnswerOrder { with: vec![other], ..approved(&open[0], "ann") };
        disk.fail(Failing { from: first_that_fails, count: u64::MAX, half_done: false });
        let failed = people::answer(&app, &open[0].run, &order, &Caller::Unnamed).await.unwrap_err();
        assert_eq!(failed.kind, RefusalKind::Unavailable, "{failed}");
        app.store.close();
    }
}
