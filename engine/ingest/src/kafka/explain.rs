//! What the client library's errors mean, and what to do about them.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::settings::ConnectionSettings;

/// What an error is about, which decides who can mend it and when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Reaching one broker: it is tried again for ever.
    Reach,
    /// There is no broker left that can be reached.
    NoBroker,
    /// The TLS handshake.
    Tls,
    /// The sign-in.
    SignIn,
    /// A topic that is not there, which may come back under the eyes of the client.
    Gone,
    /// A topic or group: what was asked for is not allowed.
    Subject,
    /// Anything else.
    Other,
}

/// What to tell people about an error of the client: what it is about, and the words.
pub(crate) fn explain(
    code: Option<RDKafkaErrorCode>,
    reason: &str,
    connection: &ConnectionSettings,
) -> (About, String) {
    use RDKafkaErrorCode as Code;
    let reason = without_thread(reason);
    match code {
        Some(Code::SSL) => (About::Tls, tls(reason, connection)),
        Some(Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism) => {
            (About::SignIn, sign_in(reason, connection))
        }
        Some(Code::Resolve) => (
            About::Reach,
            format!("a broker's host name is unknown ({reason}): check `brokers` and the name server"),
        ),
        Some(Code::AllBrokersDown) => (About::NoBroker, "no broker can be reached; trying again".into()),
        Some(Code::BrokerTransportFailure | Code::OperationTimedOut | Code::MessageTimedOut) => {
            (About::Reach, reach(reason, connection))
        }
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
            (About::Gone, format!("a topic is gone ({reason}): create it again or correct `topics`"))
        }
        Some(Code::TopicAuthorizationFailed) => {
            (About::Subject, format!("not allowed to use a topic ({reason}): grant READ and DESCRIBE on it"))
        }
        Some(Code::GroupAuthorizationFailed) => {
            (About::Subject, format!("not allowed to use the group ({reason}): grant READ on it"))
        }
        _ => (About::Other, reason.to_owned()),
    }
}

/// The code and text of an error value of the library, without any configured value in it.
pub(crate) fn plain(error: &KafkaError) -> String {
    match error {
        // The library's own text repeats the value, which may be a password.
        KafkaError::ClientConfig(_, problem, key, _) => format!("`{key}`: {problem}"),
        KafkaError::ClientCreation(problem) => without_thread(problem).to_owned(),
        other => match other.rdkafka_error_code() {
            Some(code) => code.to_string(),
            None => other.to_string(),
        },
    }
}

fn tls(reason: &str, connection: &ConnectionSettings) -> String {
    let tls = connection.security.tls.as_ref();
    let trusted = match tls.and_then(|tls| tls.ca_file.as_ref()) {
        Some(path) => format!("the CA in ca_file ({})", path.display()),
        None => "a CA that this system trusts (no ca_file is set)".into(),
    };
    let advice = if reason.contains("certificate verify failed") {
        format!(
            "the broker's certificate is not signed by {trusted}, is out of date, or is for another host name \
             than the one in `brokers`"
        )
    } else if ["certificate required", "bad certificate", "unexpected message"]
        .iter()
        .any(|s| reason.contains(s))
    {
        "the broker asks for a client certificate: set certificate_file and key_file".into()
    } else if ["wrong version number", "record layer", "packet length"].iter().any(|s| reason.contains(s)) {
        "that port does not speak TLS: correct the port, or remove `tls`".into()
    } else {
        "check certificates, host name and port".into()
    };
    format!("{advice} ({reason})")
}

fn sign_in(reason: &str, connection: &ConnectionSettings) -> String {
    let Some(sasl) = &connection.security.sasl else {
        return format!("the broker asks for a sign-in: set `security.sasl` ({reason})");
    };
    let mechanism = sasl.mechanism.name();
    if reason.contains("handshake failed") || reason.contains("Unsupported") {
        return format!("the broker does not offer {mechanism} on that port: correct `mechanism` ({reason})");
    }
    match &sasl.username {
        Some(user) => format!("wrong user or password for {mechanism}, user `{user}` ({reason})"),
        None => format!("the {mechanism} credentials were not accepted ({reason})"),
    }
}

fn reach(reason: &str, connection: &ConnectionSettings) -> String {
    let security = &connection.security;
    let in_handshake = reason.contains("Disconnected") && reason.contains("in state SSL_HANDSHAKE");
    if in_handshake || reason.contains("connecting to a PLAINTEXT broker listener") {
        format!("that port does not seem to speak TLS: correct the port, or remove `tls` ({reason})")
    } else if reason.contains("in state APIVERSION_QUERY") && security.tls.is_none() {
        format!("the broker hung up; that port may want TLS: add `security.tls` ({reason})")
    } else if hung_up(reason) && reason.contains("in state UP") && security.sasl.is_none() {
        format!("the broker hung up; it may ask for a sign-in: add `security.sasl` ({reason})")
    } else {
        format!("a broker cannot be reached ({reason})")
    }
}

/// Whether the other side closed the connection; whoever writes at that moment is told of a broken pipe.
fn hung_up(reason: &str) -> bool {
    ["Disconnected", "Broken pipe", "Connection reset"].iter().any(|words| reason.contains(words))
}

/// The library puts the name of its thread before what it says.
fn without_thread(reason: &str) -> &str {
    match reason.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")) {
        Some((_, rest)) => rest,
        None => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::settings::{Mechanism, SaslSettings, TlsSettings};
    use crate::secret::Secret;

    fn connection() -> ConnectionSettings {
        let mut connection = ConnectionSettings::new(["kafka:9093"]);
        connection.security.tls = Some(TlsSettings { ca_file: Some("ca.pem".into()), ..Default::default() });
        connection.security.sasl = Some(SaslSettings {
            mechanism: Mechanism::Plain,
            username: Some("quell".into()),
            password: Some(Secret::new("p4ssw0rd")),
            token_file: None,
            kerberos_service: None,
            kerberos_principal: None,
            kerberos_keytab: None,
        });
        connection
    }

    #[test]
    fn each_failure_names_what_failed_and_what_to_do() {
        use RDKafkaErrorCode as Code;
        let verify =
            "ssl://kafka:9093/bootstrap: SSL handshake failed: error:0A000086: certificate verify failed";
        let hung_up = "Disconnected: connection closed by peer (after 2ms in state UP)";
        let cases = [
            (Code::BrokerTransportFailure, hung_up, About::Reach, "a broker cannot be reached"),
            (Code::SSL, verify, About::Tls, "not signed by the CA in ca_file (ca.pem)"),
            (Code::SSL, "alert certificate required", About::Tls, "certificate_file"),
            (Code::Authentication, "Authentication failed", About::SignIn, "user `quell`"),
            (Code::Authentication, "Unsupported mechanism", About::SignIn, "does not offer PLAIN"),
            (Code::Resolve, "Name not known", About::Reach, "host name is unknown"),
            (Code::BrokerTransportFailure, "Connection refused", About::Reach, "cannot be reached"),
            (Code::UnknownTopicOrPartition, "alerts", About::Gone, "create it again"),
            (Code::TopicAuthorizationFailed, "alerts", About::Subject, "grant READ"),
        ];
        for (code, reason, about, words) in cases {
            let (found, text) = explain(Some(code), reason, &connection());
            assert_eq!(found, about, "{text}");
            assert!(text.contains(words) && text.contains(reason) && !text.contains("p4ssw0rd"), "{text}");
        }
    }

    #[test]
    fn a_refused_value_is_not_repeated() {
        let mut config = rdkafka::ClientConfig::new();
        config.set("fetch.wait.max.ms", "p4ssw0rd");
        let error = config.create_native_config().err().unwrap();
        let text = plain(&error);
        assert!(text.contains("fetch.wait.max.ms") && !text.starts_with("Client config"), "{text}");
    }

    #[test]
    fn the_thread_name_is_left_out() {
        assert_eq!(without_thread("[thrd:ssl://a:1/bootstrap]: ssl://a:1: no"), "ssl://a:1: no");
        assert_eq!(without_thread("plain"), "plain");
    }
}
