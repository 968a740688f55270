//! `script.run`: runs a program of the site.

use std::time::Duration;

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Failure, Impact, Outcome, Repeat, Request, State, Target,
    TargetKind,
};
use quell_kit::{Deadline, Wanted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::connector::NAME;
use crate::process;
use crate::program::Programs;
use crate::verdict;

/// Kept back of the time that a call may take, for ending a program that does not end.
const TO_END_IT: Duration = Duration::from_millis(50);

/// `script.run`.
pub struct Run;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunParams {
    /// The program, by its name in the site file.
    pub program: String,
    /// Arguments that are added to it, where the site file allows any. None may begin with a hyphen.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What it reads from its standard input, under `input`.
    #[serde(default)]
    pub input: Map<String, Value>,
    /// What later steps need of the document that it writes: a name for each, and a JSONPath into the document.
    #[serde(default)]
    pub values: Map<String, Value>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunOutput {
    /// The document that the program wrote to its standard output.
    pub result: Map<String, Value>,
    /// What was read of it, under the names of `values`.
    pub values: Map<String, Value>,
    /// Whether it says that it changed something: `changed` in its document, and yes where it does not say.
    pub changed: bool,
}

impl Action for Run {
    const SPEC: ActionSpec = ActionSpec {
        name: "script.run",
        provider: NAME,
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Never,
        readable: false,
        permissions: &["The program named in the site file, and the rights of the user as whom Quell runs"],
        summary: "Runs a program of the site, with JSON on its standard input and output.",
        vendor_page: "connectors/script/README.md",
    };
    type Params = RunParams;
    type Output = RunOutput;
    type Client = Programs;

    const MAY_DISRUPT: bool = true;

    async fn execute(
        programs: &Programs,
        request: &Request<RunParams>,
    ) -> Result<Outcome<RunOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("script.run has no target"));
        }
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let program = programs.named(&params.program)?;
        // Everything that can be wrong is found before anything is run.
        let values = Wanted::parse(&params.values)?;
        let command = program.command(&params.arguments)?;
        let input = program.input(&request.key().0, &params.input);
        let seat = tokio::time::timeout(deadline.left(), programs.seats.acquire()).await;
        let Ok(Ok(_seat)) = seat else {
            return Err(ActionError::new(
                Failure::Throttled { retry_after: None },
                "too many programs run already; this one was not started",
            ));
        };
        // Looked at each time: the file may be another one than at the start.
        program
            .is_fit()
            .map_err(|why| ActionError::rejected(format!("{} was not run: {why}", program.name())))?;
        let most = Duration::from_secs(program.settings.limits.timeout_secs);
        let ended =
            process::run(program, command, input, deadline.left().saturating_sub(TO_END_IT).min(most))
                .await?;
        let result = verdict::document(program.name(), &ended, &program.redactor)?;
        // A program may repeat what it was given; the record must not.
        let result = program.redactor.redact_members(result);
        let values = values.of(&Value::Object(result.clone()), program.name(), &program.redactor)?;
        let changed = result.get("changed").and_then(Value::as_bool).unwrap_or(true);
        let effect = match changed {
            true => Effect::Changed { before: State::default(), after: State::default() },
            false => Effect::Unchanged,
        };
        let external_id = result.get("external_id").and_then(Value::as_str).map(str::to_owned);
        Ok(Outcome { effect, external_id, output: RunOutput { result, values, changed } })
    }
}
