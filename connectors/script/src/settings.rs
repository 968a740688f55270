//! What the user writes under `connectors.script`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quell_action::Problem;
use quell_kit::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The programs that playbooks may run, by the name that they use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptSettings {
    /// The programs, by name.
    pub programs: BTreeMap<String, ProgramSettings>,
    /// How many may run at once.
    #[serde(default = "default_at_once")]
    pub at_once: u32,
}

/// One program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramSettings {
    /// The program's file, from the root on. Only its owner may be able to write to it.
    pub run: PathBuf,
    /// What runs it, with its options: `[/usr/bin/python3, -I, -B]`. Left out for a file that runs by itself.
    #[serde(default)]
    pub interpreter: Vec<String>,
    /// Its SHA-256, in hex: a file that was changed is not run.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Whether playbooks may add arguments. Values from alerts belong into `input`, which no program takes for an option.
    #[serde(default)]
    pub takes_arguments: bool,
    /// The folder in which it runs; without it, one of its own that is removed afterwards.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Variables that it is given, beside PATH, LANG, HOME and TMPDIR. Nothing else of our environment reaches it.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Where the secrets lie that it is given, under `secrets` of its input; never as a variable or an argument.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    /// What it may use.
    #[serde(default)]
    pub limits: Limits,
}

/// What a program may use. They keep a program that goes wrong from doing harm; they do not fence in a hostile one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long it may run. Afterwards it and everything that it has started is ended.
    pub timeout_secs: u64,
    /// How much time of a processor it may use.
    pub cpu_secs: u64,
    /// How much memory it may ask for. Programs on .NET (PowerShell) ask for far more than they use: 0 sets no limit.
    pub memory_mb: u64,
    /// How large a file it may write.
    pub file_mb: u64,
    /// How many files it may have open.
    pub open_files: u64,
    /// How much of its output is kept. The rest is read and thrown away.
    pub output_kb: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout_secs: 60, cpu_secs: 30, memory_mb: 1024, file_mb: 64, open_files: 256, output_kb: 256 }
    }
}

impl ScriptSettings {
    /// Everything that is wrong with them, without looking at any file.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.programs.is_empty() {
            problems.push(problem("programs", "is empty: name at least one program"));
        }
        if !(1..=64).contains(&self.at_once) {
            problems.push(problem("at_once", "must be between 1 and 64"));
        }
        for (name, program) in &self.programs {
            program.check(&format!("programs.{name}"), &mut problems);
        }
        problems
    }
}

impl ProgramSettings {
    fn check(&self, place: &str, problems: &mut Vec<Problem>) {
        let mut at =
            |field: &str, message: &str| problems.push(problem(&format!("{place}.{field}"), message));
        if !is_whole(&self.run) {
            at("run", "must be the whole path of a file, from the root on and without `..`");
        }
        if self.interpreter.first().is_some_and(|first| !is_whole(Path::new(first))) {
            at("interpreter", "must begin with the whole path of a program: /usr/bin/python3");
        }
        if self.interpreter.iter().any(|part| part.contains('\0')) {
            at("interpreter", "holds a zero byte");
        }
        if self
            .sha256
            .as_ref()
            .is_some_and(|sum| sum.len() != 64 || !sum.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            at("sha256", "must be 64 hex digits, as sha256sum prints them");
        }
        if self.folder.as_ref().is_some_and(|folder| !is_whole(folder)) {
            at("folder", "must be the whole path of a folder, from the root on");
        }
        for (name, value) in &self.environment {
            if !is_variable(name) || value.contains('\0') {
                at(
                    "environment",
                    &format!("{name:?} is no name of a variable, or its value holds a zero byte"),
                );
            }
        }
        let limits = self.limits;
        for (field, value, most) in [
            ("timeout_secs", limits.timeout_secs, 900),
            ("cpu_secs", limits.cpu_secs, 900),
            ("file_mb", limits.file_mb, 65_536),
            ("open_files", limits.open_files, 65_536),
            ("output_kb", limits.output_kb, 16_384),
        ] {
            if !(1..=most).contains(&value) {
                at(&format!("limits.{field}"), &format!("must be between 1 and {most}"));
            }
        }
        if limits.memory_mb != 0 && !(16..=1_048_576).contains(&limits.memory_mb) {
            at("limits.memory_mb", "must be between 16 and 1048576, or 0 for no limit");
        }
    }
}

fn is_whole(path: &Path) -> bool {
    let plain = |part| !matches!(part, std::path::Component::ParentDir);
    path.is_absolute() && path.components().all(plain) && !path.to_string_lossy().contains('\0')
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn problem(place: &str, message: &str) -> Problem {
    Problem { place: place.to_owned(), message: message.to_owned() }
}

fn default_at_once() -> u32 {
    4
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked_one_by_one() {
        for (change, places) in [
            (json!({}), vec![]),
            (json!({ "run": "scripts/x.py" }), vec!["run"]),
            (json!({ "run": "/opt/../etc/x" }), vec!["run"]),
            (json!({ "interpreter": ["python3"] }), vec!["interpreter"]),
            (json!({ "sha256": "abc" }), vec!["sha256"]),
            (json!({ "folder": "tmp" }), vec!["folder"]),
            (json!({ "environment": { "A B": "x" } }), vec!["environment"]),
            (
                json!({ "limits": { "timeout_secs": 0, "cpu_secs": 901 } }),
                vec!["limits.timeout_secs", "limits.cpu_secs"],
            ),
            (json!({ "limits": { "memory_mb": 0 } }), vec![]),
            (json!({ "limits": { "memory_mb": 1 } }), vec!["limits.memory_mb"]),
        ] {
            let mut program = json!({ "run": "/opt/quell/x.py" });
            program.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let settings: ScriptSettings =
                serde_json::from_value(json!({ "programs": { "x": program } })).unwrap();
            let found: Vec<String> = settings.problems().into_iter().map(|problem| problem.place).collect();
            let expected: Vec<String> = places.iter().map(|place| format!("programs.x.{place}")).collect();
            assert_eq!(found, expected, "{change}");
        }
    }
}
