use serde_json::{Value, json};

use super::*;

fn contract() -> Contract {
    let document = json!({
        "paths": {
            "/users/{id}": {
                "get": {
                    "parameters": [
                        { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                        { "name": "$select", "in": "query", "schema":
                            { "type": "array", "items": { "type": "string", "enum": ["id", "name"] } } },
                        { "name": "$top", "in": "query", "schema": { "type": "integer", "maximum": 9 } },
                    ],
                    "responses": { "200": { "content": { "application/json": { "schema":
                        { "$ref": "#/components/schemas/user" } } } }, "4XX": {} },
                },
                "patch": {
                    "requestBody": { "required": true, "content": { "application/json": { "schema": {
                        "type": "object", "additionalProperties": false, "required": ["enabled"],
                        "properties": { "enabled": { "type": "boolean" } } } } } },
                    "responses": { "204": {} },
                },
            },
            "/users/me": { "post": { "responses": { "204": {} } } },
            "/find(ip='{ip}',at={at})": { "get": { "responses": { "200": {} } } },
        },
        "components": { "schemas": { "user": { "allOf": [
            { "type": "object", "required": ["id"], "properties": { "id": { "type": "string", "format": "uuid" } } },
            { "type": "object", "properties": { "name": { "type": "string", "nullable": true } },
              "additionalProperties": true },
        ] } } },
    });
    Contract::parse("/v1", &document.to_string()).unwrap()
}

fn seen(method: &str, path: &str, body: &str) -> Seen {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let (method, path) = (method.to_owned(), path.to_owned());
    Seen { method, path, headers: headers.into(), body: body.into() }
}

#[test]
fn requests_that_do_not_fit_are_told_apart() {
    for (method, path, body, why) in [
        ("GET", "/v1/users/7", "", None),
        ("GET", "/v1/users/7?$select=id,name&$top=3", "", None),
        ("GET", "/v1/users/7?%24select=id%2Cname", "", None),
        ("PATCH", "/v1/users/7", r#"{"enabled":false}"#, None),
        ("POST", "/v1/users/me", "", None),
        ("GET", "/v1/find(ip='1.2.3.4',at=2026)", "", None),
        ("GET", "/v2/users/7", "", Some("not below")),
        ("GET", "/v1/users/", "", Some("no such operation")),
        ("GET", "/v1/users/7/name", "", Some("no such operation")),
        ("DELETE", "/v1/users/7", "", Some("no such operation")),
        ("GET", "/v1/users/7?$select=password", "", Some("$select[0]")),
        ("GET", "/v1/users/7?select=id", "", Some("no parameter select")),
        ("GET", "/v1/users/7?$top=10", "", Some("maximum")),
        ("GET", "/v1/users/7?$top=x", "", Some("integer")),
        ("GET", "/v1/users/7", "{}", Some("takes no body")),
        ("PATCH", "/v1/users/7", "", Some("body is missing")),
        ("PATCH", "/v1/users/7", "{}", Some("has no enabled")),
        ("PATCH", "/v1/users/7", r#"{"enabled":"no"}"#, Some("boolean")),
        ("PATCH", "/v1/users/7", r#"{"enabled":true,"zzz":1}"#, Some("zzz is not allowed")),
        ("PATCH", "/v1/users/7", "{", Some("not JSON")),
    ] {
        let contract = contract();
        let found = contract.request(&seen(method, path, body)).map(drop).err();
        match why {
            None => assert_eq!(found, None, "{method} {path}"),
            Some(why) => assert!(found.as_ref().unwrap().contains(why), "{method} {path}: {found:?}"),
        }
    }
}

#[test]
fn answers_that_do_not_fit_are_told_apart() {
    let id = "73d664e4-0886-4a73-b745-c694da45ddb4";
    for (status, body, why) in [
        (200, json!({ "id": id, "name": null, "more": 1 }), None),
        (404, Value::Null, None),
        (200, Value::Null, Some("has a body")),
        (200, json!({ "name": "x" }), Some("has no id")),
        (200, json!({ "id": "7" }), Some("uuid")),
        (200, json!({ "id": id, "name": 7 }), Some("body.name")),
        (500, Value::Null, Some("is not described")),
        (404, json!({}), Some("has no body")),
    ] {
        let contract = contract();
        let operation = contract.request(&seen("GET", "/v1/users/7", "")).unwrap();
        let reply = if body.is_null() { Reply::status(status) } else { Reply::json(status, &body) };
        let found = contract.answer(&operation, &reply).err();
        match why {
            None => assert_eq!(found, None, "{status} {body}"),
            Some(why) => assert!(found.as_ref().unwrap().contains(why), "{status} {body}: {found:?}"),
        }
    }
}

#[test]
fn what_is_violated_is_kept_and_refused() {
    let contract = Arc::new(contract());
    let script = Arc::clone(&contract).hold(Reply::status(400), |_| Reply::status(299));
    assert_eq!(script(&seen("GET", "/v1/nobody", "")), Reply::status(400));
    assert_eq!(script(&seen("GET", "/v1/users/7", "")), Reply::status(299));
    assert_eq!(contract.violations().len(), 2, "{:?}", contract.violations());
    assert_eq!(contract.used(), ["GET /users/{id}"]);
    assert_eq!(contract.operations().len(), 4);
}

#[test]
fn words_that_are_not_known_let_nothing_pass() {
    let document = json!({ "paths": { "/x": { "post": {
        "requestBody": { "content": { "application/json": { "schema": { "not": {} } } } } } } } });
    let contract = Contract::parse("", &document.to_string()).unwrap();
    assert!(contract.request(&seen("POST", "/x", "{}")).err().unwrap().contains("not known here"));
    assert!(Contract::parse("", "{}").is_err());
}
