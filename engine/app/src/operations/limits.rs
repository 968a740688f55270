//! What the limits have let through: the limits that hold, and the counters in the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_api::{Counting, LimitUse, LimitsReport, Refusal};
use quell_playbook::model::{Counted, Limits, Per};
use quell_run::{CounterName, Limit, Tally, Touch, Whose};

use crate::wire::App;

/// What the limits have let through so far.
pub(super) async fn report(app: &Arc<App>) -> Result<LimitsReport, Refusal> {
    let at = app.clock.now();
    let tallies = app.store.counters().list().await.map_err(Refusal::unavailable)?;
    let tallies: BTreeMap<CounterName, Tally> = tallies.into_iter().collect();
    let mut found = Vec::new();
    for limit in each(Whose::Site, &app.site.config.limits.limits()) {
        found.push(used(limit, None, tallies.get(&CounterName::Site(limit.what)), at));
    }
    for (playbook, limit) in of_playbooks(app, &tallies) {
        let name = CounterName::Playbook(quell_playbook::model::PlaybookName(playbook.clone()), limit.what);
        found.push(used(limit, Some(playbook), tallies.get(&name), at));
    }
    Ok(LimitsReport { at, limits: found })
}

/// The limits of the playbooks that are loaded; of others, as their runs have last met them.
fn of_playbooks(app: &App, tallies: &BTreeMap<CounterName, Tally>) -> Vec<(String, Limit)> {
    let mut found: Vec<(String, Limit)> = Vec::new();
    let loaded = app.matcher.load();
    for playbook in loaded.playbooks() {
        let limits = playbook.limits.iter().flat_map(|limits| each(Whose::Playbook, limits));
        found.extend(limits.map(|limit| (playbook.name.0.clone(), limit)));
    }
    for (name, tally) in tallies {
        let CounterName::Playbook(playbook, _) = name else { continue };
        if loaded.playbooks().iter().all(|other| other.name != *playbook) {
            found.extend(tally.limits().iter().map(|limit| (playbook.0.clone(), *limit)));
        }
    }
    found
}

fn each(whose: Whose, limits: &Limits) -> Vec<Limit> {
    let of = |what: Counted| {
        limits
            .of(what)
            .each()
            .map(move |(per, at_most)| Limit { whose, what, per, at_most })
            .collect::<Vec<_>>()
    };
    Counted::ALL.into_iter().flat_map(of).collect()
}

fn used(
    limit: Limit,
    playbook: Option<String>,
    tally: Option<&Tally>,
    now: quell_alert::Timestamp,
) -> LimitUse {
    if limit.per == Per::Run {
        return LimitUse { limit, playbook, used: None, frees_at: None, counted: Vec::new() };
    }
    let touches: Vec<&Touch> = tally.map(|tally| tally.counted(limit.per, now)).unwrap_or_default();
    let counting = |touch: &&Touch| Counting {
        who: touch.member.display.clone(),
        run: touch.run.clone(),
        playbook: touch.playbook.0.clone(),
        at: touch.at,
        leaves_at: Tally::leaves_at(limit.per, touch.at),
    };
    let counted: Vec<Counting> = touches.iter().map(counting).collect();
    let beyond = counted.len().checked_sub(limit.at_most as usize);
    LimitUse {
        limit,
        playbook,
        used: u32::try_from(counted.len()).ok(),
        frees_at: beyond.and_then(|last| counted.get(last)?.leaves_at),
        counted,
    }
}
