//! What the general machinery takes and then gets wrong, or what it takes beyond RFC 9535: refused at load, each with
//! the rewrite that works. The tests hold the rest against a second implementation.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, SingularQuery,
    Test, TestFunction,
};

use super::PathError;

/// Refuses the shapes that do not work.
pub(super) fn check(text: &str, query: &JpQuery) -> Result<(), PathError> {
    segments(&query.segments, false).map_err(|fault| fault.at(text))
}

struct Fault {
    /// What to point at: the first place where this stands in the path.
    mark: &'static str,
    what: &'static str,
    help: &'static str,
}

impl Fault {
    fn at(self, text: &str) -> PathError {
        PathError::new(text.find(self.mark).unwrap_or(0), self.what, self.help)
    }
}

fn fault<T>(mark: &'static str, what: &'static str, help: &'static str) -> Result<T, Fault> {
    Err(Fault { mark, what, help })
}

fn segments(all: &[Segment], within_filter: bool) -> Result<(), Fault> {
    let mut after_many = false;
    for one in all {
        if after_many && matches!(one, Segment::Selectors(_)) {
            return fault(
                ",",
                "several names in one bracket, after something that finds several, come out of order",
                "write a condition for each name",
            );
        }
        segment(one, within_filter)?;
        after_many |= !is_singular(one);
    }
    Ok(())
}

fn segment(segment: &Segment, within_filter: bool) -> Result<(), Fault> {
    match segment {
        Segment::Selector(one) => selector(one, within_filter),
        Segment::Selectors(many) => many.iter().try_for_each(|one| selector(one, within_filter)),
        Segment::Descendant(inner) => match inner.as_ref() {
            Segment::Selectors(_) => fault(
                "..",
                "several names after .. give wrong results",
                "write one condition for each name: $..a and $..d",
            ),
            other => self::segment(other, within_filter),
        },
    }
}

fn selector(selector: &Selector, within_filter: bool) -> Result<(), Fault> {
    match selector {
        Selector::Filter(_) if within_filter => fault(
            "[?",
            "a filter inside a filter gives wrong results",
            "go through the inner list with a path of its own",
        ),
        Selector::Filter(inner) => filter(inner),
        Selector::Slice(_, _, Some(0)) => {
            fault(":", "a slice with step 0 finds nothing", "leave the step out")
        }
        Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => Ok(()),
    }
}

fn filter(found: &Filter) -> Result<(), Fault> {
    match found {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().try_for_each(filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => test(expr),
        Filter::Atom(FilterAtom::Comparison(comparison)) => compared(comparison),
    }
}

fn test(test: &Test) -> Result<(), Fault> {
    match test {
        Test::RelQuery(inner) => segments(inner, true),
        Test::AbsQuery(query) => segments(&query.segments, true),
        Test::Function(function) => match function.as_ref() {
            TestFunction::Match(subject, pattern) | TestFunction::Search(subject, pattern) => {
                one_value(subject, "match")?;
                pattern_compiles(pattern)
            }
            TestFunction::Length(_) => {
                fault("length", "length() gives a number, which must be compared", "write length(@.x) > 0")
            }
            TestFunction::Count(_) | TestFunction::Value(_) => numberless(function),
            TestFunction::Custom(..) => beyond(),
        },
    }
}

fn compared(comparison: &Comparison) -> Result<(), Fault> {
    let (left, right) = comparison.vals();
    [left, right].into_iter().try_for_each(|side| match side {
        Comparable::Literal(_)
        | Comparable::SingularQuery(SingularQuery::Current(_) | SingularQuery::Root(_)) => Ok(()),
        Comparable::Function(function) => match function {
            TestFunction::Length(argument) => one_value(argument, "length"),
            TestFunction::Count(_) | TestFunction::Value(_) => numberless(function),
            _ => beyond(),
        },
    })
}

fn numberless(function: &TestFunction) -> Result<(), Fault> {
    match function {
        TestFunction::Count(_) => fault(
            "count",
            "count() is wrong where there is nothing to count",
            "take the filter out and ask with the operator: { count: { at_least: 2 } }",
        ),
        _ => fault("value", "value() is not needed", "compare the member itself: @.x == 1"),
    }
}

fn one_value(argument: &FnArg, mark: &'static str) -> Result<(), Fault> {
    let singular = match argument {
        FnArg::Literal(_) => true,
        FnArg::Filter(_) => false,
        FnArg::Test(test) => match test.as_ref() {
            Test::RelQuery(inner) => inner.iter().all(is_singular),
            Test::AbsQuery(query) => query.segments.iter().all(is_singular),
            Test::Function(_) => false,
        },
    };
    if singular {
        return Ok(());
    }
    fault(mark, "this function takes one value, and the path in it may find several", "name one member: @.x")
}

fn is_singular(segment: &Segment) -> bool {
    matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)))
}

/// The machinery takes a pattern that cannot be compiled for one that never matches.
fn pattern_compiles(pattern: &FnArg) -> Result<(), Fault> {
    let FnArg::Literal(Literal::String(text)) = pattern else {
        return fault(
            "match",
            "a pattern must stand in the path itself",
            "write it in quotes: match(@.x, 'a.*')",
        );
    };
    match regex::Regex::new(text) {
        Ok(_) => Ok(()),
        Err(_) => {
            fault("match", "the pattern cannot be read", "check its brackets, or use the operator `matches`")
        }
    }
}

fn beyond() -> Result<(), Fault> {
    fault(
        "[?",
        "this function is not part of JSONPath",
        "use length, match or search, or ask with an operator: any_of, contains",
    )
}
