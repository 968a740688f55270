//! [`ScriptConnector`]: how programs are set up.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    ActionInfo, ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, bind,
};
use quell_alert::Provider;

use crate::program::Programs;
use crate::run::Run;
use crate::settings::ScriptSettings;

pub(crate) const NAME: &str = "script";

/// Programs of the site.
pub struct ScriptConnector;

impl Connector for ScriptConnector {
    const NAME: &'static str = NAME;
    const SUMMARY: &'static str = "Programs of the site, called with JSON on standard input and output.";
    type Settings = ScriptSettings;

    fn actions(settings: Option<&ScriptSettings>) -> Vec<ActionInfo> {
        let run = ActionInfo::of::<Run>();
        vec![match settings {
            Some(site) => run.naming("program", site.programs.keys()),
            None => run,
        }]
    }

    fn check(settings: &ScriptSettings) -> Vec<Problem> {
        settings.problems()
    }

    async fn connect(name: &str, settings: ScriptSettings) -> Result<Connection, ConnectError> {
        let programs = Arc::new(Programs::new(settings)?);
        Ok(Connection {
            name: name.to_owned(),
            actions: vec![bind::<Run>(Arc::clone(&programs))],
            directories: Vec::new(),
            carrier: None,
            probe: Arc::new(Look(programs)),
        })
    }
}

/// Looks at every file. Runs nothing.
struct Look(Arc<Programs>);

#[async_trait]
impl Probe for Look {
    async fn probe(&self) -> ProbeReport {
        let fit = |program: &crate::program::Program| {
            program.is_fit().err().map(|why| format!("programs.{}: {why}", program.name()))
        };
        let problems: Vec<String> = self.0.iter().filter_map(fit).collect();
        let names: Vec<&str> = self.0.iter().map(|program| program.name()).collect();
        let grant = Grant {
            action: "script.run".to_owned(),
            provider: Provider::from(NAME),
            allowed: Some(problems.is_empty()),
            note: Some("the files were looked at, and nothing was run".to_owned()),
        };
        ProbeReport { system: Some(names.join(", ")), problems, grants: vec![grant] }
    }
}
