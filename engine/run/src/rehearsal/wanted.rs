//! [`Wanted`] and [`QuestionWanted`]: an action and a question as a test expects them, in as much detail as it gives.

use std::fmt;
use std::time::Duration;

use quell_playbook::duration;
use serde_json::{Map, Value};

use super::expect::Deed;
use super::seen::{Asked, Happened};

/// An action as a test expects it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// What, of whom, where.
    pub(super) deed: Deed,
    /// Some of its parameters, each as it must be.
    with: Map<String, Value>,
    /// When, counted from the beginning of the run.
    after: Option<Duration>,
    /// In which step.
    step: Option<String>,
    /// Through which connection.
    using: Option<String>,
}

/// A question as a test expects it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuestionWanted {
    /// Its name, with or without its lane, or words of it.
    name: String,
    of: Option<Vec<String>>,
    says: Option<String>,
    choices: Option<Vec<String>>,
    quorum: Option<u64>,
    expires: Option<Duration>,
}

impl Wanted {
    /// A line, or a line with details: `{ device.isolate of wks-1: { with: { kind: full }, after: 8h } }`.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let known = ["account", "device", "at", "with", "after", "step", "using"];
        let (line, details) = line_and_details(value, "account.disable of alice at okta", &known)?;
        let mut deed = Deed::read(line)?;
        for name in ["account", "device"] {
            told_once(&mut deed.of, line, &details, name)?;
        }
        told_once(&mut deed.at, line, &details, "at")?;
        let with = match details.get("with") {
            None => Map::new(),
            Some(Value::Object(with)) => with.clone(),
            Some(_) => return Err(format!("{line}: `with` is a map of parameters")),
        };
        let step = text(line, &details, "step")?.map(str::to_owned);
        let using = text(line, &details, "using")?.map(str::to_owned);
        Ok(Self { deed, with, after: span(line, &details, "after")?, step, using })
    }

    /// Whether this is what happened.
    pub(super) fn fits(&self, happened: &Happened) -> bool {
        self.deed.fits(&happened.deed)
            && self
                .with
                .iter()
                .all(|(name, value)| happened.params.get(name).map(bare).as_ref() == Some(value))
            && self.after.is_none_or(|after| after == happened.after)
            && self.step.as_ref().is_none_or(|step| *step == happened.step)
            && (self.using.is_none() || self.using == happened.using)
    }

    /// What happened, in as much detail as this asks for.
    pub(super) fn told(wanted: &[Self], happened: &Happened) -> String {
        let asked = |name: &String| wanted.iter().any(|one| one.with.contains_key(name));
        let params = happened.params.as_object().into_iter().flatten();
        let with = params.filter(|(name, _)| asked(name)).map(|(name, value)| (name.clone(), bare(value)));
        let after = wanted.iter().any(|one| one.after.is_some()).then_some(happened.after);
        let step = wanted.iter().any(|one| one.step.is_some()).then(|| happened.step.clone());
        let using = happened.using.clone().filter(|_| wanted.iter().any(|one| one.using.is_some()));
        Self { deed: happened.deed.clone(), with: with.collect(), after, step, using }.to_string()
    }
}

/// A value without its fields that are null: a test says so by leaving them out.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name.clone(), bare(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
        other => other.clone(),
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.deed)?;
        if !self.with.is_empty() {
            write!(f, " with {}", Value::Object(self.with.clone()))?;
        }
        if let Some(step) = &self.step {
            write!(f, " in step {step}")?;
        }
        if let Some(using) = &self.using {
            write!(f, " using {using}")?;
        }
        self.after.map_or(Ok(()), |after| write!(f, " after {}", duration::write(after)))
    }
}

impl QuestionWanted {
    /// A name, or a name with details: `{ confirm: { of: [soc], says: "Cut off?", expires: 30m } }`.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let details = ["of", "says", "choices", "quorum", "expires"];
        let (name, details) = line_and_details(value, "confirm", &details)?;
        let quorum = details.get("quorum");
        if quorum.is_some_and(|quorum| quorum.as_u64().is_none()) {
            return Err(format!("{name}: `quorum` is a whole number"));
        }
        Ok(Self {
            name: name.to_owned(),
            of: words(name, &details, "of")?,
            says: text(name, &details, "says")?.map(str::to_owned),
            choices: words(name, &details, "choices")?,
            quorum: quorum.and_then(Value::as_u64),
            expires: span(name, &details, "expires")?,
        })
    }

    /// Whether this is what was asked.
    pub(super) fn fits(&self, asked: &Asked) -> bool {
        let Asked { question, at } = asked;
        let id = &question.id.0;
        let open = (question.expires - *at).to_std().unwrap_or_default();
        let is_named = *id == self.name
            || id.split_once('/').is_some_and(|(_, name)| name == self.name)
            || question.text.contains(&self.name);
        is_named
            && self.of.as_ref().is_none_or(|of| *of == question.of)
            && self.says.as_ref().is_none_or(|says| *says == question.text)
            && self.choices.as_ref().is_none_or(|choices| *choices == question.choices)
            && self.quorum.is_none_or(|quorum| quorum == u64::from(question.quorum))
            && self.expires.is_none_or(|expires| expires == open)
    }

    /// What was asked, with everything that can be expected of it.
    pub(super) fn told(asked: &Asked) -> String {
        let Asked { question, at } = asked;
        Self {
            name: question.id.0.clone(),
            of: Some(question.of.clone()),
            says: Some(question.text.clone()),
            choices: Some(question.choices.clone()),
            quorum: Some(u64::from(question.quorum)),
            expires: (question.expires - *at).to_std().ok(),
        }
        .to_string()
    }
}

impl fmt::Display for QuestionWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let list = |words: &Vec<String>| words.join(", ");
        for (name, value) in [
            ("of", self.of.as_ref().map(list)),
            ("says", self.says.as_ref().map(|says| format!("{says:?}"))),
            ("choices", self.choices.as_ref().map(list)),
            ("quorum", self.quorum.map(|quorum| quorum.to_string())),
            ("expires", self.expires.map(duration::write)),
        ] {
            if let Some(value) = value {
                write!(f, "; {name} {value}")?;
            }
        }
        Ok(())
    }
}

/// A line by itself, or a map of one line to its details.
fn line_and_details<'a>(
    value: &'a Value,
    example: &str,
    known: &[&str],
) -> Result<(&'a str, Map<String, Value>), String> {
    let wrong = || format!("{value} is neither a line such as `{example}` nor one line with its details");
    let (line, details) = match value {
        Value::String(line) => return Ok((line, Map::new())),
        Value::Object(map) if map.len() == 1 => map.iter().next().ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    let details = details.as_object().ok_or_else(wrong)?;
    match details.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{line}: there is no `{key}`; write one of {}", known.join(", "))),
        None => Ok((line, details.clone())),
    }
}

/// Takes whom or where from the details, where the line itself does not say it.
fn told_once(
    of_line: &mut Option<String>,
    line: &str,
    details: &Map<String, Value>,
    name: &str,
) -> Result<(), String> {
    let Some(told) = text(line, details, name)? else { return Ok(()) };
    if of_line.is_some() {
        return Err(format!("{line}: `{name}` says again what is said already"));
    }
    *of_line = Some(told.to_owned());
    Ok(())
}

fn text<'a>(line: &str, details: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match details.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{line}: `{name}` is a text")),
    }
}

fn span(line: &str, details: &Map<String, Value>, name: &str) -> Result<Option<Duration>, String> {
    text(line, details, name)?
        .map(|text| duration::read(text).map_err(|why| format!("{line}: `{name}` {why}: write 30s or 8h")))
        .transpose()
}

fn words(line: &str, details: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, String> {
    let Some(value) = details.get(name) else { return Ok(None) };
    let words = value.as_array().into_iter().flatten().map(|word| word.as_str().map(str::to_owned));
    match words.collect::<Option<Vec<String>>>() {
        Some(words) if value.is_array() => Ok(Some(words)),
        _ => Err(format!("{line}: `{name}` is a list of words")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn happened() -> Happened {
        Happened {
            using: None,
            deed: Deed::read("device.isolate of wks-1 at defender_endpoint").unwrap(),
            is_disruptive: true,
            params: json!({ "kind": "full", "comment": "x" }),
            after: Duration::from_secs(60),
            step: "isolate".to_owned(),
        }
    }

    fn fits(value: &Value) -> bool {
        Wanted::read(value).unwrap().fits(&happened())
    }

    #[test]
    fn as_much_is_compared_as_is_given() {
        assert!(fits(&json!("device.isolate of wks-1")));
        let at = "defender_endpoint";
        assert!(fits(&json!({ "device.isolate": { "device": "wks-1", "at": at } })));
        assert!(!fits(&json!({ "device.isolate": { "device": "wks-2", "at": at } })));
        assert!(!fits(&json!({ "device.isolate": { "device": "wks-1", "at": "lab" } })));
        assert!(fits(&json!({ "device.isolate": { "with": { "kind": "full" }, "after": "1m" } })));
        for details in [
            json!({ "with": { "kind": "selective" } }),
            json!({ "with": { "tag": "x" } }),
            json!({ "after": "2m" }),
        ] {
            assert!(!fits(&json!({ "device.isolate": details })), "{details}");
        }
        let wanted = Wanted::read(&json!({ "device.isolate": { "with": { "kind": "x" } } })).unwrap();
        assert_eq!(
            Wanted::told(&[wanted], &happened()),
            r#"device.isolate of wks-1 at defender_endpoint with {"kind":"full"}"#
        );
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for wrong in [
            json!(3),
            json!({}),
            json!({ "device.isolate": "full" }),
            json!({ "device.isolate": { "wiht": {} } }),
            json!({ "device.isolate": { "with": "full" } }),
            json!({ "device.isolate": { "after": 8 } }),
            json!({ "device.isolate": { "after": "8" } }),
            json!({ "device.isolate of wks-1": { "device": "wks-1" } }),
            json!({ "device.isolate": { "device": "wks-1", "account": "alice" } }),
            json!({ "device.isolate at lab": { "at": "lab" } }),
        ] {
            assert!(Wanted::read(&wrong).is_err(), "{wrong}");
        }
        for wrong in [json!({ "confirm": { "of": "soc" } }), json!({ "confirm": { "quorum": "two" } })] {
            assert!(QuestionWanted::read(&wrong).is_err(), "{wrong}");
        }
    }
}
