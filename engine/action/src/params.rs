//! The parameters and outputs of an action, as the playbook checker sees them: derived from the Rust types.

use serde::Serialize;
use serde_json::Value;

use crate::TextFormat;

/// One parameter (or output field) of an action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamSpec {
    /// Its name under `with:`.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
    /// Whether it must be there.
    pub required: bool,
    /// What stands there when it is left out.
    pub default: Option<Value>,
    /// The names that the site gives, where it takes one of them: known only where the site is. A text with an `@` is an
    /// address and no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// In which format a text is read at its destination.
    #[serde(skip_serializing_if = "TextFormat::is_plain")]
    pub format: TextFormat,
    /// What it means, from the doc comment.
    pub summary: String,
}

/// What a parameter takes: decides which forms a playbook may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// One of these words.
    Choice(Vec<String>),
    /// A list of these.
    List(Box<ParamKind>),
    /// A map with free keys, or any JSON.
    Object,
}

impl ParamKind {
    /// The word for it in messages.
    pub fn word(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Integer => "a whole number".into(),
            Self::Number => "a number".into(),
            Self::Boolean => "true or false".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::List(of) => format!("a list of {}", of.word()),
            Self::Object => "a map".into(),
        }
    }
}

/// Reads the members of a struct's schema.
pub(crate) fn members(schema: &Value) -> Vec<ParamSpec> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    properties
        .iter()
        .map(|(name, property)| ParamSpec {
            name: name.clone(),
            kind: kind(property, schema),
            required: required.contains(&name.as_str()),
            names: None,
            format: TextFormat::of_media(property["contentMediaType"].as_str()),
            default: property.get("default").cloned().filter(|default| !default.is_null()),
            summary: property["description"].as_str().unwrap_or_default().replace('\n', " "),
        })
        .collect()
}

fn kind(property: &Value, root: &Value) -> ParamKind {
    if let Some(target) = property["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return kind(&root["$defs"][target], root);
    }
    if let Some(words) = choice(property) {
        return ParamKind::Choice(words);
    }
    if let Some(branch) = ["anyOf", "oneOf", "allOf"].iter().find_map(|word| present_branch(&property[*word]))
    {
        return kind(branch, root);
    }
    match type_word(&property["type"]) {
        Some("string") => ParamKind::Text,
        Some("integer") => ParamKind::Integer,
        Some("number") => ParamKind::Number,
        Some("boolean") => ParamKind::Boolean,
        Some("array") => ParamKind::List(Box::new(kind(&property["items"], root))),
        _ => ParamKind::Object,
    }
}

/// The words of an enumeration, in either of the shapes in which schemas write one.
fn choice(property: &Value) -> Option<Vec<String>> {
    if let Some(words) = property["enum"].as_array() {
        return Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let branches = property["oneOf"].as_array()?;
    branches.iter().map(|branch| branch["const"].as_str().map(str::to_owned)).collect()
}

fn present_branch(branches: &Value) -> Option<&Value> {
    branches.as_array()?.iter().find(|branch| branch["type"] != "null")
}

/// `"string"`, also out of `["string", "null"]`.
fn type_word(word: &Value) -> Option<&str> {
    word.as_str().or_else(|| word.as_array()?.iter().filter_map(Value::as_str).find(|word| *word != "null"))
}
