//! [`Client`]: the calls to Sentinel that actions and look-ups share.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use quell_action::{ActionError, ConnectError, Failure};
use quell_kit::microsoft::{failure_of, refused, success, with_query};
use quell_kit::{Answer, Api, Ask, Call, Deadline, Http, Method, RateLimit, Url};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::find::Memory;
use crate::incident::Incident;
use crate::settings::Settings;

/// The version of the interface.
const VERSION: &str = "2025-09-01";
/// How long looking at something may take.
const LOOK: Duration = Duration::from_secs(25);
/// What ids of comments and tasks are made in.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_2d64_7f0b_4c0e_9d2a_51e3_8a90_77b4);
const INSIGHTS: [&str; 2] = ["providers", "Microsoft.SecurityInsights"];

/// Sentinel in one workspace.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) api: Api,
    pub(crate) memory: Memory,
    pub(crate) search: Search,
    workspace: Vec<String>,
    tenant: String,
    host: String,
}

/// Where the incident of an alert is searched.
#[derive(Debug)]
pub(crate) struct Search {
    /// Among those that were changed within this time.
    pub(crate) within: TimeDelta,
    /// And among so many, the newest first.
    pub(crate) most: u32,
}

/// What came of writing an incident.
pub(crate) enum Written {
    /// It was taken, and is this now.
    Taken(Incident),
    /// Somebody else was quicker: nothing was written.
    Overtaken,
}

impl Client {
    /// Reads the credential; reaches nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let http = Http::new(&settings.http)?;
        let scope = format!("{}/.default", settings.cloud.resource_manager());
        let sign_in = settings.sign_in();
        let tokens = sign_in.tokens(&http, &scope)?;
        let base = Url::parse(settings.arm()).map_err(|_| ConnectError("arm_url is not an URL".into()))?;
        let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let calls = settings.calls_per_minute;
        let limit = RateLimit::new(number(calls), Duration::from_secs(60), number(calls / 2));
        let workspace = [
            "subscriptions",
            &settings.subscription,
            "resourceGroups",
            &settings.resource_group,
            "providers",
            "Microsoft.OperationalInsights",
            "workspaces",
            &settings.workspace,
        ];
        Ok(Self {
            host: quell_kit::host_of(&base),
            api: Api::new(http, base, tokens, vec![limit], "x-ms-client-request-id"),
            memory: Memory::default(),
            search: Search {
                within: TimeDelta::hours(i64::from(settings.search_hours)),
                most: settings.search_incidents,
            },
            tenant: sign_in.realm()?,
            workspace: workspace.map(str::to_owned).to_vec(),
        })
    }

    /// The time in which something must be looked at.
    pub(crate) fn look(&self) -> Deadline {
        Deadline::after(LOOK)
    }

    /// Which workspace, and where.
    pub(crate) fn system(&self) -> String {
        let workspace = self.workspace.last().map_or("", String::as_str);
        format!("workspace {workspace} of tenant {} at {}", self.tenant, self.host)
    }

    /// The address of the workspace's incidents, as resources are written: `/subscriptions/…/incidents/`.
    pub(crate) fn prefix(&self) -> String {
        let parts: Vec<&str> = self.workspace.iter().map(String::as_str).chain(INSIGHTS).collect();
        format!("/{}/incidents/", parts.join("/"))
    }

    /// The incident with this name, as it is now.
    pub(crate) async fn incident(&self, name: &str, deadline: Deadline) -> Result<Incident, ActionError> {
        let ask = Ask::get(self.incidents(&[name], &[]));
        let incident: Incident = self.read(ask, "the incident", deadline).await?.json()?;
        match incident.name.eq_ignore_ascii_case(name) {
            true => Ok(incident),
            false => Err(ActionError::unavailable("the answer is about another incident than was asked for")),
        }
    }

    /// Writes an incident back, unless somebody else has changed it since it was read.
    pub(crate) async fn replace(
        &self,
        incident: &Incident,
        what: &str,
        deadline: Deadline,
    ) -> Result<Written, ActionError> {
        let url = self.incidents(&[&incident.name], &[]);
        let ask = Ask::write(Method::PUT, url.clone()).json(incident.body()?);
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, what))?;
        match answer.status() {
            409 | 412 => Ok(Written::Overtaken),
            201 => {
                // It was gone, and this has made an empty one in its place.
                let ask = Ask::write(Method::DELETE, url);
                self.write(ask, "taking back an incident that was made by mistake", deadline).await?;
                Err(ActionError::not_found(format!("{what}: the incident was deleted meanwhile")))
            }
            _ => self.accept(answer, what)?.json().map(Written::Taken),
        }
    }

    /// Adds something to an incident under an id of ours; where there is such a thing already, nothing is written. Says
    /// whether it was.
    pub(crate) async fn add(
        &self,
        incident: &Incident,
        (kind, id): (&str, &str),
        body: Value,
        deadline: Deadline,
    ) -> Result<bool, ActionError> {
        let what = format!("adding to the {kind} of {}", incident.display());
        let url = self.incidents(&[&incident.name, kind, id], &[]);
        match self.read(Ask::get(url.clone()), &what, deadline).await {
            Ok(answer) => {
                let known: Named = answer.json()?;
                return match known.name.eq_ignore_ascii_case(id) {
                    true => Ok(false),
                    false => Err(answer.unreadable("it is about another one than was asked for")),
                };
            }
            Err(error) if error.failure == Failure::NotFound => {}
            Err(error) => return Err(error),
        }
        // The id makes a repetition harmless: it would replace the same by the same.
        let ask = Ask::write(Method::PUT, url).json(body).meaning(Call::WritesKeyed);
        self.write(ask, &what, deadline).await.map(|_| true)
    }

    /// Reads something; `what` says what, for the error.
    pub(crate) async fn read(&self, ask: Ask, what: &str, deadline: Deadline) -> Result<Answer, ActionError> {
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, what))?;
        success(answer).map_err(|error| about(error, what))
    }

    /// Writes something; `what` says what, for the error.
    pub(crate) async fn write(
        &self,
        ask: Ask,
        what: &str,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, what))?;
        self.accept(answer, what)
    }

    /// An address below the incidents.
    pub(crate) fn incidents(&self, rest: &[&str], query: &[(&str, &str)]) -> Url {
        let path = INSIGHTS.into_iter().chain(["incidents"]).chain(rest.iter().copied());
        self.below_workspace(path, VERSION, query)
    }

    /// An address below the workspace.
    pub(crate) fn below_workspace<'a>(
        &'a self,
        path: impl Iterator<Item = &'a str>,
        version: &str,
        query: &[(&str, &str)],
    ) -> Url {
        let url = self.api.url(self.workspace.iter().map(String::as_str).chain(path));
        with_query(url, &[&[("api-version", version)], query].concat())
    }

    fn accept(&self, answer: Answer, what: &str) -> Result<Answer, ActionError> {
        let Some(failure) = failure_of(&answer) else { return Ok(answer) };
        let mut error = about(refused(&answer, failure), what);
        if failure == Failure::Forbidden {
            error.message.push_str("; grant Microsoft Sentinel Responder on the workspace");
        }
        Err(error)
    }
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The id that something has which is added for this key: always the same for the same key.
pub(crate) fn id_of(key: &str) -> String {
    Uuid::new_v5(&NAMESPACE, key.as_bytes()).to_string()
}

pub(crate) fn about(mut error: ActionError, what: &str) -> ActionError {
    error.message = format!("{what}: {}", error.message);
    error
}
