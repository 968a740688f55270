//! From an alert and a playbook to a plan. Pure: the same two give the same plan, always.

use std::borrow::Cow;
use std::sync::Arc;

use quell_alert::{Alert, EntityKind, Part};
use quell_playbook::condition::Truth;
use quell_playbook::model::{AlertState, ForEach, Mode, OrAsk, Playbook};
use quell_playbook::{Candidate, Entity, LaneScope, Moment, names};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Given, Lane, LaneId, LeftOut, Occasion, Origin, Parent, Plan, PlaybookVersion, RunId, TooMany};

/// The name space of run ids. It never changes: a redelivered alert would not find its run.
const RUNS: Uuid = Uuid::from_u128(0x9d2c_2f0b_1f0e_5c62_8a6b_0c1d_71e2_44a7);

impl Plan {
    /// What a playbook comes to for one alert.
    pub fn new(
        alert: Arc<Alert>,
        playbook: &Playbook,
        origin: Origin,
        state: AlertState,
        moment: impl Into<Moment>,
    ) -> Self {
        let moment = moment.into();
        let mut plan = Self {
            run: RunId::of(&alert, playbook, &origin, state),
            origin,
            playbook: PlaybookVersion::of(playbook),
            mode: playbook.mode,
            lanes: Vec::new(),
            too_many: None,
            created: moment.now,
            alert,
            occasion: Occasion::Alert,
            inputs: Given::defaults(playbook),
            beside: Vec::new(),
        };
        (plan.lanes, plan.too_many) = lanes(&plan, playbook, &moment);
        plan
    }

    /// What its conditions see before anything was done: the alert, where there is one, and the inputs.
    pub(crate) fn scope<'a>(&'a self, entity: Option<Entity<'a>>, moment: Moment) -> LaneScope<'a> {
        let mut scope = LaneScope::new(&self.alert, entity, moment);
        scope.inputs = Cow::Borrowed(&self.inputs);
        scope.has_alert = self.has_alert();
        scope
    }

    /// The same, planning and recording only. A dry replay makes this of every plan.
    pub fn observing(mut self) -> Self {
        self.mode = Mode::Observe;
        self
    }
}

impl RunId {
    /// The id of the run of a playbook for an alert: the same whenever the same alert comes again.
    ///
    /// It is made of the detection (product and id), the playbook's name, and "live" or the replay's id. Two kinds of
    /// alert add their version: an update or a resolution that a playbook asked for is a run of its own; and evidence
    /// that a sender spreads over several records of one alert, each of which names other accounts, must not find the
    /// run of the evidence before it.
    pub fn of(alert: &Alert, playbook: &Playbook, origin: &Origin, state: AlertState) -> Self {
        let mut parts = vec![
            alert.same_detection_key(),
            playbook.name.0.clone(),
            match origin {
                Origin::Live => "live".to_owned(),
                Origin::Replay { id } => format!("replay {id}"),
            },
        ];
        if state != AlertState::New || alert.part == Some(Part::Evidence) {
            parts.push(alert.version_key());
        }
        run_id(&parts)
    }
}

/// The id of the run that has these in common.
pub(super) fn run_id(parts: &[String]) -> RunId {
    // Lengths keep the parts apart, whatever stands in them.
    let name: String = parts.iter().map(|part| format!("{}:{part};", part.len())).collect();
    RunId(Uuid::new_v5(&RUNS, name.as_bytes()).simple().to_string())
}

/// The lanes of a plan that has everything else, and whether they are too many.
pub(super) fn lanes(plan: &Plan, playbook: &Playbook, moment: &Moment) -> (Vec<Lane>, Option<TooMany>) {
    let alert = &plan.alert;
    let Some(for_each) = &playbook.for_each else {
        return (vec![judged(Lane::without_entity(alert), None, playbook, plan, moment)], None);
    };
    let mut lanes: Vec<Lane> = for_each
        .candidates(alert)
        .into_iter()
        .enumerate()
        .map(|(number, candidate)| {
            let lane = Lane::about(number, for_each, candidate, alert);
            match lane.entity(alert) {
                Some(entity) => chosen(lane.clone(), entity, playbook, for_each, plan, moment),
                None => lane,
            }
        })
        .collect();
    let too_many = none_of_too_many(&mut lanes, for_each);
    (lanes, too_many)
}

/// The lanes of a step that goes through entities, numbered from this number on; and whether they are too many. What a path
/// has found and what is no entity is a lane that is left out: the record says so.
pub(crate) fn nested(
    alert: &Alert,
    each: &ForEach,
    parent: &Parent,
    first: usize,
    is_chosen: impl Fn(Entity<'_>) -> bool,
) -> (Vec<Lane>, Option<TooMany>) {
    let all = each.candidates(alert).into_iter().map(|candidate| Lane::about(first, each, candidate, alert));
    let chosen = all.filter(|lane| lane.left_out.is_some() || lane.entity(alert).is_some_and(&is_chosen));
    let lanes: Vec<Lane> =
        chosen.zip(first..).map(|(lane, number)| lane.numbered(number).within(parent)).collect();
    let found = lanes.iter().filter(|lane| lane.left_out.is_none()).count();
    let too_many = TooMany { found, at_most: each.at_most };
    (lanes, Some(too_many).filter(|more| more.found > more.at_most))
}

/// More than the playbook allows is never "the first few": nobody is touched, or a person decides about all of them.
/// Those whom `where` leaves out do not count.
fn none_of_too_many(lanes: &mut [Lane], for_each: &ForEach) -> Option<TooMany> {
    let counts = |lane: &Lane| !matches!(lane.left_out, Some(LeftOut::Where { .. }));
    let found = lanes.iter().filter(|lane| counts(lane)).count();
    let at_most = for_each.at_most;
    if found <= at_most {
        return None;
    }
    if for_each.if_more == OrAsk::Ask {
        return Some(TooMany { found, at_most });
    }
    for lane in lanes.iter_mut().filter(|lane| counts(lane)) {
        lane.left_out = Some(LeftOut::TooMany { found, at_most });
    }
    None
}

fn chosen(
    lane: Lane,
    entity: Entity<'_>,
    playbook: &Playbook,
    for_each: &ForEach,
    plan: &Plan,
    moment: &Moment,
) -> Lane {
    if let Some(only) = &for_each.only {
        let judgement = only.evaluate(&plan.scope(Some(entity), moment.clone()));
        if judgement.truth != Truth::True {
            return Lane { left_out: Some(LeftOut::Where { trace: judgement.trace.to_json() }), ..lane };
        }
    }
    judged(lane, Some(entity), playbook, plan, moment)
}

fn judged(
    mut lane: Lane,
    entity: Option<Entity<'_>>,
    playbook: &Playbook,
    plan: &Plan,
    moment: &Moment,
) -> Lane {
    let Some(unless) = playbook.unless.as_ref().filter(|_| lane.left_out.is_none()) else { return lane };
    let judgement = unless.evaluate(&plan.scope(entity, moment.clone()));
    match judgement.truth {
        Truth::False => {}
        // What the alert does not say, a directory may, or a person: only then is "unknown" the last word.
        Truth::Unknown if lane.can_be_resolved() || playbook.unless_unknown == OrAsk::Ask => {
            lane.unless_open = true;
        }
        Truth::True | Truth::Unknown => {
            lane.left_out = Some(LeftOut::Unless { trace: judgement.trace.to_json() });
        }
    }
    lane
}

impl Lane {
    fn about(number: usize, each: &ForEach, candidate: Candidate, alert: &Alert) -> Self {
        let mut lane = Self {
            id: LaneId(0),
            kind: Some(each.kind),
            position: None,
            found: None,
            key: String::new(),
            display: String::new(),
            unless_open: false,
            parent: None,
            closing: false,
            left_out: None,
        };
        match candidate {
            Candidate::Listed(position) => lane.position = Some(position),
            Candidate::Found(found) => lane.found = Some(found),
            Candidate::Unfit(found) => {
                lane.display = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                lane.key = format!("unfit:{}", lane.display);
                lane.left_out = Some(LeftOut::Where { trace: unfit(each, &found) });
            }
        }
        if let Some((key, display)) = lane.entity(alert).as_ref().map(named) {
            (lane.key, lane.display) = (key, display);
        }
        lane.numbered(number)
    }

    fn numbered(self, number: usize) -> Self {
        Self { id: LaneId(u32::try_from(number).unwrap_or(u32::MAX)), ..self }
    }

    fn within(self, parent: &Parent) -> Self {
        Self { parent: Some(parent.clone()), ..self }
    }

    fn without_entity(alert: &Alert) -> Self {
        Self {
            id: LaneId(0),
            kind: None,
            position: None,
            found: None,
            key: format!("alert:{}", alert.same_detection_key()),
            display: alert.title.clone(),
            unless_open: false,
            parent: None,
            closing: false,
            left_out: None,
        }
    }

    /// The lane for the run as a whole.
    pub(crate) fn closing(alert: &Alert, number: usize) -> Self {
        let id = LaneId(u32::try_from(number).unwrap_or(u32::MAX));
        Self { id, closing: true, display: String::new(), ..Self::without_entity(alert) }
    }

    /// What the lane is about, as the alert named it.
    pub fn entity<'a>(&'a self, alert: &'a Alert) -> Option<Entity<'a>> {
        match &self.found {
            Some(found) => Some(found.entity()),
            None => Entity::at(alert, self.kind?, self.position?),
        }
    }

    /// Whether there are directories that know more of it than the alert does.
    pub fn can_be_resolved(&self) -> bool {
        matches!(self.kind, Some(EntityKind::Account | EntityKind::Device))
    }
}

/// What people call an entity.
pub(crate) fn display(entity: &Entity<'_>) -> String {
    named(entity).1
}

/// The trace of what a path has found and what is no entity of the alert.
fn unfit(each: &ForEach, found: &Value) -> Value {
    json!({
        "truth": "unknown",
        "subject": each.from.as_ref().map(ToString::to_string),
        "operator": "from",
        "expected": names::list_name(each.kind),
        "seen": found,
        "because": "it is nothing that the alert names",
    })
}

/// The key of an entity within its alert, and what people call it.
fn named(entity: &Entity<'_>) -> (String, String) {
    match entity {
        Entity::Account(account) => (account.key(), account.display()),
        Entity::Device(device) => (device.key(), device.display()),
        Entity::Ip(ip) => (ip.key(), ip.address.clone()),
        Entity::Mailbox(mailbox) => (mailbox.key(), mailbox.address.clone()),
        Entity::File(file) => {
            let key = file.key();
            let display = file.name.clone().unwrap_or_else(|| key.clone());
            (key, display)
        }
        Entity::Hash(hash) => (hash.key(), hash.value.clone()),
        Entity::Url(url) => (url.key(), url.url.clone()),
        Entity::Domain(name) => (format!("domain:{name}"), (*name).to_owned()),
    }
}
