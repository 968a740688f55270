//! Every connector signs in with every kind of credential, and answers a demand for a new sign-in.

use std::io::Write;

use quell_kit::conformance::Capture;
use quell_kit::scripted::{Reply, TOKEN};
use serde_json::{Value, json};

use crate::cloud::{CONNECTORS, Cloud, SECRET, TENANT};

/// Every kind of credential, with what of it is sent.
fn credentials(cloud: &Cloud) -> Vec<(&'static str, Value, &'static str)> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let certificate = json!({
        "certificate": cloud.file("cert.pem", &certificate.pem()),
        "key": { "file": cloud.file("key.pem", &key.serialize_pem()) },
    });
    let token_file = cloud.file("token", "planted-federated-token");
    let endpoint = cloud.file("endpoint", &format!("{}/identity", cloud.server.url()));
    vec![
        ("secret", json!({ "secret": { "file": cloud.file("secret", SECRET) } }), "client_secret"),
        ("certificate", json!({ "certificate": certificate }), "client_assertion"),
        ("workload", json!({ "workload_identity": { "token_file": token_file } }), "client_assertion"),
        ("machine", json!({ "managed_identity": { "endpoint": { "file": endpoint } } }), ""),
    ]
}

#[tokio::test]
async fn every_connector_signs_in_with_every_kind_of_credential() {
    for connector in CONNECTORS {
        let cloud = Cloud::start().await;
        for (kind, credential, sent) in credentials(&cloud) {
            let before = cloud.desk.forms().len();
            let mut changes = json!({ "credential": credential });
            if kind == "machine" {
                changes["application"] = Value::Null;
            }
            let report = cloud.probe(connector, changes).await;
            assert_eq!(report.problems, [] as [&str; 0], "{connector:?} {kind}");
            assert!(report.system.unwrap().contains(TENANT), "{connector:?} {kind}");
            let form = cloud.desk.forms().remove(before);
            assert_eq!(form.contains_key(sent), !sent.is_empty(), "{connector:?} {kind}: {form:?}");
            let alone = ["client_secret", "client_assertion"].iter().filter(|name| form.contains_key(**name));
            assert!(alone.count() <= 1, "one proof and not two");
        }
    }
}

#[tokio::test]
async fn tokens_are_asked_for_what_they_are_for() {
    for (connector, scope) in CONNECTORS.into_iter().zip([
        "https://graph.microsoft.com/.default",
        "https://api.securitycenter.microsoft.com/.default",
        "https://graph.microsoft.com/.default",
        "https://graph.microsoft.com/.default",
        "https://management.azure.com/.default",
    ]) {
        let cloud = Cloud::start().await;
        cloud.probe(connector, json!({})).await;
        assert_eq!(cloud.desk.forms()[0]["scope"], scope);
        assert_eq!(cloud.desk.issued(), 1, "one token for all calls of {connector:?}");
        let seen = cloud.server.seen();
        assert!(seen.iter().any(|seen| seen.path == format!("/{TENANT}/oauth2/v2.0/token")));
    }
}

#[tokio::test]
async fn a_demand_for_a_new_sign_in_is_answered_with_its_claims() {
    // {"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}
    let claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ==";
    for connector in CONNECTORS {
        let cloud = Cloud::start().await;
        let challenge = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"");
        *cloud.next.lock() = Some(Reply::status(401).with_header("www-authenticate", &challenge));
        let report = cloud.probe(connector, json!({})).await;
        assert_eq!(report.problems, [] as [&str; 0], "{connector:?}");
        let forms = cloud.desk.forms();
        assert_eq!(forms.len(), 2);
        assert!(!forms[0].contains_key("claims"), "nobody asks to be challenged");
        let asked: Value = serde_json::from_str(&forms[1]["claims"]).unwrap();
        assert_eq!(asked["access_token"]["nbf"]["value"], "1604106651");
        assert_eq!(asked["access_token"]["xms_cc"]["values"], json!(["cp1"]));
    }
}

#[tokio::test]
async fn nothing_secret_is_logged_or_told() {
    let capture = Capture::default();
    let mut told = Vec::new();
    for connector in CONNECTORS {
        let cloud = Cloud::start().await;
        for (_, credential, _) in credentials(&cloud) {
            *cloud.next.lock() =
                Some(Reply::json(403, &json!({ "error": { "code": SECRET, "message": SECRET } })));
            let changes = json!({ "credential": credential, "application": application(&credential) });
            let report = capture.during(cloud.probe(connector, changes)).await;
            write!(told, "{report:?}").unwrap();
        }
    }
    let told = format!("{}{}", String::from_utf8(told).unwrap(), capture.text());
    assert!(told.contains("403"), "the refusal itself is told");
    for secret in [SECRET, TOKEN, "planted-federated-token", "BEGIN PRIVATE KEY", "client_assertion"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

fn application(credential: &Value) -> Value {
    match credential.get("managed_identity") {
        Some(_) => Value::Null,
        None => json!("00000000-0000-0000-0000-0000000000d2"),
    }
}
