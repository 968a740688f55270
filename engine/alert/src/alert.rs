//! [`Alert`]: one detection as it came in, understood.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Before, Entities, Product};

/// A moment, in UTC.
pub type Timestamp = DateTime<Utc>;

/// One detection, understood: what every later room works with.
///
/// Two alerts with the same [`Alert::id`] are versions of one detection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Which detection this is.
    pub id: AlertId,
    /// The id that the producing product gave it, where that differs.
    pub provider_id: Option<String>,
    /// The incident that the sender had already put it into.
    pub incident_id: Option<String>,
    /// The wire form in which it came.
    pub format: Format,
    /// What it is called; titles are renamed by vendors and are not keys.
    pub title: String,
    /// The sender's explanation.
    pub description: Option<String>,
    /// The type key of the detection (`AlertType`).
    pub alert_type: Option<String>,
    /// The permanent number of a classic Defender for Identity detection, as text: `2006`.
    pub external_id: Option<String>,
    /// The detector of an XDR detection: `xdr_SuspiciousLdapQuery`.
    pub detector_id: Option<String>,
    /// How bad, where the sender said so in words that are known.
    pub severity: Option<Severity>,
    /// Where it stands.
    pub status: Status,
    /// The product that found it, under its canonical name.
    pub product: Product,
    /// The service that sent it, in the sender's own words (`ProviderName`).
    pub provider: Option<String>,
    /// ATT&CK tactics, without spaces: `LateralMovement`.
    pub tactics: Vec<String>,
    /// ATT&CK techniques and sub-techniques: `T1558`, `T1558.001`.
    pub techniques: Vec<String>,
    /// When it happened and when it was written.
    pub times: Times,
    /// Where a person can look at it.
    pub link: Option<String>,
    /// The directory tenant, where one was named. Never the workspace id.
    pub tenant: Option<String>,
    /// What the alert names, merged by canonical identity.
    pub entities: Entities,
    /// The whole record, with the JSON that it carried inside strings unfolded and its references resolved where
    /// that is possible; field names keep their case. JSONPath sees this.
    pub document: Value,
    /// Set where this record is only a part of an alert (XDR streaming sends evidence apart from its alert).
    pub part: Option<Part>,
    /// How it stood in the version before this one, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// What was out of order in the record and was tolerated.
    pub oddities: Vec<Oddity>,
}

/// Which detection an alert is: unique within its product, and the same on every version of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(pub String);

impl AlertId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How bad, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To know, not to act on.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// Where an alert stands at its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked at it.
    New,
    /// Somebody works on it.
    InProgress,
    /// Closed as handled.
    Resolved,
    /// Closed as not worth handling.
    Dismissed,
    /// The sender did not say, or said something unknown.
    Unknown,
}

/// The moments of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Times {
    /// First activity.
    pub start: Option<Timestamp>,
    /// Last activity.
    pub end: Option<Timestamp>,
    /// When this version was written: orders the versions of one alert.
    pub updated: Option<Timestamp>,
}

/// The wire form of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A row of the SecurityAlert table, under either set of column names.
    SecurityAlert,
    /// The alert schema that products use among themselves.
    V3,
    /// A record of the Defender XDR streaming API.
    XdrStream,
    /// Microsoft Graph `alerts_v2`.
    GraphV2,
    /// Microsoft Graph alert, legacy.
    GraphV1,
    /// The alert API of Defender for Endpoint.
    DefenderEndpoint,
    /// An alert out of a Graph or Defender XDR incident.
    Incident,
    /// The body of a Sentinel incident or alert trigger, or a Sentinel incident.
    SentinelIncident,
    /// A Sentinel entity of kind SecurityAlert.
    SentinelEntity,
    /// An Office 365 management activity record that carries an alert.
    Office365Activity,
    /// A CEF line of Defender for Identity.
    Cef,
    /// None: no alert came in, somebody named whom a run is about.
    Given,
}

/// What a record is a part of, where a sender spreads one alert over several records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The head: title, severity, product; its entities come apart.
    Head,
    /// One or more pieces of evidence; title and severity may be missing.
    Evidence,
}

/// Something that was out of order in a record and was tolerated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// Where, as a JSONPath-like place: `$.Entities[3].Host`.
    pub place: String,
    /// What, in words.
    pub what: String,
}

impl Format {
    /// The form in one word, as it is stored and shown: `security_alert`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityAlert => "security_alert",
            Self::V3 => "v3",
            Self::XdrStream => "xdr_stream",
            Self::GraphV2 => "graph_v2",
            Self::GraphV1 => "graph_v1",
            Self::DefenderEndpoint => "defender_endpoint",
            Self::Incident => "incident",
            Self::SentinelIncident => "sentinel_incident",
            Self::SentinelEntity => "sentinel_entity",
            Self::Office365Activity => "office365_activity",
            Self::Cef => "cef",
            Self::Given => "given",
        }
    }
}
