//! Steps: one verb each, in order.

use super::Check;
use super::options::Defaults;
use super::references::Stage;
use super::shape::{Fields, Keys};
use super::words::NameForm;
use crate::codes;
use crate::model::{IfUnknown, OnError, Step, StepCondition, StepId, Verb};
use crate::parse::Node;

const STEP: Keys = Keys {
    what: "a step",
    known: &["id", "title", "if", "do", "at", "with", "timeout", "retry", "on_error", "undo"],
    required: &[],
    coming: &[
        "ask", "wait", "parallel", "for_each", "steps", "choose", "run", "set", "stop", "using", "verify",
        "rate",
    ],
};

/// The verbs of the language, those to come included.
const VERBS: [&str; 9] = ["do", "ask", "wait", "parallel", "for_each", "choose", "run", "set", "stop"];

const IF_UNKNOWN: [(&str, IfUnknown); 3] =
    [("stop", IfUnknown::Stop), ("run", IfUnknown::Run), ("skip", IfUnknown::Skip)];

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
        let action = self.one_verb(node, &fields).then(|| self.do_step(&fields, defaults)).flatten();
        if let (Some(Some(id)), Some(do_node)) = (&id, fields.get("do")) {
            let outputs = do_node.text().map(|name| self.outputs(name)).unwrap_or_default();
            self.names.done.insert(id.clone(), outputs);
        }
        let (id, is_named) = match id {
            Some(id) => (id?, true),
            None => (fields.get("do")?.text()?.replace(['.', '-'], "_"), false),
        };
        Some(Step {
            id: StepId(id),
            is_named,
            title: title.map_or(Some(None), |title| title.map(Some))?,
            condition: condition.map_or(Some(None), |condition| condition.map(Some))?,
            verb: Verb::Do(action?),
            on_error: on_error?,
        })
    }

    /// Whether the step has its one verb.
    fn one_verb(&mut self, node: &Node, fields: &Fields<'_>) -> bool {
        let verbs: Vec<_> = VERBS.iter().filter_map(|verb| fields.entry(verb)).collect();
        match verbs.as_slice() {
            [only] => only.key == "do",
            [] => {
                let span = node.span.start..node.span.start + self.words(&node.span).len();
                self.say(codes::ONE_VERB, &span, "this step does nothing", |d| {
                    d.expected("`do:` with an action")
                        .help("each dash begins a step; check that `do` is not indented away")
                });
                false
            }
            [first, second, ..] => {
                let place = self.place(&first.key_span);
                let message =
                    format!("a step does one thing, and this one has `{}` and `{}`", first.key, second.key);
                self.say(codes::ONE_VERB, &second.key_span, message, |d| {
                    d.help("begin a step of its own with a dash").related(place, "the first stands here")
                });
                false
            }
        }
    }

    fn step_condition(&mut self, node: &Node) -> Option<StepCondition> {
        let group = self.group(node, "`if`", &["if_unknown"]);
        let if_unknown = match node.member("if_unknown") {
            Some(node) => self.word(node, "`if_unknown`", &IF_UNKNOWN, &["ask"]),
            None => Some(IfUnknown::default()),
        };
        Some(StepCondition { group: group?, if_unknown: if_unknown? })
    }
}
