//! What a test gives must be about something that there is: a misspelt name would give nothing, and the test would pass
//! without showing what it says.

use quell_action::Catalogue;
use quell_alert::Entities;
use quell_playbook::model::{Playbook, Step, Verb};
use quell_playbook::nearest;

use super::expect::is_called;
use super::form::Rehearsal;

impl Rehearsal {
    /// Everything that it gives of somebody or something that there is not.
    pub(super) fn strangers<'a>(
        &self,
        entities: &Entities,
        playbooks: impl Iterator<Item = &'a Playbook> + Clone,
        catalogue: &Catalogue,
    ) -> Vec<String> {
        let mut strangers = Vec::new();
        for name in self.answers.keys().filter(|name| !is_asked(name, playbooks.clone())) {
            let ids = playbooks.clone().flat_map(Playbook::all_steps).map(|step| step.id.0.as_str());
            strangers.push(format!("answers.{name}: nothing asks this{}", meant(name, ids)));
        }
        let accounts: Vec<String> = entities.accounts.iter().map(|account| account.display()).collect();
        let devices: Vec<String> = entities.devices.iter().map(|device| device.display()).collect();
        let systems: Vec<String> = catalogue.iter().map(|info| info.provider().0).collect();
        let mut unknown_system = |place: &str, name: &String| {
            if !systems.contains(name) {
                let hint = meant(name, systems.iter().map(String::as_str));
                strangers.push(format!("{place}: there is no system {name} here{hint}"));
            }
        };
        self.given.away.iter().for_each(|name| unknown_system("given.away", name));
        for somebody in self.given.accounts.iter().chain(&self.given.devices) {
            somebody.at.iter().flatten().for_each(|name| unknown_system("given: at", name));
        }
        if self.is_variant {
            return strangers;
        }
        let mut unknown = |place: &str, kind: &str, name: &str, known: &[String]| {
            if !known.iter().any(|shown| is_called(shown, name)) {
                let hint = match known {
                    [] => String::new(),
                    known => format!("; it names {}", known.join(", ")),
                };
                strangers.push(format!("{place}: the alert names no {kind} {name}{hint}"));
            }
        };
        for somebody in &self.given.accounts {
            unknown("given.accounts", "account", &somebody.name, &accounts);
        }
        for somebody in &self.given.devices {
            unknown("given.devices", "device", &somebody.name, &devices);
        }
        let everybody: Vec<String> = accounts.iter().chain(&devices).cloned().collect();
        for (place, deeds) in [
            ("given.calls", self.faults.iter().map(|fault| fault.deed.clone()).collect()),
            ("given.drifts", self.drifts.clone()),
        ] {
            for name in deeds.iter().filter_map(|deed| deed.of.as_ref()) {
                unknown(place, "account or device", name, &everybody);
            }
        }
        strangers
    }
}

/// Whether some step, or a playbook as a whole, can ask under this name; as `0/ask_soc` it names the lane as well.
fn is_asked<'a>(name: &str, mut playbooks: impl Iterator<Item = &'a Playbook>) -> bool {
    let (first, rest) = name.split_once('/').unwrap_or((name, ""));
    let name = if first.bytes().all(|byte| byte.is_ascii_digit()) { rest } else { name };
    let of_the_whole =
        ["plan", "too-many", "unless", "limits"].contains(&name) || name.starts_with("limits-");
    of_the_whole || playbooks.any(|playbook| playbook.all_steps().any(|step| asks(step, name)))
}

fn asks(step: &Step, name: &str) -> bool {
    match name.strip_prefix(step.id.0.as_str()) {
        Some("") => matches!(step.verb, Verb::Ask(_)),
        Some(about) => ["/approval", "/too-many", "/if"].contains(&about),
        None => false,
    }
}

fn meant<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest::one(wrong, names).map_or_else(String::new, |name| format!("; did you mean {name}?"))
}
