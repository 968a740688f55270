//! Encryption and sign-in, from our settings to those of the client library.

use std::path::Path;

use rdkafka::ClientConfig;

use super::settings::{ConnectionSettings, Mechanism, SaslSettings, TlsSettings, refuse};
use crate::error::IngestError;

/// Checks the security settings and writes them into the client's.
///
/// `has_tokens` says that the program brings a token source.
pub(crate) fn apply(
    config: &mut ClientConfig,
    connection: &ConnectionSettings,
    has_tokens: bool,
) -> Result<(), IngestError> {
    let security = &connection.security;
    if let Some(sasl) = &security.sasl {
        check_sasl(sasl, has_tokens)?;
        if security.tls.is_none() && sends_secrets_in_the_clear(sasl.mechanism) && !is_loopback(connection) {
            return refuse(
                "connection.security.tls",
                &format!("{} sends its secret in the clear; add `tls: {{}}`", sasl.mechanism.name()),
            );
        }
    }
    let protocol = match (&security.tls, &security.sasl) {
        (None, None) => "PLAINTEXT",
        (Some(_), None) => "SSL",
        (None, Some(_)) => "SASL_PLAINTEXT",
        (Some(_), Some(_)) => "SASL_SSL",
    };
    config.set("security.protocol", protocol);
    if let Some(tls) = &security.tls {
        apply_tls(config, tls)?;
    }
    if let Some(sasl) = &security.sasl {
        apply_sasl(config, sasl)?;
    }
    Ok(())
}

fn apply_tls(config: &mut ClientConfig, tls: &TlsSettings) -> Result<(), IngestError> {
    // The client verifies by default; saying so here keeps it true whatever its defaults become.
    config.set("enable.ssl.certificate.verification", "true");
    config.set("ssl.endpoint.identification.algorithm", "https");
    if tls.certificate_file.is_some() != tls.key_file.is_some() {
        return refuse("connection.security.tls", "certificate_file and key_file belong together");
    }
    let files = [
        ("ca_file", "ssl.ca.location", &tls.ca_file),
        ("certificate_file", "ssl.certificate.location", &tls.certificate_file),
        ("key_file", "ssl.key.location", &tls.key_file),
    ];
    for (key, theirs, file) in files {
        if let Some(path) = file {
            config.set(theirs, readable(&format!("connection.security.tls.{key}"), path)?);
        }
    }
    if let Some(password) = &tls.key_password {
        config.set("ssl.key.password", password.reveal());
    }
    Ok(())
}

fn apply_sasl(config: &mut ClientConfig, sasl: &SaslSettings) -> Result<(), IngestError> {
    config.set("sasl.mechanisms", sasl.mechanism.name());
    if let Some(username) = &sasl.username {
        config.set("sasl.username", username);
    }
    if let Some(password) = &sasl.password {
        config.set("sasl.password", password.reveal());
    }
    if let Some(service) = &sasl.kerberos_service {
        config.set("sasl.kerberos.service.name", service);
    }
    if let Some(principal) = &sasl.kerberos_principal {
        config.set("sasl.kerberos.principal", principal);
    }
    if let Some(keytab) = &sasl.kerberos_keytab {
        let path = readable("connection.security.sasl.kerberos_keytab", keytab)?;
        config.set("sasl.kerberos.keytab", path);
    }
    Ok(())
}

fn check_sasl(sasl: &SaslSettings, has_tokens: bool) -> Result<(), IngestError> {
    let name = sasl.mechanism.name();
    match sasl.mechanism {
        Mechanism::Plain | Mechanism::ScramSha256 | Mechanism::ScramSha512 => {
            if sasl.username.as_deref().unwrap_or_default().is_empty() {
                return refuse("connection.security.sasl.username", &format!("{name} needs a user"));
            }
            if sasl.password.as_ref().is_none_or(|password| password.reveal().is_empty()) {
                return refuse("connection.security.sasl.password", &format!("{name} needs a password"));
            }
        }
        Mechanism::OauthBearer => {
            if !has_tokens && sasl.token_file.is_none() {
                return refuse("connection.security.sasl.token_file", "OAUTHBEARER needs a token");
            }
        }
        Mechanism::Gssapi => {
            if !cfg!(feature = "gssapi") {
                return refuse(
                    "connection.security.sasl.mechanism",
                    "this build has no GSSAPI (Kerberos); build with the feature `gssapi` of quell-ingest, \
                     or use SCRAM-SHA-512",
                );
            }
        }
    }
    Ok(())
}

fn sends_secrets_in_the_clear(mechanism: Mechanism) -> bool {
    matches!(mechanism, Mechanism::Plain | Mechanism::OauthBearer)
}

fn is_loopback(connection: &ConnectionSettings) -> bool {
    connection.brokers.iter().all(|broker| {
        let host = broker.rsplit_once(':').map_or(broker.as_str(), |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// Opens the file once, so that a wrong path is told by the name of its setting, before any connection.
fn readable(key: &str, path: &Path) -> Result<String, IngestError> {
    let refused = |source| IngestError::SettingsFile { key: key.into(), path: path.into(), source };
    std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read(&mut file, &mut [0]))
        .map_err(refused)?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| refused(std::io::Error::other("the path is not valid UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::settings::SecuritySettings;
    use crate::secret::Secret;

    fn sasl(mechanism: Mechanism) -> SaslSettings {
        SaslSettings {
            mechanism,
            username: Some("u".into()),
            password: Some(Secret::new("p4ssw0rd")),
            token_file: None,
            kerberos_service: None,
            kerberos_principal: None,
            kerberos_keytab: None,
        }
    }

    fn applied(broker: &str, tls: Option<TlsSettings>, sasl: Option<SaslSettings>) -> Result<String, String> {
        let mut connection = ConnectionSettings::new([broker]);
        connection.security = SecuritySettings { tls, sasl };
        let mut config = ClientConfig::new();
        apply(&mut config, &connection, false).map_err(|error| error.to_string())?;
        Ok(config.get("security.protocol").unwrap().into())
    }

    #[test]
    fn the_protocol_follows_from_what_is_configured() {
        let tls = || Some(TlsSettings::default());
        let scram = || Some(sasl(Mechanism::ScramSha512));
        assert_eq!(applied("h:1", None, None).unwrap(), "PLAINTEXT");
        assert_eq!(applied("h:1", tls(), None).unwrap(), "SSL");
        assert_eq!(applied("h:1", None, scram()).unwrap(), "SASL_PLAINTEXT");
        assert_eq!(applied("h:1", tls(), scram()).unwrap(), "SASL_SSL");
    }

    #[test]
    fn a_password_in_the_clear_leaves_this_machine_only_inside_tls() {
        let plain = || Some(sasl(Mechanism::Plain));
        assert!(applied("h:1", None, plain()).unwrap_err().contains("in the clear"));
        assert!(applied("10.0.0.1:1", None, plain()).is_err());
        for here in ["127.0.0.1:1", "localhost:1", "[::1]:1"] {
            assert_eq!(applied(here, None, plain()).unwrap(), "SASL_PLAINTEXT");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut no_user = sasl(Mechanism::Plain);
        no_user.username = None;
        let mut no_password = sasl(Mechanism::ScramSha256);
        no_password.password = Some(Secret::new(""));
        for (settings, key) in [
            (no_user, "sasl.username"),
            (no_password, "sasl.password"),
            (sasl(Mechanism::OauthBearer), "sasl.token_file"),
        ] {
            let error = applied("127.0.0.1:1", None, Some(settings)).unwrap_err();
            assert!(error.contains(key) && !error.contains("p4ssw0rd"), "{error}");
        }
        if !cfg!(feature = "gssapi") {
            let error = applied("127.0.0.1:1", None, Some(sasl(Mechanism::Gssapi))).unwrap_err();
            assert!(error.contains("no GSSAPI"), "{error}");
        }
    }

    #[test]
    fn files_are_looked_at_before_anything_is_sent() {
        let lost = TlsSettings { ca_file: Some("/nowhere/ca.pem".into()), ..TlsSettings::default() };
        let error = applied("h:1", Some(lost), None).unwrap_err();
        assert!(error.contains("tls.ca_file") && error.contains("/nowhere/ca.pem"), "{error}");
        let half = TlsSettings { certificate_file: Some("/etc/hosts".into()), ..TlsSettings::default() };
        assert!(applied("h:1", Some(half), None).unwrap_err().contains("belong together"));
    }
}
