//! [`Hands`]: what the engine can reach. One that only observes has nothing in its hands that could act.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::{
    ActionError, ActionInfo, ActionName, AnyAction, Directory, Observation, Registry, Target,
};
use quell_alert::Provider;
use serde_json::Value;

use crate::{Courier, Links, NoCourier, NoLinks, Task};

/// What the engine can reach.
#[derive(Clone)]
pub struct Hands {
    pub(crate) eyes: Eyes,
    pub(crate) actions: Option<Registry>,
    pub(crate) courier: Arc<dyn Courier>,
    pub(crate) links: Arc<dyn Links>,
}

impl Hands {
    /// Everything that is connected.
    pub fn acting(registry: Registry) -> Self {
        Self { actions: Some(registry.clone()), ..Self::observing(&registry) }
    }

    /// What is connected, for looking only: a dry replay has no more than this.
    pub fn observing(registry: &Registry) -> Self {
        Self {
            eyes: Eyes::new(registry),
            actions: None,
            courier: Arc::new(NoCourier),
            links: Arc::new(NoLinks),
        }
    }

    /// The same, with somebody who carries questions to people.
    pub fn with_courier(self, courier: Arc<dyn Courier>) -> Self {
        Self { courier, ..self }
    }

    /// The same, with somebody who makes links to pages about a run.
    pub fn with_links(self, links: Arc<dyn Links>) -> Self {
        Self { links, ..self }
    }

    /// What carries out a task, where anything may act here at all.
    pub(crate) fn for_task(&self, task: &Task) -> Option<&Arc<dyn AnyAction>> {
        let registry = self.actions.as_ref()?;
        match &task.using {
            Some(connection) => registry.action_of(connection, &task.action, &task.provider),
            None => registry.action(&task.action, &task.provider),
        }
    }
}

/// What is connected, for looking only.
///
/// Invariant: no call that could change anything can be reached through it.
#[derive(Clone)]
pub(crate) struct Eyes {
    actions: Seeing,
    /// The same of each connection by its name.
    connections: BTreeMap<String, Seeing>,
    directories: Vec<Arc<dyn Directory>>,
}

type Seeing = BTreeMap<(ActionName, Provider), Eye>;

/// One action, for looking only.
#[derive(Clone)]
pub(crate) struct Eye(Arc<dyn AnyAction>);

impl Eyes {
    fn new(registry: &Registry) -> Self {
        let mut connections: BTreeMap<String, Seeing> = BTreeMap::new();
        for (connection, action) in registry.actions_by_connection() {
            connections.entry(connection.to_owned()).or_default().extend([Eye::on(action)]);
        }
        Self {
            actions: registry.actions().map(Eye::on).collect(),
            connections,
            directories: registry.directories().to_vec(),
        }
    }

    /// The action of this name for this provider; of the connection that is to be used, where one is named.
    pub(crate) fn on(&self, using: Option<&str>, name: &ActionName, provider: &Provider) -> Option<&Eye> {
        self.of(using)?.get(&(name.clone(), provider.clone()))
    }

    /// The providers at which an action is offered.
    pub(crate) fn providers(&self, using: Option<&str>, name: &ActionName) -> Vec<Provider> {
        let offered = self.of(using).into_iter().flat_map(Seeing::keys).filter(|(action, _)| action == name);
        offered.map(|(_, provider)| provider.clone()).collect()
    }

    fn of(&self, using: Option<&str>) -> Option<&Seeing> {
        using.map_or(Some(&self.actions), |connection| self.connections.get(connection))
    }

    pub(crate) fn directories(&self) -> &[Arc<dyn Directory>] {
        &self.directories
    }

    /// What looks at the target of a task.
    pub(crate) fn for_task(&self, task: &Task) -> Option<&Eye> {
        self.on(task.using.as_deref(), &task.action, &task.provider)
    }
}

impl Eye {
    fn on(action: &Arc<dyn AnyAction>) -> ((ActionName, Provider), Self) {
        ((action.info().name(), action.info().provider()), Self(Arc::clone(action)))
    }

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
