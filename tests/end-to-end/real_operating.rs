//! Commands while the engine runs: they reach it over its loopback interface, with the token in its state folder.

use std::os::unix::fs::PermissionsExt as _;

use quell_tests::directory::audit;
use quell_tests::directory::people::{Admin, sign_in};
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method};

use crate::alert::{by_sid, dcsync};
use crate::real_straight_path::line;
use crate::site::{Site, assert_disabled, assert_untouched};

#[tokio::test]
async fn an_exclusion_that_is_added_holds_for_the_next_alert_and_no_longer_when_it_is_removed() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-o-added").await;
    let site = Site::new().await;
    let engine = site.engine().await;
    let added = site.ask(&["exclusions", "add", "--upn", &person.upn, "--because", "On a plane"]).await;
    let id = added[0]["id"].as_str().unwrap();
    let first = dcsync(by_sid(&person.sid));
    site.produce(&first).await;
    let record = site.finished(&first).await;
    assert_eq!(record["summary"]["finish"], "excluded", "{record:#}");
    let why = line(&record, "task_excluded").to_string();
    assert!(why.contains(id) && why.contains("On a plane"), "{why}");
    assert_untouched(&person).await;
    let listed = site.quell(&["exclusions", "list"]).await.out;
    assert!(listed.contains("On a plane") && listed.contains("olivia"), "who added it is recorded: {listed}");

    // It outlives the engine that it was told to.
    engine.kill().await;
    let engine = site.engine().await;
    let second = dcsync(by_sid(&person.sid));
    site.produce(&second).await;
    assert_eq!(site.finished(&second).await["summary"]["finish"], "excluded");

    site.ask(&["exclusions", "remove", id]).await;
    let third = dcsync(by_sid(&person.sid));
    site.produce(&third).await;
    assert_eq!(site.finished(&third).await["summary"]["finish"], "contained");
    assert_disabled(&mut admin, &person).await;
    engine.stop().await;
}

#[tokio::test]
async fn an_undo_enables_the_account_again_and_is_recorded_with_who_wanted_it() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-o-undo").await;
    let site = Site::new().await;
    let engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    assert_disabled(&mut admin, &person).await;
    let id = record["summary"]["id"].as_str().unwrap();

    let would = site.quell(&["undo", id, "--dry-run"]).await;
    assert!(would.out.contains("would be undone"), "{would:?}");
    assert_disabled(&mut admin, &person).await;
    let undone = site.quell(&["undo", id]).await;
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(admin.get(&person, "userAccountControl").await, "512");
    assert_eq!(sign_in(&person.upn).await, None);
    assert_eq!(audit::changes(&person, "userAccountControl"), 2);
    let shown = site.quell(&["runs", "show", id]).await.out;
    assert!(shown.contains("undo of 1 tasks wanted by olivia"), "{shown}");

    // Once is enough.
    site.quell(&["undo", id]).await;
    assert_eq!(audit::changes(&person, "userAccountControl"), 2);
    engine.stop().await;
}

#[tokio::test]
async fn an_undo_works_without_an_engine_too() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-o-undo-off").await;
    let site = Site::new().await;
    let engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    let record = site.finished(&alert).await;
    engine.stop().await;
    let undone = site.quell(&["undo", record["summary"]["id"].as_str().unwrap()]).await;
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(sign_in(&person.upn).await, None);
    assert_eq!(admin.get(&person, "userAccountControl").await, "512");
}

#[tokio::test]
async fn without_the_token_nothing_but_health_and_metrics_answers() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-o-token").await;
    let site = Site::new().await;
    let mut engine = site.engine().await;
    let alert = dcsync(by_sid(&person.sid));
    site.produce(&alert).await;
    let id = site.finished(&alert).await["summary"]["id"].as_str().unwrap().to_owned();
    let address = engine.address().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let token = std::fs::read_to_string(site.form.state.join("api.token")).unwrap();

    let guarded = [
        (Method::GET, "/api/v1/runs".to_owned()),
        (Method::GET, format!("/api/v1/runs/{id}")),
        (Method::POST, format!("/api/v1/runs/{id}/cancel")),
        (Method::POST, "/api/v1/undo".into()),
        (Method::GET, "/api/v1/exclusions".into()),
        (Method::POST, "/api/v1/exclusions".into()),
        (Method::DELETE, "/api/v1/exclusions/x".into()),
        (Method::GET, "/api/v1/store".into()),
        (Method::POST, "/api/v1/store/prune".into()),
    ];
    let wrong = token.chars().rev().collect::<String>();
    let credentials = [
        None,
        Some("Bearer".to_owned()),
        Some(format!("Bearer {wrong}")),
        Some(format!("Basic {token}")),
        Some(format!("bearer{token}")),
    ];
    let client = Client::new();
    for (method, path) in &guarded {
        for credential in &credentials {
            let mut request = client.request(method.clone(), format!("http://{address}{path}"));
            if let Some(credential) = credential {
                request = request.header(AUTHORIZATION, credential);
            }
            let status = request.send().await.unwrap().status();
            assert_eq!(status, 401, "{method} {path} with {credential:?}");
        }
    }
    let runs = client.get(format!("http://{address}/api/v1/runs")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(runs.status(), 200, "with the token it answers");
    for (path, words) in
        [("/healthz", "alive"), ("/readyz", "\"ready\":true"), ("/metrics", "quell_records_total")]
    {
        let (status, text) = engine.get(path).await.unwrap();
        assert!(status == 200 && text.contains(words), "{path}: {status} {text}");
        assert!(!text.contains(&person.upn) && !text.contains("q-o-token"), "{path} names a person: {text}");
    }
    assert!(!engine.log().contains(&token), "the token is in the log");

    // A command that is given another token is refused, and says why.
    std::fs::write(site.form.state.join("api.token"), &wrong).unwrap();
    let refused = site.quell(&["runs", "list"]).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("token"), "{refused:?}");
    std::fs::write(site.form.state.join("api.token"), &token).unwrap();
    engine.until_ready().await;
    engine.stop().await;
}

#[tokio::test]
async fn what_the_engine_keeps_can_be_read_by_its_owner_only() {
    for prepared in [None, Some(0o755), Some(0o777)] {
        let site = Site::new().await;
        // An operator, or a package, may have made the folder, and not with care.
        if let Some(mode) = prepared {
            std::fs::create_dir(&site.form.state).unwrap();
            std::fs::set_permissions(&site.form.state, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let engine = site.engine().await;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&site.form.state), 0o700, "made as {prepared:?}");
        for name in ["api.token", "api.address"] {
            assert_eq!(mode(&site.form.state.join(name)), 0o600, "{name}");
        }
        engine.stop().await;
        assert!(
            !site.form.state.join("api.token").exists(),
            "a token of an engine that has ended is of no use"
        );
    }
}

#[tokio::test]
async fn a_second_engine_on_the_same_state_folder_is_refused() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let second = site.run();
    let said = second.said.clone();
    assert_eq!(second.ended().await.code(), Some(3));
    let words = said.lock().join("\n");
    assert!(words.contains("is held by a running engine"), "{words}");
    // The first one is as well as before, and can still be reached.
    assert!(site.ask(&["runs", "list"]).await.as_array().unwrap().is_empty());
    engine.stop().await;
}
