//! `when`: what starts a playbook, and what must then be there.

use quell_alert::EntityKind;

use super::Check;
use super::references::Stage;
use super::shape::{Fields, Keys};
use crate::codes;
use crate::condition::{Group, Item, Operator};
use crate::model::{AlertState, AlertTrigger, Input, InputKind, Inputs, Trigger};
use crate::names;
use crate::nearest;
use crate::parse::{Content, Node, Span};
use crate::schedule::{self, Missed, Schedule};

pub(crate) const WHEN: Keys =
    Keys { what: "`when`", known: &["alert", "schedule", "manual", "called"], required: &[] };

pub(crate) const SCHEDULE: Keys =
    Keys { what: "`schedule`", known: &["cron", "timezone", "missed"], required: &["cron", "timezone"] };

const STATES: [(&str, AlertState); 3] =
    [("new", AlertState::New), ("updated", AlertState::Updated), ("resolved", AlertState::Resolved)];

const MISSED: [(&str, Missed); 2] = [("skip", Missed::Skip), ("once", Missed::Once)];

/// What can start a playbook, as the rest of it is checked against.
#[derive(Debug, Clone, Default)]
pub(super) struct Starts {
    /// Ways in which it is started without an alert of its own: they name nobody but in `inputs`.
    pub(super) without_alert: Vec<&'static str>,
    /// Whether there is never an alert.
    pub(super) never_alert: bool,
}

impl Check<'_> {
    /// What starts it: one way or several.
    pub(super) fn when(&mut self, node: &Node) -> Option<Trigger> {
        let fields = self.fields(node, &WHEN)?;
        if WHEN.known.iter().all(|key| fields.entry(key).is_none()) {
            self.say(
                codes::MISSING_KEY,
                &node.span,
                "`when` says nothing about what starts the playbook",
                |d| {
                    d.expected("`alert:` with `all:`, `any:` or `none:` below it").help(
                        "or `schedule:`, `manual: true`, `called: true`; several of them may stand here",
                    )
                },
            );
            return None;
        }
        let alert = fields.get("alert").map(|node| self.alert_trigger(node));
        let schedule = fields.get("schedule").map(|node| self.schedule(node));
        let manual = self.is_set(&fields, "manual");
        let called = self.is_set(&fields, "called");
        Some(Trigger {
            alert: alert.map_or(Some(None), |found| found.map(Some))?,
            schedule: schedule.map_or(Some(None), |found| found.map(Some))?,
            manual: manual?,
            called: called?,
        })
    }

    /// What every start needs: a clock gives no inputs, and `once_per` is about alerts.
    pub(super) fn started_whole(
        &mut self,
        when: Option<&Trigger>,
        inputs: Option<&Inputs>,
        fields: &Fields<'_>,
    ) {
        let Some(when) = when else { return };
        let ways = [("schedule", when.schedule.is_some()), ("manual", when.manual), ("called", when.called)];
        self.starts.without_alert =
            ways.into_iter().filter(|(_, is_so)| *is_so).map(|(word, _)| word).collect();
        // The alert of a playbook that is called is that of its caller.
        self.starts.never_alert = when.alert.is_none() && !when.called;
        if let (Some(_), Some(inputs), Some(node)) = (&when.schedule, inputs, fields.get("inputs")) {
            self.clock_gives_nothing(inputs, node);
        }
        if let (None, Some(entry)) = (&when.alert, fields.entry("once_per")) {
            let message = "`once_per` is about alerts, and none starts this playbook";
            self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("leave it out"));
        }
        let asks_for_inputs = when.manual || when.called;
        if let (false, Some(entry)) = (asks_for_inputs, fields.entry("inputs")) {
            let message = "nobody gives this playbook its inputs: no person and no other playbook starts it";
            self.say(codes::MISPLACED, &entry.key_span, message, |d| {
                d.help("add `manual: true` or `called: true` to `when`, or leave the inputs out")
            });
        }
    }

    /// Whether everything that can start it also names somebody of this kind.
    pub(super) fn somebody_to_go_through(&mut self, kind: EntityKind, span: &Span) -> Option<()> {
        let root = names::root_of(kind);
        let is_given = self.names.inputs.values().any(|input| input.kind == InputKind::Entity(kind));
        let without = self.starts.without_alert.iter().find(|way| **way == "schedule" || !is_given);
        let Some(way) = without else { return Some(()) };
        let message = format!("started by `{way}`, this goes through no {root}: nothing names one");
        let help = match *way {
            "schedule" => "a clock names nobody: take `schedule` out of `when`, or `for_each` out".to_owned(),
            _ => format!("add an input: `inputs: {{ target: {root} }}`"),
        };
        self.say(codes::NOBODY_NAMED, span, message, |d| d.help(help));
        None
    }

    fn clock_gives_nothing(&mut self, inputs: &Inputs, node: &Node) {
        for (name, input) in inputs.iter().filter(|(_, input)| Input::is_required(input)) {
            let key = key_of(node, name).unwrap_or_else(|| node.span.clone());
            let message = format!("the clock gives no `{name}`, and it must be given");
            let help = match input.kind {
                InputKind::Entity(_) => "take `schedule` out of `when`: a clock names nobody".to_owned(),
                kind => format!("say what it is then: `{name}: {{ kind: {}, or: … }}`", kind.word()),
            };
            self.say(codes::NOBODY_NAMED, &key, message, |d| d.help(help));
        }
    }

    fn alert_trigger(&mut self, node: &Node) -> Option<AlertTrigger> {
        self.names.stage = Stage::When;
        let group = self.group(node, "`alert`", &["states"]);
        let states = match node.member("states") {
            Some(node) => self.states(node),
            None => Some(vec![AlertState::New]),
        };
        let (group, states) = (group?, states?);
        if states == [AlertState::New] {
            self.nothing_before(&group, &node.span);
        }
        Some(AlertTrigger { group, states })
    }

    /// A new alert has no earlier version: what is asked of one is never known.
    fn nothing_before(&mut self, group: &Group, span: &Span) {
        let asked = group.all.iter().find_map(|item| {
            match item {
                Item::Test(test) if !matches!(test.operator, Operator::Exists(_)) => {
                    Some(test.subject_text())
                }
                _ => None,
            }
            .filter(|subject| subject == "alert.changed" || subject.starts_with("alert.before."))
        });
        let Some(subject) = asked else { return };
        let at = self.first_mention(span, &subject);
        let message = format!("`{subject}` is known of a later version only, and this starts for new alerts");
        self.warn(codes::NEVER_HOLDS, &at, message, "add `states: [updated]` below `alert`");
    }

    fn states(&mut self, node: &Node) -> Option<Vec<AlertState>> {
        let members = self.list(node, "`states`")?;
        let states: Vec<Option<AlertState>> =
            members.iter().map(|member| self.word(member, "a state of an alert", &STATES)).collect();
        states.into_iter().collect()
    }

    /// `manual: true`. What is not wanted is left out, so that nobody has to look whether it is true.
    fn is_set(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        let Some(entry) = fields.entry(key) else { return Some(false) };
        if self.boolean(&entry.value, &format!("`{key}`"))? {
            return Some(true);
        }
        let message = format!("`{key}: false` says what is so without it");
        self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("leave it out"));
        None
    }

    fn schedule(&mut self, node: &Node) -> Option<Schedule> {
        let fields = self.fields(node, &SCHEDULE)?;
        let zone = fields.get("timezone").and_then(|node| self.zone(node));
        let missed = match fields.get("missed") {
            Some(node) => self.word(node, "`missed`", &MISSED),
            None => Some(Missed::default()),
        };
        let node = fields.get("cron")?;
        let text = self.text(node, "`cron`")?;
        // The fields are looked at even where the zone is wrong.
        match Schedule::parse(&text, zone.unwrap_or(chrono_tz::Tz::UTC), missed.unwrap_or_default()) {
            Ok(schedule) => zone.and(missed).map(|_| schedule),
            Err(wrong) => {
                let mut at = self.within_text(&node.span, &text, wrong.at.start);
                at.end = at.end.min(at.start + wrong.at.len().max(1));
                self.say(codes::BAD_SCHEDULE, &at, wrong.what, |d| d.help(wrong.help));
                None
            }
        }
    }

    fn zone(&mut self, node: &Node) -> Option<chrono_tz::Tz> {
        let name = self.text(node, "`timezone`")?;
        if let Some(zone) = schedule::zone(&name) {
            return Some(zone);
        }
        let nearest = nearest::one(&name, schedule::zones()).map(str::to_owned);
        self.say(codes::BAD_SCHEDULE, &node.span, format!("there is no time zone `{name}`"), |d| {
            d.found(name.clone())
                .expected("a name of the IANA: Europe/Vienna, America/New_York, UTC")
                .nearest(nearest)
        });
        None
    }
}

fn key_of(node: &Node, name: &str) -> Option<Span> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|entry| entry.key == name).map(|entry| entry.key_span.clone())
}
