//! A connector in memory that can be broken in many ways, to see whether the conformance suite notices.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{
    AccountKey, Action, ActionError, ActionSpec, Connection, Failure, Impact, InEffect, Observation, Outcome,
    Probe, ProbeReport, Repeat, Request, Restore, State, Target, TargetKind, bind,
};
use quell_kit::conformance::{Bench, Case, Vendor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

const TOKEN: &str = "planted-toy-token";

/// What is wrong with the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    SaysUnchanged,
    SaysChanged,
    WritesAgain,
    WrongBefore,
    WrongAfter,
    BlindUndo,
    UndoesTwice,
    UndoForgets,
    CertainAfterLoss,
    ClaimsSuccessAfterLoss,
    TouchesWhenLooking,
    LooksWrongly,
    LeaksInError,
    LeaksInLog,
    MixesUpRefusals,
    ForgetsTheHint,
    TakesAnyTarget,
    NeverComesBack,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account {
    level: i64,
    changes: usize,
}

pub(crate) struct Toy {
    vendor: Vendor,
    defect: Defect,
    account: Arc<Mutex<Account>>,
}

/// Sets the level of an account to 2.
struct SetLevel;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {}

impl Action for SetLevel {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.set_level",
        provider: "toy",
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: Some("account.set_level"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["levels"],
        summary: "Sets the level.",
        vendor_page: "",
    };
    type Params = Params;
    type Output = Output;
    type Client = Toy;

    async fn execute(toy: &Toy, request: &Request<Params>) -> Result<Outcome<Output>, ActionError> {
        toy.takes(request.target())?;
        toy.reach().await?;
        let before = toy.account.lock().level;
        if before == 2 && toy.defect != Defect::WritesAgain {
            let outcome = Outcome::unchanged(Output {});
            let lie = Outcome::changed(state(1), state(2), Output {});
            return Ok(if toy.defect == Defect::SaysChanged { lie } else { outcome });
        }
        toy.write(2)?;
        let before = if toy.defect == Defect::WrongBefore { 7 } else { before };
        let after = if toy.defect == Defect::WrongAfter { 7 } else { 2 };
        let lie = toy.defect == Defect::SaysUnchanged;
        Ok(if lie {
            Outcome::unchanged(Output {})
        } else {
            Outcome::changed(state(before), state(after), Output {})
        })
    }

    async fn observe(toy: &Toy, target: &Target, _: &Params) -> Result<Observation, ActionError> {
        toy.takes(target)?;
        toy.reach().await?;
        let mut account = toy.account.lock();
        if toy.defect == Defect::TouchesWhenLooking {
            account.changes += 1;
        }
        let done = (account.level == 2) != (toy.defect == Defect::LooksWrongly);
        let in_effect = if done { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: state(account.level), in_effect })
    }

    async fn restore(toy: &Toy, request: &Request<Restore<Params>>) -> Result<Outcome<()>, ActionError> {
        toy.reach().await?;
        let Restore { before, after, .. } = request.params();
        let now = state(toy.account.lock().level);
        if now == *before && toy.defect != Defect::UndoesTwice {
            return Ok(Outcome::unchanged(()));
        }
        if now != *after && !matches!(toy.defect, Defect::BlindUndo | Defect::UndoesTwice) {
            return Err(ActionError::rejected("somebody else changed it"));
        }
        let level = before.0["level"].as_i64().unwrap();
        toy.write(if toy.defect == Defect::UndoForgets { 0 } else { level })?;
        Ok(Outcome::changed(now, before.clone(), ()))
    }
}

fn state(level: i64) -> State {
    State(json!({ "level": level }))
}

impl Toy {
    fn takes(&self, target: &Target) -> Result<(), ActionError> {
        let fits = matches!(target, Target::Account(_)) || self.defect == Defect::TakesAnyTarget;
        if fits { Ok(()) } else { Err(ActionError::rejected("not an account")) }
    }

    async fn reach(&self) -> Result<(), ActionError> {
        if self.defect == Defect::NeverComesBack && self.vendor == Vendor::HangsBefore {
            std::future::pending::<()>().await;
        }
        if self.defect == Defect::LeaksInLog {
            tracing::debug!(token = TOKEN, "calling");
        }
        let failure = match self.vendor {
            Vendor::KnowsNobody if self.defect == Defect::MixesUpRefusals => Failure::Rejected,
            Vendor::KnowsNobody => Failure::NotFound,
            Vendor::Forbids => Failure::Forbidden,
            Vendor::RefusesCredentials => Failure::Credentials,
            Vendor::Throttles(_) if self.defect == Defect::ForgetsTheHint => {
                Failure::Throttled { retry_after: None }
            }
            Vendor::Throttles(retry_after) => Failure::Throttled { retry_after },
            Vendor::IsDown | Vendor::HangsBefore => Failure::Unavailable { retry_after: None },
            _ => return Ok(()),
        };
        let leak = self.defect == Defect::LeaksInError;
        Err(ActionError::new(failure, if leak { format!("refused {TOKEN}") } else { "refused".into() }))
    }

    fn write(&self, level: i64) -> Result<(), ActionError> {
        let mut account = self.account.lock();
        (account.level, account.changes) = (level, account.changes + 1);
        let lost = matches!(
            self.vendor,
            Vendor::HangsAfter | Vendor::Cuts | Vendor::Trickles | Vendor::TalksNonsense
        );
        match self.defect {
            Defect::CertainAfterLoss if lost => Err(ActionError::unavailable("no answer")),
            Defect::ClaimsSuccessAfterLoss if lost => {
                account.level = 1;
                account.changes -= 1;
                Ok(())
            }
            _ if lost => Err(ActionError::uncertain("no answer")),
            _ => Ok(()),
        }
    }
}

pub(crate) struct ToyBench {
    defect: Defect,
    account: Arc<Mutex<Account>>,
}

impl ToyBench {
    pub(crate) fn with(defect: Defect) -> Self {
        Self { defect, account: Arc::new(Mutex::new(Account { level: 1, changes: 0 })) }
    }
}

#[async_trait]
impl Bench for ToyBench {
    fn cases(&self) -> Vec<Case> {
        let key = AccountKey { provider: "toy".into(), realm: "r".into(), id: "a".into() };
        let target = Target::Account(key);
        vec![Case { action: "account.set_level", provider: "toy", target, params: json!({}) }]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        let toy = Toy { vendor, defect: self.defect, account: Arc::clone(&self.account) };
        Connection {
            name: "toy".into(),
            actions: vec![bind::<SetLevel>(Arc::new(toy))],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(Nothing),
        }
    }

    async fn arrange(&self, _: &Case, done: bool) -> bool {
        *self.account.lock() = Account { level: if done { 2 } else { 1 }, changes: 0 };
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.account.lock().changes
    }

    async fn meddle(&self, _: &Case) -> bool {
        self.account.lock().level = 3;
        true
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.to_owned()]
    }
}

struct Nothing;

#[async_trait]
impl Probe for Nothing {
    async fn probe(&self) -> ProbeReport {
        ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() }
    }
}
