//! The exclusion list of a site: its file and the operators' entries in the store, put together.

use std::fs;

use anyhow::bail;
use chrono::Duration;
use quell_action::exclusion::Entry;
use quell_action::exclusion::form::{ExclusionFile, SiteExclusions};
use quell_action::{Catalogue, ExclusionList};
use serde_json::{Value, json};

use crate::config::{Mistakes, Site, one_mistake, open};

/// Reads the site's exclusion file. A site without one is refused: an empty list is written as such, so that a file
/// that was moved away is noticed before it matters.
pub(crate) fn read(site: &Site, catalogue: &Catalogue) -> anyhow::Result<SiteExclusions> {
    let path = &site.config.exclusions;
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| {
        let what = format!(
            "{name} could not be read ({error}); where nobody is to be left alone, write an empty list"
        );
        site.mistakes([("exclusions".to_owned(), what)])
    })?;
    let document = open(&name, &bytes)?;
    let file: ExclusionFile = document.to_typed().map_err(|wrong| one_mistake(&name, &document, *wrong))?;
    match file.read(Some(catalogue)) {
        Ok(exclusions) => Ok(exclusions),
        Err(problems) => bail!(Mistakes {
            diagnostics: problems
                .iter()
                .map(|problem| document.misfit(&problem.place, &problem.message))
                .collect(),
            sources: [(name, document.source().to_string())].into(),
        }),
    }
}

/// The whole list.
pub(crate) fn list(site: &SiteExclusions, operators: Vec<Entry>, max_age_secs: u32) -> ExclusionList {
    let entries = site.entries.iter().cloned().chain(operators).collect();
    ExclusionList::new(entries, site.lifted(), Duration::seconds(max_age_secs.into()))
}

/// What stands in the file, line by line, for the record. Where in the file a line stands is left out.
pub(crate) fn lines(site: &SiteExclusions) -> Vec<Value> {
    let entries = site.entries.iter().map(|entry| {
        let mut line = serde_json::to_value(entry).unwrap_or_default();
        line.as_object_mut().map(|line| line.remove("id"));
        line
    });
    let lifted =
        site.lifted.iter().map(|(protected, because)| json!({ "lift": protected, "because": because }));
    entries.chain(lifted).collect()
}
