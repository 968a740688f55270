//! What a program gets, what it may use, and that nothing of it is left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use quell_action::{ActionError, Connection, Connector, Failure, Outcome, Request, RequestKey, Target};
use quell_kit::conformance::clear;
use quell_script::{ScriptConnector, ScriptSettings};
use serde_json::{Value, json};

struct Site(tempfile::TempDir);

impl Site {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.sh"), format!("#!/bin/sh\n{text}\n")).unwrap();
        let site = Self(folder);
        site.mode(0o700);
        site
    }

    fn mode(&self, mode: u32) {
        std::fs::set_permissions(self.file(), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("x.sh")
    }

    fn settings(&self, change: Value) -> ScriptSettings {
        // Read by a shell and not run by itself: a file that was just written can still be busy in a test beside this one.
        let mut program = json!({ "run": self.file(), "interpreter": ["/bin/sh"] });
        program.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(json!({ "programs": { "x": program } })).unwrap()
    }

    async fn connect(&self, change: Value) -> Connection {
        ScriptConnector::connect("script", self.settings(change)).await.unwrap()
    }

    async fn run(&self, change: Value, params: Value) -> Result<Outcome<Value>, ActionError> {
        call(&self.connect(change).await, params, Duration::from_secs(20)).await
    }
}

async fn call(
    connection: &Connection,
    params: Value,
    limit: Duration,
) -> Result<Outcome<Value>, ActionError> {
    let mut with = json!({ "program": "x" });
    with.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    let action = &connection.actions[0];
    let cleared = clear(&Target::None, &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey("run:1/step".into()), limit, with)).await
}

#[tokio::test]
async fn the_input_is_one_document_and_words_stay_words() {
    let site = Site::with(r#"printf '{"got":%s,"argc":%s,"first":"%s"}' "$(cat)" "$#" "$1""#);
    let params = json!({ "arguments": ["$(id); `id` && x", "b c"], "input": { "who": "a'b" } });
    let result = site.run(json!({ "takes_arguments": true }), params).await.unwrap().output["result"].clone();
    assert_eq!(result["got"], json!({ "schema": 1, "key": "run:1/step", "input": { "who": "a'b" } }));
    assert_eq!((&result["argc"], &result["first"]), (&json!(2), &json!("$(id); `id` && x")));
}

#[tokio::test]
async fn values_are_read_of_what_it_writes() {
    let mark = tempfile::NamedTempFile::new().unwrap();
    let site = Site::with(&format!(
        r#"echo ran >> {}; printf '{{"changed":false,"geo":{{"country":"NO"}},"all":[{{"n":1}},{{"n":2}}]}}'"#,
        mark.path().display()
    ));
    let values = json!({ "country": "$.geo.country", "numbers": "$.all[*].n", "missing": "$.geo.city" });
    let outcome = site.run(json!({}), json!({ "values": values })).await.unwrap();
    let read = json!({ "country": "NO", "numbers": [1, 2], "missing": null });
    assert_eq!(outcome.output["values"], read);
    let error = site.run(json!({}), json!({ "values": { "country": "geo.country" } })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected, "{error}");
    assert_eq!(
        std::fs::read_to_string(mark.path()).unwrap(),
        "ran\n",
        "a bad path is found before anything runs"
    );
}

#[tokio::test]
async fn values_that_would_fill_the_record_are_not_kept_and_it_was_done() {
    let site = Site::with(r#"printf '{"text":"%s"}' "$(head -c 20000 /dev/zero | tr '\0' x)""#);
    let error = site.run(json!({}), json!({ "values": { "text": "$.text" } })).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
}

#[tokio::test]
async fn nothing_of_our_environment_gets_through_and_its_folder_is_its_own() {
    let site = Site::with(
        r#"printf '{"names":"%s","home":"%s","here":"%s","mode":"%s"}' "$(env | cut -d= -f1 | sort | tr '\n' ' ')" "$HOME" "$(pwd)" "$(stat -c %a .)""#,
    );
    let result =
        site.run(json!({ "environment": { "SITE": "x" } }), json!({})).await.unwrap().output["result"]
            .clone();
    let known = ["HOME", "LANG", "PATH", "PWD", "SITE", "TMPDIR", "OLDPWD", "SHLVL", "_"];
    let names = result["names"].as_str().unwrap().split_whitespace();
    assert_eq!(names.filter(|name| !known.contains(name)).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(result["home"], result["here"]);
    assert_eq!(result["mode"], "700");
    assert!(!Path::new(result["home"].as_str().unwrap()).exists(), "the folder is gone afterwards");
}

#[tokio::test]
async fn whoever_takes_too_long_is_ended_with_all_whom_it_has_started() {
    let mark = tempfile::NamedTempFile::new().unwrap();
    let path = mark.path().display();
    // Neither heeds being asked, and the grandchild holds the output open.
    let site = Site::with(&format!(
        "trap '' TERM\n(trap '' TERM; sh -c 'echo $PPID' > {path}; while true; do sleep 0.05; done) &\nwhile true; do sleep 0.05; done"
    ));
    let begun = Instant::now();
    let connection = site.connect(json!({})).await;
    let error = call(&connection, json!({}), Duration::from_millis(500)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    has_ended(mark.path());
}

/// The program itself does as it is asked, and what it has started neither heeds the signal nor holds any output open.
#[tokio::test]
async fn whom_a_program_has_started_ends_with_it() {
    let mark = tempfile::NamedTempFile::new().unwrap();
    let path = mark.path().display();
    let site = Site::with(&format!(
        "(trap '' TERM; sh -c 'echo $PPID' > {path}; while true; do sleep 0.05; done) > /dev/null 2>&1 &\nwait"
    ));
    let connection = site.connect(json!({})).await;
    let error = call(&connection, json!({}), Duration::from_millis(500)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
    has_ended(mark.path());
}

/// The engine does not wait longer than a call may take, and waits no more when it stops.
#[tokio::test]
async fn whom_nobody_waits_for_any_more_ends_with_all_whom_it_has_started() {
    let mark = tempfile::NamedTempFile::new().unwrap();
    let path = mark.path().display();
    let site = Site::with(&format!(
        "(sh -c 'echo $PPID' > {path}; while true; do sleep 0.05; done) > /dev/null 2>&1 &\nwait"
    ));
    let connection = site.connect(json!({})).await;
    let begun = async {
        while !std::fs::read_to_string(mark.path()).unwrap().ends_with('\n') {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = call(&connection, json!({}), Duration::from_secs(30)) => panic!("{answer:?}"),
        () = begun => {}
    }
    has_ended(mark.path());
}

/// Whether the process whose number stands there is gone, or is as soon as the system gets to it.
fn has_ended(mark: &Path) {
    let left: u32 = std::fs::read_to_string(mark).unwrap().trim().parse().unwrap();
    let begun = Instant::now();
    loop {
        let state = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "the grandchild lives on: {state}");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn somebody_left_behind_does_not_hold_up_the_answer() {
    let site = Site::with("sleep 60 &\necho '{\"changed\":false}'");
    let begun = Instant::now();
    let outcome = site.run(json!({}), json!({})).await.unwrap();
    assert_eq!(outcome.effect, quell_action::Effect::Unchanged);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_limits_hold() {
    let busy = Site::with("while true; do :; done");
    let error = busy.run(json!({ "limits": { "cpu_secs": 1 } }), json!({})).await.unwrap_err();
    assert!(error.failure == Failure::Uncertain && error.message.contains("limit"), "{error}");
    let large =
        Site::with("head -c 3000000 /dev/zero > file || { echo '{\"error\":\"rejected\"}'; exit 1; }");
    assert!(large.run(json!({ "limits": { "file_mb": 1 } }), json!({})).await.is_err());
    let hungry = Site::with("x=$(head -c 200000000 /dev/zero | tr '\\0' x) || exit 1; echo '{}'");
    assert!(hungry.run(json!({ "limits": { "memory_mb": 64 } }), json!({})).await.is_err());
    let loud = Site::with("head -c 2000000 /dev/zero | tr '\\0' x; echo; echo '{}'");
    let error = loud.run(json!({ "limits": { "output_kb": 1 } }), json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
    // What is kept of it is a document, and not all of it.
    let long = Site::with("echo '{}'; head -c 100000 /dev/zero | tr '\\0' '\\n'");
    let error = long.run(json!({ "limits": { "output_kb": 1 } }), json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
}

#[tokio::test]
async fn files_and_time_are_those_of_the_site() {
    let site = Site::with(r#"printf '{"files":"%s"}' "$(ulimit -n)""#);
    let limits = json!({ "limits": { "open_files": 64 } });
    let outcome = site.run(limits, json!({})).await.unwrap();
    assert_eq!(outcome.output["result"]["files"], "64");
    let slow = Site::with("while true; do sleep 0.05; done");
    let begun = Instant::now();
    let error = slow.run(json!({ "limits": { "timeout_secs": 1 } }), json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_a_program_repeats_of_its_secrets_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    // As JSON writes it, it has other letters.
    std::fs::write(&path, "pa\"55\\word\nend").unwrap();
    let secrets = || json!({ "secrets": { "key": { "file": path } } });
    let outcome = Site::with("cat").run(secrets(), json!({})).await.unwrap();
    assert_eq!(outcome.output["result"]["secrets"]["key"], "[redacted]");
    let error = Site::with("cat >&2; exit 1").run(secrets(), json!({})).await.unwrap_err();
    assert!(error.message.contains("[redacted]") && !error.message.contains("55"), "{error}");
}

#[tokio::test]
async fn a_program_that_does_not_say_otherwise_has_changed_something() {
    for (said, changed) in [("{}", true), ("{\"changed\":true}", true), ("{\"changed\":false}", false)] {
        let site = Site::with(&format!("echo '{said}'"));
        let outcome = site.run(json!({}), json!({})).await.unwrap();
        assert_eq!(outcome.effect != quell_action::Effect::Unchanged, changed, "{said}");
        assert_eq!(outcome.output["changed"], changed, "{said}");
    }
}

#[tokio::test]
async fn more_than_may_run_at_once_wait_for_a_seat() {
    let site = Site::with("sleep 2; echo '{}'");
    let settings = ScriptSettings { at_once: 1, ..site.settings(json!({})) };
    let connection = ScriptConnector::connect("script", settings).await.unwrap();
    let (first, second) = tokio::join!(
        call(&connection, json!({}), Duration::from_secs(30)),
        call(&connection, json!({}), Duration::from_millis(100)),
    );
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(second.unwrap_err().failure, Failure::Throttled { retry_after: None });
}

#[tokio::test]
async fn programs_that_are_not_those_of_the_site_are_not_run() {
    let site = Site::with("echo '{}'");
    for (params, word) in [
        (json!({ "program": "y" }), "names no program"),
        (json!({ "program": "../x" }), "names no program"),
        (json!({ "arguments": ["a"] }), "takes no arguments"),
    ] {
        let error = site.run(json!({}), params).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains(word), "{error}");
    }
    let option =
        site.run(json!({ "takes_arguments": true }), json!({ "arguments": ["--all"] })).await.unwrap_err();
    assert!(option.message.contains("hyphen"), "{option}");
    let zero =
        site.run(json!({ "takes_arguments": true }), json!({ "arguments": ["a\0b"] })).await.unwrap_err();
    assert!(zero.failure == Failure::Rejected && zero.message.contains("zero byte"), "{zero}");
    let connection = site.connect(json!({})).await;
    site.mode(0o777);
    let error = call(&connection, json!({}), Duration::from_secs(5)).await.unwrap_err();
    assert!(error.message.contains("others may write"), "{error}");
    assert!(!connection.probe.probe().await.problems.is_empty());
    site.mode(0o600);
    let alone = json!({ "interpreter": [] });
    let refused = ScriptConnector::connect("script", site.settings(alone)).await.err().unwrap();
    assert!(refused.to_string().contains("chmod +x"), "{refused}");
    site.mode(0o700);
    let folder = json!({ "run": site.0.path() });
    let refused = ScriptConnector::connect("script", site.settings(folder)).await.err().unwrap();
    assert!(refused.to_string().contains("is no file"), "{refused}");
    let pinned = json!({ "sha256": "0".repeat(64) });
    let refused = ScriptConnector::connect("script", site.settings(pinned)).await.err().unwrap();
    assert!(refused.to_string().contains("was changed"), "{refused}");
}
