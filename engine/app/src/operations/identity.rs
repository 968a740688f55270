//! A person or service as the engine sees it: the directories, the exclusion list, and what runs keep in force.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use quell_action::{AccountFacts, ActionSpec, GroupFacts, IdentityFacts, Subject, Target};
use quell_alert::Timestamp;
use quell_api::{
    ExclusionTest, IdentityAccount, IdentityExclusion, IdentityReport, IdentityStanding, InForce, Refusal,
};
use quell_run::{Certainty, Holder, RunId, RunState, Runs, TaskState};

use super::exclusion;
use crate::wire::App;

/// How much of what is in force is told one by one.
const MOST: usize = 100;

/// Whom a name means, and all that is known of them.
pub(super) async fn report(app: &Arc<App>, who: &str) -> Result<IdentityReport, Refusal> {
    let mut identified = exclusion::identify(app, who).await?;
    let (test, judged) = exclusion::tested(app, who, &identified);
    let facts = match identified.subjects.pop() {
        None | Some(Subject::Nobody) => None,
        Some(Subject::Identity(facts)) => Some(facts),
        Some(Subject::Device(device)) => {
            return Err(Refusal::invalid(format!(
                "{who} is the device {}, and nobody's account; `quell exclusions test {who}` says whether it is left alone",
                device.display
            )));
        }
    };
    let (accounts, (in_force, more_in_force)) = match &facts {
        Some(facts) => (facts.accounts.iter().map(account).collect(), in_force(app, facts, MOST).await?),
        None => <_>::default(),
    };
    Ok(IdentityReport {
        who: who.to_owned(),
        at: app.clock.now(),
        standing: standing(identified.certainty),
        why: identified.unknown,
        no_account_at: facts.map(|facts| without_account(app, &facts)).unwrap_or_default(),
        accounts,
        exclusion: excluded(test, &judged),
        in_force,
        more_in_force,
    })
}

fn standing(certainty: Certainty) -> IdentityStanding {
    match certainty {
        Certainty::Known => IdentityStanding::Known,
        Certainty::Partly => IdentityStanding::Partly,
        Certainty::Nobody => IdentityStanding::Nobody,
        Certainty::Ambiguous => IdentityStanding::Ambiguous,
    }
}

fn account(facts: &AccountFacts) -> IdentityAccount {
    let groups = facts.groups.as_ref().map(|groups| groups.iter().map(group).collect());
    IdentityAccount {
        provider: facts.key.provider.to_string(),
        key: facts.key.to_string(),
        display: facts.display.clone(),
        names: facts.identifiers.iter().map(ToString::to_string).collect(),
        groups,
        privileged: facts.privileged,
        enabled: facts.enabled,
        protected: facts.protected.map(|protected| protected.name().to_owned()),
        read_at: facts.read_at,
    }
}

/// What people call a group; where its directory gave no name, its id.
fn group(group: &GroupFacts) -> String {
    let id = || group.identifiers.first().map(ToString::to_string).unwrap_or_default();
    group.name.clone().unwrap_or_else(id)
}

/// Where it was asked for and not found; a directory that could not be asked says neither.
fn without_account(app: &App, facts: &IdentityFacts) -> Vec<String> {
    let mut asked = app.engine.account_directories();
    asked.retain(|provider| {
        let has_one = facts.accounts.iter().any(|account| account.key.provider == *provider);
        !has_one && facts.unanswered.iter().all(|(silent, _)| silent != provider)
    });
    asked.iter().map(ToString::to_string).collect()
}

fn excluded(test: ExclusionTest, judged: &[(ActionSpec, bool)]) -> IdentityExclusion {
    let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (action, _) in judged.iter().filter(|(_, stopped)| !stopped) {
        open.entry(action.provider.to_owned()).or_default().push(action.name.to_owned());
    }
    IdentityExclusion {
        excluded: !judged.is_empty() && open.is_empty(),
        entries: test.entries,
        built_in: test.built_in,
        open,
    }
}

/// What runs keep as it is on any of the accounts, run after run, in the order of their tasks: at most so many; and how many
/// more there are.
pub(super) async fn in_force(
    app: &Arc<App>,
    facts: &IdentityFacts,
    most: usize,
) -> Result<(Vec<InForce>, usize), Refusal> {
    let is_meant = |target: &Target| match target {
        Target::Account(key) => facts.accounts.iter().any(|account| account.key == *key),
        Target::Device(_) | Target::None => false,
    };
    let mut holds = app.store.runs().all_holds().await.map_err(Refusal::unavailable)?;
    holds.retain(|holds| is_meant(&holds.key.target));
    let holders: Vec<Vec<Holder>> = holds.into_iter().map(|holds| holds.holders).collect();
    let all: usize = holders.iter().map(Vec::len).sum();
    let told = if all > most { told(app, holders, most).await? } else { holders.concat() };
    let more = all - told.len();
    let mut runs: HashMap<RunId, RunState> = HashMap::new();
    let mut found = Vec::new();
    for Holder { run, task } in told {
        if !runs.contains_key(&run) {
            let lines = app.store.runs().lines(&run).await.map_err(Refusal::unavailable)?;
            runs.insert(run.clone(), RunState::replay(&lines).map_err(Refusal::unavailable)?);
        }
        let Some(state) = runs.get(&run) else { continue };
        found.extend(state.task(&task).and_then(|task| held(state, task)));
    }
    found.sort_by_key(|(begun, one): &(Timestamp, InForce)| (*begun, one.run.clone(), one.task.clone()));
    Ok((found.into_iter().map(|(_, one)| one).collect(), more))
}

/// Of too many, those that began each state, which have changed something if anybody has, and the newest. A run's line in the
/// list says when it began: its journal, which is longer, is read of those alone that are told.
async fn told(app: &App, holders: Vec<Vec<Holder>>, most: usize) -> Result<Vec<Holder>, Refusal> {
    let mut begun: HashMap<RunId, Timestamp> = HashMap::new();
    for Holder { run, .. } in holders.iter().flatten() {
        if !begun.contains_key(run)
            && let Some(summary) = app.store.runs().summary(run).await.map_err(Refusal::unavailable)?
        {
            begun.insert(run.clone(), summary.started);
            // The look is short, and there are many of them.
            tokio::task::yield_now().await;
        }
    }
    let (mut told, mut later) = (Vec::new(), Vec::new());
    for mut holders in holders {
        holders.retain(|holder| begun.contains_key(&holder.run));
        holders.sort_by_key(|holder| begun.get(&holder.run).copied());
        let mut holders = holders.into_iter();
        told.extend(holders.next());
        later.extend(holders);
    }
    later.sort_by_key(|holder| Reverse(begun.get(&holder.run).copied()));
    later.truncate(most.saturating_sub(told.len()));
    told.extend(later);
    Ok(told)
}

fn held(state: &RunState, task: &TaskState) -> Option<(Timestamp, InForce)> {
    let (since, _) = task.succeeded?;
    let one = InForce {
        action: task.task.action.to_string(),
        provider: task.task.provider.to_string(),
        account: task.task.display.clone(),
        run: state.plan().run.0.clone(),
        task: task.task.id.to_string(),
        playbook: state.plan().playbook.name.0.clone(),
        since,
        changed: task.changed(),
        undo_due: task.undo_due(),
        undoing: task.undo_open(),
    };
    Some((state.plan().created, one))
}
