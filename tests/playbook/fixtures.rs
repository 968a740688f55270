//! A catalogue that does not change with the connectors, and alerts to try playbooks on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quell_action::{ActionInfo, ActionSpec, Catalogue, Impact, Refused, Repeat, TargetKind};
use quell_alert::{
    Account, AccountKind, Alert, AlertId, Device, DeviceIdentifier, Entities, Format, Identifier, IpEntity,
    Product, Severity, Status, Times, Timestamp,
};
use quell_playbook::{Carriers, Carries, Loaded, SourceFile, Surroundings, load};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Where the files of these tests are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("playbook")
}

/// Where the shipped playbooks are.
pub(crate) fn shipped_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks")
}

/// Loads one playbook under a file name that fits it.
pub(crate) fn load_one(name: &str, text: &str) -> Loaded {
    load_files(&[(name, text.as_bytes())])
}

/// Loads files against the catalogue of these tests.
pub(crate) fn load_files(files: &[(&str, &[u8])]) -> Loaded {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(name, bytes)| SourceFile { name: (*name).to_owned(), bytes: bytes.to_vec() })
        .collect();
    load(&files, &catalogue(), &surroundings())
}

/// What is offered here.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue::new(actions().into_iter().filter(|info| info.spec.provider != "pager"))
}

/// What could be offered, and the teams of the site.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        known: Catalogue::new(actions()),
        refused: vec![Refused {
            action: "account.revoke_sessions",
            provider: "active_directory",
            because: "a domain has no sessions to end",
        }],
        teams: ["identity-soc", "identity-soc-leads"].map(team).into(),
        limits: Some(quell_playbook::model::Limits::CAREFUL),
        connections: Some(connections()),
        carriers: Carriers::Known(BTreeMap::from([
            ("mail".to_owned(), carries(&["identity-soc", "identity-soc-leads"])),
            ("teams-soc".to_owned(), carries(&["identity-soc"])),
            ("pager".to_owned(), Carries::default()),
        ])),
        lists: Some(vec!["known-addresses".into(), "vip-users".into()]),
        ..Surroundings::default()
    }
}

/// What each connection of the site offers.
fn connections() -> BTreeMap<String, Catalogue> {
    let of =
        |provider: &str| Catalogue::new(actions().into_iter().filter(|info| info.spec.provider == provider));
    BTreeMap::from([
        ("soc-chat".to_owned(), of("chat")),
        ("identity-chat".to_owned(), of("chat")),
        ("contoso".to_owned(), of("active_directory")),
    ])
}

fn team(name: &str) -> (String, Vec<String>) {
    (name.into(), ["ann", "bob"].map(|who| format!("{who}-of-{name}")).into())
}

fn carries(teams: &[&str]) -> Carries {
    Carries { questions: true, teams: teams.iter().map(|team| (*team).to_owned()).collect() }
}

const BASE: ActionSpec = ActionSpec {
    name: "",
    provider: "",
    target: TargetKind::Account,
    impact: Impact::Disruptive,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[],
    summary: "",
    vendor_page: "",
};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What a look-up gives.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Found {
    /// Whether it holds administrative rights.
    is_privileged: bool,
    /// Its manager.
    manager: Option<String>,
    /// Its groups.
    groups: Vec<String>,
    /// How often it signed in.
    sign_ins: i64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Full,
    Selective,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Isolation {
    /// How far.
    kind: Kind,
    /// For the record.
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Message {
    /// Where to.
    channel: String,
    /// What.
    text: String,
    /// Who is called.
    #[serde(default)]
    mentions: Vec<String>,
    /// How urgent, from 1 to 5.
    #[serde(default)]
    urgency: Option<u8>,
    /// Whether it rings.
    #[serde(default)]
    loud: Option<bool>,
    /// Anything else.
    #[serde(default)]
    details: Option<serde_json::Map<String, serde_json::Value>>,
}

fn actions() -> Vec<ActionInfo> {
    let mut actions = of_connectors();
    actions.extend(quell_action::lists::described());
    actions
}

fn of_connectors() -> Vec<ActionInfo> {
    let at = |name, provider, undo| ActionSpec { name, provider, undo, ..BASE };
    let device =
        |name, undo| ActionSpec { target: TargetKind::Device, ..at(name, "defender_endpoint", undo) };
    let informing =
        |name, provider, target| ActionSpec { target, impact: Impact::Informing, ..at(name, provider, None) };
    vec![
        ActionInfo::described::<Nothing, Nothing>(at(
            "account.disable",
            "active_directory",
            Some("account.enable"),
        )),
        ActionInfo::described::<Nothing, Nothing>(at("account.disable", "entra_id", Some("account.enable"))),
        ActionInfo::described::<Nothing, Nothing>(at("account.disable", "okta", Some("account.enable"))),
        ActionInfo::described::<Nothing, Nothing>(at(
            "account.enable",
            "active_directory",
            Some("account.disable"),
        )),
        ActionInfo::described::<Nothing, Nothing>(at("account.revoke_sessions", "entra_id", None)),
        ActionInfo::described::<Nothing, Nothing>(at("account.revoke_sessions", "okta", None)),
        ActionInfo::described::<Isolation, Nothing>(device("device.isolate", Some("device.release"))),
        ActionInfo::described::<Nothing, Found>(informing(
            "entra_id.get_user",
            "entra_id",
            TargetKind::Account,
        )),
        ActionInfo::described::<Message, Nothing>(ActionSpec {
            readable: false,
            ..informing("chat.post", "chat", TargetKind::None)
        }),
        ActionInfo::described::<Message, Nothing>(informing("pager.raise", "pager", TargetKind::None)),
    ]
}

/// The moment at which everything in these tests happens.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// An alert of Defender for Identity about a stolen ticket.
pub(crate) fn alert() -> Alert {
    Alert {
        id: AlertId("a-1".into()),
        provider_id: None,
        incident_id: None,
        format: Format::SecurityAlert,
        title: "Suspected identity theft (pass-the-ticket)".into(),
        description: None,
        alert_type: Some("PassTheTicketSecurityAlert".into()),
        external_id: Some("2018".into()),
        detector_id: None,
        severity: Some(Severity::High),
        status: Status::New,
        product: Product(Product::DEFENDER_FOR_IDENTITY.into()),
        provider: Some("Azure Advanced Threat Protection".into()),
        tactics: vec!["LateralMovement".into()],
        techniques: vec!["T1550".into(), "T1550.003".into()],
        times: Times { start: Some("2026-11-21T11:50:00Z".parse().unwrap()), end: None, updated: None },
        link: None,
        tenant: None,
        entities: Entities {
            accounts: vec![account("alice"), Account { kind: AccountKind::Machine, ..account("wks01$") }],
            devices: vec![Device {
                identifiers: vec![DeviceIdentifier::DnsName("wks01.contoso.example".into())],
                name: Some("wks01".into()),
                tags: Vec::new(),
                os: None,
                roles: Vec::new(),
                place: "$.Entities[1]".into(),
            }],
            ips: vec![IpEntity { address: "10.1.2.3".into(), country: None, roles: Vec::new() }],
            ..Entities::default()
        },
        document: json!({
            "ExtendedProperties": { "Risk Score": "72", "Confirmed": "True", "Since": "2026-11-21 10:00:00" },
            "Entities": [
                { "$id": "1", "Type": "account", "Name": "alice" },
                { "$id": "2", "Type": "account", "Name": "wks01$" },
                { "$id": "3", "Type": "ip", "Address": "10.1.2.3" },
            ],
        }),
        part: None,
        before: None,
        oddities: Vec::new(),
    }
}

/// An account of the directory contoso.
pub(crate) fn account(name: &str) -> Account {
    Account {
        kind: AccountKind::Person,
        identifiers: vec![
            Identifier::Upn(format!("{name}@contoso.example")),
            Identifier::Sam { domain: "contoso".into(), name: name.into() },
        ],
        name: Some(name.into()),
        display_name: None,
        entra_tenant: None,
        host: None,
        roles: Vec::new(),
        place: "$.Entities[0]".into(),
    }
}
