//! Steps: one verb each, in order.

use super::Check;
use super::asking;
use super::flow::Found;
use super::options::Defaults;
use super::references::{Output, Stage};
use super::shape::{Fields, Keys};
use super::words::NameForm;
use crate::codes;
use crate::model::{IfUnknown, OnError, Step, StepCondition, StepId, Verb};
use crate::parse::{Entry, Node};

pub(crate) const STEP: Keys = Keys {
    what: "a step",
    known: &[
        "id", "title", "if", "do", "at", "using", "with", "timeout", "retry", "on_error", "undo", "approval",
        "verify", "rate", "impact", "ask", "wait", "parallel", "for_each", "steps", "choose", "run",
        "inputs", "set", "keep", "stop",
    ],
    required: &[],
};

/// The verbs of the language, those to come included.
pub(crate) const VERBS: [&str; 10] =
    ["do", "ask", "wait", "parallel", "for_each", "choose", "run", "set", "keep", "stop"];

/// What only goes together with `do`.
const OF_DO: [&str; 10] =
    ["at", "using", "with", "timeout", "retry", "undo", "approval", "verify", "rate", "impact"];

/// Verbs that cannot fail themselves.
pub(super) const CANNOT_FAIL: [&str; 4] = ["wait", "parallel", "choose", "stop"];

const IF_UNKNOWN: [(&str, IfUnknown); 4] =
    [("stop", IfUnknown::Stop), ("run", IfUnknown::Run), ("skip", IfUnknown::Skip), ("ask", IfUnknown::Ask)];

impl Check<'_> {
    /// A list of steps.
    pub(super) fn steps(
        &mut self,
        node: &Node,
        what: &str,
        stage: Stage,
        defaults: &Defaults,
    ) -> Option<Vec<Step>> {
        self.names.stage = stage;
        let members = self.list(node, what)?;
        self.in_order(members, defaults)
    }

    /// A list of steps within a step.
    pub(super) fn nested(&mut self, node: &Node, what: &str, defaults: &Defaults) -> Option<Vec<Step>> {
        let members = self.list(node, what)?;
        self.in_order(members, defaults)
    }

    fn in_order(&mut self, members: &[Node], defaults: &Defaults) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut ended = false;
        for member in members {
            let step = self.step(member, defaults);
            if std::mem::replace(&mut ended, step.as_ref().is_some_and(always_ends)) {
                let at = member.span.start..member.span.start + self.words(&member.span).len();
                self.say(codes::UNREACHABLE, &at, "no lane comes here: the step above ends it", |d| {
                    d.help("take it out, or give the `stop` above an `if`")
                });
            }
            steps.push(step);
        }
        self.done_twice(members);
        steps.into_iter().collect()
    }

    /// One step.
    pub(super) fn step(&mut self, node: &Node, defaults: &Defaults) -> Option<Step> {
        let fields = self.fields(node, &STEP)?;
        let id = fields.get("id").map(|node| self.name(node, "the id of a step", NameForm::Step));
        let title = fields.get("title").map(|node| self.text_for_people(node, "`title`"));
        let condition = fields.get("if").map(|node| self.step_condition(node));
        let on_error = fields.get("on_error").map_or(Some(OnError::default()), |node| self.on_error(node));
        let verb = self.one_verb(node, &fields);
        let name = id.as_ref().and_then(|id| id.as_deref());
        let action = fields.get("do").and_then(Node::text);
        let (outputs, done) = match verb {
            Some("do") => self.act(&fields, defaults),
            Some(verb) => self.other(verb, &fields, name, defaults),
            None => (Vec::new(), None),
        };
        let is_unclear = match verb {
            Some("do") => action.is_none_or(|action| self.site.catalogue.named(action).next().is_none()),
            Some("run") => !self.callee_is_known(&fields),
            _ => false,
        };
        if let Some(name) = name {
            self.names.done.insert(name.to_owned(), outputs);
            if is_unclear {
                self.names.unclear.insert(name.to_owned());
            }
            self.may_end_the_lane(name, verb.unwrap_or_default(), on_error);
        }
        let (id, is_named) = match id {
            Some(id) => (id?, true),
            None => (self.made_up(verb?, &fields)?, false),
        };
        Some(Step {
            id: StepId(id),
            is_named,
            title: title.map_or(Some(None), |title| title.map(Some))?,
            condition: condition.map_or(Some(None), |condition| condition.map(Some))?,
            verb: done?,
            on_error: on_error?,
        })
    }

    fn act(&mut self, fields: &Fields<'_>, defaults: &Defaults) -> Found {
        if let Some(entry) = fields.entry("steps") {
            let message = "`steps` goes with `for_each`, and this step has `do`";
            self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("leave it out"));
        }
        if let Some(entry) = fields.entry("inputs") {
            let message = "`inputs` goes with `run`, and this step has `do`";
            self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("write `with`"));
        }
        let action = self.do_step(fields, defaults);
        let name = fields.get("do").and_then(Node::text);
        let mut outputs = name.map(|name| self.outputs(name)).unwrap_or_default();
        let within =
            action.iter().flat_map(|action| Output::within(&outputs, &action.with)).collect::<Vec<_>>();
        outputs.extend(within);
        (outputs, action.map(Verb::Do))
    }

    fn other(
        &mut self,
        verb: &'static str,
        fields: &Fields<'_>,
        id: Option<&str>,
        defaults: &Defaults,
    ) -> Found {
        let Some(node) = fields.get(verb) else { return (Vec::new(), None) };
        let (outputs, found) = match verb {
            "ask" => {
                let ask = self.ask_step(node, id);
                (ask.as_ref().map_or_else(asking::outputs_unclear, asking::outputs), ask.map(Verb::Ask))
            }
            "wait" => self.wait_step(node),
            "parallel" => self.parallel(node, defaults),
            "for_each" => self.each(fields, node, defaults),
            "choose" => self.choose(node, defaults),
            "run" => self.run_step(fields, node),
            "set" => self.set(node, id),
            "keep" => self.keep(node),
            "stop" => (Vec::new(), self.stop(node).map(Verb::Stop)),
            _ => (Vec::new(), None),
        };
        let whole = self.nothing_misplaced(fields, verb);
        (outputs, found.filter(|_| whole))
    }

    /// Options mean nothing where there is nothing that they are about.
    fn nothing_misplaced(&mut self, fields: &Fields<'_>, verb: &str) -> bool {
        let mut misplaced: Vec<(&Entry, &str)> =
            OF_DO.iter().filter_map(|key| fields.entry(key)).map(|entry| (entry, "`do`")).collect();
        if verb != "for_each" {
            misplaced.extend(fields.entry("steps").map(|entry| (entry, "`for_each`")));
        }
        if verb != "run" {
            misplaced.extend(fields.entry("inputs").map(|entry| (entry, "`run`")));
        }
        if CANNOT_FAIL.contains(&verb) {
            misplaced.extend(fields.entry("on_error").map(|entry| (entry, "what can fail")));
        }
        for (entry, with) in &misplaced {
            let message = format!("`{}` goes with {with}, and this step has `{verb}`", entry.key);
            self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("leave it out"));
        }
        misplaced.is_empty()
    }

    /// The id of a step without one: what it does.
    fn made_up(&self, verb: &str, fields: &Fields<'_>) -> Option<String> {
        match verb {
            "do" => Some(fields.get("do")?.text()?.replace(['.', '-'], "_")),
            other => Some(other.to_owned()),
        }
    }

    /// The one verb of the step, where this version has it.
    fn one_verb(&mut self, node: &Node, fields: &Fields<'_>) -> Option<&'static str> {
        let verbs: Vec<_> = VERBS.iter().filter_map(|verb| fields.entry(verb)).collect();
        match verbs.as_slice() {
            [only] => VERBS.into_iter().find(|verb| *verb == only.key),
            [] => {
                let span = node.span.start..node.span.start + self.words(&node.span).len();
                self.say(codes::ONE_VERB, &span, "this step does nothing", |d| {
                    d.expected("`do:` with an action")
                        .help("each dash begins a step; check that `do` is not indented away")
                });
                None
            }
            [first, second, ..] => {
                let place = self.place(&first.key_span);
                let message =
                    format!("a step does one thing, and this one has `{}` and `{}`", first.key, second.key);
                self.say(codes::ONE_VERB, &second.key_span, message, |d| {
                    d.help("begin a step of its own with a dash").related(place, "the first stands here")
                });
                None
            }
        }
    }

    fn step_condition(&mut self, node: &Node) -> Option<StepCondition> {
        let group = self.group(node, "`if`", &["if_unknown"]);
        let if_unknown = match node.member("if_unknown") {
            Some(node) => self.if_unknown(node),
            None => Some(IfUnknown::default()),
        };
        Some(StepCondition { group: group?, if_unknown: if_unknown? })
    }

    /// The condition of a way of `choose`.
    pub(super) fn branch_condition(&mut self, node: &Node) -> Option<StepCondition> {
        let group = self.group(node, "`if`", &["if_unknown"]);
        let if_unknown = match node.member("if_unknown") {
            Some(node) => self.word(node, "`if_unknown` of a way", &IF_UNKNOWN[..3]),
            None => Some(IfUnknown::default()),
        };
        Some(StepCondition { group: group?, if_unknown: if_unknown? })
    }

    fn if_unknown(&mut self, node: &Node) -> Option<IfUnknown> {
        let word = self.word(node, "`if_unknown`", &IF_UNKNOWN)?;
        if word == IfUnknown::Ask {
            self.somebody_to_ask(&node.span, "`if_unknown: ask`")?;
        }
        Some(word)
    }
}

/// Whether no lane goes on after this step.
fn always_ends(step: &Step) -> bool {
    step.condition.is_none() && matches!(step.verb, Verb::Stop(_))
}
