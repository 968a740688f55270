//! [`World`]: the systems that a test acts on. Every action of the catalogue works, is remembered, and can be read
//! back, unless the test says that it fails.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{
    ActionError, ActionInfo, AnyAction, Catalogue, Failure, InEffect, Observation, Outcome, Request, Restore,
    State, Target,
};
use quell_playbook::duration;
use serde_json::{Map, Value, json};

use super::expect::Deed;
use super::sense::can_give;
use crate::Clock;

/// What calls come to, where they do not simply succeed.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) deed: Deed,
    turns: Vec<Turn>,
    /// Whether the last turn is also that of all later calls.
    for_ever: bool,
}

#[derive(Debug, Clone)]
struct Turn {
    answer: Answer,
    /// How long the system takes to answer.
    takes: Duration,
}

#[derive(Debug, Clone)]
enum Answer {
    Fails(Failure),
    Gives(Map<String, Value>),
}

impl Fault {
    /// An output, an error, or several in turn.
    pub(super) fn read(deed: Deed, value: &Value) -> Result<Self, String> {
        let (turns, for_ever) = match value {
            Value::Array(turns) => (turns.iter().map(turn).collect::<Result<_, _>>()?, false),
            one => (vec![turn(one)?], true),
        };
        Ok(Self { deed, turns, for_ever })
    }

    /// Whether the action can give what it is to give.
    pub(super) fn can_be(&self, catalogue: &Catalogue) -> Result<(), String> {
        self.turns.iter().try_for_each(|turn| match &turn.answer {
            Answer::Gives(output) => can_give(&self.deed, output, catalogue),
            Answer::Fails(_) => Ok(()),
        })
    }
}

fn turn(value: &Value) -> Result<Turn, String> {
    let mut output = value.as_object().cloned().unwrap_or_default();
    let takes = match output.remove("takes") {
        None => Duration::ZERO,
        Some(takes) => duration::read(takes.as_str().unwrap_or_default())
            .map_err(|why| format!("`takes` {why}: write 30s or 2m"))?,
    };
    let answer = match output.get("error") {
        None if value.is_object() => Answer::Gives(output),
        None => return Err("is neither an output nor an error: write `{ error: forbidden }`".into()),
        Some(Value::String(kind)) => failure(kind).map(Answer::Fails)?,
        Some(other) => failure(&other.to_string()).map(Answer::Fails)?,
    };
    Ok(Turn { answer, takes })
}

fn failure(word: &str) -> Result<Failure, String> {
    let all = [
        Failure::NotFound,
        Failure::Ambiguous,
        Failure::Forbidden,
        Failure::Credentials,
        Failure::Rejected,
        Failure::Throttled { retry_after: None },
        Failure::Unavailable { retry_after: None },
        Failure::Uncertain,
    ];
    let known = || all.iter().map(|failure| failure.word()).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|failure| failure.word() == word)
        .ok_or_else(|| format!("there is no error {word:?}: write one of {}", known()))
}

/// The systems that a test acts on.
pub(super) struct World {
    inner: Mutex<Inner>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct Inner {
    /// What is in effect, by what it is about and action.
    in_effect: BTreeSet<(String, &'static str)>,
    faults: Vec<Fault>,
    /// What does not last.
    drifts: Vec<Deed>,
    /// What has been seen done, and will not be seen again.
    seen: BTreeSet<(String, &'static str)>,
    /// What people call a target.
    displays: HashMap<Target, String>,
}

impl World {
    pub(super) fn new(
        faults: Vec<Fault>,
        drifts: Vec<Deed>,
        displays: HashMap<Target, String>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::new(Inner { faults, drifts, displays, ..Inner::default() }), clock })
    }

    /// Every action of the catalogue, here.
    pub(super) fn action(self: &Arc<Self>, info: &ActionInfo) -> Arc<dyn AnyAction> {
        Arc::new(StandIn { world: Arc::clone(self), info: info.clone() })
    }

    /// An action of the engine's own, which needs no stand-in and fails only where the test says so.
    pub(super) fn own(self: &Arc<Self>, action: Arc<dyn AnyAction>) -> Arc<dyn AnyAction> {
        Arc::new(Own { world: Arc::clone(self), action })
    }

    /// What this call comes to: its output, or the error that the test gave.
    async fn call(&self, undo: bool, info: &ActionInfo, target: &Target) -> Result<Value, ActionError> {
        let happened = self.inner.lock().deed(undo, info, target);
        let Some(turn) = self.turn(&happened) else { return Ok(Value::Null) };
        if !turn.takes.is_zero() {
            self.clock.sleep(turn.takes).await;
        }
        match turn.answer {
            Answer::Gives(output) => Ok(Value::Object(output)),
            Answer::Fails(failure) => {
                Err(ActionError::new(failure, format!("{happened}: {} (the test says so)", failure.word())))
            }
        }
    }

    /// What the test says of this call, if anything.
    fn turn(&self, happened: &Deed) -> Option<Turn> {
        let mut inner = self.inner.lock();
        let fault =
            inner.faults.iter_mut().find(|fault| !fault.turns.is_empty() && fault.deed.fits(happened))?;
        Some(if fault.for_ever { fault.turns[0].clone() } else { fault.turns.remove(0) })
    }

    /// What does not last is taken back by somebody once it was seen done.
    fn was_seen(&self, target: &Target, subject: &str, info: &ActionInfo) {
        let mut inner = self.inner.lock();
        let deed = inner.deed(false, info, target);
        let key = (subject.to_owned(), info.spec.name);
        if inner.drifts.iter().any(|drift| drift.fits(&deed)) && inner.seen.insert(key.clone()) {
            inner.in_effect.remove(&key);
        }
    }

    fn is_in_effect(&self, subject: &str, action: &'static str) -> bool {
        self.inner.lock().in_effect.contains(&(subject.to_owned(), action))
    }

    fn put(&self, subject: &str, info: &ActionInfo, is: bool) {
        let mut inner = self.inner.lock();
        let of = |action| (subject.to_owned(), action);
        if !is {
            inner.in_effect.remove(&of(info.spec.name));
            return;
        }
        inner.in_effect.insert(of(info.spec.name));
        // Whoever is enabled is not disabled any more. Some actions name themselves.
        if let Some(opposite) = info.spec.undo.filter(|opposite| *opposite != info.spec.name) {
            inner.in_effect.remove(&of(opposite));
        }
    }
}

impl Inner {
    fn deed(&self, undo: bool, info: &ActionInfo, target: &Target) -> Deed {
        Deed {
            undo,
            action: info.spec.name.to_owned(),
            of: self.displays.get(target).cloned(),
            at: Some(info.spec.provider.to_owned()),
        }
    }
}

struct StandIn {
    world: Arc<World>,
    info: ActionInfo,
}

struct Own {
    world: Arc<World>,
    action: Arc<dyn AnyAction>,
}

#[async_trait]
impl AnyAction for Own {
    fn info(&self) -> &ActionInfo {
        self.action.info()
    }

    async fn execute(&self, request: Request<Value>) -> Result<Outcome<Value>, ActionError> {
        self.world.call(false, self.info(), request.target()).await?;
        self.action.execute(request).await
    }

    async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError> {
        self.action.observe(target, params).await
    }

    async fn restore(&self, request: Request<Restore<Value>>) -> Result<Outcome<()>, ActionError> {
        self.world.call(true, self.info(), request.target()).await?;
        self.action.restore(request).await
    }

    fn held(&self, params: &Value) -> Option<String> {
        self.action.held(params)
    }
}

fn state(is: bool) -> State {
    State(json!({ "in_effect": is }))
}

/// What an action is about: its target, or, where there is none, what it says.
fn subject(target: &Target, params: &Value) -> String {
    match target {
        Target::None => params.to_string(),
        target => target.to_string(),
    }
}

#[async_trait]
impl AnyAction for StandIn {
    fn info(&self) -> &ActionInfo {
        &self.info
    }

    async fn execute(&self, request: Request<Value>) -> Result<Outcome<Value>, ActionError> {
        let params = if request.params().is_null() { &json!({}) } else { request.params() };
        self.info.check_params(params).map_err(ActionError::rejected)?;
        let output = self.world.call(false, &self.info, request.target()).await?;
        let subject = subject(request.target(), params);
        let before = self.world.is_in_effect(&subject, self.info.spec.name);
        if before && self.info.spec.readable {
            return Ok(Outcome::unchanged(output));
        }
        self.world.put(&subject, &self.info, true);
        Ok(Outcome::changed(state(before), state(true), output))
    }

    async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError> {
        if !self.info.spec.readable {
            return Err(ActionError::not_readable(self.info.spec.name));
        }
        let subject = subject(target, params);
        let is = self.world.is_in_effect(&subject, self.info.spec.name);
        if is {
            self.world.was_seen(target, &subject, &self.info);
        }
        Ok(Observation { state: state(is), in_effect: if is { InEffect::Yes } else { InEffect::No } })
    }

    async fn restore(&self, request: Request<Restore<Value>>) -> Result<Outcome<()>, ActionError> {
        if self.info.spec.undo.is_none() {
            return Err(ActionError::irreversible(self.info.spec.name));
        }
        self.world.call(true, &self.info, request.target()).await?;
        let subject = subject(request.target(), &request.params().params);
        if !self.world.is_in_effect(&subject, self.info.spec.name) {
            return Ok(Outcome::unchanged(()));
        }
        self.world.put(&subject, &self.info, false);
        Ok(Outcome::changed(state(true), state(false), ()))
    }
}
