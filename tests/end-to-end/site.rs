//! A site: its folder with everything that an operator writes, and the commands given there.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use parking_lot::Mutex;
use quell_tests::broker::{Broker, unique};
use quell_tests::directory::people::Person;
use quell_tests::environment::variable;
use quell_tests::waiting::{PATIENCE, until};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::QUELL;
use crate::alert::Alert;
use crate::engine::{Engine, Said};

/// The shipped playbook that these tests run.
pub const DCSYNC: &str = include_str!("../../playbooks/identity/dcsync.yaml");

/// What the tests vary in a site file.
#[derive(Debug, Clone)]
pub struct Form {
    pub topic: String,
    pub dead_letters: String,
    pub group: String,
    pub kafka_ca: String,
    pub controller: String,
    pub controller_ca: String,
    pub account: String,
    pub state: PathBuf,
    pub store: &'static str,
}

/// A site with topics of its own.
pub struct Site {
    pub folder: TempDir,
    pub form: Form,
    pub broker: Broker,
    said: Mutex<Vec<Said>>,
}

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Site {
    /// A site with the shipped playbook, nobody excluded, topics, and every setting as it should be.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with something changed in its site file.
    pub async fn with(change: impl FnOnce(&mut Form)) -> Self {
        let broker = Broker { plain: variable("QUELL_TEST_KAFKA") };
        let folder = TempDir::new().unwrap();
        let mut form = Form {
            topic: broker.topic(1).await,
            dead_letters: broker.topic(1).await,
            group: unique("group"),
            kafka_ca: variable("QUELL_TEST_KAFKA_CA"),
            controller: variable("QUELL_TEST_AD_URL"),
            controller_ca: variable("QUELL_TEST_AD_CA"),
            account: variable("QUELL_TEST_AD_USER"),
            state: folder.path().join("state"),
            store: "sled",
        };
        change(&mut form);
        let site = Self { folder, form, broker, said: Mutex::default() };
        site.write_site_file();
        site.write("kafka-password", &variable("QUELL_TEST_KAFKA_PASSWORD"));
        site.write("exclusions.yaml", "language: 1\nexclusions: []\n");
        site.write("playbooks/dcsync.yaml", DCSYNC);
        site
    }

    /// Writes the site file as the form has it now.
    pub fn write_site_file(&self) {
        self.write("quell.yaml", &self.form.site_file());
    }

    /// Writes a file of the site.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts an engine, which may not come up.
    pub fn run(&self) -> Engine {
        self.run_with(&[])
    }

    /// The same, with these variables in its environment.
    pub fn run_with(&self, variables: &[(&str, &str)]) -> Engine {
        let mut command = self.command(&["run"]);
        command.envs(variables.iter().copied());
        let engine = Engine::start(command, self.form.state.clone());
        self.said.lock().push(engine.said.clone());
        engine
    }

    /// Starts an engine and waits until it does its work.
    pub async fn engine(&self) -> Engine {
        let mut engine = self.run();
        engine.until_ready().await;
        engine
    }

    /// Gives a command and waits for its end.
    pub async fn quell(&self, arguments: &[&str]) -> Answer {
        let running = self.command(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
        let Ok(output) = tokio::time::timeout(PATIENCE, running).await else {
            panic!("quell {arguments:?} does not end")
        };
        let output = output.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("it ended by itself");
        let answer = Answer { code, out: text(output.stdout), err: text(output.stderr) };
        self.said.lock().push(Said::new(Mutex::new(vec![answer.out.clone(), answer.err.clone()])));
        answer
    }

    /// Gives a command that must succeed, and reads its JSON.
    pub async fn ask(&self, arguments: &[&str]) -> Value {
        let answer = self.quell(&[arguments, &["--json"]].concat()).await;
        assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}");
        serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {answer:?}"))
    }

    /// The runs that an alert has started, newest first.
    pub async fn runs_of(&self, alert: &Alert) -> Vec<Value> {
        let Value::Array(mut runs) = self.ask(&["runs", "list", "--limit", "10000"]).await else { panic!() };
        runs.retain(|run| run["alert"] == alert.id);
        runs
    }

    /// The record of the one run of an alert, as soon as it has ended.
    pub async fn finished(&self, alert: &Alert) -> Value {
        let id = until("the run has ended", async || {
            let runs = self.runs_of(alert).await;
            assert!(runs.len() <= 1, "one alert, one run: {runs:#?}");
            let run = runs.first().filter(|run| run["status"] == "finished")?;
            Some(run["id"].as_str()?.to_owned())
        })
        .await;
        self.ask(&["runs", "show", &id]).await
    }

    /// Produces an alert; its offset.
    pub async fn produce(&self, alert: &Alert) -> i64 {
        self.broker.send(&self.form.topic, &alert.bytes()).await
    }

    /// The group's committed offset, where there is one.
    pub fn committed(&self) -> Option<i64> {
        self.broker.committed(&self.form.group, &self.form.topic, 1).get(&0).copied()
    }

    /// Returns when everything before this offset is committed, and nothing behind it.
    pub async fn until_committed(&self, offset: i64) {
        until(&format!("committed up to {offset}"), async || {
            let committed = self.committed();
            assert!(committed <= Some(offset), "{committed:?} is behind {offset}");
            (committed == Some(offset)).then_some(())
        })
        .await;
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(QUELL);
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("quell.yaml"))
            .env("QUELL_AD_PASSWORD", variable("QUELL_TEST_AD_PASSWORD"))
            .env("USER", "olivia")
            .env_remove("SUDO_USER")
            .current_dir(self.folder.path());
        command
    }

    /// Everything that was said here, and every file that the program has written.
    fn traces(&self) -> Vec<(String, Vec<u8>)> {
        let said = self.said.lock();
        let mut traces: Vec<_> = said
            .iter()
            .map(|said| ("what it said".to_owned(), said.lock().join("\n").into_bytes()))
            .collect();
        files_below(self.folder.path(), &mut traces);
        files_below(&self.form.state, &mut traces);
        traces.retain(|(name, _)| !name.ends_with("kafka-password"));
        traces
    }
}

/// When a test of a site ends well, no secret stands anywhere.
impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for name in ["QUELL_TEST_AD_PASSWORD", "QUELL_TEST_KAFKA_PASSWORD"] {
            let secret = variable(name);
            for (place, bytes) in self.traces() {
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains(&secret), "the secret of {name} stands in {place}");
            }
        }
    }
}

impl Form {
    fn site_file(&self) -> String {
        let Self { topic, dead_letters, group, kafka_ca, controller, controller_ca, account, state, store } =
            self;
        format!(
            r#"language: 1
state: "{state}"
playbooks: playbooks
exclusions: exclusions.yaml
source:
  kafka:
    connection:
      brokers: ["{brokers}"]
      security:
        tls: {{ ca_file: "{kafka_ca}" }}
        sasl: {{ mechanism: SCRAM-SHA-512, username: {user}, password: {{ file: kafka-password }} }}
    topics: [{topic}]
    group: {group}
    commit_interval_milliseconds: 50
    session_timeout_seconds: 6
dead_letters:
  topic: {dead_letters}
connectors:
  active-directory:
    servers: ["{controller}"]
    account: {account}
    password: {{ env: QUELL_AD_PASSWORD }}
    ca_file: "{controller_ca}"
store:
  engine: {store}
api:
  listen: "127.0.0.1:0"
"#,
            state = state.display(),
            brokers = variable("QUELL_TEST_KAFKA_SASL"),
            user = variable("QUELL_TEST_KAFKA_USER"),
        )
    }
}

/// Asserts that somebody is disabled: the directory says so, and they can no longer sign in.
pub async fn assert_disabled(admin: &mut quell_tests::directory::people::Admin, person: &Person) {
    assert_eq!(admin.get(person, "userAccountControl").await, "514", "{}", person.upn);
    let refused = quell_tests::directory::people::sign_in(&person.upn).await;
    assert_eq!(refused.as_deref(), Some("533"), "{} can still sign in", person.upn);
}

/// Asserts that nobody has touched somebody: no attribute was written, and they sign in as ever.
pub async fn assert_untouched(person: &Person) {
    assert_eq!(quell_tests::directory::audit::all_changes(person), 0, "{} was touched", person.upn);
    let refused = quell_tests::directory::people::sign_in(&person.upn).await;
    assert_eq!(refused, None, "{} can no longer sign in", person.upn);
}

fn files_below(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
}
