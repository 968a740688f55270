//! Limits in the histories: how they are chosen, and the model that what was done is held against.

use std::collections::BTreeSet;
use std::time::Duration;

use quell_alert::Timestamp;
use quell_run::{Entry, SiteLimits};

use super::{Dice, History};

impl History {
    /// Nobody is touched for whom there is no room, unless a person let exactly that through.
    pub(super) async fn check_limits(&self, when: &str) {
        let Some(at_most) = self.house.settings.limits.limits.accounts.per_hour else { return };
        let hour = chrono::Duration::hours(1);
        // What is counted is the moment before the intent, and the intent is on disk a little later.
        let little = chrono::Duration::seconds(5);
        let touched = self.touched().await;
        for (number, touch) in touched.iter().enumerate() {
            let before = |within: chrono::Duration| {
                let earlier = touched[..number].iter().filter(move |other| touch.at - other.at < within);
                earlier.map(|other| other.who.as_str()).collect::<BTreeSet<&str>>()
            };
            let is_counted = before(hour + little).contains(touch.who.as_str());
            let others = before(hour - little).len();
            assert!(
                touch.is_free || is_counted || others < at_most as usize,
                "seed {} {when}: {touch:?} is one too many: {touched:?}",
                self.seed
            );
        }
    }

    /// Every intent to touch somebody, in the order in which they came.
    async fn touched(&self) -> Vec<Touched> {
        let mut touched = Vec::new();
        for (plan, _) in &self.plans {
            let state = self.house.state(&plan.run).await;
            for line in self.house.lines(&plan.run).await {
                let Entry::Started { task: id, attempt, .. } = &line.entry else { continue };
                let task = state.task(id).expect("a task of the run");
                let target = task.task.target.to_string();
                // Looking somebody up takes nothing away.
                let disrupts = task.task.action.as_str().starts_with("account.");
                let who = self.people.iter().find(|person| disrupts && target.ends_with(&person.name));
                let Some(who) = who.map(|person| person.name.clone()) else { continue };
                // A call that is repeated had its place before.
                let is_free = !task.granted.is_empty() || *attempt > 1;
                touched.push(Touched { at: line.at, who, is_free });
            }
        }
        touched.sort_by_key(|touch| touch.at);
        touched
    }
}

/// Somebody who is about to be touched.
#[derive(Debug)]
struct Touched {
    at: Timestamp,
    who: String,
    /// Whether no place was needed: a person let it through.
    is_free: bool,
}

/// Most sites of these histories let one or two be touched in an hour, and hear of the others within one.
pub(super) fn some_limits(dice: &mut Dice) -> SiteLimits {
    let mut site = SiteLimits::default();
    if dice.roll(4) != 0 {
        site.limits.accounts.per_hour = Some(1 + dice.roll(2) as u32);
    }
    site.asking.expires = Duration::from_secs(3_600);
    site
}
