//! Many runs that meet the same limit ask one question: shown as one, answered as one, recorded in each.

use serde::{Deserialize, Serialize};

use super::{About, Bond, OpenQuestion, QuestionId};
use crate::RunId;

/// The question of another run that is asked together with one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundled {
    /// The run that waits.
    pub run: RunId,
    /// Its question.
    pub question: QuestionId,
    /// What that is bound to: an answer goes for exactly those whose bonds are named.
    pub bond: Bond,
    /// Whom it is about, as people call it.
    pub subjects: Vec<String>,
    /// What it asks: each is about its own limit and its own actions.
    #[serde(default)]
    pub text: String,
}

impl OpenQuestion {
    /// Puts together what is asked for the same reason, of the same people: the first to ask stands for all.
    pub fn bundled(all: Vec<Self>) -> Vec<Self> {
        let mut bundles: Vec<Self> = Vec::new();
        for one in all {
            match bundles.iter_mut().find(|first| first.stands_for(&one)) {
                Some(first) => first.with.push(Bundled {
                    run: one.run,
                    question: one.question.id,
                    bond: one.question.bond,
                    subjects: one.subjects,
                    text: one.question.text,
                }),
                None => bundles.push(one),
            }
        }
        bundles
    }

    fn stands_for(&self, other: &Self) -> bool {
        let (own, other) = (&self.question, &other.question);
        let is_about_limits = |about: &About| matches!(about, About::Limits { .. });
        is_about_limits(&own.about)
            && is_about_limits(&other.about)
            && (&own.of, &own.choices, own.quorum) == (&other.of, &other.choices, other.quorum)
    }
}
