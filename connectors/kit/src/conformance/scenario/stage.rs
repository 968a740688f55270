//! [`Stage`]: one case in one scenario, and the calls that a scenario makes.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{
    AccountKey, ActionError, ActionSpec, AnyAction, DeviceKey, Effect, Failure, Impact, Observation, Outcome,
    Request, RequestKey, Restore, State, Target,
};
use serde_json::Value;

use super::Called;
use crate::conformance::{Bench, Case, Report, Vendor, clear};

/// A call that has not come back by then is broken: the engine's own limit must never be the one that ends it.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a vendor that answers may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

pub(super) struct Stage<'a> {
    bench: &'a dyn Bench,
    case: &'a Case,
    report: &'a mut Report,
    scenario: String,
    vendor: Vendor,
    spec: Option<ActionSpec>,
    action: Option<Arc<dyn AnyAction>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(bench: &'a dyn Bench, case: &'a Case, report: &'a mut Report) -> Self {
        Self {
            bench,
            case,
            report,
            scenario: String::new(),
            vendor: Vendor::Answers,
            spec: None,
            action: None,
        }
    }

    /// Begins a scenario; `false` where the bench cannot bring it about.
    pub(super) async fn open(&mut self, scenario: &str, vendor: Vendor, done: bool) -> bool {
        self.scenario = format!("{} at {}: {scenario}", self.case.action, self.case.provider);
        if !self.bench.can(vendor) || !self.bench.arrange(self.case, done).await {
            self.report.left_out.push(self.scenario.clone());
            return false;
        }
        self.reconnect(vendor).await;
        if self.action.is_none() {
            self.broken("the connection does not offer it");
            return false;
        }
        self.report.played.push(self.scenario.clone());
        true
    }

    /// Connects anew, to a vendor that behaves so and has kept its state.
    pub(super) async fn reconnect(&mut self, vendor: Vendor) {
        self.vendor = vendor;
        let connection = self.bench.connect(vendor).await;
        self.action = connection.actions.into_iter().find(|action| {
            let spec = &action.info().spec;
            spec.name == self.case.action && spec.provider == self.case.provider
        });
        self.spec = self.action.as_ref().map(|action| action.info().spec).or(self.spec);
    }

    /// What the action declares. Before the first scenario nothing is known of it, and the careful answer is given.
    pub(super) fn spec(&self) -> ActionSpec {
        self.spec.unwrap_or(UNKNOWN)
    }

    pub(super) fn can(&self, vendor: Vendor) -> bool {
        self.bench.can(vendor)
    }

    pub(super) fn params(&self) -> Value {
        self.case.params.clone()
    }

    pub(super) fn only_informs(&self) -> bool {
        self.spec().impact == Impact::Informing
    }

    pub(super) async fn changes(&self) -> usize {
        self.bench.changes(self.case).await
    }

    pub(super) async fn meddle(&mut self) -> bool {
        let can = self.bench.meddle(self.case).await;
        if !can {
            self.report.left_out.push(self.scenario.clone());
        }
        can
    }

    /// Carries the action out.
    pub(super) async fn execute(&mut self) -> Called<Outcome<Value>> {
        self.execute_with(self.case.params.clone()).await
    }

    pub(super) async fn execute_with(&mut self, params: Value) -> Called<Outcome<Value>> {
        let request = self.request(&self.case.target, params)?;
        let action = self.action.clone()?;
        self.returns("execute", action.execute(request)).await
    }

    /// Carries it out on a device where it acts on accounts, and on an account where it acts on devices or on nothing.
    pub(super) async fn execute_on_another_kind(&mut self) -> Called<Outcome<Value>> {
        let provider = self.case.provider.into();
        let (realm, id) = ("conformance".to_owned(), "another-kind".to_owned());
        let other = match self.case.target {
            Target::Account(_) => Target::Device(DeviceKey { provider, realm, id }),
            Target::Device(_) | Target::None => Target::Account(AccountKey { provider, realm, id }),
        };
        let request = self.request(&other, self.case.params.clone())?;
        let action = self.action.clone()?;
        self.returns("execute", action.execute(request)).await
    }

    /// Carries the action out where nothing stands against it.
    pub(super) async fn executes(&mut self, what: &str) -> Option<Outcome<Value>> {
        self.execute().await.and_then(|result| self.succeeded(result, what))
    }

    /// Looks at the target; `None` where there is nothing to read.
    pub(super) async fn observe(&mut self) -> Called<Observation> {
        if self.spec().readable { self.observe_anyway().await } else { None }
    }

    pub(super) async fn observe_anyway(&mut self) -> Called<Observation> {
        let action = self.action.clone()?;
        self.returns("observe", action.observe(&self.case.target, &self.case.params)).await
    }

    pub(super) async fn restore(&mut self, restore: Restore<Value>) -> Called<Outcome<()>> {
        let spec = self.spec();
        let cleared = match clear(&self.case.target, &spec) {
            Ok(cleared) => cleared,
            Err(excluded) => {
                self.broken(&excluded.to_string());
                return None;
            }
        };
        let key = RequestKey(format!("undo {}", self.scenario));
        let request = Request::new(cleared, key, self.time_limit(), restore);
        let action = self.action.clone()?;
        self.returns("restore", action.restore(request)).await
    }

    pub(super) async fn restores(&mut self, restore: Restore<Value>, what: &str) -> Option<Outcome<()>> {
        self.restore(restore).await.and_then(|result| self.succeeded(result, what))
    }

    /// What the call says of itself agrees with what the vendor counted.
    pub(super) async fn is_truthful(&mut self, outcome: &Outcome<Value>, expected: usize) {
        let changes = self.changes().await;
        let truthful = match outcome.effect {
            Effect::Unchanged => changes == 0,
            Effect::Changed { .. } | Effect::Ineffective { .. } => changes == expected,
        };
        self.expect(truthful, &format!("{changes} changes took effect, and it says {:?}", outcome.effect));
    }

    pub(super) async fn is_as_before(&mut self, before: &State) {
        if let Some(Ok(seen)) = self.observe().await {
            self.expect(seen.state == *before, &format!("undone, it is {:?}, not {before:?}", seen.state));
        }
    }

    pub(super) async fn nothing_happened(&mut self) {
        let changes = self.changes().await;
        self.expect(changes == 0, &format!("{changes} changes took effect where none should"));
    }

    /// The call must have failed in this way.
    pub(super) fn failed<T: Debug>(&mut self, result: Called<T>, what: &str, fits: impl Fn(Failure) -> bool) {
        match result {
            Some(Err(error)) => self.expect(
                fits(error.failure) && !error.message.is_empty(),
                &format!("{what} failed with {:?} ({error})", error.failure),
            ),
            Some(Ok(outcome)) => self.broken(&format!("{what} succeeded: {outcome:?}")),
            None => {}
        }
    }

    /// The action did what it is there for.
    pub(super) fn worked(&mut self) {
        self.report.worked.insert(format!("{} at {}", self.case.action, self.case.provider));
    }

    pub(super) fn expect(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.broken(otherwise);
        }
    }

    pub(super) fn broken(&mut self, why: &str) {
        self.report.broken.push(format!("{}: {why}", self.scenario));
    }

    fn succeeded<T>(&mut self, result: Result<T, ActionError>, what: &str) -> Option<T> {
        result.map_err(|error| self.broken(&format!("{what} failed with {:?} ({error})", error.failure))).ok()
    }

    /// Only a vendor that never answers is waited for no longer than the bench says: on a busy machine an answer may take
    /// its time.
    fn time_limit(&self) -> Duration {
        match self.vendor {
            Vendor::HangsBefore | Vendor::HangsAfter | Vendor::Trickles => self.bench.time_limit(),
            _ => ANSWERS_WITHIN,
        }
    }

    fn request(&mut self, target: &Target, params: Value) -> Option<Request<Value>> {
        match clear(target, &self.spec()) {
            Ok(cleared) => {
                let key = RequestKey(self.scenario.clone());
                Some(Request::new(cleared, key, self.time_limit(), params))
            }
            Err(excluded) => {
                self.broken(&format!("the bench's target cannot be cleared: {excluded}"));
                None
            }
        }
    }

    /// Waits for a call, and looks for secrets in what it gives.
    async fn returns<T: Debug>(
        &mut self,
        what: &str,
        call: impl Future<Output = Result<T, ActionError>>,
    ) -> Called<T> {
        let Ok(result) = tokio::time::timeout(PATIENCE, call).await else {
            self.broken(&format!("{what} did not come back in time"));
            return None;
        };
        let shown = format!("{result:?}");
        if self.bench.secrets().iter().any(|secret| shown.contains(secret)) {
            self.broken(&format!("{what} shows a secret"));
        }
        Some(result)
    }
}

const UNKNOWN: ActionSpec = ActionSpec {
    name: "",
    provider: "",
    target: quell_action::TargetKind::None,
    impact: Impact::Disruptive,
    undo: None,
    repeat: quell_action::Repeat::Never,
    readable: false,
    permissions: &[],
    summary: "",
    vendor_page: "",
};
