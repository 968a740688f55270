//! [`Switch`]: what can be switched on and off at a device. There is no flag over there that tells: its position is
//! what the newest order says that was not in vain.

use chrono::TimeDelta;
use quell_action::{ActionError, Failure, InEffect, Observation, Outcome, Request, Restore, State, Target};
use quell_kit::{Call, Deadline};
use serde_json::{Value, json};
use std::time::Duration;

use crate::actions::OnDevice;
use crate::client::{Client, Given, Orders};
use crate::machine::Machine;
use crate::order::{Order, comment, mark};

/// Nothing is switched on.
pub(crate) const OFF: &str = "none";
/// An order that waits is looked at again after this.
const LATER: Duration = Duration::from_secs(60);

/// What can be switched on and off.
pub(crate) struct Switch {
    /// The name of its position in the record.
    pub(crate) name: &'static str,
    /// The kinds of order that switch it on and off, as they are listed.
    pub(crate) kinds: [&'static str; 2],
    /// What they are called when they are given.
    pub(crate) calls: [&'static str; 2],
    pub(crate) right: &'static str,
    /// The position that an order leads to that switches it on, by its scope.
    pub(crate) on: fn(Option<&str>) -> &'static str,
    /// What goes with the order that switches it on, apart from the comment.
    pub(crate) with: fn(&str) -> Value,
    /// After so long it is lifted over there.
    pub(crate) lasts: Option<TimeDelta>,
    /// Why a platform may not be able to take this position. It is told anyway: versions change, and a refusal is.
    pub(crate) doubt: fn(&str, &str) -> Option<&'static str>,
}

/// Where a switch stands.
struct Position<'a> {
    at: &'static str,
    /// The order that leads there, while it is not at its end.
    under_way: Option<&'a Order>,
    /// The order that led there.
    by: Option<&'a Order>,
}

impl Switch {
    /// Brings it into this position.
    pub(crate) async fn set<P>(
        &self,
        client: &Client,
        request: &Request<P>,
        (wanted, note): (&'static str, Option<&str>),
    ) -> Result<Outcome<OnDevice>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let machine = client.machine(request.target(), deadline).await?;
        let orders = client.orders(&machine, deadline).await?;
        let position = self.position(&orders);
        let output = OnDevice::of(&machine);
        if position.at == wanted {
            let external_id = position.by.map(|order| order.id.clone());
            return Ok(Outcome { external_id, ..Outcome::unchanged(output) });
        }
        if let Some(order) = position.under_way {
            return Err(busy(&machine, order));
        }
        let text = comment(note, &mark(&request.key().0));
        let before = self.state(position.at);
        match self.turn(client, &machine, (wanted, &text), deadline).await? {
            Some(order) => {
                let outcome = Outcome::changed(before, self.state(wanted), output);
                Ok(Outcome { external_id: Some(order.id), ..outcome })
            }
            None => Ok(Outcome::unchanged(output)),
        }
    }

    /// Why this device may not be able to take this position.
    pub(crate) fn doubt_about(&self, machine: &Machine, wanted: &str) -> Option<&'static str> {
        (self.doubt)(machine.os_platform.as_deref()?, wanted)
    }

    /// Looks where it stands. Where it may not be possible to bring it into the position, that is said here already: a
    /// run that only observes looks, and every run looks before it acts.
    pub(crate) async fn observe(
        &self,
        client: &Client,
        target: &Target,
        wanted: &'static str,
    ) -> Result<Observation, ActionError> {
        let deadline = client.look();
        let machine = client.machine(target, deadline).await?;
        let orders = client.orders(&machine, deadline).await?;
        let position = self.position(&orders);
        if position.at != wanted {
            self.warn_of(&machine, wanted);
        }
        let in_effect = match (position.at == wanted, position.under_way) {
            (true, Some(_)) => InEffect::Pending,
            (true, None) => InEffect::Yes,
            (false, _) => InEffect::No,
        };
        Ok(Observation { state: self.state(position.at), in_effect })
    }

    /// Puts back what stood there before. An order of ours that still waits is cancelled.
    pub(crate) async fn restore<P>(
        &self,
        client: &Client,
        request: &Request<Restore<P>>,
    ) -> Result<Outcome<()>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let (before, after) = (self.read(&request.params().before)?, self.read(&request.params().after)?);
        let machine = client.machine(request.target(), deadline).await?;
        let orders = client.orders(&machine, deadline).await?;
        let position = self.position(&orders);
        if position.at == before {
            return Ok(Outcome::unchanged(()));
        }
        if position.at != after {
            return Err(ActionError::rejected(format!(
                "{} was changed meanwhile and is left alone: {} was left as {after} and is {} now",
                machine.display(),
                self.name,
                position.at
            )));
        }
        let text = comment(Some("undone"), &mark(&request.key().0));
        if let Some(order) = position.under_way {
            let status = client.cancel(order, &text, self.right, deadline).await?;
            if !status.is_in_vain() {
                return Err(busy(&machine, order));
            }
            let left = Orders {
                all: orders.all.iter().filter(|other| other.id != order.id).cloned().collect(),
                read_at: orders.read_at,
            };
            if self.position(&left).at == before {
                return Ok(Outcome::changed(self.state(after), self.state(before), ()));
            }
        }
        match self.turn(client, &machine, (before, &text), deadline).await? {
            Some(order) => Ok(Outcome {
                external_id: Some(order.id),
                ..Outcome::changed(self.state(after), self.state(before), ())
            }),
            None => Ok(Outcome::unchanged(())),
        }
    }

    /// Gives the order and follows it. Nothing where somebody else has given the same at the same moment.
    async fn turn(
        &self,
        client: &Client,
        machine: &Machine,
        (wanted, text): (&'static str, &str),
        deadline: Deadline,
    ) -> Result<Option<Order>, ActionError> {
        let mut body = if wanted == OFF { json!({}) } else { (self.with)(wanted) };
        body["Comment"] = json!(text);
        let call = self.calls[usize::from(wanted == OFF)];
        let order = match client.give(machine, (call, body), self.right, Call::Writes, deadline).await? {
            Given::Taken(order) => client.follow(order, deadline).await,
            Given::AlreadyUnderWay => {
                let orders = client.orders(machine, deadline).await?;
                let position = self.position(&orders);
                return match (position.at == wanted, position.under_way) {
                    (true, _) => Ok(None),
                    (false, Some(order)) => Err(busy(machine, order)),
                    // The list may lag behind for a moment.
                    (false, None) => Err(ActionError::new(
                        Failure::Unavailable { retry_after: Some(LATER) },
                        format!(
                            "{} is said to be at it already, and its list does not show it",
                            machine.display()
                        ),
                    )),
                };
            }
        };
        match order.status.is_in_vain() {
            false => Ok(Some(order)),
            true => Err(ActionError::rejected(format!(
                "{call} {}: the device was told, and it came to nothing ({:?}); see the order {} in the portal",
                machine.display(),
                order.status,
                order.id
            ))),
        }
    }

    fn warn_of(&self, machine: &Machine, wanted: &str) {
        if let Some(doubt) = self.doubt_about(machine, wanted) {
            tracing::warn!(
                device = machine.display(),
                what = self.name,
                doubt,
                "this device may not be able to do what it is about to be told"
            );
        }
    }

    fn position<'a>(&self, orders: &'a Orders) -> Position<'a> {
        let [on, off] = self.kinds;
        let ours = |order: &&Order| order.is_a(on) || order.is_a(off);
        let newest = orders.all.iter().filter(ours).find(|order| !order.status.is_in_vain());
        let Some(order) = newest else { return Position { at: OFF, under_way: None, by: None } };
        let under_way = (!order.status.is_final()).then_some(order);
        let lapsed = match (self.lasts, orders.read_at, order.given_at()) {
            (Some(lasts), Some(now), Some(given)) => under_way.is_none() && now - given >= lasts,
            _ => false,
        };
        let at = if order.is_a(off) || lapsed { OFF } else { (self.on)(order.scope.as_deref()) };
        Position { at, under_way, by: Some(order) }
    }

    fn state(&self, position: &str) -> State {
        State(json!({ self.name: position }))
    }

    fn read(&self, state: &State) -> Result<&'static str, ActionError> {
        let word = state.0[self.name].as_str().unwrap_or_default();
        let known = [OFF, "full", "selective", "restricted"];
        known.into_iter().find(|known| *known == word).ok_or_else(|| {
            ActionError::rejected(format!("the state that was kept has no {} that is known", self.name))
        })
    }
}

fn busy(machine: &Machine, order: &Order) -> ActionError {
    ActionError::new(
        Failure::Unavailable { retry_after: Some(LATER) },
        format!(
            "{} has the order {} ({}) before it, which is not at its end",
            machine.display(),
            order.kind,
            order.id
        ),
    )
}
