//! Creating topics, where the settings say so.

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;

use super::client::{KafkaAccess, create};
use super::explain::plain;
use super::settings::{Mechanism, TopicShape};
use super::watch::Watch;
use crate::error::IngestError;

/// Creates these topics. One that somebody else has just created counts as created.
pub(crate) async fn create_topics(
    access: &KafkaAccess,
    topics: &[String],
    shape: TopicShape,
) -> Result<(), IngestError> {
    let first = topics.first().cloned().unwrap_or_default();
    if access.mechanism() == Some(Mechanism::OauthBearer) {
        // The library's administrative client never serves its token event, so it could not sign in.
        let problem =
            "topics cannot be created over OAUTHBEARER; create it with the broker's own tools".into();
        return Err(IngestError::CreateTopic { topic: first, problem });
    }
    let admin: AdminClient<Watch> = create(&access.config()?, access.watch())?;
    let wanted: Vec<NewTopic<'_>> = topics
        .iter()
        .map(|name| {
            NewTopic::new(name, shape.partitions.into(), TopicReplication::Fixed(shape.replication.into()))
        })
        .collect();
    let options = AdminOptions::new()
        .operation_timeout(Some(access.connection.connect_deadline()))
        .request_timeout(Some(access.connection.connect_deadline()));
    let answers = admin.create_topics(&wanted, &options).await;
    // Dropping the client joins its thread, which may be in the middle of a poll.
    drop(tokio::task::spawn_blocking(move || drop(admin)));
    for answer in
        answers.map_err(|error| IngestError::CreateTopic { topic: first, problem: plain(&error) })?
    {
        match answer {
            Ok(topic) => tracing::info!(topic, "created the topic, as the settings say"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(IngestError::CreateTopic { topic, problem: code.to_string() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::settings::{ConnectionSettings, SaslSettings};
    use super::*;

    #[tokio::test]
    async fn over_oauthbearer_it_is_told_at_once_that_no_topic_can_be_made() {
        let mut connection = ConnectionSettings::new(["127.0.0.1:1"]);
        connection.connect_deadline_seconds = 2;
        connection.security.sasl = Some(SaslSettings {
            mechanism: Mechanism::OauthBearer,
            username: None,
            password: None,
            token_file: Some("token".into()),
            kerberos_service: None,
            kerberos_principal: None,
            kerberos_keytab: None,
        });
        let shape = TopicShape { partitions: 1, replication: 1 };
        let error = create_topics(&KafkaAccess::new(connection), &["t".into()], shape).await.unwrap_err();
        assert!(error.to_string().contains("broker's own tools"), "{error}");
    }
}
