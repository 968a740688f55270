//! `quell check --require-tests`: every disruptive action has a test that expects it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use quell_action::{Catalogue, Impact};
use quell_playbook::codes;
use quell_playbook::diagnostic::{Diagnostic, Place};
use quell_playbook::model::{Playbook, Verb};
use quell_run::rehearsal;

use crate::config::Mistakes;
use crate::playbooks;

/// The disruptive actions that no test beside their playbook expects; and the tests that cannot be read.
pub(super) fn missing(
    folder: &Path,
    playbooks: &[Arc<Playbook>],
    catalogue: &Catalogue,
    place_of: impl Fn(&Playbook) -> String,
) -> anyhow::Result<Mistakes> {
    let mut found = Mistakes::default();
    let files = playbooks::yaml_below(folder)?;
    for playbook in playbooks {
        let file = place_of(playbook);
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        let beside = |name: &str| ["yaml", "yml"].iter().any(|end| name == format!("{stem}.test.{end}"));
        let mut expected = BTreeSet::new();
        for tests in files.iter().filter(|tests| beside(&tests.name)) {
            match rehearsal::read(&tests.name, &tests.bytes, catalogue) {
                Ok(tests) => expected.extend(tests.iter().flat_map(rehearsal::Rehearsal::expects)),
                Err(wrong) => found.add(Mistakes {
                    diagnostics: wrong.diagnostics,
                    sources: [(tests.name.clone(), wrong.source.to_string())].into(),
                }),
            }
        }
        found.diagnostics.extend(untested(playbook, &file, catalogue, &expected));
    }
    Ok(found)
}

fn untested(
    playbook: &Playbook,
    file: &str,
    catalogue: &Catalogue,
    expected: &BTreeSet<String>,
) -> Vec<Diagnostic> {
    let done = playbook.all_steps().filter_map(|step| match &step.verb {
        Verb::Do(act) => Some(act.action.as_str()),
        _ => None,
    });
    let disruptive = |name: &&str| catalogue.named(name).any(|info| info.spec.impact == Impact::Disruptive);
    let missing: BTreeSet<&str> = done.filter(disruptive).filter(|name| !expected.contains(*name)).collect();
    missing
        .into_iter()
        .map(|name| {
            let at = playbook.source.find(&format!("do: {name}")).map_or(0, |at| at + "do: ".len());
            let place = Place::of(file, &playbook.source, at, at + name.len());
            Diagnostic::error(
                codes::NOT_TESTED,
                place,
                format!("no test beside the playbook expects `{name}`"),
            )
            .help(format!("write one: `expect: {{ actions: [{name}] }}`; `quell new` shows the form"))
        })
        .collect()
}
