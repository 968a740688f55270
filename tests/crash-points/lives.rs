//! The lives of one engine: it is started again whenever it was killed, until its story is told.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use quell_api::{Client, Refusal};
use tokio::process::Child;

use crate::stage::Stage;

/// How long a part of the story may take. A killed consumer leaves its group only when its session has run out.
const PATIENCE: Duration = Duration::from_secs(240);

/// How a life ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// At this point, when it is passed for the so-many-th time. It may never come by.
    At(String, u64),
    /// So long after its start.
    After(Duration),
}

/// An engine and the lives that lie before it.
pub struct Lives<'a> {
    stage: &'a Stage,
    child: Child,
    begun: Instant,
    /// How this life is to end.
    end: Option<End>,
    /// How the lives after it are to end, the next one last.
    ends: Vec<End>,
    /// How often it was killed.
    pub deaths: usize,
}

impl<'a> Lives<'a> {
    /// Begins the first life.
    pub fn begin(stage: &'a Stage, mut ends: Vec<End>) -> Self {
        ends.reverse();
        let end = ends.pop();
        let child = start(stage, end.as_ref());
        Self { stage, child, begun: Instant::now(), end, ends, deaths: 0 }
    }

    /// Kills what is to be killed by now, and starts again what is dead.
    pub async fn tend(&mut self) {
        if let Some(End::After(moment)) = self.end
            && self.begun.elapsed() >= moment
        {
            self.child.kill().await.unwrap();
        }
        let Some(status) = self.child.try_wait().unwrap() else { return };
        assert_eq!(status.signal(), Some(9), "the engine ended by itself: {status}\n{}", self.stage.log());
        self.deaths += 1;
        self.end = self.ends.pop();
        self.child = start(self.stage, self.end.as_ref());
        self.begun = Instant::now();
    }

    /// Asks until there is an answer, whatever happens to the engine meanwhile.
    pub async fn until<T>(&mut self, what: &str, mut ask: impl AsyncFnMut(&Client) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut again = tokio::time::interval(Duration::from_millis(50));
        loop {
            again.tick().await;
            self.tend().await;
            if let Some(client) = self.stage.client()
                && let Some(answer) = ask(&client).await
            {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}\n{}", self.stage.log());
        }
    }

    /// Gives an order until it is carried out: one that was given to an engine that died is given again.
    pub async fn order<T>(
        &mut self,
        what: &str,
        mut give: impl AsyncFnMut(&Client) -> Result<T, Refusal>,
    ) -> T {
        let mut refused = None;
        self.until(what, async |client| match give(client).await {
            Ok(done) => Some(done),
            Err(refusal) => {
                // Said once: what is refused in the end should not have to be guessed.
                if refused.as_ref() != Some(&refusal) {
                    println!("{what}: {refusal:?}");
                }
                refused = Some(refusal);
                None
            }
        })
        .await
    }

    /// The end of the story: SIGTERM, and all is well.
    pub async fn stop(mut self) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = tokio::process::Command::new("kill").args(["-s", "TERM", &pid]).status().await.unwrap();
        assert!(sent.success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not stop\n{}", self.stage.log())).unwrap();
        // It may still be on its way to its crash point.
        assert!(status.success() || status.signal() == Some(9), "{status}\n{}", self.stage.log());
    }
}

fn start(stage: &Stage, end: Option<&End>) -> Child {
    let trace = ("QUELL_CRASH_TRACE", stage.path("trace").display().to_string());
    match end {
        Some(End::At(point, time)) => stage.start(&[trace, ("QUELL_CRASH_AT", format!("{point}:{time}"))]),
        _ => stage.start(&[trace]),
    }
}
