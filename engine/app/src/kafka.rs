//! The site's section about Kafka, read into what `ingest` takes.

use anyhow::bail;
use quell_ingest::KafkaSettings;
use serde_json::Value;

use crate::config::{Site, secret};

/// The Kafka section as it stands, its secrets still references: for checking.
pub(crate) fn settings_unfollowed(site: &Site) -> anyhow::Result<Option<KafkaSettings>> {
    let Some(tree) = &site.config.source.kafka else { return Ok(None) };
    typed(site, secret::hidden(tree.clone())).map(Some)
}

/// The Kafka section with its secrets.
pub(crate) fn settings(site: &Site) -> anyhow::Result<Option<KafkaSettings>> {
    let Some(tree) = &site.config.source.kafka else { return Ok(None) };
    typed(site, secret::followed(tree.clone())?).map(Some)
}

fn typed(site: &Site, tree: Value) -> anyhow::Result<KafkaSettings> {
    let settings: KafkaSettings = match serde_path_to_error::deserialize(tree) {
        Ok(settings) => settings,
        Err(error) => {
            let place = format!("source.kafka.{}", error.path());
            let place = place.trim_end_matches('.').to_owned();
            bail!(site.mistakes([(place, error.inner().to_string())]));
        }
    };
    match settings.check() {
        Ok(()) => Ok(settings),
        Err(error) => bail!(site.mistakes([("source.kafka".to_owned(), error.to_string())])),
    }
}
