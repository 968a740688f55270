//! [`Template`]: text with `{{ name.field | filter }}` in it.
//!
//! Only that: no statements, no arithmetic, no calls. The text of a playbook is the only thing that is ever compiled;
//! what an alert says is only ever a value.

mod filters;
mod scan;

use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::form::MissingValue;
use crate::model::Reference;
use crate::scope::Scope;

pub use filters::FILTERS;
pub use scan::TemplateError;
use scan::{Insert, scan};

/// Text with `{{ name.field | filter }}` in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: Arc<str>,
    format: TextFormat,
    inserts: Arc<[Insert]>,
}

/// In which format a text is read at its destination: values are escaped for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextFormat {
    /// As it stands.
    #[default]
    Plain,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Text inside a JSON document.
    Json,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, and where in it.
    pub fn parse(source: &str, format: TextFormat) -> Result<Self, TemplateError> {
        let inserts = scan(source)?;
        // What our own reading takes, the renderer must take too.
        ENVIRONMENT.template_from_named_str(format.name(), source).map_err(|error| TemplateError {
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
            match scope.value(&insert.reference) {
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
            .render_named_str(self.format.name(), &self.source, minijinja::Value::from(Serde(&values)))
            .map_err(|error| MissingValue { what: format!("`{}` cannot be filled in: {error}", self.source) })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl TextFormat {
    /// The name under which the renderer knows it.
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
        }
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
            return Err(minijinja::ErrorKind::InvalidOperation.into());
        };
        if value.is_undefined() {
            return Err(minijinja::ErrorKind::UndefinedError.into());
        }
        let text = filters::text_of(value);
        out.write_str(&filters::escape(&text, format)).map_err(|_| minijinja::ErrorKind::WriteFailure.into())
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
