//! `quell check --against FOLDER`: the playbooks, held against sample alerts.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use quell_alert::Decoded;
use quell_ingest::{AlertSource, FileSettings, FileSource, Input};
use quell_playbook::model::Playbook;
use quell_playbook::{Against, Moment};
use quell_run::Clock;

use crate::cli::Context;
use crate::clock::SystemClock;
use crate::reach;
use crate::records::understand;
use crate::show::Reading;

/// Holds playbooks against every alert below a folder; with the named lists of the site, where they are those of a site.
pub(super) async fn hold(
    playbooks: &[Arc<Playbook>],
    folder: &Path,
    site: Option<&Context>,
) -> anyhow::Result<Against> {
    let moment = match site {
        Some(context) => reach::moment(context).await?,
        None => Moment::from(SystemClock.now()),
    };
    let bar = Reading::new();
    let settings = FileSettings::new([Input::from_argument(folder.to_owned())]);
    let source = FileSource::start(&settings, Some(bar.clone()))?;
    bar.total(source.total_bytes());
    let mut against = Against::new(playbooks);
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
