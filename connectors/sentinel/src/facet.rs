//! [`Facet`]: what an incident has once: its severity, its owner, whether it is closed. How it is read, changed and put
//! back is the same for all of them.

use std::marker::PhantomData;

use quell_action::{
    Action, ActionError, ActionSpec, InEffect, Observation, Outcome, Request, Restore, State, Target,
};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{Client, Written};
use crate::find::Which;
use crate::incident::{Incident, IncidentOutput};

/// Whoever is overtaken so often gives way.
const ROUNDS: usize = 3;

/// One facet of an incident, and what it is to become: the parameters of the action that changes it.
pub(crate) trait Facet: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// The action.
    const SPEC: ActionSpec;

    /// Which incident is meant.
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
    fn read(&self, incident: &Incident) -> Value;

    /// Whether it is as wanted.
    fn is_so(&self, incident: &Incident) -> bool;

    /// Why it is left as it is, though it is not as wanted.
    fn must_stay(&self, _incident: &Incident) -> Option<String> {
        None
    }

    /// Makes it as wanted.
    fn make_so(&self, incident: &mut Incident);

    /// Makes it what was read of it before.
    fn put_back(&self, incident: &mut Incident, before: &Value);
}

/// The action that changes a facet.
pub(crate) struct Change<F>(PhantomData<F>);

impl<F: Facet> Action for Change<F> {
    const SPEC: ActionSpec = F::SPEC;
    type Params = F;
    type Output = IncidentOutput;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<F>) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), F::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let facet = request.params();
        facet.check()?;
        let mut incident = client.find(facet.which()?, deadline).await?;
        for _ in 0..ROUNDS {
            if facet.is_so(&incident) {
                return Ok(told(&incident, Outcome::unchanged(incident.output())));
            }
            if let Some(why) = facet.must_stay(&incident) {
                return Err(ActionError::rejected(why));
            }
            let before = state(facet, &incident);
            let mut wanted = incident.clone();
            facet.make_so(&mut wanted);
            match client.replace(&wanted, &doing(F::SPEC.name, &incident), deadline).await? {
                Written::Overtaken => incident = client.incident(&incident.name, deadline).await?,
                Written::Taken(now) if facet.is_so(&now) => {
                    let after = state(facet, &now);
                    return Ok(told(&now, Outcome::changed(before, after, now.output())));
                }
                Written::Taken(now) => return Err(otherwise(&now)),
            }
        }
        Err(overtaken(&incident))
    }

    async fn observe(client: &Client, target: &Target, facet: &F) -> Result<Observation, ActionError> {
        no_target(target, F::SPEC.name)?;
        facet.check()?;
        let incident = client.find(facet.which()?, client.look()).await?;
        let in_effect = if facet.is_so(&incident) { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: state(facet, &incident), in_effect })
    }

    async fn restore(client: &Client, request: &Request<Restore<F>>) -> Result<Outcome<()>, ActionError> {
        no_target(request.target(), F::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let Restore { params: facet, before, after } = request.params();
        // The alert may be in another incident by now: the one that was changed is meant.
        let name = before.0["incident"].as_str().ok_or_else(|| {
            ActionError::rejected("the record does not say which incident was changed; nothing is put back")
        })?;
        for _ in 0..ROUNDS {
            let incident = client.incident(name, deadline).await?;
            let now = state(facet, &incident);
            if now == *before {
                return Ok(Outcome::unchanged(()));
            }
            if now != *after {
                let why = format!("{} was changed meanwhile and is left alone", incident.display());
                return Err(ActionError::rejected(why));
            }
            let mut wanted = incident.clone();
            facet.put_back(&mut wanted, &before.0["is"]);
            match client.replace(&wanted, &doing("undoing", &incident), deadline).await? {
                Written::Overtaken => {}
                Written::Taken(restored) if state(facet, &restored) == *before => {
                    return Ok(Outcome::changed(now, before.clone(), ()));
                }
                Written::Taken(restored) => return Err(otherwise(&restored)),
            }
        }
        Err(ActionError::unavailable("the incident is being changed by others all the time"))
    }

    fn held(facet: &F) -> Option<String> {
        let which = facet.which().ok()?;
        Some(match facet.item() {
            Some(item) => format!("{which}, {}", item.trim().to_lowercase()),
            None => which.to_string(),
        })
    }
}

/// These actions are about incidents, and nobody is touched by them.
pub(crate) fn no_target(target: &Target, action: &str) -> Result<(), ActionError> {
    match target {
        Target::None => Ok(()),
        _ => Err(ActionError::rejected(format!("{action} has no target"))),
    }
}

/// How a facet stands, and of which incident.
fn state<F: Facet>(facet: &F, incident: &Incident) -> State {
    State(serde_json::json!({ "incident": incident.name, "is": facet.read(incident) }))
}

fn told(incident: &Incident, outcome: Outcome<IncidentOutput>) -> Outcome<IncidentOutput> {
    Outcome { external_id: Some(incident.name.clone()), ..outcome }
}

fn doing(what: &str, incident: &Incident) -> String {
    format!("{what}, {}", incident.display())
}

fn otherwise(incident: &Incident) -> ActionError {
    ActionError::uncertain(format!(
        "Sentinel took the change of {}, and shows another state",
        incident.display()
    ))
}

fn overtaken(incident: &Incident) -> ActionError {
    ActionError::unavailable(format!("{} is being changed by others all the time", incident.display()))
}
