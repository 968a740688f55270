//! [`Hands`]: what the engine can reach. One that only observes has nothing in its hands that could act.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::{
    ActionError, ActionInfo, ActionName, AnyAction, Directory, Observation, Registry, Target,
};
use quell_alert::Provider;
use serde_json::Value;

/// What the engine can reach.
#[derive(Clone)]
pub struct Hands {
    pub(crate) eyes: Eyes,
    pub(crate) actions: Option<Registry>,
}

impl Hands {
    /// Everything that is connected.
    pub fn acting(registry: Registry) -> Self {
        Self { eyes: Eyes::new(&registry), actions: Some(registry) }
    }

    /// What is connected, for looking only: a dry replay has no more than this.
    pub fn observing(registry: &Registry) -> Self {
        Self { eyes: Eyes::new(registry), actions: None }
    }
}

/// What is connected, for looking only.
///
/// Invariant: no call that could change anything can be reached through it.
#[derive(Clone)]
pub(crate) struct Eyes {
    actions: BTreeMap<(ActionName, Provider), Eye>,
    directories: Vec<Arc<dyn Directory>>,
}

/// One action, for looking only.
#[derive(Clone)]
pub(crate) struct Eye(Arc<dyn AnyAction>);

impl Eyes {
    fn new(registry: &Registry) -> Self {
        let catalogue = registry.catalogue();
        let actions = catalogue.iter().filter_map(|info| {
            let key = (info.name(), info.provider());
            let action = registry.action(&key.0, &key.1)?;
            Some((key, Eye(Arc::clone(action))))
        });
        Self { actions: actions.collect(), directories: registry.directories().to_vec() }
    }

    pub(crate) fn on(&self, name: &ActionName, provider: &Provider) -> Option<&Eye> {
        self.actions.get(&(name.clone(), provider.clone()))
    }

    /// The providers at which an action is offered.
    pub(crate) fn providers(&self, name: &ActionName) -> Vec<Provider> {
        let offered = self.actions.keys().filter(|(action, _)| action == name);
        offered.map(|(_, provider)| provider.clone()).collect()
    }

    pub(crate) fn directories(&self) -> &[Arc<dyn Directory>] {
        &self.directories
    }
}

impl Eye {
    pub(crate) fn info(&self) -> &ActionInfo {
        self.0.info()
    }

    /// What a call with these parameters keeps as it is, where no target says so.
    pub(crate) fn held(&self, params: &Value) -> Option<String> {
        self.0.held(params)
    }

    pub(crate) async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError> {
        self.0.observe(target, params).await
    }
}
