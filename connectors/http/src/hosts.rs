//! [`Host`]: one host that the site allows, with its client and its credential.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_action::{ActionError, ConnectError};
use quell_kit::header::{AUTHORIZATION, HeaderName, HeaderValue};
use quell_kit::{Http, RateLimit, Redactor, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::settings::{Auth, HostSettings, HttpConnectorSettings};

/// The hosts of one connection, by name.
#[derive(Debug)]
pub struct Hosts(BTreeMap<String, Host>);

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) settings: HostSettings,
    pub(crate) url: Url,
    pub(crate) http: Http,
    pub(crate) rate: RateLimit,
    pub(crate) redactor: Redactor,
    shown: Option<(HeaderName, HeaderValue)>,
}

impl Hosts {
    /// Reads the secrets and the certificates; reaches nobody.
    ///
    /// # Errors
    /// When a secret or a certificate is missing or unfit.
    pub(crate) fn new(settings: HttpConnectorSettings) -> Result<Self, ConnectError> {
        let host = |(name, settings): (String, HostSettings)| {
            let host = Host::new(&name, settings);
            let host = host.map_err(|error| ConnectError(format!("hosts.{name}: {error}")))?;
            Ok((name, host))
        };
        settings.hosts.into_iter().map(host).collect::<Result<_, _>>().map(Self)
    }

    /// The host of this name.
    ///
    /// # Errors
    /// When the site allows none.
    pub(crate) fn named(&self, name: &str) -> Result<&Host, ActionError> {
        self.0.get(name).ok_or_else(|| {
            let known = self.0.keys().cloned().collect::<Vec<_>>().join(", ");
            ActionError::rejected(format!("the site allows no host {name:?}; it allows {known}"))
        })
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Host> {
        self.0.values()
    }
}

impl Host {
    fn new(name: &str, settings: HostSettings) -> Result<Self, ConnectError> {
        let url = settings.address().map_err(|why| ConnectError(format!("url {why}")))?;
        let (shown, secrets) = match &settings.auth {
            None => (None, Vec::new()),
            Some(auth) => {
                let (header, value, secrets) = shown(auth)?;
                (Some((header, value)), secrets)
            }
        };
        let calls = NonZeroU32::new(settings.per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = calls.min(NonZeroU32::new(10).unwrap_or(calls));
        let http = client(&settings)?;
        Ok(Self {
            name: name.to_owned(),
            rate: RateLimit::new(calls, Duration::from_secs(60), burst),
            redactor: Redactor::new(&secrets),
            url,
            http,
            shown,
            settings,
        })
    }

    /// Adds what every call to this host gets.
    pub(crate) fn dress(&self, mut request: RequestBuilder) -> RequestBuilder {
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        match &self.shown {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }
}

/// What stands in the URL was looked at with the settings; where its name leads is looked at anew for each connection.
fn client(settings: &HostSettings) -> Result<Http, ConnectError> {
    match settings.allow_private {
        true => Http::new(&settings.http),
        false => Http::public_only(&settings.http),
    }
}

/// The header of a credential, and what must not be told again: a name and its password also as they are sent together.
fn shown(auth: &Auth) -> Result<(HeaderName, HeaderValue, Vec<SecretString>), ConnectError> {
    let (name, text, secrets) = match auth {
        Auth::Bearer(reference) => {
            let secret = reference.resolve()?;
            (AUTHORIZATION, format!("Bearer {}", secret.expose_secret()), vec![secret])
        }
        Auth::Basic(basic) => {
            let secret = basic.password.resolve()?;
            let pair = SecretString::from(format!("{}:{}", basic.user, secret.expose_secret()));
            let shown = format!("Basic {}", STANDARD.encode(pair.expose_secret()));
            (AUTHORIZATION, shown, vec![secret, pair])
        }
        Auth::Header(header) => {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let name = name.map_err(|_| ConnectError(format!("{:?} is no name of a header", header.name)))?;
            let secret = header.secret.resolve()?;
            (name, secret.expose_secret().to_owned(), vec![secret])
        }
    };
    Ok((name, concealed(&SecretString::from(text))?, secrets))
}

/// A header that is not shown where its request is.
fn concealed(text: &SecretString) -> Result<HeaderValue, ConnectError> {
    let mut value = HeaderValue::from_str(text.expose_secret())
        .map_err(|_| ConnectError("the secret holds characters that no header can hold".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quell_kit::{Call, Method};
    use serde_json::json;

    #[tokio::test]
    async fn a_name_that_leads_into_our_own_network_leads_nowhere_unless_that_is_meant() {
        for (allow_private, word) in [(false, "not public"), (true, "refused")] {
            let settings = json!({ "url": "https://api.example", "allow_private": allow_private });
            let settings: HostSettings = serde_json::from_value(settings).unwrap();
            let http = client(&settings).unwrap();
            // As if somebody had made the name of the settings another one of this machine.
            let request = http.request(Method::GET, Url::parse("http://localhost:1/").unwrap());
            let refused = http.send(request, Call::Writes, Duration::from_secs(5)).await.unwrap_err();
            assert!(refused.message.contains(word), "{refused}");
            assert!(refused.failure.is_transient(), "nothing was sent: {refused}");
        }
    }

    #[test]
    fn a_credential_is_marked_as_a_secret_in_its_header() {
        let header = concealed(&SecretString::from("Bearer planted")).unwrap();
        assert!(header.is_sensitive() && !format!("{header:?}").contains("planted"));
    }
}
