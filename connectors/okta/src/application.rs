//! [`OktaApplication`]: signing in as an application of its own (OAuth 2.0 with a private key), as the user writes it.

use quell_action::Problem;
use quell_kit::SecretRef;
use quell_kit::oauth::Algorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scopes;
use crate::settings::is_id;

/// An API service application, and the private key with which it signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OktaApplication {
    /// Its client id (`0oa…`).
    pub client_id: String,
    /// Where its private key lies, in PEM form or as a JSON Web Key: an RSA key of 2048 bits or more, or one on the curve
    /// P-256. Read anew for each token, so that a new key needs no restart.
    pub key: SecretRef,
    /// Under which id Okta knows the key (`kid`). A JSON Web Key bears it itself; with PEM it stands here.
    #[serde(default)]
    pub key_id: Option<String>,
    /// What tokens are asked for. Each must be granted to the application, or Okta gives no token at all. Left out:
    /// everything that the actions need.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How tokens are bound to a key that never leaves this program, so that a stolen one is worth nothing (DPoP).
    #[serde(default)]
    pub dpop: DpopKey,
}

/// With what kind of key tokens are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DpopKey {
    /// With an RSA key.
    #[default]
    Rs256,
    /// With a key on the curve P-256.
    Es256,
    /// Not at all: only for an application that does not demand it.
    Off,
}

impl OktaApplication {
    /// What is wrong with it.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |place: String, message: &str| {
            problems.push(Problem { place: format!("application.{place}"), message: message.to_owned() });
        };
        if !is_id(&self.client_id, "0oa") {
            problem("client_id".into(), "is not the id of an application: 0oa and 17 letters or digits");
        }
        if self.key_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            problem("key_id".into(), "is the id under which Okta lists the key, or is left out");
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            if !scopes::is_scope(scope) {
                problem(format!("scopes[{index}]"), "is not a scope of Okta: okta.users.read");
            }
        }
        problems
    }
}

impl DpopKey {
    /// How the key signs; nothing where there is none.
    pub(crate) fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Rs256 => Some(Algorithm::Rs256),
            Self::Es256 => Some(Algorithm::Es256),
            Self::Off => None,
        }
    }
}
