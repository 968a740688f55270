//! Polling: what was ordered takes its time, and is asked about until it is as it should be.

use std::collections::BTreeMap;
use std::time::Duration;

use quell_action::ActionError;
use quell_kit::{Call, Deadline, Method, Path, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address;
use crate::hosts::Host;

/// How to ask about what takes its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Where the first answer says what to ask: the JSONPath of an address on the same host. Without it, `path` is asked;
    /// without either, the same as before, where that only read.
    #[serde(default)]
    pub address: Option<String>,
    /// The path to ask, below that of the host.
    #[serde(default)]
    pub path: Option<String>,
    /// When it is done.
    pub until: Until,
    /// When it has failed.
    #[serde(default)]
    pub failed: Option<Until>,
    /// How long to wait between two questions.
    #[serde(default = "default_every")]
    pub every_secs: u64,
}

/// A condition on an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// The JSONPath of a value.
    pub path: String,
    /// The values, of which it has to be one.
    pub is: Vec<Value>,
}

/// A condition whose path was read.
struct Condition<'a> {
    path: Path,
    is: &'a [Value],
}

impl Poll {
    /// Looks whether it can be followed at all, before anything is sent.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) fn check(&self, host: &Host, reads: bool) -> Result<(), ActionError> {
        let refused = |why: &str| Err(ActionError::rejected(format!("poll: {why}")));
        if self.every_secs == 0 {
            return refused("every_secs must be 1 at least");
        }
        if self.address.is_none() && self.path.is_none() && !reads {
            return refused("say what to ask, under `address` or `path`: a call that writes is not repeated");
        }
        if self.address.is_some() && self.path.is_some() {
            return refused("takes `address` or `path`, and not both");
        }
        Condition::read(&self.until)?;
        self.failed.as_ref().map(Condition::read).transpose()?;
        self.address.as_ref().map(|address| Path::parse("poll.address", address)).transpose()?;
        self.path.as_ref().map(|path| below(host, path)).transpose()?;
        Ok(())
    }

    /// Asks until it is done. Gives back the last answer's document.
    ///
    /// # Errors
    /// When it has failed, or is not done in time. What was ordered was ordered; that it is not done is not known.
    pub(crate) async fn follow(
        &self,
        host: &Host,
        first: Value,
        asked: &Url,
        deadline: Deadline,
    ) -> Result<Value, ActionError> {
        let url = self.what_to_ask(host, &first, asked)?;
        let (until, failed) =
            (Condition::read(&self.until)?, self.failed.as_ref().map(Condition::read).transpose()?);
        let every = Duration::from_secs(self.every_secs);
        let mut told = match self.address.is_none() && self.path.is_none() {
            true => Some(first),
            false => ask(host, url.clone(), deadline).await?,
        };
        loop {
            if let Some(document) = told.take() {
                if until.holds(&document)? {
                    return Ok(document);
                }
                if let Some(failed) = &failed
                    && failed.holds(&document)?
                {
                    return Err(ActionError::rejected(format!(
                        "{}: what was asked for has failed over there",
                        host.name
                    )));
                }
            }
            if deadline.left() <= every {
                return Err(ActionError::uncertain(format!(
                    "{}: it was not done within the time of this call; it may still be under way",
                    host.name
                )));
            }
            tokio::time::sleep(every).await;
            told = ask(host, url.clone(), deadline).await?;
        }
    }

    fn what_to_ask(&self, host: &Host, first: &Value, asked: &Url) -> Result<Url, ActionError> {
        if let Some(path) = &self.path {
            return below(host, path);
        }
        let Some(path) = &self.address else { return Ok(asked.clone()) };
        match Path::parse("poll.address", path)?.value(first)? {
            Value::String(text) => address::within(&host.url, &text).map_err(|error| {
                ActionError::uncertain(format!("{}: {error}; it may be under way", host.name))
            }),
            _ => Err(ActionError::uncertain(format!(
                "{}: the answer does not say where to ask about it ({path}); it may be under way",
                host.name
            ))),
        }
    }
}

impl<'a> Condition<'a> {
    fn read(until: &'a Until) -> Result<Self, ActionError> {
        Ok(Self { path: Path::parse("poll", &until.path)?, is: &until.is })
    }

    fn holds(&self, document: &Value) -> Result<bool, ActionError> {
        Ok(self.is.contains(&self.path.value(document)?))
    }
}

fn below(host: &Host, path: &str) -> Result<Url, ActionError> {
    address::build(&host.url, path, &[], &BTreeMap::new())
}

/// A question that is not answered once is asked again: it changes nothing. One that is refused is not. That there is no
/// turn for it is no answer either: told as it is, it would have what was ordered ordered again.
async fn ask(host: &Host, url: Url, deadline: Deadline) -> Result<Option<Value>, ActionError> {
    let Ok(left) = host.rate.turn(deadline.left()).await else { return Ok(None) };
    let request = host.dress(host.http.request(Method::GET, url).header("accept", "application/json"));
    let answer = host.http.send(request, Call::Reads, left).await;
    let answer = answer.and_then(quell_kit::Answer::success);
    match answer.and_then(|answer| answer.json()) {
        Ok(document) => Ok(Some(document)),
        Err(error) if error.failure.is_transient() => Ok(None),
        Err(error) => {
            Err(ActionError::uncertain(format!("it was ordered, and cannot be asked about: {error}")))
        }
    }
}

fn default_every() -> u64 {
    5
}
