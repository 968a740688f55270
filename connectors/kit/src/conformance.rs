//! The conformance suite: every action of a connector against a vendor that misbehaves as told.
//!
//! A connector's test brings a [`Bench`]: it connects the connector to a vendor that the test controls, puts a target
//! into a known state, makes the vendor misbehave and counts the changes that really took effect over there.
//! [`check`] does the rest, and gives back every broken promise at once. What a bench cannot bring about is named in
//! the [`Report`], so that nothing is left out silently.
//!
//! There is no back door to clearance here: requests are made with [`clear`], which asks an empty exclusion list.

mod bench;
mod capture;
mod coverage;
mod mishap;
mod once;
mod positions;
mod scenario;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use quell_action::{
    AccountFacts, ActionSpec, Cleared, DeviceFacts, Excluded, ExclusionList, IdentityFacts, Subject, Target,
};

pub use bench::{Bench, Case, Vendor};
pub use capture::Capture;
pub use coverage::{not_met_by_mishaps, not_played};
pub use mishap::Mishap;
pub use once::play_once;
pub use positions::{PositionBench, check_positions};

/// What the suite did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Every scenario that was played, as `action at provider: scenario`.
    pub played: Vec<String>,
    /// Every scenario that the bench could not bring about.
    pub left_out: Vec<String>,
    /// Every broken promise.
    pub broken: Vec<String>,
    /// The actions that did what they are there for, as `action at provider`.
    worked: BTreeSet<String>,
    /// The actions that met a mishap at one of their calls.
    mishaps: BTreeSet<String>,
}

impl Report {
    /// All broken promises, one a line; nothing when the connector conforms.
    pub fn verdict(&self) -> String {
        self.broken.join("\n")
    }
}

/// Plays every scenario with every case of the bench.
pub async fn check(bench: &dyn Bench) -> Report {
    let capture = Capture::default();
    let mut report = capture.during(play_all(bench)).await;
    for secret in bench.secrets() {
        if capture.text().contains(&secret) {
            report.broken.push("a secret stands in the logs".into());
        }
    }
    report
}

async fn play_all(bench: &dyn Bench) -> Report {
    let mut report = Report::default();
    let cases = bench.cases();
    every_action_has_a_case(bench, &cases, &mut report).await;
    for case in &cases {
        scenario::play(bench, case, &mut report).await;
    }
    report
}

async fn every_action_has_a_case(bench: &dyn Bench, cases: &[Case], report: &mut Report) {
    for action in bench.connect(Vendor::Answers).await.actions {
        let spec = action.info().spec;
        if !cases.iter().any(|case| case.action == spec.name && case.provider == spec.provider) {
            report.broken.push(format!("{} at {}: there is no case for it", spec.name, spec.provider));
        }
        report.broken.extend(spec_faults(&spec));
    }
}

fn spec_faults(spec: &ActionSpec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |why: &str| faults.push(format!("{} at {}: {why}", spec.name, spec.provider));
    if spec.name.split('.').count() != 2 {
        fault("its name is not a noun and a verb");
    }
    if spec.summary.is_empty() || !spec.summary.ends_with('.') {
        fault("its summary is not a sentence");
    }
    if spec.undo.is_some() && !spec.readable {
        fault("what can be undone must be readable: an undo looks before it writes");
    }
    faults
}

/// Clears a target for a call in a test, the way everything is cleared: by asking an exclusion list. This one has no
/// entries; what is built in still holds.
///
/// # Errors
/// As [`ExclusionList::clear`].
pub fn clear(target: &Target, spec: &ActionSpec) -> Result<Cleared, Excluded> {
    let read_at = DateTime::UNIX_EPOCH;
    let list = ExclusionList::new(Vec::new(), BTreeSet::new(), TimeDelta::minutes(1));
    let subject = match target {
        Target::Account(key) => Subject::Identity(IdentityFacts {
            mentioned: Vec::new(),
            accounts: vec![AccountFacts {
                key: key.clone(),
                display: key.to_string(),
                identifiers: Vec::new(),
                groups: Some(Vec::new()),
                privileged: Some(false),
                enabled: Some(true),
                protected: None,
                read_at,
            }],
            unanswered: Vec::new(),
        }),
        Target::Device(key) => Subject::Device(DeviceFacts {
            key: key.clone(),
            display: key.to_string(),
            identifiers: Vec::new(),
            tags: Some(Vec::new()),
            addresses: Some(Vec::new()),
            account: None,
            protected: None,
            read_at,
        }),
        Target::None => Subject::Nobody,
    };
    list.clear(&subject, target.clone(), spec, read_at)
}
