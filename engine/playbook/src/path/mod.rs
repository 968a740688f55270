//! [`Path`]: a JSONPath into the alert's document, parsed once when the playbook is loaded.
//!
//! Plain paths, made of names and indexes only, are walked directly: that is ten times faster than the general
//! machinery, and most paths are plain. What the general machinery is known to get wrong is refused at load, see
//! [`refuse`].

mod error;
mod refuse;

use std::fmt;
use std::sync::Arc;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

pub use error::PathError;

/// A JSONPath into the alert's document.
#[derive(Debug, Clone)]
pub struct Path {
    text: Arc<str>,
    route: Route,
}

#[derive(Debug, Clone)]
enum Route {
    /// Names and indexes only: gives one value or none.
    Plain(Vec<Hop>),
    /// Anything else: may give many.
    Query(Arc<JpQuery>),
}

#[derive(Debug, Clone, PartialEq)]
enum Hop {
    Member(String),
    Element(i64),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, where in it, and how to mend that.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        error::check_text(text)?;
        let query = parse_json_path(text).map_err(|error| error::translate(text, &error))?;
        refuse::check(text, &query)?;
        let route = match plain(&query) {
            Some(hops) => Route::Plain(hops),
            None => Route::Query(Arc::new(query)),
        };
        Ok(Self { text: text.into(), route })
    }

    /// As the author wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it can give one value at most.
    pub fn is_singular(&self) -> bool {
        matches!(self.route, Route::Plain(_))
    }

    /// What it finds, in the order of the document.
    pub fn find<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        match &self.route {
            Route::Plain(hops) => walk(hops, document).into_iter().collect(),
            // The only error there is belongs to functions that give values in place of nodes: refused at load.
            Route::Query(query) => js_path_process(query, document)
                .map(|found| found.into_iter().map(|node| node.val()).collect())
                .unwrap_or_default(),
        }
    }

    /// The member that it ends in, where it ends in one.
    pub fn last_name(&self) -> Option<&str> {
        match &self.route {
            Route::Plain(hops) => match hops.last()? {
                Hop::Member(name) => Some(name),
                Hop::Element(_) => None,
            },
            Route::Query(query) => match query.segments.last()? {
                Segment::Selector(Selector::Name(name)) => Some(name),
                Segment::Descendant(inner) => match inner.as_ref() {
                    Segment::Selector(Selector::Name(name)) => Some(name),
                    _ => None,
                },
                _ => None,
            },
        }
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn plain(query: &JpQuery) -> Option<Vec<Hop>> {
    query
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Selector(Selector::Name(name)) => Some(Hop::Member(name.clone())),
            Segment::Selector(Selector::Index(index)) => Some(Hop::Element(*index)),
            _ => None,
        })
        .collect()
}

fn walk<'v>(hops: &[Hop], document: &'v Value) -> Option<&'v Value> {
    hops.iter().try_fold(document, |value, hop| match hop {
        Hop::Member(name) => value.as_object()?.get(name),
        Hop::Element(index) => {
            let elements = value.as_array()?;
            let from_end = |back: i64| elements.len().checked_sub(usize::try_from(back.unsigned_abs()).ok()?);
            let position = if *index < 0 { from_end(*index)? } else { usize::try_from(*index).ok()? };
            elements.get(position)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_paths_are_walked() {
        let document = json!({ "a": { "Risk Score": "70", "list": [1, 2, 3] }, "$id": "4" });
        let find =
            |path: &str| Path::parse(path).unwrap().find(&document).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(find("$.a['Risk Score']"), vec![json!("70")]);
        assert_eq!(find("$.a.list[-1]"), vec![json!(3)]);
        assert_eq!(find("$.a.list[3]"), Vec::<Value>::new());
        assert_eq!(find("$['$id']"), vec![json!("4")]);
        assert_eq!(find("$.a.list[*]"), vec![json!(1), json!(2), json!(3)]);
        assert!(Path::parse("$.a.list[0]").unwrap().is_singular());
        assert!(!Path::parse("$.a.list[*]").unwrap().is_singular());
    }

    #[test]
    fn what_the_machinery_gets_wrong_is_refused() {
        for text in [
            "a.b",
            " $.a",
            "$.a ",
            "$.a b",
            "$.Entities[*].$id",
            "$..['a','d']",
            "$.a[?@.b[?@.c == 1]]",
            "$.a[?count(@.*) == 1]",
            "$.a[?length(@.b)]",
            "$.a[?length(@.*) == 1]",
            "$.a[?value(@.b) == 1]",
            "$.a[?match(@.b, '(')]",
            "$.a[?match(@.b, @.c)]",
            "$.a[?in(@.b, $.c)]",
            "$.a[",
            "$",
            "$.a[?@.b c == 1]",
        ] {
            let error = Path::parse(text).expect_err(text);
            assert!(!error.what.is_empty(), "{text}");
            assert!(error.offset <= text.len(), "{text}");
        }
    }

    #[test]
    fn common_queries_are_taken() {
        for text in [
            "$.Entities[?@.Type == 'account'].Name",
            "$.Entities[?(@.Type=='ip' && @.Address)].Address",
            "$..Sid",
            "$.Entities[0:2]",
            "$.Entities[?match(@.Name, 'adm.*')].Name",
            "$.Entities[?length(@.Name) > 3].Name",
            "$['ExtendedProperties', 'Other']",
        ] {
            Path::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        }
    }
}
