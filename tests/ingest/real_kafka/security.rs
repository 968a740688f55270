//! Encryption and sign-in: each way once with success, and each mistake with its words.

use std::sync::Arc;

use quell_ingest::kafka::{
    ConnectionSettings, KafkaAccess, Mechanism, SaslSettings, TlsSettings, UnsignedTokens,
};
use quell_ingest::{AlertSource, IngestError, KafkaSource, Secret};

use super::{control, shared, variable};
use crate::broker::{Broker, fetch, receipts};
use crate::waiting::PATIENCE;

fn tls() -> TlsSettings {
    TlsSettings { ca_file: Some(variable("QUELL_TEST_KAFKA_CA").into()), ..TlsSettings::default() }
}

fn sasl(mechanism: Mechanism) -> SaslSettings {
    SaslSettings {
        mechanism,
        username: Some(variable("QUELL_TEST_KAFKA_USER")),
        password: Some(Secret::new(variable("QUELL_TEST_KAFKA_PASSWORD"))),
        token_file: None,
        kerberos_service: None,
        kerberos_principal: None,
        kerberos_keytab: None,
    }
}

fn connection(listener: &str, tls: Option<TlsSettings>, sasl: Option<SaslSettings>) -> ConnectionSettings {
    let mut connection = ConnectionSettings::new([variable(listener)]);
    connection.security.tls = tls;
    connection.security.sasl = sasl;
    connection
}

/// Reads a record, accepts it, and sees it committed, all over this access.
async fn reads(broker: &Broker, access: &KafkaAccess, connection: ConnectionSettings) {
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..1).await;
    let mut settings = broker.settings(&topic);
    settings.connection = connection;
    let source = KafkaSource::start_with(&settings, access).await.unwrap();
    source.accept(&receipts(&fetch(&source, 1).await));
    broker.until_committed(&settings, 1).await;
    source.close(PATIENCE).await.unwrap();
}

async fn reads_with(connection: ConnectionSettings) {
    let (broker, _guard) = shared().await;
    reads(&broker, &KafkaAccess::new(connection.clone()), connection).await;
}

/// What the start says. No secret may be in it.
async fn refusal(connection: ConnectionSettings) -> IngestError {
    let (broker, _guard) = shared().await;
    let mut settings = broker.settings("not-reached");
    settings.connection = connection;
    let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
    let words = format!("{error} {error:?}");
    assert!(!words.contains(&variable("QUELL_TEST_KAFKA_PASSWORD")) && !words.contains("wr0ng"), "{words}");
    error
}

#[tokio::test]
async fn over_tls() {
    reads_with(connection("QUELL_TEST_KAFKA_SSL", Some(tls()), None)).await;
}

#[tokio::test]
async fn over_tls_with_a_client_certificate() {
    let mut tls = tls();
    tls.certificate_file = Some(variable("QUELL_TEST_KAFKA_CLIENT_CERT").into());
    tls.key_file = Some(variable("QUELL_TEST_KAFKA_CLIENT_KEY").into());
    reads_with(connection("QUELL_TEST_KAFKA_SSL", Some(tls), None)).await;
}

#[tokio::test]
async fn with_plain() {
    reads_with(connection("QUELL_TEST_KAFKA_SASL", Some(tls()), Some(sasl(Mechanism::Plain)))).await;
}

#[tokio::test]
async fn with_scram_sha_256() {
    reads_with(connection("QUELL_TEST_KAFKA_SASL", Some(tls()), Some(sasl(Mechanism::ScramSha256)))).await;
}

#[tokio::test]
async fn with_scram_sha_512() {
    reads_with(connection("QUELL_TEST_KAFKA_SASL", Some(tls()), Some(sasl(Mechanism::ScramSha512)))).await;
}

#[tokio::test]
async fn with_oauthbearer_and_a_token_source_of_ones_own() {
    let (broker, _guard) = shared().await;
    let connection = connection("QUELL_TEST_KAFKA_OAUTH", Some(tls()), Some(sasl(Mechanism::OauthBearer)));
    let expires = chrono::DateTime::parse_from_rfc3339("2100-01-01T00:00:00Z").unwrap().timestamp();
    let tokens = UnsignedTokens { subject: "quell".into(), expires };
    let access = KafkaAccess::with_tokens(connection.clone(), Arc::new(tokens));
    reads(&broker, &access, connection).await;
}

#[tokio::test]
async fn with_oauthbearer_and_a_signed_token_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, control(&["token"])).unwrap();
    let mut sasl = sasl(Mechanism::OauthBearer);
    sasl.token_file = Some(file);
    reads_with(connection("QUELL_TEST_KAFKA_JWT", Some(tls()), Some(sasl))).await;
}

#[tokio::test]
async fn a_token_that_is_not_accepted_or_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let mut sasl = sasl(Mechanism::OauthBearer);
    sasl.token_file = Some(file.clone());
    let connection = connection("QUELL_TEST_KAFKA_JWT", Some(tls()), Some(sasl));
    let error = refusal(connection.clone()).await;
    assert!(
        matches!(&error, IngestError::SignIn { problem } if problem.contains("cannot read token file")),
        "{error}"
    );
    std::fs::write(&file, control(&["unsigned-token"])).unwrap();
    let error = refusal(connection).await;
    assert!(matches!(&error, IngestError::SignIn { problem } if problem.contains("OAUTHBEARER")), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_told_with_the_user_and_quickly() {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512] {
        let mut sasl = sasl(mechanism);
        sasl.password = Some(Secret::new("wr0ng"));
        let mut connection = connection("QUELL_TEST_KAFKA_SASL", Some(tls()), Some(sasl));
        connection.connect_deadline_seconds = 600;
        let error = tokio::time::timeout(PATIENCE, refusal(connection))
            .await
            .expect("it must not wait for the deadline");
        let words = error.to_string();
        assert!(matches!(error, IngestError::SignIn { .. }), "{words}");
        assert!(words.contains("user `quell`") && words.contains(mechanism.name()), "{words}");
    }
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_told() {
    let mut sasl = sasl(Mechanism::Plain);
    sasl.password = Some(Secret::new("any"));
    let error = refusal(connection("QUELL_TEST_KAFKA_OAUTH", Some(tls()), Some(sasl))).await;
    assert!(
        matches!(&error, IngestError::SignIn { problem } if problem.contains("does not offer PLAIN")),
        "{error}"
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_told_with_the_file() {
    let other = variable("QUELL_TEST_KAFKA_OTHER_CA");
    let wrong = TlsSettings { ca_file: Some(other.clone().into()), ..TlsSettings::default() };
    for (listener, sasl) in
        [("QUELL_TEST_KAFKA_SSL", None), ("QUELL_TEST_KAFKA_SASL", Some(sasl(Mechanism::Plain)))]
    {
        let error = refusal(connection(listener, Some(wrong.clone()), sasl)).await;
        let words = error.to_string();
        assert!(matches!(error, IngestError::Tls { .. }), "{words}");
        assert!(words.contains("not signed by the CA in ca_file") && words.contains(&other), "{words}");
    }
    let error = refusal(connection("QUELL_TEST_KAFKA_SSL", Some(TlsSettings::default()), None)).await;
    assert!(error.to_string().contains("no ca_file is set"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "not a certificate").unwrap();
    let wrong = TlsSettings { ca_file: Some(file), ..TlsSettings::default() };
    let error = refusal(connection("QUELL_TEST_KAFKA_SSL", Some(wrong), None)).await;
    assert!(
        matches!(error, IngestError::Setup { .. }) && error.to_string().contains("ssl.ca.location"),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_that_speaks_otherwise_is_told() {
    let mut to_plain = connection("QUELL_TEST_KAFKA", Some(tls()), None);
    to_plain.connect_deadline_seconds = 4;
    let words = refusal(to_plain).await.to_string();
    assert!(words.contains("speak"), "{words}");
    let mut to_tls = connection("QUELL_TEST_KAFKA_SSL", None, None);
    to_tls.connect_deadline_seconds = 4;
    let words = refusal(to_tls).await.to_string();
    assert!(words.contains("may want TLS"), "{words}");
    let mut no_sign_in = connection("QUELL_TEST_KAFKA_SASL", Some(tls()), None);
    no_sign_in.connect_deadline_seconds = 4;
    let words = refusal(no_sign_in).await.to_string();
    assert!(words.contains("security.sasl"), "{words}");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told() {
    let mut unknown = ConnectionSettings::new(["broker.invalid:9092"]);
    unknown.connect_deadline_seconds = 4;
    let error = refusal(unknown).await;
    assert!(matches!(error, IngestError::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().contains("broker.invalid:9092") && error.to_string().contains("host name"),
        "{error}"
    );
    let mut closed = ConnectionSettings::new(["127.0.0.1:1"]);
    closed.connect_deadline_seconds = 4;
    let error = refusal(closed).await.to_string();
    assert!(error.contains("127.0.0.1:1") && error.contains("within 4s"), "{error}");
}
