//! What the steps above make pointless: asking whether a step failed whose failure ends the lane, doing the same once
//! more, taking back at once what was only just done.

use super::Check;
use super::references::Stage;
use super::steps::CANNOT_FAIL;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::model::{OnError, Reference};
use crate::names;
use crate::parse::{Content, Entry, Node, Span};

/// What a step tells of its own failure.
const OF_FAILURE: [&str; 3] = ["failed", "failed_count", "error.kind"];

/// After these, what was done above may be another matter.
const BREAKS: [&str; 3] = ["wait", "ask", "run"];

/// Words for people, which make no action another one.
const REMARK: &str = "comment";

impl Check<'_> {
    /// Keeps in mind that the lane ends where this step fails.
    pub(super) fn may_end_the_lane(&mut self, id: &str, verb: &str, on_error: Option<OnError>) {
        if on_error == Some(OnError::Stop) && !CANNOT_FAIL.contains(&verb) {
            self.names.ends_the_lane.insert(id.to_owned());
        }
    }

    /// A step below one that failed is only reached where that one lets the lane go on.
    pub(super) fn failure_can_be_seen(&mut self, reference: &Reference, span: &Span) {
        let (root, field) = reference.split();
        let is_in_vain = self.names.stage == Stage::Steps
            && OF_FAILURE.contains(&field)
            && self.names.ends_the_lane.contains(root);
        if !is_in_vain {
            return;
        }
        let message = format!("no step here sees that `{root}` failed: the lane ends with it");
        let help = format!("give `{root}` an `on_error: continue`, or look at `{reference}` in `always`");
        self.warn(codes::NEVER_HOLDS, span, message, &help);
    }

    /// Steps of one list that change the same twice, or there and back.
    pub(super) fn done_twice(&mut self, members: &[Node]) {
        let mut above: Vec<&Node> = Vec::new();
        for step in members {
            if BREAKS.iter().any(|verb| step.member(verb).is_some()) {
                above.clear();
            }
            if step.member("if").is_some() || self.undone_by(step).is_none() {
                continue;
            }
            let found = above.iter().find_map(|earlier| Some((*earlier, self.again(earlier, step)?)));
            if let Some((earlier, again)) = found {
                self.say_again(earlier, step, again);
            }
            above.push(step);
        }
    }

    fn again(&self, earlier: &Node, step: &Node) -> Option<Again> {
        let place = ["at", "using"].iter().all(|key| self.same_words(earlier.member(key), step.member(key)));
        let (theirs, ours) = (given(earlier), given(step));
        let mut shared =
            theirs.iter().filter_map(|one| Some((one, ours.iter().find(|other| other.key == one.key)?)));
        let is_same =
            place && shared.all(|(one, other)| self.same_words(Some(&one.value), Some(&other.value)));
        let (before, now) = (earlier.member("do")?.text()?, step.member("do")?.text()?);
        match before == now {
            true => (is_same && theirs.len() == ours.len()).then_some(Again::Same),
            false => (is_same && self.undone_by(earlier) == Some(now)).then_some(Again::Back),
        }
    }

    fn say_again(&mut self, earlier: &Node, step: &Node, again: Again) {
        let (Some(first), Some(second)) = (earlier.member("do"), step.member("do")) else { return };
        let (before, now) = (first.text().unwrap_or_default(), second.text().unwrap_or_default());
        let (code, message, help) = match again {
            Again::Same => (
                codes::ONCE_MORE,
                format!("a step above does `{now}` already, to the same"),
                "take one of them out, or say with `if` when each is done; as they stand, neither is undone while the \
                 other keeps the change",
            ),
            Again::Back => (
                codes::OPPOSITE,
                format!("this takes back the `{before}` of a step above"),
                "to let it last for a while, write `undo: { after: 2h }` at the step above; to let people decide, put an \
                 `ask` between",
            ),
        };
        let warning = Diagnostic::warning(code, self.place(&second.span), message).help(help);
        self.found.push(warning.related(self.place(&first.span), "the first stands here"));
    }

    /// The action that takes back what this step does.
    fn undone_by(&self, step: &Node) -> Option<&'static str> {
        let action = step.member("do")?.text()?;
        self.site.catalogue.named(action).next()?.spec.undo
    }

    fn same_words(&self, one: Option<&Node>, other: Option<&Node>) -> bool {
        let words = |node: Option<&Node>| node.map(|node| self.said(&node.span));
        words(one) == words(other)
    }

    /// Text that reads like one of the names in scope.
    pub(super) fn not_meant_as_name(&mut self, text: &str, node: &Node) {
        let is_bare = !self.source[node.span.clone()].starts_with(['"', '\'']);
        let Some((root, field)) = text.split_once('.').filter(|_| is_bare) else { return };
        let of_step = self.names.done.get(root);
        let is_output = of_step.is_some_and(|outputs| outputs.iter().any(|output| output.name == field));
        if !is_output && names::find(&Reference(text.to_owned())).is_none() {
            return;
        }
        let message = format!("this is the text `{text}`, and not what the name stands for");
        let help = format!("write {{ from: {text} }}; where the text itself is meant, put it in quotes");
        self.warn(codes::NAME_AS_TEXT, &node.span, message, &help);
    }
}

/// The parameters of a step that make it what it is.
fn given(step: &Node) -> Vec<&Entry> {
    match step.member("with").map(|with| &with.content) {
        Some(Content::Map(entries)) => entries.iter().filter(|entry| entry.key != REMARK).collect(),
        _ => Vec::new(),
    }
}

#[derive(Debug, Clone, Copy)]
enum Again {
    /// The same.
    Same,
    /// Its opposite.
    Back,
}
