//! The site's connectors: which kinds they are, what they offer, and their connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use quell_action::{Catalogue, Connection, Directory, Owners, Probe, ProbeReport, Reaches};
use quell_connectors::Kind;
use serde_json::Value;

use crate::config::{Config, Site};
use crate::lists::SiteLists;

/// What the site's connectors offer, by their settings alone: no system is reached.
pub(crate) fn offered(site: &Site) -> anyhow::Result<Catalogue> {
    let mut actions = BTreeMap::new();
    let mut owners = Owners::new(&site.config.prefer);
    let mut complaints = unknown_preferences(site);
    for (name, settings) in &site.config.connectors {
        match kind_of(name, settings) {
            Ok((kind, settings)) => match kind.offered(&settings) {
                Ok(offered) => {
                    for info in offered {
                        match owners.take(name, &info) {
                            Ok(true) => drop(actions.insert((info.name(), info.provider()), info)),
                            Ok(false) => {}
                            // Where they meet in one action they meet in more: once is enough.
                            Err(error) => {
                                complaints.push((format!("connectors.{name}"), error.to_string()));
                                break;
                            }
                        }
                    }
                }
                Err(problems) => complaints.extend(problems.into_iter().map(|problem| {
                    let place = format!("connectors.{name}.{}", problem.place);
                    (place.trim_end_matches('.').to_owned(), problem.message)
                })),
            },
            Err(message) => complaints.push((format!("connectors.{name}"), message)),
        }
    }
    if !complaints.is_empty() {
        bail!(site.mistakes(complaints));
    }
    Ok(Catalogue::new(actions.into_values().chain(quell_action::lists::described())))
}

/// What each connector of the site offers, by its name; one whose settings are wrong is reported elsewhere.
pub(crate) fn offered_by_each(site: &Site) -> BTreeMap<String, Catalogue> {
    let offered = |(name, settings): (&String, &Value)| {
        let (kind, settings) = kind_of(name, settings).ok()?;
        Some((name.clone(), Catalogue::new(kind.offered(&settings).ok()?)))
    };
    site.config.connectors.iter().filter_map(offered).collect()
}

/// Preferences for connectors that there are not.
fn unknown_preferences(site: &Site) -> Vec<(String, String)> {
    let prefer = site.config.prefer.iter().filter(|(_, name)| !site.config.connectors.contains_key(*name));
    prefer
        .map(|(provider, name)| (format!("prefer.{provider}"), format!("there is no connector {name} here")))
        .collect()
}

/// Whom questions reach through each of the site's connectors, by their settings alone.
pub(crate) fn reaches(site: &Config) -> BTreeMap<String, Reaches> {
    let reaches = |(name, settings): (&String, &Value)| {
        let reaches = kind_of(name, settings).map(|(kind, settings)| kind.reaches(&settings));
        (name.clone(), reaches.unwrap_or_default())
    };
    site.connectors.iter().map(reaches).collect()
}

/// The site's connectors, connected.
pub(crate) async fn connections(site: &Site) -> anyhow::Result<Vec<Connection>> {
    offered(site)?;
    let mut connections = Vec::new();
    for (name, settings) in &site.config.connectors {
        let Ok((kind, settings)) = kind_of(name, settings) else { continue };
        let connected = kind.connect(name, settings).await;
        connections.push(connected.with_context(|| format!("the connector {name} could not be connected"))?);
    }
    Ok(connections)
}

/// The engine's own actions, as a connection like any other.
pub(crate) fn own(lists: Arc<SiteLists>) -> Connection {
    Connection {
        name: quell_action::lists::PROVIDER.to_owned(),
        actions: quell_action::lists::actions(lists),
        directories: Vec::new(),
        carrier: None,
        probe: Arc::new(Here),
    }
}

/// What is reached without leaving the engine.
struct Here;

#[async_trait]
impl Probe for Here {
    async fn probe(&self) -> ProbeReport {
        ProbeReport { system: Some("this engine".into()), problems: Vec::new(), grants: Vec::new() }
    }
}

/// The directories that can say who an account is, with the names of their connectors.
pub(crate) fn directories(connections: &[Connection]) -> Vec<(String, Arc<dyn Directory>)> {
    let all = connections.iter().flat_map(|connection| {
        connection.directories.iter().map(|directory| (connection.name.clone(), Arc::clone(directory)))
    });
    all.filter(|(_, directory)| directory.knows_accounts()).collect()
}

/// Which connector a section is about, and its settings without the word that says so.
fn kind_of(name: &str, settings: &Value) -> Result<(Kind, Value), String> {
    let mut settings =
        if settings.is_null() { Value::Object(serde_json::Map::new()) } else { settings.clone() };
    let named = settings.as_object_mut().and_then(|settings| settings.remove("kind"));
    let kind = match &named {
        Some(Value::String(kind)) => kind.as_str(),
        Some(_) => return Err("`kind` must be text".into()),
        None => name,
    };
    match quell_connectors::find(kind) {
        Some(kind) => Ok((kind, settings)),
        None => {
            let known: Vec<&str> = quell_connectors::all().iter().map(Kind::name).collect();
            Err(format!("there is no connector {kind}; write `kind:` with one of {}", known.join(", ")))
        }
    }
}
