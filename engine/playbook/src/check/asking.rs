//! What people are asked: `approval`, `ask`, and that there is somebody to ask wherever a question can arise.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quell_action::ParamKind;

use super::Check;
use super::references::Output;
use super::shape::{Fields, Keys};
use crate::codes;
use crate::model::{AfterAnswer, AskStep, Asking, IfExpired, OrAsk};
use crate::names::Kind;
use crate::parse::{Content, Entry, Node, Span};

pub(crate) const APPROVAL: Keys = Keys {
    what: "`approval`",
    known: &["ask", "through", "expires", "if_expired", "quorum"],
    required: &["ask", "expires"],
};

/// The same on a step, which may leave out what the playbook's own `approval` says.
pub(crate) const STEP_APPROVAL: Keys = Keys { required: &[], ..APPROVAL };

pub(crate) const ASK: Keys = Keys {
    what: "`ask`",
    known: &["question", "of", "through", "choices", "expires", "if_expired", "if_answer", "quorum"],
    required: &["question"],
};

const IF_EXPIRED: [(&str, IfExpired); 2] = [("stop", IfExpired::Stop), ("continue", IfExpired::Continue)];

const AFTER_ANSWER: [(&str, AfterAnswer); 2] =
    [("stop", AfterAnswer::Stop), ("continue", AfterAnswer::Continue)];

const OR_ASK: [(&str, OrAsk); 2] = [("stop", OrAsk::Stop), ("ask", OrAsk::Ask)];

/// What people can answer where the playbook does not say.
const YES: &str = "approve";
const NO: &str = "reject";

const MOST_CHOICES: usize = 10;
const LONGEST_CHOICE: usize = 80;

/// Whom the playbook asks where nothing else is said.
#[derive(Debug, Default)]
pub(super) struct Approvers {
    asking: Option<Asking>,
    /// It is there and cannot be read: then nothing follows from its absence.
    is_unclear: bool,
    is_used: bool,
    questions: Vec<Question>,
}

/// A question that was checked, as far as its answers go.
#[derive(Debug)]
struct Question {
    id: Option<String>,
    span: Span,
    choices: Vec<String>,
    if_answer: BTreeMap<String, AfterAnswer>,
}

impl Check<'_> {
    /// The playbook's own `approval`.
    pub(super) fn approval(&mut self, fields: &Fields<'_>) -> Option<Option<Asking>> {
        let Some(node) = fields.get("approval") else { return Some(None) };
        let asking = match self.fields(node, &APPROVAL) {
            Some(fields) => self.asking(&fields, "ask", &node.span),
            None => None,
        };
        self.approvers.is_unclear = asking.is_none();
        self.approvers.asking.clone_from(&asking);
        asking.map(Some)
    }

    /// `approval` of a step: `ask`, or what is different from the playbook's own.
    pub(super) fn step_approval(&mut self, node: &Node) -> Option<Asking> {
        if let Content::Text(_) = &node.content {
            self.word(node, "`approval` of a step", &[("ask", ())])?;
            self.somebody_to_ask(&node.span, "`approval: ask`")?;
            return self.approvers.asking.clone();
        }
        let fields = self.fields(node, &STEP_APPROVAL)?;
        self.asking(&fields, "ask", &node.span)
    }

    /// Whether there is somebody to ask where `what` may need a person; reports it where there is nobody.
    pub(super) fn somebody_to_ask(&mut self, span: &Span, what: &str) -> Option<()> {
        self.approvers.is_used = true;
        if self.approvers.asking.is_some() || self.approvers.is_unclear {
            return Some(());
        }
        let message = format!("{what} asks somebody, and the playbook does not say whom");
        self.say(codes::NOBODY_TO_ASK, span, message, |d| {
            d.help("add `approval: { ask: [a-team], expires: 30m }` to the playbook")
        });
        None
    }

    /// Something may ask people whom the playbook need not name.
    pub(super) fn approvers_may_be_asked(&mut self) {
        self.approvers.is_used = true;
    }

    /// `stop` or `ask`, where a playbook may not go on by itself.
    pub(super) fn or_ask(&mut self, node: &Node, what: &str) -> Option<OrAsk> {
        let or_ask = self.word(node, what, &OR_ASK)?;
        if or_ask == OrAsk::Ask {
            let key = what.split('`').nth(1).unwrap_or_default();
            self.somebody_to_ask(&node.span, &format!("`{key}: ask`"))?;
        }
        Some(or_ask)
    }

    /// A question to people.
    pub(super) fn ask_step(&mut self, node: &Node, id: Option<&str>) -> Option<AskStep> {
        let fields = self.fields(node, &ASK)?;
        let question =
            fields.get("question").and_then(|node| self.form(node, &ParamKind::Text, "`question`"));
        let choices = match fields.get("choices") {
            Some(node) => self.choices(node),
            None => Some(vec![YES.to_owned(), NO.to_owned()]),
        };
        let if_answer = match (fields.get("if_answer"), &choices) {
            (Some(node), Some(choices)) => self.if_answer(node, choices),
            (None, Some(choices))
                if choices.iter().any(|choice| choice == NO) && fields.get("choices").is_none() =>
            {
                Some(BTreeMap::from([(NO.to_owned(), AfterAnswer::Stop)]))
            }
            _ => Some(BTreeMap::new()),
        };
        let asking = self.asking(&fields, "of", &node.span);
        let step = AskStep { question: question?, choices: choices?, if_answer: if_answer?, asking: asking? };
        self.approvers.questions.push(Question {
            id: id.map(str::to_owned),
            span: node.span.start..node.span.start + self.words(&node.span).len(),
            choices: step.choices.clone(),
            if_answer: step.if_answer.clone(),
        });
        Some(step)
    }

    /// Said at the end, when it is known which answers are looked at.
    pub(super) fn answers_count(&mut self, approval: Option<&Node>) {
        for question in std::mem::take(&mut self.approvers.questions) {
            let is_looked_at =
                question.id.as_ref().is_some_and(|id| self.names.looked_at.contains(&format!("{id}.answer")));
            if !is_looked_at {
                self.each_answer_counts(&question);
            }
        }
        if let Some(node) = approval.filter(|_| !self.approvers.is_used && !self.approvers.is_unclear) {
            let span = node.span.start..node.span.start + self.words(&node.span).len();
            self.warn(
                codes::NEVER_ASKED,
                &span,
                "nothing in this playbook asks as this says",
                "write `mode: ask`, or `approval: ask` at the steps that need it, or take this out",
            );
        }
    }

    fn each_answer_counts(&mut self, question: &Question) {
        let unsaid: Vec<&str> = question
            .choices
            .iter()
            .filter(|choice| !question.if_answer.contains_key(*choice))
            .map(String::as_str)
            .collect();
        let stops = question.if_answer.values().any(|after| *after == AfterAnswer::Stop);
        let message = match (unsaid.as_slice(), stops) {
            ([] | [_], true) => return,
            (_, false) => "whatever is answered, the same happens".to_owned(),
            (unsaid, true) => {
                format!("what follows from the answers {} is not said", unsaid.join(" and "))
            }
        };
        let last = question.choices.last().map_or(NO, String::as_str);
        let help = format!(
            "write `if_answer: {{ {last}: stop }}`, or give the step an id and look at its `answer` below"
        );
        self.say(codes::ANSWERS, &question.span, message, |d| d.help(help));
    }

    /// Who is asked, and for how long; what is left out is as in the playbook's own `approval`.
    fn asking(&mut self, fields: &Fields<'_>, of: &str, span: &Span) -> Option<Asking> {
        let teams = fields.get(of).map(|node| self.teams(node, &format!("`{of}`")));
        let bounds = Duration::from_secs(10)..=Duration::from_secs(30 * 86_400);
        let expires = fields.get("expires").map(|node| self.span(node, "`expires`", bounds));
        let if_expired = fields.get("if_expired").map(|node| self.word(node, "`if_expired`", &IF_EXPIRED));
        let quorum = fields.get("quorum").map(|node| self.whole(node, "`quorum`", 1..=20));
        if teams.is_none() || expires.is_none() {
            let missing = if teams.is_none() { of } else { "expires" };
            self.asked_as_usual(span, missing)?;
        }
        let usual = self.approvers.asking.clone();
        let or = |given: Option<Option<Duration>>| match given {
            Some(given) => given,
            None => usual.as_ref().map(|usual| usual.expires),
        };
        let expires = or(expires);
        let of = match teams {
            Some(teams) => teams,
            None => usual.as_ref().map(|usual| usual.of.clone()),
        };
        let if_expired = match if_expired {
            Some(word) => word?,
            None => usual.as_ref().map(|usual| usual.if_expired).unwrap_or_default(),
        };
        let quorum = match quorum {
            Some(number) => u32::try_from(number?).unwrap_or(1),
            None => usual.as_ref().map_or(1, |usual| usual.quorum),
        };
        let through = match fields.get("through") {
            Some(node) => Some(self.text(node, "`through`")?),
            None => usual.as_ref().and_then(|usual| usual.through.clone()),
        };
        let of = of?;
        self.quorum_can_be_met(quorum, &of, fields, span)?;
        if let Some(through) = &through {
            // Where it is the playbook's own, and nothing else is said here, the mistake is said there.
            let node = fields.get("through").or_else(|| fields.get("of")).or_else(|| fields.get("ask"));
            node.map_or(Some(()), |node| self.carrier(through, &of, node))?;
        }
        Some(Asking { of, expires: expires?, if_expired, quorum, through })
    }

    /// As many as must agree are asked. Where a team has the name of a connection in it, whoever reads there answers.
    fn quorum_can_be_met(
        &mut self,
        quorum: u32,
        of: &[String],
        fields: &Fields<'_>,
        span: &Span,
    ) -> Option<()> {
        let around = &self.site.surroundings;
        let mut people: BTreeSet<&str> = BTreeSet::new();
        for team in of {
            // Where nothing is known of a team, nothing is said of it here.
            let Some(members) = around.teams.get(team) else { return Some(()) };
            people.extend(members.iter().map(String::as_str));
        }
        let is_connection =
            |name: &&str| around.connections.as_ref().is_some_and(|all| all.contains_key(*name));
        let is_open = people.iter().any(is_connection);
        if is_open || people.len() >= quorum as usize {
            return Some(());
        }
        let node = fields.get("quorum").or_else(|| fields.get("of")).or_else(|| fields.get("ask"));
        let at = node.map_or(span, |node| &node.span);
        let at = at.start..at.start + self.words(at).len();
        let message = match people.len() {
            0 => "nobody is in the teams that are asked".to_owned(),
            one @ 1 => format!("{quorum} people must agree, and only {one} is asked"),
            some => format!("{quorum} people must agree, and only {some} are asked"),
        };
        self.say(codes::OUT_OF_BOUNDS, &at, message, |d| {
            d.help(
                "the site file says under `teams` who is in which; ask another team too, or lower `quorum`",
            )
        });
        None
    }

    fn asked_as_usual(&mut self, span: &Span, missing: &str) -> Option<()> {
        self.approvers.is_used = true;
        if self.approvers.asking.is_some() || self.approvers.is_unclear {
            return Some(());
        }
        let at = span.start..span.start + self.words(span).len();
        let message =
            format!("the question needs `{missing}`, and the playbook has no `approval` that says it");
        self.say(codes::NOBODY_TO_ASK, &at, message, |d| {
            d.help("write it here, or add `approval: { ask: [a-team], expires: 30m }` to the playbook")
        });
        None
    }

    fn teams(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        let members = self.list(node, what)?;
        let teams: Vec<Option<String>> = members
            .iter()
            .map(|member| {
                let team = self.text(member, "a team")?;
                self.team(&team, member);
                Some(team)
            })
            .collect();
        teams.into_iter().collect()
    }

    fn choices(&mut self, node: &Node) -> Option<Vec<String>> {
        let members = self.list(node, "`choices`")?;
        if !(2..=MOST_CHOICES).contains(&members.len()) {
            let message =
                format!("a question has 2 to {MOST_CHOICES} answers, and this one has {}", members.len());
            self.say(codes::OUT_OF_BOUNDS, &node.span, message, |d| d.expected("[approve, reject]"));
            return None;
        }
        let mut choices: Vec<String> = Vec::new();
        for member in members {
            let choice = self.text_for_people(member, "an answer")?;
            let twice = choices.iter().any(|other| other.eq_ignore_ascii_case(&choice));
            if twice || choice == AskStep::EXPIRED || choice.chars().count() > LONGEST_CHOICE {
                let why = match (twice, choice == AskStep::EXPIRED) {
                    (true, _) => "it stands there twice".to_owned(),
                    (_, true) => "that is the word for no answer in time".to_owned(),
                    _ => format!("it has more than {LONGEST_CHOICE} letters"),
                };
                self.say(
                    codes::BAD_CHOICE,
                    &member.span,
                    format!("`{choice}` cannot be an answer: {why}"),
                    |d| d.help("give every answer a short name of its own"),
                );
                return None;
            }
            choices.push(choice);
        }
        Some(choices)
    }

    fn if_answer(&mut self, node: &Node, choices: &[String]) -> Option<BTreeMap<String, AfterAnswer>> {
        let mut whole = true;
        let mut found = BTreeMap::new();
        for entry in self.map(node, "`if_answer`")? {
            whole &= self.is_a_choice(entry, choices);
            match self.word(&entry.value, &format!("the answer `{}`", entry.key), &AFTER_ANSWER) {
                Some(after) => drop(found.insert(entry.key.clone(), after)),
                None => whole = false,
            }
        }
        whole.then_some(found)
    }

    fn is_a_choice(&mut self, entry: &Entry, choices: &[String]) -> bool {
        if choices.contains(&entry.key) {
            return true;
        }
        let nearest = crate::nearest::one(&entry.key, choices.iter().map(String::as_str)).map(str::to_owned);
        let message = format!("`{}` is none of the answers", entry.key);
        self.say(codes::UNKNOWN_WORD, &entry.key_span, message, |d| {
            d.found(entry.key.clone()).expected(format!("one of {}", choices.join(", "))).nearest(nearest)
        });
        false
    }
}

/// What a question gives to later steps.
pub(super) fn outputs(ask: &AskStep) -> Vec<Output> {
    let mut words = ask.choices.clone();
    if ask.asking.if_expired == IfExpired::Continue {
        words.push(AskStep::EXPIRED.to_owned());
    }
    vec![
        Output { name: "answer".into(), kind: Kind::Choice, words },
        Output::new("by", Kind::Text),
        Output::new("at", Kind::Time),
    ]
}

/// The same where something is wrong with the question: nothing is said of what looks at its answer.
pub(super) fn outputs_unclear() -> Vec<Output> {
    vec![Output::new("answer", Kind::Text), Output::new("by", Kind::Text), Output::new("at", Kind::Time)]
}
