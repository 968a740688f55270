//! `device.disable_account`: the machine's account can no longer sign in to the domain.
//!
//! The machine gets no more tickets, cannot renew its secure channel, and lets nobody in whom it has not let in before.
//! It stays on the network, and tickets that were given out before keep working until they expire (ten hours by default):
//! isolate it as well where something can.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};
use quell_alert::Provider;

use super::{NoParams, OnMachine, enabled};
use crate::client::Client;

/// Disables the account of a machine.
pub(crate) struct DisableMachine;

impl Action for DisableMachine {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.disable_account",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Device,
        impact: Impact::Disruptive,
        undo: Some("device.enable_account"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read userAccountControl", "Write userAccountControl"],
        summary: "Disables the device's computer account in its Active Directory domain: it can no longer sign in there.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-useraccountcontrol",
    };
    type Params = NoParams;
    type Output = OnMachine;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnMachine>, ActionError> {
        enabled::set(client, request, false, OnMachine::of).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        enabled::observe(client, target, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        enabled::restore(client, request).await
    }
}
