//! [`Occasion`]: what started a run, and the plans of runs that no alert started.
//!
//! Every run has an alert, since everything that a lane is about stands in one. A run that a person or the clock started
//! has one that names those whom its inputs name, and nothing else: to a playbook it is as if there were none. One
//! that is called has that of its caller, with those whom it was given.

use std::sync::Arc;

use quell_alert::{Alert, AlertId, Entities, Format, Product, Status, Times, Timestamp};
use quell_playbook::Moment;
use quell_playbook::model::{Mode, Playbook, StepId};
use serde::{Deserialize, Serialize};

use super::make::{lanes, run_id};
use super::{Given, LaneId, Origin, Plan, PlaybookVersion, RunId};

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// An alert.
    #[default]
    Alert,
    /// A person, or a program through the API.
    Manual {
        /// Who.
        by: String,
    },
    /// The clock.
    Schedule {
        /// The moment that the schedule names.
        due: Timestamp,
    },
    /// A step of another run.
    Called {
        /// Which.
        caller: Caller,
    },
}

/// The step that called a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Its run.
    pub run: RunId,
    /// Its lane.
    pub lane: LaneId,
    /// The step.
    pub step: StepId,
    /// Whether an alert is behind it.
    pub has_alert: bool,
}

impl Occasion {
    /// Those that were called come first.
    pub(crate) fn order_at_start(&self) -> u8 {
        u8::from(!matches!(self, Self::Called { .. }))
    }

    /// Whether it was an alert.
    pub fn is_alert(&self) -> bool {
        *self == Self::Alert
    }
}

impl Plan {
    /// What a playbook comes to that a person starts. The same ticket is the same start, however often it is asked for.
    pub fn manual(
        playbook: &Playbook,
        given: Given,
        by: &str,
        ticket: &str,
        moment: impl Into<Moment>,
    ) -> Self {
        let moment = moment.into();
        let now = moment.now;
        let run = run_id(&["manual".to_owned(), playbook.name.0.clone(), ticket.to_owned()]);
        let title = format!("{} (started by {by})", playbook.title);
        let alert = bare(&run, title, given.entities, now);
        let occasion = Occasion::Manual { by: by.to_owned() };
        Self { inputs: given.values, ..without_alert(run, playbook, alert, occasion, now) }
            .worked_out(playbook, &moment)
    }

    /// What a playbook comes to that the clock starts at a moment of its schedule: one moment is one run.
    pub fn scheduled(playbook: &Playbook, due: Timestamp, moment: impl Into<Moment>) -> Self {
        let moment = moment.into();
        let now = moment.now;
        let run = run_id(&["schedule".to_owned(), playbook.name.0.clone(), due.to_rfc3339()]);
        let title = format!("{} (due {})", playbook.title, due.format("%Y-%m-%d %H:%M UTC"));
        let alert = bare(&run, title, Entities::default(), now);
        let inputs = Given::defaults(playbook);
        let occasion = Occasion::Schedule { due };
        Self { inputs, ..without_alert(run, playbook, alert, occasion, now) }.worked_out(playbook, &moment)
    }

    /// What a playbook comes to that a step of this run calls: one step is one run. It never acts where its caller
    /// does not.
    pub fn called(
        &self,
        playbook: &Playbook,
        given: Given,
        lane: LaneId,
        step: &StepId,
        moment: Moment,
    ) -> Self {
        let now = moment.now;
        let run = self.run_called(lane, step);
        let alert = Alert { entities: given.entities, ..Alert::clone(&self.alert) };
        let caller = Caller { run: self.run.clone(), lane, step: step.clone(), has_alert: self.has_alert() };
        let mut plan = Self {
            inputs: given.values,
            origin: self.origin.clone(),
            beside: self.beside.clone(),
            ..without_alert(run, playbook, alert, Occasion::Called { caller }, now)
        };
        if self.mode == Mode::Observe {
            plan.mode = Mode::Observe;
        }
        plan.worked_out(playbook, &moment)
    }

    /// The run that a step calls: known before it is there, so that it is never called twice.
    pub fn run_called(&self, lane: LaneId, step: &StepId) -> RunId {
        run_id(&["called".to_owned(), self.run.0.clone(), lane.0.to_string(), step.0.clone()])
    }

    /// The same with the playbooks that it may call, in their versions.
    pub fn calling<'a>(mut self, called: impl IntoIterator<Item = &'a Arc<Playbook>>) -> Self {
        self.beside = called.into_iter().map(|playbook| PlaybookVersion::of(playbook)).collect();
        self
    }

    /// Whether there is an alert, and not only what somebody named.
    pub fn has_alert(&self) -> bool {
        match &self.occasion {
            Occasion::Alert => true,
            Occasion::Manual { .. } | Occasion::Schedule { .. } => false,
            Occasion::Called { caller } => caller.has_alert,
        }
    }

    fn worked_out(mut self, playbook: &Playbook, moment: &Moment) -> Self {
        (self.lanes, self.too_many) = lanes(&self, playbook, moment);
        self
    }
}

impl PlaybookVersion {
    /// The version that this is.
    pub fn of(playbook: &Playbook) -> Self {
        Self { name: playbook.name.clone(), hash: playbook.hash.clone() }
    }
}

fn without_alert(run: RunId, playbook: &Playbook, alert: Alert, occasion: Occasion, now: Timestamp) -> Plan {
    Plan {
        run,
        origin: Origin::Live,
        playbook: PlaybookVersion::of(playbook),
        mode: playbook.mode,
        alert: Arc::new(alert),
        lanes: Vec::new(),
        too_many: None,
        created: now,
        occasion,
        inputs: Default::default(),
        beside: Vec::new(),
    }
}

/// An alert that names these, and says nothing else.
fn bare(run: &RunId, title: String, entities: Entities, now: Timestamp) -> Alert {
    Alert {
        before: None,
        id: AlertId(run.0.clone()),
        provider_id: None,
        incident_id: None,
        format: Format::Given,
        title,
        description: None,
        alert_type: None,
        external_id: None,
        detector_id: None,
        severity: None,
        status: Status::New,
        product: Product("Quell".into()),
        provider: None,
        tactics: Vec::new(),
        techniques: Vec::new(),
        times: Times { updated: Some(now), ..Times::default() },
        link: None,
        tenant: None,
        entities,
        document: serde_json::Value::Null,
        part: None,
        oddities: Vec::new(),
    }
}
