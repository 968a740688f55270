//! [`Kind`]: a connector whatever its types.

use futures::FutureExt;
use futures::future::BoxFuture;
use quell_action::{ActionInfo, ConnectError, Connection, Connector, Problem, Reaches, Refused};
use serde_json::Value;

/// A connector whatever its types: what the program needs to check and connect it.
#[derive(Clone, Copy)]
pub struct Kind {
    name: &'static str,
    summary: &'static str,
    refuses: &'static [Refused],
    actions: fn() -> Vec<ActionInfo>,
    offered: fn(&Value) -> Result<Vec<ActionInfo>, Vec<Problem>>,
    reaches: fn(&Value) -> Reaches,
    connect: fn(String, Value) -> BoxFuture<'static, Result<Connection, ConnectError>>,
    schema: fn() -> Value,
}

impl Kind {
    /// The connector `C`.
    pub fn of<C: Connector>() -> Self {
        Self {
            name: C::NAME,
            summary: C::SUMMARY,
            refuses: C::REFUSES,
            actions: || C::actions(None),
            offered: offered::<C>,
            reaches: |settings| typed::<C>(settings.clone()).map(|own| C::reaches(&own)).unwrap_or_default(),
            connect: |name, settings| connect::<C>(name, settings).boxed(),
            schema: || schemars::schema_for!(C::Settings).to_value(),
        }
    }

    /// Its name in the site file.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it talks to, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// What its system cannot do, though others can.
    pub fn refuses(&self) -> &'static [Refused] {
        self.refuses
    }

    /// All actions that it could ever offer.
    pub fn actions(&self) -> Vec<ActionInfo> {
        (self.actions)()
    }

    /// The actions that it offers with these settings. Looks at the settings and at nothing else.
    ///
    /// # Errors
    /// Everything that is wrong with the settings.
    pub fn offered(&self, settings: &Value) -> Result<Vec<ActionInfo>, Vec<Problem>> {
        (self.offered)(settings)
    }

    /// Whom questions reach that are asked through it; nobody where it carries none, or where its settings do not fit.
    pub fn reaches(&self, settings: &Value) -> Reaches {
        (self.reaches)(settings)
    }

    /// Makes its clients.
    ///
    /// # Errors
    /// When the settings do not fit, or a credential, a certificate or a file is missing.
    pub async fn connect(&self, name: &str, settings: Value) -> Result<Connection, ConnectError> {
        (self.connect)(name.to_owned(), settings).await
    }

    /// The JSON Schema of its settings.
    pub fn settings_schema(&self) -> Value {
        (self.schema)()
    }
}

fn offered<C: Connector>(settings: &Value) -> Result<Vec<ActionInfo>, Vec<Problem>> {
    let settings = typed::<C>(settings.clone()).map_err(|problem| vec![problem])?;
    let problems = C::check(&settings);
    if problems.is_empty() { Ok(C::actions(Some(&settings))) } else { Err(problems) }
}

async fn connect<C: Connector>(name: String, settings: Value) -> Result<Connection, ConnectError> {
    let refused = |problem: &Problem| {
        let place = format!("connectors.{name}.{}", problem.place);
        ConnectError(format!("{}: {}", place.trim_end_matches('.'), problem.message))
    };
    let settings = typed::<C>(settings).map_err(|problem| refused(&problem))?;
    // Settings that nobody has checked are not connected with.
    if let Some(problem) = C::check(&settings).first() {
        return Err(refused(problem));
    }
    C::connect(&name, settings).await
}

fn typed<C: Connector>(settings: Value) -> Result<C::Settings, Problem> {
    serde_path_to_error::deserialize(settings).map_err(|error| {
        let place = error.path().to_string();
        // The whole of the settings has no place of its own.
        Problem {
            place: if place == "." { String::new() } else { place },
            message: error.inner().to_string(),
        }
    })
}
