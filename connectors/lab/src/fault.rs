//! [`Fault`]: what goes wrong on demand.

use quell_action::{ActionError, Failure, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What goes wrong, with what, and how often. Left out, `action`, `provider` and `target` mean any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub fault: FaultKind,
    /// With which action: account.disable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// At which provider: okta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// With whose account or which device: alice, wks-bob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// While what is being done.
    #[serde(default)]
    pub during: During,
    /// How often; left out, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// For `throttled` and `unavailable`: how long the answer asks to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_secs: Option<u64>,
    /// For `latency`: how many milliseconds the answer takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// For `drift`: after how many looks somebody changes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_reads: Option<u32>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer takes its time.
    Latency,
    /// Too many calls; nothing happened.
    Throttled,
    /// Out of reach; nothing happened.
    Unavailable,
    /// The right is missing.
    Forbidden,
    /// The credential is refused.
    Credentials,
    /// The target is not known.
    NotFound,
    /// It happened, and the answer was lost.
    TimeoutAfterSending,
    /// It happened, and the answer was nonsense.
    Garbage,
    /// It happened, and somebody changes it back later.
    Drift,
}

/// While what is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum During {
    /// An action is carried out or undone.
    #[default]
    Acting,
    /// The state of a target is read.
    Looking,
    /// A directory is asked who is meant.
    Finding,
    /// Any of these.
    Always,
}

/// One call to the lab, as faults see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) during: During,
    pub(crate) action: Option<&'a str>,
    pub(crate) provider: &'a str,
    pub(crate) names: &'a [String],
}

/// What the faults come to for one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trouble {
    /// Nothing happens, and this is the answer.
    pub(crate) refusal: Option<ActionError>,
    /// It happens, and this is the answer.
    pub(crate) lost: Option<ActionError>,
    /// It happens, and is changed back after so many looks.
    pub(crate) drift_after: Option<u32>,
}

impl Fault {
    /// What is wrong with it.
    pub fn check(&self, place: &str) -> Vec<Problem> {
        use FaultKind::{Drift, Latency, Throttled, Unavailable};
        let fields = [
            ("millis", self.millis.is_some(), self.fault == Latency, self.fault == Latency),
            ("after_reads", self.after_reads.is_some(), self.fault == Drift, self.fault == Drift),
            (
                "retry_after_secs",
                self.retry_after_secs.is_some(),
                matches!(self.fault, Throttled | Unavailable),
                false,
            ),
        ];
        let mut problems = Vec::new();
        for (field, given, belongs, needed) in fields {
            let message = match (given, belongs, needed) {
                (true, false, _) => "does not belong to this fault",
                (false, _, true) => "is missing: this fault needs it",
                _ => continue,
            };
            problems.push(Problem { place: format!("{place}.{field}"), message: message.to_owned() });
        }
        if self.times == Some(0) {
            problems.push(Problem { place: format!("{place}.times"), message: "must be 1 at least".into() });
        }
        problems
    }

    fn hits(&self, call: &Call<'_>) -> bool {
        let fits = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| is.is_some_and(|is| wanted.eq_ignore_ascii_case(is)))
        };
        let during = self.during == During::Always || self.during == call.during;
        let target = self
            .target
            .as_ref()
            .is_none_or(|wanted| call.names.iter().any(|name| name.eq_ignore_ascii_case(wanted)));
        during
            && target
            && self.times != Some(0)
            && fits(&self.action, call.action)
            && fits(&self.provider, Some(call.provider))
    }

    fn refusal(&self) -> Option<ActionError> {
        let retry_after = self.retry_after_secs.map(Duration::from_secs);
        let (failure, message) = match self.fault {
            FaultKind::Throttled => (Failure::Throttled { retry_after }, "the lab wants fewer calls"),
            FaultKind::Unavailable => (Failure::Unavailable { retry_after }, "the lab is out of reach"),
            FaultKind::Forbidden => (Failure::Forbidden, "the lab refuses the right"),
            FaultKind::Credentials => (Failure::Credentials, "the lab refuses the credential"),
            FaultKind::NotFound => (Failure::NotFound, "the lab does not know the target"),
            _ => return None,
        };
        Some(ActionError::new(failure, format!("{message} (a fault on demand)")))
    }

    fn lost(&self, during: During) -> Option<ActionError> {
        let message = match self.fault {
            FaultKind::TimeoutAfterSending => "the lab did not answer in time (a fault on demand)",
            FaultKind::Garbage => "the lab's answer cannot be understood (a fault on demand)",
            _ => return None,
        };
        Some(match during {
            During::Acting => ActionError::uncertain(message),
            _ => ActionError::unavailable(message),
        })
    }
}

/// How long the answer to this call takes.
pub(crate) fn latency<'a>(faults: impl IntoIterator<Item = &'a Fault>, call: &Call<'_>) -> Duration {
    let hits = faults.into_iter().filter(|fault| fault.fault == FaultKind::Latency && fault.hits(call));
    Duration::from_millis(hits.filter_map(|fault| fault.millis).sum())
}

/// What the faults come to for this call, latency apart. Each that hits is used up once.
pub(crate) fn trouble<'a>(faults: impl IntoIterator<Item = &'a mut Fault>, call: &Call<'_>) -> Trouble {
    let mut trouble = Trouble::default();
    for fault in faults {
        if fault.fault == FaultKind::Latency || trouble.refusal.is_some() || !fault.hits(call) {
            continue;
        }
        if fault.fault == FaultKind::Drift && call.during != During::Acting {
            continue;
        }
        fault.times = fault.times.map(|times| times.saturating_sub(1));
        trouble.refusal = fault.refusal();
        trouble.lost = trouble.lost.or_else(|| fault.lost(call.during));
        trouble.drift_after = trouble.drift_after.or(fault.after_reads);
    }
    trouble
}
