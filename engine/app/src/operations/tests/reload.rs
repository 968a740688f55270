//! What is read anew comes into force together, what looks only begins nothing, and health hides no trouble.

use quell_ingest::{Acceptance, AlertSource, Delivery, IngestError, Receipt, SourceHealth};

use super::*;

const ACTS: &str = "language: 1
playbook: acts
title: Acts
mode: act
when: { manual: true }
steps:
  - stop: { outcome: done }
";

/// The folder of a site with this playbook, and what its file says besides.
fn folder_with(more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    fs::write(folder.path().join("playbooks/acts.yaml"), ACTS).unwrap();
    fs::write(folder.path().join("quell.yaml"), format!("{SITE}{more}")).unwrap();
    exclude_in_file(folder.path(), &[]);
    folder
}

async fn open(folder: &TempDir, reach: Reach) -> App {
    App::open(config::read(Some(&folder.path().join("quell.yaml"))).unwrap(), reach).await.unwrap()
}

/// A playbook must not decide by exclusions that were meant to be others, and its text is kept before a run begins with it.
#[tokio::test]
async fn playbooks_come_with_the_exclusions_of_the_same_moment_or_not_at_all() {
    let folder = folder_with("");
    let app = open(&folder, Reach::Tending).await;
    fs::write(folder.path().join("exclusions.yaml"), "language: 1\nexclusions: nobody\n").unwrap();
    assert!(app.reload().await.is_err());
    assert!(app.matcher.load().playbooks().is_empty());
    exclude_in_file(folder.path(), &["alice"]);
    assert_eq!(app.reload().await.unwrap(), 1);
    let playbook = Arc::clone(&app.matcher.load().playbooks()[0]);
    assert!(app.store.playbooks().text(&playbook.hash).unwrap().is_some());
    app.store.close();
}

#[tokio::test]
async fn the_files_of_lists_are_read_anew_too() {
    let folder = folder_with("lists: { hosts: { file: hosts.txt } }\n");
    fs::write(folder.path().join("hosts.txt"), "ws01\n").unwrap();
    let app = open(&folder, Reach::Tending).await;
    fs::write(folder.path().join("hosts.txt"), "ws02\n").unwrap();
    app.reload().await.unwrap();
    let lists = app.lists.handle().now();
    let hosts = lists.get("hosts").unwrap();
    assert!(hosts.entry("ws02").is_some() && hosts.entry("ws01").is_none());
    app.store.close();
}

#[tokio::test]
async fn an_engine_that_looks_only_begins_nothing_that_acts() {
    let folder = folder_with("");
    let app = Arc::new(open(&folder, Reach::Observing).await);
    let order = json!({ "playbook": "acts", "inputs": {}, "by": "ann", "ticket": "1", "dry": false });
    let refused = Local::new(app).start(&serde_json::from_value(order).unwrap()).await.unwrap_err();
    assert!(refused.kind == RefusalKind::Conflict && refused.message.contains("only observes"), "{refused}");
}

/// A source of which nothing is known but this.
#[derive(Debug)]
struct Source(SourceHealth);

#[async_trait::async_trait]
impl AlertSource for Source {
    async fn fetch(&self, _: usize) -> Result<Option<Vec<Delivery>>, IngestError> {
        Ok(None)
    }

    fn accept(&self, _: &[Receipt]) -> Acceptance {
        Acceptance::default()
    }

    fn is_current(&self, _: &Receipt) -> bool {
        true
    }

    fn health(&self) -> SourceHealth {
        self.0.clone()
    }

    async fn close(&self, _: Duration) -> Result<(), IngestError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_source_or_a_connector_that_does_not_answer_is_not_called_well() {
    let folder = folder_with("");
    let app = open(&folder, Reach::Tending).await;
    for connected in [true, false] {
        app.watch(Arc::new(Source(SourceHealth { connected, ..SourceHealth::default() })));
        assert_eq!(app.source_health().unwrap().well, connected);
    }
    for trouble in [None, Some("its password is wrong".to_owned())] {
        app.note_connector("okta", trouble.clone());
        let health = app.connector_health();
        let health = health.iter().find(|part| part.name == "connector okta").unwrap();
        assert_eq!(health.well, trouble.is_none());
    }
    app.store.close();
}
