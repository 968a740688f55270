//! Signing in as an application: with a signed assertion, and with tokens that are worth nothing without our key.

use std::time::Duration;

use quell_action::{ActionError, Connection, Connector, Effect, Failure, Outcome, Request, RequestKey};
use quell_kit::conformance::{Capture, Vendor, clear};
use quell_kit::scripted::{Seen, Signed};
use quell_okta::{OktaConnector, OktaSettings};
use serde_json::{Value, json};

use crate::bench::{OktaBench, Shows, new_key};
use crate::sign_in::{ISSUED, KEY_ID};
use crate::world::user_id;

pub(crate) async fn bench() -> OktaBench {
    OktaBench::start_with("", Shows::Key).await
}

/// Connects as the application, with this changed.
pub(crate) async fn connect(bench: &OktaBench, change: Value) -> Connection {
    bench.connection(json!({ "application": bench.application(change) })).await
}

pub(crate) async fn disable(connection: &Connection) -> Result<Outcome<Value>, ActionError> {
    let action =
        connection.actions.iter().find(|action| action.info().spec.name == "account.disable").unwrap();
    let cleared = clear(&OktaBench::target("alice"), &action.info().spec).unwrap();
    let key = RequestKey("run:1/step_1".into());
    action.execute(Request::new(cleared, key, Duration::from_secs(5), json!({}))).await
}

fn set_active(bench: &OktaBench) {
    let mut world = bench.organisation.world.lock();
    world.people.get_mut(&user_id("alice")).unwrap().status = "ACTIVE".into();
    world.changes = 0;
}

pub(crate) fn changes(bench: &OktaBench) -> usize {
    bench.organisation.world.lock().changes
}

fn asked(bench: &OktaBench) -> (Vec<Seen>, Vec<Seen>) {
    bench.organisation.server.seen().into_iter().partition(|seen| seen.path == "/oauth2/v1/token")
}

fn proof(seen: &Seen) -> Signed {
    Signed::read(&seen.headers["dpop"]).unwrap()
}

#[tokio::test]
async fn the_nonce_is_asked_for_once_and_the_token_is_kept() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    for _ in 0..3 {
        set_active(&bench);
        assert!(matches!(disable(&connection).await.unwrap().effect, Effect::Changed { .. }));
    }
    assert_eq!(bench.organisation.sign_in.refusals(), ["another nonce is wanted"]);
    assert_eq!(bench.organisation.sign_in.issued(), 1);
    let (tokens, calls) = asked(&bench);
    assert_eq!(tokens.len(), 2);
    for seen in &tokens {
        assert_eq!(proof(seen).claims.get("ath"), None, "there is no token yet");
    }
    for seen in &calls {
        assert_eq!(seen.headers["authorization"], format!("DPoP {ISSUED}0001"));
        assert_eq!(proof(seen).text("htm"), Some(seen.method.as_str()));
        assert!(!proof(seen).text("htu").unwrap().contains('?'), "a proof names no query");
    }
    assert_eq!(*bench.organisation.faults.lock(), [""; 0]);
}

#[tokio::test]
async fn a_key_file_of_any_form_signs_with_any_kind_of_proof() {
    let bench = bench().await;
    let jwk = rsa_jwk();
    let public = json!({ "e": jwk["e"], "kty": "RSA", "n": jwk["n"] });
    bench.organisation.sign_in.set(|state| {
        state.keys.insert("2011-04-29".into(), public.clone());
        state.keys.insert("another-name".into(), public);
    });
    std::fs::write(bench.path("key.jwk"), jwk.to_string()).unwrap();
    let file = json!({ "file": bench.path("key.jwk") });
    for (change, algorithm, id) in [
        (json!({}), "ES256", KEY_ID),
        (json!({ "dpop": "rs256" }), "RS256", KEY_ID),
        (json!({ "key": file, "key_id": null }), "ES256", "2011-04-29"),
        (json!({ "key": file, "key_id": "another-name", "dpop": "rs256" }), "RS256", "another-name"),
    ] {
        set_active(&bench);
        let connection = connect(&bench, change.clone()).await;
        assert!(disable(&connection).await.is_ok(), "{change}: {:?}", bench.organisation.sign_in.refusals());
        let (tokens, calls) = asked(&bench);
        assert_eq!(proof(calls.last().unwrap()).header["alg"], algorithm);
        let form = String::from_utf8_lossy(&tokens.last().unwrap().body).into_owned();
        let assertion = form.split('&').find_map(|field| field.strip_prefix("client_assertion=")).unwrap();
        assert_eq!(Signed::read(assertion).unwrap().header["kid"], id);
    }
}

#[tokio::test]
async fn a_token_that_is_not_bound_is_shown_without_a_proof() {
    let bench = bench().await;
    bench.organisation.sign_in.set(|state| state.demands_dpop = false);
    let connection = connect(&bench, json!({ "dpop": "off" })).await;
    assert!(disable(&connection).await.is_ok());
    let (tokens, calls) = asked(&bench);
    assert!(tokens.iter().chain(&calls).all(|seen| !seen.headers.contains_key("dpop")));
    assert!(calls.iter().all(|seen| seen.headers["authorization"].starts_with("Bearer ")));
    let report = connection.probe.probe().await;
    assert!(report.system.unwrap().ends_with("whose tokens are not bound to a key (DPoP)"));

    // Nor where we offer to be bound and the organisation does not do that.
    bench.organisation.sign_in.set(|state| state.binds = false);
    set_active(&bench);
    assert!(disable(&connect(&bench, json!({})).await).await.is_ok());
    assert!(!asked(&bench).1.last().unwrap().headers.contains_key("dpop"));

    bench.organisation.sign_in.set(|state| state.demands_dpop = true);
    let error = disable(&connect(&bench, json!({ "dpop": "off" })).await).await.unwrap_err();
    assert_eq!(error.failure, Failure::Credentials);
    assert!(error.message.contains("demands proofs (DPoP): look at `dpop`"), "{error}");
}

#[tokio::test]
async fn a_nonce_that_is_demanded_or_changes_in_mid_flight_is_taken_up_and_the_order_given_once() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    for nonce in ["first", "second", "third"] {
        set_active(&bench);
        bench.organisation.sign_in.set(|state| state.nonce_of_calls = Some(nonce.into()));
        assert!(disable(&connection).await.is_ok(), "{nonce}");
        assert_eq!(changes(&bench), 1, "{nonce}");
    }
    let (_, calls) = asked(&bench);
    assert_eq!(proof(calls.last().unwrap()).text("nonce"), Some("third"));
    assert_eq!(bench.organisation.sign_in.issued(), 1, "a nonce is no reason for another token");
    // The sign-in has a nonce of its own, which changes as well.
    bench.organisation.sign_in.set(|state| state.nonce = Some("nonce-of-tomorrow".into()));
    bench.organisation.sign_in.revoke_all();
    set_active(&bench);
    assert!(disable(&connection).await.is_ok());
    assert_eq!((bench.organisation.sign_in.issued(), changes(&bench)), (2, 1));
    assert_eq!(*bench.organisation.faults.lock(), [""; 0]);
}

#[tokio::test]
async fn a_nonce_that_nobody_can_meet_is_given_up_after_one_try() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    assert!(disable(&connection).await.is_ok());
    set_active(&bench);
    let before = asked(&bench).1.len();
    // A header can hold it, and no proof ever will: it is cut by what reads it.
    bench.organisation.sign_in.set(|state| state.nonce_of_calls = Some("never met ".into()));
    let error = disable(&connection).await.unwrap_err();
    assert_eq!((error.failure, changes(&bench)), (Failure::Rejected, 0));
    assert_eq!(asked(&bench).1.len() - before, 2);
}

#[tokio::test]
async fn a_token_that_is_revoked_in_mid_flight_is_renewed_once() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    for round in 1..=3 {
        set_active(&bench);
        assert!(disable(&connection).await.is_ok());
        assert_eq!((bench.organisation.sign_in.issued(), changes(&bench)), (round, 1));
        bench.organisation.sign_in.revoke_all();
    }
    // Whoever is switched off over there is not let in by asking again.
    set_active(&bench);
    *bench.organisation.behaviour.lock() = Vendor::RefusesCredentials;
    let error = disable(&connection).await.unwrap_err();
    assert_eq!((error.failure, changes(&bench)), (Failure::Credentials, 0));
    assert!(error.message.contains("invalid_client"), "{error}");
}

#[tokio::test]
async fn what_the_organisation_has_not_bought_is_no_reason_for_another_token() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    assert!(disable(&connection).await.is_ok());
    let not_bought = json!({ "errorCode": "E0000015", "errorSummary": "", "errorCauses": [] });
    *bench.organisation.instead.lock() = vec![quell_kit::scripted::Reply::json(401, &not_bought)];
    assert_eq!(disable(&connection).await.unwrap_err().failure, Failure::Forbidden);
    assert_eq!(bench.organisation.sign_in.issued(), 1);
}

#[tokio::test]
async fn clocks_that_disagree_are_set_by_the_date_of_the_answer() {
    for ahead in [-7200, -400, -40, 40, 400, 7200] {
        let bench = bench().await;
        bench.organisation.sign_in.set(|state| state.ahead = ahead);
        let connection = connect(&bench, json!({})).await;
        assert!(disable(&connection).await.is_ok(), "{ahead}: {:?}", bench.organisation.sign_in.refusals());
        assert_eq!(changes(&bench), 1, "{ahead}");
    }
    // Somebody sets the clock over there while a token is good: proofs are refused, and made anew by the new time.
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    assert!(disable(&connection).await.is_ok());
    for ahead in [-500, 1000] {
        set_active(&bench);
        bench.organisation.sign_in.set(|state| state.ahead = ahead);
        assert!(disable(&connection).await.is_ok(), "{ahead}: {:?}", bench.organisation.sign_in.refusals());
        assert_eq!((bench.organisation.sign_in.issued(), changes(&bench)), (1, 1), "{ahead}");
    }
}

#[tokio::test]
async fn an_assertion_that_has_expired_is_named_where_no_answer_tells_the_time() {
    for ahead in [-7200, 7200] {
        let bench = bench().await;
        bench.organisation.sign_in.set(|state| {
            state.ahead = ahead;
            state.tells_time = false;
        });
        let error = disable(&connect(&bench, json!({})).await).await.unwrap_err();
        assert_eq!(error.failure, Failure::Credentials, "{ahead}");
        assert!(error.message.contains("this computer's clock"), "{error}");
        assert_eq!(asked(&bench).0.len(), 1, "nothing is tried again for nothing");
    }
}

#[tokio::test]
async fn what_does_not_fit_the_registration_is_refused_by_name() {
    for (change, why) in [
        (json!({ "key_id": "unknown" }), "the key is not known"),
        (json!({ "client_id": "0oasomebodyelse00001" }), "the assertion is about another client"),
        (json!({ "key": "another" }), "the signature of the assertion is wrong"),
    ] {
        let bench = bench().await;
        let mut change = change;
        if change["key"] == "another" {
            new_key(&bench.path("another.pem"));
            change["key"] = json!({ "file": bench.path("another.pem") });
        }
        let error = disable(&connect(&bench, change).await).await.unwrap_err();
        assert_eq!(error.failure, Failure::Credentials, "{why}");
        assert!(
            error.message.contains("invalid_client") && error.message.contains("check `client_id`"),
            "{error}"
        );
        assert_eq!(bench.organisation.sign_in.refusals(), [why]);
        assert!(asked(&bench).1.is_empty());
    }
}

#[tokio::test]
async fn a_new_key_is_taken_up_without_a_restart() {
    let bench = bench().await;
    let connection = connect(&bench, json!({})).await;
    assert!(disable(&connection).await.is_ok());
    let public = new_key(&bench.path("key.pem"));
    bench.organisation.sign_in.set(|state| {
        state.keys.insert(KEY_ID.into(), public);
    });
    bench.organisation.sign_in.revoke_all();
    set_active(&bench);
    assert!(disable(&connection).await.is_ok(), "{:?}", bench.organisation.sign_in.refusals());
}

#[tokio::test]
async fn nothing_that_was_sent_once_is_taken_twice() {
    let bench = bench().await;
    assert!(disable(&connect(&bench, json!({})).await).await.is_ok());
    let (tokens, calls) = asked(&bench);
    let sign_in = &bench.organisation.sign_in;
    let before = sign_in.refusals().len();
    sign_in.token(tokens.last().unwrap());
    for seen in &calls {
        assert!(sign_in.accepts(seen, "okta.users.read").is_err());
    }
    let refusals = sign_in.refusals().split_off(before);
    assert_eq!(refusals[0], "the assertion was used before");
    assert!(refusals[1..].iter().all(|why| *why == "the proof was used before"), "{refusals:?}");
    // A proof fits its call and its token, and no other.
    let mut elsewhere = calls[0].clone();
    for (change, why) in [
        (("path", "/api/v1/groups"), "the proof is for another address"),
        (("method", "DELETE"), "the proof is for another method"),
    ] {
        elsewhere.clone_from(&calls[0]);
        match change.0 {
            "path" => elsewhere.path = change.1.into(),
            _ => elsewhere.method = change.1.into(),
        }
        assert!(sign_in.accepts(&elsewhere, "okta.users.read").is_err());
        assert_eq!(*sign_in.refusals().last().unwrap(), why);
    }
}

#[tokio::test]
async fn a_key_that_cannot_sign_or_has_no_name_is_refused_at_the_start() {
    let bench = bench().await;
    std::fs::write(
        bench.path("bad.pem"),
        "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    for (change, word) in [
        (json!({ "key_id": null }), "give `key_id`"),
        (json!({ "key": { "file": bench.path("bad.pem") } }), "the private key in the secret file"),
        (json!({ "key": { "file": bench.path("nowhere.pem") } }), "cannot be read"),
        (json!({ "key": { "env": "QUELL_TEST_THIS_IS_NEVER_SET" } }), "is not set"),
    ] {
        let settings =
            json!({ "organisation": "https://corp.okta.com", "application": bench.application(change) });
        let settings: OktaSettings = serde_json::from_value(settings).unwrap();
        let Err(error) = OktaConnector::connect("okta", settings).await else { panic!("{word}: connects") };
        assert!(error.0.contains(word) && !error.0.contains("planted"), "{error}");
    }
}

#[tokio::test]
async fn nothing_secret_is_seen_whatever_goes_wrong() {
    let bench = bench().await;
    let capture = Capture::default();
    let shown = capture
        .during(async {
            let mut shown = String::new();
            let connection = connect(&bench, json!({})).await;
            let sign_in = &bench.organisation.sign_in;
            for round in 0..7 {
                set_active(&bench);
                sign_in.set(|state| match round {
                    1 => state.nonce_of_calls = Some("n1".into()),
                    2 => state.ahead = 4000,
                    3 => state.granted.clear(),
                    4 => state.keys.clear(),
                    5 => state.tells_time = false,
                    _ => {}
                });
                if round > 1 {
                    sign_in.revoke_all();
                }
                shown.push_str(&format!("{:?}\n", disable(&connection).await));
                shown.push_str(&format!("{:?}\n", connection.probe.probe().await));
                // What Okta repeats of our token is blackened.
                let repeats = json!({
                    "errorCode": "E0000001", "errorCauses": [{ "errorSummary": format!("{ISSUED}{:04} is bad", sign_in.issued()) }],
                });
                *bench.organisation.instead.lock() = vec![quell_kit::scripted::Reply::json(400, &repeats)];
                shown.push_str(&format!("{:?}\n", disable(&connection).await));
                bench.organisation.instead.lock().clear();
            }
            shown
        })
        .await;
    assert!(shown.contains("[redacted] is bad"), "{shown}");
    let secrets = quell_kit::conformance::Bench::secrets(&bench);
    assert!(secrets.len() > 5);
    for secret in secrets {
        assert!(!capture.text().contains(&secret), "{secret} stands in the logs");
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
    assert!(!capture.text().is_empty());
}

/// The published key of RFC 7515.
fn rsa_jwk() -> Value {
    serde_json::from_str(include_str!("../../connectors/kit/src/oauth/private_key/rfc7515-rsa.json")).unwrap()
}
