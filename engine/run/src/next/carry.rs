//! Which messages about questions are to be sent. A question is carried while it is open; a word follows when it is not.

use quell_alert::Timestamp;

use super::{Move, Next};
use crate::{Carriage, Delivery, Entry, Errand, QuestionState, RunState, Settlement, Stage};

/// What is to be sent, in all questions.
pub(super) fn go_on(state: &RunState, now: Timestamp, next: &mut Next) {
    let carried = |asked: &&QuestionState| {
        asked.question.through.is_some() && asked.settled != Some(Settlement::NotAsked)
    };
    for asked in state.questions().iter().filter(carried) {
        // What is about to expire is no question any more.
        let is_open = asked.is_open() && now < asked.question.expires && state.cancelled().is_none();
        match &asked.deliveries {
            None if is_open => {
                next.moves.push(Move::Carry { question: asked.question.id.clone(), message: None });
            }
            None => {}
            Some(all) => all.iter().for_each(|one| send(asked, one, is_open, now, next)),
        }
    }
}

fn send(asked: &QuestionState, one: &Delivery, is_open: bool, now: Timestamp, next: &mut Next) {
    let errand = match (one.errand, one.stage) {
        (_, Stage::Failed) | (Errand::Tell, Stage::Done) => return,
        // A word follows only what has gone.
        (Errand::Ask, Stage::Done) if asked.is_open() => return,
        (Errand::Ask, Stage::Done) => Errand::Tell,
        (Errand::Ask, Stage::Waiting(_) | Stage::Begun) if !is_open => {
            let why = "it was settled before it was known to have gone".to_owned();
            let carriage = Carriage::Failed { to: one.to.name.clone(), errand: Errand::Ask, why };
            next.records.push(Entry::Carried { question: asked.question.id.clone(), carriage });
            return;
        }
        (errand, _) => errand,
    };
    match one.stage {
        Stage::Waiting(Some(moment)) if now < moment => next.rest(moment),
        _ => next.moves.push(Move::Carry {
            question: asked.question.id.clone(),
            message: Some((one.to.name.clone(), errand)),
        }),
    }
}
