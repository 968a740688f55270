//! [`LabConnector`]: the lab as a connector.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, AnyAction, ConnectError, Connection, Connector, Directory, Grant, Probe, ProbeReport, Problem,
};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::LabAction;
use crate::catalogue;
use crate::directory::Persona;
use crate::fault::Fault;
use crate::file::LabFile;
use crate::lab::Lab;

/// The systems that the lab stands for.
const PERSONAS: [&str; 4] =
    [Provider::ACTIVE_DIRECTORY, Provider::ENTRA_ID, Provider::OKTA, Provider::DEFENDER_ENDPOINT];

/// The lab as a connector.
pub struct LabConnector;

/// What the user writes under `connectors:` for a lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabSettings {
    /// The folder in which the lab keeps its file; a new lab is put there where there is none.
    pub folder: PathBuf,
    /// The systems that it stands for; left out, all four.
    #[serde(default = "all_personas")]
    pub personas: Vec<String>,
    /// What goes wrong on demand.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl Connector for LabConnector {
    const NAME: &'static str = "lab";
    const SUMMARY: &'static str =
        "A directory and a device fleet in a file, to try playbooks on: nothing real is touched.";
    type Settings = LabSettings;

    fn actions(settings: Option<&LabSettings>) -> Vec<ActionInfo> {
        let offered = |provider: &str| {
            settings.is_none_or(|settings| settings.personas.iter().any(|persona| persona == provider))
        };
        catalogue::rows().filter(|row| offered(row.spec.provider)).map(catalogue::Row::info).collect()
    }

    fn check(settings: &LabSettings) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |place: String, message: String| problems.push(Problem { place, message });
        if settings.folder.as_os_str().is_empty() {
            problem("folder".into(), "is empty: name the folder in which the lab keeps its file".into());
        }
        if settings.personas.is_empty() {
            problem("personas".into(), "is empty: name at least one, or leave it out to mean all".into());
        }
        for (at, persona) in settings.personas.iter().enumerate() {
            if !PERSONAS.contains(&persona.as_str()) {
                let known = PERSONAS.join(", ");
                problem(format!("personas[{at}]"), format!("{persona:?} is none: write one of {known}"));
            }
        }
        for (at, fault) in settings.faults.iter().enumerate() {
            problems.extend(fault.check(&format!("faults[{at}]")));
        }
        problems
    }

    async fn connect(name: &str, settings: LabSettings) -> Result<Connection, ConnectError> {
        let file = LabFile::open(&settings.folder).map_err(|error| ConnectError(error.to_string()))?;
        let lab = Lab::new(file, settings.faults);
        let offered = |provider: &str| settings.personas.iter().any(|persona| persona == provider);
        let actions = catalogue::rows()
            .filter(|row| offered(row.spec.provider))
            .map(|row| Arc::new(LabAction::new(Arc::clone(&lab), row)) as Arc<dyn AnyAction>);
        let directories = PERSONAS
            .into_iter()
            .filter(|provider| offered(provider))
            .map(|provider| Arc::new(Persona::new(Arc::clone(&lab), provider)) as Arc<dyn Directory>);
        Ok(Connection {
            name: name.to_owned(),
            actions: actions.collect(),
            directories: directories.collect(),
            carrier: None,
            probe: Arc::new(LabProbe { lab: Arc::clone(&lab), personas: settings.personas }),
        })
    }
}

struct LabProbe {
    lab: Arc<Lab>,
    personas: Vec<String>,
}

#[async_trait]
impl Probe for LabProbe {
    async fn probe(&self) -> ProbeReport {
        let problems = self.lab.read().await.err().map(|error| error.to_string());
        let rows = catalogue::rows().filter(|row| self.personas.iter().any(|one| one == row.spec.provider));
        let grant = |row: &catalogue::Row| Grant {
            action: row.spec.name.to_owned(),
            provider: Provider::from(row.spec.provider),
            allowed: Some(problems.is_none()),
            note: None,
        };
        ProbeReport {
            system: Some(format!("the lab in {}", self.lab.file.path().display())),
            grants: rows.map(grant).collect(),
            problems: problems.into_iter().collect(),
        }
    }
}

fn all_personas() -> Vec<String> {
    PERSONAS.map(str::to_owned).to_vec()
}
