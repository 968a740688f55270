//! What people were asked, how it reached them, and what they said.

use quell_run::{Carriage, Entry, Errand};

use super::{BAD, GOOD, NAME, NOTE, plain, styled};

/// One line about a question.
pub(super) fn tell(entry: &Entry) -> String {
    match entry {
        Entry::Asked { question, .. } => {
            let who = asked(&question.of);
            let through =
                question.through.as_ref().map(|name| format!(" through {name}")).unwrap_or_default();
            format!(
                "{} {who}{through}: {} ({})",
                styled(NOTE, "asks"),
                plain(&question.text),
                question.choices.join(" or ")
            )
        }
        Entry::Answered { question, reply } => {
            let remark = reply.remark.as_ref().map(|said| format!(": {}", plain(said))).unwrap_or_default();
            let through = reply.through.as_ref().map(|name| format!(" through {name}")).unwrap_or_default();
            format!("{question} answered {} by {}{through}{remark}", styled(NAME, &reply.choice), reply.by)
        }
        Entry::QuestionExpired { question } => {
            format!("{question} {}: nobody answered in time", styled(NOTE, "expired"))
        }
        Entry::QuestionWithdrawn { question } => format!("{question} withdrawn: the run was stopped"),
        Entry::Carried { question, carriage } => format!("{question} {}", carried(carriage)),
        _ => String::new(),
    }
}

/// Those who are asked; a site's own question may be one to all of them.
pub(crate) fn asked(of: &[String]) -> String {
    if of.is_empty() { "anybody who may answer".to_owned() } else { of.join(", ") }
}

fn carried(carriage: &Carriage) -> String {
    let what = |errand: &Errand| match errand {
        Errand::Ask => "the question",
        Errand::Tell => "word of what became of it",
    };
    match carriage {
        Carriage::Addressed { to, why } if to.is_empty() => {
            let why = why.as_deref().unwrap_or("nobody can be reached");
            format!("{}: {why}; it can be answered with `quell approvals`", styled(BAD, "is sent to nobody"))
        }
        Carriage::Addressed { to, .. } => {
            let names: Vec<&str> = to.iter().map(|one| one.name.as_str()).collect();
            format!("goes to {}", names.join(", "))
        }
        Carriage::Begun { to, errand, attempt } => {
            let nth = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("{} is being sent to {to}{nth}", what(errand))
        }
        Carriage::Delayed { to, errand, error, again_at } => {
            format!(
                "{} to {to} {}: {error}; again at {}",
                what(errand),
                styled(NOTE, "waits"),
                again_at.format("%H:%M:%S")
            )
        }
        Carriage::Done { to, errand, maybe_twice: false, .. } => {
            format!("{} was {} to {to}", what(errand), styled(GOOD, "sent"))
        }
        Carriage::Done { to, errand, maybe_twice: true, .. } => {
            format!("{} was sent to {to}, and {}", what(errand), styled(NOTE, "may have been sent twice"))
        }
        Carriage::Failed { to, errand, why } => {
            format!("{} {} to {to}: {why}", what(errand), styled(BAD, "was not sent"))
        }
    }
}
