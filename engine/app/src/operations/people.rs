//! The operations in which a person answers what the engine cannot know, or may not decide alone.

use std::sync::Arc;

use quell_api::{AnswerOrder, Caller, InQuestion, NoAnswer, Refusal, RefusalKind, SettleOrder};
use quell_run::{Bond, OpenQuestion, Phase, QuestionId, Reply, RunFilter, RunId, RunState, RunStatus, Runs};
use quell_store::RefusedAnswer;

use super::refused;
use super::undo::what;
use crate::answers;
use crate::wire::App;

/// Answers a question for somebody who is asked it, and those that were shown together with it.
pub(super) async fn answer(
    app: &Arc<App>,
    run: &RunId,
    order: &AnswerOrder,
    caller: &Caller,
) -> Result<(), Refusal> {
    if let Err(why) = is_who_they_say(app, caller, &order.by) {
        tracing::warn!(run.id = %run, question = %order.question, by = order.by, %why, "an answer was refused");
        note_refused(app, run, &order.question, order, &why).await;
        return Err(Refusal::forbidden(why.to_string()));
    }
    let open = app.engine.questions().await.map_err(refused)?;
    answer_one(app, &open, run, (&order.question, &order.bond), order).await?;
    for one in &order.with {
        match answer_one(app, &open, &one.run, (&one.question, &one.bond), order).await {
            // Somebody was faster, or it has expired: that goes for this one only.
            Err(refusal) if refusal.kind == RefusalKind::Conflict => {
                tracing::warn!(run.id = %one.run, question = %one.question, %refusal, "not answered");
            }
            answered => answered?,
        }
    }
    Ok(())
}

async fn answer_one(
    app: &Arc<App>,
    open: &[OpenQuestion],
    run: &RunId,
    (question, bond): (&QuestionId, &Bond),
    order: &AnswerOrder,
) -> Result<(), Refusal> {
    let Some(asked) = open.iter().find(|one| one.run == *run && one.question.id == *question) else {
        // It may have been asked once: then somebody came too late.
        let known = app.store.runs().summary(run).await.map_err(Refusal::unavailable)?;
        if known.is_some() {
            note_refused(app, run, question, order, &NoAnswer::Settled(String::new())).await;
        }
        return Err(Refusal::conflict(format!("run {run} does not wait for an answer to {question}")));
    };
    if let Err(refusal) = may_answer(app, &asked.question.of, &order.by) {
        note_refused(app, run, question, order, &NoAnswer::NotAsked(order.by.clone())).await;
        return Err(refusal);
    }
    let (choice, remark) = (order.choice.clone(), order.remark.clone());
    let reply = Reply { choice, by: order.by.clone(), remark, through: None };
    let answered = app.engine.answer(run, question, bond, reply).await;
    if let Err(error) = &answered {
        note_refused(app, run, question, order, &answers::refused(error)).await;
    }
    answered.map_err(refused)
}

/// Where people have tokens of their own, an answer is given with one of them; and with one of them in no other name.
fn is_who_they_say(app: &App, caller: &Caller, by: &str) -> Result<(), NoAnswer> {
    match caller {
        Caller::Person(name) if **name == *by => Ok(()),
        Caller::Person(name) => Err(NoAnswer::AsAnother { caller: name.to_string(), by: by.to_owned() }),
        Caller::Unnamed if app.site.config.api.people.is_empty() => Ok(()),
        Caller::Unnamed => Err(NoAnswer::Unproven(by.to_owned())),
    }
}

/// What was not answered because something failed was not refused to anybody.
async fn note_refused(app: &App, run: &RunId, question: &QuestionId, order: &AnswerOrder, why: &NoAnswer) {
    if matches!(why, NoAnswer::Unavailable(_)) {
        return;
    }
    let by = match why {
        NoAnswer::AsAnother { caller, by } => format!("{caller} (as {by})"),
        _ => order.by.clone(),
    };
    let refused = RefusedAnswer {
        run: Some(run.clone()),
        question: Some(question.clone()),
        choice: Some(order.choice.clone()),
        through: None,
        by: Some(by),
        why: why.word().to_owned(),
    };
    answers::put_on_record(app, refused).await;
}

/// Where the site lists its teams, only a member of one that is asked can answer.
pub(super) fn may_answer(app: &App, asked: &[String], who: &str) -> Result<(), Refusal> {
    let teams = &app.site.config.teams;
    let member =
        |team: &String| teams.get(team).is_some_and(|members| members.iter().any(|name| name == who));
    // A question to nobody in particular is one to all that the site knows.
    let all: Vec<String> = teams.keys().cloned().collect();
    let asked = if asked.is_empty() { &all } else { asked };
    if teams.is_empty() || asked.iter().any(member) {
        return Ok(());
    }
    Err(Refusal::conflict(format!("{who} is in none of the teams that are asked: {}", asked.join(", "))))
}

/// Every task of which nobody can say whether it happened, or that could not be taken back.
pub(super) async fn attention(app: &Arc<App>) -> Result<Vec<InQuestion>, Refusal> {
    let runs = app.store.runs();
    let filter = RunFilter { status: Some(RunStatus::NeedsAttention), ..RunFilter::default() };
    let mut found = Vec::new();
    for run in runs.list(&filter).await.map_err(Refusal::unavailable)? {
        let lines = runs.lines(&run.id).await.map_err(Refusal::unavailable)?;
        let state = RunState::replay(&lines).map_err(Refusal::unavailable)?;
        found.extend(state.tasks().filter_map(|task| {
            let what = match task.phase {
                Phase::Attention => what(task),
                Phase::Stuck => format!("undo of {}", what(task)),
                _ => return None,
            };
            Some(InQuestion {
                run: run.id.0.clone(),
                playbook: run.playbook.name.0.clone(),
                task: task.task.id.to_string(),
                what,
                why: task.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
            })
        }));
    }
    Ok(found)
}

/// Takes a person's word for whether a task happened.
pub(super) async fn settle(app: &Arc<App>, run: &RunId, order: &SettleOrder) -> Result<(), Refusal> {
    let lines = app.store.runs().lines(run).await.map_err(Refusal::unavailable)?;
    let state = RunState::replay(&lines).map_err(Refusal::unavailable)?;
    let task = state.tasks().map(|task| &task.task.id).find(|id| id.to_string() == order.task).cloned();
    let task = task.ok_or_else(|| Refusal::not_found(format!("run {run} has no task {}", order.task)))?;
    app.engine.settle(run, task, order.happened, &order.by).await.map_err(refused)
}
