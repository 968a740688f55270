//! [`Grant`]: one way of asking for a token.

use std::path::Path;
use std::time::Duration;

use quell_action::{ActionError, ConnectError, Failure};
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::assertion::{self, SigningCertificate};
use super::credential::{ClientCredential, ManagedIdentityRef};
use super::private_key::PrivateKey;
use crate::{Http, SecretRef};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The identity service of a virtual machine: an address that is never routed.
const OF_THE_MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// The identity service of a machine that is being renewed is back by then.
const RENEWED_WITHIN: Duration = Duration::from_secs(70);
/// A token file larger than this is no token.
const MAX_TOKEN_FILE: u64 = 64 * 1024;

/// How tokens are asked for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token endpoint of the tenant.
    pub(super) endpoint: Url,
    /// The application that asks.
    pub(super) client: String,
    /// What the tokens are for: `https://graph.microsoft.com/.default`.
    pub(super) scope: String,
    proof: Proof,
}

#[derive(Debug, Clone)]
enum Proof {
    Secret(SecretRef),
    Certificate(SigningCertificate),
    Key(SecretRef, Option<String>),
    File(std::path::PathBuf),
    Machine(ManagedIdentityRef, Http),
}

impl Grant {
    /// Reads what does not change: the certificate and its key. Secrets and token files are read anew each time, and
    /// once now, so that a missing one is found at the start.
    ///
    /// # Errors
    /// When the credential cannot be read.
    pub fn new(
        endpoint: Url,
        client: &str,
        scope: &str,
        credential: &ClientCredential,
    ) -> Result<Self, ConnectError> {
        let proof = match credential {
            ClientCredential::Secret(reference) => {
                reference.resolve()?;
                Proof::Secret(reference.clone())
            }
            ClientCredential::Certificate(reference) => {
                Proof::Certificate(SigningCertificate::read(reference)?)
            }
            ClientCredential::WorkloadIdentity(reference) => {
                token_file(&reference.token_file).map_err(ConnectError)?;
                Proof::File(reference.token_file.clone())
            }
            ClientCredential::ManagedIdentity(reference) => {
                reference.endpoint.as_ref().map(SecretRef::resolve).transpose()?;
                reference.header.as_ref().map(SecretRef::resolve).transpose()?;
                Proof::Machine(reference.clone(), Http::beside()?)
            }
        };
        Ok(Self { endpoint, client: client.to_owned(), scope: scope.to_owned(), proof })
    }

    /// Asks with an assertion signed by this key, which the other side knows by the id given here, or by the one that
    /// the key itself bears. The key is read anew for each token, so that a new one needs no restart; and once now.
    ///
    /// # Errors
    /// When the key cannot be read, or cannot sign.
    pub fn with_key(
        endpoint: Url,
        client: &str,
        scope: &str,
        key: &SecretRef,
        key_id: Option<&str>,
    ) -> Result<Self, ConnectError> {
        PrivateKey::read(key)?;
        let proof = Proof::Key(key.clone(), key_id.map(str::to_owned));
        Ok(Self { endpoint, client: client.to_owned(), scope: scope.to_owned(), proof })
    }

    /// The request for a token, at this time by the other side's clock, with these claims where it has asked for them.
    pub(super) fn request(
        &self,
        http: &Http,
        claims: Option<&str>,
        at: i64,
    ) -> Result<RequestBuilder, ActionError> {
        if let Proof::Machine(reference, http) = &self.proof {
            return self.machine_request(http, reference);
        }
        let mut form = vec![
            ("scope", Zeroizing::new(self.scope.clone())),
            ("grant_type", Zeroizing::new("client_credentials".to_owned())),
        ];
        // An assertion by a key names the client; whoever reads it wants it nowhere else.
        if !matches!(self.proof, Proof::Key(..)) {
            form.push(("client_id", Zeroizing::new(self.client.clone())));
        }
        match &self.proof {
            Proof::Secret(reference) => {
                let secret = reference.resolve().map_err(|error| unreadable(&error.0))?;
                form.push(("client_secret", Zeroizing::new(secret.expose_secret().to_owned())));
            }
            Proof::Certificate(certificate) => {
                let assertion = certificate.assertion(&self.client, self.endpoint.as_str(), at)?;
                form.push(("client_assertion", Zeroizing::new(assertion)));
            }
            Proof::Key(reference, id) => {
                let key = PrivateKey::read(reference).map_err(|error| unreadable(&error.0))?;
                let audience = self.endpoint.as_str();
                let signed = assertion::by_key(&key, id.as_deref(), &self.client, audience, at)?;
                form.push(("client_assertion", Zeroizing::new(signed)));
            }
            Proof::File(path) => {
                let token = token_file(path).map_err(|why| unreadable(&why))?;
                form.push(("client_assertion", Zeroizing::new(token.expose_secret().to_owned())));
            }
            Proof::Machine(..) => {}
        }
        if form.iter().any(|(name, _)| *name == "client_assertion") {
            form.push(("client_assertion_type", Zeroizing::new(ASSERTION_TYPE.to_owned())));
        }
        if let Some(claims) = claims {
            form.push(("claims", Zeroizing::new(claims.to_owned())));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = http.request(Method::POST, self.endpoint.clone()).header("accept", "application/json");
        Ok(request.form(&form))
    }

    /// Whether what it shows bears a time, by which the other side judges it.
    pub(super) fn bears_time(&self) -> bool {
        matches!(self.proof, Proof::Certificate(_) | Proof::Key(..))
    }

    /// By whom the question is sent. The identity service of a machine is just beside it: a proxy would ask for the
    /// identity of its own, or be shown ours.
    pub(super) fn sender<'a>(&'a self, http: &'a Http) -> &'a Http {
        match &self.proof {
            Proof::Machine(_, beside) => beside,
            _ => http,
        }
    }

    /// How long to ask. The identity service of a machine answers at once or is not there.
    pub(super) fn patience(&self) -> Duration {
        match self.proof {
            Proof::Machine(..) => Duration::from_secs(5),
            _ => Duration::from_secs(20),
        }
    }

    /// What a refusal means by its status alone, where it is not about the credential: the identity service of a machine
    /// says that it is being renewed as others say that there is nothing.
    pub(super) fn passing(&self, status: u16) -> Option<Failure> {
        let retry_after = match (&self.proof, status) {
            (Proof::Machine(..), 404) => None,
            (Proof::Machine(..), 410) => Some(RENEWED_WITHIN),
            _ => return None,
        };
        Some(Failure::Unavailable { retry_after })
    }

    /// What to do about a refusal, where that lies in the kind of the credential.
    pub(super) fn advice(&self) -> Option<&'static str> {
        matches!(self.proof, Proof::Machine(..)).then_some(
            "switch the identity of this computer on; where it has several, name the one to use by client_id",
        )
    }

    fn machine_request(
        &self,
        http: &Http,
        reference: &ManagedIdentityRef,
    ) -> Result<RequestBuilder, ActionError> {
        let read = |reference: &SecretRef| reference.resolve().map_err(|error| unreadable(&error.0));
        let given = reference.endpoint.as_ref().map(read).transpose()?;
        let header = reference.header.as_ref().map(read).transpose()?;
        let address = given.as_ref().map_or(OF_THE_MACHINE, |given| given.expose_secret().trim());
        let mut url = Url::parse(address)
            .map_err(|_| unreadable("the address of the identity service is not an URL"))?;
        let resource = self.scope.strip_suffix("/.default").unwrap_or(&self.scope);
        let version = if header.is_some() { "2019-08-01" } else { "2018-02-01" };
        url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", resource);
        if let Some(client) = &reference.client_id {
            url.query_pairs_mut().append_pair("client_id", client);
        }
        let request = http.request(Method::GET, url);
        Ok(match header {
            Some(header) => request.header("x-identity-header", header.expose_secret()),
            None => request.header("metadata", "true"),
        })
    }
}

/// The token of the other system, as it is at this moment.
fn token_file(path: &Path) -> Result<SecretString, String> {
    let unreadable = |why: String| format!("the token file {} {why}", path.display());
    let size = std::fs::metadata(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?.len();
    if size > MAX_TOKEN_FILE {
        return Err(unreadable(format!("is larger than {MAX_TOKEN_FILE} bytes; it must hold one token")));
    }
    let text = Zeroizing::new(
        std::fs::read_to_string(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?,
    );
    match text.trim() {
        "" => Err(unreadable("is empty; it must hold one token".into())),
        token => Ok(SecretString::from(token)),
    }
}

/// What we sign in with is missing at this moment: nothing was sent.
fn unreadable(why: &str) -> ActionError {
    ActionError::new(Failure::Credentials, why.to_owned())
}
