//! The operations on the named lists.

use std::sync::Arc;

use quell_action::lists::{ListEntry, ListTrouble, NamedList};
use quell_alert::Timestamp;
use quell_api::{AddToList, ListContent, ListSummary, Part, Refusal, RemoveFromList};

use crate::wire::App;

/// All lists of the site.
pub(super) fn all(app: &Arc<App>) -> Vec<ListSummary> {
    let now = app.clock.now();
    app.lists.handle().now().iter().map(|(name, list)| summary(app, name, list, now)).collect()
}

/// One list with what is in it.
pub(super) fn one(app: &Arc<App>, name: &str) -> Result<ListContent, Refusal> {
    let now = app.clock.now();
    let lists = app.lists.handle().now();
    let list = lists.get(name).ok_or_else(|| refused(ListTrouble::Unknown(name.to_owned())))?;
    let content = list.in_force(now).into_iter().cloned().collect();
    Ok(ListContent { summary: summary(app, name, list, now), content })
}

/// Adds values, all or none; in force when this returns.
pub(super) async fn add(app: &Arc<App>, order: &AddToList) -> Result<Vec<ListEntry>, Refusal> {
    let now = app.clock.now();
    let mut entries = Vec::new();
    for new in &order.entries {
        let entry = ListEntry::new(&new.value).map_err(refused)?;
        if new.until.is_some_and(|until| until <= now) {
            return Err(Refusal::invalid(format!("{}: its time is over already", new.value)));
        }
        entries.push(ListEntry { because: new.because.clone(), until: new.until, ..entry });
    }
    let added = app.lists.add(&order.list, entries, &order.by).await.map_err(refused)?;
    quell_crash::point!("app.list.stored");
    tracing::info!(list = order.list, entries = added.len(), by = order.by, "entries were added to a list");
    Ok(added)
}

/// Takes a value out.
pub(super) async fn remove(app: &Arc<App>, order: &RemoveFromList) -> Result<ListEntry, Refusal> {
    let entry = app.lists.remove(&order.list, &order.value, &order.by).await.map_err(refused)?;
    tracing::info!(list = order.list, by = order.by, "an entry was taken out of a list");
    Ok(entry)
}

/// The lists that cannot be read. The engine lives with it: what asks for them is unknown, and unknown never acts.
pub(super) fn health(app: &Arc<App>) -> Vec<Part> {
    let trouble = |(name, list): (&str, &NamedList)| {
        let note = list.trouble()?.to_owned();
        Some(Part { name: format!("list {name}"), well: false, note })
    };
    app.lists.handle().now().iter().filter_map(trouble).collect()
}

fn summary(app: &App, name: &str, list: &NamedList, now: Timestamp) -> ListSummary {
    ListSummary {
        name: name.to_owned(),
        about: app.lists.settings().get(name).and_then(|settings| settings.about.clone()),
        entries: list.len_at(now),
        changed: list.changed(),
        trouble: list.trouble().map(str::to_owned),
    }
}

fn refused(trouble: ListTrouble) -> Refusal {
    match &trouble {
        ListTrouble::Unknown(_) => Refusal::not_found(trouble.to_string()),
        ListTrouble::InFile { .. } => Refusal::conflict(trouble.to_string()),
        ListTrouble::BadValue(_) => Refusal::invalid(trouble.to_string()),
        ListTrouble::Unavailable { .. } => Refusal::unavailable(trouble),
    }
}
