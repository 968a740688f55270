//! [`Action`]: what an author writes. [`AnyAction`]: what the engine calls.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ActionError, ActionInfo, ActionSpec, Observation, Outcome, Request, Restore, Target};

/// One action of one connector, as its author writes it.
pub trait Action: Send + Sync + 'static {
    /// What it is.
    const SPEC: ActionSpec;
    /// What a playbook writes under `with:`, apart from the target. Doc comments become the reference.
    type Params: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static;
    /// What later steps can read of its result.
    type Output: Serialize + JsonSchema + Send + 'static;
    /// The connector's client.
    type Client: Send + Sync + 'static;

    /// Carries it out. Called only after the intent is on disk.
    ///
    /// # Errors
    /// The [`crate::Failure`] alone decides about retry: only the connector knows whether the vendor may have acted.
    fn execute(
        client: &Self::Client,
        request: &Request<Self::Params>,
    ) -> impl Future<Output = Result<Outcome<Self::Output>, ActionError>> + Send;

    /// Reads the state that this action changes, without changing anything. Asked before the call (the prior state),
    /// after it (is it so?) and after a crash (did it happen?). Only for actions whose spec says `readable`.
    ///
    /// # Errors
    /// As [`Action::execute`], except that nothing can have happened.
    fn observe(
        _client: &Self::Client,
        _target: &Target,
        _params: &Self::Params,
    ) -> impl Future<Output = Result<Observation, ActionError>> + Send {
        async { Err(ActionError::not_readable(Self::SPEC.name)) }
    }

    /// Puts back what [`Action::execute`] changed. Only for actions whose spec names an `undo`. Must leave alone what
    /// somebody else changed meanwhile and say so.
    ///
    /// # Errors
    /// As [`Action::execute`].
    fn restore(
        _client: &Self::Client,
        _request: &Request<Restore<Self::Params>>,
    ) -> impl Future<Output = Result<Outcome<()>, ActionError>> + Send {
        async { Err(ActionError::irreversible(Self::SPEC.name)) }
    }

    /// The licence that the vendor wants for it, beyond the one that the system itself needs. No right makes up for it.
    const LICENCE: Option<&'static str> = None;

    /// Whether a call may take something away from somebody whom it does not name as its target: nobody here knows what a
    /// script or a foreign interface does. Only for actions without a target.
    const MAY_DISRUPT: bool = false;

    /// Whether a call with these parameters does, as far as they can tell: one that only reads does not. Asked only where
    /// it may.
    fn disrupts(_params: &Self::Params) -> bool {
        Self::MAY_DISRUPT
    }

    /// What a call with these parameters keeps as it leaves it, where no target says so: a value in a list, a facet of an
    /// incident. An undo then waits until nobody else needs it kept. Only for actions that can be undone and have no target;
    /// where it says nothing, two calls keep the same if they were made with the same parameters.
    fn held(_params: &Self::Params) -> Option<String> {
        None
    }
}

/// An action bound to its client, whatever its types: what the engine calls.
#[async_trait]
pub trait AnyAction: Send + Sync {
    /// What it is, with its parameters and outputs described.
    fn info(&self) -> &ActionInfo;
    /// See [`Action::execute`]. Parameters that do not fit are [`crate::Failure::Rejected`] before any call.
    async fn execute(&self, request: Request<Value>) -> Result<Outcome<Value>, ActionError>;
    /// See [`Action::observe`].
    async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError>;
    /// See [`Action::restore`].
    async fn restore(&self, request: Request<Restore<Value>>) -> Result<Outcome<()>, ActionError>;
    /// See [`Action::held`].
    fn held(&self, _params: &Value) -> Option<String> {
        None
    }
}

/// Binds an action to the client that it uses.
pub fn bind<A: Action>(client: Arc<A::Client>) -> Arc<dyn AnyAction> {
    Arc::new(Bound::<A> { client, info: ActionInfo::of::<A>() })
}

struct Bound<A: Action> {
    client: Arc<A::Client>,
    info: ActionInfo,
}

#[async_trait]
impl<A: Action> AnyAction for Bound<A> {
    fn info(&self) -> &ActionInfo {
        &self.info
    }

    async fn execute(&self, request: Request<Value>) -> Result<Outcome<Value>, ActionError> {
        let request = request.try_map(typed::<A>)?;
        let outcome = A::execute(&self.client, &request).await?;
        outcome
            .try_map(|output| serde_json::to_value(output).map_err(|e| ActionError::uncertain(e.to_string())))
    }

    async fn observe(&self, target: &Target, params: &Value) -> Result<Observation, ActionError> {
        A::observe(&self.client, target, &typed::<A>(params.clone())?).await
    }

    async fn restore(&self, request: Request<Restore<Value>>) -> Result<Outcome<()>, ActionError> {
        let request = request.try_map(|restore| {
            let Restore { params, before, after } = restore;
            Ok::<_, ActionError>(Restore { params: typed::<A>(params)?, before, after })
        })?;
        A::restore(&self.client, &request).await
    }

    fn held(&self, params: &Value) -> Option<String> {
        A::held(&typed::<A>(params.clone()).ok()?)
    }
}

fn typed<A: Action>(params: Value) -> Result<A::Params, ActionError> {
    serde_json::from_value(params)
        .map_err(|e| ActionError::rejected(format!("the parameters of {} do not fit: {e}", A::SPEC.name)))
}
