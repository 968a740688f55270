//! Where the site's alerts come from, and where its dead letters go.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use quell_ingest::{
    AlertSource, DeadLetters, FileDeadLetters, FileSettings, FileSource, Input, KafkaAccess,
    KafkaDeadLetters, KafkaSource, ReadProgress,
};

use crate::config::Site;
use crate::kafka;

/// Letters that no topic may hold, and all of them where there is no topic.
const FILE: &str = "dead-letters.jsonl";

/// A source of alerts.
pub(crate) struct Feed {
    pub(crate) source: Arc<dyn AlertSource>,
    /// Whether it comes to an end by itself.
    pub(crate) ends: bool,
}

/// The site's source.
pub(crate) async fn feed(site: &Site, progress: Option<Arc<dyn ReadProgress>>) -> anyhow::Result<Feed> {
    if let Some(settings) = kafka::settings(site)? {
        let source = KafkaSource::start(&settings).await?;
        return Ok(Feed { source: Arc::new(source), ends: false });
    }
    let Some(files) = &site.config.source.files else {
        bail!(
            site.mistakes([("source".to_owned(), "names no source: write `kafka:` or `files:`".to_owned())])
        );
    };
    let settings = FileSettings::new(files.iter().cloned().map(Input::Path));
    Ok(Feed { source: Arc::new(FileSource::start(&settings, progress)?), ends: true })
}

/// Where the site's dead letters go.
pub(crate) async fn dead_letters(site: &Site) -> anyhow::Result<Arc<dyn DeadLetters>> {
    let file = FileDeadLetters::open(letter_file(site))?;
    let (Some(topic), Some(kafka)) = (&site.config.dead_letters.topic, kafka::settings(site)?) else {
        return Ok(Arc::new(file));
    };
    let access = KafkaAccess::new(kafka.connection);
    Ok(Arc::new(KafkaDeadLetters::start(&access, topic, file).await?))
}

/// The file of dead letters.
pub(crate) fn letter_file(site: &Site) -> PathBuf {
    site.config.dead_letters.file.clone().unwrap_or_else(|| site.config.state.join(FILE))
}
