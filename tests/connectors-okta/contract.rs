//! [`Contract`]: a part of Okta's official OpenAPI document, and whether requests and answers keep to it.

use std::collections::BTreeMap;

use quell_kit::Url;
use quell_kit::scripted::{Reply, Seen};
use serde_json::Value;

/// The operations that the connector calls.
pub(crate) struct Contract(Value);

impl Contract {
    pub(crate) fn read() -> Self {
        Self(serde_json::from_str(include_str!("okta-slice.json")).unwrap())
    }

    /// Where an exchange does not keep to the contract.
    pub(crate) fn faults(&self, seen: &Seen, reply: &Reply) -> Vec<String> {
        let url = Url::parse(&format!("http://okta.example{}", seen.path)).unwrap();
        let place = format!("{} {}", seen.method, url.path());
        let Some((item, operation)) = self.operation(&seen.method, url.path()) else {
            return vec![format!("{place}: there is no such operation")];
        };
        let mut faults = Vec::new();
        self.query_fits(item, operation, &url, &mut faults);
        self.request_fits(operation, seen, &mut faults);
        self.reply_fits(operation, reply, &mut faults);
        faults.into_iter().map(|fault| format!("{place}: {fault}")).collect()
    }

    /// The names of all operations, to see whether each was called.
    pub(crate) fn operations(&self) -> Vec<String> {
        let paths = self.0["paths"].as_object().unwrap().values();
        let named = |item: &Value| {
            let operations = item.as_object().unwrap().values();
            operations.filter_map(|operation| operation["operationId"].as_str().map(str::to_owned)).collect()
        };
        paths.flat_map::<Vec<String>, _>(named).collect()
    }

    /// The name of the operation that a request calls.
    pub(crate) fn name_of(&self, seen: &Seen) -> Option<String> {
        let path = seen.path.split('?').next()?;
        Some(self.operation(&seen.method, path)?.1["operationId"].as_str()?.to_owned())
    }

    /// The scope that a request needs.
    pub(crate) fn scope_of(&self, seen: &Seen) -> String {
        let path = seen.path.split('?').next().unwrap_or_default();
        let operation = self.operation(&seen.method, path).map(|(_, operation)| operation);
        let scope = operation.and_then(|operation| operation["security"][0]["oauth2"][0].as_str());
        scope.unwrap_or("none").to_owned()
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&Value, &Value)> {
        let fitting = self.0["paths"].as_object()?.iter().filter(|(template, _)| matches(template, path));
        let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        Some((item, item.get(method.to_lowercase())?))
    }

    fn query_fits(&self, item: &Value, operation: &Value, url: &Url, faults: &mut Vec<String>) {
        let given: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let both = [&item["parameters"], &operation["parameters"]];
        let parameters: Vec<&Value> = both
            .into_iter()
            .flat_map(|list| list.as_array().into_iter().flatten())
            .map(|parameter| self.resolved(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            match given.get(name) {
                None if parameter["required"] == true => faults.push(format!("?{name} is missing")),
                None => {}
                Some(text) => {
                    let schema = &parameter["schema"];
                    let value = match schema["type"].as_str() {
                        Some("boolean" | "integer" | "number") => {
                            serde_json::from_str(text).unwrap_or_default()
                        }
                        _ => Value::from(text.clone()),
                    };
                    self.fits(schema, &value, &format!("?{name}"), faults);
                }
            }
        }
        // Where a next page begins stands in the vendor's own link, on every list.
        let known = |name: &String| {
            name == "after" || parameters.iter().any(|parameter| parameter["name"] == name.as_str())
        };
        faults.extend(given.keys().filter(|name| !known(name)).map(|name| format!("?{name} is not known")));
    }

    fn request_fits(&self, operation: &Value, seen: &Seen, faults: &mut Vec<String>) {
        if seen.method != "GET" && !seen.headers.contains_key("content-length") {
            faults.push("411: it has no length".to_owned());
        }
        if seen.headers.get("accept").map(String::as_str) != Some("application/json") {
            faults.push("it does not ask for JSON".to_owned());
        }
        let content = &self.resolved(&operation["requestBody"])["content"];
        if content.is_null() {
            if !seen.body.is_empty() {
                faults.push("it takes no body".to_owned());
            }
        } else if let Some(media) = content.get("application/x-www-form-urlencoded") {
            let form =
                Url::parse(&format!("http://x.invalid/?{}", String::from_utf8_lossy(&seen.body))).unwrap();
            let form =
                form.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
            self.fits(&media["schema"], &Value::Object(form.collect()), "form", faults);
        } else if let Some(media) = content.get("application/json") {
            match serde_json::from_slice(&seen.body) {
                Ok(body) => self.fits(&media["schema"], &body, "body", faults),
                Err(_) => faults.push("its body is no JSON".to_owned()),
            }
        }
    }

    fn reply_fits(&self, operation: &Value, reply: &Reply, faults: &mut Vec<String>) {
        let Reply::Answer { status, body, .. } = reply else { return };
        let responses = &operation["responses"];
        let Some(response) = responses.get(status.to_string()) else {
            return faults.push(format!("the vendor answers {status}, which Okta does not"));
        };
        let schema = &self.resolved(response)["content"]["application/json"]["schema"];
        if !schema.is_null() && !body.is_empty() {
            let body = serde_json::from_slice(body).unwrap_or_default();
            self.fits(schema, &body, "answer", faults);
        }
    }

    /// The part of JSON Schema that the document uses.
    fn fits(&self, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(part, value, place, faults);
        }
        for word in ["oneOf", "anyOf"] {
            let Some(choices) = schema[word].as_array() else { continue };
            let fits = |choice: &Value| {
                let mut faults = Vec::new();
                self.fits(choice, value, place, &mut faults);
                faults.is_empty()
            };
            if !choices.iter().any(fits) {
                faults.push(format!("{place} is none of the choices: {value}"));
            }
        }
        if schema["type"].as_str().is_some_and(|kind| !is_a(kind, value)) {
            return faults.push(format!("{place} is no {}: {value}", schema["type"]));
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            faults.push(format!("{place} is none of {}: {value}", schema["enum"]));
        }
        match value {
            Value::Object(members) => {
                for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if !members.contains_key(name) {
                        faults.push(format!("{place}.{name} is missing"));
                    }
                }
                for (name, member) in members {
                    if let Some(inner) = schema["properties"].get(name) {
                        self.fits(inner, member, &format!("{place}.{name}"), faults);
                    } else if schema["additionalProperties"] == false {
                        faults.push(format!("{place}.{name} is not known"));
                    }
                }
            }
            Value::Array(items) => {
                items
                    .iter()
                    .for_each(|item| self.fits(&schema["items"], item, &format!("{place}[]"), faults));
            }
            Value::String(text) => {
                let longest = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
                if text.chars().count() as u64 > longest {
                    faults.push(format!("{place} is longer than {longest}"));
                }
                // The one pattern that matters here: that of the reason for a risk.
                let plain = |letter: char| letter.is_ascii_alphanumeric() || " -,.".contains(letter);
                if schema["pattern"].as_str().is_some_and(|pattern| pattern.contains(r"\s\-,."))
                    && !text.chars().all(plain)
                {
                    faults.push(format!("{place} holds letters that are not taken: {text}"));
                }
            }
            Value::Number(number) => {
                let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
                let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
                if !(least..=most).contains(&number.as_f64().unwrap()) {
                    faults.push(format!("{place} is out of bounds: {number}"));
                }
            }
            _ => {}
        }
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(path) => self.resolved(self.0.pointer(path.trim_start_matches('#')).unwrap()),
            None => node,
        }
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(template, part): (&&str, &&str)| {
        template == part || (template.starts_with('{') && !part.is_empty())
    };
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => value.is_number(),
    }
}

#[test]
fn the_contract_notices_what_does_not_keep_to_it() {
    let contract = Contract::read();
    let seen = |method: &str, path: &str, body: &str| Seen {
        method: method.into(),
        path: path.into(),
        headers: [("accept", "application/json"), ("content-length", "0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: body.into(),
    };
    let ok = Reply::status(200);
    let user = "/api/v1/users/00u1";
    for (request, reply, word) in [
        (seen("POST", "/api/v1/users/00u1/lifecycle/dance", ""), &ok, "no such operation"),
        (seen("DELETE", "/api/v1/users/00u1/lifecycle/suspend", ""), &ok, "no such operation"),
        (seen("POST", "/api/v1/users/00u1/lifecycle/reset_password", ""), &ok, "?sendEmail is missing"),
        (
            seen("POST", "/api/v1/users/00u1/lifecycle/reset_password?sendEmail=maybe", ""),
            &ok,
            "no \"boolean\"",
        ),
        (seen("POST", "/api/v1/users/00u1/lifecycle/suspend?x=1", ""), &ok, "?x is not known"),
        (seen("POST", "/api/v1/users/00u1/lifecycle/suspend", "{}"), &ok, "takes no body"),
        (seen("PUT", "/api/v1/users/00u1/risk", "{\"riskLevel\":\"NONE\"}"), &ok, "none of"),
        (seen("PUT", "/api/v1/users/00u1/risk", "{}"), &ok, "riskLevel is missing"),
        (
            seen("PUT", "/api/v1/users/00u1/risk", "{\"riskLevel\":\"LOW\",\"riskReason\":\"a/b\"}"),
            &ok,
            "letters",
        ),
        (seen("GET", user, ""), &Reply::status(418), "Okta does not"),
        (seen("GET", user, ""), &Reply::json(200, &serde_json::json!({ "status": "DANCING" })), "none of"),
        (seen("GET", "/api/v1/apps/0oa1/users?limit=900", ""), &ok, "out of bounds"),
        (
            seen("POST", "/oauth2/v1/token", "grant_type=client_credentials&scope=x"),
            &ok,
            "client_assertion is missing",
        ),
        (seen("POST", "/oauth2/v1/token", "grant_type=password&scope=x"), &ok, "none of"),
    ] {
        let faults = contract.faults(&request, reply);
        assert!(faults.iter().any(|fault| fault.contains(word)), "{word}: {faults:?}");
    }
    assert_eq!(contract.faults(&seen("POST", "/api/v1/users/00u1/lifecycle/suspend", ""), &ok), [""; 0]);
}
