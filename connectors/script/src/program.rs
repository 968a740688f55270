//! [`Program`]: one program of the site, looked at before each run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use quell_action::{ActionError, ConnectError};
use quell_kit::Redactor;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::settings::{ProgramSettings, ScriptSettings};

/// Somebody besides the owner may write: then anybody's program could run here.
const OTHERS_MAY_WRITE: u32 = 0o022;

/// The programs of one connection, by name.
#[derive(Debug)]
pub struct Programs {
    programs: BTreeMap<String, Program>,
    pub(crate) seats: Arc<Semaphore>,
}

/// One program.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    pub(crate) settings: ProgramSettings,
    secrets: BTreeMap<String, SecretString>,
    pub(crate) redactor: Redactor,
}

impl Programs {
    /// Reads the secrets and looks at the files; runs nothing.
    ///
    /// # Errors
    /// When a secret or a file is missing or unfit.
    pub(crate) fn new(settings: ScriptSettings) -> Result<Self, ConnectError> {
        let seats = Arc::new(Semaphore::new(settings.at_once as usize));
        let mut programs = BTreeMap::new();
        for (name, settings) in settings.programs {
            let program = Program::new(&name, settings)?;
            program.is_fit().map_err(|why| ConnectError(format!("programs.{name}: {why}")))?;
            programs.insert(name, program);
        }
        Ok(Self { programs, seats })
    }

    /// The program of this name.
    ///
    /// # Errors
    /// When the site names none.
    pub(crate) fn named(&self, name: &str) -> Result<&Program, ActionError> {
        self.programs.get(name).ok_or_else(|| {
            let known = self.programs.keys().cloned().collect::<Vec<_>>().join(", ");
            ActionError::rejected(format!("the site names no program {name:?}; it names {known}"))
        })
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Program> {
        self.programs.values()
    }
}

impl Program {
    fn new(name: &str, settings: ProgramSettings) -> Result<Self, ConnectError> {
        let resolved = |(key, reference): (&String, &quell_kit::SecretRef)| {
            let secret = reference.resolve();
            let secret =
                secret.map_err(|error| ConnectError(format!("programs.{name}.secrets.{key}: {error}")))?;
            Ok((key.clone(), secret))
        };
        let secrets = settings.secrets.iter().map(resolved).collect::<Result<BTreeMap<_, _>, _>>()?;
        Ok(Self { name: name.to_owned(), redactor: Redactor::new(secrets.values()), secrets, settings })
    }

    /// Its name in the site file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether its file is the one that the site means, and nobody else's.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn is_fit(&self) -> Result<(), String> {
        let file = &self.settings.run;
        let about =
            std::fs::metadata(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        if !about.is_file() {
            return Err(format!("{} is no file", file.display()));
        }
        if about.mode() & OTHERS_MAY_WRITE != 0 {
            return Err(format!("others may write to {}; take that from them (chmod go-w)", file.display()));
        }
        if self.settings.interpreter.is_empty() && about.mode() & 0o111 == 0 {
            return Err(format!(
                "{} does not run by itself: name its interpreter, or chmod +x",
                file.display()
            ));
        }
        if let Some(first) = self.settings.interpreter.first()
            && !Path::new(first).is_file()
        {
            return Err(format!("the interpreter {first} is not there"));
        }
        match &self.settings.sha256 {
            Some(expected) => is_same(file, expected),
            None => Ok(()),
        }
    }

    /// The program and its arguments, as they are started.
    ///
    /// # Errors
    /// When the playbook adds what it may not.
    pub(crate) fn command(&self, arguments: &[String]) -> Result<Vec<OsString>, ActionError> {
        let refused = |why: &str| Err(ActionError::rejected(format!("the program {} {why}", self.name)));
        if !arguments.is_empty() && !self.settings.takes_arguments {
            return refused(
                "takes no arguments: put the values into `input`, or set takes_arguments in the site file",
            );
        }
        if arguments.iter().any(|argument| argument.starts_with('-')) {
            return refused(
                "gets no argument that begins with a hyphen: it could be taken for an option; use `input`",
            );
        }
        if arguments.iter().any(|argument| argument.contains('\0')) {
            return refused("gets no argument with a zero byte");
        }
        let mut command: Vec<OsString> = self.settings.interpreter.iter().map(OsString::from).collect();
        command.push(self.settings.run.clone().into_os_string());
        command.extend(arguments.iter().map(OsString::from));
        Ok(command)
    }

    /// What it reads from its standard input.
    pub(crate) fn input(&self, key: &str, input: &Map<String, Value>) -> Vec<u8> {
        let mut document = json!({ "schema": 1, "key": key, "input": input });
        if !self.secrets.is_empty() {
            let plain = |(name, secret): (&String, &SecretString)| {
                (name.clone(), Value::from(secret.expose_secret().to_owned()))
            };
            document["secrets"] = Value::Object(self.secrets.iter().map(plain).collect());
        }
        document.to_string().into_bytes()
    }
}

fn is_same(file: &Path, expected: &str) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    match sum.eq_ignore_ascii_case(expected) {
        true => Ok(()),
        false => Err(format!(
            "{} was changed: its SHA-256 is {sum}, and the site file says {expected}",
            file.display()
        )),
    }
}
