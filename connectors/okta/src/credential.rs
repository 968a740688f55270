//! [`Credential`]: what a call shows to Okta.

use quell_action::{ActionError, ConnectError};
use quell_kit::header::{AUTHORIZATION, HeaderValue};
use quell_kit::{Redactor, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};

use crate::settings::OktaSettings;

/// What a call shows to Okta.
#[derive(Debug)]
pub(crate) struct Credential {
    token: SecretString,
}

impl Credential {
    /// Reads it from where the settings say.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn resolve(settings: &OktaSettings) -> Result<Self, ConnectError> {
        Ok(Self { token: settings.token.resolve()? })
    }

    /// Takes it out of texts that come from outside.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new([&self.token])
    }

    /// Adds it to a request.
    ///
    /// # Errors
    /// When it is no text for a header.
    pub(crate) fn show(&self, request: RequestBuilder) -> Result<RequestBuilder, ActionError> {
        let text = SecretString::from(format!("SSWS {}", self.token.expose_secret()));
        let mut value = HeaderValue::from_str(text.expose_secret())
            .map_err(|_| ActionError::rejected("the API token of Okta holds characters that no token has"))?;
        value.set_sensitive(true);
        Ok(request.header(AUTHORIZATION, value))
    }
}
