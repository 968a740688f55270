//! Jobs: orders that are carried out once and change nothing that could be put back. Each is found again by the key in
//! its comment, so that it is given once, however often it is asked for.

use quell_action::{ActionError, Failure, Outcome, Request, State};
use quell_kit::{Call, Deadline};
use serde_json::Value;
use std::time::Duration;

use crate::actions::OnDevice;
use crate::client::{Client, Given};
use crate::machine::Machine;
use crate::order::{Order, comment, mark};

/// One kind of job.
pub(crate) struct Job {
    /// As it is listed.
    pub(crate) kind: &'static str,
    /// What it is called when it is given.
    pub(crate) call: &'static str,
    pub(crate) right: &'static str,
    /// Whether one that somebody else has given is as good as ours.
    pub(crate) others_will_do: bool,
}

impl Job {
    /// Gives the order, unless it was given for this key before, and follows it.
    pub(crate) async fn start<P>(
        &self,
        client: &Client,
        request: &Request<P>,
        (mut body, note): (Value, Option<&str>),
    ) -> Result<Outcome<OnDevice>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let machine = client.machine(request.target(), deadline).await?;
        let mark = mark(&request.key().0);
        if let Some(order) = self.given(client, &machine, deadline, |order| order.is_marked(&mark)).await? {
            return self.done(&machine, client.follow(order, deadline).await);
        }
        body["Comment"] = Value::from(comment(note, &mark));
        match client.give(&machine, (self.call, body), self.right, Call::WritesKeyed, deadline).await? {
            Given::Taken(order) => self.done(&machine, client.follow(order, deadline).await),
            Given::AlreadyUnderWay => {
                // It may be one of ours, whose answer was lost.
                let given = self.given(client, &machine, deadline, |order| !order.status.is_final()).await?;
                match given {
                    Some(order) if order.is_marked(&mark) => self.done(&machine, order),
                    Some(order) if self.others_will_do => {
                        let outcome = Outcome::unchanged(OnDevice::of(&machine));
                        Ok(Outcome { external_id: Some(order.id), ..outcome })
                    }
                    _ => Err(ActionError::new(
                        Failure::Unavailable { retry_after: Some(Duration::from_secs(60)) },
                        format!("{} is busy with another {}", machine.display(), self.kind),
                    )),
                }
            }
        }
    }

    async fn given(
        &self,
        client: &Client,
        machine: &Machine,
        deadline: Deadline,
        fits: impl Fn(&Order) -> bool,
    ) -> Result<Option<Order>, ActionError> {
        let orders = client.orders(machine, deadline).await?;
        Ok(orders.all.into_iter().find(|order| order.is_a(self.kind) && fits(order)))
    }

    fn done(&self, machine: &Machine, order: Order) -> Result<Outcome<OnDevice>, ActionError> {
        match order.status.is_in_vain() {
            false => {
                let outcome = Outcome::changed(State::default(), State::default(), OnDevice::of(machine));
                Ok(Outcome { external_id: Some(order.id), ..outcome })
            }
            true => Err(ActionError::rejected(format!(
                "{} {}: the device was told, and it came to nothing ({:?}); see the order {} in the portal",
                self.call,
                machine.display(),
                order.status,
                order.id
            ))),
        }
    }
}
