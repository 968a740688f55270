//! [`Relay`]: handing a mail over, step by step. Until the mail itself is sent nothing can have gone; afterwards it can.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, response::Severity};
use quell_action::{ActionError, ConnectError, Failure, VendorReply};
use quell_kit::{Deadline, RateLimit, Redactor, clip};
use secrecy::{ExposeSecret, SecretString};

use crate::letter::Letter;
use crate::settings::{Encryption, SmtpSettings};

/// Basic sign-in, in the two forms that relays know.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// One relay.
pub struct Relay {
    pub(crate) settings: SmtpSettings,
    tls: Option<TlsParameters>,
    login: Option<(String, SecretString)>,
    rate: RateLimit,
    redactor: Redactor,
}

impl Relay {
    /// Reads the password and the certificates; reaches nobody.
    ///
    /// # Errors
    /// When one is missing or unfit.
    pub(crate) fn new(settings: SmtpSettings) -> Result<Self, ConnectError> {
        let login = settings.login.as_ref().map(|login| Ok((login.user.clone(), login.password.resolve()?)));
        let login: Option<(String, SecretString)> = login.transpose()?;
        // With PLAIN, the name and the password are sent as one word.
        let together = |(user, password): &(String, SecretString)| {
            let word = format!("\0{user}\0{}", password.expose_secret());
            [password.clone(), SecretString::from(word)]
        };
        let secrets: Vec<SecretString> = login.iter().flat_map(together).collect();
        let calls = NonZeroU32::new(settings.per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = calls.min(NonZeroU32::MIN.saturating_add(9));
        Ok(Self {
            tls: (settings.encryption != Encryption::None).then(|| tls(&settings)).transpose()?,
            redactor: Redactor::new(&secrets),
            rate: RateLimit::new(calls, Duration::from_secs(60), burst),
            login,
            settings,
        })
    }

    /// Hands a mail over. Gives back what the relay says of it: its number there, for one.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known: relays do not recognise a repetition.
    pub(crate) async fn hand_over(
        &self,
        letter: &Letter,
        time_limit: Duration,
    ) -> Result<String, ActionError> {
        let deadline = Deadline::after(self.rate.turn(time_limit).await?);
        let mut connection = self.connect(deadline).await?;
        let parameters = self.parameters(&connection, letter)?;
        let before = async {
            connection.command(Mail::new(Some(letter.from.clone()), parameters)).await?;
            for recipient in &letter.to {
                connection.command(Rcpt::new(recipient.clone(), Vec::new())).await?;
            }
            connection.command(Data).await
        };
        self.in_time(deadline, before).await?;
        let left = deadline.left().min(Duration::from_secs(self.settings.timeout_secs));
        let answer = tokio::time::timeout(left, connection.message(&letter.bytes)).await;
        let taken = match answer {
            Ok(Ok(response)) => response.first_line().unwrap_or_default().to_owned(),
            // It has said no: then it has not taken it.
            Ok(Err(error)) if error.status().is_some() => return Err(self.refused(&error)),
            Ok(Err(error)) => return Err(self.lost(&error.to_string())),
            Err(_) => return Err(self.lost("no answer came")),
        };
        // It is taken; whether the relay hears our good-bye changes nothing.
        let _ = tokio::time::timeout(Duration::from_secs(2).min(deadline.left()), connection.quit()).await;
        Ok(clip(&self.redactor.redact(&taken), 200))
    }

    /// Connects and signs in, and goes again.
    ///
    /// # Errors
    /// When one of them fails.
    pub(crate) async fn reach(&self) -> Result<String, ActionError> {
        let deadline = Deadline::after(Duration::from_secs(self.settings.connect_timeout_secs));
        let mut connection = self.connect(deadline).await?;
        let name = connection.server_info().name().to_owned();
        let _ = tokio::time::timeout(deadline.left(), connection.quit()).await;
        Ok(format!("{} ({}:{})", clip(&name, 80), self.settings.host, self.settings.port()))
    }

    async fn connect(&self, deadline: Deadline) -> Result<AsyncSmtpConnection, ActionError> {
        let (host, port) = (self.settings.host.as_str(), self.settings.port());
        let most = Duration::from_secs(self.settings.connect_timeout_secs).min(deadline.left());
        let hello = ClientId::default();
        let from_start = self.tls.clone().filter(|_| self.settings.encryption == Encryption::Tls);
        let connecting = async {
            let mut connection =
                AsyncSmtpConnection::connect_tokio1((host, port), Some(most), &hello, from_start, None)
                    .await?;
            // Without TLS nothing is said to a relay that should have it: this fails where it is not offered.
            if let (Encryption::Starttls, Some(tls)) = (self.settings.encryption, self.tls.clone()) {
                connection.starttls(tls, &hello).await?;
            }
            if let Some((user, password)) = &self.login {
                let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
                connection.auth(&MECHANISMS, &credentials).await?;
            }
            Ok::<_, Error>(connection)
        };
        match tokio::time::timeout(most, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(self.refused(&error)),
            Err(_) => Err(ActionError::unavailable(format!(
                "{host}:{port} cannot be reached: no answer came in time"
            ))),
        }
    }

    /// What the relay must be told beforehand: that there are addresses in which not every letter is of ASCII.
    fn parameters(
        &self,
        connection: &AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Vec<MailParameter>, ActionError> {
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        match letter.to.iter().chain([&letter.from]).find(|address| !is_ascii(address)) {
            None => Ok(Vec::new()),
            Some(_) if connection.server_info().supports_feature(Extension::SmtpUtfEight) => {
                Ok(vec![MailParameter::SmtpUtfEight])
            }
            Some(address) => Err(ActionError::rejected(format!(
                "{} takes no addresses such as {address}: it offers no SMTPUTF8",
                self.settings.host
            ))),
        }
    }

    async fn in_time<T>(
        &self,
        deadline: Deadline,
        steps: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ActionError> {
        let left = deadline.left().min(Duration::from_secs(self.settings.timeout_secs));
        match tokio::time::timeout(left, steps).await {
            Ok(result) => result.map_err(|error| self.refused(&error)),
            Err(_) => Err(ActionError::unavailable(format!(
                "{} did not answer in time; the mail itself was not sent yet",
                self.settings.host
            ))),
        }
    }

    /// What it means that a step failed before the mail itself was sent, or that the relay has refused it.
    fn refused(&self, error: &Error) -> ActionError {
        let said = clip(&self.redactor.redact(&cause(error)), 300);
        let Some(code) = error.status() else {
            let failure = if error.is_client() {
                Failure::Rejected
            } else {
                Failure::Unavailable { retry_after: None }
            };
            return ActionError::new(failure, format!("{}: {said}", self.settings.host));
        };
        let number: u16 = code.to_string().parse().unwrap_or_default();
        let failure = meaning(code.severity, number, &said);
        // A relay that does not accept the account may repeat what it was shown.
        let said = if failure == Failure::Credentials { "it does not accept the account" } else { &said };
        ActionError::new(failure, format!("{} answered {number}: {said}", self.settings.host))
            .with_vendor(VendorReply { status: Some(i64::from(number)), ..VendorReply::default() })
    }

    fn lost(&self, why: &str) -> ActionError {
        let why = clip(&self.redactor.redact(why), 200);
        ActionError::uncertain(format!(
            "{} was sent the mail and has not said that it took it: {why}",
            self.settings.host
        ))
    }
}

/// What an answer means. The number after it (5.7.1) says more than the number before.
fn meaning(severity: Severity, number: u16, said: &str) -> Failure {
    let enhanced = said.split_whitespace().next().unwrap_or_default();
    match (severity, number) {
        (Severity::TransientNegativeCompletion, _) if enhanced.starts_with("4.7.") => {
            Failure::Throttled { retry_after: None }
        }
        (Severity::TransientNegativeCompletion, _) => Failure::Unavailable { retry_after: None },
        (_, 530 | 534 | 535) => Failure::Credentials,
        (_, _) if enhanced.starts_with("5.7.") => Failure::Forbidden,
        (_, 550) if enhanced.starts_with("5.1.") => Failure::NotFound,
        _ => Failure::Rejected,
    }
}

/// The innermost cause: what the relay said, or what the network did.
fn cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn tls(settings: &SmtpSettings) -> Result<TlsParameters, ConnectError> {
    let own = settings.ca_file.as_deref().map(authority).transpose()?;
    let mut builder = TlsParameters::builder(settings.host.clone());
    builder = builder.certificate_store(others(own.as_ref()));
    if let Some(certificate) = own {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| ConnectError(format!("TLS cannot be set up: {error}")))
}

/// Who is trusted besides: where the settings name an authority, nobody.
fn others(own: Option<&Certificate>) -> CertificateStore {
    match own {
        Some(_) => CertificateStore::None,
        None => CertificateStore::Default,
    }
}

fn authority(path: &Path) -> Result<Certificate, ConnectError> {
    let refused = |why: String| ConnectError(format!("ca_file: {} {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    Certificate::from_pem(&pem).map_err(|_| refused("holds no certificate in PEM form".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_of_the_settings_is_the_only_one() {
        let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let own = Certificate::from_pem(pem).unwrap();
        assert!(matches!(others(Some(&own)), CertificateStore::None));
        assert!(matches!(others(None), CertificateStore::Default));
    }

    #[test]
    fn answers_have_one_meaning() {
        let (later, never) = (Severity::TransientNegativeCompletion, Severity::PermanentNegativeCompletion);
        let unavailable = Failure::Unavailable { retry_after: None };
        for (severity, number, said, failure) in [
            (later, 421, "closing", unavailable),
            (later, 451, "4.7.1 greylisted, come back", Failure::Throttled { retry_after: None }),
            (later, 452, "4.2.2 mailbox full", unavailable),
            (never, 535, "5.7.8 authentication failed", Failure::Credentials),
            (never, 530, "5.7.0 must authenticate", Failure::Credentials),
            (never, 550, "5.7.1 relaying denied", Failure::Forbidden),
            (never, 550, "5.1.1 no such user", Failure::NotFound),
            (never, 552, "too large", Failure::Rejected),
            (never, 554, "spam", Failure::Rejected),
        ] {
            assert_eq!(meaning(severity, number, said), failure, "{number} {said}");
        }
    }
}
