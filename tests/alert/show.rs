//! What was understood, as text: one line a fact, so that a change of meaning is a changed line.

use std::fmt::Write as _;

use quell_alert::{Alert, Decoded, Timestamp};

/// Everything that was understood of a message.
pub(crate) fn message(decoded: &[Decoded]) -> String {
    let mut text = String::new();
    for one in decoded {
        match one {
            Decoded::Alert(alert) => text += &show_alert(alert),
            Decoded::Passed { what, place } => writeln!(text, "passed {what}\n  at {place}").unwrap(),
            Decoded::Refused(refusal) => {
                let raw = String::from_utf8_lossy(&refusal.raw);
                let shown: String = raw.chars().take(60).collect();
                writeln!(text, "refused: {}\n  at {}\n  raw {shown:?}", refusal.reason, refusal.place)
                    .unwrap();
            }
        }
    }
    text
}

fn show_alert(alert: &Alert) -> String {
    let mut text = String::new();
    let time = |time: Option<Timestamp>| time.map(|time| time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string());
    let facts = [
        ("alert", Some(alert.id.to_string())),
        ("format", Some(alert.format.as_str().to_owned())),
        ("title", Some(alert.title.clone())),
        ("type", alert.alert_type.clone()),
        ("external id", alert.external_id.clone()),
        ("detector", alert.detector_id.clone()),
        ("severity", alert.severity.map(|severity| severity.as_str().to_owned())),
        ("status", Some(alert.status.as_str().to_owned())),
        ("product", Some(alert.product.to_string())),
        ("provider", alert.provider.clone()),
        ("provider id", alert.provider_id.clone()),
        ("incident", alert.incident_id.clone()),
        ("tactics", Some(alert.tactics.join(", ")).filter(|list| !list.is_empty())),
        ("techniques", Some(alert.techniques.join(", ")).filter(|list| !list.is_empty())),
        ("start", time(alert.times.start)),
        ("end", time(alert.times.end)),
        ("updated", time(alert.times.updated)),
        ("tenant", alert.tenant.clone()),
        ("link", alert.link.clone()),
        ("part", alert.part.as_ref().map(|part| format!("{part:?}"))),
        ("version", Some(alert.version_key())),
    ];
    for (index, (name, value)) in facts.into_iter().enumerate() {
        if let Some(value) = value {
            let indent = if index == 0 { "" } else { "  " };
            writeln!(text, "{indent}{name} {value}").unwrap();
        }
    }
    show_entities(alert, &mut text);
    for oddity in &alert.oddities {
        writeln!(text, "  odd {}: {}", oddity.place, oddity.what).unwrap();
    }
    text
}

fn show_entities(alert: &Alert, text: &mut String) {
    let roles = |roles: &[quell_alert::Role]| {
        let names: Vec<&str> = roles.iter().map(|role| role.0.as_str()).collect();
        if names.is_empty() { String::new() } else { format!(" as {}", names.join(", ")) }
    };
    let entities = &alert.entities;
    for account in &entities.accounts {
        let names: Vec<String> = account.identifiers.iter().map(ToString::to_string).collect();
        let host = account.host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
        let acted_on = if account.is_actionable() { "" } else { ", never acted on" };
        let kind = account.kind.as_str();
        writeln!(
            text,
            "  account {} ({kind}{acted_on}){host}{}\n    {}\n    at {}",
            account.display(),
            roles(&account.roles),
            names.join(" "),
            account.place
        )
        .unwrap();
    }
    for device in &entities.devices {
        let names: Vec<String> = device.identifiers.iter().map(ToString::to_string).collect();
        let tags = if device.tags.is_empty() {
            String::new()
        } else {
            format!(" tagged {}", device.tags.join(", "))
        };
        let acted_on = if device.is_actionable() { "" } else { " (never acted on)" };
        let part = roles(&device.roles);
        writeln!(
            text,
            "  device {}{acted_on}{tags}{part}\n    {}\n    at {}",
            device.display(),
            names.join(" "),
            device.place
        )
        .unwrap();
    }
    for ip in &entities.ips {
        let country = ip.country.as_ref().map(|country| format!(" in {country}")).unwrap_or_default();
        writeln!(text, "  ip {}{country}{}", ip.address, roles(&ip.roles)).unwrap();
    }
    for file in &entities.files {
        let directory = file.directory.as_deref().unwrap_or("?");
        writeln!(
            text,
            "  file {} in {directory}, {} hashes",
            file.name.as_deref().unwrap_or("?"),
            file.hashes.len()
        )
        .unwrap();
    }
    for hash in &entities.hashes {
        writeln!(text, "  {}", hash.key()).unwrap();
    }
    for url in &entities.urls {
        writeln!(text, "  {}", url.key()).unwrap();
    }
    for domain in &entities.domains {
        writeln!(text, "  domain {domain}").unwrap();
    }
    for mailbox in &entities.mailboxes {
        let (upn, id) = (mailbox.upn.as_deref().unwrap_or("?"), mailbox.entra_id.as_deref().unwrap_or("?"));
        writeln!(text, "  mailbox {} of {upn} {id}", mailbox.address).unwrap();
    }
    for other in &entities.others {
        writeln!(text, "  other {:?}", other.kind).unwrap();
    }
}
