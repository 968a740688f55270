//! Carrying a question to one recipient, or a word of what became of it: intent, message, outcome, as for every effect
//! outside.
//!
//! A question that may have gone is looked for where the channel can be read. Where nothing can tell it is sent again, and
//! the record says that people may have it twice: one that nobody sees is worse, and only one answer counts. A word that
//! may have gone is left at that.

use std::time::Duration;

use quell_action::{ActionError, Failure, Found, Recipient};

use crate::context::{Context, Done};
use crate::log::{Halt, Intent};
use crate::{
    Carriage, Delivery, Entry, Errand, OpenQuestion, QuestionId, QuestionState, RunState, Settlement, Stage,
};

/// How long one message may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A question that may have gone is sent so often at most.
const BLIND_ATTEMPTS: u32 = 3;

/// A word of what became of it is tried so often.
const WORDS: u32 = 5;

pub(crate) async fn carry(
    cx: &Context,
    question: &QuestionId,
    message: Option<&(String, Errand)>,
) -> Result<Done, Halt> {
    let look = |state: &RunState| {
        let asked = state.question(question)?.clone();
        let open = state.open_question(&asked);
        Some((asked, open))
    };
    let Some((asked, open)) = cx.log.look(look).await else { return Ok(Done::default()) };
    let Some((to, errand)) = message else { return Ok(address(cx, &open)) };
    let found = asked.deliveries.iter().flatten().find(|one| one.to.name == *to).cloned();
    let Some(delivery) = found else { return Ok(Done::default()) };
    let message = Message { cx, asked: &asked, open: &open, delivery: &delivery, errand: *errand };
    match errand {
        Errand::Ask => message.ask().await,
        Errand::Tell => message.tell().await,
    }
}

fn address(cx: &Context, open: &OpenQuestion) -> Done {
    let (to, why) = match cx.tools.hands.courier.recipients(open) {
        Ok(to) if to.is_empty() => (to, Some("nobody who is asked can be reached through it".to_owned())),
        Ok(to) => (to, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    entry(open, Carriage::Addressed { to, why })
}

fn entry(open: &OpenQuestion, carriage: Carriage) -> Done {
    Entry::Carried { question: open.question.id.clone(), carriage }.into()
}

/// One message.
struct Message<'a> {
    cx: &'a Context,
    asked: &'a QuestionState,
    open: &'a OpenQuestion,
    delivery: &'a Delivery,
    errand: Errand,
}

impl Message<'_> {
    async fn ask(&self) -> Result<Done, Halt> {
        let courier = &self.cx.tools.hands.courier;
        let was_begun = self.delivery.stage == Stage::Begun;
        let is_blind = (was_begun || self.delivery.maybe_gone) && !courier.recognises_repetition(self.open);
        let mut maybe_twice = false;
        if is_blind {
            match self.within(courier.find(self.open, self.to())).await {
                Ok(Found::Sent(sent)) => return Ok(self.done(sent, false)),
                Ok(Found::NotSent) => {}
                Ok(Found::CannotTell) if self.delivery.attempts >= BLIND_ATTEMPTS => {
                    return Ok(self.failed("it may have gone, and was not sent again".to_owned()));
                }
                Ok(Found::CannotTell) => maybe_twice = true,
                Err(error) => {
                    let why = format!("whether it has gone cannot be looked up: {}", error.message);
                    return Ok(self.later(ActionError::uncertain(why)));
                }
            }
        }
        if let Intent::NoLongerWanted = self.begin().await? {
            return Ok(Done::default());
        }
        match self.within(courier.ask(self.open, self.to())).await {
            Ok(sent) => Ok(self.done(sent, maybe_twice)),
            Err(error) if error.failure.is_transient() || error.failure == Failure::Uncertain => {
                Ok(self.later(error))
            }
            Err(error) => Ok(self.failed(error.to_string())),
        }
    }

    async fn tell(&self) -> Result<Done, Halt> {
        let courier = &self.cx.tools.hands.courier;
        let is_first = self.delivery.errand == Errand::Ask;
        let may_have_gone = !is_first && (self.delivery.stage == Stage::Begun || self.delivery.maybe_gone);
        if may_have_gone && !courier.recognises_repetition(self.open) {
            return Ok(self.failed("it may have gone, and was not sent again".to_owned()));
        }
        if let Intent::NoLongerWanted = self.begin().await? {
            return Ok(Done::default());
        }
        let (sent, word) = (self.delivery.sent.as_deref(), word(self.asked));
        match self.within(courier.tell(self.open, self.to(), sent, &word)).await {
            Ok(()) => Ok(self.done(None, false)),
            Err(error) => {
                let tries_left = is_first || self.delivery.attempts + 1 < WORDS;
                match error.failure.is_transient() && tries_left {
                    true => Ok(self.later(error)),
                    false => Ok(self.failed(error.to_string())),
                }
            }
        }
    }

    /// Puts the intent on disk, unless the question was settled meanwhile.
    async fn begin(&self) -> Result<Intent, Halt> {
        let errand = self.errand;
        let is_first = errand != self.delivery.errand;
        let attempt = if is_first { 1 } else { self.delivery.attempts + 1 };
        let (question, to) = (self.open.question.id.clone(), self.to().name.clone());
        let still = |state: &RunState| {
            let is_open = state.question(&question).is_some_and(QuestionState::is_open);
            is_open == (errand == Errand::Ask)
        };
        let carriage = Carriage::Begun { to, errand, attempt };
        self.cx.log.intend(Entry::Carried { question: question.clone(), carriage }, still).await
    }

    async fn within<T>(&self, call: impl Future<Output = Result<T, ActionError>>) -> Result<T, ActionError> {
        let late = || ActionError::uncertain("the message was not taken in time");
        self.cx.within(TIME_LIMIT, call, late).await
    }

    fn to(&self) -> &Recipient {
        &self.delivery.to
    }

    fn done(&self, sent: Option<String>, maybe_twice: bool) -> Done {
        let (to, errand) = (self.to().name.clone(), self.errand);
        entry(self.open, Carriage::Done { to, errand, sent, maybe_twice })
    }

    fn failed(&self, why: String) -> Done {
        entry(self.open, Carriage::Failed { to: self.to().name.clone(), errand: self.errand, why })
    }

    fn later(&self, error: ActionError) -> Done {
        let look_again = self.cx.tools.settings.look_again;
        let again_at = self.cx.again_at(look_again, self.delivery.attempts + 1, &error);
        let (to, errand) = (self.to().name.clone(), self.errand);
        entry(self.open, Carriage::Delayed { to, errand, error, again_at })
    }
}

/// What became of a question, in words.
fn word(asked: &QuestionState) -> String {
    let people = |choice: &str| {
        let agreed = asked.replies.iter().filter(|(reply, _)| reply.choice == choice);
        agreed.map(|(reply, _)| reply.by.as_str()).collect::<Vec<_>>().join(", ")
    };
    match &asked.settled {
        Some(Settlement::Answered { choice, .. }) => format!("Answered: {choice}, by {}", people(choice)),
        Some(Settlement::Expired) => "Nobody answered in time: nobody can answer any more".to_owned(),
        Some(Settlement::Withdrawn) => "The run was stopped: nobody needs to answer any more".to_owned(),
        Some(Settlement::NotAsked) | None => String::new(),
    }
}
