//! [`Credential`]: what a call shows to Okta: the API token of a user, or the token of an application, which is got anew
//! whenever it ends.

use std::sync::Arc;

use quell_action::{ActionError, ConnectError};
use quell_kit::header::{AUTHORIZATION, HeaderValue};
use quell_kit::oauth::{Dpop, Grant, PrivateKey, Token, Tokens};
use quell_kit::{Answer, Deadline, Http, Method, Redactor, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::application::OktaApplication;
use crate::error::code;
use crate::scopes;
use crate::settings::OktaSettings;

/// What a call shows to Okta.
#[derive(Debug)]
pub(crate) enum Credential {
    /// The API token of a user.
    User(SecretString),
    /// The tokens of an application.
    Application(Box<Application>),
}

/// An application that signs in with its key.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) settings: OktaApplication,
    /// What its tokens are asked for.
    pub(crate) scopes: Vec<String>,
    pub(crate) tokens: Tokens,
    endpoint: Url,
}

/// What a call has shown.
pub(crate) enum Shown {
    ApiToken,
    Token(Arc<Token>),
}

/// What was tried already after a refusal. Each is tried once.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    other_proof: bool,
    new_token: bool,
}

impl Credential {
    /// Reads it from where the settings say. `address` is the organisation.
    ///
    /// # Errors
    /// When it cannot be read, or there is not exactly one.
    pub(crate) fn resolve(settings: &OktaSettings, http: &Http, address: &Url) -> Result<Self, ConnectError> {
        match (&settings.token, &settings.application) {
            (Some(token), None) => Ok(Self::User(token.resolve()?)),
            (None, Some(application)) => {
                let scopes = scopes::wanted(application, !settings.active_directory_apps.is_empty());
                let application = Application::new(application.clone(), scopes, http.clone(), address)?;
                Ok(Self::Application(Box::new(application)))
            }
            _ => Err(ConnectError("either `token` or `application` must be given".into())),
        }
    }

    /// Adds it to a request.
    ///
    /// # Errors
    /// When no token can be had, or it is no text for a header.
    pub(crate) async fn show(
        &self,
        request: RequestBuilder,
        method: &Method,
        url: &Url,
        deadline: Deadline,
    ) -> Result<(RequestBuilder, Shown), ActionError> {
        match self {
            Self::User(token) => Ok((request.header(AUTHORIZATION, api_token(token)?), Shown::ApiToken)),
            Self::Application(application) => {
                let token = application.tokens.get(deadline).await?;
                let request = application.tokens.show(&token, request, method, url)?;
                Ok((request, Shown::Token(token)))
            }
        }
    }

    /// Takes what was shown out of texts that come from outside.
    pub(crate) fn redactor(&self, shown: &Shown) -> Redactor {
        match (self, shown) {
            (Self::User(token), _) => Redactor::new([token]),
            (_, Shown::Token(token)) => Redactor::new([token.secret()]),
            (_, Shown::ApiToken) => Redactor::default(),
        }
    }

    /// Whether the call can be made once more after this answer, and may go well: its proof was refused and another can
    /// be made, or its token was. That is safe for orders too: a call without a good token does nothing.
    pub(crate) fn may_help(&self, shown: &Shown, answer: &Answer, tried: &mut Tried) -> bool {
        let (Self::Application(application), Shown::Token(token)) = (self, shown) else { return false };
        if application.tokens.learns_from(answer) {
            return !std::mem::replace(&mut tried.other_proof, true);
        }
        // What the organisation has not bought is refused with this status as well.
        if answer.status() != 401 || code(answer).as_deref() == Some("E0000015") {
            return false;
        }
        application.tokens.refused(token, None);
        !std::mem::replace(&mut tried.new_token, true)
    }
}

impl Application {
    fn new(
        settings: OktaApplication,
        scopes: Vec<String>,
        http: Http,
        address: &Url,
    ) -> Result<Self, ConnectError> {
        let key = PrivateKey::read(&settings.key)?;
        if settings.key_id.is_none() && key.id().is_none() {
            return Err(ConnectError(format!(
                "the private key in {} does not say under which id Okta knows it: give `key_id`",
                settings.key
            )));
        }
        let mut endpoint = address.clone();
        endpoint.set_path("/oauth2/v1/token");
        let tokens = Tokens::new(http, grant(&settings, &endpoint, &scopes.join(" "))?, explain);
        let tokens = match settings.dpop.algorithm() {
            Some(algorithm) => tokens.with_dpop(Dpop::new(algorithm)?),
            None => tokens,
        };
        Ok(Self { settings, scopes, tokens, endpoint })
    }

    /// Of the scopes that are wanted, those that are not granted to the application: each is asked for alone.
    ///
    /// # Errors
    /// When Okta does not say.
    pub(crate) async fn refused_scopes(&self, deadline: Deadline) -> Result<Vec<String>, ActionError> {
        let mut refused = Vec::new();
        for scope in &self.scopes {
            let grant = grant(&self.settings, &self.endpoint, scope);
            let grant = grant.map_err(|error| ActionError::rejected(error.0))?;
            let tokens = self.tokens.like(grant);
            match tokens.get(deadline).await {
                Ok(_) => {}
                Err(error) if is_about_scope(&error) => refused.push(scope.clone()),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }
}

/// Whether Okta gave no token because a scope is not granted.
pub(crate) fn is_about_scope(error: &ActionError) -> bool {
    error.vendor.as_ref().and_then(|vendor| vendor.code.as_deref()) == Some("invalid_scope")
}

fn grant(settings: &OktaApplication, endpoint: &Url, scope: &str) -> Result<Grant, ConnectError> {
    Grant::with_key(endpoint.clone(), &settings.client_id, scope, &settings.key, settings.key_id.as_deref())
}

fn api_token(token: &SecretString) -> Result<HeaderValue, ActionError> {
    let text = SecretString::from(format!("SSWS {}", token.expose_secret()));
    let mut value = HeaderValue::from_str(text.expose_secret())
        .map_err(|_| ActionError::rejected("the API token of Okta holds characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn explain(word: &str, _: Option<i64>) -> Option<&'static str> {
    Some(match word {
        "invalid_client" => {
            "check `client_id`, that Okta lists the public half of the key as active under this id, and this \
             computer's clock"
        }
        "invalid_scope" => {
            "a scope is not granted to the application: `quell connectors probe` says which; grant it, or leave it \
             out of `scopes`"
        }
        "access_denied" => "the application may not sign in from here: look at its network zones",
        "invalid_dpop_proof" | "use_dpop_nonce" => {
            "the application demands proofs (DPoP): look at `dpop`, and at this computer's clock"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_marked_as_a_secret_in_its_header() {
        let header = api_token(&SecretString::from("planted".to_owned())).unwrap();
        assert!(header.is_sensitive());
        assert!(!format!("{header:?}").contains("planted"));
    }
}
