//! A part of the story with the real directory: killed on both sides of a call that changes something there.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;

use futures::StreamExt as _;
use quell_tests::directory::audit;
use quell_tests::directory::people::Admin;
use quell_tests::waiting::until;

use crate::alert::{by_sid, dcsync};
use crate::engine::Engine;
use crate::site::{Site, assert_disabled};

/// Where the way of a call, and of its undoing, is broken off.
const DOING: [&str; 6] = [
    "app.alert.recorded",
    "run.place.taken",
    "run.intent.written",
    "run.call.sending",
    "run.call.answered",
    "run.lines.written",
];
const UNDOING: [&str; 3] = ["run.intent.written", "run.restore.sending", "run.restore.answered"];

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_a_call_to_the_directory_it_happens_once() {
    futures::stream::iter(DOING.into_iter().enumerate()).for_each_concurrent(DOING.len(), do_it).await;
}

async fn do_it((number, point): (usize, &str)) {
    let mut admin = Admin::new().await;
    let person = admin.person(&format!("q-cp-{number}")).await;
    let site = Site::new().await;
    let alert = dcsync(by_sid(&person.sid));
    let engine = site.run_with(&[("QUELL_CRASH_AT", &format!("{point}:1"))]);
    let offset = site.produce(&alert).await;
    killed(engine).await;

    let engine = site.engine().await;
    let record = site.finished(&alert).await;
    assert_eq!(audit::changes(&person, "userAccountControl"), 1, "{point}: {record:#}");
    assert_disabled(&mut admin, &person).await;
    assert_eq!(record["summary"]["finish"], "contained", "{point}: {record:#}");
    assert_eq!(record["summary"]["counts"]["changed"], 1, "{point}: {record:#}");
    site.until_committed(offset + 1).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_an_undo_at_the_directory_it_happens_once() {
    futures::stream::iter(UNDOING.into_iter().enumerate()).for_each_concurrent(UNDOING.len(), undo_it).await;
}

async fn undo_it((number, point): (usize, &str)) {
    let mut admin = Admin::new().await;
    let person = admin.person(&format!("q-cu-{number}")).await;
    let site = Site::new().await;
    let alert = dcsync(by_sid(&person.sid));
    let engine = site.engine().await;
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    let id = record["summary"]["id"].as_str().unwrap().to_owned();
    engine.stop().await;
    let mut engine = site.run_with(&[("QUELL_CRASH_AT", &format!("{point}:1"))]);
    engine.until_ready().await;
    // Nobody hears the answer: the engine dies before it can give one.
    let undo = ["undo", &id];
    let (_unheard, ()) = tokio::join!(site.quell(&undo), killed(engine));

    let engine = site.engine().await;
    let record = until("the undo has ended", async || {
        let record = site.ask(&["runs", "show", &id]).await;
        (record["summary"]["counts"]["undone"] == 1).then_some(record)
    })
    .await;
    assert_eq!(admin.get(&person, "userAccountControl").await, "512", "{point}: {record:#}");
    assert_eq!(audit::changes(&person, "userAccountControl"), 2, "{point}: {record:#}");
    engine.stop().await;
}

/// Returns when it has killed itself.
async fn killed(engine: Engine) {
    let said = Arc::clone(&engine.said);
    let status = engine.ended().await;
    assert_eq!(status.signal(), Some(9), "{status}:\n{}", said.lock().join("\n"));
}
