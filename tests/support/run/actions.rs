//! What the vendor offers: disable and enable everywhere, sessions that cannot be read back, messages of both kinds.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    AccountFacts, Action, ActionError, ActionSpec, AnyAction, Connection, DeviceFacts, Directory, Effect,
    Impact, InEffect, LookUp, Observation, Outcome, Probe, ProbeReport, Repeat, Request, Restore, State,
    Target, TargetKind, bind,
};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::vendor::{Call, CallKind, Vendor, target};

/// Active Directory.
pub const AD: &str = Provider::ACTIVE_DIRECTORY;
/// Entra ID.
pub const ENTRA: &str = Provider::ENTRA_ID;
/// Okta.
pub const OKTA: &str = Provider::OKTA;
/// Defender for Endpoint.
pub const MDE: &str = Provider::DEFENDER_ENDPOINT;

/// No parameters.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Nothing {}

/// A message.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Message {
    /// What is said.
    #[serde(default)]
    text: String,
}

/// What a look-up gives.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// Whether it holds administrative rights.
    is_privileged: bool,
}

const fn spec(name: &'static str, provider: &'static str, target: TargetKind, impact: Impact) -> ActionSpec {
    ActionSpec {
        name,
        provider,
        target,
        impact,
        undo: None,
        repeat: Repeat::Safe,
        readable: false,
        permissions: &[],
        summary: "For tests.",
        vendor_page: "https://vendor.example",
    }
}

fn call(kind: CallKind, spec: &ActionSpec, at: &Target, key: &str) -> Call {
    let target = match at {
        Target::Account(account) => target(account.provider.as_str(), &account.id),
        Target::Device(device) => target(device.provider.as_str(), &device.id),
        Target::None => "-".into(),
    };
    Call {
        number: 0,
        kind,
        action: spec.name,
        provider: spec.provider.into(),
        target,
        key: key.to_owned(),
        expected: None,
        span: (0, 0),
    }
}

fn state(disabled: bool) -> State {
    State(json!({ "disabled": disabled }))
}

/// Switches something off (`OFF`) or on, at one provider, and can put it back.
pub(super) struct Switch<const AT: usize, const OFF: bool>;

const PLACES: [&str; 4] = [AD, ENTRA, OKTA, MDE];

impl<const AT: usize, const OFF: bool> Switch<AT, OFF> {
    const NAMES: [&'static str; 4] =
        ["account.disable", "account.enable", "device.isolate", "device.release"];

    const fn names() -> (&'static str, &'static str) {
        let first = if AT == 3 { 2 } else { 0 };
        if OFF {
            (Self::NAMES[first], Self::NAMES[first + 1])
        } else {
            (Self::NAMES[first + 1], Self::NAMES[first])
        }
    }
}

impl<const AT: usize, const OFF: bool> Action for Switch<AT, OFF> {
    const SPEC: ActionSpec = ActionSpec {
        undo: Some(Self::names().1),
        readable: true,
        ..spec(
            Self::names().0,
            PLACES[AT],
            if AT == 3 { TargetKind::Device } else { TargetKind::Account },
            if OFF { Impact::Disruptive } else { Impact::Restoring },
        )
    };
    type Params = Nothing;
    type Output = Nothing;
    type Client = Vendor;

    async fn execute(client: &Vendor, request: &Request<Nothing>) -> Result<Outcome<Nothing>, ActionError> {
        let expected = request.before().cloned();
        let call = call(CallKind::Execute, &Self::SPEC, request.target(), &request.key().0);
        let call = Call { expected, ..call };
        let name = call.target.clone();
        client
            .call(call, |work| {
                if work.disabled.contains(&name) == OFF {
                    return Ok(Outcome::unchanged(Nothing {}));
                }
                if OFF {
                    work.disabled.insert(name.clone())
                } else {
                    work.disabled.remove(&name)
                };
                *work.changes.entry(format!("{} {name}", Self::SPEC.name)).or_default() += 1;
                Ok(Outcome::changed(state(!OFF), state(OFF), Nothing {}))
            })
            .await
    }

    async fn observe(client: &Vendor, target: &Target, _: &Nothing) -> Result<Observation, ActionError> {
        let call = call(CallKind::Observe, &Self::SPEC, target, "");
        let name = call.target.clone();
        client
            .call(call, |work| {
                let disabled = work.disabled.contains(&name);
                let in_effect = if disabled == OFF { InEffect::Yes } else { InEffect::No };
                let in_effect = client.seems.lock().clone().unwrap_or(in_effect);
                Ok(Observation { state: state(disabled), in_effect })
            })
            .await
    }

    async fn restore(
        client: &Vendor,
        request: &Request<Restore<Nothing>>,
    ) -> Result<Outcome<()>, ActionError> {
        let expected = Some(request.params().after.clone());
        let call = call(CallKind::Restore, &Self::SPEC, request.target(), &request.key().0);
        let call = Call { expected, ..call };
        let name = call.target.clone();
        let was_disabled = request.params().before == state(true);
        client
            .call(call, |work| {
                if work.disabled.contains(&name) == was_disabled {
                    return Ok(Outcome::unchanged(()));
                }
                if was_disabled {
                    work.disabled.insert(name.clone())
                } else {
                    work.disabled.remove(&name)
                };
                *work.changes.entry(format!("undo {} {name}", Self::SPEC.name)).or_default() += 1;
                Ok(Outcome::changed(state(!was_disabled), state(was_disabled), ()))
            })
            .await
    }
}

/// Ends sessions: nothing to read back, and no harm in doing it twice.
pub(super) struct RevokeSessions;

impl Action for RevokeSessions {
    const SPEC: ActionSpec = spec("account.revoke_sessions", ENTRA, TargetKind::Account, Impact::Disruptive);
    type Params = Nothing;
    type Output = Nothing;
    type Client = Vendor;

    async fn execute(client: &Vendor, request: &Request<Nothing>) -> Result<Outcome<Nothing>, ActionError> {
        let call = call(CallKind::Execute, &Self::SPEC, request.target(), &request.key().0);
        client.call(call, |_| Ok(Outcome::changed(State::default(), State::default(), Nothing {}))).await
    }
}

/// Tells somebody. `KEYED`: a message that has arrived is known by its key, and arrives once.
pub(super) struct Tell<const KEYED: bool>;

impl<const KEYED: bool> Action for Tell<KEYED> {
    const SPEC: ActionSpec = ActionSpec {
        repeat: if KEYED { Repeat::Keyed } else { Repeat::Never },
        ..spec(if KEYED { "desk.tell" } else { "desk.ring" }, "desk", TargetKind::None, Impact::Informing)
    };
    type Params = Message;
    type Output = Nothing;
    type Client = Vendor;

    async fn execute(client: &Vendor, request: &Request<Message>) -> Result<Outcome<Nothing>, ActionError> {
        let key = request.key().0.clone();
        let call = call(CallKind::Execute, &Self::SPEC, request.target(), &key);
        client
            .call(call, |work| {
                let told = work.told.entry(key.clone()).or_default();
                if !KEYED || *told == 0 {
                    *told += 1;
                }
                Ok(Outcome {
                    effect: Effect::Changed { before: State::default(), after: State::default() },
                    external_id: Some("TICKET-1".into()),
                    output: Nothing {},
                })
            })
            .await
    }
}

/// Looks somebody up: an action that only informs, and whose answer later steps read.
pub(super) struct LookSomebodyUp;

impl Action for LookSomebodyUp {
    const SPEC: ActionSpec = spec("directory.get_user", ENTRA, TargetKind::Account, Impact::Informing);
    type Params = Nothing;
    type Output = Found;
    type Client = Vendor;

    async fn execute(client: &Vendor, request: &Request<Nothing>) -> Result<Outcome<Found>, ActionError> {
        let call = call(CallKind::Execute, &Self::SPEC, request.target(), &request.key().0);
        let is_privileged = call.target.contains("admin");
        client.call(call, |_| Ok(Outcome::unchanged(Found { is_privileged }))).await
    }
}

struct In {
    vendor: Vendor,
    provider: &'static str,
}

#[async_trait]
impl Directory for In {
    fn provider(&self) -> Provider {
        self.provider.into()
    }

    fn knows_accounts(&self) -> bool {
        self.provider != MDE
    }

    fn knows_devices(&self) -> bool {
        self.provider == MDE
    }

    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let spec = spec("look_up", self.provider, TargetKind::Account, Impact::Informing);
        let call = call(CallKind::LookUp, &spec, &Target::None, "");
        self.vendor.call(call, |_| Ok(())).await?;
        Ok(self.vendor.account(self.provider, identifiers))
    }

    async fn device(&self, identifiers: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        let spec = spec("look_up", self.provider, TargetKind::Device, Impact::Informing);
        let call = call(CallKind::LookUp, &spec, &Target::None, "");
        self.vendor.call(call, |_| Ok(())).await?;
        Ok(self.vendor.device(identifiers))
    }
}

#[async_trait]
impl Probe for Vendor {
    async fn probe(&self) -> ProbeReport {
        ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() }
    }
}

impl Vendor {
    /// Everything that it offers, connected.
    pub fn connection(&self) -> Connection {
        let client = Arc::new(self.clone());
        let actions: Vec<Arc<dyn AnyAction>> = vec![
            bind::<Switch<0, true>>(Arc::clone(&client)),
            bind::<Switch<1, true>>(Arc::clone(&client)),
            bind::<Switch<2, true>>(Arc::clone(&client)),
            bind::<Switch<3, true>>(Arc::clone(&client)),
            bind::<Switch<0, false>>(Arc::clone(&client)),
            bind::<RevokeSessions>(Arc::clone(&client)),
            bind::<LookSomebodyUp>(Arc::clone(&client)),
            bind::<Tell<true>>(Arc::clone(&client)),
            bind::<Tell<false>>(client),
        ];
        let directory = |provider| Arc::new(In { vendor: self.clone(), provider }) as Arc<dyn Directory>;
        Connection {
            name: "vendor".into(),
            actions,
            directories: PLACES.map(directory).to_vec(),
            carrier: None,
            probe: Arc::new(self.clone()),
        }
    }
}
