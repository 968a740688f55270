//! How a group is evaluated: with a trace, or for its truth alone.

use serde_json::Value;

use super::compare::judge;
use super::{
    Evaluation, Group, Item, ListSeen, Operator, Quantifier, Seen, Subject, Test, Trace, TraceNode, Truth,
};
use crate::names;
use crate::scope::Scope;

impl Group {
    /// What it comes to, with every condition and the value it saw.
    pub fn evaluate(&self, scope: &dyn Scope) -> Evaluation {
        let trace = self.trace(scope);
        Evaluation { truth: trace.truth, trace }
    }

    /// What it comes to, and nothing more: stops at the first condition that decides.
    pub fn truth(&self, scope: &dyn Scope) -> Truth {
        let all = every(&self.all, scope);
        if all == Truth::False {
            return Truth::False;
        }
        let any = if self.any.is_empty() { Truth::True } else { some(&self.any, scope) };
        let both = all.and(any);
        if both == Truth::False || self.none.is_empty() {
            return both;
        }
        both.and(some(&self.none, scope).not())
    }

    fn trace(&self, scope: &dyn Scope) -> Trace {
        let parts = |items: &[Item]| -> Vec<Trace> { items.iter().map(|item| item.trace(scope)).collect() };
        let (all, any, none) = (parts(&self.all), parts(&self.any), parts(&self.none));
        let holds_all = all.iter().fold(Truth::True, |truth, part| truth.and(part.truth));
        let one_of = |parts: &[Trace]| parts.iter().fold(Truth::False, |truth, part| truth.or(part.truth));
        let holds_any = if any.is_empty() { Truth::True } else { one_of(&any) };
        let truth = holds_all.and(holds_any).and(one_of(&none).not());
        Trace { truth, node: TraceNode::Group { all, any, none } }
    }
}

impl Item {
    fn truth(&self, scope: &dyn Scope) -> Truth {
        match self {
            Self::Test(test) => test.truth(scope),
            Self::Group(group) => group.truth(scope),
        }
    }

    fn trace(&self, scope: &dyn Scope) -> Trace {
        match self {
            Self::Test(test) => test.trace(scope),
            Self::Group(group) => group.trace(scope),
        }
    }
}

impl Test {
    /// What it comes to.
    pub fn truth(&self, scope: &dyn Scope) -> Truth {
        match &self.subject {
            Subject::Reference(reference, _) => judge(&self.operator, &scope.seen(reference), scope),
            Subject::Path(..) => self.on_path(scope).0,
        }
    }

    fn trace(&self, scope: &dyn Scope) -> Trace {
        let list;
        let (truth, seen, misfit, subject) = match &self.subject {
            Subject::Reference(reference, _) => {
                let seen = scope.seen(reference);
                let truth = judge(&self.operator, &seen, scope);
                let misfit = matches!(seen, Seen::Misfit(_));
                list = self.list_seen(&[&seen], scope);
                (
                    truth,
                    seen.to_json().map(|value| names::redact(reference, value)),
                    misfit,
                    reference.to_string(),
                )
            }
            Subject::Path(path, ..) => {
                let (truth, seen, misfit) = self.on_path(scope);
                list = self.list_on_path(scope);
                (truth, seen.map(|value| names::redact_found(path, value)), misfit, path.to_string())
            }
        };
        let of_list = match &self.operator {
            Operator::InList(membership) if seen.is_some() => membership.trouble(scope),
            _ => None,
        };
        let because =
            (truth == Truth::Unknown).then(|| of_list.unwrap_or_else(|| why_unknown(seen.is_some(), misfit)));
        let node = TraceNode::Test {
            subject,
            operator: self.operator.name(),
            expected: self.operator.expected(),
            seen,
            list,
            because,
        };
        Trace { truth, node }
    }

    /// The list that the test is judged by, as it is.
    fn list_seen(&self, seen: &[&Seen<'_>], scope: &dyn Scope) -> Option<ListSeen> {
        match &self.operator {
            Operator::InList(membership) => Some(membership.shown(seen, scope)),
            _ => None,
        }
    }

    fn list_on_path(&self, scope: &dyn Scope) -> Option<ListSeen> {
        let (Operator::InList(_), Subject::Path(path, _, kind)) = (&self.operator, &self.subject) else {
            return None;
        };
        let found = path.find(scope.document());
        let seen: Vec<Seen<'_>> = found.into_iter().map(|value| Seen::read(value, *kind)).collect();
        self.list_seen(&seen.iter().collect::<Vec<_>>(), scope)
    }

    /// What a test of a path comes to, what the path found, and whether something there was of another kind.
    fn on_path(&self, scope: &dyn Scope) -> (Truth, Option<Value>, bool) {
        let Subject::Path(path, quantifier, kind) = &self.subject else {
            return (Truth::Unknown, None, false);
        };
        let found = path.find(scope.document());
        let shown = match found.as_slice() {
            [] => None,
            [one] if path.is_singular() => Some((*one).clone()),
            many => Some(many.iter().map(|value| (*value).clone()).collect()),
        };
        if self.operator.asks_for_number() {
            let seen = match found.as_slice() {
                [] => Seen::Missing,
                [Value::Array(members)] if path.is_singular() => Seen::Things(members.len()),
                many => Seen::Things(many.len()),
            };
            return (judge(&self.operator, &seen, scope), shown, false);
        }
        if let Operator::Exists(wanted) = self.operator {
            let there = found.iter().any(|value| !value.is_null());
            return (Truth::from(there == wanted), shown, false);
        }
        let mut misfit = false;
        let mut verdicts = found.iter().map(|value| {
            let seen = Seen::read(value, *kind);
            misfit |= matches!(seen, Seen::Misfit(_));
            judge(&self.operator, &seen, scope)
        });
        let truth = match quantifier {
            // A path that finds nothing is a missing value: for `exists` that is an answer, for others it is none.
            _ if found.is_empty() => judge(&self.operator, &Seen::Missing, scope),
            Quantifier::Single => verdicts.next().unwrap_or(Truth::Unknown),
            Quantifier::Some => verdicts.fold(Truth::False, Truth::or),
            Quantifier::Every => verdicts.fold(Truth::True, Truth::and),
        };
        (truth, shown, misfit)
    }
}

fn every(items: &[Item], scope: &dyn Scope) -> Truth {
    let mut truth = Truth::True;
    for item in items {
        truth = truth.and(item.truth(scope));
        if truth == Truth::False {
            break;
        }
    }
    truth
}

fn some(items: &[Item], scope: &dyn Scope) -> Truth {
    let mut truth = Truth::False;
    for item in items {
        truth = truth.or(item.truth(scope));
        if truth == Truth::True {
            break;
        }
    }
    truth
}

fn why_unknown(found: bool, misfit: bool) -> &'static str {
    match (found, misfit) {
        (false, _) => "the alert does not say",
        (true, true) => "not of the kind that was asked for",
        (true, false) => "not all of it is known",
    }
}
