//! Many entries for the exclusion list at once: all of them, or those that are good where the operator says so.

use std::collections::HashSet;
use std::sync::Arc;

use quell_action::exclusion::form::EntryForm;
use quell_action::exclusion::{Added, Entry, EntryId, Source};
use quell_api::{ImportExclusions, Imported, Refusal, WrongEntry};
use serde::Deserialize as _;

use super::exclusion::in_doubt;
use crate::wire::App;

/// Adds entries; in force when this returns. What is on the list already is not added a second time, so that a file that
/// is imported again after a crash, or with more rows, does what it says.
pub(super) async fn import(app: &Arc<App>, order: &ImportExclusions) -> Result<Imported, Refusal> {
    let now = app.clock.now();
    let mut imported = Imported::default();
    let mut known: HashSet<String> = app.exclusions.now().entries().iter().map(sense).collect();
    for (row, form) in order.entries.iter().enumerate() {
        let mut wrong =
            |place: String, message: String| imported.wrong.push(WrongEntry { row, place, message });
        let form = match EntryForm::deserialize(form) {
            Ok(form) => form,
            Err(error) => {
                wrong(String::new(), error.to_string());
                continue;
            }
        };
        let added = Added { by: order.by.clone(), at: now };
        let id = EntryId(crate::random::short_id());
        let entry = match form.read(id, Source::Operator, Some(added), Some(&app.catalogue)) {
            Ok(entry) => entry,
            Err(problems) => {
                problems.into_iter().for_each(|problem| wrong(problem.place, problem.message));
                continue;
            }
        };
        if entry.until.is_some_and(|until| until <= now) {
            wrong("until".into(), "is over already, so the entry would protect nobody".into());
        } else if known.insert(sense(&entry)) {
            imported.added.push(entry);
        } else {
            imported.repeated += 1;
        }
    }
    if order.dry || !imported.wrong.is_empty() && !order.partial {
        return Ok(imported);
    }
    if !imported.added.is_empty() {
        let taken = app.store.exclusions().add(imported.added.clone(), now).await;
        if let Some(other) = taken.map_err(|error| in_doubt(app, error))? {
            return Err(Refusal::conflict(format!("the id {} is taken; ask again", other.id)));
        }
        quell_crash::point!("app.exclusion.stored");
        app.renew_exclusions().await.map_err(Refusal::unavailable)?;
    }
    imported.stored = true;
    tracing::info!(added = imported.added.len(), by = order.by, "exclusions were imported");
    Ok(imported)
}

/// What an entry says: whom it leaves alone, how far and why. Two that say the same are one.
fn sense(entry: &Entry) -> String {
    let Entry { id: _, excludes, because, owner, actions, only, until, source: _, added: _ } = entry;
    serde_json::json!([excludes, because, owner, actions, only, until]).to_string()
}
