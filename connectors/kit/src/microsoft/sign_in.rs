//! [`SignIn`]: how a program signs in to a tenant.

use std::sync::Arc;

use quell_action::{ConnectError, Problem};
use quell_alert::parse_guid;
use reqwest::Url;

use super::Cloud;
use crate::Http;
use crate::oauth::{ClientCredential, Grant, Tokens};

/// What the settings say about signing in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// The application's id; a managed identity needs none.
    pub application: Option<&'a str>,
    /// What it signs in with.
    pub credential: &'a ClientCredential,
    /// In which cloud.
    pub cloud: Cloud,
    /// Another place to sign in, for private clouds and tests.
    pub login_url: Option<&'a str>,
}

impl SignIn<'_> {
    /// What is wrong with it. Looks at nothing else.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.credential.check("credential");
        let mut problem = |place: &str, message: &str| {
            problems.push(Problem { place: place.into(), message: message.into() });
        };
        if parse_guid(self.tenant).is_none() {
            problem("tenant", "takes the tenant's id, a GUID: names of tenants can change hands");
        }
        let managed = matches!(self.credential, ClientCredential::ManagedIdentity(_));
        match self.application {
            None if !managed => problem("application", "takes the application's (client) id, a GUID"),
            Some(id) if parse_guid(id).is_none() => {
                problem("application", "takes the application's (client) id, a GUID");
            }
            Some(_) if managed => {
                problem("application", "is not for a managed identity; choose one with its client_id");
            }
            _ => {}
        }
        if let Some(url) = self.login_url {
            problems.extend(check_url("login_url", url));
        }
        problems
    }

    /// The tenant's id in its written form.
    ///
    /// # Errors
    /// When it is none.
    pub fn realm(&self) -> Result<String, ConnectError> {
        let id =
            parse_guid(self.tenant).ok_or_else(|| ConnectError("tenant takes the tenant's id".into()))?;
        Ok(id.to_string())
    }

    /// Tokens for this scope.
    ///
    /// # Errors
    /// When the credential cannot be read.
    pub fn tokens(&self, http: &Http, scope: &str) -> Result<Arc<Tokens>, ConnectError> {
        let login = self.login_url.unwrap_or(self.cloud.login()).trim_end_matches('/');
        let endpoint = format!("{login}/{}/oauth2/v2.0/token", self.realm()?);
        let endpoint = Url::parse(&endpoint).map_err(|_| ConnectError("login_url is not an URL".into()))?;
        let grant = Grant::new(endpoint, self.application.unwrap_or_default(), scope, self.credential)
            .map_err(|error| ConnectError(format!("credential: {error}")))?;
        Ok(Arc::new(Tokens::new(http.clone(), grant, explain)))
    }
}

/// What is wrong with an address of the settings: it must be encrypted, except on this computer.
pub(super) fn check_url(place: &str, text: &str) -> Option<Problem> {
    let problem = |message: &str| Some(Problem { place: place.into(), message: message.into() });
    let Ok(url) = Url::parse(text) else {
        return problem("is not an URL; leave it out to use that of the cloud");
    };
    let here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => None,
        "http" if here => None,
        _ => problem("must begin with https://: tokens are sent there"),
    }
}

impl SignIn<'_> {
    /// What is wrong with another address of the settings.
    pub fn check_address(place: &str, text: Option<&str>) -> Option<Problem> {
        check_url(place, text?)
    }
}

/// What the numbers of the sign-in mean (AADSTS), and what to do.
fn explain(_: &str, number: Option<i64>) -> Option<&'static str> {
    Some(match number? {
        7_000_215 => "the client secret is wrong: give its value, not its id",
        7_000_222 => "the client secret has expired: make a new one",
        700_027 => {
            "the certificate is not registered with the application, or its key belongs to another one"
        }
        700_024 => "the assertion is outside of its time: set this computer's clock",
        70_021 | 700_211 | 700_212 | 700_213 => {
            "the federated credential does not fit: issuer, subject and audience must be exactly those of the token"
        }
        700_016 => "the tenant does not know the application: check `application`, and grant consent",
        90_002 => "there is no such tenant in this cloud: check `tenant` and `cloud`",
        500_011 => "the tenant does not have the service that is asked for: onboard it first",
        53_003 => "a Conditional Access policy for workload identities blocks the sign-in",
        1_002_012 | 70_011 => "the scope is malformed",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretRef;

    fn places(tenant: &str, application: Option<&str>, login_url: Option<&str>) -> Vec<String> {
        let credential = ClientCredential::Secret(SecretRef::Env("X".into()));
        let sign_in =
            SignIn { tenant, application, credential: &credential, cloud: Cloud::Global, login_url };
        sign_in.check().into_iter().map(|problem| problem.place).collect()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let id = "73d664e4-0886-4a73-b745-c694da45ddb4";
        assert_eq!(places(id, Some(id), None), [] as [&str; 0]);
        assert_eq!(
            places("contoso.example", Some("x"), Some("http://login.example")),
            ["tenant", "application", "login_url"]
        );
        assert_eq!(places(id, None, Some("http://127.0.0.1:1")), ["application"]);
        assert_eq!(places(id, Some(id), Some("http://127.0.0.1.example")), ["login_url"]);
    }
}
