//! [`LabAction`]: one row of the catalogue, bound to the lab.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionError, ActionInfo, AnyAction, Effect, InEffect, Observation, Outcome, Request, Restore, State,
    Target, TargetKind,
};
use serde_json::{Value, json};

use crate::catalogue::Row;
use crate::deed::{Deed, Values};
use crate::fault::{During, Trouble};
use crate::lab::{Lab, OwnedCall, names_of};
use crate::label;
use crate::world::{Change, Drift, Job, SOMEBODY, World};

pub(crate) struct LabAction {
    lab: Arc<Lab>,
    row: &'static Row,
    info: ActionInfo,
}

/// Who asks for a change, for the history.
struct By {
    action: String,
    key: String,
}

impl LabAction {
    pub(crate) fn new(lab: Arc<Lab>, row: &'static Row) -> Self {
        Self { lab, row, info: row.info() }
    }

    /// The parameters with their defaults, where they and the target are fit.
    fn fit(&self, target: &Target, params: &Value) -> Result<Value, ActionError> {
        let kind = match target {
            Target::Account(_) => TargetKind::Account,
            Target::Device(_) => TargetKind::Device,
            Target::None => TargetKind::None,
        };
        let name = self.row.spec.name;
        if kind != self.row.spec.target {
            return Err(ActionError::rejected(format!("{name} does not act on {target}")));
        }
        let params = if params.is_null() { &json!({}) } else { params };
        self.info
            .check_params(params)
            .map_err(|why| ActionError::rejected(format!("the parameters of {name} do not fit: {why}")))?;
        Ok(self.row.filled(params))
    }

    async fn call(
        &self,
        during: During,
        target: &Target,
        time_limit: Option<Duration>,
    ) -> Result<OwnedCall, ActionError> {
        let spec = &self.row.spec;
        let names = |world: &World| names_of(world, target);
        self.lab.call((during, Some(spec.name), spec.provider), names, time_limit).await
    }

    fn by(&self, key: &str, undo: bool) -> By {
        let name = self.row.spec.name;
        By { action: if undo { format!("undo of {name}") } else { name.to_owned() }, key: key.to_owned() }
    }
}

#[async_trait]
impl AnyAction for LabAction {
    fn info(&self) -> &ActionInfo {
        &self.info
    }

    async fn execute(&self, request: Request<Value>) -> Result<Outcome<Value>, ActionError> {
        let target = request.target().clone();
        let params = self.fit(&target, request.params())?;
        let call = self.call(During::Acting, &target, Some(request.time_limit())).await?;
        let too_late = call.too_late;
        let (row, by) = (self.row, self.by(&request.key().0, false));
        let outcome = self
            .lab
            .change(call, move |world, trouble| {
                in_trouble(trouble, |drift| {
                    let params = label::resolved(world, &target, row.deed, params)?;
                    label::may_join(world, row.deed, &params)?;
                    let mut outcome = execute(world, &target, row.deed, &params, &by, drift)?;
                    outcome.output = row.output(&world.display_of(&target), &params);
                    Ok(outcome)
                })
            })
            .await??;
        if too_late { Err(late()) } else { Ok(outcome) }
    }

    async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError> {
        if !self.row.spec.readable {
            return Err(ActionError::not_readable(self.row.spec.name));
        }
        let params = self.fit(target, params)?;
        let call = self.call(During::Looking, target, None).await?;
        let (deed, target) = (self.row.deed, target.clone());
        self.lab
            .change(call, move |world, trouble| {
                in_trouble(trouble, |_| {
                    let params = label::resolved(world, &target, deed, params)?;
                    observe(world, &target, deed, &params)
                })
            })
            .await?
    }

    async fn restore(&self, request: Request<Restore<Value>>) -> Result<Outcome<()>, ActionError> {
        if self.row.spec.undo.is_none() {
            return Err(ActionError::irreversible(self.row.spec.name));
        }
        let (target, restore) = (request.target().clone(), request.params().clone());
        let params = self.fit(&target, &restore.params)?;
        let call = self.call(During::Acting, &target, Some(request.time_limit())).await?;
        let too_late = call.too_late;
        let (deed, by) = (self.row.deed, self.by(&request.key().0, true));
        let outcome = self
            .lab
            .change(call, move |world, trouble| {
                in_trouble(trouble, |_| {
                    let params = label::resolved(world, &target, deed, params)?;
                    put_back(world, &target, deed, &params, &restore, &by)
                })
            })
            .await??;
        if too_late { Err(late()) } else { Ok(outcome) }
    }
}

/// Does it, unless a fault stands before it; and forgets the answer, where a fault stands behind it.
fn in_trouble<T>(
    trouble: Trouble,
    doing: impl FnOnce(Option<u32>) -> Result<T, ActionError>,
) -> Result<T, ActionError> {
    if let Some(refusal) = trouble.refusal {
        return Err(refusal);
    }
    let done = doing(trouble.drift_after)?;
    trouble.lost.map_or(Ok(done), Err)
}

fn execute(
    world: &mut World,
    target: &Target,
    deed: Deed,
    params: &Value,
    by: &By,
    drift_after: Option<u32>,
) -> Result<Outcome<Value>, ActionError> {
    match deed {
        Deed::Starts => start(world, target, by),
        Deed::Happens(attribute) | Deed::HappensUnlessServices(attribute) => {
            let subject = world.target_mut(target).ok_or_else(|| unknown(target))?;
            deed.spares_services(&subject, params)?;
            happen(world, target, attribute, by)
        }
        Deed::Sets(_) | Deed::Member(_) | Deed::Tags => set(world, target, deed, params, by, drift_after),
    }
}

fn set(
    world: &mut World,
    target: &Target,
    deed: Deed,
    params: &Value,
    by: &By,
    drift_after: Option<u32>,
) -> Result<Outcome<Value>, ActionError> {
    let mut subject = world.target_mut(target).ok_or_else(|| unknown(target))?;
    let (before, wanted) = (deed.read(&subject, params), deed.wanted(params));
    let idle = deed.idle(&subject, params);
    if deed.is_done(&before, &wanted) {
        let effect = match idle {
            Some(why) => {
                Effect::Ineffective { before: state(&before), after: state(&before), why: why.into() }
            }
            None => Effect::Unchanged,
        };
        return Ok(Outcome { effect, external_id: None, output: Value::Null });
    }
    deed.possible_from(&before)?;
    deed.write(&mut subject, params, &wanted);
    // A group or a tag that comes and goes leaves nothing behind that could drift.
    if let (Some(after_reads), Deed::Sets(_)) = (drift_after, deed) {
        *subject.drift = Some(Drift { back_to: before.clone(), after_reads });
    }
    let of = subject.of.to_owned();
    record(world, target, &of, &before, &wanted, by);
    let (before, after) = (state(&before), state(&wanted));
    let effect = match idle {
        Some(why) => Effect::Ineffective { before, after, why: why.into() },
        None => Effect::Changed { before, after },
    };
    Ok(Outcome { effect, external_id: None, output: Value::Null })
}

/// Each time has its effect, and leaves nothing to read but a count.
fn happen(
    world: &mut World,
    target: &Target,
    attribute: &str,
    by: &By,
) -> Result<Outcome<Value>, ActionError> {
    let of = world.target_mut(target).ok_or_else(|| unknown(target))?.of.to_owned();
    let happened = Values::from([(attribute.to_owned(), json!(true))]);
    record(world, target, &of, &Values::new(), &happened, by);
    Ok(Outcome::changed(State::default(), State::default(), Value::Null))
}

/// A key that is known has started its job already.
fn start(world: &mut World, target: &Target, by: &By) -> Result<Outcome<Value>, ActionError> {
    let device = world.target_mut(target).ok_or_else(|| unknown(target))?.of.to_owned();
    let number = world.jobs.len() + 1;
    let known = world.jobs.get(&by.key).cloned();
    let job = known.clone().unwrap_or(Job {
        id: format!("job-{number}"),
        action: by.action.clone(),
        device: device.clone(),
    });
    if known.is_none() {
        world.jobs.insert(by.key.clone(), job.clone());
        let started = Values::from([(by.action.clone(), json!(job.id))]);
        record(world, target, &device, &Values::new(), &started, by);
    }
    let mut outcome = Outcome::changed(State::default(), State::default(), Value::Null);
    outcome.external_id = Some(job.id);
    Ok(outcome)
}

fn observe(
    world: &mut World,
    target: &Target,
    deed: Deed,
    params: &Value,
) -> Result<Observation, ActionError> {
    drift(world, target)?;
    let subject = world.target_mut(target).ok_or_else(|| unknown(target))?;
    let in_effect: InEffect = deed.in_effect(&subject, params);
    Ok(Observation { state: state(&deed.read(&subject, params)), in_effect })
}

/// Somebody changes back what they were told to, when the time has come.
fn drift(world: &mut World, target: &Target) -> Result<(), ActionError> {
    let subject = world.target_mut(target).ok_or_else(|| unknown(target))?;
    let Some(drift) = subject.drift else { return Ok(()) };
    if drift.after_reads > 1 {
        drift.after_reads -= 1;
        return Ok(());
    }
    let back_to = drift.back_to.clone();
    let now = |name: &String| (name.clone(), subject.attributes.get(name).cloned().unwrap_or_default());
    let before: Values = back_to.keys().map(now).collect();
    subject.attributes.extend(back_to.clone());
    *subject.drift = None;
    let (of, by) = (subject.of.to_owned(), By { action: SOMEBODY.to_owned(), key: String::new() });
    record(world, target, &of, &before, &back_to, &by);
    Ok(())
}

fn put_back(
    world: &mut World,
    target: &Target,
    deed: Deed,
    params: &Value,
    restore: &Restore<Value>,
    by: &By,
) -> Result<Outcome<()>, ActionError> {
    let mut subject = world.target_mut(target).ok_or_else(|| unknown(target))?;
    let now = deed.read(&subject, params);
    if state(&now) == restore.before {
        return Ok(Outcome::unchanged(()));
    }
    if state(&now) != restore.after {
        let found = state(&now).0;
        return Err(ActionError::rejected(format!(
            "somebody else changed it meanwhile: it is {found}; left alone"
        )));
    }
    let before: Values = serde_json::from_value(restore.before.0.clone())
        .map_err(|_| ActionError::rejected("what was recorded before the call is no state of the lab"))?;
    deed.write(&mut subject, params, &before);
    *subject.drift = None;
    let of = subject.of.to_owned();
    record(world, target, &of, &now, &before, by);
    Ok(Outcome::changed(restore.after.clone(), restore.before.clone(), ()))
}

fn record(world: &mut World, target: &Target, of: &str, before: &Values, after: &Values, by: &By) {
    let provider = match target {
        Target::Account(key) => key.provider.to_string(),
        Target::Device(key) => key.provider.to_string(),
        Target::None => String::new(),
    };
    let ours = by.action != SOMEBODY;
    for (attribute, to) in after {
        let from = before.get(attribute).cloned().unwrap_or_default();
        if from == *to {
            continue;
        }
        world.history.push(Change {
            at: quell_kit::now(),
            of: of.to_owned(),
            provider: provider.clone(),
            attribute: attribute.clone(),
            from,
            to: to.clone(),
            by: by.action.clone(),
            key: ours.then(|| by.key.clone()),
        });
    }
}

fn state(values: &Values) -> State {
    State(json!(values))
}

fn unknown(target: &Target) -> ActionError {
    ActionError::not_found(format!("the lab knows no {target}"))
}

fn late() -> ActionError {
    ActionError::uncertain("the lab's answer came later than the call may take")
}
