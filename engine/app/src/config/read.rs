//! Reads the site file: found, parsed with places, checked, its paths made absolute.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use quell_kit::SecretRef;
use quell_playbook::diagnostic::{Diagnostic, Severity};
use quell_playbook::document::Document;
use reqwest::Url;
use tracing_subscriber::EnvFilter;

use super::place::{anchored, anchored_tree};
use super::{Config, PageSettings, people, secret};

/// The site file, read.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// What it says, its paths made absolute.
    pub(crate) config: Config,
    /// Where it is.
    pub(crate) path: PathBuf,
    document: Document,
}

/// What is wrong with a file, with its text for showing the lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mistakes {
    /// All of it.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The text of each file.
    pub(crate) sources: BTreeMap<String, String>,
}

impl Mistakes {
    /// Adds more of them.
    pub(crate) fn add(&mut self, others: Self) {
        self.diagnostics.extend(others.diagnostics);
        self.sources.extend(others.sources);
    }

    /// Keeps what is wrong with a file for later, and lets other failures through.
    pub(crate) fn gather<T>(&mut self, result: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        match result.map_err(anyhow::Error::downcast::<Self>) {
            Ok(value) => Ok(Some(value)),
            Err(Ok(mistakes)) => {
                self.add(mistakes);
                Ok(None)
            }
            Err(Err(error)) => Err(error),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: BTreeSet<&str> =
            self.diagnostics.iter().map(|diagnostic| diagnostic.place.file.as_str()).collect();
        let files: Vec<&str> = files.into_iter().collect();
        match self.diagnostics.len() {
            1 => write!(f, "there is a mistake in {}", files.join(", ")),
            several => write!(f, "there are {several} mistakes in {}", files.join(", ")),
        }
    }
}

impl std::error::Error for Mistakes {}

/// An error in one line, for a log: with the places, where files have mistakes.
pub(crate) fn in_one_line(error: &anyhow::Error) -> String {
    let Some(mistakes) = error.downcast_ref::<Mistakes>() else { return format!("{error:#}") };
    let wrong = mistakes.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    let line = |one: &Diagnostic| {
        format!("{}:{}:{}: {} [{}]", one.place.file, one.place.line, one.place.column, one.message, one.code)
    };
    wrong.map(line).collect::<Vec<_>>().join("; ")
}

impl Site {
    /// Complaints about settings of the site file, each at its dotted place.
    pub(crate) fn mistakes(&self, complaints: impl IntoIterator<Item = (String, String)>) -> Mistakes {
        let diagnostics =
            complaints.into_iter().map(|(place, message)| self.document.misfit(&place, &message)).collect();
        let name = self.path.display().to_string();
        Mistakes { diagnostics, sources: BTreeMap::from([(name, self.document.source().to_string())]) }
    }

    /// What a person should look at in the site file, and what is no reason not to run.
    pub(crate) fn doubts(&self) -> Mistakes {
        let mut doubts = self.mistakes(people::doubts(&self.config));
        doubts.diagnostics.iter_mut().for_each(|doubt| doubt.severity = Severity::Warning);
        doubts
    }
}

/// Where the site file is looked for when none is named.
fn default_path() -> Option<PathBuf> {
    ["quell.yaml", "/etc/quell/quell.yaml"].into_iter().map(PathBuf::from).find(|path| path.exists())
}

/// Reads the site file that was named, or the one in its usual place; nothing where none is named and none is there.
pub(crate) fn read_if_there(named: Option<&Path>) -> anyhow::Result<Option<Site>> {
    let is_there = named.is_some() || default_path().is_some();
    is_there.then(|| read(named)).transpose()
}

/// Reads the site file that was named, or the one in its usual place.
pub(crate) fn read(named: Option<&Path>) -> anyhow::Result<Site> {
    let Some(path) = named.map(Path::to_owned).or_else(default_path) else {
        bail!("there is no quell.yaml here; name one with --config, or write one with `quell init`");
    };
    let bytes =
        fs::read(&path).with_context(|| format!("the site file {} could not be read", path.display()))?;
    let name = path.display().to_string();
    let document = open(&name, &bytes)?;
    let config: Config = document.to_typed().map_err(|wrong| one_mistake(&name, &document, *wrong))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder =
        fs::canonicalize(folder).with_context(|| format!("{} cannot be reached", folder.display()))?;
    let site = Site { config: with_absolute_paths(config, &folder), path, document };
    let complaints = complaints(&site.config);
    if !complaints.is_empty() {
        bail!(site.mistakes(complaints));
    }
    Ok(site)
}

/// Reads a YAML file of the site, whatever is in it.
pub(crate) fn open(name: &str, bytes: &[u8]) -> Result<Document, Mistakes> {
    Document::read(name, bytes).map_err(|unreadable| Mistakes {
        diagnostics: unreadable.diagnostics,
        sources: BTreeMap::from([(name.to_owned(), unreadable.source.to_string())]),
    })
}

/// One complaint about a document.
pub(crate) fn one_mistake(name: &str, document: &Document, wrong: Diagnostic) -> Mistakes {
    Mistakes {
        diagnostics: vec![wrong],
        sources: BTreeMap::from([(name.to_owned(), document.source().to_string())]),
    }
}

fn with_absolute_paths(mut config: Config, folder: &Path) -> Config {
    for path in [&mut config.state, &mut config.playbooks, &mut config.exclusions] {
        *path = anchored(path, folder);
    }
    for path in config.source.files.iter_mut().flatten().chain(&mut config.dead_letters.file) {
        *path = anchored(path, folder);
    }
    for file in config.lists.values_mut().flatten().filter_map(|list| list.file.as_mut()) {
        *file = anchored(file, folder);
    }
    for person in &mut config.api.people {
        if let SecretRef::File(file) = &mut person.token {
            *file = anchored(file, folder);
        }
    }
    if let Some(SecretRef::File(file)) = config.pages.as_mut().map(|settings| &mut settings.secret) {
        *file = anchored(file, folder);
    }
    for tree in config.connectors.values_mut().chain(&mut config.source.kafka) {
        anchored_tree(tree, folder);
    }
    config
}

fn is_list_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// What is wrong apart from names and kinds.
fn complaints(config: &Config) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut complain = |place: &str, what: &str| found.push((place.to_owned(), what.to_owned()));
    if config.language != 1 {
        complain("language", "this program reads language 1");
    }
    if config.source.kafka.is_some() && config.source.files.is_some() {
        complain("source", "name either `kafka` or `files`, not both");
    }
    if config.dead_letters.topic.is_some() && config.dead_letters.file.is_some() {
        complain("dead_letters", "name either `topic` or `file`, not both");
    }
    if config.dead_letters.topic.is_some() && config.source.kafka.is_none() {
        complain("dead_letters.topic", "a topic needs brokers: it goes with `source.kafka`");
    }
    for name in config.lists.keys().filter(|name| !is_list_name(name)) {
        complain(
            &format!("lists.{name}"),
            "a list is called by small letters, digits and dashes, beginning with a letter: vip-users",
        );
    }
    if config.engine.facts_max_age_secs == 0 {
        complain("engine.facts_max_age_secs", "must be at least 1: what is read is always a little old");
    }
    if config.engine.calls_at_once == 0 {
        complain("engine.calls_at_once", "must be at least 1, or nothing would ever be done");
    }
    if let Some(level) = &config.logs.level
        && EnvFilter::try_new(level).is_err()
    {
        complain("logs.level", "is no level, such as info, and no filter, such as info,quell_run=debug");
    }
    if let Some(endpoint) = &config.telemetry.otlp_endpoint
        && !Url::parse(endpoint).is_ok_and(|url| ["http", "https"].contains(&url.scheme()))
    {
        complain("telemetry.otlp_endpoint", "is no address, such as http://127.0.0.1:4318/v1/traces");
    }
    if !config.api.listen.ip().is_loopback() {
        complain(
            "api.listen",
            "must be a loopback address: the interface is not made to be open to a network",
        );
    }
    for (place, what) in people::complaints(&config.api.people, &config.state) {
        complain(&place, &what);
    }
    for (place, what) in config.pages.iter().flat_map(PageSettings::complaints) {
        complain(&place, &what);
    }
    for (place, what) in config.limits.complaints(&config.teams) {
        complain(&place, &what);
    }
    for place in secret::written_out(config) {
        complain(&place, "a secret never stands here; write { env: NAME } or { file: PATH }");
    }
    found
}
