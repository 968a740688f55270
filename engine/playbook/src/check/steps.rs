//! Steps: one verb each, in order.

use super::Check;
use super::asking;
use super::options::Defaults;
use super::references::{Output, Stage};
use super::shape::{Fields, Keys};
use super::words::NameForm;
use crate::codes;
use crate::model::{IfUnknown, OnError, Step, StepCondition, StepId, Verb};
use crate::parse::Node;

const STEP: Keys = Keys {
    what: "a step",
    known: &[
        "id", "title", "if", "do", "at", "with", "timeout", "retry", "on_error", "undo", "approval", "ask",
    ],
    required: &[],
    coming: &[
        "wait", "parallel", "for_each", "steps", "choose", "run", "set", "stop", "using", "verify", "rate",
    ],
};

/// The verbs of the language, those to come included.
const VERBS: [&str; 9] = ["do", "ask", "wait", "parallel", "for_each", "choose", "run", "set", "stop"];

/// What only goes together with `do`.
const OF_DO: [&str; 6] = ["at", "with", "timeout", "retry", "undo", "approval"];

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
        let steps: Vec<Option<Step>> = members.iter().map(|member| self.step(member, defaults)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, node: &Node, defaults: &Defaults) -> Option<Step> {
        let fields = self.fields(node, &STEP)?;
        let id = fields.get("id").map(|node| self.name(node, "the id of a step", NameForm::Step));
        let title = fields.get("title").map(|node| self.text_for_people(node, "`title`"));
        let condition = fields.get("if").map(|node| self.step_condition(node));
        let on_error = fields.get("on_error").map_or(Some(OnError::default()), |node| self.on_error(node));
        let verb = self.one_verb(node, &fields);
        let name = id.as_ref().and_then(|id| id.as_deref());
        let (outputs, done) = match verb {
            Some("do") => self.act(&fields, defaults),
            Some("ask") => self.asks(&fields, name),
            _ => (Vec::new(), None),
        };
        if let Some(name) = name {
            self.names.done.insert(name.to_owned(), outputs);
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

    fn act(&mut self, fields: &Fields<'_>, defaults: &Defaults) -> (Vec<Output>, Option<Verb>) {
        let action = self.do_step(fields, defaults);
        let name = fields.get("do").and_then(Node::text);
        (name.map(|name| self.outputs(name)).unwrap_or_default(), action.map(Verb::Do))
    }

    fn asks(&mut self, fields: &Fields<'_>, id: Option<&str>) -> (Vec<Output>, Option<Verb>) {
        let found = fields.get("ask").and_then(|node| self.ask_step(node, id));
        let outputs = found.as_ref().map(asking::outputs).unwrap_or_default();
        let whole = self.nothing_of_do(fields, "ask");
        (outputs, found.filter(|_| whole).map(Verb::Ask))
    }

    /// Options of a call mean nothing where nothing is called.
    fn nothing_of_do(&mut self, fields: &Fields<'_>, verb: &str) -> bool {
        let misplaced: Vec<_> = OF_DO.iter().filter_map(|key| fields.entry(key)).collect();
        for entry in &misplaced {
            let message = format!("`{}` goes with `do`, and this step has `{verb}`", entry.key);
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

    fn if_unknown(&mut self, node: &Node) -> Option<IfUnknown> {
        let word = self.word(node, "`if_unknown`", &IF_UNKNOWN, &[])?;
        if word == IfUnknown::Ask {
            self.somebody_to_ask(&node.span, "`if_unknown: ask`")?;
        }
        Some(word)
    }
}
