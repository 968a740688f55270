//! Taking places for a task before its intent is written.

use quell_action::{ActionSpec, Impact, TargetKind};
use quell_playbook::model::{Asking, Counted, IfExpired, Limits, OrAsk};

use crate::call::Earlier;
use crate::clearance::Known;
use crate::context::Context;
use crate::log::Halt;
use crate::{Entry, Exceeded, Limit, Reservation, Reserved, Task, TaskState, Whose};

/// What a site limits, over all playbooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteLimits {
    /// How many may be touched.
    pub limits: Limits,
    /// Who is asked where a playbook does not say whom.
    pub asking: Asking,
}

impl Default for SiteLimits {
    fn default() -> Self {
        let a_day = std::time::Duration::from_secs(24 * 60 * 60);
        // Nobody named: whoever may answer at all.
        let asking =
            Asking { of: Vec::new(), expires: a_day, if_expired: IfExpired::Stop, quorum: 1, through: None };
        Self { limits: Limits::CAREFUL, asking }
    }
}

impl Context {
    /// Takes a place for whoever a task touches. The entry that says why it must wait, where there is none.
    pub(crate) async fn take_place(
        &self,
        known: &Known,
        task: &TaskState,
        spec: &ActionSpec,
        earlier: Earlier,
    ) -> Result<Option<Entry>, Halt> {
        let Some(what) = counted(spec) else { return Ok(None) };
        let limits = self.limits_on(what);
        // A call that may have happened has had its place: it is noted anew, and not held back half-way.
        let granted = match earlier {
            Earlier::MayHaveHappened => limits.iter().map(|limit| (limit.whose, limit.per)).collect(),
            Earlier::NoCall | Earlier::DidNotHappen => task.granted.clone(),
        };
        let order = Reservation {
            run: self.plan.run.clone(),
            playbook: self.plan.playbook.name.clone(),
            what,
            member: known.member(&task.task),
            limits,
            granted,
            at: self.now(),
        };
        quell_crash::point!("run.place.taking");
        let reserved = self.tools.journal.reserve(order).await?;
        quell_crash::point!("run.place.taken");
        Ok(match reserved {
            Reserved::Counted => None,
            Reserved::Over(exceeded) => Some(self.held_back(&task.task, exceeded)),
        })
    }

    /// The site's limits, and the playbook's where it has some.
    fn limits_on(&self, what: Counted) -> Vec<Limit> {
        let of = |whose, limits: &Limits| {
            let each: Vec<_> = limits.of(what).each().collect();
            each.into_iter().map(move |(per, at_most)| Limit { whose, what, per, at_most })
        };
        let site = of(Whose::Site, &self.tools.settings.limits.limits);
        site.chain(self.playbook.limits.iter().flat_map(|limits| of(Whose::Playbook, limits))).collect()
    }

    fn held_back(&self, task: &Task, exceeded: Vec<Exceeded>) -> Entry {
        let site = &self.tools.settings.limits;
        let own = self.playbook.limits.and_then(|limits| limits.if_over);
        let rule = |over: &Exceeded| match over.limit.whose {
            // Beyond the site's own limit a playbook can be stricter, and not laxer.
            Whose::Site if site.limits.if_over == Some(OrAsk::Stop) => OrAsk::Stop,
            Whose::Site | Whose::Playbook => own.unwrap_or(OrAsk::Ask),
        };
        let stops = exceeded.iter().any(|over| rule(over) == OrAsk::Stop);
        let asking = self.playbook.approval.clone().unwrap_or_else(|| site.asking.clone());
        Entry::OverLimit { task: task.id.clone(), exceeded, asking: (!stops).then(|| Box::new(asking)) }
    }
}

/// What an action is counted as: only what takes something away from somebody is.
fn counted(spec: &ActionSpec) -> Option<Counted> {
    match (spec.impact, spec.target) {
        (Impact::Disruptive, TargetKind::Account) => Some(Counted::Accounts),
        (Impact::Disruptive, TargetKind::Device) => Some(Counted::Devices),
        _ => None,
    }
}
