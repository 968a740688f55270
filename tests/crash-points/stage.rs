//! A site with the lab in it, and everything that the story needs.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;

use quell_api::{Client, Token};
use quell_tests::broker::{Broker, unique};
use quell_tests::environment::variable;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::QUELL;

/// Cuts off whoever the alert names; what is called marks them as well.
const CONTAIN: &str = r#"language: 1
playbook: contain
title: Cut off whoever replicates the directory
mode: act
when:
  alert:
    all:
      - alert.title: { is: Replication }
for_each: account
steps:
  - id: cut_off
    do: account.disable
  - do: list.add
    with: { list: seen, value: { from: account.name }, for: 30d, because: They were cut off }
  - run: mark
"#;

const MARK: &str = r#"language: 1
playbook: mark
title: End the sessions of whoever was cut off
mode: act
when: { called: true }
inputs:
  target: account
for_each: account
steps:
  - do: account.revoke_sessions
"#;

/// The same for a while: a timer takes it back.
const FOR_A_WHILE: &str = r#"language: 1
playbook: for-a-while
title: Cut off for a moment whoever uses forged tickets
mode: act
when:
  alert:
    all:
      - alert.title: { is: Forged ticket }
for_each: account
steps:
  - id: cut_off
    do: account.disable
    undo: { after: 1s, unless: confirmed }
"#;

/// Never comes while the story is told; its place in time is noted all the same.
const YEARLY: &str = r#"language: 1
playbook: yearly
title: Say once a year that the engine is there
mode: observe
when:
  schedule: { cron: "0 0 1 1 *", timezone: Etc/UTC }
steps:
  - do: list.add
    with: { list: seen, value: a year, for: 1d, because: It is over }
"#;

/// What differs between two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The engine of the store.
    pub store: &'static str,
    /// Whether dead letters go to a topic, or to a file.
    pub letters_in_topic: bool,
}

impl Form {
    pub const ALL: [Self; 2] =
        [Self { store: "sled", letters_in_topic: true }, Self { store: "redb", letters_in_topic: false }];
}

/// A site of its own: folder, topics, group.
pub struct Stage {
    pub form: Form,
    pub folder: TempDir,
    pub broker: Broker,
    pub topic: String,
    pub letters: String,
    pub group: String,
}

impl Stage {
    pub async fn new(form: Form) -> Self {
        let broker = Broker { plain: variable("QUELL_TEST_KAFKA") };
        let (topic, letters) = (broker.topic(1).await, broker.topic(1).await);
        let stage =
            Self { form, folder: TempDir::new().unwrap(), broker, topic, letters, group: unique("group") };
        stage.write("quell.yaml", &stage.site_file());
        stage.write("exclusions.yaml", "language: 1\nexclusions: []\n");
        for (name, text) in
            [("contain", CONTAIN), ("mark", MARK), ("for-a-while", FOR_A_WHILE), ("yearly", YEARLY)]
        {
            stage.write(&format!("playbooks/{name}.yaml"), text);
        }
        stage
    }

    /// Starts the engine, with these variables.
    pub fn start(&self, variables: &[(&str, String)]) -> Child {
        // Whoever asks must not reach an engine that is gone.
        for name in ["api.address", "api.token"] {
            let _gone = fs::remove_file(self.path("state").join(name));
        }
        let mut command = Command::new(QUELL);
        command
            .args(["run", "--config"])
            .arg(self.path("quell.yaml"))
            .env_remove("QUELL_CRASH_AT")
            .env_remove("QUELL_CRASH_TRACE")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log_file())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    /// A client of the engine that runs, where it listens already.
    pub fn client(&self) -> Option<Client> {
        let read = |name: &str| fs::read_to_string(self.path("state").join(name)).ok();
        let (address, token) = (read("api.address")?, read("api.token")?);
        Client::new(address.trim(), Token::new(token.trim()).ok()?).ok()
    }

    /// Everything the engine has said, over all its lives.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The group's committed offset.
    pub fn committed(&self) -> Option<i64> {
        self.broker.committed(&self.group, &self.topic, 1).get(&0).copied()
    }

    fn log_file(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn site_file(&self) -> String {
        let letters = match self.form.letters_in_topic {
            true => format!("dead_letters: {{ topic: {} }}", self.letters),
            false => format!("dead_letters: {{ file: {} }}", self.path("letters.jsonl").display()),
        };
        format!(
            r#"language: 1
state: "{state}"
playbooks: playbooks
exclusions: exclusions.yaml
source:
  kafka:
    connection:
      brokers: ["{brokers}"]
    topics: [{topic}]
    group: {group}
    commit_interval_milliseconds: 50
    session_timeout_seconds: 6
{letters}
lists:
  seen: {{ about: Who was cut off }}
connectors:
  lab: {{ folder: "{lab}" }}
store:
  engine: {store}
api:
  listen: "127.0.0.1:0"
"#,
            state = self.path("state").display(),
            brokers = self.broker.plain,
            topic = self.topic,
            group = self.group,
            lab = self.path("lab").display(),
            store = self.form.store,
        )
    }
}
