//! [`Desk`]: the issues of one project, as they are called.

use quell_action::{ActionError, ConnectError, Failure};
use quell_kit::lenient::{or_nothing, text_or_number};
use quell_kit::{Answer, Call, Deadline, Method, Rest, RestCall, system_address};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::settings::JiraSettings;

/// A search of more pages than this is not read to its end: it is an error, never a part taken for the whole.
const MOST_PAGES: usize = 5;

/// The issues of one project.
#[derive(Debug)]
pub struct Desk {
    rest: Rest,
    pub(crate) settings: JiraSettings,
}

/// An issue, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Issue {
    #[serde(deserialize_with = "text_or_number")]
    pub(crate) id: String,
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) fields: Fields,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    pub(crate) status: Named,
    #[serde(default, deserialize_with = "or_nothing")]
    labels: Vec<String>,
}

/// Something with a name.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Named {
    #[serde(default)]
    pub(crate) name: String,
}

/// A step that the workflow allows from where an issue is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Transition {
    pub(crate) id: String,
    pub(crate) to: Named,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    /// Without it the answer is none: whoever took that for "no issue" would open another one.
    issues: Vec<Issue>,
    /// Where the rest is, if there is any. A page may be short, or empty, and not the last one.
    #[serde(default)]
    next_page_token: Option<String>,
    #[serde(default)]
    is_last: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Transitions {
    transitions: Vec<Transition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Myself {
    #[serde(default)]
    display_name: String,
}

impl Desk {
    /// Reads the credential; reaches nobody.
    ///
    /// # Errors
    /// When it is missing or unfit.
    pub(crate) fn new(settings: JiraSettings) -> Result<Self, ConnectError> {
        let base = system_address(&settings.site).map_err(|why| ConnectError(format!("site {why}")))?;
        let rest = Rest::new(base, &settings.login, settings.per_minute, &settings.http, reason)?;
        Ok(Self { rest, settings })
    }

    /// The issue that is meant, by its key or by the id under which it was opened.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(crate) async fn which(
        &self,
        issue: Option<&str>,
        external_id: Option<&str>,
        deadline: Deadline,
    ) -> Result<Issue, ActionError> {
        match (issue, external_id) {
            (Some(key), None) => self.issue(key, deadline).await,
            (None, Some(id)) => {
                let found = self.find(id, deadline).await?;
                found.ok_or_else(|| {
                    ActionError::not_found(format!("Jira has no issue for the external id {id}"))
                })
            }
            _ => {
                Err(ActionError::rejected("say which issue is meant: `issue` or `external_id`, one of them"))
            }
        }
    }

    /// The issue that was opened under this id, where there is one. What was opened a moment ago may not be found yet.
    ///
    /// # Errors
    /// When several were.
    pub(crate) async fn find(
        &self,
        external_id: &str,
        deadline: Deadline,
    ) -> Result<Option<Issue>, ActionError> {
        let label = label(external_id);
        let jql = format!("project = \"{}\" AND labels = \"{label}\"", self.settings.project);
        let mut body = json!({ "jql": jql, "maxResults": 2, "fields": ["status", "labels"] });
        let mut known: Option<Issue> = None;
        for _ in 0..MOST_PAGES {
            let found: Found =
                self.post(&["search", "jql"], body.clone(), Call::Reads, deadline).await?.json()?;
            for issue in found.issues.into_iter().filter(|issue| issue.fields.labels.contains(&label)) {
                if known.replace(issue.clone()).is_some_and(|other| other.id != issue.id) {
                    return Err(ActionError::new(
                        Failure::Ambiguous,
                        format!("several issues of Jira were opened for the external id {external_id}"),
                    ));
                }
            }
            match (found.next_page_token.filter(|token| !token.is_empty()), found.is_last) {
                (_, Some(true)) | (None, None) => return Ok(known),
                (Some(token), _) => body["nextPageToken"] = json!(token),
                (None, Some(false)) => break,
            }
        }
        Err(ActionError::rejected("Jira does not tell all that it found; it is not read in part"))
    }

    /// Opens an issue.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn create(&self, fields: Value, deadline: Deadline) -> Result<Issue, ActionError> {
        self.post(&["issue"], json!({ "fields": fields }), Call::Writes, deadline).await?.json()
    }

    /// Sets fields of an issue.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn change(
        &self,
        issue: &Issue,
        fields: Value,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let path = ["issue", issue.id.as_str()];
        self.send(Method::PUT, &path, &[], Some(json!({ "fields": fields })), Call::Writes, deadline)
            .await
            .map(drop)
    }

    /// Comments an issue. Gives back the comment's id.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn comment(
        &self,
        issue: &Issue,
        body: Value,
        deadline: Deadline,
    ) -> Result<String, ActionError> {
        #[derive(Deserialize)]
        struct Made {
            id: String,
        }
        let path = ["issue", issue.id.as_str(), "comment"];
        let made: Made = self.post(&path, json!({ "body": body }), Call::Writes, deadline).await?.json()?;
        Ok(made.id)
    }

    /// The steps that the workflow allows from where an issue is.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn transitions(
        &self,
        issue: &Issue,
        deadline: Deadline,
    ) -> Result<Vec<Transition>, ActionError> {
        let path = ["issue", issue.id.as_str(), "transitions"];
        let answer = self.send(Method::GET, &path, &[], None, Call::Reads, deadline).await?;
        Ok(answer.json::<Transitions>()?.transitions)
    }

    /// Takes a step.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn take(
        &self,
        issue: &Issue,
        step: &Transition,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let path = ["issue", issue.id.as_str(), "transitions"];
        self.post(&path, json!({ "transition": { "id": step.id } }), Call::Writes, deadline).await.map(drop)
    }

    /// The issue of this key or id.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn issue(&self, key: &str, deadline: Deadline) -> Result<Issue, ActionError> {
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(ActionError::rejected(format!("{key:?} is no key of an issue: SEC-17")));
        }
        let query = [("fields", "status,labels")];
        let issue: Issue =
            self.send(Method::GET, &["issue", key], &query, None, Call::Reads, deadline).await?.json()?;
        // A key changes when its issue moves; the number stays.
        match key.bytes().all(|b| b.is_ascii_digit()) && issue.id != key {
            true => Err(ActionError::new(Failure::Ambiguous, "Jira answered with another issue")),
            false => Ok(issue),
        }
    }

    /// Who the credential makes us.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) async fn reach(&self, deadline: Deadline) -> Result<String, ActionError> {
        let answer = self.send(Method::GET, &["myself"], &[], None, Call::Reads, deadline).await?;
        let me: Myself = answer.json()?;
        let host = quell_kit::host_of(self.rest.base());
        let project = ["project", self.settings.project.as_str()];
        self.send(Method::GET, &project, &[], None, Call::Reads, deadline).await?;
        Ok(format!("{host} as {}", me.display_name))
    }

    async fn post(
        &self,
        path: &[&str],
        body: Value,
        call: Call,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        self.send(Method::POST, path, &[], Some(body), call, deadline).await
    }

    #[expect(clippy::too_many_arguments, reason = "one call of HTTP has so many parts")]
    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Value>,
        call: Call,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let path: Vec<&str> = ["rest", "api", "3"].iter().chain(path).copied().collect();
        self.rest.send(RestCall { method, path: &path, query, body, call }, deadline).await
    }
}

/// The label of an external id: a sum of it, in which nothing can be a part of a query.
pub(crate) fn label(external_id: &str) -> String {
    let sum: String = Sha256::digest(external_id).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("quell-{sum}")
}

fn reason(refusal: &Value) -> Option<String> {
    let general = refusal["errorMessages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned);
    let fields = refusal["errors"].as_object().into_iter().flatten();
    let fields = fields.map(|(field, why)| format!("{field}: {}", why.as_str().unwrap_or_default()));
    Some(general.chain(fields).take(4).collect::<Vec<_>>().join("; "))
}
