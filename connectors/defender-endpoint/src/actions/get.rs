//! `defender_endpoint.get_device`: reads a device, for later steps to go by. It tells who had an address, and makes
//! nobody a target: addresses change hands.

use std::net::IpAddr;

use chrono::{DateTime, SecondsFormat, Utc};
use quell_action::{Action, ActionError, ActionSpec, Failure, Impact, Outcome, Request, Target, TargetKind};
use quell_alert::DeviceIdentifier;
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BASE;
use super::isolation::ISOLATION;
use super::restriction::{RESTRICTED, RESTRICTION};
use crate::client::Client;
use crate::directory::named;
use crate::machine::{Machine, the_one};

/// Reads a device.
pub(crate) struct GetDevice;

/// Which device.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The device: its machine id, its fully qualified DNS name or its Entra device id.
    #[serde(default)]
    device: Option<String>,
    /// In its place: an address that it had.
    #[serde(default)]
    ip: Option<String>,
    /// When it had that address, such as `{{ alert.start }}`; a quarter of an hour either way counts. Without it, now.
    #[serde(default)]
    at: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Read {
    /// What people call the device: `wks1.corp.example`.
    device: String,
    /// Its machine id.
    mde_id: String,
    /// Its Entra device id.
    entra_device_id: Option<String>,
    /// Its operating system.
    os: Option<String>,
    /// Whether it reports: `Active`, `Inactive`, `ImpairedCommunication`, `NoSensorData`.
    health: Option<String>,
    /// The addresses that it has now.
    addresses: Vec<String>,
    /// Its tags.
    tags: Vec<String>,
    /// What its platform may not be able to do, each with the action: `device.isolate (selective): …`. A playbook can ask
    /// people where there is something.
    doubts: Vec<String>,
}

impl Action for GetDevice {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_endpoint.get_device",
        target: TargetKind::None,
        impact: Impact::Informing,
        readable: false,
        permissions: &["Machine.Read.All"],
        summary: "Reads a device in Defender for Endpoint: by a name, or by the address that it had at a time.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/find-machines-by-ip",
        ..BASE
    };
    type Params = Asked;
    type Output = Read;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Asked>) -> Result<Outcome<Read>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("defender_endpoint.get_device has no target"));
        }
        let deadline = Deadline::after(request.time_limit());
        let asked = request.params();
        let (what, found) = match (given(&asked.device), given(&asked.ip)) {
            (Some(name), None) => (name, by_name(client, name, deadline).await?),
            (None, Some(ip)) => (ip, by_address(client, ip, given(&asked.at), deadline).await?),
            _ => return Err(ActionError::rejected("say which device by one of `device` and `ip`")),
        };
        let one = the_one(found).map_err(|why| {
            ActionError::new(Failure::Ambiguous, format!("{what}: {why}, and nothing tells which"))
        })?;
        let machine = one.ok_or_else(|| ActionError::not_found(format!("no device is known as {what}")))?;
        Ok(Outcome { external_id: Some(machine.id.clone()), ..Outcome::unchanged(Read::of(&machine)) })
    }
}

impl Read {
    fn of(machine: &Machine) -> Self {
        Self {
            device: machine.display(),
            mde_id: machine.id.clone(),
            entra_device_id: machine.aad_device_id.clone(),
            os: machine.os_platform.clone(),
            health: machine.health_status.clone(),
            addresses: machine.addresses().iter().flatten().map(ToString::to_string).collect(),
            tags: machine.machine_tags.clone().unwrap_or_default(),
            doubts: doubts(machine),
        }
    }
}

fn doubts(machine: &Machine) -> Vec<String> {
    let all = [
        ("device.isolate (full)", ISOLATION.doubt_about(machine, "full")),
        ("device.isolate (selective)", ISOLATION.doubt_about(machine, "selective")),
        ("device.restrict_apps", RESTRICTION.doubt_about(machine, RESTRICTED)),
    ];
    all.into_iter().filter_map(|(action, doubt)| Some(format!("{action}: {}", doubt?))).collect()
}

async fn by_name(client: &Client, text: &str, deadline: Deadline) -> Result<Vec<Machine>, ActionError> {
    let refused = |why: String| ActionError::rejected(format!("{text:?} names no device for certain: {why}"));
    let name = DeviceIdentifier::recognise(text).map_err(|error| refused(error.to_string()))?;
    match &name {
        DeviceIdentifier::MdeId(_) | DeviceIdentifier::DnsName(_) | DeviceIdentifier::EntraDeviceId(_) => {
            named(client, &name, deadline).await
        }
        _ => Err(refused("take its machine id, its fully qualified DNS name or its Entra device id".into())),
    }
}

/// The devices that had this very address. Where none of them has it any more, that says nothing of that time.
async fn by_address(
    client: &Client,
    ip: &str,
    at: Option<&str>,
    deadline: Deadline,
) -> Result<Vec<Machine>, ActionError> {
    let address: IpAddr = ip.parse().map_err(|_| ActionError::rejected(format!("{ip:?} is no address")))?;
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        return Err(ActionError::rejected(format!("{address} is the address of no device in particular")));
    }
    let time: Option<DateTime<Utc>> = at
        .map(|at| DateTime::parse_from_rfc3339(at).map(|time| time.to_utc()))
        .transpose()
        .map_err(|_| ActionError::rejected("`at` is no moment: write it as 2026-01-31T08:30:00Z"))?;
    let found =
        client.machines_with(address, &written(time.unwrap_or_else(quell_kit::now)), deadline).await?;
    let has_it = |machine: &Machine| machine.addresses().iter().flatten().any(|own| *own == address);
    Ok(found.into_iter().filter(|machine| time.is_some() || has_it(machine)).collect())
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
