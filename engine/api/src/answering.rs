//! `/answer/…`: where people answer from a chat or a mail. The only routes that anybody may reach who has a sealed link.
//!
//! Opening a link answers nothing, since programs that look mail over open every link in it: it shows the question and a
//! button. The button answers. A channel that says itself who has clicked (Slack) comes to `/answer/from/NAME`.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quell_action::{Callback, Heard};
use quell_run::Clock;

use crate::desk::{AnswerDesk, Attempt, NoAnswer};
use crate::page;
use crate::router::Doors;
use crate::{AnswerLink, Way};

/// The longest remark, or name, that is kept.
const LONGEST_FIELD: usize = 200;

/// How many may come at once. Whoever shows nothing of ours has a place of their own, which they may fill as they like:
/// nobody who has a link waits for them.
pub struct Pace {
    strangers: DefaultDirectRateLimiter,
    known: DefaultDirectRateLimiter,
}

impl Default for Pace {
    fn default() -> Self {
        let a_minute = |most: NonZeroU32| RateLimiter::direct(Quota::per_minute(most));
        Self {
            strangers: a_minute(NonZeroU32::MIN.saturating_add(59)),
            known: a_minute(NonZeroU32::MIN.saturating_add(599)),
        }
    }
}

impl Pace {
    /// Whether one more may come now.
    pub(crate) fn lets_in(&self, is_stranger: bool) -> bool {
        let queue = if is_stranger { &self.strangers } else { &self.known };
        queue.check().is_ok()
    }
}

/// Answers from outside, and how many of them.
#[derive(Clone)]
pub struct Answers {
    /// What takes them in.
    pub desk: Arc<dyn AnswerDesk>,
    /// How many may come at once.
    pub pace: Arc<Pace>,
    /// What time it is.
    pub now: Arc<dyn Clock>,
}

impl Answers {
    /// Whether a request may be looked at any further; `told` is what its seal has come to.
    fn let_in<T>(&self, told: Result<T, NoAnswer>) -> Result<T, NoAnswer> {
        let is_stranger = told.as_ref().err().is_some_and(NoAnswer::is_by_a_stranger);
        if self.pace.lets_in(is_stranger) { told } else { Err(NoAnswer::TooMany) }
    }
}

/// Shows the question. HEAD, and programs that fetch every link of a mail, come here too: nothing is answered.
pub(crate) async fn show(State(doors): State<Doors>, Path(seal): Path<String>) -> Response {
    let Some(answers) = &doors.answers else { return page::refusal(&NoAnswer::Gone) };
    let link = match answers.let_in(answers.desk.read(&seal, Way::Page)) {
        Ok(link) => link,
        Err(why) => return page::refusal(&why),
    };
    match answers.desk.look(&link).await {
        Ok(sheet) => page::question(&sheet),
        Err(why) => page::refusal(&why),
    }
}

/// Answers.
pub(crate) async fn answer(State(doors): State<Doors>, Path(seal): Path<String>, body: Bytes) -> Response {
    let Some(answers) = &doors.answers else { return page::refusal(&NoAnswer::Gone) };
    let link = match answers.let_in(answers.desk.read(&seal, Way::Page)) {
        Ok(link) => link,
        Err(why) => {
            note(answers, Attempt { link: None, through: None, by: None, why: &why }).await;
            return page::refusal(&why);
        }
    };
    match answers.desk.answer(&link, None, field(&body, "remark")).await {
        Ok(sheet) => page::thanks(&sheet),
        Err(why) => {
            let by = link.person.as_deref();
            note(answers, Attempt { link: Some(&link), through: Some(&link.through), by, why: &why }).await;
            page::refusal(&why)
        }
    }
}

/// Answers in the name of whom a channel says that clicked. The channel is answered at once and without a word; whoever
/// clicked is told in the channel.
pub(crate) async fn heard(
    State(doors): State<Doors>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(answers) = &doors.answers else { return StatusCode::NOT_FOUND.into_response() };
    let named = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers: Vec<(String, String)> = headers.iter().filter_map(named).collect();
    let callback = Callback { headers: &headers, body: &body, at: answers.now.now() };
    let heard = match answers.let_in(answers.desk.hear(&connection, &callback)) {
        Ok(heard) => heard,
        Err(why) => {
            note(answers, Attempt { link: None, through: Some(&connection), by: None, why: &why }).await;
            return (why.status(), why.to_string()).into_response();
        }
    };
    if let Err((link, why)) = take(answers, &connection, &heard).await {
        let (link, by) = (link.as_ref(), Some(heard.by.as_str()));
        note(answers, Attempt { link, through: Some(&connection), by, why: &why }).await;
        answers.desk.reply(&connection, &heard, &format!("This was not counted: {why}.")).await;
    }
    StatusCode::OK.into_response()
}

async fn take(
    answers: &Answers,
    connection: &str,
    heard: &Heard,
) -> Result<(), (Option<AnswerLink>, NoAnswer)> {
    let link = answers.desk.read(&heard.seal, Way::Button).map_err(|why| (None, why))?;
    // A button of one channel is of no use in another.
    if link.through != connection {
        return Err((Some(link), NoAnswer::Tampered));
    }
    match answers.desk.answer(&link, Some(heard), None).await {
        Ok(_) => Ok(()),
        Err(why) => Err((Some(link), why)),
    }
}

/// Those who only push at the door fill no record.
async fn note(answers: &Answers, attempt: Attempt<'_>) {
    if *attempt.why != NoAnswer::TooMany {
        answers.desk.refused(attempt).await;
    }
}

/// What somebody has written into the page, in one short line.
pub(crate) fn field(body: &[u8], called: &str) -> Option<String> {
    // The body of a form is written as the query of an address is.
    let mut form = reqwest::Url::parse("http://localhost/").ok()?;
    form.set_query(Some(std::str::from_utf8(body).ok()?));
    let (_, text) = form.query_pairs().find(|(name, _)| name == called)?;
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(LONGEST_FIELD).collect();
    (!text.is_empty()).then_some(text)
}
