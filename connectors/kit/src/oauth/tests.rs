use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use quell_action::Failure;
use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::default_provider;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::scripted::{Reply, ScriptedServer, Seen, TOKEN, TokenDesk};
use crate::{Deadline, Http, HttpSettings, SecretRef};

const SECRET: &str = "planted-client-secret";
const CLIENT: &str = "73d664e4-0886-4a73-b745-c694da45ddb4";

struct Vendor {
    desk: Arc<TokenDesk>,
    server: ScriptedServer,
    folder: tempfile::TempDir,
}

impl Vendor {
    async fn start() -> Self {
        let desk = Arc::new(TokenDesk::default());
        let behind = Arc::clone(&desk);
        let server = ScriptedServer::start(move |seen| behind.issue(seen)).await.unwrap();
        Self { desk, server, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn secret(&self) -> ClientCredential {
        ClientCredential::Secret(SecretRef::File(self.file("secret", SECRET)))
    }

    fn tokens(&self, credential: &ClientCredential) -> Tokens {
        tokens_at(&self.server.url(), credential)
    }
}

fn tokens_at(base: &str, credential: &ClientCredential) -> Tokens {
    let http = Http::new(&HttpSettings { connect_timeout_secs: 1, ..HttpSettings::default() }).unwrap();
    let endpoint = Url::parse(&format!("{base}/tenant/token")).unwrap();
    let grant = Grant::new(endpoint, CLIENT, "https://api.example/.default", credential).unwrap();
    Tokens::new(http, grant, |_, number| (number == Some(7_000_222)).then_some("make a new one"))
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

fn shown(token: &Token) -> String {
    token.authorization().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_kept() {
    let vendor = Vendor::start().await;
    let tokens = vendor.tokens(&vendor.secret());
    let all = futures::future::join_all((0..20).map(|_| tokens.get(soon()))).await;
    assert!(all.into_iter().all(|token| shown(&token.unwrap()) == format!("Bearer {TOKEN}0001")));
    assert_eq!(vendor.desk.issued(), 1);
    let form = vendor.desk.forms().remove(0);
    let expected = [
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "https://api.example/.default"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(!format!("{tokens:?} {:?}", tokens.get(soon()).await).contains("planted"));
    assert!(tokens.get(soon()).await.unwrap().authorization().is_sensitive());
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_a_challenge_is_answered() {
    let vendor = Vendor::start().await;
    let tokens = vendor.tokens(&vendor.secret());
    let first = tokens.get(soon()).await.unwrap();
    let claims = STANDARD.encode(r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#);
    let header = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"");
    tokens.refused(&first, Challenge::read(&header).as_ref());
    let second = tokens.get(soon()).await.unwrap();
    // Somebody who still held the old one does not throw the new one away.
    tokens.refused(&first, None);
    assert!(Arc::ptr_eq(&second, &tokens.get(soon()).await.unwrap()));
    let asked: Value = serde_json::from_str(&vendor.desk.forms()[1]["claims"]).unwrap();
    assert_eq!(
        asked,
        json!({ "access_token": {
            "nbf": { "essential": true, "value": "1604106651" },
            "xms_cc": { "values": ["cp1"] },
        }})
    );
    // It is answered once.
    tokens.refused(&second, None);
    tokens.get(soon()).await.unwrap();
    assert!(!vendor.desk.forms()[2].contains_key("claims"));
    let odd = |claims: &str| {
        format!("Bearer error=\"insufficient_claims\", claims=\"{}\"", STANDARD.encode(claims))
    };
    for no_challenge in [
        "",
        "Bearer error=\"invalid_token\"",
        "Bearer error=\"insufficient_claims\"",
        "claims=\"!\"",
        &odd("{\"access_token\":\"all\"}"),
        &odd("{\"access_token\":null}"),
        &odd("[]"),
    ] {
        assert_eq!(Challenge::read(no_challenge), None, "{no_challenge}");
    }
    let mut both = HeaderMap::new();
    both.append(WWW_AUTHENTICATE, "PoP realm=\"\"".parse().unwrap());
    both.append(WWW_AUTHENTICATE, header.parse().unwrap());
    assert_eq!(Challenge::of(&both), Challenge::read(&header));
}

#[tokio::test]
async fn a_refusal_is_named_without_its_description_and_not_asked_for_again_at_once() {
    let body = json!({
        "error": "invalid_client", "error_codes": [7_000_222],
        "error_description": format!("AADSTS7000222: the secret {SECRET} has expired"),
    });
    let server = ScriptedServer::start(move |_| Reply::json(401, &body)).await.unwrap();
    let vendor = Vendor::start().await;
    let tokens = tokens_at(&server.url(), &vendor.secret());
    for _ in 0..3 {
        let error = tokens.get(soon()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Credentials);
        assert!(error.message.contains("invalid_client, 7000222); make a new one"), "{error}");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn trouble_of_the_sign_in_is_never_taken_for_an_answer_about_the_target() {
    let cases: [(Reply, Failure); 5] = [
        (Reply::status(404), Failure::Credentials),
        (Reply::status(403), Failure::Credentials),
        (Reply::status(500), Failure::Unavailable { retry_after: None }),
        (Reply::Cut, Failure::Unavailable { retry_after: None }),
        (
            Reply::json(400, &json!({ "error": "temporarily_unavailable" })),
            Failure::Unavailable { retry_after: None },
        ),
    ];
    let vendor = Vendor::start().await;
    for (reply, failure) in cases {
        let said = reply.clone();
        let server = ScriptedServer::start(move |_| said.clone()).await.unwrap();
        let error = tokens_at(&server.url(), &vendor.secret()).get(soon()).await.unwrap_err();
        assert_eq!(error.failure, failure, "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_certificate_signs_what_its_public_half_can_check() {
    let vendor = Vendor::start().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let credential = ClientCredential::Certificate(CertificateRef {
        certificate: vendor.file("cert.pem", &certificate.pem()),
        key: SecretRef::File(vendor.file("key.pem", &key.serialize_pem())),
    });
    vendor.tokens(&credential).get(soon()).await.unwrap();
    let form = vendor.desk.forms().remove(0);
    assert!(!form.contains_key("client_secret"));
    assert!(form["client_assertion_type"].ends_with("jwt-bearer"));
    let (signed, signature) = form["client_assertion"].rsplit_once('.').unwrap();
    let schemes = default_provider().signature_verification_algorithms.mapping;
    let (_, algorithms) =
        schemes.iter().find(|(scheme, _)| *scheme == SignatureScheme::RSA_PSS_SHA256).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    algorithms[0].verify_signature(key.public_key_raw(), signed.as_bytes(), &signature).unwrap();
    let parts: Vec<Value> = signed
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()));
    assert_eq!(parts[0], json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }));
    assert_eq!(parts[1]["aud"], format!("{}/tenant/token", vendor.server.url()));
    assert_eq!((&parts[1]["iss"], &parts[1]["sub"]), (&json!(CLIENT), &json!(CLIENT)));
    let seconds = |name: &str| parts[1][name].as_i64().unwrap();
    assert_eq!(seconds("exp") - seconds("nbf"), 600);
}

#[test]
fn keys_that_cannot_sign_are_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let certificate = file("cert.pem", &certificate.pem());
    for (key, word) in
        [(key.serialize_pem(), "must be an RSA key"), ("no key".to_owned(), "neither a private key")]
    {
        let reference =
            CertificateRef { certificate: certificate.clone(), key: SecretRef::File(file("key.pem", &key)) };
        let error = SigningCertificate::read(&reference).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains("no key"), "{error}");
    }
    let missing = CertificateRef { certificate: "/nowhere".into(), key: SecretRef::File("/nowhere".into()) };
    assert!(SigningCertificate::read(&missing).unwrap_err().to_string().contains("cannot be read"));
}

#[tokio::test]
async fn the_token_of_another_system_is_read_anew_each_time() {
    let vendor = Vendor::start().await;
    let token_file = vendor.file("token", "first\n");
    let credential = ClientCredential::WorkloadIdentity(WorkloadIdentityRef { token_file });
    let tokens = vendor.tokens(&credential);
    let token = tokens.get(soon()).await.unwrap();
    vendor.file("token", "second");
    tokens.refused(&token, None);
    tokens.get(soon()).await.unwrap();
    let assertions: Vec<String> =
        vendor.desk.forms().iter().map(|form| form["client_assertion"].clone()).collect();
    assert_eq!(assertions, ["first", "second"]);
}

#[tokio::test]
async fn what_holds_no_secret_is_refused_before_anybody_is_asked() {
    let vendor = Vendor::start().await;
    for (name, content) in [("empty", " \n".to_owned()), ("huge", "x".repeat(64 * 1024 + 1))] {
        let token_file = vendor.file(name, &content);
        let workload = ClientCredential::WorkloadIdentity(WorkloadIdentityRef { token_file });
        let secret = ClientCredential::Secret(SecretRef::File(vendor.folder.path().join("nowhere")));
        for credential in [workload, secret] {
            let endpoint = Url::parse(&vendor.server.url()).unwrap();
            assert!(Grant::new(endpoint, CLIENT, "scope", &credential).is_err(), "{name}: {credential:?}");
        }
    }
}

#[tokio::test]
async fn a_machine_is_asked_in_the_way_of_its_host() {
    fn asked(seen: &[Seen]) -> (String, Option<&String>, Option<&String>) {
        let headers = &seen[0].headers;
        (seen[0].path.clone(), headers.get("metadata"), headers.get("x-identity-header"))
    }
    let answer = || Reply::json(200, &json!({ "access_token": "planted-of-machine", "expires_in": "86399" }));
    for header in [None, Some("planted-header")] {
        let vendor = Vendor::start().await;
        let server = ScriptedServer::start(move |_| answer()).await.unwrap();
        let credential = ClientCredential::ManagedIdentity(ManagedIdentityRef {
            endpoint: Some(SecretRef::File(vendor.file("endpoint", &format!("{}/identity", server.url())))),
            header: header.map(|header| SecretRef::File(vendor.file("header", header))),
            client_id: Some(CLIENT.to_owned()),
        });
        let token = vendor.tokens(&credential).get(soon()).await.unwrap();
        assert_eq!(shown(&token), "Bearer planted-of-machine");
        let seen = server.seen();
        let (path, metadata, given) = asked(&seen);
        assert!(path.contains("resource=https%3A%2F%2Fapi.example&"), "{path}");
        assert!(path.ends_with(&format!("client_id={CLIENT}")), "{path}");
        let version = if header.is_some() { "2019-08-01" } else { "2018-02-01" };
        assert!(path.starts_with(&format!("/identity?api-version={version}&")), "{path}");
        assert_eq!(seen[0].method, "GET");
        assert_eq!((metadata.is_some(), given.map(String::as_str)), (header.is_none(), header));
        assert!(vendor.desk.forms().is_empty(), "the tenant is not asked");
    }
}

fn of_machine(vendor: &Vendor, url: &str) -> Tokens {
    vendor.tokens(&ClientCredential::ManagedIdentity(ManagedIdentityRef {
        endpoint: Some(SecretRef::File(vendor.file("endpoint", &format!("{url}/identity")))),
        ..ManagedIdentityRef::default()
    }))
}

/// App Service tells until when a token is good, and not for how long; numbers may be texts.
#[tokio::test]
async fn a_token_that_tells_only_when_it_ends_is_kept_until_then() {
    let ends = crate::now().timestamp() + 3600;
    for (body, good) in [
        (json!({ "access_token": "planted-of-machine", "expires_on": ends.to_string() }), true),
        (json!({ "access_token": "planted-of-machine", "expires_on": ends }), true),
        (json!({ "access_token": "planted-of-machine", "expires_in": 60, "expires_on": 1 }), true),
        (json!({ "access_token": "planted-of-machine", "expires_on": 1 }), false),
        (json!({ "access_token": "planted-of-machine" }), false),
    ] {
        let vendor = Vendor::start().await;
        let said = body.clone();
        let server = ScriptedServer::start(move |_| Reply::json(200, &said)).await.unwrap();
        let tokens = of_machine(&vendor, &server.url());
        for _ in 0..2 {
            let token = tokens.get(soon()).await;
            let is_good = token.is_ok_and(|token| tokio::time::Instant::now() < token.ends_at);
            assert_eq!(is_good, good, "{body}");
        }
        assert!(!good || server.seen().len() == 1, "it is kept: {body}");
    }
}

#[tokio::test]
async fn a_machine_whose_identity_is_being_renewed_is_asked_later_and_one_without_is_told_what_to_do() {
    let later = |seconds: Option<u64>| Failure::Unavailable { retry_after: seconds.map(Duration::from_secs) };
    let said = json!({ "error": "invalid_request", "error_description": "Identity not found planted" });
    for (reply, failure, advice) in [
        (Reply::status(404), later(None), false),
        (Reply::status(410), later(Some(70)), false),
        (Reply::status(500), later(None), false),
        (
            Reply::status(429).with_header("retry-after", "3"),
            Failure::Throttled { retry_after: Some(Duration::from_secs(3)) },
            false,
        ),
        (Reply::json(400, &said), Failure::Credentials, true),
        (Reply::status(403), Failure::Credentials, true),
    ] {
        let vendor = Vendor::start().await;
        let answer = reply.clone();
        let server = ScriptedServer::start(move |_| answer.clone()).await.unwrap();
        let error = of_machine(&vendor, &server.url()).get(soon()).await.unwrap_err();
        assert_eq!(error.failure, failure, "{reply:?}: {error}");
        assert_eq!(error.message.contains("switch the identity"), advice, "{error}");
        assert!(!error.message.contains("planted"), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_the_old_one_bridges_an_outage() {
    let answers = parking_lot::Mutex::new(vec![
        Reply::status(503),
        Reply::json(200, &json!({ "access_token": "first", "expires_in": 8 })),
    ]);
    let server = ScriptedServer::start(move |_| answers.lock().pop().unwrap_or_else(|| Reply::status(503)));
    let server = server.await.unwrap();
    let vendor = Vendor::start().await;
    let tokens = tokens_at(&server.url(), &vendor.secret());
    let first = tokens.get(soon()).await.unwrap();
    // A token of eight seconds is to be renewed after a quarter of them: whoever comes later bridges with the old one.
    let renewing = tokio::time::timeout(Duration::from_secs(60), async {
        while server.seen().len() < 2 {
            let token = tokens.get(soon()).await.unwrap();
            assert!(Arc::ptr_eq(&token, &first));
            tokio::task::yield_now().await;
        }
    });
    renewing.await.unwrap();
}

/// What is beside us is asked without a proxy, which may be on another machine that has an identity of its own.
#[test]
fn a_machine_is_not_asked_through_what_others_are_asked_through() {
    let http = Http::new(&HttpSettings::default()).unwrap();
    let endpoint = Url::parse("https://login.example/token").unwrap();
    let machine = ClientCredential::ManagedIdentity(ManagedIdentityRef::default());
    let grant = Grant::new(endpoint, CLIENT, "scope", &machine).unwrap();
    assert!(!std::ptr::eq(grant.sender(&http), &raw const http));
}

#[test]
fn a_proof_is_a_secret_and_names_the_address_without_what_is_asked_there() {
    let url = Url::parse("https://api.example/users?search=alice#x").unwrap();
    let proof = Dpop::new(Algorithm::Es256).unwrap();
    let proof = proof.proof(dpop::Desk::Calls, &reqwest::Method::GET, &url, None, 0).unwrap();
    assert!(proof.is_sensitive());
    let claims = URL_SAFE_NO_PAD.decode(proof.to_str().unwrap().split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["htu"], "https://api.example/users");
}

#[tokio::test]
async fn whoever_always_wants_another_nonce_is_asked_twice() {
    let (vendor, wants) = (Vendor::start().await, json!({ "error": "use_dpop_nonce" }));
    let server = ScriptedServer::start(move |_| Reply::json(400, &wants).with_header("dpop-nonce", "n"));
    let server = server.await.unwrap();
    let tokens = tokens_at(&server.url(), &vendor.secret());
    let tokens = tokens.with_dpop(Dpop::new(Algorithm::Es256).unwrap());
    assert_eq!(tokens.get(soon()).await.unwrap_err().failure, Failure::Credentials);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_none_where_no_key_was_shown() {
    let given = json!({ "access_token": "planted", "token_type": "DPoP", "expires_in": 3600 });
    let (vendor, server) =
        (Vendor::start().await, ScriptedServer::start(move |_| Reply::json(200, &given)).await.unwrap());
    let error = tokens_at(&server.url(), &vendor.secret()).get(soon()).await.unwrap_err();
    assert!(error.message.contains("bound to a key"), "{error}");
}
