//! [`HeldBack`]: a task for which limits leave no room, and what people say of it.

use quell_alert::Timestamp;
use quell_playbook::model::Asking;

use super::{Phase, TaskState};
use crate::{Exceeded, QuestionId};

/// Why a task is held back, and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The limits without room.
    pub exceeded: Vec<Exceeded>,
    /// Who is asked; nobody where the rule is to stop.
    pub asking: Option<Asking>,
    /// Since when.
    pub since: Timestamp,
    /// The question that names it, once it was asked.
    pub question: Option<QuestionId>,
    /// Whether people let it through; `None` while nobody has said so.
    pub goes_on: Option<bool>,
}

impl HeldBack {
    /// Whether somebody is to be asked about it, and was not yet.
    pub(crate) fn is_to_be_asked(&self) -> bool {
        self.asking.is_some() && self.question.is_none()
    }

    /// Whether it will not be done.
    pub(crate) fn is_refused(&self) -> bool {
        self.asking.is_none() || self.goes_on == Some(false)
    }
}

impl TaskState {
    /// What holds it back at this moment.
    pub fn held_back(&self) -> Option<&HeldBack> {
        self.held.as_ref().filter(|held| self.phase == Phase::Waiting && held.goes_on != Some(true))
    }

    /// What has kept it from being done for good.
    pub fn over_limit(&self) -> Option<&HeldBack> {
        self.held.as_ref().filter(|held| self.phase == Phase::Dropped && held.is_refused())
    }

    pub(super) fn asked(&mut self, question: &QuestionId) {
        if let Some(held) = &mut self.held {
            held.question = Some(question.clone());
        }
    }

    pub(super) fn let_through(&mut self, goes_on: bool) {
        let Some(held) = &mut self.held else { return };
        held.goes_on = Some(goes_on);
        if goes_on {
            self.granted.extend(held.exceeded.iter().map(|over| (over.limit.whose, over.limit.per)));
        }
    }
}
