//! Which incident is meant: by its name, by its number, or by an alert that it holds.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use chrono::SecondsFormat;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use quell_action::{ActionError, Failure};
use quell_alert::parse_guid;
use quell_kit::microsoft::{beginning, pages};
use quell_kit::{Ask, Call, Deadline, Method};
use serde::Deserialize;

use crate::client::{Client, about};
use crate::incident::Incident;

/// Sentinel makes incidents some time after their alerts: one that is not there yet is looked for again after this.
const LATER: Duration = Duration::from_secs(30);
/// So many incidents are asked for their alerts at the same time.
const AT_ONCE: usize = 6;
/// More than this is not kept in mind.
const MOST_KEPT: usize = 4000;

/// Which incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    /// This one, by its name (a GUID), its number or its whole resource id.
    Incident(&'a str),
    /// The one that holds this alert, by its system id or by the id that its product gave it.
    Alert(&'a str),
}

/// Which alerts an incident held, for as long as it is the same.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<String, Held>>);

#[derive(Debug, Clone)]
struct Held {
    version: (Option<String>, Option<i64>),
    alerts: Vec<String>,
}

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incident(name) => write!(f, "incident {name}"),
            Self::Alert(id) => write!(f, "the incident of alert {id}"),
        }
    }
}

impl<'a> Which<'a> {
    /// What a playbook wrote.
    ///
    /// # Errors
    /// When it wrote neither, or both.
    pub(crate) fn of(incident: Option<&'a str>, alert: Option<&'a str>) -> Result<Self, ActionError> {
        let given = |text: Option<&'a str>| text.map(str::trim).filter(|text| !text.is_empty());
        match (given(incident), given(alert)) {
            (Some(incident), None) => Ok(Self::Incident(incident)),
            (None, Some(alert)) => Ok(Self::Alert(alert)),
            (None, None) => {
                Err(ActionError::rejected("say which incident: `incident`, or `alert: \"{{ alert.id }}\"`"))
            }
            (Some(_), Some(_)) => {
                Err(ActionError::rejected("say which incident by one of `incident` and `alert`, not by both"))
            }
        }
    }
}

impl Client {
    /// The incident that is meant, as it is now.
    pub(crate) async fn find(&self, which: Which<'_>, deadline: Deadline) -> Result<Incident, ActionError> {
        match which {
            Which::Alert(id) => self.of_alert(id, deadline).await,
            Which::Incident(text) => match text.trim_start_matches('#').parse::<u32>() {
                Ok(number) => self.numbered(number, deadline).await,
                Err(_) => self.incident(self.name_in(text)?, deadline).await,
            },
        }
    }

    /// The name in what may be a whole resource id, which must be one of this workspace.
    fn name_in<'a>(&self, text: &'a str) -> Result<&'a str, ActionError> {
        let name = match text.strip_prefix('/') {
            None => text,
            Some(_) => {
                let prefix = self.prefix();
                let (found, name) = text.split_at_checked(prefix.len()).unwrap_or((text, ""));
                if !found.eq_ignore_ascii_case(&prefix) {
                    let why = format!("the incident {text:?} is not one of this workspace");
                    return Err(ActionError::rejected(why));
                }
                name
            }
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        match (1..=80).contains(&name.len()) && name.bytes().all(fits) {
            true => Ok(name),
            false => {
                let why = format!("{text:?} is no incident: its name is a GUID, its number a number");
                Err(ActionError::rejected(why))
            }
        }
    }

    async fn numbered(&self, number: u32, deadline: Deadline) -> Result<Incident, ActionError> {
        let filter = format!("properties/incidentNumber eq {number}");
        let ask = Ask::get(self.incidents(&[], &[("$filter", &filter), ("$top", "2")]));
        let found: Result<Vec<Incident>, _> = pages(&self.api, ask, deadline).await;
        let found = found.map_err(|error| about(error, "the incident"))?;
        let mut fitting = found.into_iter().filter(|one| one.number() == Some(i64::from(number)));
        match (fitting.next(), fitting.next()) {
            (Some(incident), None) => Ok(incident),
            (None, _) => Err(ActionError::not_found(format!("there is no incident {number}"))),
            (Some(_), Some(_)) => Err(ActionError::new(
                Failure::Ambiguous,
                format!("several incidents have the number {number}"),
            )),
        }
    }

    /// The one incident that holds an alert. All that come into question are asked: one that is found first may not be
    /// the only one.
    async fn of_alert(&self, id: &str, deadline: Deadline) -> Result<Incident, ActionError> {
        if let Some(incident) = self.that_is_itself(id, deadline).await? {
            return Ok(incident);
        }
        let since = (quell_kit::now() - self.search.within).to_rfc3339_opts(SecondsFormat::Secs, true);
        let (filter, top) =
            (format!("properties/lastModifiedTimeUtc ge {since}"), self.search.most.to_string());
        let query = [
            ("$filter", filter.as_str()),
            ("$orderby", "properties/lastModifiedTimeUtc desc"),
            ("$top", &top),
        ];
        let ask = Ask::get(self.incidents(&[], &query));
        let found: Result<Vec<Incident>, _> =
            beginning(&self.api, ask, self.search.most as usize, deadline).await;
        let found = found.map_err(|error| about(error, "searching the incident of the alert"))?;
        let all = found.into_iter().filter(|one| one.count("alertsCount") != Some(0));
        let asked = futures::stream::iter(all.map(async |incident| {
            let alerts = self.alerts(&incident, deadline).await?;
            let holds = alerts.iter().any(|alert| alert.eq_ignore_ascii_case(id));
            Ok::<_, ActionError>(holds.then_some(incident))
        }));
        let holding: Vec<Option<Incident>> = asked.buffered(AT_ONCE).try_collect().await?;
        the_one(id, holding.into_iter().flatten().collect())
    }

    /// An incident that was handed on without its alerts goes by its own name.
    async fn that_is_itself(&self, id: &str, deadline: Deadline) -> Result<Option<Incident>, ActionError> {
        let Some(guid) = parse_guid(id) else { return Ok(None) };
        match self.incident(&guid.to_string(), deadline).await {
            Ok(incident) => Ok(Some(incident)),
            Err(error) if error.failure == Failure::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of the alerts that an incident holds.
    async fn alerts(&self, incident: &Incident, deadline: Deadline) -> Result<Vec<String>, ActionError> {
        let version = (incident.etag.clone(), incident.count("alertsCount"));
        if let Some(alerts) = self.memory.recall(&incident.name, &version) {
            return Ok(alerts);
        }
        let ask = Ask::write(Method::POST, self.incidents(&[&incident.name, "alerts"], &[]));
        let found: Result<Vec<Alert>, _> = pages(&self.api, ask.meaning(Call::Reads), deadline).await;
        let what = format!("the alerts of {}", incident.display());
        let found = found.map_err(|error| about(error, &what))?;
        let ids = |alert: &Alert| {
            let own = &alert.properties;
            [&own.system_alert_id, &own.provider_alert_id].into_iter().flatten().cloned().collect::<Vec<_>>()
        };
        let alerts: Vec<String> = found.iter().flat_map(ids).collect();
        self.memory.keep(&incident.name, Held { version, alerts: alerts.clone() });
        Ok(alerts)
    }
}

impl Memory {
    fn recall(&self, name: &str, version: &(Option<String>, Option<i64>)) -> Option<Vec<String>> {
        let all = self.0.lock();
        // Without a mark of its version it may have changed.
        version.0.as_ref()?;
        all.get(name).filter(|held| held.version == *version).map(|held| held.alerts.clone())
    }

    fn keep(&self, name: &str, held: Held) {
        let mut all = self.0.lock();
        if all.len() >= MOST_KEPT {
            all.clear();
        }
        all.insert(name.to_owned(), held);
    }
}

fn the_one(alert: &str, mut holding: Vec<Incident>) -> Result<Incident, ActionError> {
    match (holding.pop(), holding.len()) {
        (Some(incident), 0) => Ok(incident),
        (None, _) => Err(ActionError::new(
            Failure::Unavailable { retry_after: Some(LATER) },
            format!(
                "no incident holds the alert {alert} yet; search_hours and search_incidents say how far is looked"
            ),
        )),
        (Some(last), _) => {
            let all: Vec<String> = holding.iter().chain([&last]).map(Incident::display).collect();
            let why = format!("several incidents hold the alert {alert}: {}", all.join(", "));
            Err(ActionError::new(Failure::Ambiguous, why))
        }
    }
}

#[derive(Deserialize)]
struct Alert {
    #[serde(default)]
    properties: AlertProperties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AlertProperties {
    system_alert_id: Option<String>,
    provider_alert_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_of_saying_which_and_not_two() {
        assert_eq!(Which::of(Some(" 7 "), None), Ok(Which::Incident("7")));
        assert_eq!(Which::of(Some(" "), Some("a")), Ok(Which::Alert("a")));
        assert!(Which::of(None, None).is_err() && Which::of(Some("7"), Some("a")).is_err());
    }

    #[test]
    fn no_more_is_kept_in_mind_than_there_is_room_for() {
        let memory = Memory::default();
        let held = || Held { version: (Some("1".into()), None), alerts: vec!["a".into()] };
        (0..=MOST_KEPT).for_each(|number| memory.keep(&number.to_string(), held()));
        assert!(memory.0.lock().len() <= MOST_KEPT);
        assert_eq!(memory.recall(&MOST_KEPT.to_string(), &held().version), Some(held().alerts));
    }
}
