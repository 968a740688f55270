//! The site's dead letters, wherever they are kept: the topic, and the file.

use std::io::ErrorKind;

use quell_ingest::{DeadLetter, FileDeadLetters, IngestError, KafkaAccess, KafkaLetters};

use crate::config::Site;
use crate::kafka;
use crate::service::letter_file;

/// What is found where letters are kept: a letter, or why it is none.
pub(crate) type Found = Result<DeadLetter, IngestError>;

/// Looks at each letter of the site, the topic's before the file's; each the oldest first. A record that is there twice
/// is shown twice.
pub(crate) async fn each(site: &Site, mut look: impl FnMut(Found)) -> anyhow::Result<()> {
    if let (Some(topic), Some(kafka)) = (&site.config.dead_letters.topic, kafka::settings(site)?) {
        let mut letters = KafkaLetters::open(&KafkaAccess::new(kafka.connection), topic).await?;
        while let Some(found) = letters.next().await {
            look(found);
        }
    }
    match FileDeadLetters::read(&letter_file(site)) {
        Ok(lines) => {
            for line in lines {
                look(line?.letter);
            }
            Ok(())
        }
        Err(IngestError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}
