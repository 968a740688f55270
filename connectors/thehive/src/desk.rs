//! [`Desk`]: the alerts of one organisation, as they are called.

use quell_action::{ActionError, ConnectError, Failure};
use quell_kit::lenient::or_nothing;
use quell_kit::{Answer, Call, Deadline, Login, Method, Rest, RestCall, host_of, system_address};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::settings::TheHiveSettings;

/// So many are asked for where one is meant.
const MOST_FOUND: usize = 10;
/// The most that a reference holds.
const LONGEST_REFERENCE: usize = 128;

/// The alerts of one organisation.
#[derive(Debug)]
pub struct Desk {
    rest: Rest,
    pub(crate) settings: TheHiveSettings,
}

/// An alert, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) status: String,
    #[serde(default, deserialize_with = "or_nothing")]
    source_ref: String,
    #[serde(default, rename = "type", deserialize_with = "or_nothing")]
    kind: String,
    #[serde(default, deserialize_with = "or_nothing")]
    source: String,
}

#[derive(Debug, Deserialize)]
struct Me {
    #[serde(default)]
    login: String,
}

impl Desk {
    /// Reads the credential; reaches nobody.
    ///
    /// # Errors
    /// When it is missing or unfit.
    pub(crate) fn new(settings: TheHiveSettings) -> Result<Self, ConnectError> {
        let base = system_address(&settings.url).map_err(|why| ConnectError(format!("url {why}")))?;
        let login = Login::Bearer(settings.key.clone());
        let mut rest = Rest::new(base, &login, settings.per_minute, &settings.http, reason)?;
        if let Some(organisation) = &settings.organisation {
            rest = rest.with_header("x-organisation", organisation)?;
        }
        Ok(Self { rest, settings })
    }

    /// The alert that is meant, by its id or by the id under which it was opened.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn which(
        &self,
        alert: Option<&str>,
        external_id: Option<&str>,
        deadline: Deadline,
    ) -> Result<Alert, ActionError> {
        match (alert, external_id) {
            (Some(id), None) => self.alert(id, deadline).await,
            (None, Some(id)) => {
                let found = self.find(id, deadline).await?;
                found.ok_or_else(|| {
                    ActionError::not_found(format!("TheHive has no alert for the external id {id}"))
                })
            }
            _ => {
                Err(ActionError::rejected("say which alert is meant: `alert` or `external_id`, one of them"))
            }
        }
    }

    /// The alert that was opened under this id, where there is one.
    ///
    /// # Errors
    /// When that cannot be asked.
    pub(crate) async fn find(
        &self,
        external_id: &str,
        deadline: Deadline,
    ) -> Result<Option<Alert>, ActionError> {
        let wanted = [
            ("type", self.settings.alert_type.clone()),
            ("source", self.settings.source.clone()),
            ("sourceRef", reference(external_id)),
        ];
        let fits =
            wanted.clone().map(|(field, value)| json!({ "_eq": { "_field": field, "_value": value } }));
        let query = json!({ "query": [
            { "_name": "listAlert" },
            { "_name": "filter", "_and": fits },
            { "_name": "page", "from": 0, "to": MOST_FOUND },
        ]});
        let found: Vec<Alert> =
            self.send(Method::POST, &["query"], Some(query), Call::Reads, deadline).await?.json()?;
        // A filter that is not understood would give everything: each hit is compared.
        let [(_, kind), (_, source), (_, source_ref)] = wanted;
        let is_meant =
            |alert: &Alert| alert.kind == kind && alert.source == source && alert.source_ref == source_ref;
        let is_cut = found.len() >= MOST_FOUND;
        match found.into_iter().find(is_meant) {
            None if is_cut => Err(ActionError::rejected(
                "TheHive answers with more than the alert that is meant; they are not read in part",
            )),
            found => Ok(found),
        }
    }

    /// Opens an alert. `None` where there is one already.
    ///
    /// # Errors
    /// When it was not taken. A repetition does no harm: it is refused over there.
    pub(crate) async fn create(
        &self,
        alert: Value,
        deadline: Deadline,
    ) -> Result<Option<Alert>, ActionError> {
        let wanted = alert["sourceRef"].clone();
        match self.send(Method::POST, &["alert"], Some(alert), Call::WritesKeyed, deadline).await {
            Ok(answer) => match answer.json::<Alert>()? {
                opened if opened.source_ref.is_empty() || wanted == opened.source_ref => Ok(Some(opened)),
                _ => Err(answer.unreadable("it is about another alert")),
            },
            Err(error) if error.failure == Failure::Rejected && error.message.contains("CreateError") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Changes an alert.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn change(
        &self,
        alert: &Alert,
        fields: Value,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        self.send(Method::PATCH, &["alert", &alert.id], Some(fields), Call::Writes, deadline).await.map(drop)
    }

    /// Comments an alert. Gives back the comment's id.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn comment(
        &self,
        alert: &Alert,
        text: &str,
        deadline: Deadline,
    ) -> Result<String, ActionError> {
        #[derive(Deserialize)]
        struct Made {
            #[serde(rename = "_id")]
            id: String,
        }
        let path = ["alert", alert.id.as_str(), "comment"];
        let made: Made = self
            .send(Method::POST, &path, Some(json!({ "message": text })), Call::Writes, deadline)
            .await?
            .json()?;
        Ok(made.id)
    }

    /// The alert of this id.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn alert(&self, id: &str, deadline: Deadline) -> Result<Alert, ActionError> {
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'~' || b == b'-') {
            return Err(ActionError::rejected(format!("{id:?} is no id of an alert: ~123")));
        }
        let alert: Alert =
            self.send(Method::GET, &["alert", id], None, Call::Reads, deadline).await?.json()?;
        match alert.id == id {
            true => Ok(alert),
            false => Err(ActionError::new(Failure::Ambiguous, "TheHive answered with another alert")),
        }
    }

    /// Who the key makes us.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) async fn reach(&self, deadline: Deadline) -> Result<String, ActionError> {
        let me: Me =
            self.send(Method::GET, &["user", "current"], None, Call::Reads, deadline).await?.json()?;
        Ok(format!("{} as {}", host_of(self.rest.base()), me.login))
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
        call: Call,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let path: Vec<&str> = ["api", "v1"].iter().chain(path).copied().collect();
        self.rest.send(RestCall { method, path: &path, query: &[], body, call }, deadline).await
    }
}

/// The reference of an external id; one that is too long is replaced by its sum.
pub(crate) fn reference(external_id: &str) -> String {
    if !external_id.is_empty() && external_id.chars().count() <= LONGEST_REFERENCE {
        return external_id.to_owned();
    }
    Sha256::digest(external_id).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn reason(refusal: &Value) -> Option<String> {
    Some(format!("{} {}", refusal["type"].as_str()?, refusal["message"].as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_external_ids_fit_and_stay_distinct() {
        assert_eq!(reference("alert-1"), "alert-1");
        let long = |end: &str| reference(&format!("{}{end}", "x".repeat(LONGEST_REFERENCE)));
        assert!(long("1").chars().count() <= LONGEST_REFERENCE);
        assert_ne!(long("1"), long("2"));
    }
}
