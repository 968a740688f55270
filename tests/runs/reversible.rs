//! Whatever the catalogue calls reversible is taken back, target or none: `quell check` lets a playbook say so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{
    AccountFacts, ActionError, ActionInfo, AnyAction, Connection, DeviceFacts, Directory, InEffect, LookUp,
    Observation, Outcome, ParamKind, Registry, Request, Restore, State, Target, TargetKind,
};
use quell_alert::{Alert, DeviceIdentifier, Identifier, Provider};
use quell_playbook::model::Playbook;
use quell_run::{Engine, Hands, Phase, Plan, TaskState};
use quell_tests::run::{House, Person, alert_about, device_alert, in_time};
use serde_json::{Map, Value, json};

/// What is in effect, by what it is about.
type Effects = Arc<Mutex<BTreeMap<String, bool>>>;

/// An action of the catalogue that does nothing but remember that it was done. What it keeps, it does not say.
struct Remembered {
    info: ActionInfo,
    effects: Effects,
}

impl Remembered {
    fn about(&self, target: &Target, params: &Value) -> String {
        let spec = &self.info.spec;
        format!("{} at {} of {target} with {params}", spec.name, spec.provider)
    }

    fn is(&self, target: &Target, params: &Value) -> bool {
        self.effects.lock().get(&self.about(target, params)).copied().unwrap_or_default()
    }

    fn put(&self, target: &Target, params: &Value, is: bool) -> (State, State) {
        let before = self.effects.lock().insert(self.about(target, params), is).unwrap_or_default();
        (state(before), state(is))
    }
}

fn state(is: bool) -> State {
    State(json!({ "is": is }))
}

#[async_trait]
impl AnyAction for Remembered {
    fn info(&self) -> &ActionInfo {
        &self.info
    }

    async fn execute(&self, request: Request<Value>) -> Result<Outcome<Value>, ActionError> {
        self.info.check_params(request.params()).map_err(ActionError::rejected)?;
        let (before, after) = self.put(request.target(), request.params(), true);
        Ok(Outcome::changed(before, after, Value::Null))
    }

    async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError> {
        let is = self.is(target, params);
        Ok(Observation { state: state(is), in_effect: if is { InEffect::Yes } else { InEffect::No } })
    }

    async fn restore(&self, request: Request<Restore<Value>>) -> Result<Outcome<()>, ActionError> {
        let Restore { params, before, .. } = request.params();
        let (now, then) = self.put(request.target(), params, *before == state(true));
        Ok(Outcome::changed(now, then, ()))
    }
}

/// The reversible actions of every connector that there is, and the engine's own.
fn reversible() -> Vec<ActionInfo> {
    let all = quell_connectors::catalogue();
    let found: Vec<ActionInfo> = all.iter().filter(|info| info.spec.undo.is_some()).cloned().collect();
    let without_target = found.iter().filter(|info| info.spec.target == TargetKind::None).count();
    assert!(without_target > 10, "the catalogue has lost its actions without a target: {without_target}");
    assert!(found.len() > without_target);
    found
}

/// Another system that knows the devices of the vendor.
struct Knowing {
    provider: &'static str,
    fleet: Arc<dyn Directory>,
}

#[async_trait]
impl Directory for Knowing {
    fn provider(&self) -> Provider {
        self.provider.into()
    }

    fn knows_accounts(&self) -> bool {
        false
    }

    fn knows_devices(&self) -> bool {
        true
    }

    async fn account(&self, _: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }

    async fn device(&self, names: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        let mut found = self.fleet.device(names).await?;
        if let LookUp::Found(facts) = &mut found {
            facts.key.provider = self.provider.into();
        }
        Ok(found)
    }
}

struct Trial {
    house: House,
    effects: Effects,
    playbook: Arc<Playbook>,
    engine: Engine,
    alert: Arc<Alert>,
}

/// A site that has this action alone, and a playbook that does it and takes it back after an hour.
fn trial(info: &ActionInfo) -> Trial {
    let house = House::new().with([&Person::new("alice")]);
    house.vendor.enrol("wks-1");
    let effects = Effects::default();
    let action = Remembered { info: info.clone(), effects: Arc::clone(&effects) };
    let vendor = house.vendor.connection();
    let fleet = vendor.directories.iter().find(|directory| directory.knows_devices()).cloned();
    let directories: Vec<Arc<dyn Directory>> = match info.spec.target {
        TargetKind::Device => {
            vec![Arc::new(Knowing { provider: info.spec.provider, fleet: fleet.unwrap() })]
        }
        _ => vendor.directories,
    };
    let connection = Connection { actions: vec![Arc::new(action)], directories, ..vendor };
    let registry = Registry::new(&[connection]).unwrap();
    let playbook = house.playbook_of(&yaml(info), &registry.catalogue());
    let engine = house.engine_with(Hands::acting(registry));
    let alert = match info.spec.target {
        TargetKind::Device => device_alert("a-1", "wks-1"),
        _ => alert_about("a-1", &[&Person::new("alice")]),
    };
    Trial { house, effects, playbook, engine, alert }
}

fn yaml(info: &ActionInfo) -> String {
    let spec = &info.spec;
    let each = match spec.target {
        TargetKind::Account => "for_each: account\n",
        TargetKind::Device => "for_each: device\n",
        TargetKind::None => "",
    };
    format!(
        "language: 1\nplaybook: for-an-hour\ntitle: For an hour\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: medium }}\n{each}steps:\n  - do: {}\n    at: [{}]\n    with: {}\n    undo: {{ after: 1h }}\n",
        spec.name,
        spec.provider,
        params(info)
    )
}

/// Every parameter that must be there; some want one of several, and are none the worse for it.
fn params(info: &ActionInfo) -> Value {
    let required = info.params.iter().filter(|param| param.required);
    let filled: Map<String, Value> =
        required.map(|param| (param.name.clone(), sample(&param.name, &param.kind))).collect();
    Value::Object(filled)
}

fn sample(name: &str, kind: &ParamKind) -> Value {
    match kind {
        ParamKind::Text if name == "until" || name == "for" => json!("1h"),
        ParamKind::Text => json!("some text"),
        ParamKind::Integer | ParamKind::Number => json!(1),
        ParamKind::Boolean => json!(true),
        ParamKind::Choice(words) => json!(words[0]),
        ParamKind::List(of) => json!([sample(name, of)]),
        ParamKind::Object => json!({}),
    }
}

/// Those of the vendor's directories that know an account at this provider.
fn has_a_directory(info: &ActionInfo) -> bool {
    info.spec.target != TargetKind::Account
        || ["active_directory", "entra_id", "okta"].contains(&info.spec.provider)
}

async fn done(trial: &Trial, plan: &Plan) -> Vec<TaskState> {
    trial.engine.start(plan.clone(), Arc::clone(&trial.playbook)).await.unwrap();
    in_time(trial.engine.idle()).await;
    tasks(trial, plan).await
}

async fn tasks(trial: &Trial, plan: &Plan) -> Vec<TaskState> {
    trial.house.state(&plan.run).await.tasks().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn every_reversible_action_is_taken_back_in_time() {
    for info in reversible() {
        let what = format!("{} at {}", info.spec.name, info.spec.provider);
        assert!(has_a_directory(&info), "{what}: nobody here knows such a target; teach the vendor");
        let trial = trial(&info);
        let plan = trial.house.plan(&trial.alert, &trial.playbook);
        let first = done(&trial, &plan).await;
        assert_eq!(first.len(), 1, "{what}");
        assert!(first[0].changed() && first[0].undo_due().is_some(), "{what}: {:?}", first[0].error);
        assert!(trial.effects.lock().values().all(|is| *is), "{what}");

        tokio::time::sleep(Duration::from_secs(3700)).await;
        in_time(trial.engine.idle()).await;
        let after = tasks(&trial, &plan).await;
        assert_eq!(after[0].phase, Phase::Undone, "{what}: {:?}", after[0].error);
        assert_eq!(trial.effects.lock().values().collect::<Vec<_>>(), [&false], "{what}");
    }
}

/// Two runs that want the same of the same matter hold it together, whether or not there is a target.
#[tokio::test(start_paused = true)]
async fn the_last_run_to_let_go_takes_it_back() {
    for info in reversible() {
        let what = format!("{} at {}", info.spec.name, info.spec.provider);
        let trial = trial(&info);
        let plan = trial.house.plan(&trial.alert, &trial.playbook);
        done(&trial, &plan).await;
        let mut other = trial.house.plan(&trial.alert, &trial.playbook);
        other.run = quell_run::RunId("another-run".into());
        done(&trial, &other).await;

        trial.engine.undo(&plan.run, None, "operator").await.unwrap();
        in_time(trial.engine.idle()).await;
        assert_eq!(tasks(&trial, &plan).await[0].phase, Phase::Released, "{what}");
        assert!(trial.effects.lock().values().all(|is| *is), "{what}: the other run still needs it");

        trial.engine.undo(&other.run, None, "operator").await.unwrap();
        in_time(trial.engine.idle()).await;
        assert_eq!(tasks(&trial, &other).await[0].phase, Phase::Undone, "{what}");
        assert!(trial.effects.lock().values().all(|is| !*is), "{what}");
    }
}
