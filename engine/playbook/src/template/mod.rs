//! [`Template`]: text with `{{ name.field | filter }}` in it.
//!
//! Only that: no statements, no arithmetic, no calls. The text of a playbook is the only thing that is ever compiled;
//! what an alert says is only ever a value.

mod filters;
mod scan;
mod table;

use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::form::MissingValue;
use crate::model::Reference;
use crate::scope::Scope;

pub use filters::FILTERS;
pub use quell_action::TextFormat;
pub use scan::TemplateError;
use scan::{Insert, scan};

/// Text with `{{ name.field | filter }}` in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: Arc<str>,
    format: TextFormat,
    inserts: Arc<[Insert]>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, and where in it.
    pub fn parse(source: &str, format: TextFormat) -> Result<Self, TemplateError> {
        let inserts = scan(source)?;
        // What our own reading takes, the renderer must take too.
        ENVIRONMENT.template_from_named_str(format.word(), source).map_err(|error| TemplateError {
            offset: error.range().map_or(0, |range| range.start),
            what: "the renderer does not take it".to_owned(),
            help: error.detail().map(str::to_owned),
        })?;
        Ok(Self { source: source.into(), format, inserts: inserts.into() })
    }

    /// As the author wrote it.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The names in it.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.inserts.iter().map(|insert| &insert.reference)
    }

    /// The columns and fields that are asked for of each name, with the byte at which it stands.
    pub(crate) fn fields_asked(&self) -> Vec<(Reference, usize, Vec<String>)> {
        let asked = |insert: &Insert| (insert.reference.clone(), insert.offset, insert.fields.clone());
        self.inserts.iter().filter(|insert| insert.takes_rows()).map(asked).collect()
    }

    /// The names in it that go through a filter, each with the byte of the text at which it stands.
    pub(crate) fn filtered(&self) -> Vec<(Reference, usize)> {
        let filtered = self.inserts.iter().filter(|insert| !insert.filters.is_empty());
        filtered.map(|insert| (insert.reference.clone(), insert.offset)).collect()
    }

    /// The names in it, each with the byte of the text at which it stands.
    pub(crate) fn places(&self) -> Vec<(Reference, usize)> {
        self.inserts.iter().map(|insert| (insert.reference.clone(), insert.offset)).collect()
    }

    /// Fills it in.
    ///
    /// # Errors
    /// The name that has no value, unless its first filter is `default`.
    pub fn fill(&self, scope: &dyn Scope) -> Result<String, MissingValue> {
        let mut values = Map::new();
        for insert in self.inserts.iter() {
            let value = match insert.takes_rows() {
                true => scope.rows(&insert.reference),
                false => scope.value(&insert.reference),
            };
            match value {
                Some(value) => put(&mut values, &insert.reference, value),
                None if insert.has_default => {}
                None => return Err(MissingValue::of_name(&insert.reference)),
            }
        }
        // Whatever is around a field exists, so that `default` finds an absent field and not an absent object.
        for insert in self.inserts.iter() {
            let _ = around(&mut values, &insert.reference);
        }
        ENVIRONMENT
            .render_named_str(self.format.word(), &self.source, minijinja::Value::from(Serde(&values)))
            .map_err(|error| MissingValue { what: format!("`{}` cannot be filled in: {error}", self.source) })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// The one environment that renders every text of every playbook.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(50_000));
    environment.set_recursion_limit(50);
    environment.set_auto_escape_callback(|format| AutoEscape::Custom(format.to_owned().into()));
    environment.set_formatter(|out, state, value| {
        let AutoEscape::Custom(format) = state.auto_escape() else {
            return Err(ErrorKind::InvalidOperation.into());
        };
        if value.is_undefined() {
            return Err(ErrorKind::UndefinedError.into());
        }
        if value.is_safe() {
            // A table, which has escaped what is in it.
            return out
                .write_str(value.as_str().unwrap_or_default())
                .map_err(|_| ErrorKind::WriteFailure.into());
        }
        let text = filters::text_of(value);
        out.write_str(&filters::escape(&text, format)).map_err(|_| ErrorKind::WriteFailure.into())
    });
    filters::add_to(&mut environment);
    environment
});

/// Sets a dotted name in a tree of objects.
fn put(values: &mut Map<String, Value>, reference: &Reference, value: Value) {
    if let Some((members, last)) = around(values, reference) {
        members.insert(last.to_owned(), value);
    }
}

/// The object that holds the last part of a dotted name, and that part.
fn around<'v, 'r>(
    values: &'v mut Map<String, Value>,
    reference: &'r Reference,
) -> Option<(&'v mut Map<String, Value>, &'r str)> {
    let (path, last) = reference.0.rsplit_once('.').unwrap_or(("", &reference.0));
    let mut members = values;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let place = members.entry(part).or_insert(Value::Null);
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        members = place.as_object_mut()?;
    }
    Some((members, last))
}

#[cfg(test)]
mod tests;
