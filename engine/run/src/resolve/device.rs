//! Which device is meant, as each system that knows it describes it.

use std::sync::Arc;

use futures::future::join_all;
use quell_action::{DeviceFacts, Directory, Failure, LookUp};
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
        let seeing = self.device_systems().filter(|directory| directory.sees_machines());
        let seers: Vec<Provider> = seeing.map(|directory| directory.provider()).collect();
        let mut told = Told { silent: self.device_systems().collect(), ..Told::default() };
        if let Err(why) = self.ask_the_silent(&names, &mut told).await {
            return Resolved::Ambiguous(why);
        }
        let acted_on = told.found.len();
        // Whoever does not know the alert's names may know those that others have for it. That ties nothing for certain, so
        // nothing is done there; but what excludes the machine there excludes it everywhere.
        let learned = with_those_of(&names, &told.found);
        if learned.len() > names.len()
            && let Err(why) = self.ask_the_silent(&learned, &mut told).await
        {
            return Resolved::Ambiguous(why);
        }
        let Told { found: mut all, unanswered, .. } = told;
        if let Some(why) = contradiction(&names, &all) {
            return Resolved::Ambiguous(why);
        }
        lend(&seers, &mut all);
        let mut targets = known_to_all(&device.identifiers, all);
        targets.truncate(acted_on);
        match (unanswered.is_empty(), targets.is_empty()) {
            (false, _) => Resolved::Away(targets, unanswered),
            (true, true) => Resolved::Nobody("no system knows a device of that name".into()),
            (true, false) => Resolved::Found(targets),
        }
    }

    pub(super) fn device_systems(&self) -> impl Iterator<Item = &Arc<dyn Directory>> {
        self.eyes.directories().iter().filter(|directory| directory.knows_devices())
    }

    /// Asks those that have not found it. `Err` where the names lead to more than one.
    async fn ask_the_silent(&self, names: &[DeviceIdentifier], told: &mut Told<'_>) -> Result<(), String> {
        let silent = std::mem::take(&mut told.silent);
        let answers = join_all(silent.into_iter().map(|directory| async move {
            let provider = directory.provider();
            (self.ask(&provider, directory.device(names)).await, provider, directory)
        }))
        .await;
        for (answer, provider, directory) in answers {
            match answer {
                Ok(LookUp::Found(facts)) => told.found.push(facts),
                Ok(LookUp::NotFound) => told.silent.push(directory),
                Ok(LookUp::Ambiguous(why)) => return Err(format!("{provider}: {why}")),
                Err(error) if error.failure == Failure::NotFound => told.silent.push(directory),
                Err(error) if error.failure == Failure::Ambiguous => {
                    return Err(format!("{provider}: {}", error.message));
                }
                Err(error) => told.unanswered.push((provider, error.message)),
            }
        }
        Ok(())
    }
}

/// What the systems have said so far.
#[derive(Default)]
struct Told<'a> {
    found: Vec<DeviceFacts>,
    unanswered: Vec<(Provider, String)>,
    /// Those that do not know the device by any name that they were asked for.
    silent: Vec<&'a Arc<dyn Directory>>,
}

/// These names, and the strong ones under which the device was found.
fn with_those_of(names: &[DeviceIdentifier], found: &[DeviceFacts]) -> Vec<DeviceIdentifier> {
    let mut all = names.to_vec();
    for name in found.iter().flat_map(|facts| &facts.identifiers).filter(|name| name.is_strong()) {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
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

#[cfg(test)]
mod tests {
    use super::*;
    use quell_action::DeviceKey;

    fn told(by: &str, tags: Option<&[&str]>) -> DeviceFacts {
        DeviceFacts {
            key: DeviceKey { provider: by.into(), realm: "r".into(), id: "d".into() },
            display: "d".into(),
            identifiers: Vec::new(),
            tags: tags.map(|tags| tags.iter().map(ToString::to_string).collect()),
            addresses: tags.map(|_| vec!["10.0.0.1".parse().unwrap()]),
            account: None,
            protected: None,
            read_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    /// The tags and how many addresses, as the directory of accounts has them in the end.
    fn lent(seers: &[&str], found: &[DeviceFacts]) -> (Option<Vec<String>>, Option<usize>) {
        let seers: Vec<Provider> = seers.iter().map(|name| Provider::from(*name)).collect();
        let mut found = [found, &[told("accounts", None)]].concat();
        lend(&seers, &mut found);
        let accounts = found.pop().unwrap();
        (accounts.tags, accounts.addresses.map(|addresses| addresses.len()))
    }

    #[test]
    fn who_keeps_only_accounts_knows_what_those_know_who_see_machines() {
        let tags = |tags: &[&str]| Some(tags.iter().map(ToString::to_string).collect());
        let (one, other) = (told("one", Some(&["a"])), told("other", Some(&["b"])));
        assert_eq!(lent(&["one"], std::slice::from_ref(&one)), (tags(&["a"]), Some(1)));
        assert_eq!(lent(&["one", "other"], &[one.clone(), other]), (tags(&["a", "b"]), Some(2)));
        assert_eq!(lent(&["one"], &[]), (tags(&[]), Some(0)), "asked, and it knows no such machine");
        assert_eq!(lent(&[], &[]), (None, None), "nobody who sees machines is connected");
        assert_eq!(lent(&["one", "other"], &[one, told("other", None)]), (None, None));
    }

    #[test]
    fn what_was_not_read_by_those_who_see_machines_stays_unknown() {
        let mut found = [told("one", None), told("accounts", Some(&["guessed"]))];
        lend(&["one".into()], &mut found);
        assert_eq!((&found[0].tags, &found[1].tags), (&None, &None));
    }
}
