//! The operations on the exclusion list.

use std::sync::Arc;

use quell_action::exclusion::form::EntryForm;
use quell_action::exclusion::{Added, Entry, EntryId, Source};
use quell_action::{ActionSpec, Impact, Problem, Subject, Target};
use quell_alert::{DeviceIdentifier, Hint, Identifier, Provider};
use quell_api::{AddExclusion, ExclusionTest, Refusal, TestedEntry};
use quell_run::{Certainty, Identified};
use quell_store::StoreError;
use serde::Deserialize as _;

use crate::wire::App;

/// Adds an operator's entry; in force when this returns.
pub(super) async fn add(app: &Arc<App>, entry: &AddExclusion) -> Result<Entry, Refusal> {
    let form = EntryForm::deserialize(&entry.entry).map_err(|error| Refusal::invalid(error.to_string()))?;
    let added = Added { by: entry.by.clone(), at: app.clock.now() };
    let id = EntryId(crate::random::short_id());
    let entry = form.read(id, Source::Operator, Some(added), Some(&app.catalogue)).map_err(|problems| {
        let what: Vec<String> = problems.iter().map(told).collect();
        Refusal::invalid(what.join("; "))
    })?;
    if entry.until.is_some_and(|until| until <= app.clock.now()) {
        return Err(Refusal::invalid("until: that is over already, so the entry would protect nobody"));
    }
    let taken = app
        .store
        .exclusions()
        .add(vec![entry.clone()], app.clock.now())
        .await
        .map_err(|error| in_doubt(app, error))?;
    if let Some(other) = taken {
        return Err(Refusal::conflict(format!("the id {} is taken; ask again", other.id)));
    }
    quell_crash::point!("app.exclusion.stored");
    app.renew_exclusions().await.map_err(Refusal::unavailable)?;
    tracing::info!(exclusion.id = %entry.id, "an exclusion was added");
    Ok(entry)
}

/// What could not be written may be on disk all the same: then it counts before long.
pub(super) fn in_doubt(app: &App, error: StoreError) -> Refusal {
    app.doubt_exclusions();
    Refusal::unavailable(error)
}

/// What is wrong with an entry, and where, unless it is wrong as a whole.
fn told(problem: &Problem) -> String {
    let Problem { place, message } = problem;
    if place.is_empty() { message.clone() } else { format!("{place}: {message}") }
}

/// Removes an operator's entry.
pub(super) async fn remove(app: &Arc<App>, id: &EntryId, by: &str) -> Result<Entry, Refusal> {
    let removed = app.store.exclusions().remove(id, by, app.clock.now()).await;
    let Some(entry) = removed.map_err(|error| in_doubt(app, error))? else {
        let site = app.exclusions.now().entries().iter().any(|entry| entry.id == *id);
        let hint = if site { ": it stands in the site's exclusion file, remove it there" } else { "" };
        return Err(Refusal::not_found(format!("no operator's entry is called {id}{hint}")));
    };
    app.renew_exclusions().await.map_err(Refusal::unavailable)?;
    tracing::info!(exclusion.id = %id, by, "an exclusion was removed");
    Ok(entry)
}

/// What the list says of somebody.
pub(super) async fn test(app: &Arc<App>, who: &str) -> Result<ExclusionTest, Refusal> {
    let identified = identify(app, who).await?;
    Ok(tested(app, who, &identified).0)
}

/// What the list says of those who are meant; and for each disruptive action on each of their accounts and devices,
/// whether it would be stopped.
pub(super) fn tested(
    app: &Arc<App>,
    who: &str,
    Identified { subjects, unknown, .. }: &Identified,
) -> (ExclusionTest, Vec<(ActionSpec, bool)>) {
    let list = app.exclusions.now();
    let now = app.clock.now();
    let mut test = ExclusionTest {
        who: who.to_owned(),
        found: Vec::new(),
        entries: Vec::new(),
        built_in: None,
        unknown: unknown.clone(),
        stopped: Vec::new(),
    };
    let mut judged = Vec::new();
    for subject in subjects {
        test.found.extend(displays(subject));
        for entry in list.naming(subject, now) {
            let tested = TestedEntry {
                id: entry.id.to_string(),
                because: entry.because.clone(),
                actions: entry.actions.iter().map(ToString::to_string).collect(),
            };
            if !test.entries.contains(&tested) {
                test.entries.push(tested);
            }
        }
        judged.extend(judge(app, subject, &mut test));
    }
    // Ids of operators' entries say nothing, and what was imported at once has no order in time.
    test.entries.sort_by(|one, other| (&one.because, &one.id).cmp(&(&other.because, &other.id)));
    let told = |(action, stopped): &(ActionSpec, bool)| {
        (format!("{} at {}", action.name, action.provider), *stopped)
    };
    test.stopped = judged.iter().map(told).collect();
    (test, judged)
}

/// Asks the list about every disruptive action on every account or device that was found.
fn judge(app: &Arc<App>, subject: &Subject, test: &mut ExclusionTest) -> Vec<(ActionSpec, bool)> {
    let mut judged = Vec::new();
    let disruptive: Vec<ActionSpec> =
        app.catalogue.iter().map(|info| info.spec).filter(|spec| spec.impact == Impact::Disruptive).collect();
    for target in targets(subject) {
        let provider = target.provider().map(Provider::as_str);
        let fits = |action: &&ActionSpec| provider == Some(action.provider) && action.target == target.kind();
        for action in disruptive.iter().filter(fits) {
            let answer = app.engine.would_clear(subject, target.clone(), action);
            if let Err(excluded) = &answer
                && let quell_action::exclusion::Reason::BuiltIn(protected) = &excluded.reason
            {
                test.built_in = Some(protected.name().to_owned());
            }
            judged.push((*action, answer.is_err()));
        }
    }
    judged
}

fn targets(subject: &Subject) -> Vec<Target> {
    match subject {
        Subject::Identity(identity) => {
            identity.accounts.iter().map(|account| Target::Account(account.key.clone())).collect()
        }
        Subject::Device(device) => vec![Target::Device(device.key.clone())],
        Subject::Nobody => Vec::new(),
    }
}

fn displays(subject: &Subject) -> Vec<String> {
    match subject {
        Subject::Identity(identity) => {
            identity.accounts.iter().map(|account| format!("{} ({})", account.display, account.key)).collect()
        }
        Subject::Device(device) => vec![format!("{} ({})", device.display, device.key)],
        Subject::Nobody => Vec::new(),
    }
}

/// The accounts and devices that somebody means by a name. Whom the directories do not know cannot be meant.
pub(super) async fn targets_of(app: &Arc<App>, who: &str) -> Result<Vec<Target>, Refusal> {
    let Identified { subjects, unknown, .. } = identify(app, who).await?;
    let found: Vec<Target> = subjects.iter().flat_map(targets).collect();
    match (found.is_empty(), unknown) {
        (true, why) => {
            let why = why.unwrap_or_else(|| "no directory knows the name".into());
            Err(Refusal::not_found(format!("who {who} is cannot be said: {why}")))
        }
        (false, Some(why)) => {
            Err(Refusal::unavailable(format_args!("not all that {who} has can be found: {why}")))
        }
        (false, None) => Ok(found),
    }
}

/// Who is meant. A GUID says nothing of what it names: every kind is asked, and exactly one may answer.
pub(super) async fn identify(app: &Arc<App>, who: &str) -> Result<Identified, Refusal> {
    let mut asked = Vec::new();
    match Identifier::recognise(who, Hint::Any) {
        Ok(name) if name.is_strong() => asked.push(app.engine.identify_account(vec![name]).await),
        Err(_) => {
            for name in [Identifier::ad_guid(who), Identifier::entra_id(who)].into_iter().flatten() {
                asked.push(app.engine.identify_account(vec![name]).await);
            }
        }
        Ok(_) => {}
    }
    if let Ok(name) = DeviceIdentifier::recognise(who)
        && name.is_strong()
    {
        asked.push(app.engine.identify_device(vec![name]).await);
    }
    let found = asked.iter().filter(|one| one.subjects.iter().any(is_somebody)).count();
    if found > 1 {
        let unknown = Some(format!("{who} names several; write which: an id of one kind"));
        return Ok(Identified { subjects: Vec::new(), unknown, certainty: Certainty::Ambiguous });
    }
    // Whoever was found is the answer; where nobody was, the least certain answer is.
    let weight = |one: &Identified| (one.subjects.iter().any(is_somebody), one.certainty);
    asked.into_iter().rev().max_by_key(weight).ok_or_else(|| {
        Refusal::invalid(format!(
            "{who} is not enough to find anybody: write DOMAIN\\name, a UPN, a SID, an object id, or a full DNS name"
        ))
    })
}

/// Whether any account or device was found; a directory that is away leaves an identity without any.
fn is_somebody(subject: &Subject) -> bool {
    !targets(subject).is_empty()
}
