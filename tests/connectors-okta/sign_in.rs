//! [`SignIn`]: the sign-in of the scripted organisation for applications. It believes nothing: signatures are verified,
//! every claim is looked at, no number may come twice, and a token is worth nothing without the key it is bound to.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use quell_kit::Url;
use quell_kit::scripted::{Reply, Seen, Signed};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT: &str = "0oaquellapplication1";
pub(crate) const KEY_ID: &str = "key-of-quell";
/// Every token begins so: none of them may be seen anywhere.
pub(crate) const ISSUED: &str = "planted-access-token-";
/// A proof holds for so long.
const PROOF_HOLDS: i64 = 300;
/// An assertion may hold for so long at most.
const ASSERTION_HOLDS: i64 = 3600;

/// The sign-in, and what was given out.
#[derive(Default)]
pub(crate) struct SignIn(Mutex<State>);

/// How the organisation is set up, and what came.
pub(crate) struct State {
    /// The public halves that were registered, by id.
    pub(crate) keys: BTreeMap<String, Value>,
    /// The scopes that were granted to the application.
    pub(crate) granted: BTreeSet<String>,
    /// Whether the application must bind its tokens.
    pub(crate) demands_dpop: bool,
    /// Whether it binds tokens of whoever shows a proof.
    pub(crate) binds: bool,
    /// What a proof at the sign-in must hold.
    pub(crate) nonce: Option<String>,
    /// What a proof at a call must hold. Okta wants none today.
    pub(crate) nonce_of_calls: Option<String>,
    /// How far the organisation's clock is ahead of the computer's, and whether answers tell their time.
    pub(crate) ahead: i64,
    pub(crate) tells_time: bool,
    /// Whoever is refused at all is refused here.
    pub(crate) refuses: bool,
    /// Why somebody was turned away, in turn.
    pub(crate) refusals: Vec<&'static str>,
    seen: BTreeSet<String>,
    tokens: BTreeMap<String, Token>,
    issued: usize,
}

struct Token {
    scopes: BTreeSet<String>,
    /// The thumbprint of the key that it is bound to.
    key: Option<String>,
    ends_at: i64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
            granted: [
                "okta.apps.read",
                "okta.groups.manage",
                "okta.groups.read",
                "okta.roles.read",
                "okta.userRisk.manage",
                "okta.userRisk.read",
                "okta.users.manage",
                "okta.users.read",
            ]
            .map(str::to_owned)
            .into(),
            demands_dpop: true,
            binds: true,
            nonce: Some("nonce-of-today".into()),
            nonce_of_calls: None,
            ahead: 0,
            tells_time: true,
            refuses: false,
            refusals: Vec::new(),
            seen: BTreeSet::new(),
            tokens: BTreeMap::new(),
            issued: 0,
        }
    }
}

impl SignIn {
    /// Changes how the organisation is set up.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock());
    }

    /// Takes back every token.
    pub(crate) fn revoke_all(&self) {
        self.0.lock().tokens.clear();
    }

    /// Why somebody was turned away, in turn.
    pub(crate) fn refusals(&self) -> Vec<&'static str> {
        self.0.lock().refusals.clone()
    }

    /// How many tokens were given out.
    pub(crate) fn issued(&self) -> usize {
        self.0.lock().issued
    }

    /// The answer to a request for a token.
    pub(crate) fn token(&self, seen: &Seen) -> Reply {
        let mut state = self.0.lock();
        let answer = state.issue(seen);
        let reply = answer.unwrap_or_else(|(status, error, why)| {
            state.refusals.push(why);
            let reply = Reply::json(status, &json!({ "error": error, "error_description": why }));
            match (error, &state.nonce) {
                ("use_dpop_nonce", Some(nonce)) => reply.with_header("dpop-nonce", nonce),
                _ => reply,
            }
        });
        state.dated(reply)
    }

    /// Whether a call shows a token that is good for it; `scope` is what it needs.
    pub(crate) fn accepts(&self, seen: &Seen, scope: &str) -> Result<(), Reply> {
        let mut state = self.0.lock();
        state.check_call(seen, scope).map_err(|(status, error, why)| {
            state.refusals.push(why);
            let code = if status == 403 { "E0000006" } else { "E0000011" };
            let mut body = json!({ "errorCode": code, "errorSummary": why, "errorCauses": [] });
            if status == 400 {
                body = json!({ "error": error, "error_description": why });
            }
            let reply = Reply::json(status, &body).with_header(
                "www-authenticate",
                &format!("DPoP error=\"{error}\", error_description=\"{why}\""),
            );
            let reply = match (error, &state.nonce_of_calls) {
                ("use_dpop_nonce", Some(nonce)) => reply.with_header("dpop-nonce", nonce),
                _ => reply,
            };
            state.dated(reply)
        })
    }
}

/// A status, OAuth's word, and why.
type Refusal = (u16, &'static str, &'static str);

impl State {
    fn issue(&mut self, seen: &Seen) -> Result<Reply, Refusal> {
        if self.refuses {
            return Err((401, "invalid_client", "the application is switched off"));
        }
        let form = Url::parse(&format!("http://x.invalid/?{}", String::from_utf8_lossy(&seen.body))).unwrap();
        let form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != "client_credentials" {
            return Err((400, "unsupported_grant_type", "not client_credentials"));
        }
        if field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
            return Err((401, "invalid_client", "no assertion of the right kind"));
        }
        self.check_assertion(seen, field("client_assertion"))?;
        let key = match (seen.headers.get("dpop"), self.demands_dpop) {
            (None, true) => return Err((400, "invalid_dpop_proof", "the proof is missing")),
            (None, false) => None,
            (Some(proof), _) => Some(self.check_proof(seen, proof, None, self.nonce.clone())?),
        };
        let key = key.filter(|_| self.binds);
        let scopes: BTreeSet<String> = field("scope").split(' ').map(str::to_owned).collect();
        if !scopes.is_subset(&self.granted) {
            return Err((400, "invalid_scope", "a scope is not granted"));
        }
        self.issued += 1;
        let secret = format!("{ISSUED}{:04}", self.issued);
        let kind = if key.is_some() { "DPoP" } else { "Bearer" };
        let granted = scopes.iter().cloned().collect::<Vec<_>>().join(" ");
        self.tokens.insert(secret.clone(), Token { scopes, key, ends_at: self.now() + ASSERTION_HOLDS });
        let body =
            json!({ "token_type": kind, "expires_in": 3600, "access_token": secret, "scope": granted });
        Ok(Reply::json(200, &body))
    }

    fn check_assertion(&mut self, seen: &Seen, text: &str) -> Result<(), Refusal> {
        let refused = |why: &'static str| (401, "invalid_client", why);
        let signed = Signed::read(text).ok_or(refused("the assertion cannot be read"))?;
        let key = signed.header["kid"].as_str().and_then(|id| self.keys.get(id));
        let key = key.ok_or(refused("the key is not known"))?;
        if !signed.verifies_with(key) {
            return Err(refused("the signature of the assertion is wrong"));
        }
        if signed.text("iss") != Some(CLIENT) || signed.text("sub") != Some(CLIENT) {
            return Err(refused("the assertion is about another client"));
        }
        if signed.text("aud") != Some(address(seen).as_str()) {
            return Err(refused("the assertion is for somebody else"));
        }
        let now = self.now();
        match (signed.number("iat"), signed.number("exp")) {
            (Some(iat), _) if iat > now => return Err(refused("the assertion is from the future")),
            (_, Some(exp)) if exp <= now => return Err(refused("the assertion has expired")),
            (_, Some(exp)) if exp > now + ASSERTION_HOLDS => {
                return Err(refused("the assertion holds too long"));
            }
            (_, None) => return Err(refused("the assertion never expires")),
            _ => {}
        }
        self.once("assertion", &signed).map_err(|()| refused("the assertion was used before"))
    }

    fn check_call(&mut self, seen: &Seen, scope: &str) -> Result<(), Refusal> {
        let shown = seen.headers.get("authorization").and_then(|shown| shown.split_once(' '));
        let (scheme, secret) = shown.ok_or((401, "invalid_token", "no token is shown"))?;
        let now = self.now();
        let token = self.tokens.get(secret).filter(|token| token.ends_at > now);
        let token = token.ok_or((401, "invalid_token", "the token is not good"))?;
        let (allowed, bound) = (token.scopes.contains(scope), token.key.clone());
        match (bound, scheme, seen.headers.get("dpop")) {
            (None, "Bearer", None) => {}
            (None, ..) => return Err((401, "invalid_token", "the token is not bound")),
            (Some(_), "DPoP", None) => return Err((400, "invalid_dpop_proof", "the proof is missing")),
            (Some(key), "DPoP", Some(proof)) => {
                if self.check_proof(seen, proof, Some(secret), self.nonce_of_calls.clone())? != key {
                    return Err((401, "invalid_token", "the token is bound to another key"));
                }
            }
            (Some(_), ..) => return Err((400, "invalid_request", "the token must be shown as DPoP")),
        }
        match allowed {
            true => Ok(()),
            false => Err((403, "insufficient_scope", "the token lacks the scope")),
        }
    }

    /// The thumbprint of the key that signed the proof.
    fn check_proof(
        &mut self,
        seen: &Seen,
        text: &str,
        token: Option<&str>,
        nonce: Option<String>,
    ) -> Result<String, Refusal> {
        let refused = |why: &'static str| (400, "invalid_dpop_proof", why);
        let signed = Signed::read(text).ok_or(refused("the proof cannot be read"))?;
        let key = &signed.header["jwk"];
        let members: Option<Vec<&str>> = key.as_object().map(|key| key.keys().map(String::as_str).collect());
        // Exactly the members of a thumbprint, in their order: nothing private, and nothing else.
        let members = members.unwrap_or_default();
        if members != ["e", "kty", "n"] && members != ["crv", "kty", "x", "y"] {
            return Err(refused("the proof shows no public key, or more than one"));
        }
        if signed.header["typ"] != "dpop+jwt" || !signed.verifies_with(key) {
            return Err(refused("the signature of the proof is wrong"));
        }
        if signed.text("htm") != Some(seen.method.as_str()) {
            return Err(refused("the proof is for another method"));
        }
        if signed.text("htu") != Some(address(seen).as_str()) {
            return Err(refused("the proof is for another address"));
        }
        let made = signed.number("iat").ok_or(refused("the proof bears no time"))?;
        if made > self.now() || made < self.now() - PROOF_HOLDS {
            return Err(refused("the proof is too old, or from the future"));
        }
        self.once("proof", &signed).map_err(|()| refused("the proof was used before"))?;
        if signed.text("nonce") != nonce.as_deref() && nonce.is_some() {
            return Err((400, "use_dpop_nonce", "another nonce is wanted"));
        }
        let hash = token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        if signed.text("ath") != hash.as_deref() {
            return Err(refused("the proof is for another token"));
        }
        Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(key.to_string())))
    }

    /// No number comes twice.
    fn once(&mut self, kind: &str, signed: &Signed) -> Result<(), ()> {
        let number = signed.text("jti").filter(|number| !number.is_empty()).ok_or(())?;
        if self.seen.insert(format!("{kind} {number}")) { Ok(()) } else { Err(()) }
    }

    fn dated(&self, reply: Reply) -> Reply {
        let time = chrono::DateTime::from_timestamp(self.now(), 0).unwrap();
        match self.tells_time {
            true => reply.with_header("date", &time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            false => reply,
        }
    }

    fn now(&self) -> i64 {
        quell_kit::now().timestamp() + self.ahead
    }
}

/// Where a request went, without its query.
fn address(seen: &Seen) -> String {
    let path = seen.path.split('?').next().unwrap();
    format!("http://{}{path}", seen.headers["host"])
}
