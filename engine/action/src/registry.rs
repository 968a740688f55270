//! [`Catalogue`]: what could be done. [`Registry`]: what can be done here, bound to the connected systems.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_alert::Provider;
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::params::{self, ParamSpec};
use crate::{Action, ActionName, ActionSpec, AnyAction, Connection, Directory};

/// An action with its parameters and outputs described: enough to check a playbook without any connection.
#[derive(Debug, Clone)]
pub struct ActionInfo {
    /// What it is.
    pub spec: ActionSpec,
    /// What a playbook writes under `with:`, apart from the target.
    pub params: Vec<ParamSpec>,
    /// What later steps can read.
    pub outputs: Vec<ParamSpec>,
    /// The licence that the vendor wants for it.
    pub licence: Option<&'static str>,
    /// Whether a call may take something away from somebody whom it does not name as its target.
    pub may_disrupt: bool,
    check: fn(&Value) -> Result<(), String>,
    disrupts: fn(&Value) -> bool,
}

impl ActionInfo {
    /// Describes an action.
    pub fn of<A: Action>() -> Self {
        Self {
            licence: A::LICENCE,
            may_disrupt: A::MAY_DISRUPT,
            // Parameters that do not fit are refused before any call; until then they may mean anything.
            disrupts: |params| {
                serde_json::from_value(params.clone()).map_or(A::MAY_DISRUPT, |params| A::disrupts(&params))
            },
            ..Self::described::<A::Params, A::Output>(A::SPEC)
        }
    }

    /// Whether a call with these parameters takes something away from somebody whom it does not name as its target, as
    /// far as they can tell.
    pub fn disrupts(&self, params: &Value) -> bool {
        self.may_disrupt && (self.disrupts)(params)
    }

    /// Describes an action by the types of its parameters and outputs: for connectors that keep their actions in a
    /// table.
    pub fn described<P: DeserializeOwned + JsonSchema, O: JsonSchema>(spec: ActionSpec) -> Self {
        Self {
            spec,
            params: params::members(schema_for!(P).as_value()),
            outputs: params::members(schema_for!(O).as_value()),
            licence: None,
            may_disrupt: false,
            disrupts: |_| false,
            check: |params| {
                serde_json::from_value::<P>(params.clone()).map(drop).map_err(|error| error.to_string())
            },
        }
    }

    /// The same at a site that gives these names, of which the parameter takes one; with several of them, or none, it
    /// must be there.
    #[must_use]
    pub fn naming<N: Into<String>>(mut self, param: &str, names: impl IntoIterator<Item = N>) -> Self {
        if let Some(one) = self.params.iter_mut().find(|one| one.name == param) {
            let names: Vec<String> = names.into_iter().map(Into::into).collect();
            one.required |= names.len() != 1;
            one.names = Some(names);
        }
        self
    }

    /// Whether these parameters, all of them known, fit.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn check_params(&self, params: &Value) -> Result<(), String> {
        (self.check)(params)
    }

    /// The action's name.
    pub fn name(&self) -> ActionName {
        ActionName::from(self.spec.name)
    }

    /// Whose accounts or devices it works on.
    pub fn provider(&self) -> Provider {
        Provider::from(self.spec.provider)
    }
}

/// Every action that is known, by name and provider.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    actions: BTreeMap<(ActionName, Provider), ActionInfo>,
}

impl Catalogue {
    /// A catalogue of these. Where two connectors offer the same action for the same provider, the first is kept:
    /// both must declare it alike.
    pub fn new(actions: impl IntoIterator<Item = ActionInfo>) -> Self {
        let mut catalogue = Self::default();
        for info in actions {
            catalogue.actions.entry((info.name(), info.provider())).or_insert(info);
        }
        catalogue
    }

    /// All actions, by name, then provider.
    pub fn iter(&self) -> impl Iterator<Item = &ActionInfo> {
        self.actions.values()
    }

    /// The action of this name, for each provider that has it.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ActionInfo> {
        self.actions.values().filter(move |info| info.spec.name == name)
    }

    /// The action of this name for this provider.
    pub fn get(&self, name: &ActionName, provider: &Provider) -> Option<&ActionInfo> {
        self.actions.get(&(name.clone(), provider.clone()))
    }
}

type Offered = BTreeMap<(ActionName, Provider), Arc<dyn AnyAction>>;

/// Everything that can be done here: the actions of all connected systems, and the directories to ask.
#[derive(Default, Clone)]
pub struct Registry {
    actions: Offered,
    /// The same of each connection by its name, those included that others are preferred to.
    connections: BTreeMap<String, Offered>,
    directories: Vec<Arc<dyn Directory>>,
}

/// Why connections do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the connectors {first} and {second} both offer {action} for {provider}: remove one of them, or say which one acts with `prefer: {{ {provider}: {first} }}`"
)]
pub struct RegistryError {
    /// The connector that came first.
    pub first: String,
    /// The connector that came second.
    pub second: String,
    /// What both offer.
    pub action: ActionName,
    /// For whom both offer it.
    pub provider: Provider,
}

/// Which connector acts, for each action at each provider.
#[derive(Debug)]
pub struct Owners<'a> {
    preferred: &'a BTreeMap<Provider, String>,
    owners: BTreeMap<(ActionName, Provider), String>,
}

impl<'a> Owners<'a> {
    /// Nobody yet; these connectors are preferred, each for a provider.
    pub fn new(preferred: &'a BTreeMap<Provider, String>) -> Self {
        Self { preferred, owners: BTreeMap::new() }
    }

    /// Whether this connector is to have the action that it offers, in the place of whoever has it so far.
    ///
    /// # Errors
    /// When another connector has it and neither is preferred.
    pub fn take(&mut self, connector: &str, offered: &ActionInfo) -> Result<bool, RegistryError> {
        let key = (offered.name(), offered.provider());
        if let Some(first) = self.owners.get(&key) {
            match self.preferred.get(&key.1) {
                Some(preferred) if preferred == first => return Ok(false),
                Some(preferred) if preferred == connector => {}
                _ => {
                    let (first, (action, provider)) = (first.clone(), key);
                    return Err(RegistryError { first, second: connector.to_owned(), action, provider });
                }
            }
        }
        self.owners.insert(key, connector.to_owned());
        Ok(true)
    }
}

impl Registry {
    /// Puts connections together.
    ///
    /// # Errors
    /// When two of them offer the same action for the same provider: which one acts is never left to chance.
    pub fn new(connections: &[Connection]) -> Result<Self, RegistryError> {
        Self::preferring(connections, &BTreeMap::new())
    }

    /// Puts connections together. Where two offer the same action for the same provider, the one acts that is preferred
    /// for this provider, by its name.
    ///
    /// # Errors
    /// When two offer the same and neither is preferred.
    pub fn preferring(
        connections: &[Connection],
        preferred: &BTreeMap<Provider, String>,
    ) -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        let mut owners = Owners::new(preferred);
        for connection in connections {
            let own = registry.connections.entry(connection.name.clone()).or_default();
            for action in &connection.actions {
                own.insert((action.info().name(), action.info().provider()), Arc::clone(action));
                if owners.take(&connection.name, action.info())? {
                    let key = (action.info().name(), action.info().provider());
                    registry.actions.insert(key, Arc::clone(action));
                }
            }
            registry.directories.extend(connection.directories.iter().cloned());
        }
        Ok(registry)
    }

    /// The action of this name for this provider, of the connection that acts where none is named.
    pub fn action(&self, name: &ActionName, provider: &Provider) -> Option<&Arc<dyn AnyAction>> {
        self.actions.get(&(name.clone(), provider.clone()))
    }

    /// The action of this name for this provider, of this connection.
    pub fn action_of(
        &self,
        connection: &str,
        name: &ActionName,
        provider: &Provider,
    ) -> Option<&Arc<dyn AnyAction>> {
        self.connections.get(connection)?.get(&(name.clone(), provider.clone()))
    }

    /// Every action of the connections that act where none is named.
    pub fn actions(&self) -> impl Iterator<Item = &Arc<dyn AnyAction>> {
        self.actions.values()
    }

    /// Every action of every connection, with its connection's name.
    pub fn actions_by_connection(&self) -> impl Iterator<Item = (&str, &Arc<dyn AnyAction>)> {
        self.connections
            .iter()
            .flat_map(|(name, offered)| offered.values().map(move |action| (name.as_str(), action)))
    }

    /// The directories that can be asked.
    pub fn directories(&self) -> &[Arc<dyn Directory>] {
        &self.directories
    }

    /// What all of this is called.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.actions.values().map(|action| action.info().clone()))
    }
}
