//! [`Desk`]: takes answers in that people give from a chat or a mail, as [`quell_api::AnswerDesk`] wants it.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{Callback, Heard};
use quell_alert::Timestamp;
use quell_api::{AnswerDesk, AnswerLink, Attempt, NoAnswer, Sheet, Way};
use quell_run::{EngineError, OpenQuestion, QuestionState, Refusal, Reply, RunState, Runs as _, Settlement};
use quell_store::RefusedAnswer;

use crate::courier::facts;
use crate::pages::Pages;
use crate::wire::App;

/// Takes answers in over the store and the engine of this process.
pub(crate) struct Desk {
    app: Arc<App>,
    pages: Arc<Pages>,
}

impl Desk {
    /// One, where the site has questions carried to people.
    pub(crate) fn of(app: &Arc<App>) -> Option<Self> {
        let pages = Arc::clone(app.pages.as_ref()?);
        Some(Self { app: Arc::clone(app), pages })
    }

    /// The question that an answer is for, if it can still be given.
    async fn find(&self, link: &AnswerLink) -> Result<(OpenQuestion, QuestionState), NoAnswer> {
        let lines = self.app.store.runs().lines(&link.run).await.map_err(unavailable)?;
        if lines.is_empty() {
            return Err(NoAnswer::Gone);
        }
        let state = RunState::replay(&lines).map_err(unavailable)?;
        let asked = state.question(&link.question).ok_or(NoAnswer::Gone)?;
        if asked.question.bond != link.bond {
            return Err(NoAnswer::OtherPlan);
        }
        // The seal's own time first: what it says holds even where the record is behind.
        let now = self.app.clock.now();
        if Timestamp::from_timestamp(link.expires, 0).is_none_or(|expires| expires <= now) {
            return Err(settled(asked).unwrap_or(NoAnswer::Expired));
        }
        if let Some(settled) = settled(asked) {
            return Err(settled);
        }
        Ok((state.open_question(asked), asked.clone()))
    }

    /// In whose name it is given: of the person whom the link is for, of whom the channel says that clicked, or of the
    /// channel itself.
    fn by(link: &AnswerLink, heard: Option<&Heard>) -> String {
        let clicked = heard.map(|heard| heard.by.clone());
        clicked.or_else(|| link.person.clone()).unwrap_or_else(|| link.through.clone())
    }

    /// Whether they are among those who are asked, and have not answered yet.
    fn may(&self, asked: &QuestionState, by: &str) -> Result<(), NoAnswer> {
        if !self.app.courier.people(&asked.question.of).iter().any(|person| person == by) {
            return Err(NoAnswer::NotAsked(by.to_owned()));
        }
        match asked.has_answered(by) {
            true => Err(NoAnswer::Again(by.to_owned())),
            false => Ok(()),
        }
    }
}

/// What became of a question that is not open any more.
fn settled(asked: &QuestionState) -> Option<NoAnswer> {
    Some(match asked.settled.as_ref()? {
        Settlement::Answered { choice, .. } => {
            let by: Vec<&str> = asked.replies.iter().map(|(reply, _)| reply.by.as_str()).collect();
            NoAnswer::Settled(format!("answered {choice}, by {}", by.join(", ")))
        }
        Settlement::Expired => NoAnswer::Expired,
        Settlement::Withdrawn => NoAnswer::Settled("the run was stopped".to_owned()),
        Settlement::NotAsked => NoAnswer::Settled("the run only observes".to_owned()),
    })
}

/// How many more people must agree once this answer is given.
fn missing(asked: &QuestionState, choice: &str) -> u32 {
    if asked.question.stopping.iter().any(|stopping| stopping == choice) {
        return 0;
    }
    let agreed = asked.replies.iter().filter(|(reply, _)| reply.choice == choice).count() as u32;
    asked.question.quorum.saturating_sub(agreed + 1)
}

fn sheet(open: &OpenQuestion, asked: &QuestionState, link: &AnswerLink, by: String) -> Sheet {
    Sheet {
        title: format!("Quell asks: {}", open.alert_title),
        question: open.question.text.clone(),
        facts: facts(open),
        choice: link.choice.clone(),
        stops: open.question.stopping.contains(&link.choice),
        by,
        personal: link.person.is_some(),
        expires: open.question.expires,
        missing: missing(asked, &link.choice),
    }
}

#[async_trait]
impl AnswerDesk for Desk {
    fn read(&self, seal: &str, way: Way) -> Result<AnswerLink, NoAnswer> {
        let link: AnswerLink = self.pages.key.open(seal).map_err(|_| NoAnswer::Tampered)?;
        if link.way == way { Ok(link) } else { Err(NoAnswer::Tampered) }
    }

    fn hear(&self, connection: &str, callback: &Callback<'_>) -> Result<Heard, NoAnswer> {
        self.app.courier.hear(connection, callback)
    }

    async fn look(&self, link: &AnswerLink) -> Result<Sheet, NoAnswer> {
        let (open, asked) = self.find(link).await?;
        let by = Self::by(link, None);
        self.may(&asked, &by)?;
        Ok(sheet(&open, &asked, link, by))
    }

    async fn answer(
        &self,
        link: &AnswerLink,
        heard: Option<&Heard>,
        remark: Option<String>,
    ) -> Result<Sheet, NoAnswer> {
        let (open, asked) = self.find(link).await?;
        let by = Self::by(link, heard);
        self.may(&asked, &by)?;
        let through = Some(link.through.clone());
        let reply = Reply { choice: link.choice.clone(), by: by.clone(), remark, through };
        let engine = &self.app.engine;
        let answered = engine.answer(&link.run, &link.question, &link.bond, reply).await;
        answered.map_err(|error| refused(&error))?;
        tracing::info!(run.id = %link.run, question = %link.question, by, through = link.through, "answered");
        Ok(sheet(&open, &asked, link, by))
    }

    async fn reply(&self, connection: &str, heard: &Heard, words: &str) {
        self.app.courier.reply(connection, heard, words).await;
    }

    async fn refused(&self, attempt: Attempt<'_>) {
        let Attempt { link, through, by, why } = attempt;
        tracing::warn!(
            run.id = link.map(|link| link.run.0.as_str()),
            through,
            by,
            why = why.word(),
            "an answer was refused"
        );
        let note = RefusedAnswer {
            run: link.map(|link| link.run.clone()),
            question: link.map(|link| link.question.clone()),
            choice: link.map(|link| link.choice.clone()),
            through: through.map(str::to_owned),
            by: by.map(str::to_owned),
            why: why.word().to_owned(),
        };
        put_on_record(&self.app, note).await;
    }
}

/// Whoever was refused is in the audit log, whichever way they tried.
pub(crate) async fn put_on_record(app: &App, refused: RefusedAnswer) {
    if let Err(error) = app.store.audit().note_refused(app.clock.now(), refused).await {
        tracing::error!(%error, "a refused answer could not be written into the audit log");
    }
}

/// What an engine's no means to who answered.
pub(crate) fn refused(error: &EngineError) -> NoAnswer {
    match error {
        EngineError::NoSuchRun(_) | EngineError::Refused(Refusal::NoSuchQuestion(_)) => NoAnswer::Gone,
        EngineError::Refused(Refusal::OtherPlan(_)) => NoAnswer::OtherPlan,
        EngineError::Refused(Refusal::AnsweredAlready { by, .. }) => NoAnswer::Again(by.clone()),
        EngineError::Refused(Refusal::QuestionSettled(_, how)) => NoAnswer::Settled(how.clone()),
        other => NoAnswer::Unavailable(other.to_string()),
    }
}

fn unavailable(error: impl std::fmt::Display) -> NoAnswer {
    NoAnswer::Unavailable(error.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
