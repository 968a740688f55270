//! [`Facet`]: what an incident or alert has once: its owner, its severity, whether it is closed. How it is read, changed
//! and put back is the same for all of them.

use std::marker::PhantomData;

use quell_action::{
    Action, ActionError, ActionSpec, InEffect, Observation, Outcome, Request, Restore, State, Target,
};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::Client;
use crate::matter::{Kind, Matter, Shown, Which};

/// One facet, and what it is to become: the parameters of the action that changes it.
pub(crate) trait Facet: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// The action; its first right is the one that writing needs.
    const SPEC: ActionSpec;
    /// What it is a facet of.
    const KIND: Kind;
    /// What later steps can read.
    type Shown: Shown;

    /// Which one is meant.
    fn which(&self) -> Result<Which<'_>, ActionError>;

    /// Whether it can be asked for at all.
    fn check(&self) -> Result<(), ActionError> {
        Ok(())
    }

    /// Which of several it is, where there may be more of its kind: a tag.
    fn item(&self) -> Option<&str> {
        None
    }

    /// How it stands.
    fn read(&self, matter: &Matter) -> Value;

    /// Whether it is as wanted.
    fn is_so(&self, matter: &Matter) -> bool;

    /// Why it is left as it is, though it is not as wanted.
    fn must_stay(&self, _matter: &Matter) -> Option<String> {
        None
    }

    /// The members to write, for it to be as wanted.
    fn wanted(&self, matter: &Matter) -> Value;

    /// The members to write, for it to be what was read of it before.
    fn put_back(&self, _matter: &Matter, before: &Value) -> Value {
        before.clone()
    }
}

/// The action that changes a facet.
pub(crate) struct Change<F>(PhantomData<F>);

impl<F: Facet> Action for Change<F> {
    const SPEC: ActionSpec = F::SPEC;
    type Params = F;
    type Output = F::Shown;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<F>) -> Result<Outcome<F::Shown>, ActionError> {
        no_target(request.target(), F::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let facet = request.params();
        facet.check()?;
        let matter = client.find(facet.which()?, deadline).await?;
        if facet.is_so(&matter) {
            return Ok(told(&matter, Outcome::unchanged(F::Shown::of(&matter))));
        }
        if let Some(why) = facet.must_stay(&matter) {
            return Err(ActionError::rejected(why));
        }
        let now = client.change(&matter, facet.wanted(&matter), right::<F>(), deadline).await?;
        if !facet.is_so(&now) {
            return Err(otherwise(&now));
        }
        let (before, after) = (state(facet, &matter), state(facet, &now));
        Ok(told(&now, Outcome::changed(before, after, F::Shown::of(&now))))
    }

    async fn observe(client: &Client, target: &Target, facet: &F) -> Result<Observation, ActionError> {
        no_target(target, F::SPEC.name)?;
        facet.check()?;
        let matter = client.find(facet.which()?, client.look()).await?;
        let in_effect = if facet.is_so(&matter) { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: state(facet, &matter), in_effect })
    }

    async fn restore(client: &Client, request: &Request<Restore<F>>) -> Result<Outcome<()>, ActionError> {
        no_target(request.target(), F::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let Restore { params: facet, before, after } = request.params();
        // The alert may be in another incident by now: the one that was changed is meant.
        let id = before.0["id"].as_str().ok_or_else(|| {
            ActionError::rejected("the record does not say what was changed; nothing is put back")
        })?;
        let matter = client.read(F::KIND, id, deadline).await?;
        let now = state(facet, &matter);
        if now == *before {
            return Ok(Outcome::unchanged(()));
        }
        if now != *after {
            let why = format!("{} was changed meanwhile and is left alone", matter.display());
            return Err(ActionError::rejected(why));
        }
        let members = facet.put_back(&matter, &before.0["is"]);
        let restored = client.change(&matter, members, right::<F>(), deadline).await?;
        match state(facet, &restored) == *before {
            true => Ok(Outcome::changed(now, before.clone(), ())),
            false => Err(otherwise(&restored)),
        }
    }

    fn held(facet: &F) -> Option<String> {
        let which = facet.which().ok()?;
        Some(match facet.item() {
            Some(item) => format!("{which}, {}", item.trim().to_lowercase()),
            None => which.to_string(),
        })
    }
}

/// These actions are about incidents and alerts, and nobody is touched by them.
pub(crate) fn no_target(target: &Target, action: &str) -> Result<(), ActionError> {
    match target {
        Target::None => Ok(()),
        _ => Err(ActionError::rejected(format!("{action} has no target"))),
    }
}

fn right<F: Facet>() -> &'static str {
    F::SPEC.permissions.first().copied().unwrap_or_default()
}

/// How a facet stands, and of what.
fn state<F: Facet>(facet: &F, matter: &Matter) -> State {
    State(json!({ "id": matter.id, "is": facet.read(matter) }))
}

fn told<S>(matter: &Matter, outcome: Outcome<S>) -> Outcome<S> {
    Outcome { external_id: Some(matter.id.clone()), ..outcome }
}

fn otherwise(matter: &Matter) -> ActionError {
    let why = format!("Defender XDR took the change of {}, and shows another state", matter.display());
    ActionError::uncertain(why)
}
