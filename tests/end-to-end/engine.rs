//! A running engine: `quell run` as a child process.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use quell_tests::waiting::{PATIENCE, until};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// What a process has said so far, line by line.
pub type Said = Arc<Mutex<Vec<String>>>;

/// A running engine. It is killed when this value goes.
pub struct Engine {
    child: Child,
    pub said: Said,
    state: PathBuf,
    listening: JoinHandle<()>,
}

impl Engine {
    /// Starts one. It may not be ready yet, and may never be.
    pub fn start(mut command: Command, state: PathBuf) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let said = Said::default();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let heard = Arc::clone(&said);
        let listening = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                heard.lock().push(line);
            }
        });
        Self { child, said, state, listening }
    }

    /// Returns when it says that all its parts do their work.
    pub async fn until_ready(&mut self) {
        self.until("the engine is ready", async |engine| match engine.get("/readyz").await {
            Some((200, _)) => Some(()),
            _ => None,
        })
        .await;
    }

    /// Returns when it has looked into its directory once: its connection stands.
    pub async fn until_asked(&mut self) {
        self.until("the connector answers", async |engine| {
            engine.part("connector active-directory").await.filter(|(well, _)| *well).map(drop)
        })
        .await;
    }

    /// Asks this engine until there is an answer; fails at once when it has ended.
    pub async fn until<T>(&mut self, what: &str, mut ask: impl AsyncFnMut(&mut Self) -> Option<T>) -> T {
        until(what, async || {
            let answer = ask(self).await;
            if answer.is_none()
                && let Some(status) = self.child.try_wait().unwrap()
            {
                panic!("{what}: the engine has ended, {status}:\n{}", self.log());
            }
            answer
        })
        .await
    }

    /// Returns when a line of its log holds this text.
    pub async fn until_said(&mut self, text: &str) {
        let what = format!("the engine says {text:?}");
        self.until(&what, async |engine| engine.log().contains(text).then_some(())).await;
    }

    /// What it answers at this path to somebody without a token; nothing when it does not listen (yet).
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.address()?)).await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// What it says of this part of itself: whether it is well, and a note.
    pub async fn part(&self, name: &str) -> Option<(bool, String)> {
        let (_, health) = self.get("/readyz").await?;
        let health: Value = serde_json::from_str(&health).ok()?;
        let part = health["parts"].as_array()?.iter().find(|part| part["name"] == name)?;
        Some((part["well"].as_bool()?, part["note"].as_str()?.to_owned()))
    }

    /// Where it listens, as soon as it does.
    pub fn address(&self) -> Option<String> {
        std::fs::read_to_string(self.state.join("api.address")).ok()
    }

    /// The most memory that it has taken so far, in bytes.
    pub fn most_memory(&self) -> u64 {
        let pid = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Everything it has said.
    pub fn log(&self) -> String {
        self.said.lock().join("\n")
    }

    /// `TERM`, `HUP`, `STOP` and so on.
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.unwrap();
        assert!(sent.success(), "SIG{name} cannot be sent to {pid}");
    }

    /// `kill -9`, and returns when it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM, and returns when it has ended well.
    pub async fn stop(self) {
        self.signal("TERM").await;
        let said = Arc::clone(&self.said);
        let status = self.ended().await;
        assert!(status.success(), "{status}:\n{}", said.lock().join("\n"));
    }

    /// Returns when it has ended by itself, with the status; what it said is complete then.
    pub async fn ended(mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not end:\n{}", self.log())).unwrap();
        self.listening.await.unwrap();
        status
    }
}
