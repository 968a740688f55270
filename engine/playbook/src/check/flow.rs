//! Verbs that lead through a playbook: `wait`, `parallel`, `for_each`, `choose`, `set`, `stop`.

use std::collections::BTreeMap;
use std::time::Duration;

use quell_action::ParamKind;
use quell_alert::EntityKind;

use super::Check;
use super::options::Defaults;
use super::references::Output;
use super::shape::{Fields, Keys};
use super::words::NameForm;
use crate::codes;
use crate::condition::{Group, Item, Operator, Subject};
use crate::model::{Branch, EachStep, Form, SetStep, Step, StopStep, Verb, WaitStep};
use crate::names::{self, Kind};
use crate::parse::{Content, Entry, Node};

pub(crate) const WAIT: Keys =
    Keys { what: "`wait`", known: &["for", "until", "at_most", "every"], required: &[] };

pub(crate) const BRANCH: Keys =
    Keys { what: "a way of `choose`", known: &["if", "steps", "otherwise"], required: &[] };

pub(crate) const STOP: Keys = Keys { what: "`stop`", known: &["outcome"], required: &["outcome"] };

/// A wait that looks more often than this fills the journal and tells nothing more.
const MOST_LOOKS: u128 = 1_000;

/// How often something is looked at where the playbook does not say.
const EVERY: Duration = Duration::from_secs(60);

/// What a verb comes to: what it gives to later steps, and itself where nothing is wrong with it.
pub(super) type Found = (Vec<Output>, Option<Verb>);

impl Check<'_> {
    /// `wait: { for: 5m }`, `wait: { until: …, at_most: 1h }`.
    pub(super) fn wait_step(&mut self, node: &Node) -> Found {
        (vec![Output::new("met", Kind::Boolean)], self.wait(node).map(Verb::Wait))
    }

    fn wait(&mut self, node: &Node) -> Option<WaitStep> {
        self.in_a_map(node, "wait", "for")?;
        let fields = self.fields(node, &WAIT)?;
        let bounds = Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);
        match (fields.get("for"), fields.get("until")) {
            (Some(time), None) => {
                for entry in ["at_most", "every"].iter().filter_map(|key| fields.entry(key)) {
                    let message = format!("`{}` goes with `until`, and this waits for a time", entry.key);
                    self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("leave it out"));
                }
                let time_span = self.span(time, "`for`", bounds)?;
                self.within_deadline(time, time_span)?;
                Some(WaitStep::For(time_span))
            }
            (None, Some(until)) => self.wait_until(&fields, until, node),
            (None, None) | (Some(_), Some(_)) => {
                let at = node.span.start..node.span.start + self.words(&node.span).len();
                self.say(
                    codes::WRONG_SHAPE,
                    &at,
                    "a wait is either for a time or until something is so",
                    |d| d.expected("{ for: 5m }, or `until:` with conditions and `at_most:`"),
                );
                None
            }
        }
    }

    /// What authors write first: the value without its key.
    fn in_a_map(&mut self, node: &Node, verb: &str, key: &str) -> Option<()> {
        let Content::Text(text) = &node.content else { return Some(()) };
        let help = format!("write `{verb}: {{ {key}: {text} }}`");
        self.say(codes::WRONG_SHAPE, &node.span, format!("`{verb}` is a map, and this is text"), |d| {
            d.help(help)
        });
        None
    }

    fn wait_until(&mut self, fields: &Fields<'_>, until: &Node, node: &Node) -> Option<WaitStep> {
        let group = self.group(until, "`until`", &[]);
        if let Some(group) = &group
            && !self.may_change(group)
        {
            self.say(codes::NEVER_CHANGES, &first_line(self, until), "what this waits for cannot change", |d| {
                d.help("a wait sees what directories say of the account or device anew, named lists, and time; nothing else changes")
            });
        }
        let bounds = Duration::from_secs(10)..=Duration::from_secs(30 * 86_400);
        let Some(most) = fields.get("at_most") else {
            self.say(codes::MISSING_KEY, &first_line(self, node), "`until` needs `at_most`", |d| {
                d.expected("`at_most: 1h`: for how long it waits at most")
            });
            return None;
        };
        let at_most = self.span(most, "`at_most`", bounds.clone())?;
        self.within_deadline(most, at_most)?;
        let every = fields.get("every").map_or(Some(EVERY), |node| self.span(node, "`every`", bounds))?;
        if at_most.as_millis() / every.as_millis() > MOST_LOOKS {
            let at = fields.get("every").unwrap_or(most);
            let message = format!("that would look more than {MOST_LOOKS} times");
            self.say(codes::OUT_OF_BOUNDS, &at.span, message, |d| d.help("look less often"));
            return None;
        }
        Some(WaitStep::Until { group: group?, at_most, every })
    }

    /// A wait longer than the run may take never comes to its end.
    fn within_deadline(&mut self, node: &Node, wait: Duration) -> Option<()> {
        if wait < self.deadline {
            return Some(());
        }
        let message = "the run ends before this wait does";
        let help = format!(
            "`deadline` is {}; give the playbook a longer one",
            crate::duration::write(self.deadline)
        );
        self.say(codes::OUT_OF_BOUNDS, &node.span, message, |d| d.help(help));
        None
    }

    fn may_change(&self, group: &Group) -> bool {
        let parts = [&group.all, &group.any, &group.none];
        parts.into_iter().flatten().any(|item| match item {
            Item::Group(group) => self.may_change(group),
            Item::Test(test) => {
                let of_entity = match &test.subject {
                    Subject::Reference(reference, _) => {
                        let inner = self.names.entities.last().copied();
                        let asked =
                            inner.filter(|kind| matches!(kind, EntityKind::Account | EntityKind::Device));
                        asked.map(names::root_of) == Some(reference.split().0)
                    }
                    Subject::Path(..) => false,
                };
                of_entity
                    || matches!(
                        test.operator,
                        Operator::Within(_) | Operator::OlderThan(_) | Operator::InList(_)
                    )
            }
        })
    }

    /// Steps that go side by side: none sees what the others do.
    pub(super) fn parallel(&mut self, node: &Node, defaults: &Defaults) -> Found {
        let Some(members) = self.list(node, "`parallel`") else { return (Vec::new(), None) };
        let before = self.names.done.clone();
        let mut after = before.clone();
        let mut steps = Vec::new();
        for member in members {
            self.names.done.clone_from(&before);
            self.goes_on_beside(member);
            steps.push(self.step(member, defaults));
            after.extend(std::mem::take(&mut self.names.done));
        }
        self.names.done = after;
        self.done_twice(members);
        let steps: Option<Vec<Step>> = steps.into_iter().collect();
        (Vec::new(), steps.map(Verb::Parallel))
    }

    /// A lane that is to end while other steps of it are under way.
    fn goes_on_beside(&mut self, member: &Node) {
        let Content::Map(entries) = &member.content else { return };
        if let Some(entry) = entries.iter().find(|entry| entry.key == "stop") {
            let message = "`stop` keeps nothing from being done that stands beside it in `parallel`";
            self.say(codes::MISPLACED, &entry.key_span, message, |d| {
                d.help("put it before `parallel`, or below it")
            });
        }
    }

    /// The first of several ways whose condition holds.
    pub(super) fn choose(&mut self, node: &Node, defaults: &Defaults) -> Found {
        let outputs = vec![Output::new("taken", Kind::Integer)];
        let Some(members) = self.list(node, "`choose`") else { return (outputs, None) };
        let before = self.names.done.clone();
        let mut after = before.clone();
        let mut branches = Vec::new();
        for (position, member) in members.iter().enumerate() {
            self.asks_anew(member, &members[..position]);
            self.names.done.clone_from(&before);
            let is_last = position + 1 == members.len();
            branches.push(self.branch(member, is_last, defaults));
            after.extend(std::mem::take(&mut self.names.done));
        }
        self.names.done = after;
        let branches: Option<Vec<Branch>> = branches.into_iter().collect();
        (outputs, branches.map(Verb::Choose))
    }

    /// A way with the condition of one above it is never taken.
    fn asks_anew(&mut self, way: &Node, above: &[Node]) {
        let condition = |node: &Node| {
            let Content::Map(entries) = &node.content else { return None };
            entries.iter().find(|entry| entry.key == "if").map(|entry| entry.value.span.clone())
        };
        let Some(at) = condition(way) else { return };
        let ours = self.said(&at);
        if above.iter().filter_map(condition).any(|span| self.said(&span) == ours) {
            let message = "a way above has the same condition: this one is never taken";
            self.say(codes::UNREACHABLE, &at, message, |d| {
                d.help("take it out, or say what is different here")
            });
        }
    }

    fn branch(&mut self, node: &Node, is_last: bool, defaults: &Defaults) -> Option<Branch> {
        let fields = self.fields(node, &BRANCH)?;
        match (fields.get("if"), fields.get("steps"), fields.entry("otherwise")) {
            (Some(condition), Some(steps), None) => {
                let condition = self.branch_condition(condition);
                let steps = self.nested(steps, "`steps`", defaults);
                Some(Branch { condition: Some(condition?), steps: steps? })
            }
            (None, None, Some(otherwise)) => {
                let steps = self.nested(&otherwise.value, "`otherwise`", defaults);
                if !is_last {
                    let message =
                        "`otherwise` is taken where nothing else is: what stands below is never reached";
                    self.say(codes::UNREACHABLE, &otherwise.key_span, message, |d| d.help("put it last"));
                    return None;
                }
                Some(Branch { condition: None, steps: steps? })
            }
            _ => {
                self.say(
                    codes::WRONG_SHAPE,
                    &first_line(self, node),
                    "a way has a condition and steps",
                    |d| d.expected("`if:` and `steps:`, or for the last one `otherwise:`"),
                );
                None
            }
        }
    }

    /// Steps for each entity of a kind, within a lane.
    pub(super) fn each(&mut self, fields: &Fields<'_>, node: &Node, defaults: &Defaults) -> Found {
        let outputs = vec![Output::new("count", Kind::Integer), Output::new("failed_count", Kind::Integer)];
        let (before, stage) = (self.names.done.clone(), self.names.stage);
        let outer = self.names.entities.clone();
        let each = self.for_each(node);
        if let Some(each) = &each
            && outer.contains(&each.kind)
        {
            let root = names::root_of(each.kind);
            let message = format!("this is within `for_each: {root}` already");
            self.say(codes::WRONG_SHAPE, &first_line(self, node), message, |d| {
                d.help("go through another kind of entity here")
            });
        }
        self.names.stage = stage;
        let steps = match fields.get("steps") {
            Some(steps) => self.nested(steps, "`steps`", defaults),
            None => {
                self.say(
                    codes::MISSING_KEY,
                    &first_line(self, node),
                    "`for_each` needs `steps` beside it",
                    |d| d.expected("`steps:` and a list below it"),
                );
                None
            }
        };
        self.names.entities = outer;
        // What was done for one of many is nobody's business outside.
        self.names.done = before;
        let verb = each.zip(steps).map(|(each, steps)| Verb::ForEach(EachStep { each, steps }));
        (outputs, verb)
    }

    /// Values that later steps can use.
    pub(super) fn set(&mut self, node: &Node, id: Option<&str>) -> Found {
        let Some(entries) = self.map(node, "`set`") else { return (Vec::new(), None) };
        if id.is_none() {
            self.say(
                codes::MISSING_KEY,
                &first_line(self, node),
                "a step that keeps values needs an `id`",
                |d| d.help("later steps reach the values through it: `id: chosen`, then `chosen.channel`"),
            );
        }
        let mut outputs = Vec::new();
        let mut values: SetStep = BTreeMap::new();
        let mut whole = !entries.is_empty();
        for entry in entries {
            let found = self.value(entry);
            whole &= found.is_some();
            // A name whose value is wrong is still a name.
            outputs.push(Output::new(&entry.key, found.as_ref().map_or(Kind::Text, |(_, kind)| *kind)));
            if let Some((form, _)) = found {
                values.insert(entry.key.clone(), form);
            }
        }
        (outputs, whole.then_some(Verb::Set(values)))
    }

    pub(super) fn value(&mut self, entry: &Entry) -> Option<(Form, Kind)> {
        let what = format!("`{}`", entry.key);
        self.written_as_name(entry)?;
        let (kind, param) = match &entry.value.content {
            Content::Integer(_) => (Kind::Integer, ParamKind::Integer),
            Content::Number(_) => (Kind::Number, ParamKind::Number),
            Content::Boolean(_) => (Kind::Boolean, ParamKind::Boolean),
            Content::List(_) => (Kind::Texts, ParamKind::List(Box::new(ParamKind::Text))),
            Content::Map(entries) => self.kind_looked_up(entries)?,
            Content::Text(_) | Content::Empty => (Kind::Text, ParamKind::Text),
        };
        Some((self.form(&entry.value, &param, &what)?, kind))
    }

    pub(super) fn written_as_name(&mut self, entry: &Entry) -> Option<()> {
        let taken = ["failed", "skipped", "error"].contains(&entry.key.as_str());
        if taken {
            let message = format!("every step has `{}` already", entry.key);
            self.say(codes::STEP_ID_TAKEN, &entry.key_span, message, |d| d.help("choose another name"));
            return None;
        }
        let name = Node { span: entry.key_span.clone(), content: Content::Text(entry.key.clone()) };
        self.name(&name, "a name under `set`", NameForm::Step).map(drop)
    }

    /// The kind of `{ from: name }` and `{ path: "$.x", or: 0 }`, where nothing else says it.
    fn kind_looked_up(&mut self, entries: &[Entry]) -> Option<(Kind, ParamKind)> {
        let get = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        if let Some(or) = get("or") {
            return Some(match &or.content {
                Content::Integer(_) => (Kind::Integer, ParamKind::Integer),
                Content::Number(_) => (Kind::Number, ParamKind::Number),
                Content::Boolean(_) => (Kind::Boolean, ParamKind::Boolean),
                _ => (Kind::Text, ParamKind::Text),
            });
        }
        let Some(node) = get("from") else { return Some((Kind::Text, ParamKind::Text)) };
        let text = self.text(node, "`from`")?;
        let (_, kind) = self.reference(&text, &node.span)?;
        match kind {
            Kind::Text | Kind::Product | Kind::Words(_) | Kind::Choice | Kind::Address => {
                Some((Kind::Text, ParamKind::Text))
            }
            Kind::Integer => Some((kind, ParamKind::Integer)),
            Kind::Number => Some((kind, ParamKind::Number)),
            Kind::Boolean => Some((kind, ParamKind::Boolean)),
            Kind::Texts | Kind::Techniques | Kind::Tactics | Kind::Several(_) => {
                Some((Kind::Texts, ParamKind::List(Box::new(ParamKind::Text))))
            }
            Kind::Time | Kind::Severity | Kind::Entities(_) | Kind::Whole | Kind::Json => {
                let message = format!(
                    "`{text}` is {}, and `set` keeps text, numbers, true or false, and lists of text",
                    kind.word()
                );
                self.say(codes::PARAMETER_KIND, &node.span, message, |d| {
                    d.help("look at it where it is needed")
                });
                None
            }
        }
    }

    /// The end of the lane.
    pub(super) fn stop(&mut self, node: &Node) -> Option<StopStep> {
        self.in_a_map(node, "stop", "outcome")?;
        let fields = self.fields(node, &STOP)?;
        let outcome = self.form(fields.get("outcome")?, &ParamKind::Text, "`outcome`")?;
        Some(StopStep { outcome })
    }
}

fn first_line(check: &Check<'_>, node: &Node) -> crate::parse::Span {
    node.span.start..node.span.start + check.words(&node.span).len()
}
