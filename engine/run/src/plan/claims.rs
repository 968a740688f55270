//! [`Claim`]: `once_per`, worked out for one plan. Pure: which claims a run needs, and what is left of it where others
//! have them.
//!
//! A claim is about what alerts say, and not about what directories say: it is made before anybody is asked. So an
//! account counts as the same where the strongest identifier is the same that the alerts have of it, and where that is
//! not a name (which two people may share). What is not known makes no claim: then there are two runs, which go one
//! after the other and find things as wanted, where one would have been enough. The other way round somebody would
//! not be protected.

use quell_alert::{AlertId, DeviceIdentifier, EntityKind, Identifier, Timestamp};
use quell_playbook::model::{KeyPart, OncePer, Playbook};
use quell_playbook::{AlertScope, Entity, Moment, Scope};
use serde::{Deserialize, Serialize};

use super::{Lane, LaneId, LeftOut, Origin, Plan, RunId};
use crate::Batch;
use crate::retry::later;

/// What a run holds for itself: no other run of the same playbook begins with it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Of what: the playbook, live or which replay, and the values of the key.
    pub name: String,
    /// The lane that it is for; `None` where it is for the run as a whole.
    pub lane: Option<LaneId>,
    /// The same for people: `alert.type DCSync, account alice@contoso.example`.
    pub shown: String,
    /// Until then.
    pub until: Timestamp,
}

impl Plan {
    /// What its run claims: once, or for each lane that would be taken. Empty where the playbook does not say
    /// `once_per`, or where the alert does not say what it wants to know.
    pub fn claims(&self, playbook: &Playbook) -> Vec<Claim> {
        let Some(once_per) = &playbook.once_per else { return Vec::new() };
        if !once_per.is_per_lane() {
            return self.claim(once_per, None).into_iter().collect();
        }
        let open = self.lanes.iter().filter(|lane| lane.left_out.is_none());
        open.filter_map(|lane| self.claim(once_per, Some(lane))).collect()
    }

    /// Leaves out the lanes whose claims other runs have. Whether anything is left to do: otherwise there is no run to
    /// create.
    pub fn leave_to<'a>(&mut self, others: impl IntoIterator<Item = (&'a Claim, &'a RunId)>) -> bool {
        let (mut is_any, mut is_whole) = (false, false);
        for (claim, run) in others {
            is_any = true;
            is_whole |= claim.lane.is_none();
            let open = self.lanes.iter_mut().filter(|lane| lane.left_out.is_none());
            for lane in open.filter(|lane| claim.lane.is_none_or(|only| only == lane.id)) {
                lane.left_out = Some(LeftOut::Attached { run: run.clone() });
            }
        }
        let nobody_left = self.lanes.iter().all(|lane| lane.left_out.is_some());
        !(is_whole || is_any && nobody_left)
    }

    fn claim(&self, once_per: &OncePer, lane: Option<&Lane>) -> Option<Claim> {
        let origin = match &self.origin {
            Origin::Live => "live".to_owned(),
            Origin::Replay { id } => format!("replay {id}"),
        };
        let mut values = vec![self.playbook.name.0.clone(), origin];
        let mut shown = Vec::new();
        for part in &once_per.key {
            let (name, value, display) = self.value(part, lane)?;
            shown.push(format!("{name} {display}"));
            values.push(name);
            values.push(value);
        }
        // Lengths keep the values apart, whatever stands in them.
        let name = values.iter().map(|value| format!("{}:{value};", value.len())).collect();
        let until = later(self.created, once_per.within);
        Some(Claim { name, lane: lane.map(|lane| lane.id), shown: shown.join(", "), until })
    }

    /// The name of a part of the key, its value, and what people call that; `None` where it is not known.
    fn value(&self, part: &KeyPart, lane: Option<&Lane>) -> Option<(String, String, String)> {
        match part {
            KeyPart::Alert(reference) => {
                let moment = Moment::from(self.created);
                let scope = AlertScope { alert: &self.alert, moment: &moment };
                let value = match scope.value(reference)? {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                if value.trim().is_empty() {
                    return None;
                }
                // An id is unique within its product only.
                let same = match reference.0.as_str() {
                    "alert.id" => self.alert.same_detection_key(),
                    _ => value.clone(),
                };
                Some((reference.0.clone(), same, value))
            }
            KeyPart::Entity => {
                let lane = lane?;
                let kind = quell_playbook::names::root_of(lane.kind?);
                is_certain(lane, lane.entity(&self.alert)?)
                    .then(|| (kind.to_owned(), lane.key.clone(), lane.display.clone()))
            }
        }
    }
}

/// Whether the key of a lane names nobody else in another alert.
fn is_certain(lane: &Lane, entity: Entity<'_>) -> bool {
    match entity {
        Entity::Account(account) => account.strongest().is_some_and(Identifier::is_strong),
        Entity::Device(device) => device.strongest().is_some_and(DeviceIdentifier::is_strong),
        // A name of a file is not the file.
        Entity::File(file) => !file.hashes.is_empty(),
        _ => lane.kind != Some(EntityKind::File) && !lane.key.is_empty(),
    }
}

/// What a playbook comes to for an alert that is accepted, with what its run claims. All of it is put on disk together
/// with the alert, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The run.
    pub run: RunId,
    /// What creates it; `None` where other runs have all of it in hand.
    pub batch: Option<Batch>,
    /// What it claims.
    pub claims: Vec<Claim>,
    /// What other runs have: the alert is attached to them.
    pub attached: Vec<(Claim, RunId)>,
}

impl From<Batch> for Opening {
    fn from(batch: Batch) -> Self {
        Self { run: batch.run.clone(), batch: Some(batch), claims: Vec::new(), attached: Vec::new() }
    }
}

/// A later alert that belongs to a run: it is not acted on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The alert.
    pub alert: AlertId,
    /// What it is called.
    pub title: String,
    /// What tells its version from others.
    pub version: String,
    /// When it came in.
    pub at: Timestamp,
    /// What it has in common with the alert that started the run.
    pub because: String,
}
