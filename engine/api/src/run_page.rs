//! `/run/…`: the pages that links in messages lead to. One shows a run, the other takes back what a lane of it did.
//! Anybody may reach them who has a sealed link.
//!
//! Opening a link changes nothing, since programs that look mail over open every link in it: taking back needs a button,
//! and a name for the record.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use quell_alert::Timestamp;
use quell_run::{Clock, RunId};

use crate::answering::{Pace, field};
use crate::page::{self, escaped};
use crate::router::Doors;
use crate::{LinkKey, Operations, Refusal, RefusalKind, RunLink, RunRecord, UndoOrder, Undone, UndoneTask};

/// The pages about runs.
#[derive(Clone)]
pub struct RunPages {
    /// The key with which links are sealed.
    pub key: LinkKey,
    /// The host, with its port where there is one, by which people reach the pages.
    pub host: String,
    /// How many may come at once.
    pub pace: Arc<Pace>,
    /// What time it is.
    pub now: Arc<dyn Clock>,
}

/// Why a page is not shown, in words for whoever opened it.
#[derive(Debug, thiserror::Error)]
enum NoPage {
    #[error(
        "this link is not one that this engine has sent: it was changed on its way, cut off, or made by somebody else"
    )]
    Tampered,
    #[error("this link does not lead anywhere any more: it is too old")]
    Expired,
    #[error("there is no such run any more")]
    Gone,
    #[error("the record needs your name")]
    Nameless,
    #[error("too many come at once: try again in a minute")]
    TooMany,
    #[error("the engine cannot do it now: {0}")]
    Refused(Refusal),
}

impl NoPage {
    fn page(&self) -> Response {
        let status = match self {
            Self::Tampered => StatusCode::FORBIDDEN,
            Self::Expired | Self::Gone => StatusCode::GONE,
            Self::Nameless => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let main = format!(
            "<p>{}.</p><p class=\"small\">Runs are listed by <code>quell runs</code>, and taken back by \
             <code>quell undo</code>.</p>",
            escaped(&page::sentence(&self.to_string()))
        );
        page::page(status, "This page cannot be shown", &main)
    }
}

impl From<Refusal> for NoPage {
    fn from(refusal: Refusal) -> Self {
        match refusal.kind {
            RefusalKind::NotFound => Self::Gone,
            _ => Self::Refused(refusal),
        }
    }
}

impl RunPages {
    /// What a link says, if it is ours and still holds.
    fn read(&self, seal: &str) -> Result<RunLink, NoPage> {
        let told = self.key.open::<RunLink>(seal).map_err(|_| NoPage::Tampered);
        if !self.pace.lets_in(told.is_err()) {
            return Err(NoPage::TooMany);
        }
        let link = told?;
        match Timestamp::from_timestamp(link.expires, 0).is_some_and(|expires| self.now.now() < expires) {
            true => Ok(link),
            false => Err(NoPage::Expired),
        }
    }
}

/// Shows a run, and what of it would be taken back.
pub(crate) async fn show(State(doors): State<Doors>, Path(seal): Path<String>) -> Response {
    shown(&doors, &seal).await.unwrap_or_else(|why| why.page())
}

/// Takes back what the lane did that the link is for.
pub(crate) async fn undo(State(doors): State<Doors>, Path(seal): Path<String>, body: Bytes) -> Response {
    taken_back(&doors, &seal, &body).await.unwrap_or_else(|why| why.page())
}

async fn shown(doors: &Doors, seal: &str) -> Result<Response, NoPage> {
    let link = doors.pages.as_ref().ok_or(NoPage::Gone)?.read(seal)?;
    let operations = doors.operations.as_ref();
    let record = operations.run(&link.run.0).await?;
    let main = match link.undo {
        None => of_run(&record),
        Some(lane) => {
            let foreseen = undone(operations, &link.run, lane.0, "link", true).await?;
            of_undo(&record, &foreseen)
        }
    };
    Ok(page::page(StatusCode::OK, &record.summary.alert_title, &main))
}

async fn taken_back(doors: &Doors, seal: &str, body: &[u8]) -> Result<Response, NoPage> {
    let link = doors.pages.as_ref().ok_or(NoPage::Gone)?.read(seal)?;
    // A link that only shows a run takes nothing back.
    let lane = link.undo.ok_or(NoPage::Tampered)?;
    let name = field(body, "name").ok_or(NoPage::Nameless)?;
    let by = format!("{name} (by a link)");
    let undone = undone(doors.operations.as_ref(), &link.run, lane.0, &by, false).await?;
    tracing::info!(run.id = %link.run, lane = lane.0, by, "taken back by a link");
    let main = format!("{}<p class=\"small\">Written down for {}.</p>", tasks(&undone), escaped(&by));
    Ok(page::page(StatusCode::OK, "What was taken back", &main))
}

async fn undone(
    operations: &dyn Operations,
    run: &RunId,
    lane: u32,
    by: &str,
    dry: bool,
) -> Result<Undone, Refusal> {
    let order = UndoOrder { run: run.0.clone(), lane: Some(lane), task: None, by: by.to_owned(), dry };
    operations.undo(&order).await
}

fn of_run(record: &RunRecord) -> String {
    let done = record.tasks.iter().map(|task| {
        let why = task.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        (format!("{} of {} at {}", task.action, task.of, task.provider), word(task.result) + &why)
    });
    let facts: Vec<(String, String)> = about(record).into_iter().chain(done).collect();
    page::facts(&facts)
}

fn of_undo(record: &RunRecord, foreseen: &Undone) -> String {
    let nothing = "<p>There is nothing of it to take back.</p>".to_owned();
    let button = "<form method=\"post\"><p><label>Your name, for the record<br><input name=\"name\" required \
                  maxlength=\"100\"></label></p><p><button class=\"stops\" type=\"submit\">Take it back</button></p></form>"
        .to_owned();
    let end = if all(foreseen).flat_map(|one| &one.tasks).any(UndoneTask::can_be_taken_back) {
        button
    } else {
        nothing
    };
    let more = match record.summary.finish {
        Some(_) => "",
        None => {
            "<p class=\"small\">The run still goes on: what it does from now on is not taken back by this. To stop it \
             and take everything back: <code>quell undo</code>.</p>"
        }
    };
    format!("{}{}{end}{more}", page::facts(&about(record)), tasks(foreseen))
}

fn about(record: &RunRecord) -> Vec<(String, String)> {
    let summary = &record.summary;
    let outcome = summary.finish.map_or_else(|| "goes on".to_owned(), word);
    vec![
        ("Playbook".to_owned(), summary.playbook.name.to_string()),
        ("Run".to_owned(), summary.id.to_string()),
        ("Began".to_owned(), summary.started.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("Outcome".to_owned(), outcome),
    ]
}

/// The word for it, as the interface and the record have it.
fn word(value: impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or_default().replace('_', " ")
}

/// A run, and those that it called.
fn all(undone: &Undone) -> Box<dyn Iterator<Item = &Undone> + '_> {
    Box::new(std::iter::once(undone).chain(undone.called.iter().flat_map(all)))
}

fn tasks(undone: &Undone) -> String {
    let one = |task: &UndoneTask| (task.what.clone(), task.result.clone());
    let facts: Vec<(String, String)> = all(undone).flat_map(|one| &one.tasks).map(one).collect();
    page::facts(&facts)
}
