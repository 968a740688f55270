//! What people ask of a run: stop it, take changes back, confirm them, say what happened.

use quell_action::Effect;
use quell_alert::Timestamp;
use tokio::sync::oneshot;

use crate::call::hold_key;
use crate::context::{Context, Done};
use crate::log::Halt;
use crate::{
    Bond, Entry, HoldChange, Holder, Phase, QuestionId, Reply, Requester, RunState, Settlement, TaskId,
    TaskState, callee,
};

/// What is asked of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    Cancel {
        by: String,
    },
    /// All that can be taken back, where no tasks are named.
    Undo {
        tasks: Option<Vec<TaskId>>,
        by: String,
    },
    Confirm {
        tasks: Option<Vec<TaskId>>,
        by: String,
    },
    Extend {
        tasks: Option<Vec<TaskId>>,
        until: Timestamp,
        by: String,
    },
    Settle {
        task: TaskId,
        happened: bool,
        by: String,
    },
    Answer {
        question: QuestionId,
        reply: Box<Reply>,
        bond: Bond,
    },
    /// Look what became of the runs that it called.
    Tend,
}

/// Why a wish cannot be fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run has come to its end.
    #[error("the run has ended; what it did can be undone")]
    Ended,
    /// The run was stopped before.
    #[error("the run was stopped already, by {0}")]
    StoppedAlready(String),
    /// There is no such task.
    #[error("the run has no task {0}; `quell runs show` lists them")]
    NoSuchTask(TaskId),
    /// Nothing in it can be taken back.
    #[error("nothing in it can be taken back: it changed nothing, or what it did cannot be undone")]
    NothingToUndo,
    /// No undo timer runs for it.
    #[error(
        "no undo timer runs for it: its playbook sets none, it has not succeeded, or it was taken back already"
    )]
    NoTimer,
    /// A timer cannot be put off until a moment that is over.
    #[error("{0} is over: name a moment to come, or take it back now with `quell undo`")]
    Over(Timestamp),
    /// The task does not wait for anybody to say what happened.
    #[error("task {0} does not need attention; `quell attention list` names those that do")]
    NotInQuestion(TaskId),
    /// There is no such question.
    #[error("the run asks no question {0}; `quell approvals` lists what is open")]
    NoSuchQuestion(QuestionId),
    /// The question is settled.
    #[error("question {0} was settled before: {1}")]
    QuestionSettled(QuestionId, String),
    /// The question has no such answer.
    #[error("{choice:?} is no answer to question {question}; it takes {choices}")]
    NotAChoice {
        /// The question.
        question: QuestionId,
        /// What was answered.
        choice: String,
        /// What can be.
        choices: String,
    },
    /// The same person has answered already, and others are needed.
    #[error("{by} has answered question {question} already; it needs others too")]
    AnsweredAlready {
        /// The question.
        question: QuestionId,
        /// Who.
        by: String,
    },
    /// The answer is to something else than what is asked.
    #[error("the answer is bound to another plan than question {0}; look at the question again")]
    OtherPlan(QuestionId),
    /// The store refused; the run goes on as soon as it can be written.
    #[error("it could not be written down: {0}")]
    NotWritten(String),
}

/// A wish and whoever waits for the answer: the tasks that it is about.
pub(crate) struct Command {
    pub(crate) wish: Wish,
    pub(crate) answer: oneshot::Sender<Result<Vec<TaskId>, Refusal>>,
}

/// Writes down what is asked, on disk before anybody is told that it was heard.
pub(crate) async fn obey(cx: &Context, command: Command) -> Result<(), Halt> {
    if command.wish == Wish::Tend {
        let tended = callee::tend(cx).await;
        let answer =
            tended.as_ref().map(|()| Vec::new()).map_err(|halt| Refusal::NotWritten(halt.to_string()));
        let _ = command.answer.send(answer);
        return tended;
    }
    let now = cx.now();
    let heard = cx.log.look(|state| judge(state, &command.wish, now)).await;
    let (entries, tasks) = match heard {
        Ok(heard) => heard,
        Err(refusal) => {
            let _ = command.answer.send(Err(refusal));
            return Ok(());
        }
    };
    let stops = entries.iter().any(|entry| matches!(entry, Entry::Cancelled { .. }));
    let mut written = write(cx, entries).await;
    if stops && written.is_ok() {
        written = callee::tend(cx).await;
    }
    let answer = written.as_ref().map(|()| tasks).map_err(|halt| Refusal::NotWritten(halt.to_string()));
    // Whoever asked may have gone.
    let _ = command.answer.send(answer);
    written
}

async fn write(cx: &Context, entries: Vec<Entry>) -> Result<(), Halt> {
    for entry in entries {
        let done = with_holds(cx, entry).await;
        cx.log.note(done.entries, done.holds).await?;
    }
    cx.log.flush().await
}

/// A change of which a person says that it happened is held like any other, and let go like any other where they say
/// what has become of it.
async fn with_holds(cx: &Context, entry: Entry) -> Done {
    let mut done = Done::from(entry.clone());
    let (Entry::Settled { task: id, happened: true, .. } | Entry::UndoSettled { task: id, .. }) = &entry
    else {
        return done;
    };
    let Some(task) = cx.log.look(|state| state.task(id).cloned()).await else { return done };
    if let Some(key) = hold_key(&task.task) {
        let holder = Holder { run: cx.plan.run.clone(), task: id.clone() };
        done.holds.push(match entry {
            Entry::UndoSettled { .. } => HoldChange::released(key, holder),
            _ => {
                let before = task.before.clone().unwrap_or_default();
                let effect = Effect::Changed { before, after: Default::default() };
                HoldChange::taken(key, holder, &effect, &task.task.params)
            }
        });
    }
    done
}

type Heard = Result<(Vec<Entry>, Vec<TaskId>), Refusal>;

fn judge(state: &RunState, wish: &Wish, now: Timestamp) -> Heard {
    match wish {
        Wish::Cancel { by } => cancel(state, by),
        Wish::Undo { tasks, by } => undo(state, tasks.as_deref(), by),
        Wish::Confirm { tasks, by } => confirm(state, tasks.as_deref(), by),
        Wish::Extend { tasks, until, by } => extend(state, tasks.as_deref(), *until, by, now),
        Wish::Settle { task, happened, by } => settle(state, task, *happened, by),
        Wish::Answer { question, reply, bond } => answer(state, question, reply, bond, now),
        Wish::Tend => Ok((Vec::new(), Vec::new())),
    }
}

fn cancel(state: &RunState, by: &str) -> Heard {
    if state.finish().is_some() {
        return Err(Refusal::Ended);
    }
    if let Some(earlier) = state.cancelled() {
        return Err(Refusal::StoppedAlready(earlier.to_owned()));
    }
    Ok((vec![Entry::Cancelled { by: by.to_owned() }], Vec::new()))
}

/// Taking a whole run back stops it first: nothing is begun in order to be taken back.
fn undo(state: &RunState, tasks: Option<&[TaskId]>, by: &str) -> Heard {
    let can_be = |task: &TaskState| {
        let under_way = task.is_started() || task.phase == Phase::Attention;
        let held = task.holds() || task.phase == Phase::Stuck;
        task.task.reversible && !task.undo.wanted && (held || under_way)
    };
    let wanted = chosen(state, tasks, can_be)?;
    let whole_run_goes_on = tasks.is_none() && state.finish().is_none();
    let mut entries = Vec::new();
    if whole_run_goes_on && state.cancelled().is_none() {
        entries.push(Entry::Cancelled { by: by.to_owned() });
    }
    if wanted.is_empty() && entries.is_empty() {
        return Err(Refusal::NothingToUndo);
    }
    if !wanted.is_empty() {
        entries.push(Entry::UndoRequested { tasks: wanted.clone(), by: Requester::Person(by.to_owned()) });
    }
    Ok((entries, wanted))
}

fn confirm(state: &RunState, tasks: Option<&[TaskId]>, by: &str) -> Heard {
    let meant = chosen(state, tasks, |task| task.undo_due().is_some() || was_confirmed(task))?;
    if meant.is_empty() {
        return Err(Refusal::NoTimer);
    }
    // Whoever asks again, having heard no answer, hears the same one; the record has it once.
    let open = chosen(state, Some(&meant), |task| !task.undo.confirmed)?;
    let news = (!open.is_empty()).then(|| Entry::Confirmed { tasks: open, by: by.to_owned() });
    Ok((news.into_iter().collect(), meant))
}

fn was_confirmed(task: &TaskState) -> bool {
    task.holds() && task.undo.confirmed && !task.undo.wanted
}

fn extend(state: &RunState, tasks: Option<&[TaskId]>, until: Timestamp, by: &str, now: Timestamp) -> Heard {
    let meant = chosen(state, tasks, |task| task.undo_due().is_some())?;
    if meant.is_empty() {
        return Err(Refusal::NoTimer);
    }
    if until <= now {
        return Err(Refusal::Over(until));
    }
    let open = chosen(state, Some(&meant), |task| task.undo_due() != Some(until))?;
    let news = (!open.is_empty()).then(|| Entry::Extended { tasks: open, until, by: by.to_owned() });
    Ok((news.into_iter().collect(), meant))
}

fn settle(state: &RunState, id: &TaskId, happened: bool, by: &str) -> Heard {
    let task = state.task(id).ok_or_else(|| Refusal::NoSuchTask(id.clone()))?;
    let (id, by) = (id.clone(), by.to_owned());
    let told = match task.phase {
        Phase::Attention => Entry::Settled { task: id.clone(), happened, by },
        Phase::Stuck => Entry::UndoSettled { task: id.clone(), undone: happened, by },
        _ => return Err(Refusal::NotInQuestion(id)),
    };
    Ok((vec![told], vec![id]))
}

fn answer(state: &RunState, id: &QuestionId, reply: &Reply, bond: &Bond, now: Timestamp) -> Heard {
    let asked = state.question(id).ok_or_else(|| Refusal::NoSuchQuestion(id.clone()))?;
    let settled = |how: &str| Err(Refusal::QuestionSettled(id.clone(), how.to_owned()));
    match &asked.settled {
        Some(Settlement::Answered { choice, .. }) => return settled(choice),
        Some(Settlement::Expired) => return settled("nobody answered in time"),
        Some(Settlement::Withdrawn) => return settled("the run was stopped"),
        Some(Settlement::NotAsked) => return settled("the run only observes"),
        None if asked.question.expires <= now => return settled("nobody answered in time"),
        None => {}
    }
    if asked.question.bond != *bond {
        return Err(Refusal::OtherPlan(id.clone()));
    }
    if !asked.question.choices.contains(&reply.choice) {
        return Err(Refusal::NotAChoice {
            question: id.clone(),
            choice: reply.choice.clone(),
            choices: asked.question.choices.join(", "),
        });
    }
    if asked.has_answered(&reply.by) {
        return Err(Refusal::AnsweredAlready { question: id.clone(), by: reply.by.clone() });
    }
    Ok((vec![Entry::Answered { question: id.clone(), reply: reply.clone() }], Vec::new()))
}

fn chosen(
    state: &RunState,
    tasks: Option<&[TaskId]>,
    fits: impl Fn(&TaskState) -> bool,
) -> Result<Vec<TaskId>, Refusal> {
    if let Some(missing) = tasks.unwrap_or_default().iter().find(|id| state.task(id).is_none()) {
        return Err(Refusal::NoSuchTask(missing.clone()));
    }
    let named = |task: &TaskState| tasks.is_none_or(|tasks| tasks.contains(&task.task.id));
    Ok(state.tasks().filter(|task| named(task) && fits(task)).map(|task| task.task.id.clone()).collect())
}
