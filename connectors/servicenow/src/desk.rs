//! [`Desk`]: the table of incidents, as it is called.

use quell_action::{ActionError, ConnectError, Failure};
use quell_kit::lenient::text_or_nothing;
use quell_kit::{Call, Deadline, Method, Rest, RestCall, host_of, system_address};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::Which;
use crate::settings::ServiceNowSettings;

/// What is read of an incident.
const FIELDS: &str = "sys_id,number,state,correlation_id";
/// So many are asked for where one is meant.
const MOST_FOUND: usize = 10;
/// The most that a correlation id holds.
const LONGEST_ID: usize = 100;

/// The table of incidents of one instance.
#[derive(Debug)]
pub struct Desk {
    rest: Rest,
    pub(crate) settings: ServiceNowSettings,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Incident {
    pub(crate) sys_id: String,
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) number: String,
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) state: String,
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) correlation_id: String,
}

#[derive(Debug, Deserialize)]
struct One {
    result: Incident,
}

#[derive(Debug, Deserialize)]
struct Several {
    result: Vec<Incident>,
}

impl Desk {
    /// Reads the credential; reaches nobody.
    ///
    /// # Errors
    /// When it is missing or unfit.
    pub(crate) fn new(settings: ServiceNowSettings) -> Result<Self, ConnectError> {
        let mut base =
            system_address(&settings.instance).map_err(|why| ConnectError(format!("instance {why}")))?;
        base.set_path("/api/now/table/");
        let rest = Rest::new(base, &settings.login, settings.per_minute, &settings.http, reason)?;
        Ok(Self { rest, settings })
    }

    /// The incident that is meant.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(crate) async fn which(&self, which: &Which, deadline: Deadline) -> Result<Incident, ActionError> {
        let (field, id) = match (&which.incident, &which.external_id) {
            (Some(id), None) if is_sys_id(id) => return self.read(id, deadline).await,
            (Some(number), None) => ("number", number),
            (None, Some(id)) => ("correlation_id", id),
            _ => {
                return Err(ActionError::rejected(
                    "say which incident is meant: `incident` or `external_id`, one of them",
                ));
            }
        };
        let found = self.find(field, id, deadline).await?;
        found.ok_or_else(|| {
            ActionError::not_found(format!("ServiceNow has no incident with the {field} {id}"))
        })
    }

    /// The incident with this value in a field, where there is one.
    ///
    /// # Errors
    /// When the value cannot stand in a query, or several have it.
    pub(crate) async fn find(
        &self,
        field: &str,
        value: &str,
        deadline: Deadline,
    ) -> Result<Option<Incident>, ActionError> {
        if value.is_empty()
            || value.len() > LONGEST_ID
            || value.contains(['^', '\n', '\r'])
            || value.contains("javascript:")
        {
            return Err(ActionError::rejected(format!(
                "{value:?} cannot be looked for: {LONGEST_ID} characters at most, and no ^ or line break"
            )));
        }
        let query = format!("{field}={value}");
        // A query that the instance does not understand gives everything: so few are asked for, and each is compared.
        let limit = MOST_FOUND.to_string();
        let query =
            [("sysparm_query", query.as_str()), ("sysparm_limit", &limit), ("sysparm_fields", FIELDS)];
        let call = RestCall {
            method: Method::GET,
            path: &[&self.settings.table],
            query: &query,
            body: None,
            call: Call::Reads,
        };
        let several: Several = self.rest.send(call, deadline).await?.json()?;
        let has = |incident: &Incident| match field {
            "number" => incident.number.eq_ignore_ascii_case(value),
            _ => incident.correlation_id == value,
        };
        let is_cut = several.result.len() >= MOST_FOUND;
        let mut found: Vec<Incident> = several.result.into_iter().filter(has).collect();
        match (found.pop(), found.is_empty()) {
            // Whoever took that for "no incident" would open another one.
            (_, true) if is_cut => Err(ActionError::rejected(format!(
                "ServiceNow answers with more than the incident with the {field} {value}; they are not read in part"
            ))),
            (found, true) => Ok(found),
            (_, false) => Err(ActionError::new(
                Failure::Ambiguous,
                format!("several incidents of ServiceNow have the {field} {value}"),
            )),
        }
    }

    /// Opens an incident.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn create(
        &self,
        fields: Map<String, Value>,
        deadline: Deadline,
    ) -> Result<Incident, ActionError> {
        let wanted = fields.get("correlation_id").cloned();
        let opened = self.write(Method::POST, &[&self.settings.table], fields, deadline).await?;
        // Who may not read the field sees it empty.
        let is_ours =
            opened.correlation_id.is_empty() || wanted.is_some_and(|id| id == opened.correlation_id);
        match is_ours {
            true => Ok(opened),
            false => {
                Err(ActionError::uncertain("ServiceNow took an incident, and answered with another one"))
            }
        }
    }

    /// Changes an incident.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn change(
        &self,
        incident: &Incident,
        fields: Map<String, Value>,
        deadline: Deadline,
    ) -> Result<Incident, ActionError> {
        let path = [self.settings.table.as_str(), &incident.sys_id];
        let now = self.write(Method::PATCH, &path, fields, deadline).await?;
        match now.sys_id == incident.sys_id {
            true => Ok(now),
            false => {
                Err(ActionError::uncertain("ServiceNow took a change, and answered with another incident"))
            }
        }
    }

    /// Asks for one incident, whichever it is: whether we may read at all.
    ///
    /// # Errors
    /// When we may not.
    pub(crate) async fn reach(&self, deadline: Deadline) -> Result<String, ActionError> {
        let query = [("sysparm_limit", "1"), ("sysparm_fields", FIELDS)];
        let call = RestCall {
            method: Method::GET,
            path: &[&self.settings.table],
            query: &query,
            body: None,
            call: Call::Reads,
        };
        self.rest.send(call, deadline).await?.json::<Several>()?;
        Ok(host_of(self.rest.base()))
    }

    async fn read(&self, id: &str, deadline: Deadline) -> Result<Incident, ActionError> {
        let query = [("sysparm_fields", FIELDS)];
        let path = [self.settings.table.as_str(), id];
        let call =
            RestCall { method: Method::GET, path: &path, query: &query, body: None, call: Call::Reads };
        let one: One = self.rest.send(call, deadline).await?.json()?;
        match one.result.sys_id == id {
            true => Ok(one.result),
            false => Err(ActionError::new(Failure::Ambiguous, "ServiceNow answered with another incident")),
        }
    }

    async fn write(
        &self,
        method: Method,
        path: &[&str],
        fields: Map<String, Value>,
        deadline: Deadline,
    ) -> Result<Incident, ActionError> {
        let query = [("sysparm_fields", FIELDS)];
        let body = Some(json!(fields));
        let call = RestCall { method, path, query: &query, body, call: Call::Writes };
        let one: One = self.rest.send(call, deadline).await?.json()?;
        Ok(one.result)
    }
}

fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|letter| letter.is_ascii_hexdigit())
}

fn reason(refusal: &Value) -> Option<String> {
    let error = &refusal["error"];
    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    Some(format!("{} {}", part("message"), part("detail")).trim().to_owned())
}
