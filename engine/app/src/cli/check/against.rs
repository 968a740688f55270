//! `quell check --against FOLDER`: the playbooks, held against sample alerts.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use quell_alert::Decoded;
use quell_ingest::{AlertSource, FileSettings, FileSource, Input};
use quell_playbook::model::Playbook;
use quell_playbook::{Against, Moment};
use quell_run::Clock;

use crate::clock::SystemClock;
use crate::records::understand;
use crate::show::Reading;

/// Holds playbooks against every alert below a folder.
pub(super) async fn hold(playbooks: &[Arc<Playbook>], folder: &Path) -> anyhow::Result<Against> {
    let bar = Reading::new();
    let settings = FileSettings::new([Input::from_argument(folder.to_owned())]);
    let source = FileSource::start(&settings, Some(bar.clone()))?;
    bar.total(source.total_bytes());
    let mut against = Against::new(playbooks);
    let moment = Moment::from(SystemClock.now());
    while let Some(deliveries) = source.fetch(256).await? {
        for record in deliveries.iter().flat_map(understand) {
            if let Decoded::Alert(alert) = record {
                against.look(&alert, &moment);
            }
        }
        source.accept(&deliveries.iter().map(|delivery| delivery.receipt).collect::<Vec<_>>());
    }
    bar.finish();
    if against.alerts() == 0 {
        bail!("there is no alert below {}", folder.display());
    }
    Ok(against)
}
