//! `defender_endpoint.watch`: an indicator, by which every device of the tenant tells when it meets a file, an address
//! or a site.
//!
//! It only tells, on purpose. An indicator that blocks takes something away from every device at once, the excluded ones
//! too, and there is no target that the exclusion list could be asked about.

use std::net::IpAddr;

use quell_action::{
    Action, ActionError, ActionSpec, Failure, Impact, InEffect, Observation, Outcome, Request, Restore,
    State, Target, TargetKind,
};
use quell_kit::microsoft::{literal, pages, with_query};
use quell_kit::{Ask, Deadline, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::BASE;
use crate::client::Client;
use crate::order::{comment, mark};

const RIGHT: &str = "Ti.ReadWrite.All";

/// Lets every device tell of something.
pub(crate) struct Watch;

/// What to tell of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Indicator {
    /// The SHA-1 or SHA-256 of a file, a public address, a domain or an address of a site (https://…).
    value: String,
    /// A comment for the record over there.
    #[serde(default)]
    comment: Option<String>,
}

/// What is told of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Watched {
    /// What it is taken for: `FileSha1`, `FileSha256`, `IpAddress`, `DomainName` or `Url`.
    kind: String,
}

impl Action for Watch {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_endpoint.watch",
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: Some("defender_endpoint.watch"),
        permissions: &[RIGHT],
        summary: "Lets every device of the tenant tell when it meets a file, an address or a site.",
        vendor_page: "https://learn.microsoft.com/defender-endpoint/api/post-ti-indicator",
        ..BASE
    };
    type Params = Indicator;
    type Output = Watched;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Indicator>) -> Result<Outcome<Watched>, ActionError> {
        no_target(request.target())?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let (kind, value) = recognised(&params.value)?;
        let output = Watched { kind: kind.to_owned() };
        let before = find(client, &value, deadline).await?;
        if let Some(known) = &before {
            return match known.tells() {
                true => Ok(Outcome { external_id: Some(known.id.clone()), ..Outcome::unchanged(output) }),
                // Writing over it would lose what somebody else had in mind.
                false => Err(ActionError::rejected(format!(
                    "there is an indicator for it already that says {}: a person must decide between them",
                    known.action
                ))),
            };
        }
        let body = json!({
            "indicatorValue": value,
            "indicatorType": kind,
            "action": "Audit",
            "generateAlert": true,
            "title": "Quell",
            "description": comment(params.comment.as_deref(), &mark(&request.key().0)),
            "severity": "High",
        });
        let ask = Ask::write(Method::POST, client.api.url(["indicators"])).json(body);
        let written: Known = client.write(ask, "adding an indicator", RIGHT, deadline).await?.json()?;
        let outcome = Outcome::changed(state(None), state(Some("Audit")), output);
        Ok(Outcome { external_id: Some(written.id), ..outcome })
    }

    async fn observe(
        client: &Client,
        target: &Target,
        params: &Indicator,
    ) -> Result<Observation, ActionError> {
        no_target(target)?;
        let (_, value) = recognised(&params.value)?;
        let known = find(client, &value, client.look()).await?;
        let in_effect = if known.as_ref().is_some_and(Known::tells) { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: state(known.as_ref().map(|known| known.action.as_str())), in_effect })
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Indicator>>,
    ) -> Result<Outcome<()>, ActionError> {
        no_target(request.target())?;
        let deadline = Deadline::after(request.time_limit());
        let restore = request.params();
        let (_, value) = recognised(&restore.params.value)?;
        let Some(known) = find(client, &value, deadline).await? else { return Ok(Outcome::unchanged(())) };
        let now = state(Some(&known.action));
        if now == restore.before {
            return Ok(Outcome::unchanged(()));
        }
        if now != restore.after {
            return Err(ActionError::rejected("the indicator was changed meanwhile and is left alone"));
        }
        let ask = Ask::write(Method::DELETE, client.api.url(["indicators", &known.id]));
        match client.write(ask, "taking an indicator back", RIGHT, deadline).await {
            Err(error) if error.failure != Failure::NotFound => Err(error),
            _ => Ok(Outcome::changed(now, state(None), ())),
        }
    }

    fn held(params: &Indicator) -> Option<String> {
        recognised(&params.value).ok().map(|(_, value)| value)
    }
}

async fn find(client: &Client, value: &str, deadline: Deadline) -> Result<Option<Known>, ActionError> {
    let filter = format!("indicatorValue eq {}", literal(value));
    let url = with_query(client.api.url(["indicators"]), &[("$filter", &filter)]);
    let all: Vec<Known> = pages(&client.api, Ask::get(url), deadline).await?;
    Ok(all.into_iter().find(|known| known.indicator_value.eq_ignore_ascii_case(value)))
}

/// What kind of thing a text is, and its plain form. Addresses of private networks say nothing: anybody
/// can have them.
fn recognised(text: &str) -> Result<(&'static str, String), ActionError> {
    let text = text.trim();
    let refused = |why: &str| ActionError::rejected(format!("{text:?} cannot be watched: {why}"));
    if text.chars().all(|digit| digit.is_ascii_hexdigit()) {
        match text.len() {
            40 => return Ok(("FileSha1", text.to_lowercase())),
            64 => return Ok(("FileSha256", text.to_lowercase())),
            _ => {}
        }
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return match is_public(address) {
            true => Ok(("IpAddress", address.to_string())),
            false => Err(refused("it is an address of a private network")),
        };
    }
    if let Ok(url) = text.parse::<quell_kit::Url>() {
        return match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(_)) => Ok(("Url", url.to_string())),
            _ => Err(refused("only sites (https://…) can")),
        };
    }
    match quell_alert::DeviceIdentifier::dns_name(text) {
        Ok(quell_alert::DeviceIdentifier::DnsName(name)) => Ok(("DomainName", name)),
        _ => Err(refused("it is no SHA-1, SHA-256, address, domain or site")),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast())
        }
        IpAddr::V6(address) => {
            let local = address.is_unique_local() || address.is_unicast_link_local();
            let mapped = address.to_ipv4_mapped().is_some_and(|inner| !is_public(inner.into()));
            !(local || mapped || address.is_loopback() || address.is_unspecified() || address.is_multicast())
        }
    }
}

fn no_target(target: &Target) -> Result<(), ActionError> {
    match target {
        Target::None => Ok(()),
        _ => Err(ActionError::rejected("defender_endpoint.watch has no target")),
    }
}

fn state(action: Option<&str>) -> State {
    State(json!({ "indicator": action }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    id: String,
    indicator_value: String,
    action: String,
}

impl Known {
    fn tells(&self) -> bool {
        matches!(self.action.as_str(), "Audit" | "Alert")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_recognised_and_private_networks_are_not_watched() {
        let (sha1, sha256) = ("AB".repeat(20), "cd".repeat(32));
        for (text, kind, value) in [
            (sha1.as_str(), "FileSha1", sha1.to_lowercase()),
            (&sha256, "FileSha256", sha256.clone()),
            ("198.51.100.7", "IpAddress", "198.51.100.7".to_owned()),
            (" Evil.Example. ", "DomainName", "evil.example".to_owned()),
            ("https://evil.example/a?b", "Url", "https://evil.example/a?b".to_owned()),
        ] {
            assert_eq!(recognised(text).unwrap(), (kind, value), "{text}");
        }
        for text in [
            "10.0.0.1",
            "127.0.0.1",
            "fe80::1",
            "::1",
            "::ffff:10.0.0.1",
            "ftp://x.example",
            "abc",
            "",
            "a b",
        ] {
            assert_eq!(recognised(text).unwrap_err().failure, Failure::Rejected, "{text}");
        }
    }
}
