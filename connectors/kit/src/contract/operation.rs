//! One operation of a contract: which requests it takes, and which answers it gives.

use std::collections::BTreeMap;

use reqwest::Url;
use serde_json::Value;

use super::schema::Schemas;
use crate::scripted::Seen;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation, with what the path of a request has in the places of its parameters.
pub(super) struct Operation<'a> {
    method: String,
    template: &'a str,
    described: &'a Value,
    in_path: BTreeMap<String, String>,
}

/// Every operation that is described.
pub(super) fn all(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            let methods = METHODS.into_iter().filter(|method| item.get(*method).is_some());
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

impl<'a> Operation<'a> {
    /// The operation for this method and path: of several that fit, the one of which most is written out.
    pub(super) fn find(document: &'a Value, method: &str, path: &str) -> Result<Self, String> {
        let path = path.split('?').next().unwrap_or(path);
        let method = method.to_lowercase();
        let mut found: Vec<Self> = document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(template, item)| {
                let described = item.get(&method)?;
                let in_path = fits(template, path)?;
                Some(Self { method: method.clone(), template, described, in_path })
            })
            .collect();
        found.sort_by_key(|operation| operation.in_path.values().map(String::len).sum::<usize>());
        found.into_iter().next().ok_or_else(|| "the contract has no such operation".into())
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.template)
    }

    /// Whether a request fits: its parameters, its headers and its body.
    pub(super) fn check_request(&self, schemas: &Schemas<'_>, seen: &Seen) -> Result<(), String> {
        self.check_query(schemas, &seen.path)?;
        for parameter in self.parameters().filter(|parameter| parameter["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            let value = self.in_path.get(name).ok_or_else(|| format!("{name} is missing in the path"))?;
            schemas.check(&parameter["schema"], &Value::from(value.as_str()), name)?;
        }
        for parameter in self.parameters().filter(|parameter| parameter["in"] == "header") {
            let name = parameter["name"].as_str().unwrap_or_default();
            match seen.headers.get(&name.to_lowercase()) {
                Some(value) => schemas.check(&parameter["schema"], &Value::from(value.as_str()), name)?,
                None if parameter["required"] == true => return Err(format!("the header {name} is missing")),
                None => {}
            }
        }
        self.check_body(schemas, seen)
    }

    /// Whether an answer fits.
    pub(super) fn check_answer(&self, schemas: &Schemas<'_>, status: u16, body: &[u8]) -> Result<(), String> {
        let responses = &self.described["responses"];
        let class = format!("{}XX", status / 100);
        let keys = [status.to_string(), class, "default".to_owned()];
        let described = keys.iter().find_map(|key| responses.get(key));
        let described = described.ok_or_else(|| format!("the status {status} is not described"))?;
        let content = &schemas.resolve(described)["content"]["application/json"]["schema"];
        match (content.is_null(), body.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => Err(format!("{status} has no body")),
            // Refusals of front doors come without one.
            (false, true) if status >= 400 => Ok(()),
            (false, true) => Err(format!("{status} has a body")),
            (false, false) => {
                let body: Value =
                    serde_json::from_slice(body).map_err(|error| format!("its body is not JSON: {error}"))?;
                schemas.check(content, &body, "body")
            }
        }
    }

    fn check_query(&self, schemas: &Schemas<'_>, path: &str) -> Result<(), String> {
        let url = Url::parse("http://vendor.invalid").and_then(|base| base.join(path));
        let url = url.map_err(|error| error.to_string())?;
        let mut missing: Vec<&str> = self
            .parameters()
            .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        for (name, value) in url.query_pairs() {
            let parameter = self.parameters().find(|one| one["in"] == "query" && one["name"] == *name);
            let parameter = parameter.ok_or_else(|| format!("there is no parameter {name}"))?;
            schemas.check(&parameter["schema"], &typed(&parameter["schema"], &value), &name)?;
            missing.retain(|required| *required != name);
        }
        match missing.first() {
            Some(name) => Err(format!("the parameter {name} is missing")),
            None => Ok(()),
        }
    }

    fn check_body(&self, schemas: &Schemas<'_>, seen: &Seen) -> Result<(), String> {
        let described = schemas.resolve(&self.described["requestBody"]);
        if described.is_null() {
            return if seen.body.is_empty() { Ok(()) } else { Err("it takes no body".into()) };
        }
        if seen.body.is_empty() {
            return if described["required"] == true { Err("its body is missing".into()) } else { Ok(()) };
        }
        let kind = seen.headers.get("content-type").map(String::as_str).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(format!("its body is {kind:?}"));
        }
        let body: Value =
            serde_json::from_slice(&seen.body).map_err(|error| format!("its body is not JSON: {error}"))?;
        schemas.check(&described["content"]["application/json"]["schema"], &body, "body")
    }

    fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        self.described["parameters"].as_array().into_iter().flatten()
    }
}

/// What a path has in the places of a template's parameters; nothing where it does not fit.
fn fits(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (mut templates, mut parts) = (template.split('/'), path.split('/'));
    let mut found = BTreeMap::new();
    loop {
        match (templates.next(), parts.next()) {
            (None, None) => return Some(found),
            (Some(template), Some(part)) => part_fits(template, part, &mut found)?,
            _ => return None,
        }
    }
}

/// One part of a path: `users`, `{id}` or `find(ip='{ip}')`.
fn part_fits(template: &str, part: &str, found: &mut BTreeMap<String, String>) -> Option<()> {
    let Some((before, rest)) = template.split_once('{') else { return (template == part).then_some(()) };
    let (name, after) = rest.split_once('}')?;
    let part = part.strip_prefix(before)?;
    let next = after.split('{').next().unwrap_or_default();
    let end = if next.is_empty() { part.len() } else { part.find(next)? };
    let (value, rest) = part.split_at(end);
    if value.is_empty() {
        return None;
    }
    found.insert(name.to_owned(), value.to_owned());
    part_fits(after, rest, found)
}

/// A text of a query as what its schema says.
fn typed(schema: &Value, text: &str) -> Value {
    match schema["type"].as_str() {
        Some("array") => text.split(',').map(|item| typed(&schema["items"], item)).collect(),
        Some("integer") => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Some("boolean") => text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
        _ => Value::from(text),
    }
}
