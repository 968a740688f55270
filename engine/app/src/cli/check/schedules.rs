//! When playbooks that the clock starts are due: a schedule that says something else than was meant shows here.

use std::sync::Arc;

use quell_alert::Timestamp;
use quell_playbook::model::Playbook;
use serde::Serialize;

use crate::show::{NAME, Show, styled};

/// How many moments are shown.
const SHOWN: usize = 3;

/// When a playbook is due next.
#[derive(Debug, Serialize)]
pub(super) struct Due {
    playbook: String,
    /// In the time zone of its schedule.
    next: Vec<String>,
}

/// Those of these playbooks that the clock starts.
pub(super) fn due<'a>(playbooks: impl Iterator<Item = &'a Arc<Playbook>>, now: Timestamp) -> Vec<Due> {
    let next = |playbook: &Arc<Playbook>| {
        let schedule = playbook.when.schedule.as_ref()?;
        let moments = std::iter::successors(schedule.after(now), |moment| schedule.after(*moment));
        let written = |moment: Timestamp| {
            moment.with_timezone(&schedule.zone()).format("%A %Y-%m-%d %H:%M %Z").to_string()
        };
        Some(Due { playbook: playbook.name.to_string(), next: moments.take(SHOWN).map(written).collect() })
    };
    playbooks.filter_map(next).collect()
}

pub(super) fn tell(show: Show, due: &[Due]) {
    for one in due {
        show.aside(format_args!("{} is due {}", styled(NAME, &one.playbook), one.next.join(", then ")));
    }
}
