//! Which device is meant, as each system that knows it describes it.

use futures::future::join_all;
use quell_action::{DeviceFacts, Failure, LookUp};
use quell_alert::{Device, DeviceIdentifier, Provider};

use super::{Resolved, Resolver};

impl Resolver {
    pub(super) async fn ask_for_device(&self, device: &Device) -> Resolved<Vec<DeviceFacts>> {
        let names: Vec<DeviceIdentifier> =
            device.identifiers.iter().filter(|name| name.is_strong()).cloned().collect();
        if names.is_empty() {
            return Resolved::Nobody(
                "the alert has no identifier of it by which a system can be asked".into(),
            );
        }
        let directories = || self.eyes.directories().iter().filter(|directory| directory.knows_devices());
        let answers = join_all(directories().map(|directory| {
            let names = &names;
            async move {
                let provider = directory.provider();
                (self.ask(&provider, directory.device(names)).await, provider)
            }
        }))
        .await;
        let mut found: Vec<DeviceFacts> = Vec::new();
        let mut unanswered: Vec<(Provider, String)> = Vec::new();
        for (answer, provider) in answers {
            match answer {
                Ok(LookUp::Found(facts)) => found.push(facts),
                Ok(LookUp::NotFound) => {}
                Ok(LookUp::Ambiguous(why)) => return Resolved::Ambiguous(format!("{provider}: {why}")),
                Err(error) if error.failure == Failure::NotFound => {}
                Err(error) if error.failure == Failure::Ambiguous => {
                    return Resolved::Ambiguous(format!("{provider}: {}", error.message));
                }
                Err(error) => unanswered.push((provider, error.message)),
            }
        }
        if let Some(why) = contradiction(&names, &found) {
            return Resolved::Ambiguous(why);
        }
        let seeing = directories().filter(|directory| directory.sees_machines());
        let seers: Vec<Provider> = seeing.map(|directory| directory.provider()).collect();
        lend(&seers, &mut found);
        let found = known_to_all(&device.identifiers, found);
        match (unanswered.is_empty(), found.is_empty()) {
            (false, _) => Resolved::Away(found, unanswered),
            (true, true) => Resolved::Nobody("no system knows a device of that name".into()),
            (true, false) => Resolved::Found(found),
        }
    }
}

/// Those that only keep the accounts of machines take tags and addresses from those that see the machines: where each of
/// these has told what it knows, a device that none of them knows has none. Where nobody sees machines, it stays unknown.
fn lend(seers: &[Provider], found: &mut [DeviceFacts]) {
    let sees = |facts: &DeviceFacts| seers.contains(&facts.key.provider);
    let seen = || found.iter().filter(|facts| sees(facts));
    let (tags, addresses) = match seers.is_empty() {
        true => (None, None),
        false => (
            all_of(seen().map(|facts| facts.tags.clone())),
            all_of(seen().map(|facts| facts.addresses.clone())),
        ),
    };
    for facts in found.iter_mut().filter(|facts| !sees(facts)) {
        facts.tags.clone_from(&tags);
        facts.addresses.clone_from(&addresses);
    }
}

fn all_of<T: Clone>(parts: impl Iterator<Item = Option<Vec<T>>>) -> Option<Vec<T>> {
    parts.collect::<Option<Vec<Vec<T>>>>().map(|parts| parts.concat())
}

/// What any system, or the alert, knows of the device, the exclusion list must see whichever of them is acted on.
fn known_to_all(mentioned: &[DeviceIdentifier], mut found: Vec<DeviceFacts>) -> Vec<DeviceFacts> {
    let Some(all) = together(found.clone()) else { return found };
    for facts in &mut found {
        facts.identifiers = all.identifiers.clone();
        facts.identifiers.extend(mentioned.iter().filter(|name| !all.identifiers.contains(name)).cloned());
        // What could not be read at its own system stays unknown; what others add can only exclude.
        facts.tags = facts.tags.take().map(|_| all.tags.clone().unwrap_or_default());
        facts.addresses = facts.addresses.take().map(|_| all.addresses.clone().unwrap_or_default());
        facts.account.clone_from(&all.account);
        facts.protected = all.protected;
        facts.read_at = all.read_at;
    }
    found
}

/// What all systems know, as one description.
pub(super) fn together(found: Vec<DeviceFacts>) -> Option<DeviceFacts> {
    found.into_iter().reduce(|mut all, facts| {
        all.identifiers.extend(facts.identifiers);
        all.identifiers.dedup();
        all.tags = joined(all.tags, facts.tags);
        all.addresses = joined(all.addresses, facts.addresses);
        all.account = all.account.or(facts.account);
        all.protected = all.protected.or(facts.protected);
        all.read_at = all.read_at.min(facts.read_at);
        all
    })
}

fn joined<T: PartialEq>(one: Option<Vec<T>>, other: Option<Vec<T>>) -> Option<Vec<T>> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            let new: Vec<T> = other.into_iter().filter(|item| !one.contains(item)).collect();
            one.extend(new);
            Some(one)
        }
        (one, other) => one.or(other),
    }
}

fn contradiction(names: &[DeviceIdentifier], found: &[DeviceFacts]) -> Option<String> {
    let pairs = |facts: &DeviceFacts, others: &[DeviceIdentifier]| {
        others.iter().any(|name| {
            !facts.identifiers.contains(name) && facts.identifiers.iter().any(|own| own.contradicts(name))
        })
    };
    let with_alert = found.iter().find(|facts| pairs(facts, names));
    let among_them = || {
        found.iter().enumerate().find_map(|(at, facts)| {
            found[at + 1..].iter().any(|other| pairs(facts, &other.identifiers)).then_some(facts)
        })
    };
    let clashing = with_alert.or_else(among_them)?;
    Some(format!(
        "the names lead to different devices, {} at {} among them",
        clashing.display, clashing.key.provider
    ))
}
