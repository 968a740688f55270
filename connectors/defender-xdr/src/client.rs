//! [`Client`]: the calls to Microsoft Graph that the actions share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{ActionError, ConnectError, Failure};
use quell_kit::microsoft::{REQUEST_ID_HEADER, failure_of, refused, success, with_query};
use quell_kit::oauth::Tokens;
use quell_kit::{Answer, Api, Ask, Call, Deadline, Http, Method, RateLimit, Url};
use serde_json::{Value, json};

use crate::matter::{Kind, Matter, Members, Which};
use crate::settings::Settings;

/// How long looking at something may take.
const LOOK: Duration = Duration::from_secs(25);
/// An alert gets its incident some time after it was raised: it is looked at again after this.
const LATER: Duration = Duration::from_secs(30);
/// Incidents are merged into others, and those again.
const MOST_MERGERS: usize = 5;

/// Defender XDR of one tenant.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) tokens: Arc<Tokens>,
    api: Api,
    tenant: String,
    host: String,
}

impl Client {
    /// Reads the credential; reaches nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let http = Http::new(&settings.http)?;
        let sign_in = settings.sign_in();
        let tokens = sign_in.tokens(&http, &format!("{}/.default", settings.cloud.graph()))?;
        let base = Url::parse(&format!("{}/v1.0/security", settings.graph()))
            .map_err(|_| ConnectError("graph_url is not an URL".into()))?;
        let pace = |calls: u32, period, burst: u32| {
            let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            RateLimit::new(number(calls), Duration::from_secs(period), number(burst))
        };
        let calls = settings.calls_per_minute;
        let limits = vec![pace(calls, 60, calls / 2), pace(calls * 30, 3600, calls * 5)];
        Ok(Self {
            host: quell_kit::host_of(&base),
            api: Api::new(http, base, Arc::clone(&tokens), limits, REQUEST_ID_HEADER),
            tenant: sign_in.realm()?,
            tokens,
        })
    }

    /// The time in which something must be looked at.
    pub(crate) fn look(&self) -> Deadline {
        Deadline::after(LOOK)
    }

    /// Which tenant, and where.
    pub(crate) fn system(&self) -> String {
        format!("tenant {} at {}", self.tenant, self.host)
    }

    /// Asks for one incident, whichever it is: whether we may read at all.
    pub(crate) async fn reach(&self, deadline: Deadline) -> Result<(), ActionError> {
        let url = with_query(self.api.url([Kind::Incident.path()]), &[("$top", "1")]);
        let answer = success(self.api.ask(Ask::get(url), deadline).await?);
        answer.map(drop).map_err(|error| about(error, "reading incidents"))
    }

    /// The incident or alert that is meant, as it is now. An incident that was merged into another leads to that one.
    pub(crate) async fn find(&self, which: Which<'_>, deadline: Deadline) -> Result<Matter, ActionError> {
        match which {
            Which::Alert(id) => self.read(Kind::Alert, id, deadline).await,
            Which::Incident(id) => self.merged(id.to_owned(), deadline).await,
            Which::IncidentOf(id) => {
                let alert = self.read(Kind::Alert, id, deadline).await?;
                let incident = alert.text("incidentId").ok_or_else(|| {
                    let later = Failure::Unavailable { retry_after: Some(LATER) };
                    ActionError::new(later, format!("{} is in no incident yet", alert.display()))
                })?;
                self.merged(incident.to_owned(), deadline).await
            }
        }
    }

    /// The incident or alert with this id, as it is now.
    pub(crate) async fn read(&self, kind: Kind, id: &str, deadline: Deadline) -> Result<Matter, ActionError> {
        let what = format!("the {} {id}", kind.word());
        let ask = Ask::get(self.api.url([kind.path(), id]));
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, &what))?;
        let answer = success(answer).map_err(|error| about(unknown(error, kind), &what))?;
        match matter(kind, &answer)? {
            matter if matter.id.eq_ignore_ascii_case(id) => Ok(matter),
            _ => Err(ActionError::unavailable(format!("{what}: the answer is about another one"))),
        }
    }

    /// Changes members of an incident or alert, and gives it back as it is then.
    pub(crate) async fn change(
        &self,
        matter_before: &Matter,
        members: Value,
        right: &str,
        deadline: Deadline,
    ) -> Result<Matter, ActionError> {
        let kind = matter_before.kind;
        let url = self.api.url([kind.path(), &matter_before.id]);
        let ask = Ask::write(Method::PATCH, url).json(members);
        let what = format!("changing {}", matter_before.display());
        let answer = self.write(ask, &what, right, deadline).await?;
        match matter(kind, &answer)? {
            now if now.id == matter_before.id => Ok(now),
            _ => Err(answer.unreadable("it is about another one")),
        }
    }

    /// Adds a comment. Comments have no id: it carries the mark by which it is found again.
    pub(crate) async fn comment(
        &self,
        matter: &Matter,
        text: &str,
        right: &str,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let url = self.api.url([matter.kind.path(), &matter.id, "comments"]);
        let body = json!({ "@odata.type": "microsoft.graph.security.alertComment", "comment": text });
        let ask = Ask::write(Method::POST, url).json(body).meaning(Call::WritesKeyed);
        let what = format!("commenting {}", matter.display());
        // The answer lists all comments; that it came whole is all that matters.
        self.write(ask, &what, right, deadline).await?.json::<Value>().map(drop)
    }

    async fn merged(&self, id: String, deadline: Deadline) -> Result<Matter, ActionError> {
        let mut id = id;
        for _ in 0..MOST_MERGERS {
            let incident = self.read(Kind::Incident, &id, deadline).await?;
            match incident.text("redirectIncidentId").filter(|other| *other != incident.id) {
                None => return Ok(incident),
                Some(other) => id = other.to_owned(),
            }
        }
        Err(ActionError::rejected(format!(
            "incident {id} was merged again and again; the last one is not known"
        )))
    }

    async fn write(
        &self,
        ask: Ask,
        what: &str,
        right: &str,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, what))?;
        let Some(failure) = failure_of(&answer) else { return Ok(answer) };
        let mut error = about(refused(&answer, failure), what);
        if failure == Failure::Forbidden {
            error.message.push_str(&format!("; grant {right}"));
        }
        Err(error)
    }
}

fn matter(kind: Kind, answer: &Answer) -> Result<Matter, ActionError> {
    let Members(members) = answer.json()?;
    Matter::of(kind, members).ok_or_else(|| answer.unreadable("it has no id"))
}

/// Sentinel gives alerts ids of its own, which are not known here.
fn unknown(mut error: ActionError, kind: Kind) -> ActionError {
    if kind == Kind::Alert && error.failure == Failure::NotFound {
        error
            .message
            .push_str("; an alert that came by way of Sentinel is known here by its alert.provider_id");
    }
    error
}

fn about(mut error: ActionError, what: &str) -> ActionError {
    error.message = format!("{what}: {}", error.message);
    error
}
