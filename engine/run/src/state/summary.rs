//! The run in one line, as [`RunState`] sees it.

use quell_action::Effect;
use quell_alert::Timestamp;

use super::{Phase, RunState, StepState, TaskState};
use crate::outcome::within;
use crate::{About, Counts, Fulfilled, LaneId, OpenQuestion, QuestionState, RunStatus, RunSummary, Verdict};

impl RunState {
    /// The run in one line.
    pub fn summary(&self) -> RunSummary {
        let plan = self.plan();
        RunSummary {
            id: plan.run.clone(),
            origin: plan.origin.clone(),
            occasion: plan.occasion.clone(),
            playbook: plan.playbook.clone(),
            mode: plan.mode,
            alert: plan.alert.id.clone(),
            alert_title: plan.alert.title.clone(),
            product: plan.alert.product.clone(),
            severity: plan.alert.severity,
            subjects: plan.lanes.iter().map(|lane| lane.display.clone()).collect(),
            status: self.status(),
            finish: self.finish(),
            started: plan.created,
            finished: self.finish.map(|(_, at)| at),
            updated: self.updated,
            lines: self.lines(),
            counts: self.counts(),
            open: self.is_open(),
            wake_at: self.wake_at(),
        }
    }

    /// The questions that wait for an answer.
    pub fn open_questions(&self) -> Vec<OpenQuestion> {
        self.questions.iter().filter(|asked| asked.is_open()).map(|asked| self.open_question(asked)).collect()
    }

    /// A question as people see it.
    pub fn open_question(&self, asked: &QuestionState) -> OpenQuestion {
        let plan = self.plan();
        let about = &asked.question.about;
        let concerns = |lane: LaneId| match about {
            About::Limits { tasks, .. } => tasks.iter().any(|task| within(self, task.lane, lane)),
            _ => about.lane().is_none_or(|about| about == lane),
        };
        let lanes = plan.lanes.iter().filter(|lane| concerns(lane.id));
        OpenQuestion {
            run: plan.run.clone(),
            playbook: plan.playbook.name.0.clone(),
            alert_title: plan.alert.title.clone(),
            subjects: lanes.filter(|lane| lane.left_out.is_none()).map(|lane| lane.display.clone()).collect(),
            asked: asked.asked,
            question: asked.question.clone(),
            replies: asked.replies.iter().map(|(reply, _)| reply.clone()).collect(),
            with: Vec::new(),
        }
    }

    /// Whether something is still to be done for it.
    pub fn is_open(&self) -> bool {
        self.finish.is_none()
            || self.tasks().any(|task| task.undo_open() || task.undo_due().is_some())
            || self.questions.iter().any(QuestionState::has_messages_to_send)
    }

    fn status(&self) -> RunStatus {
        if self.tasks().any(TaskState::undo_open) {
            RunStatus::Undoing
        } else if self.tasks().any(|task| matches!(task.phase, Phase::Attention | Phase::Stuck)) {
            RunStatus::NeedsAttention
        } else if self.questions.iter().any(QuestionState::is_open) {
            RunStatus::Asking
        } else if self.finish.is_some() {
            RunStatus::Finished
        } else {
            RunStatus::Running
        }
    }

    /// A finished run only waits for undos, the earliest of them; or for messages, which go at once.
    fn wake_at(&self) -> Option<Timestamp> {
        self.finish?;
        if self.questions.iter().any(QuestionState::has_messages_to_send) {
            return Some(self.updated);
        }
        let waits = self.tasks().map(|task| match task.undo_open() {
            true => Some(task.undo.wait.map_or(self.updated, |wait| wait.until)),
            false => task.undo_due(),
        });
        waits.flatten().min()
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts { lanes: self.lanes.len() as u32, ..Counts::default() };
        counts.questions = self.questions.iter().filter(|asked| asked.is_open()).count() as u32;
        for (_, step) in self.lanes.iter().flat_map(|lane| lane.steps()) {
            counts.failed += u32::from(matches!(step, StepState::Failed(_)));
            step.tasks().iter().for_each(|task| count(task, &mut counts));
        }
        counts
    }
}

fn count(task: &TaskState, counts: &mut Counts) {
    counts.tasks += 1;
    counts.over_limit += u32::from(task.held_back().is_some() || task.over_limit().is_some());
    let slot = match task.phase {
        Phase::Succeeded | Phase::Undoing => match &task.fulfilled {
            Some(Fulfilled { effect: Effect::Unchanged, .. }) => &mut counts.unchanged,
            _ => &mut counts.changed,
        },
        Phase::Planned => match &task.verdict {
            Some(Verdict::AlreadySo { .. }) => &mut counts.unchanged,
            Some(Verdict::LeftAlone { .. }) => &mut counts.excluded,
            Some(Verdict::CannotTell { .. }) => &mut counts.failed,
            _ => &mut counts.changed,
        },
        Phase::Excluded => &mut counts.excluded,
        Phase::Failed => &mut counts.failed,
        Phase::Attention | Phase::Stuck => &mut counts.attention,
        Phase::Undone | Phase::Released => &mut counts.undone,
        Phase::Pending | Phase::Waiting | Phase::Started | Phase::Unsettled | Phase::Dropped => return,
    };
    *slot += 1;
}
